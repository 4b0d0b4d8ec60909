//! Preferred affinity and anti-affinity.

use super::Places;
use crate::scheduler::cache::Cache;
use crate::scheduler::framework::{MAX_NODE_SCORE, Score};
use crate::scheduler::node_info::{GroupId, NodeInfo, TopologyKey};
use crate::scheduler::pod_info::{Group, PodInfo};
use crate::scheduler::selector::Labels;
use std::collections::BTreeMap;

/// What a required term of a pod that is there already counts for
/// (`hardPodAffinityWeight`).
const REQUIRED_WEIGHT: i64 = 1;

/// The plugin for one pod.
pub(in crate::scheduler) struct PreferredInterPodAffinity {
    weights: Places,
}

impl PreferredInterPodAffinity {
    /// For `pod`, where affinity prefers anything.
    pub(in crate::scheduler) fn new(pod: &PodInfo, cache: &Cache) -> Option<Self> {
        if pod.group.terms.preferred.is_empty() && !cache.any_affinity() {
            return None;
        }
        let own_labels = cache.namespace_labels(&pod.key.namespace);
        let relations: BTreeMap<GroupId, Vec<(TopologyKey, i64)>> = cache
            .groups()
            .map(|(id, group)| {
                let labels = cache.namespace_labels(&group.namespace);
                (id, weights(&pod.group, &own_labels, group, &labels))
            })
            .filter(|(_, weights)| !weights.is_empty())
            .collect();
        if relations.is_empty() {
            return None;
        }
        let mut places = Places::default();
        for node in cache.nodes() {
            for (id, count) in &node.groups {
                for (key, weight) in relations.get(id).into_iter().flatten() {
                    places.add(key, node, weight * count.all);
                }
            }
        }
        let anything = places.keys().next().is_some();
        anything.then_some(PreferredInterPodAffinity { weights: places })
    }
}

/// What a pod of the group `there` weighs to a pod of the group `own`, by label.
fn weights(
    own: &Group,
    own_labels: &Labels,
    there: &Group,
    labels: &Labels,
) -> Vec<(TopologyKey, i64)> {
    let wanted = own
        .terms
        .preferred
        .iter()
        .filter(|(_, term)| term.matches(there, labels));
    let wanting = there
        .terms
        .preferred
        .iter()
        .filter(|(_, term)| term.matches(own, own_labels));
    let needing = there
        .terms
        .required
        .iter()
        .filter(|term| term.matches(own, own_labels));
    wanted
        .chain(wanting)
        .map(|(weight, term)| (term.topology_key.clone(), *weight))
        .chain(needing.map(|term| (term.topology_key.clone(), REQUIRED_WEIGHT)))
        .collect()
}

impl Score for PreferredInterPodAffinity {
    fn score(&self, node: &NodeInfo) -> i64 {
        self.weights
            .keys()
            .filter_map(|key| self.weights.at(key, node))
            .sum()
    }

    fn normalize(&self, _nodes: &[&NodeInfo], scores: &mut [i64]) {
        let least = scores.iter().copied().min().unwrap_or(0);
        let most = scores.iter().copied().max().unwrap_or(0);
        for score in scores {
            *score = match most - least {
                0 => 0,
                range => (MAX_NODE_SCORE as f64 * ((*score - least) as f64 / range as f64)) as i64,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{labelled, node};
    use serde_json::{Value, json};

    #[test]
    fn wishes_of_both_sides_add_up() {
        let wish = |kind: &str, app: &str, weight: i64| {
            json!({kind: {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": weight, "podAffinityTerm":
                {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "kubernetes.io/hostname"}}]}})
        };
        let pod = |app: &str, affinity: Value| {
            labelled(
                app,
                json!({"app": app}),
                json!({"containers": [], "affinity": affinity}),
            )
        };
        let mut cache = Cache::default();
        for name in ["n1", "n2", "n3"] {
            cache.set_node(&node(name, json!({})));
        }
        cache.add_pod(pod("cache", json!({})), "n1");
        cache.add_pod(pod("fan", wish("podAffinity", "web", 30)), "n2");
        let nodes: Vec<_> = cache.nodes().collect();
        for (affinity, expected, normalized) in [
            (json!({}), [0, 30, 0], [0, 100, 0]),
            (wish("podAffinity", "cache", 60), [60, 30, 0], [100, 50, 0]),
            (
                wish("podAntiAffinity", "cache", 10),
                [-10, 30, 0],
                [0, 100, 25],
            ),
        ] {
            let web = pod("web", affinity.clone());
            let plugin =
                PreferredInterPodAffinity::new(&web, &cache).expect("something is preferred");
            let mut scores: Vec<i64> = nodes.iter().map(|node| plugin.score(node)).collect();
            assert_eq!(scores, expected, "{affinity}");
            plugin.normalize(&[], &mut scores);
            assert_eq!(scores, normalized, "{affinity}");
        }
        assert!(PreferredInterPodAffinity::new(&pod("db", json!({})), &cache).is_none());
    }
}
