//! One node's part of the network: its root namespace and the namespaces of its
//! pods.

use super::config::Config;
use super::ipam::HostLocal;
use super::netfilter::conntrack::Conntrack;
use super::netfilter::{Recent, Ruleset};
use super::socket::{Owner, Socket};
use super::walk::{ForwardingTable, Neighbours};
use super::wire::{Mac, NodeWire, veth_name};
use crate::api::{Key, Name};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A pod's network namespace: lo and eth0, shared by its containers and held by
/// its pause container.
#[derive(Clone, Debug)]
pub struct PodNs {
    /// Namespace and name of the pod.
    pub pod: Key,
    /// Its uid.
    pub uid: Name,
    /// The address of eth0.
    pub ip: Ipv4Addr,
    /// The device at the other end of the cable, on the node's bridge.
    pub veth: Name,
    /// Who listens.
    pub sockets: Vec<Socket>,
    /// Whom it knows on its link.
    pub neighbours: Neighbours,
}

/// One node's network.
#[derive(Clone, Debug)]
pub struct NodeNet {
    /// Name and addresses.
    pub wire: NodeWire,
    /// Whether the machine runs.
    pub powered: bool,
    pub(super) ipam: Option<HostLocal>,
    pub(super) pods: BTreeMap<Name, Arc<PodNs>>,
    pub(super) by_ip: BTreeMap<Ipv4Addr, Name>,
    /// Uids by the node's end of their cable.
    pub(super) by_veth: BTreeMap<Name, Name>,
    pub(super) host_pods: BTreeMap<Name, Key>,
    pub(super) sockets: Vec<Socket>,
    pub(super) rules: Ruleset,
    pub(super) recent: Recent,
    pub(super) conntrack: Conntrack,
    pub(super) fdb: ForwardingTable,
    pub(super) neighbours: Neighbours,
}

impl NodeNet {
    pub(super) fn new(wire: &NodeWire, config: &Config) -> Self {
        NodeNet {
            wire: wire.clone(),
            powered: true,
            ipam: wire.pod_cidr.map(HostLocal::new),
            pods: BTreeMap::new(),
            by_ip: BTreeMap::new(),
            by_veth: BTreeMap::new(),
            host_pods: BTreeMap::new(),
            sockets: Vec::new(),
            rules: Ruleset::new(config.base_options()),
            recent: Recent::default(),
            conntrack: Conntrack::default(),
            fdb: ForwardingTable::new(),
            neighbours: Neighbours::new(),
        }
    }

    /// Takes the pod range in, once it is known.
    pub(super) fn rewire(&mut self, wire: &NodeWire) {
        if self.wire.pod_cidr.is_none() {
            self.ipam = wire.pod_cidr.map(HostLocal::new);
        }
        let pod_cidr = self.wire.pod_cidr.or(wire.pod_cidr);
        self.wire = NodeWire {
            pod_cidr,
            ..wire.clone()
        };
    }

    /// The bridge's address, where the node has a pod range.
    pub fn gateway(&self) -> Option<Ipv4Addr> {
        self.ipam.as_ref().map(HostLocal::gateway)
    }

    /// The hardware address of eth0.
    pub fn mac(&self) -> Mac {
        Mac::of_machine(self.wire.ip)
    }

    /// Makes a pod's namespace and plugs its cable into the bridge.
    pub(super) fn plug(&mut self, pod: &Key, uid: &Name) -> Result<Ipv4Addr, String> {
        let Some(ipam) = &mut self.ipam else {
            return Err("plugin type=\"bridge\" failed (add): no pod CIDR yet".into());
        };
        let ip = ipam.reserve()?;
        let veth = self.free_veth(uid);
        self.by_veth.insert(veth.clone(), uid.clone());
        let namespace = PodNs {
            pod: pod.clone(),
            uid: uid.clone(),
            ip,
            veth,
            sockets: Vec::new(),
            neighbours: Neighbours::new(),
        };
        self.pods.insert(uid.clone(), Arc::new(namespace));
        self.by_ip.insert(ip, uid.clone());
        Ok(ip)
    }

    /// A device name is given once; where two uids would lead to the same, the
    /// later is named after more of its uid.
    fn free_veth(&self, uid: &str) -> Name {
        let name = veth_name(uid);
        match self.by_veth.contains_key(&name) {
            false => name,
            true => veth_name(&format!("again {uid}")),
        }
    }

    /// The namespace behind a bridge port.
    pub(super) fn behind(&self, veth: &str) -> Option<&Arc<PodNs>> {
        self.pods.get(self.by_veth.get(veth)?)
    }

    /// Takes a pod's namespace away, with all that listens in it.
    pub(super) fn unplug(&mut self, uid: &str) -> Option<Arc<PodNs>> {
        let gone = self.pods.remove(uid)?;
        self.by_ip.remove(&gone.ip);
        self.by_veth.remove(&gone.veth);
        self.fdb.remove(&Mac::of_pod(gone.ip));
        if let Some(ipam) = &mut self.ipam {
            ipam.release(gone.ip);
        }
        Some(gone)
    }

    /// The sockets of the namespace that `owner`'s processes live in.
    pub(super) fn sockets_mut(&mut self, owner: &Owner) -> &mut Vec<Socket> {
        if let Owner::Pod(uid) = owner
            && let Some(pod) = self.pods.get_mut(uid)
        {
            return &mut Arc::make_mut(pod).sockets;
        }
        &mut self.sockets
    }
}
