//! One connection into a pod: what a client writes reaches the pod's listener as
//! packets of the virtual network, and the listener's answer comes back.

use super::engine::{Gone, Handle};
use crate::api::{Key, Name};
use crate::network::{Destination, Endpoint, Reached, Send, Serves, Transport};
use std::net::Ipv4Addr;

/// The longest request that is read; longer ones close the connection.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection to a port of a pod, from inside its namespace.
pub(super) struct Tunnel {
    engine: Handle,
    pod: Key,
    port: u16,
    serves: Serves,
    unread: Vec<u8>,
}

/// What comes back.
#[derive(Default)]
pub(super) struct Reply {
    pub bytes: Vec<u8>,
    /// The listener closes the connection.
    pub closes: bool,
}

impl Tunnel {
    /// Connects. The inner error is what the kubelet writes on the error stream.
    pub(super) async fn open(
        engine: &Handle,
        pod: &Key,
        port: u16,
    ) -> Result<Result<(Tunnel, Reply), String>, Gone> {
        let at = pod.clone();
        let serves = engine
            .ask(move |engine| engine.cluster.network().listener(&at, port).cloned())
            .await?;
        let Some(serves) = serves else {
            return Ok(Err(format!(
                "error forwarding port {port} to pod {}, uid : failed to execute portforward in network namespace: failed to connect to localhost:{port} inside namespace, IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found ",
                pod.name
            )));
        };
        let greeting = match &serves {
            Serves::Greeting(text) => text.as_bytes().to_vec(),
            _ => Vec::new(),
        };
        let tunnel = Tunnel {
            engine: engine.clone(),
            pod: pod.clone(),
            port,
            serves,
            unread: Vec::new(),
        };
        let reply = Reply {
            bytes: greeting,
            closes: false,
        };
        Ok(Ok((tunnel, reply)))
    }

    /// Writes into the connection.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<Reply, Gone> {
        match self.serves {
            Serves::Echo => Ok(Reply {
                bytes: bytes.to_vec(),
                closes: false,
            }),
            Serves::Http { .. } => self.http(bytes).await,
            Serves::Greeting(_) | Serves::Dns => Ok(Reply::default()),
        }
    }

    async fn http(&mut self, bytes: &[u8]) -> Result<Reply, Gone> {
        self.unread.extend_from_slice(bytes);
        let mut reply = Reply::default();
        while !reply.closes {
            let (request, length) = match Request::read(&self.unread) {
                Read::Whole(request, length) => (request, length),
                Read::Part if self.unread.len() < REQUEST_BYTES_MAX => break,
                Read::Part | Read::Nonsense => {
                    let text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    reply.bytes.extend_from_slice(text.as_bytes());
                    reply.closes = true;
                    break;
                }
            };
            self.unread.drain(..length);
            let answer = self.fetch(&request).await?;
            reply.closes = !request.keeps_alive || answer.is_none();
            reply.bytes.extend(answer.unwrap_or_default());
        }
        Ok(reply)
    }

    async fn fetch(&self, request: &Request) -> Result<Option<Vec<u8>>, Gone> {
        let send = Send {
            from: Endpoint::Pod {
                pod: self.pod.clone(),
                container: Name::from(""),
            },
            to: Destination::Ip(Ipv4Addr::LOCALHOST),
            port: self.port,
            protocol: Transport::Tcp,
            path: request.path.clone(),
        };
        let (_, heard) = self.engine.ask(|engine| engine.cluster.fetch(send)).await?;
        let Some(Reached::Http(status, body)) = heard else {
            return Ok(None);
        };
        let connection = match request.keeps_alive {
            true => "keep-alive",
            false => "close",
        };
        let mut text = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n",
            reason(status),
            content_type(&body),
            body.len(),
        );
        if !request.is_head {
            text.push_str(&body);
        }
        Ok(Some(text.into_bytes()))
    }
}

/// The words of a status.
pub(super) fn reason(status: u16) -> &'static str {
    let status = hyper::StatusCode::from_u16(status).ok();
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unknown")
}

/// What a page looks like.
pub(super) fn content_type(body: &str) -> &'static str {
    match body.trim_start().chars().next() {
        Some('<') => "text/html",
        Some('{') => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}

/// An HTTP request, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    path: String,
    is_head: bool,
    keeps_alive: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// The request, and its length with its body.
    Whole(Request, usize),
    Part,
    Nonsense,
}

impl Request {
    fn read(bytes: &[u8]) -> Read {
        const END: &[u8] = b"\r\n\r\n";
        let Some(end) = bytes.windows(END.len()).position(|window| window == END) else {
            return Read::Part;
        };
        let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
        let mut lines = head.lines();
        let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [method, target, version] = first.as_slice() else {
            return Read::Nonsense;
        };
        let (mut length, mut chunked, mut keeps_alive) = (0usize, false, *version == "HTTP/1.1");
        for line in lines {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.trim().to_ascii_lowercase();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => match value.parse() {
                    Ok(bytes) if bytes <= REQUEST_BYTES_MAX => length = bytes,
                    _ => return Read::Nonsense,
                },
                "transfer-encoding" => chunked = value.contains("chunked"),
                "connection" => {
                    keeps_alive = value != "close" && (keeps_alive || value == "keep-alive")
                }
                _ => {}
            }
        }
        let begin = end + END.len();
        let rest = bytes.get(begin..).unwrap_or_default();
        if chunked {
            const LAST: &[u8] = b"0\r\n\r\n";
            match rest.windows(LAST.len()).position(|window| window == LAST) {
                Some(at) => length = at + LAST.len(),
                None => return Read::Part,
            }
        }
        if rest.len() < length {
            return Read::Part;
        }
        let path = match target.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => target,
        };
        let request = Request {
            path: path.to_owned(),
            is_head: *method == "HEAD",
            keeps_alive,
        };
        Read::Whole(request, begin + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_whole() {
        let get = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\nGET ";
        let Read::Whole(request, length) = Request::read(get) else {
            panic!("it is whole");
        };
        assert_eq!(
            (request.path.as_str(), request.keeps_alive, length),
            ("/a?b=c", true, 32)
        );
        let post = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nab";
        assert_eq!(Request::read(post), Read::Part);
        assert_eq!(Request::read(b"\r\n\r\n"), Read::Nonsense);
        assert_eq!(
            Request::read(b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"),
            Read::Nonsense
        );
    }
}
