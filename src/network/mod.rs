//! The world of cables: devices, addresses, routes, netfilter and conntrack of
//! every node, the outside, and the packets that travel through them.
//!
//! **Invariant:** the network knows pods only by key, uid and address. What it
//! does with a packet follows from its own tables, never from API objects; those
//! tables are written by the kubelet (through [`Network::attach`]) and by
//! [`proxy::KubeProxy`].

mod config;
pub mod dns;
mod inspect;
pub mod ipam;
mod journey;
pub mod netfilter;
mod node;
pub mod packet;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod property;
pub mod proxy;
mod socket;
pub mod walk;
mod wire;

pub use config::Config;
pub use inspect::Device;
pub use journey::{Destination, Endpoint, Reached, Send, Transport, Unresolved};
pub use node::{NodeNet, PodNs};
pub use socket::{HttpPath, Listener, Owner, Protocol, Serves, Socket};
pub use wire::{Mac, NodeWire, veth_name};

use crate::api::{Key, Name};
use dns::CoreDns;
use netfilter::Ruleset;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The network of the whole cluster and of the world around it.
#[derive(Clone, Debug, Default)]
pub struct Network {
    nodes: BTreeMap<Name, Arc<NodeNet>>,
    /// Which node a pod (by uid) is on.
    homes: BTreeMap<Name, Name>,
    /// Uids by namespace and name of the pod; the latest where two overlap.
    uids: BTreeMap<Key, Name>,
    by_node_ip: BTreeMap<Ipv4Addr, Name>,
    /// Nodes by the first address of their pod range.
    by_pod_cidr: BTreeMap<Ipv4Addr, Name>,
    router_neighbours: walk::Neighbours,
    dns: Arc<CoreDns>,
    shared_rules: proxy::SharedRules,
    config: Config,
}

impl Network {
    /// A world without nodes.
    pub fn new() -> Self {
        Network::default()
    }

    /// A world with other addresses than the usual.
    pub fn with_config(config: Config) -> Self {
        Network {
            config,
            ..Network::default()
        }
    }

    /// The addresses of this world.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the replicas of CoreDNS know: who reaches one of them is answered from
    /// it.
    pub fn dns(&self) -> &Arc<CoreDns> {
        &self.dns
    }

    /// The same, to change: its watches brought something.
    pub fn dns_mut(&mut self) -> &mut CoreDns {
        Arc::make_mut(&mut self.dns)
    }

    /// Connects a node, or takes in what is new about it (its pod range, once
    /// the node IPAM controller gave one).
    pub fn add_node(&mut self, wire: &NodeWire) {
        self.by_node_ip.insert(wire.ip, wire.name.clone());
        if let Some(range) = wire.pod_cidr {
            self.by_pod_cidr.insert(range.network(), wire.name.clone());
        }
        match self.nodes.get_mut(&wire.name) {
            Some(node) => Arc::make_mut(node).rewire(wire),
            None => {
                let node = Arc::new(NodeNet::new(wire, &self.config));
                self.nodes.insert(wire.name.clone(), node);
            }
        }
    }

    /// What CNI ADD does: a namespace with eth0, a veth pair to the bridge, an
    /// address, routes. Asking again for the same pod answers the same address.
    /// The error is the plugin's own message.
    pub fn attach(
        &mut self,
        node: &str,
        pod: &Key,
        uid: impl Into<Name>,
    ) -> Result<Ipv4Addr, String> {
        let uid = uid.into();
        if let Some(namespace) = self.namespace(&uid) {
            return Ok(namespace.ip);
        }
        let home = self.powered_mut(node)?;
        let ip = home.plug(pod, &uid)?;
        let name = home.wire.name.clone();
        self.remember(pod, uid, name);
        Ok(ip)
    }

    /// A pod with `hostNetwork: true` comes: it shares its node's namespace and
    /// address.
    pub fn attach_host(
        &mut self,
        node: &str,
        pod: &Key,
        uid: impl Into<Name>,
    ) -> Result<Ipv4Addr, String> {
        let uid = uid.into();
        let home = self.powered_mut(node)?;
        home.host_pods.insert(uid.clone(), pod.clone());
        let (name, ip) = (home.wire.name.clone(), home.wire.ip);
        self.remember(pod, uid, name);
        Ok(ip)
    }

    /// What CNI DEL does: the pod's namespace, cable, sockets and address go.
    /// Nothing happens where the pod is not attached.
    pub fn detach(&mut self, uid: &str) {
        let Some(home) = self.homes.remove(uid) else {
            return;
        };
        let Some(node) = self.nodes.get_mut(&home).map(Arc::make_mut) else {
            return;
        };
        let namespace = node.unplug(uid).map(|namespace| namespace.pod.clone());
        let pod = namespace.or_else(|| node.host_pods.remove(uid));
        node.sockets.retain(|socket| &**socket.owner.id() != uid);
        if let Some(pod) = pod
            && self.uids.get(&pod).is_some_and(|known| &**known == uid)
        {
            self.uids.remove(&pod);
        }
    }

    /// The node loses power: it answers nobody, and with its memory its pods'
    /// namespaces and its tables are gone.
    pub fn node_down(&mut self, name: &str) {
        let Some(node) = self.nodes.get_mut(name).map(Arc::make_mut) else {
            return;
        };
        node.powered = false;
        let pods: Vec<Name> = node
            .pods
            .keys()
            .chain(node.host_pods.keys())
            .cloned()
            .collect();
        pods.iter().for_each(|uid| self.detach(uid));
        if let Some(node) = self.nodes.get_mut(name).map(Arc::make_mut) {
            *node = NodeNet {
                powered: false,
                ..NodeNet::new(&node.wire.clone(), &self.config)
            };
        }
    }

    /// The node has power again; nothing runs on it yet.
    pub fn node_up(&mut self, name: &str) {
        if let Some(node) = self.nodes.get_mut(name) {
            Arc::make_mut(node).powered = true;
        }
    }

    /// A process opens a listening socket. Fails as `bind` does where the port
    /// is taken or the namespace is gone.
    pub fn listen(&mut self, owner: &Owner, listener: Listener) -> Result<(), String> {
        let home = match owner {
            Owner::Pod(uid) => self.homes.get(uid).cloned(),
            Owner::Node(name) => Some(name.clone()),
        };
        let node = home.and_then(|home| self.nodes.get_mut(&home));
        let Some(node) = node.map(Arc::make_mut) else {
            return Err("no such network namespace".into());
        };
        let sockets = node.sockets_mut(owner);
        if sockets.iter().any(|socket| socket.clashes(&listener)) {
            let ip = listener.ip.unwrap_or(Ipv4Addr::UNSPECIFIED);
            let port = listener.port;
            return Err(format!(
                "listen {} {ip}:{port}: bind: address already in use",
                listener.protocol.lower()
            ));
        }
        sockets.push(Socket {
            owner: owner.clone(),
            listener,
        });
        Ok(())
    }

    /// A container's process ended: its sockets close. `id` is the pod's uid, or
    /// the node's name for its own programs.
    pub fn unlisten(&mut self, id: &str, container: &str) {
        let owner = match self.homes.get(id) {
            Some(_) => Owner::Pod(id.into()),
            None => Owner::Node(id.into()),
        };
        let home = self.homes.get(id).cloned().unwrap_or_else(|| id.into());
        let Some(node) = self.nodes.get_mut(&home).map(Arc::make_mut) else {
            return;
        };
        node.sockets_mut(&owner)
            .retain(|socket| socket.owner != owner || &*socket.listener.container != container);
    }

    /// One node's network.
    pub fn node(&self, name: &str) -> Option<&NodeNet> {
        self.nodes.get(name).map(|node| &**node)
    }

    /// Every node's network, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeNet> {
        self.nodes.values().map(|node| &**node)
    }

    /// What listens on a TCP port of a pod.
    pub fn listener(&self, pod: &Key, port: u16) -> Option<&Serves> {
        let uid = self.uids.get(pod)?;
        let node = self.nodes.get(self.homes.get(uid)?)?;
        let mut sockets = match node.pods.get(uid) {
            Some(namespace) => namespace.sockets.iter(),
            None => node.sockets.iter(),
        };
        let found = sockets.find(|socket| {
            let listener = &socket.listener;
            socket.owner.id() == uid && listener.port == port && listener.protocol == Protocol::Tcp
        });
        found.map(|socket| &socket.listener.serves)
    }

    /// The namespace of a pod by uid; none for host network.
    pub fn namespace(&self, uid: &str) -> Option<&PodNs> {
        let node = self.nodes.get(self.homes.get(uid)?)?;
        node.pods.get(uid).map(|namespace| &**namespace)
    }

    /// The rules of one node.
    pub fn ruleset(&self, name: &str) -> Option<&Ruleset> {
        self.nodes.get(name).map(|node| &node.rules)
    }

    fn ruleset_mut(&mut self, name: &str) -> Option<&mut Ruleset> {
        self.node_mut(name).map(|node| &mut node.rules)
    }

    fn node_mut(&mut self, name: &str) -> Option<&mut NodeNet> {
        self.nodes.get_mut(name).map(Arc::make_mut)
    }

    fn powered_mut(&mut self, name: &str) -> Result<&mut NodeNet, String> {
        match self.nodes.get_mut(name) {
            Some(node) if node.powered => Ok(Arc::make_mut(node)),
            _ => Err(format!("node {name:?} is not connected to the network")),
        }
    }

    fn remember(&mut self, pod: &Key, uid: Name, node: Name) {
        self.uids.insert(pod.clone(), uid.clone());
        self.homes.insert(uid, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> Network {
        let mut network = Network::new();
        for (number, name) in ["node-1", "node-2"].into_iter().enumerate() {
            let pod_cidr = format!("10.244.{}.0/24", number + 1).parse().ok();
            network.add_node(&NodeWire {
                name: name.into(),
                ip: Ipv4Addr::new(172, 18, 0, 3 + number as u8),
                pod_cidr,
            });
        }
        network
    }

    fn web(port: u16) -> Listener {
        Listener {
            container: "web".into(),
            protocol: Protocol::Tcp,
            port,
            ip: None,
            serves: Serves::http("nginx", "hello"),
        }
    }

    #[test]
    fn a_pod_gets_an_address_once_and_gives_it_back() {
        let mut network = world();
        let pod = Key::new("default", "a");
        let ip = network.attach("node-1", &pod, "u1");
        assert_eq!(ip, Ok(Ipv4Addr::new(10, 244, 1, 2)));
        assert_eq!(network.attach("node-1", &pod, "u1"), ip);
        network.detach("u1");
        assert!(network.namespace("u1").is_none());
        let used = network.node("node-1").and_then(|node| node.ipam.as_ref());
        assert_eq!(used.map(ipam::HostLocal::used), Some(0));
        assert!(network.attach("node-9", &pod, "u2").is_err());
    }

    #[test]
    fn a_port_is_taken_once_in_a_namespace() {
        let mut network = world();
        let pod = Key::new("default", "a");
        let owner = Owner::Pod("u1".into());
        assert!(network.listen(&owner, web(80)).is_err());
        assert!(network.attach("node-1", &pod, "u1").is_ok());
        assert_eq!(network.listen(&owner, web(80)), Ok(()));
        let taken = "listen tcp 0.0.0.0:80: bind: address already in use";
        assert_eq!(network.listen(&owner, web(80)), Err(taken.into()));
        network.unlisten("u1", "web");
        assert_eq!(network.listen(&owner, web(80)), Ok(()));
    }

    #[test]
    fn host_network_pods_share_their_nodes_ports() {
        let mut network = world();
        let ip = network.attach_host("node-1", &Key::new("kube-system", "a"), "u1");
        assert_eq!(ip, Ok(Ipv4Addr::new(172, 18, 0, 3)));
        assert!(
            network
                .attach_host("node-1", &Key::new("kube-system", "b"), "u2")
                .is_ok()
        );
        assert!(network.listen(&Owner::Pod("u1".into()), web(80)).is_ok());
        assert!(network.listen(&Owner::Pod("u2".into()), web(80)).is_err());
        network.detach("u1");
        assert!(network.listen(&Owner::Pod("u2".into()), web(80)).is_ok());
    }

    #[test]
    fn a_node_without_power_forgets_its_pods() {
        let mut network = world();
        let pod = Key::new("default", "a");
        assert!(network.attach("node-1", &pod, "u1").is_ok());
        network.node_down("node-1");
        assert!(network.namespace("u1").is_none());
        assert!(network.attach("node-1", &pod, "u2").is_err());
        network.node_up("node-1");
        assert!(network.attach("node-1", &pod, "u2").is_ok());
    }
}
