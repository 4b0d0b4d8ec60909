//! NodeResourcesBalancedAllocation: CPU and memory should fill up together. 1.36
//! scores how much the pod improves that: 75 is neutral.

use crate::scheduler::framework::{MAX_NODE_SCORE, Score};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

/// The plugin for one pod.
pub(in crate::scheduler) struct NodeResourcesBalancedAllocation {
    cpu_millis: i64,
    memory: i64,
}

impl NodeResourcesBalancedAllocation {
    /// For `pod`; pods that ask for neither CPU nor memory are not scored.
    pub(in crate::scheduler) fn new(pod: &PodInfo) -> Option<Self> {
        let (cpu_millis, memory) = (pod.request.cpu_millis, pod.request.memory);
        (cpu_millis != 0 || memory != 0)
            .then_some(NodeResourcesBalancedAllocation { cpu_millis, memory })
    }
}

impl Score for NodeResourcesBalancedAllocation {
    fn score(&self, node: &NodeInfo) -> i64 {
        let used = &node.requested;
        let without = balance(node, used.cpu_millis, used.memory);
        let with = balance(
            node,
            used.cpu_millis.saturating_add(self.cpu_millis),
            used.memory.saturating_add(self.memory),
        );
        let half = MAX_NODE_SCORE / 2;
        half + (half + with - without) / 2
    }
}

/// A hundred where CPU and memory are used alike, less by their standard deviation.
fn balance(node: &NodeInfo, cpu_millis: i64, memory: i64) -> i64 {
    let total = &node.allocatable;
    let fraction = |used: i64, total: i64| (used as f64 / total as f64).min(1.0);
    // With two fractions the standard deviation is half their difference; with
    // one it is zero.
    let deviation = match (total.cpu_millis, total.memory) {
        (0, _) | (_, 0) => 0.0,
        (cpu, bytes) => (fraction(cpu_millis, cpu) - fraction(memory, bytes)).abs() / 2.0,
    };
    ((1.0 - deviation) * MAX_NODE_SCORE as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::node_info::GroupId;
    use crate::scheduler::testing::{asks, info};
    use serde_json::json;

    #[test]
    fn improvement_scores_above_75() {
        for (cpu, memory, used, score) in [
            ("2", "4Gi", None, 68),
            ("4", "8Gi", None, 71),
            ("8", "16Gi", None, 73),
            (
                "4",
                "8Gi",
                Some(json!({"cpu": "250m", "memory": "4Gi"})),
                78,
            ),
        ] {
            let allocatable = json!({"cpu": cpu, "memory": memory, "pods": "110"});
            let mut node = info("n1", json!({"status": {"allocatable": allocatable}}));
            if let Some(used) = used {
                node.add_pod(&asks("a", used), GroupId(0));
            }
            let pod = asks("p", json!({"cpu": "1", "memory": "1Gi"}));
            let plugin = NodeResourcesBalancedAllocation::new(&pod).expect("it asks for something");
            assert_eq!(plugin.score(&node), score, "{cpu} {memory}");
        }
        assert!(NodeResourcesBalancedAllocation::new(&asks("p", json!({}))).is_none());
    }
}
