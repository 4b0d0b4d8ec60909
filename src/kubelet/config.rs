//! What a node is made of.

use crate::api::core::Taint;
use crate::api::{Name, Pod};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A node as its kubelet is configured.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Name, also the hostname.
    pub name: Name,
    /// Address on the wire between the nodes.
    pub ip: Ipv4Addr,
    /// CPU capacity in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory capacity in bytes.
    pub memory_bytes: u64,
    /// Most pods at once (`--max-pods`).
    pub pods_max: u32,
    /// Labels beside those that every kubelet sets.
    pub labels: BTreeMap<String, String>,
    /// `--register-with-taints`.
    pub taints: Vec<Taint>,
    /// `topology.kubernetes.io/zone`, where the node has one.
    pub zone: Option<String>,
    /// Manifests in the static pod folder (`/etc/kubernetes/manifests`).
    pub static_pods: Vec<Pod>,
}

impl Default for NodeConfig {
    /// 4 CPU, 8 GiB, 110 pods.
    fn default() -> Self {
        NodeConfig {
            name: "node-1".into(),
            ip: Ipv4Addr::new(172, 18, 0, 3),
            cpu_millis: 4_000,
            memory_bytes: 8 << 30,
            pods_max: 110,
            labels: BTreeMap::new(),
            taints: Vec::new(),
            zone: None,
            static_pods: Vec::new(),
        }
    }
}
