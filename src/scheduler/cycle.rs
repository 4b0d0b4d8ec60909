//! One scheduling cycle: which node for this pod, and why (`schedulePod`). It reads
//! only; what follows from it is done by [`super::Scheduler`].

use super::cache::Cache;
use super::framework::{Filter, PluginId, PluginSet, Rejected};
use super::message::Tally;
use super::node_info::{GroupId, NodeInfo};
use super::plugins::inter_pod_affinity::InterPodAffinity;
use super::plugins::node_affinity::NodeAffinity;
use super::plugins::node_name::NodeName;
use super::plugins::node_ports::NodePorts;
use super::plugins::node_resources_fit::NodeResourcesFit;
use super::plugins::node_unschedulable::NodeUnschedulable;
use super::plugins::pod_topology_spread::PodTopologySpread;
use super::plugins::taint_toleration::TaintToleration;
use super::pod_info::PodInfo;
use super::prioritize::prioritize;
use crate::api::Name;
use crate::sim::trace::{Decision, NodeVerdict, PluginVerdict};
use std::sync::Arc;

/// As many nodes are looked for at least (`minFeasibleNodesToFind`).
const FEASIBLE_NODES_MIN: usize = 100;
/// …and as large a part of them in per cent (`minFeasibleNodesPercentageToFind`).
const FEASIBLE_PERCENT_MIN: usize = 5;

/// Up to so many nodes a decision is told whole.
pub(super) const DETAILED_NODES_MAX: usize = 50;
/// In larger clusters so many verdicts are told, those of the first nodes.
const VERDICTS_MAX: usize = 20;

/// What a cycle came to.
pub(super) struct Outcome {
    /// The node, if one fits.
    pub(super) node: Option<Name>,
    /// The nodes that were looked at, for the rotation.
    pub(super) looked_at: usize,
    /// The plugins that were against nodes.
    pub(super) rejected_by: PluginSet,
    /// Where the pod fits nowhere: the sentence that says why.
    pub(super) message: String,
    /// The nodes that were ruled out, by slot, for a preemption.
    pub(super) rejected: Vec<(usize, Rejected)>,
    /// Whether a PreFilter plugin ended the cycle.
    pub(super) ended_early: bool,
    /// For the trace.
    pub(super) decision: Decision,
}

/// The filters that have something to say about a pod, in order.
pub(super) type Filters<'a> = Vec<(PluginId, Box<dyn Filter + 'a>)>;

/// The filter plugins for a pod, prepared.
pub(super) fn filters<'a>(pod: &'a PodInfo, cache: &'a Cache) -> Filters<'a> {
    let mut filters: Filters<'a> = vec![(
        PluginId::NodeUnschedulable,
        Box::new(NodeUnschedulable::new(pod)),
    )];
    if let Some(plugin) = NodeName::new(pod) {
        filters.push((PluginId::NodeName, Box::new(plugin)));
    }
    filters.push((
        PluginId::TaintToleration,
        Box::new(TaintToleration::new(pod)),
    ));
    if let Some(plugin) = NodeAffinity::new(pod) {
        filters.push((PluginId::NodeAffinity, Box::new(plugin)));
    }
    if let Some(plugin) = NodePorts::new(pod) {
        filters.push((PluginId::NodePorts, Box::new(plugin)));
    }
    filters.push((
        PluginId::NodeResourcesFit,
        Box::new(NodeResourcesFit::new(pod)),
    ));
    if let Some(plugin) = PodTopologySpread::new(pod, cache) {
        filters.push((PluginId::PodTopologySpread, Box::new(plugin)));
    }
    if let Some(plugin) = InterPodAffinity::new(pod, cache) {
        filters.push((PluginId::InterPodAffinity, Box::new(plugin)));
    }
    filters
}

/// The first filter's no, if there is one.
fn run_filters(filters: &Filters<'_>, node: &NodeInfo) -> Result<(), (PluginId, Rejected)> {
    filters
        .iter()
        .try_for_each(|(plugin, filter)| filter.filter(node).map_err(|no| (*plugin, no)))
}

/// The group of pods that are only supposed to be on a node.
const SUPPOSED: GroupId = GroupId(u32::MAX);

/// The same with the pods in mind that the node was promised to: the pod must fit
/// with them there and without (`RunFilterPluginsWithNominatedPods`).
pub(super) fn passes(
    pod: &PodInfo,
    cache: &Cache,
    with_state: &Filters<'_>,
    node: &NodeInfo,
) -> Result<(), (PluginId, Rejected)> {
    let promised = cache.promised(&node.name, pod);
    if !promised.is_empty() {
        let mut crowded = node.clone();
        let mut filters = filters(pod, cache);
        for other in &promised {
            crowded.add_pod(other, SUPPOSED);
            for (_, filter) in &mut filters {
                filter.pod_moved(other, &crowded, true);
            }
        }
        run_filters(&filters, &crowded)?;
    }
    run_filters(with_state, node)
}

/// How many feasible nodes are enough (`numFeasibleNodesToFind`).
fn feasible_nodes_to_find(nodes: usize) -> usize {
    if nodes < FEASIBLE_NODES_MIN {
        return nodes;
    }
    let percent = 50usize
        .saturating_sub(nodes / 125)
        .max(FEASIBLE_PERCENT_MIN);
    (nodes * percent / 100).max(FEASIBLE_NODES_MIN)
}

/// Looks for the best node, beginning with the node at `start`.
pub(super) fn schedule(pod: &PodInfo, cache: &Cache, start: usize) -> Outcome {
    let nodes_total = cache.node_count();
    let mut outcome = Outcome {
        node: None,
        looked_at: 0,
        rejected_by: PluginSet::default(),
        message: String::new(),
        rejected: Vec::new(),
        ended_early: false,
        decision: Decision {
            namespace: pod.key.namespace.clone(),
            pod: pod.key.name.clone(),
            nodes_total: u32::try_from(nodes_total).unwrap_or(u32::MAX),
            ..Decision::default()
        },
    };
    if nodes_total == 0 {
        outcome.ended_early = true;
        outcome.message = "no nodes available to schedule pods".to_owned();
        return outcome;
    }
    let Some(slots) = pre_filter(pod, cache, &mut outcome) else {
        return outcome;
    };
    // The node that room was made on is most likely the only one.
    if let Some(promised) = cache.nominated_node(&pod.key)
        && let Some(slot) = cache.slot_of_node(&promised)
        && let Some(node) = cache.slot(slot)
        && passes(pod, cache, &filters(pod, cache), node).is_ok()
    {
        outcome.looked_at = 1;
        outcome.decision.verdicts.push(told(node, &Ok(())));
        outcome.node = Some(promised);
        return outcome;
    }
    let feasible = find_feasible(pod, cache, &slots, start, &mut outcome);
    outcome.node = match feasible.as_slice() {
        [] => None,
        // With one node there is nothing to compare.
        [only] => Some(only.name.clone()),
        _ => prioritize(pod, cache, &feasible, &mut outcome.decision),
    };
    if outcome.node.is_none() {
        outcome.message = refusal(&outcome, slots.len(), nodes_total);
    }
    outcome
}

/// The nodes to look at; none where a PreFilter plugin ended the cycle.
fn pre_filter(pod: &PodInfo, cache: &Cache, outcome: &mut Outcome) -> Option<Arc<Vec<usize>>> {
    let named = NodeAffinity::new(pod).map_or(Ok(None), |plugin| plugin.named_nodes());
    match named {
        Ok(None) => Some(cache.order()),
        Ok(Some(names)) => {
            let slots = names.iter().filter_map(|name| cache.slot_of_node(name));
            outcome.rejected_by.insert(PluginId::NodeAffinity);
            Some(Arc::new(slots.collect()))
        }
        Err(no) => {
            outcome.ended_early = true;
            outcome.rejected_by.insert(PluginId::NodeAffinity);
            let nodes = cache.node_count();
            outcome.message = format!("0/{nodes} nodes are available: {}.", no.reasons.join(", "));
            None
        }
    }
}

fn find_feasible<'a>(
    pod: &PodInfo,
    cache: &'a Cache,
    slots: &[usize],
    start: usize,
    outcome: &mut Outcome,
) -> Vec<&'a NodeInfo> {
    let filters = filters(pod, cache);
    let enough = feasible_nodes_to_find(slots.len());
    let verdicts_max = match cache.node_count() <= DETAILED_NODES_MAX {
        true => DETAILED_NODES_MAX,
        false => VERDICTS_MAX,
    };
    let mut feasible: Vec<&NodeInfo> = Vec::with_capacity(enough);
    let first = start.checked_rem(slots.len()).unwrap_or(0);
    let (before, from) = slots.split_at(first);
    for slot in from.iter().chain(before) {
        let Some(node) = cache.slot(*slot) else {
            continue;
        };
        let verdict = passes(pod, cache, &filters, node);
        if verdict.is_ok() && feasible.len() == enough {
            break;
        }
        outcome.looked_at += 1;
        if outcome.decision.verdicts.len() < verdicts_max {
            outcome.decision.verdicts.push(told(node, &verdict));
        }
        match verdict {
            Ok(()) => feasible.push(node),
            Err((plugin, no)) => {
                outcome.rejected_by.insert(plugin);
                outcome.rejected.push((*slot, no));
            }
        }
    }
    feasible
}

fn told(node: &NodeInfo, verdict: &Result<(), (PluginId, Rejected)>) -> NodeVerdict {
    NodeVerdict {
        node: node.name.clone(),
        rejected: verdict.as_ref().err().map(|(plugin, no)| PluginVerdict {
            plugin: plugin.name(),
            reasons: no.reasons.clone(),
            unresolvable: no.unresolvable,
        }),
    }
}

fn refusal(outcome: &Outcome, candidates: usize, nodes_total: usize) -> String {
    let mut tally = Tally::default();
    for (_, no) in &outcome.rejected {
        tally.count(no, 1);
    }
    if candidates < nodes_total {
        let reason = "node(s) didn't satisfy plugin(s) [NodeAffinity]".into();
        tally.count(&Rejected::unresolvable(&reason), nodes_total - candidates);
    }
    tally.sentence(nodes_total)
}

#[cfg(test)]
mod tests {
    use super::super::prioritize::SCORES_MAX;
    use super::super::testing::{asks, node, pod};
    use super::*;
    use serde_json::json;

    fn cluster(nodes: usize) -> Cache {
        let mut cache = Cache::default();
        for number in 1..=nodes {
            cache.set_node(&node(&format!("n{number}"), json!({})));
        }
        cache
    }

    #[test]
    fn among_equals_the_first_in_the_rotation_wins() {
        let cache = cluster(3);
        let pod = asks("p", json!({}));
        for (start, expected) in [(0, "n1"), (1, "n2"), (2, "n3"), (3, "n1")] {
            let outcome = schedule(&pod, &cache, start);
            assert_eq!(outcome.node.as_deref(), Some(expected));
            assert_eq!(outcome.looked_at, 3);
        }
    }

    #[test]
    fn a_large_cluster_is_not_searched_whole() {
        for (nodes, found) in [
            (0, 0),
            (50, 50),
            (100, 100),
            (200, 100),
            (1000, 420),
            (5000, 500),
            (6000, 300),
        ] {
            assert_eq!(feasible_nodes_to_find(nodes), found, "{nodes}");
        }
        let outcome = schedule(&asks("p", json!({})), &cluster(250), 7);
        assert_eq!(outcome.looked_at, 120);
        assert_eq!(outcome.node.as_deref(), Some("n8"));
        assert_eq!(outcome.decision.verdicts.len(), VERDICTS_MAX);
        assert_eq!(outcome.decision.scores.len(), SCORES_MAX);
        assert_eq!(&*outcome.decision.scores[0].node, "n8");
    }

    #[test]
    fn a_pod_for_named_nodes_looks_at_no_others() {
        let wish = |name: &str| {
            json!({"containers": [], "affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}]}}}})
        };
        let cache = cluster(3);
        let outcome = schedule(&pod("p", wish("n2")), &cache, 0);
        assert_eq!(outcome.node.as_deref(), Some("n2"));
        let outcome = schedule(&pod("p", wish("n9")), &cache, 0);
        assert_eq!(
            outcome.message,
            "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]."
        );
    }

    #[test]
    fn without_nodes_there_is_nothing_to_say_but_that() {
        let outcome = schedule(&asks("p", json!({})), &Cache::default(), 0);
        assert_eq!(outcome.message, "no nodes available to schedule pods");
        assert!(outcome.rejected_by.is_empty());
    }
}
