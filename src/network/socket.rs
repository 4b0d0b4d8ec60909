//! Listening sockets: what a process in a namespace takes packets for, and what
//! it answers.

use crate::api::Name;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;

/// A transport protocol, as Services name it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP: rules are written for it, packets are not simulated.
    Sctp,
}

impl Protocol {
    /// The protocol that an object names; TCP where it names none.
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            Some("UDP") => Protocol::Udp,
            Some("SCTP") => Protocol::Sctp,
            _ => Protocol::Tcp,
        }
    }

    /// `tcp`, `udp`, `sctp`.
    pub fn lower(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
        })
    }
}

/// One answer of an HTTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpPath {
    /// The path and everything below it (`/`, `/healthz`).
    pub path: Name,
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: Name,
}

/// What a listening process does with what it receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Serves {
    /// HTTP. The longest matching path answers; 404 where none does.
    Http {
        /// The `Server` header, or empty.
        server: Name,
        /// What it knows.
        paths: Vec<HttpPath>,
    },
    /// DNS: a CoreDNS that is up.
    Dns,
    /// Sends back what it received.
    Echo,
    /// Takes connections and says this (empty: nothing).
    Greeting(Name),
}

impl Serves {
    /// An HTTP server that answers every path with 200 and `body`.
    pub fn http(server: impl Into<Name>, body: impl Into<Name>) -> Self {
        Serves::Http {
            server: server.into(),
            paths: vec![HttpPath {
                path: "/".into(),
                status: 200,
                body: body.into(),
            }],
        }
    }

    /// Status and body for a path, where this speaks HTTP.
    pub fn http_answer(&self, path: &str) -> Option<(u16, Name)> {
        let Serves::Http { paths, .. } = self else {
            return None;
        };
        let below = |known: &HttpPath| match path.strip_prefix(&*known.path) {
            Some(rest) => {
                known.path.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?'])
            }
            None => false,
        };
        let best = paths
            .iter()
            .filter(|known| below(known))
            .max_by_key(|known| known.path.len());
        Some(best.map_or((404, "404 page not found".into()), |known| {
            (known.status, known.body.clone())
        }))
    }
}

/// A socket that listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The container whose process listens (a program's name on a node itself).
    pub container: Name,
    /// Protocol.
    pub protocol: Protocol,
    /// Port.
    pub port: u16,
    /// One address, or none for all (0.0.0.0).
    pub ip: Option<Ipv4Addr>,
    /// What it does.
    pub serves: Serves,
}

/// In whose namespace a socket is opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A pod by uid: its own namespace, or its node's for host network.
    Pod(Name),
    /// A program of the node itself (kubelet, sshd).
    Node(Name),
}

impl Owner {
    /// The uid or node name.
    pub fn id(&self) -> &Name {
        match self {
            Owner::Pod(id) | Owner::Node(id) => id,
        }
    }
}

/// A listener and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Uid of the pod, or name of the node.
    pub owner: Owner,
    /// What was asked for.
    pub listener: Listener,
}

impl Socket {
    /// Whether it takes packets for this address and port.
    pub fn takes(&self, protocol: Protocol, ip: Ipv4Addr, port: u16) -> bool {
        self.listener.protocol == protocol
            && self.listener.port == port
            && self.listener.ip.is_none_or(|own| own == ip)
    }

    /// Whether both want the same address and port.
    pub fn clashes(&self, other: &Listener) -> bool {
        let (own, other_ip) = (self.listener.ip, other.ip);
        self.listener.protocol == other.protocol
            && self.listener.port == other.port
            && (own.is_none() || other_ip.is_none() || own == other_ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_answers() {
        let path = |path: &str, status| HttpPath {
            path: path.into(),
            status,
            body: "".into(),
        };
        let site = Serves::Http {
            server: "nginx".into(),
            paths: vec![path("/", 200), path("/healthz", 500)],
        };
        let status = |at| site.http_answer(at).map(|(status, _)| status);
        assert_eq!(status("/"), Some(200));
        assert_eq!(status("/healthz"), Some(500));
        assert_eq!(status("/healthz?deep"), Some(500));
        assert_eq!(status("/healthzz"), Some(200));
        assert_eq!(Serves::Echo.http_answer("/"), None);
    }
}
