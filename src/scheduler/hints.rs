//! Which changes may help which unschedulable pods (queueing hints).

use super::framework::{Filter, PluginId};
use super::node_info::NodeInfo;
use super::plugins::node_affinity::NodeAffinity;
use super::plugins::node_name::NodeName;
use super::plugins::node_resources_fit::NodeResourcesFit;
use super::plugins::node_unschedulable::NodeUnschedulable;
use super::plugins::taint_toleration::TaintToleration;
use super::pod_info::{PodInfo, PodTerm};
use std::sync::Arc;

/// Something that happened in the cluster.
#[derive(Clone, Debug)]
pub(super) enum Happened {
    /// A pod is on a node now, or its labels there changed.
    PodPlaced(Arc<PodInfo>),
    /// A pod is off its node.
    PodGone(Arc<PodInfo>),
    /// A node came.
    NodeAdded(Arc<NodeInfo>),
    /// A node changed in what pods ask of nodes.
    NodeChanged {
        /// As it was.
        before: Arc<NodeInfo>,
        /// As it is.
        after: Arc<NodeInfo>,
    },
    /// A node went.
    NodeGone,
}

impl Happened {
    /// The plugins that may change their mind about it.
    pub(super) fn interested(&self) -> &'static [PluginId] {
        use PluginId::*;
        match self {
            Happened::PodPlaced(_) => &[PodTopologySpread, InterPodAffinity],
            Happened::PodGone(_) => &[
                NodePorts,
                NodeResourcesFit,
                PodTopologySpread,
                InterPodAffinity,
            ],
            Happened::NodeAdded(_) => &[
                NodeUnschedulable,
                NodeName,
                TaintToleration,
                NodeAffinity,
                NodePorts,
                NodeResourcesFit,
                PodTopologySpread,
                InterPodAffinity,
            ],
            Happened::NodeChanged { .. } => &[
                NodeUnschedulable,
                TaintToleration,
                NodeAffinity,
                NodeResourcesFit,
                PodTopologySpread,
                InterPodAffinity,
            ],
            Happened::NodeGone => &[PodTopologySpread],
        }
    }

    /// Whether it may help a pod that this plugin was against.
    pub(super) fn may_help(&self, plugin: PluginId, pod: &PodInfo) -> bool {
        match self {
            Happened::NodeGone => true,
            Happened::PodPlaced(placed) => match plugin {
                PluginId::InterPodAffinity => wanted(&pod.group.terms.required, placed),
                _ => placed.key.namespace == pod.key.namespace,
            },
            Happened::PodGone(gone) => match plugin {
                PluginId::NodePorts => frees_port(gone, pod),
                PluginId::PodTopologySpread => gone.key.namespace == pod.key.namespace,
                PluginId::InterPodAffinity => {
                    wanted(&pod.group.terms.required_anti, gone)
                        || wanted(&gone.group.terms.required_anti, pod)
                }
                _ => true,
            },
            Happened::NodeAdded(node) => match plugin {
                PluginId::NodeName => {
                    NodeName::new(pod).is_none_or(|filter| filter.filter(node).is_ok())
                }
                _ => suits(plugin, pod, node),
            },
            Happened::NodeChanged { before, after } => match plugin {
                PluginId::NodeResourcesFit => {
                    suits(plugin, pod, after) && more_of_asked(pod, before, after)
                }
                PluginId::PodTopologySpread | PluginId::InterPodAffinity => {
                    before.labels() != after.labels()
                }
                _ => !suits(plugin, pod, before) && suits(plugin, pod, after),
            },
        }
    }
}

/// Whether the plugin, asked about nothing but the node itself, agrees.
fn suits(plugin: PluginId, pod: &PodInfo, node: &NodeInfo) -> bool {
    match plugin {
        PluginId::NodeUnschedulable => NodeUnschedulable::new(pod).filter(node).is_ok(),
        PluginId::TaintToleration => TaintToleration::new(pod).filter(node).is_ok(),
        PluginId::NodeAffinity => NodeAffinity::new(pod).is_none_or(|filter| filter.matches(node)),
        PluginId::NodeResourcesFit => NodeResourcesFit::new(pod).fits_empty(node),
        _ => true,
    }
}

/// Whether any of the terms may mean the pod.
fn wanted(terms: &[PodTerm], pod: &PodInfo) -> bool {
    terms.iter().any(|term| term.may_match(&pod.group))
}

fn frees_port(gone: &PodInfo, pod: &PodInfo) -> bool {
    gone.ports
        .iter()
        .any(|held| pod.ports.iter().any(|wanted| held.clashes(wanted)))
}

fn more_of_asked(pod: &PodInfo, before: &NodeInfo, after: &NodeInfo) -> bool {
    let (asked, before, after) = (&pod.request, &before.allocatable, &after.allocatable);
    after.pods > before.pods
        || asked.cpu_millis > 0 && after.cpu_millis > before.cpu_millis
        || asked.memory > 0 && after.memory > before.memory
        || asked.ephemeral_storage > 0 && after.ephemeral_storage > before.ephemeral_storage
        || asked
            .scalar
            .keys()
            .any(|name| after.scalar.get(name) > before.scalar.get(name))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{asks, info, pod};
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_could_help_moves_a_pod() {
        use PluginId::*;
        let big = asks("big", json!({"cpu": "6"}));
        let small = Arc::new(info("n1", json!({})));
        let grown = Arc::new(info("n1", json!({"status": {"allocatable": {"cpu": "8"}}})));
        let cordoned = Arc::new(info("n1", json!({"spec": {"unschedulable": true}})));
        let change = |before: &Arc<NodeInfo>, after: &Arc<NodeInfo>| Happened::NodeChanged {
            before: before.clone(),
            after: after.clone(),
        };
        let holder = |port: i32| {
            let ports = json!([{"containerPort": 80, "hostPort": port}]);
            pod("h", json!({"containers": [{"name": "c", "ports": ports}]}))
        };
        for (happened, plugin, pod, helps) in [
            (
                Happened::NodeAdded(small.clone()),
                NodeResourcesFit,
                &big,
                false,
            ),
            (
                Happened::NodeAdded(grown.clone()),
                NodeResourcesFit,
                &big,
                true,
            ),
            (change(&small, &grown), NodeResourcesFit, &big, true),
            (change(&grown, &grown), NodeResourcesFit, &big, false),
            (change(&cordoned, &small), NodeUnschedulable, &big, true),
            (change(&small, &cordoned), NodeUnschedulable, &big, false),
            (Happened::PodGone(big.clone()), NodeResourcesFit, &big, true),
            (Happened::PodGone(holder(80)), NodePorts, &holder(80), true),
            (Happened::PodGone(holder(81)), NodePorts, &holder(80), false),
        ] {
            assert_eq!(
                happened.may_help(plugin, pod),
                helps,
                "{plugin:?} {happened:?}"
            );
        }
    }
}
