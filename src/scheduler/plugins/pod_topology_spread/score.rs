//! ScheduleAnyway: the fewer of its kind are there already, the better.

use super::constraint::{
    Constraint, Wishes, default_constraints, has_all_labels, has_own, own_constraints,
};
use crate::scheduler::cache::Cache;
use crate::scheduler::framework::{MAX_NODE_SCORE, Score};
use crate::scheduler::node_info::{NodeInfo, TopologyKey};
use crate::scheduler::pod_info::PodInfo;
use std::collections::BTreeMap;

/// The plugin for one pod.
pub(in crate::scheduler) struct PreferredSpread {
    constraints: Vec<Constraint>,
    /// Pods by the value of the topology label, for each constraint but those over
    /// single nodes.
    counts: Vec<BTreeMap<String, i64>>,
    weights: Vec<f64>,
    /// Nodes must have the labels of all constraints to be scored; not so with the
    /// defaults, for the sake of nodes without a zone.
    all_labels: bool,
}

impl PreferredSpread {
    /// For `pod` over the nodes that fit, where it is to be spread at all.
    pub(in crate::scheduler) fn new(
        pod: &PodInfo,
        cache: &Cache,
        nodes: &[&NodeInfo],
    ) -> Option<Self> {
        let all_labels = has_own(pod);
        let constraints = match all_labels {
            true => own_constraints(pod, cache, "ScheduleAnyway"),
            false => default_constraints(pod, cache),
        };
        if constraints.is_empty() {
            return None;
        }
        let mut plugin = PreferredSpread {
            counts: vec![BTreeMap::new(); constraints.len()],
            weights: Vec::new(),
            constraints,
            all_labels,
        };
        plugin.find_places(nodes);
        plugin.count_pods(pod, cache);
        Some(plugin)
    }

    fn ignores(&self, node: &NodeInfo) -> bool {
        self.all_labels && !has_all_labels(node, &self.constraints)
    }

    /// The label values among the nodes that fit; the more there are, the more a
    /// single pod weighs.
    fn find_places(&mut self, nodes: &[&NodeInfo]) {
        let scored = nodes.iter().filter(|node| !self.ignores(node)).count();
        for (constraint, counts) in self.constraints.iter().zip(&mut self.counts) {
            let mut places = scored;
            if constraint.topology_key != TopologyKey::Hostname {
                let ignored =
                    |node: &&&NodeInfo| !self.all_labels || has_all_labels(node, &self.constraints);
                let mut nowhere = false;
                for node in nodes.iter().filter(ignored) {
                    match node.place(&constraint.topology_key) {
                        Some(value) if counts.contains_key(value) => {}
                        Some(value) => {
                            counts.insert(value.to_owned(), 0);
                        }
                        None => nowhere = true,
                    }
                }
                // Nodes without the label are together one place more.
                places = counts.len() + usize::from(nowhere);
            }
            self.weights.push(natural_logarithm(places + 2));
        }
    }

    fn count_pods(&mut self, pod: &PodInfo, cache: &Cache) {
        if self.counts.iter().all(BTreeMap::is_empty) {
            return;
        }
        let wishes = Wishes::new(pod);
        for node in cache.nodes() {
            if self.all_labels && !has_all_labels(node, &self.constraints) {
                continue;
            }
            for (constraint, counts) in self.constraints.iter().zip(&mut self.counts) {
                if counts.is_empty() {
                    continue;
                }
                if let Some(value) = node.place(&constraint.topology_key)
                    && let Some(count) = counts.get_mut(value)
                    && constraint.includes(node, &wishes)
                {
                    *count += constraint.count(node);
                }
            }
        }
    }
}

impl Score for PreferredSpread {
    /// How crowded the node's places are.
    fn score(&self, node: &NodeInfo) -> i64 {
        if self.ignores(node) {
            return 0;
        }
        let parts = self.constraints.iter().zip(&self.counts).zip(&self.weights);
        let sum: f64 = parts
            .filter_map(|((constraint, counts), weight)| {
                let value = node.place(&constraint.topology_key)?;
                let count = match constraint.topology_key == TopologyKey::Hostname {
                    true => constraint.count(node),
                    false => counts.get(value).copied().unwrap_or(0),
                };
                Some(count as f64 * weight + (constraint.max_skew - 1) as f64)
            })
            .sum();
        sum.round() as i64
    }

    fn normalize(&self, nodes: &[&NodeInfo], scores: &mut [i64]) {
        let scored = nodes
            .iter()
            .zip(scores.iter())
            .filter(|(node, _)| !self.ignores(node));
        let (least, most) = scored.fold((i64::MAX, 0), |(least, most), (_, score)| {
            (least.min(*score), most.max(*score))
        });
        for (node, score) in nodes.iter().zip(scores) {
            *score = match (self.ignores(node), most) {
                (true, _) => 0,
                (false, 0) => MAX_NODE_SCORE,
                (false, most) => MAX_NODE_SCORE * (most + least - *score) / most,
            };
        }
    }
}

/// The logarithm by plain arithmetic, so that it is the same on every machine
/// (`f64::ln` is the platform's own).
fn natural_logarithm(number: usize) -> f64 {
    let mut mantissa = number.max(1) as f64;
    let mut halvings = 0.0;
    while mantissa > 1.5 {
        mantissa /= 2.0;
        halvings += 1.0;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)), with |argument| <= 1/5.
    let argument = (mantissa - 1.0) / (mantissa + 1.0);
    let square = argument * argument;
    let series = (0..16).rev().fold(0.0, |sum, term| {
        sum * square + 1.0 / f64::from(2 * term + 1)
    });
    halvings * std::f64::consts::LN_2 + 2.0 * argument * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{labelled, node};
    use serde_json::json;

    #[test]
    fn logarithms_are_right() {
        for number in [1usize, 2, 3, 5, 10, 102, 5002] {
            let exact = (number as f64).ln();
            assert!(
                (natural_logarithm(number) - exact).abs() < 1e-12,
                "{number}"
            );
        }
    }

    #[test]
    fn the_least_crowded_place_scores_highest() {
        let mut cache = Cache::default();
        for (name, zone) in [("n1", Some("a")), ("n2", Some("b")), ("n3", None)] {
            cache.set_node(&node(name, json!({"metadata": {"labels": {"zone": zone}}})));
        }
        let constraint = json!({
            "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app": "web"}},
        });
        let spec = json!({"containers": [], "topologySpreadConstraints": [constraint]});
        let web = |name: &str| labelled(name, json!({"app": "web"}), spec.clone());
        cache.add_pod(web("p1"), "n1");
        let nodes: Vec<&NodeInfo> = cache.nodes().map(|node| &**node).collect();
        let plugin = PreferredSpread::new(&web("p"), &cache, &nodes).expect("it is to be spread");
        let mut scores: Vec<i64> = nodes.iter().map(|node| plugin.score(node)).collect();
        // One pod times ln(2 + 2), rounded; n3 has no zone and is not scored.
        assert_eq!(scores, [1, 0, 0]);
        plugin.normalize(&nodes, &mut scores);
        assert_eq!(scores, [0, 100, 0]);
    }
}
