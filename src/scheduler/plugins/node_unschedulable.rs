//! NodeUnschedulable: cordoned nodes take no pods, save those that tolerate it.

use super::tolerations::tolerates;
use crate::api::core::{Taint, Toleration};
use crate::scheduler::framework::{Filter, Rejected, words};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

words! {
    UNSCHEDULABLE = "node(s) were unschedulable";
}

/// The taint that a cordoned node carries.
const TAINT: &str = "node.kubernetes.io/unschedulable";

/// The plugin for one pod.
pub(in crate::scheduler) struct NodeUnschedulable {
    tolerated: bool,
}

impl NodeUnschedulable {
    /// For `pod`.
    pub(in crate::scheduler) fn new(pod: &PodInfo) -> Self {
        let taint = Taint {
            key: TAINT.to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        };
        NodeUnschedulable {
            tolerated: tolerates(tolerations_of(pod), &taint),
        }
    }
}

/// The tolerations of a pod.
pub(in crate::scheduler) fn tolerations_of(pod: &PodInfo) -> &[Toleration] {
    let spec = pod.pod.spec.as_ref();
    spec.and_then(|spec| spec.tolerations.as_deref())
        .unwrap_or_default()
}

impl Filter for NodeUnschedulable {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected> {
        match node.is_unschedulable() && !self.tolerated {
            true => Err(Rejected::unresolvable(&UNSCHEDULABLE)),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{info, pod};
    use serde_json::json;

    #[test]
    fn a_cordon_keeps_pods_out_that_do_not_tolerate_it() {
        let tolerant =
            json!({"containers": [], "tolerations": [{"key": TAINT, "operator": "Exists"}]});
        for (cordoned, spec, fits) in [
            (false, json!({"containers": []}), true),
            (true, json!({"containers": []}), false),
            (true, tolerant, true),
        ] {
            let node = info("n1", json!({"spec": {"unschedulable": cordoned}}));
            let plugin = NodeUnschedulable::new(&pod("p", spec.clone()));
            assert_eq!(plugin.filter(&node).is_ok(), fits, "{cordoned} {spec}");
        }
    }
}
