//! What must hold at every instant, whatever users do and whatever breaks.
//! Checked by tests after every event; apart from the simulation itself.

use super::Cluster;
use crate::api::core::PodSpec;
use crate::api::{Kind, Node, Object, Pod, Resource, quantity};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every invariant that is broken right now, in words.
pub fn broken(cluster: &Cluster) -> Vec<String> {
    let pods: Vec<Arc<Pod>> = typed(cluster, Kind::Pod);
    let nodes: Vec<Arc<Node>> = typed(cluster, Kind::Node);
    let mut broken = shared_addresses(&pods);
    broken.extend(overcommitted_nodes(&pods, &nodes));
    broken.extend(nameless_bindings(&pods));
    broken
}

fn typed<K: Resource>(cluster: &Cluster, kind: Kind) -> Vec<Arc<K>> {
    let entries = cluster.api().etcd().range(kind, None);
    entries
        .filter_map(|(_, entry)| K::unwrap(&entry.object).cloned())
        .collect()
}

fn spec(pod: &Pod) -> PodSpec {
    pod.spec.clone().unwrap_or_default()
}

fn is_over(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// No two pods share an address, but for those of the host's network.
fn shared_addresses(pods: &[Arc<Pod>]) -> Vec<String> {
    let mut holders: BTreeMap<String, &Pod> = BTreeMap::new();
    let mut broken = Vec::new();
    for pod in pods
        .iter()
        .filter(|pod| spec(pod).host_network != Some(true) && !is_over(pod))
    {
        let Some(ip) = pod.status.as_ref().and_then(|status| status.pod_ip.clone()) else {
            continue;
        };
        if let Some(other) = holders.insert(ip.clone(), pod) {
            // A pod on a dead node keeps an address that its node may have given
            // away again after it came back.
            let dying = |pod: &Pod| pod.metadata.deletion_timestamp.is_some();
            if !dying(other) && !dying(pod) {
                broken.push(format!("{} and {} share {ip}", other.key(), pod.key()));
            }
        }
    }
    broken
}

/// The requests of a node's pods never exceed what it can give.
fn overcommitted_nodes(pods: &[Arc<Pod>], nodes: &[Arc<Node>]) -> Vec<String> {
    let mut sums: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !is_over(pod)) {
        let spec = spec(pod);
        let Some(node) = spec.node_name.clone() else {
            continue;
        };
        let sum = sums.entry(node).or_default();
        for container in &spec.containers {
            let requests = container
                .resources
                .as_ref()
                .and_then(|resources| resources.requests.as_ref());
            if let Some(requests) = requests {
                sum.0 += quantity::millis_of(requests, "cpu");
                sum.1 += quantity::value_of(requests, "memory");
            }
        }
        sum.2 += 1;
    }
    let mut broken = Vec::new();
    for node in nodes {
        let allocatable = node
            .status
            .as_ref()
            .and_then(|status| status.allocatable.clone())
            .unwrap_or_default();
        let Some((cpu, memory, count)) = sums.get(node.name()) else {
            continue;
        };
        let limits = [
            ("cpu", *cpu, quantity::millis_of(&allocatable, "cpu")),
            (
                "memory",
                *memory,
                quantity::value_of(&allocatable, "memory"),
            ),
            ("pods", *count, quantity::value_of(&allocatable, "pods")),
        ];
        for (resource, used, limit) in limits {
            if used > limit {
                broken.push(format!("{}: {used} of {limit} {resource}", node.name()));
            }
        }
    }
    broken
}

/// A pod that has an address or runs is bound to a node.
fn nameless_bindings(pods: &[Arc<Pod>]) -> Vec<String> {
    let unbound_but_running = |pod: &&Arc<Pod>| {
        let running = pod.status.as_ref().is_some_and(|status| {
            status.pod_ip.is_some() || status.phase.as_deref() == Some("Running")
        });
        running && spec(pod).node_name.is_none()
    };
    pods.iter()
        .filter(unbound_but_running)
        .map(|pod| format!("{} runs nowhere", pod.key()))
        .collect()
}

/// Follows the store's history and says where it has a gap, or where a bound pod
/// changed its node.
#[derive(Clone, Debug, Default)]
pub struct HistoryWatcher {
    seen: u64,
}

impl HistoryWatcher {
    /// What was wrong with the writes since the last call.
    pub fn broken(&mut self, cluster: &Cluster) -> Vec<String> {
        let mut broken = Vec::new();
        let writes = match cluster.api().etcd().writes_after(self.seen) {
            Ok(writes) => writes,
            Err(error) => return vec![format!("history after {}: {error:?}", self.seen)],
        };
        for write in writes {
            if write.revision != self.seen + 1 {
                broken.push(format!("revision {} follows {}", write.revision, self.seen));
            }
            self.seen = write.revision;
            if let (Some(Object::Pod(before)), Some(Object::Pod(after))) =
                (&write.before, &write.after)
            {
                let (old, new) = (spec(before).node_name, spec(after).node_name);
                if before.uid() == after.uid() && old.is_some() && old != new {
                    broken.push(format!("{} moved from {old:?} to {new:?}", after.key()));
                }
            }
        }
        broken
    }
}
