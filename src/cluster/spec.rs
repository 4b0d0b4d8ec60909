//! What a cluster is made of.

use crate::api::{Name, Pod, core::Taint};
use crate::kubelet::NodeConfig;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The cluster to begin with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSpec {
    /// Worker nodes, besides the control plane's.
    pub nodes: u32,
    /// CPUs of each node, in thousandths.
    pub cpu_millis: u64,
    /// Memory of each node, in bytes.
    pub memory_bytes: u64,
    /// Zones that the nodes are spread over; with 0 they carry no zone label.
    pub zones: u32,
    /// The seed of all chance.
    pub seed: u64,
}

/// The most worker nodes: one /24 each out of [`ClusterSpec::cluster_cidr`],
/// and one address each out of 172.18.0.0/16.
pub const NODES_MAX: u32 = 10_000;

impl Default for ClusterSpec {
    fn default() -> Self {
        ClusterSpec {
            nodes: 3,
            cpu_millis: 4000,
            memory_bytes: 8 << 30,
            zones: 0,
            seed: 1,
        }
    }
}

/// The control plane's node.
pub const CONTROL_PLANE: &str = "control-plane";

/// Pods a node can hold (`--max-pods`).
const PODS_MAX: u32 = 110;

impl ClusterSpec {
    /// Where the nodes' pod ranges come from: kubeadm's usual /16, or a wider
    /// range where 256 nodes are not enough.
    pub fn cluster_cidr(&self) -> Ipv4Net {
        match self.nodes {
            0..256 => Ipv4Net::new_assert(Ipv4Addr::new(10, 244, 0, 0), 16),
            _ => Ipv4Net::new_assert(Ipv4Addr::new(10, 128, 0, 0), 9),
        }
    }

    /// Every node, the control plane's first.
    pub(super) fn node_configs(&self, static_pods: Vec<Pod>) -> Vec<NodeConfig> {
        let mut configs = vec![NodeConfig {
            labels: BTreeMap::from([
                (
                    "node-role.kubernetes.io/control-plane".to_owned(),
                    String::new(),
                ),
                (
                    "node.kubernetes.io/exclude-from-external-load-balancers".to_owned(),
                    String::new(),
                ),
            ]),
            taints: vec![Taint {
                key: "node-role.kubernetes.io/control-plane".to_owned(),
                effect: "NoSchedule".to_owned(),
                ..Taint::default()
            }],
            static_pods,
            ..self.node_config(CONTROL_PLANE.into(), 0)
        }];
        let workers = self.nodes.min(NODES_MAX);
        configs.extend(
            (1..=workers).map(|number| self.node_config(format!("node-{number}").into(), number)),
        );
        configs
    }

    fn node_config(&self, name: Name, number: u32) -> NodeConfig {
        let host = number + 2;
        let zone = (self.zones > 0)
            .then(|| format!("zone-{}", zone_letters((number.max(1) - 1) % self.zones)));
        NodeConfig {
            name,
            ip: Ipv4Addr::new(172, 18, (host >> 8) as u8, host as u8),
            cpu_millis: self.cpu_millis,
            memory_bytes: self.memory_bytes,
            pods_max: PODS_MAX,
            labels: BTreeMap::new(),
            taints: Vec::new(),
            zone,
            static_pods: Vec::new(),
        }
    }
}

/// a, b, … z, aa, ab…
fn zone_letters(mut number: u32) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push((b'a' + (number % 26) as u8) as char);
        if number < 26 {
            return letters.into_iter().rev().collect();
        }
        number = number / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_names_addresses_and_zones_of_their_own() {
        let spec = ClusterSpec {
            nodes: 300,
            zones: 2,
            ..ClusterSpec::default()
        };
        let configs = spec.node_configs(Vec::new());
        assert_eq!(configs.len(), 301);
        assert_eq!(&*configs[0].name, CONTROL_PLANE);
        assert_eq!(configs[300].ip.to_string(), "172.18.1.46");
        assert_eq!(configs[1].zone.as_deref(), Some("zone-a"));
        assert_eq!(configs[2].zone.as_deref(), Some("zone-b"));
    }

    #[test]
    fn zones_are_lettered_like_columns() {
        assert_eq!(zone_letters(25), "z");
        assert_eq!(zone_letters(26), "aa");
    }
}
