//! DoNotSchedule: the skew stays within bounds.

use super::constraint::{Constraint, Wishes, has_all_labels, own_constraints};
use crate::scheduler::cache::Cache;
use crate::scheduler::framework::{Filter, Rejected, words};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;
use std::collections::BTreeMap;

words! {
    SKEWED = "node(s) didn't match pod topology spread constraints";
    NO_LABEL = "node(s) didn't match pod topology spread constraints (missing required label)";
}

/// The plugin for one pod.
pub(in crate::scheduler) struct PodTopologySpread<'a> {
    pod: &'a PodInfo,
    constraints: Vec<Constraint>,
    /// Pods by the value of the topology label, for each constraint.
    counts: Vec<BTreeMap<String, i64>>,
}

impl<'a> PodTopologySpread<'a> {
    /// For `pod`, where it has constraints that must hold.
    pub(in crate::scheduler) fn new(pod: &'a PodInfo, cache: &Cache) -> Option<Self> {
        let constraints = own_constraints(pod, cache, "DoNotSchedule");
        if constraints.is_empty() {
            return None;
        }
        let wishes = Wishes::new(pod);
        let mut counts = vec![BTreeMap::new(); constraints.len()];
        for node in cache
            .nodes()
            .filter(|node| has_all_labels(node, &constraints))
        {
            for (constraint, counts) in constraints.iter().zip(&mut counts) {
                if let Some(value) = node.place(&constraint.topology_key)
                    && constraint.includes(node, &wishes)
                {
                    *counts.entry(value.to_owned()).or_insert(0) += constraint.count(node);
                }
            }
        }
        Some(PodTopologySpread {
            pod,
            constraints,
            counts,
        })
    }
}

impl Filter for PodTopologySpread<'_> {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected> {
        for (constraint, counts) in self.constraints.iter().zip(&self.counts) {
            let Some(value) = node.place(&constraint.topology_key) else {
                return Err(Rejected::unresolvable(&NO_LABEL));
            };
            let least = match counts.len() < constraint.min_domains {
                true => 0,
                false => counts
                    .values()
                    .copied()
                    .min()
                    .unwrap_or(i64::from(i32::MAX)),
            };
            let itself = i64::from(constraint.selector.matches(self.pod.labels()));
            let there = counts.get(value).copied().unwrap_or(0);
            if there + itself - least > constraint.max_skew {
                return Err(Rejected::resolvable(&SKEWED));
            }
        }
        Ok(())
    }

    fn pod_moved(&mut self, pod: &PodInfo, node: &NodeInfo, added: bool) {
        if pod.key.namespace != self.pod.key.namespace || !has_all_labels(node, &self.constraints) {
            return;
        }
        let wishes = Wishes::new(self.pod);
        for (constraint, counts) in self.constraints.iter().zip(&mut self.counts) {
            if let Some(value) = node.place(&constraint.topology_key)
                && constraint.selector.matches(pod.labels())
                && constraint.includes(node, &wishes)
            {
                *counts.entry(value.to_owned()).or_insert(0) += if added { 1 } else { -1 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{labelled, node};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn web(name: &str, constraint: Value) -> Arc<PodInfo> {
        let mut one = json!({
            "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "web"}},
        });
        json_patch::merge(&mut one, &constraint);
        labelled(
            name,
            json!({"app": "web"}),
            json!({"containers": [], "topologySpreadConstraints": [one]}),
        )
    }

    /// Three nodes in zones a, a and b, one outside, with pods on them.
    fn cluster(pods: &[(&str, &str)]) -> Cache {
        let mut cache = Cache::default();
        for (name, zone) in [
            ("n1", Some("a")),
            ("n2", Some("a")),
            ("n3", Some("b")),
            ("n4", None),
        ] {
            cache.set_node(&node(name, json!({"metadata": {"labels": {"zone": zone}}})));
        }
        for (name, node) in pods {
            cache.add_pod(web(name, json!({})), node);
        }
        cache
    }

    fn verdicts(cache: &Cache, pod: &PodInfo) -> Vec<String> {
        let plugin = PodTopologySpread::new(pod, cache).expect("it has constraints");
        let verdict = |node: &Arc<NodeInfo>| match plugin.filter(node) {
            Ok(()) => "fits".to_owned(),
            Err(no) if no.unresolvable => "no label".to_owned(),
            Err(_) => "skewed".to_owned(),
        };
        cache.nodes().map(verdict).collect()
    }

    #[test]
    fn skew_is_counted_by_label_value() {
        for (pods, constraint, expected) in [
            (vec![], json!({}), "fits fits fits no label"),
            (vec![("p1", "n1")], json!({}), "skewed skewed fits no label"),
            (
                vec![("p1", "n1")],
                json!({"maxSkew": 2}),
                "fits fits fits no label",
            ),
            (
                vec![("p1", "n1"), ("p2", "n3")],
                json!({}),
                "fits fits fits no label",
            ),
            (
                vec![("p1", "n1"), ("p2", "n3")],
                json!({"minDomains": 3}),
                "skewed skewed skewed no label",
            ),
            (
                vec![("p1", "n1")],
                json!({"topologyKey": "kubernetes.io/hostname"}),
                "skewed fits fits fits",
            ),
            (
                vec![("p1", "n1")],
                json!({"labelSelector": {"matchLabels": {"app": "db"}}}),
                "fits fits fits no label",
            ),
        ] {
            let cache = cluster(&pods);
            let found = verdicts(&cache, &web("p", constraint.clone())).join(" ");
            assert_eq!(found, expected, "{pods:?} {constraint}");
        }
    }

    #[test]
    fn a_pod_that_would_leave_counts_no_more() {
        let cache = cluster(&[("p1", "n1")]);
        let pod = web("p", json!({}));
        let mut plugin = PodTopologySpread::new(&pod, &cache).expect("it has constraints");
        let node = cache.node("n1").expect("a node");
        plugin.pod_moved(&web("p1", json!({})), node, false);
        assert!(plugin.filter(node).is_ok());
    }
}
