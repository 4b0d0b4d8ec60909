//! The world of cables, as far as the kubelet needs it.

use crate::api::{Key, Name};
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// One answer of an HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpPath {
    /// The path and everything below it.
    pub path: Name,
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: Name,
}

/// What a listening process does with what it receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serves {
    /// HTTP.
    Http {
        /// The `Server` header, or empty.
        server: Name,
        /// What it knows.
        paths: Vec<HttpPath>,
    },
    /// DNS.
    Dns,
    /// Sends back what it received.
    Echo,
    /// Takes connections and says this.
    Greeting(Name),
}

/// A socket that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The container whose process listens.
    pub container: Name,
    /// Protocol.
    pub protocol: Protocol,
    /// Port.
    pub port: u16,
    /// One address, or none for all.
    pub ip: Option<Ipv4Addr>,
    /// What it does.
    pub serves: Serves,
}

/// In whose namespace a socket is opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A pod by uid.
    Pod(Name),
    /// A program of the node itself.
    Node(Name),
}

/// A node as it is wired.
#[derive(Clone, Debug)]
pub struct NodeWire {
    /// Name.
    pub name: Name,
    /// Address of its eth0.
    pub ip: Ipv4Addr,
    /// The range of its pods.
    pub pod_cidr: Option<Ipv4Net>,
}

/// The network.
#[derive(Clone, Debug, Default)]
pub struct Network {
    nodes: BTreeMap<Name, (NodeWire, u32)>,
    sockets: Vec<(Owner, Listener)>,
}

impl Network {
    /// A world without nodes.
    pub fn new() -> Self {
        Network::default()
    }

    /// Connects a node.
    pub fn add_node(&mut self, wire: &NodeWire) {
        self.nodes.insert(wire.name.clone(), (wire.clone(), 1));
    }

    /// CNI ADD.
    pub fn attach(
        &mut self,
        node: &str,
        _pod: &Key,
        _uid: impl Into<Name>,
    ) -> Result<Ipv4Addr, String> {
        let (wire, last) = self.nodes.get_mut(node).ok_or("no such node")?;
        let range = wire.pod_cidr.ok_or("no pod range")?;
        *last += 1;
        Ok(Ipv4Addr::from(u32::from(range.network()) + *last))
    }

    /// A pod in its node's namespace.
    pub fn attach_host(
        &mut self,
        node: &str,
        _pod: &Key,
        _uid: impl Into<Name>,
    ) -> Result<Ipv4Addr, String> {
        let (wire, _) = self.nodes.get(node).ok_or("no such node")?;
        Ok(wire.ip)
    }

    /// CNI DEL.
    pub fn detach(&mut self, uid: &str) {
        self.sockets
            .retain(|(owner, _)| *owner != Owner::Pod(uid.into()));
    }

    /// Opens a socket.
    pub fn listen(&mut self, owner: &Owner, listener: Listener) -> Result<(), String> {
        self.sockets.push((owner.clone(), listener));
        Ok(())
    }

    /// Closes the sockets of a container.
    pub fn unlisten(&mut self, id: &str, container: &str) {
        let owner = Owner::Pod(id.into());
        self.sockets
            .retain(|(other, listener)| *other != owner || &*listener.container != container);
    }
}
