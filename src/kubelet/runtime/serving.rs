//! What a listening socket answers.

use crate::api::Name;
use crate::sim::Instant;
use serde::{Deserialize, Serialize};

/// Transport protocol of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A listening socket of a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Socket {
    /// Protocol.
    pub protocol: Protocol,
    /// Port.
    pub port: u16,
    /// Whether only the pod itself reaches it (bound to 127.0.0.1).
    pub loopback: bool,
    /// What it answers.
    pub serves: Serves,
    /// When the program got so far as to listen.
    pub opens_at: Instant,
}

/// What a socket does with who connects.
#[derive(Clone, Debug, PartialEq)]
pub enum Serves {
    /// HTTP/1.1.
    Http(Site),
    /// HTTPS.
    Https(Site),
    /// gRPC with the health service.
    Grpc,
    /// Some other protocol over TCP or UDP.
    Plain,
    /// Takes connections, and says nothing.
    Silent,
    /// Names of the cluster.
    Dns,
}

/// A web site as far as anyone here looks at it.
#[derive(Clone, Debug, PartialEq)]
pub enum Site {
    /// One page at `/`, 404 elsewhere.
    Index(Name),
    /// The same text everywhere.
    Text(Name),
    /// The pod's name everywhere (`serve-hostname`).
    Hostname,
    /// `hello-app`: greeting, version, pod name.
    Hello(Name),
    /// `agnhost netexec`.
    Netexec,
    /// `agnhost liveness`: `/healthz` fails from the tenth second on.
    Liveness,
    /// These paths say `ok`, 404 elsewhere.
    Health(&'static [&'static str]),
    /// Everything answers with this status.
    Status(u16),
}

/// How long `agnhost liveness` is healthy, in seconds.
const LIVENESS_HEALTHY_SECONDS: u64 = 10;

impl Site {
    /// Status and body of a GET. `age_seconds` is how long the program runs,
    /// `hostname` the pod's name.
    pub fn answer(&self, target: &str, age_seconds: u64, hostname: &str) -> (u16, String) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = if path.is_empty() { "/" } else { path };
        let not_found = (404, "404 page not found\n".to_owned());
        match self {
            Site::Index(page) if path == "/" || path == "/index.html" => (200, page.to_string()),
            Site::Index(_) => (404, "<h1>404 Not Found</h1>\n".to_owned()),
            Site::Text(text) => (200, format!("{text}\n")),
            Site::Hostname => (200, hostname.to_owned()),
            Site::Hello(version) => (
                200,
                format!("Hello, world!\nVersion: {version}\nHostname: {hostname}\n"),
            ),
            Site::Netexec => netexec(path, query, hostname).unwrap_or(not_found),
            Site::Liveness if path == "/healthz" && age_seconds < LIVENESS_HEALTHY_SECONDS => {
                (200, "ok".to_owned())
            }
            Site::Liveness if path == "/healthz" => (500, format!("error: {age_seconds}")),
            Site::Liveness => not_found,
            Site::Health(paths) if paths.contains(&path) => (200, "ok".to_owned()),
            Site::Health(_) => not_found,
            Site::Status(code) => (*code, String::new()),
        }
    }
}

fn netexec(path: &str, query: &str, hostname: &str) -> Option<(u16, String)> {
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    Some(match path {
        "/" => (200, "NOW: now".to_owned()),
        "/hostname" | "/hostName" => (200, hostname.to_owned()),
        "/healthz" => (200, String::new()),
        "/echo" => {
            let code = parameter("code").and_then(|code| code.parse().ok());
            (
                code.unwrap_or(200),
                parameter("msg").unwrap_or_default().to_owned(),
            )
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_answer_as_their_programs_do() {
        let table = [
            (Site::Index("hello".into()), "/", 0, 200, "hello"),
            (
                Site::Index("hello".into()),
                "/healthz",
                0,
                404,
                "<h1>404 Not Found</h1>\n",
            ),
            (Site::Text("hi".into()), "/any", 0, 200, "hi\n"),
            (Site::Liveness, "/healthz", 9, 200, "ok"),
            (Site::Liveness, "/healthz", 10, 500, "error: 10"),
            (Site::Netexec, "/hostname", 0, 200, "pod-1"),
            (Site::Netexec, "/echo?msg=x&code=503", 0, 503, "x"),
            (Site::Health(&["/ready"]), "/ready", 0, 200, "ok"),
        ];
        for (site, path, age, code, body) in table {
            assert_eq!(site.answer(path, age, "pod-1"), (code, body.to_owned()));
        }
    }
}
