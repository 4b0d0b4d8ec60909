//! What a viewer can ask to be sent.

use crate::api::{Key, Name};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;

/// Who sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Endpoint {
    /// A process in a container of a pod.
    Pod {
        /// Namespace and name.
        pod: Key,
        /// Container; empty: any.
        container: Name,
    },
    /// A process on a node.
    Node(Name),
    /// A client outside the cluster.
    Outside,
}

/// Whom it is sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// A pod, by its address.
    Pod(Key),
    /// A name to be looked up (`web`, `web.shop`, `example.com`), `localhost` or
    /// an address written out.
    Name(String),
    /// An address.
    Ip(Ipv4Addr),
    /// A node's own address; with a node port as port: that Service.
    Node(Name),
    /// The load balancer of a Service.
    LoadBalancer(Key),
}

/// What it is sent by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transport {
    /// A TCP connection with one HTTP request.
    #[default]
    Tcp,
    /// One UDP datagram.
    Udp,
    /// A ping.
    Icmp,
}

/// A packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// Who sends.
    pub from: Endpoint,
    /// Whom to.
    pub to: Destination,
    /// Port; of no meaning to ping.
    pub port: u16,
    /// By what.
    pub protocol: Transport,
    /// The path of the HTTP request.
    pub path: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Pod { pod, .. } => write!(f, "{pod}"),
            Endpoint::Node(name) => write!(f, "{name}"),
            Endpoint::Outside => f.write_str("outside"),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Pod(pod) => write!(f, "{pod}"),
            Destination::Name(name) => f.write_str(name),
            Destination::Ip(ip) => write!(f, "{ip}"),
            Destination::Node(name) => f.write_str(name),
            Destination::LoadBalancer(service) => write!(f, "load balancer of {service}"),
        }
    }
}

impl Send {
    /// `default/client → http://web:80/`.
    pub fn title(&self) -> String {
        let (from, to, port) = (&self.from, &self.to, self.port);
        match self.protocol {
            Transport::Tcp => format!("{from} → http://{to}:{port}{}", self.http_path()),
            Transport::Udp => format!("{from} → udp {to}:{port}"),
            Transport::Icmp => format!("{from} → ping {to}"),
        }
    }

    /// The path with its leading slash.
    pub fn http_path(&self) -> String {
        match self.path.starts_with('/') {
            true => self.path.clone(),
            false => format!("/{}", self.path),
        }
    }
}
