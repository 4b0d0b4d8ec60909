//! NodeResourcesFit: the node has room for what the pod asks for; the emptier it
//! would be afterwards, the better (LeastAllocated).

use crate::scheduler::framework::{Filter, MAX_NODE_SCORE, Rejected, Score, words};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;
use std::sync::Arc;

words! {
    TOO_MANY_PODS = "Too many pods";
    CPU = "Insufficient cpu";
    MEMORY = "Insufficient memory";
    EPHEMERAL_STORAGE = "Insufficient ephemeral-storage";
}

/// The plugin for one pod.
pub(in crate::scheduler) struct NodeResourcesFit<'a> {
    pod: &'a PodInfo,
}

impl<'a> NodeResourcesFit<'a> {
    /// For `pod`.
    pub(in crate::scheduler) fn new(pod: &'a PodInfo) -> Self {
        NodeResourcesFit { pod }
    }

    /// Whether the node would have room were it empty.
    pub(in crate::scheduler) fn fits_empty(&self, node: &NodeInfo) -> bool {
        let (asked, total) = (&self.pod.request, &node.allocatable);
        let scalar = |name| total.scalar.get(name).copied().unwrap_or(0);
        total.pods >= 1
            && asked.cpu_millis <= total.cpu_millis
            && asked.memory <= total.memory
            && asked.ephemeral_storage <= total.ephemeral_storage
            && asked
                .scalar
                .iter()
                .all(|(name, asked)| *asked <= scalar(name))
    }
}

impl Filter for NodeResourcesFit<'_> {
    /// Every resource that is short is a reason of its own.
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected> {
        let (asked, used, total) = (&self.pod.request, &node.requested, &node.allocatable);
        let mut no = Rejected {
            reasons: Vec::new(),
            unresolvable: false,
        };
        if node.pods.len() as i64 + 1 > total.pods {
            no.reasons.push(TOO_MANY_PODS.clone());
        }
        if !asked.is_empty() {
            let mut check = |asked: i64, used: i64, total: i64, reason: &dyn Fn() -> Arc<str>| {
                if asked > 0 && asked > total.saturating_sub(used) {
                    no.reasons.push(reason());
                    no.unresolvable |= asked > total;
                }
            };
            check(asked.cpu_millis, used.cpu_millis, total.cpu_millis, &|| {
                CPU.clone()
            });
            check(asked.memory, used.memory, total.memory, &|| MEMORY.clone());
            let storage = (
                asked.ephemeral_storage,
                used.ephemeral_storage,
                total.ephemeral_storage,
            );
            check(storage.0, storage.1, storage.2, &|| {
                EPHEMERAL_STORAGE.clone()
            });
            for (name, asked) in &asked.scalar {
                let used = used.scalar.get(name).copied().unwrap_or(0);
                let total = total.scalar.get(name).copied().unwrap_or(0);
                check(*asked, used, total, &|| {
                    format!("Insufficient {name}").into()
                });
            }
        }
        match no.reasons.is_empty() {
            true => Ok(()),
            false => Err(no),
        }
    }
}

impl Score for NodeResourcesFit<'_> {
    /// The free share of CPU and of memory, in the mean, with the pod on it.
    fn score(&self, node: &NodeInfo) -> i64 {
        let cpu = node
            .floor_cpu_millis
            .saturating_add(self.pod.floor_cpu_millis);
        let memory = node.floor_memory.saturating_add(self.pod.floor_memory);
        let parts = [
            (cpu, node.allocatable.cpu_millis),
            (memory, node.allocatable.memory),
        ];
        let scored = parts.iter().filter(|(_, total)| *total != 0);
        let (sum, count) = scored.fold((0, 0), |(sum, count), (used, total)| {
            (sum + free_share(*used, *total), count + 1)
        });
        if count == 0 { 0 } else { sum / count }
    }
}

fn free_share(used: i64, total: i64) -> i64 {
    match used > total {
        true => 0,
        // 128 bits, because a hundred times the bytes of a large node overflows.
        false => (i128::from(total - used) * i128::from(MAX_NODE_SCORE) / i128::from(total)) as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::node_info::GroupId;
    use crate::scheduler::testing::{asks, info, pod};
    use serde_json::json;

    fn filter(node: &NodeInfo, requests: serde_json::Value) -> (String, bool) {
        let pod = asks("p", requests);
        match NodeResourcesFit::new(&pod).filter(node) {
            Ok(()) => (String::new(), false),
            Err(no) => (no.reasons.join(", "), no.unresolvable),
        }
    }

    #[test]
    fn every_short_resource_is_a_reason() {
        let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "2",
            "ephemeral-storage": "1Gi", "example.com/gpu": "1"});
        let mut node = info("n1", json!({"status": {"allocatable": allocatable}}));
        node.add_pod(&asks("a", json!({"cpu": "3", "memory": "7Gi"})), GroupId(0));
        for (requests, reasons, unresolvable) in [
            (json!({"cpu": "1", "memory": "1Gi"}), "", false),
            (json!({}), "", false),
            (json!({"cpu": "1001m"}), "Insufficient cpu", false),
            (json!({"cpu": "4001m"}), "Insufficient cpu", true),
            (
                json!({"cpu": "2", "memory": "2Gi"}),
                "Insufficient cpu, Insufficient memory",
                false,
            ),
            (
                json!({"ephemeral-storage": "2Gi"}),
                "Insufficient ephemeral-storage",
                true,
            ),
            (json!({"example.com/gpu": "1"}), "", false),
            (
                json!({"example.com/gpu": "2"}),
                "Insufficient example.com/gpu",
                true,
            ),
            (
                json!({"example.com/tpu": "1"}),
                "Insufficient example.com/tpu",
                true,
            ),
        ] {
            assert_eq!(
                filter(&node, requests.clone()),
                (reasons.into(), unresolvable),
                "{requests}"
            );
        }
        node.add_pod(&pod("b", json!({"containers": []})), GroupId(0));
        assert_eq!(filter(&node, json!({})), ("Too many pods".into(), false));
    }

    #[test]
    fn the_emptier_the_better() {
        for (cpu, memory, requests, score) in [
            ("2", "4Gi", json!({"cpu": "1", "memory": "1Gi"}), 62),
            ("4", "8Gi", json!({"cpu": "1", "memory": "1Gi"}), 81),
            ("8", "16Gi", json!({"cpu": "1", "memory": "1Gi"}), 90),
            ("4", "8Gi", json!({}), 97),
            ("1", "1Gi", json!({"cpu": "2", "memory": "2Gi"}), 0),
            ("0", "1Gi", json!({"memory": "512Mi"}), 50),
        ] {
            let allocatable = json!({"cpu": cpu, "memory": memory, "pods": "110"});
            let node = info("n1", json!({"status": {"allocatable": allocatable}}));
            let pod = asks("p", requests);
            assert_eq!(
                NodeResourcesFit::new(&pod).score(&node),
                score,
                "{cpu} {memory}"
            );
        }
    }
}
