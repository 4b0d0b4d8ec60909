//! NodeAffinity: `nodeSelector` and node affinity, required and preferred.

use crate::api::Name;
use crate::api::core::NodeAffinity as Wish;
use crate::scheduler::framework::{Filter, Rejected, Score, default_normalize, words};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;
use crate::scheduler::selector::{Labels, NodeTerm, node_terms};
use std::collections::BTreeSet;

words! {
    NO_MATCH = "node(s) didn't match Pod's node affinity/selector";
    CONFLICT = "pod affinity terms conflict";
}

/// What a pod requires of its node.
pub(in crate::scheduler) struct NodeAffinity<'a> {
    selector: Option<&'a Labels>,
    /// Any of these; none where the pod requires nothing.
    required: Option<Vec<NodeTerm>>,
}

fn wish(pod: &PodInfo) -> Option<&Wish> {
    let affinity = pod.pod.spec.as_ref()?.affinity.as_ref()?;
    affinity.node_affinity.as_ref()
}

impl<'a> NodeAffinity<'a> {
    /// For `pod`, where it requires anything.
    pub(in crate::scheduler) fn new(pod: &'a PodInfo) -> Option<Self> {
        let spec = pod.pod.spec.as_ref()?;
        let selector = spec
            .node_selector
            .as_ref()
            .filter(|selector| !selector.is_empty());
        let required = wish(pod)
            .and_then(|wish| {
                wish.required_during_scheduling_ignored_during_execution
                    .as_ref()
            })
            .map(node_terms);
        match (selector, &required) {
            (None, None) => None,
            _ => Some(NodeAffinity { selector, required }),
        }
    }

    /// Whether a node fulfils it.
    pub(in crate::scheduler) fn matches(&self, node: &NodeInfo) -> bool {
        let labels = node.labels();
        let selected = self.selector.is_none_or(|selector| {
            selector
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
        });
        selected
            && self
                .required
                .as_ref()
                .is_none_or(|terms| terms.iter().any(|term| term.matches(&node.name, labels)))
    }

    /// The only nodes worth a look, where every term names its nodes (as those of
    /// DaemonSets do); an error where the terms name none that all could mean.
    pub(in crate::scheduler) fn named_nodes(&self) -> Result<Option<BTreeSet<Name>>, Rejected> {
        let mut found: Option<BTreeSet<Name>> = None;
        for term in self.required.iter().flatten() {
            let Some(names) = term.names() else {
                return Ok(None);
            };
            let names = names.into_iter().map(Name::from);
            found.get_or_insert_default().extend(names);
        }
        match found {
            Some(names) if names.is_empty() => Err(Rejected::unresolvable(&CONFLICT)),
            found => Ok(found),
        }
    }
}

impl Filter for NodeAffinity<'_> {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected> {
        match self.matches(node) {
            true => Ok(()),
            false => Err(Rejected::unresolvable(&NO_MATCH)),
        }
    }
}

/// What a pod prefers of its node.
pub(in crate::scheduler) struct PreferredNodeAffinity {
    terms: Vec<(i64, NodeTerm)>,
}

impl PreferredNodeAffinity {
    /// For `pod`, where it prefers anything.
    pub(in crate::scheduler) fn new(pod: &PodInfo) -> Option<Self> {
        let preferred = wish(pod)?
            .preferred_during_scheduling_ignored_during_execution
            .as_ref()?;
        let terms: Vec<_> = preferred
            .iter()
            .map(|term| (i64::from(term.weight), NodeTerm::of(&term.preference)))
            .collect();
        (!terms.is_empty()).then_some(PreferredNodeAffinity { terms })
    }
}

impl Score for PreferredNodeAffinity {
    fn score(&self, node: &NodeInfo) -> i64 {
        let matching = self
            .terms
            .iter()
            .filter(|(_, term)| term.matches(&node.name, node.labels()));
        matching.map(|(weight, _)| weight).sum()
    }

    fn normalize(&self, _nodes: &[&NodeInfo], scores: &mut [i64]) {
        default_normalize(scores, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{info, pod};
    use serde_json::{Value, json};

    fn required(terms: Value) -> Value {
        json!({"containers": [], "affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}})
    }

    #[test]
    fn selector_and_required_terms_must_both_match() {
        let node = info(
            "n1",
            json!({"metadata": {"labels": {"disk": "ssd", "zone": "a"}}}),
        );
        let in_zone = |zone: &str| json!({"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]});
        let mut both = required(json!([in_zone("a")]));
        both["nodeSelector"] = json!({"disk": "hdd"});
        for (spec, fits) in [
            (
                json!({"containers": [], "nodeSelector": {"disk": "ssd"}}),
                true,
            ),
            (
                json!({"containers": [], "nodeSelector": {"disk": "hdd"}}),
                false,
            ),
            (required(json!([in_zone("b"), in_zone("a")])), true),
            (required(json!([in_zone("b")])), false),
            (required(json!([])), false),
            (both, false),
        ] {
            let pod = pod("p", spec.clone());
            let plugin = NodeAffinity::new(&pod).expect("it requires something");
            assert_eq!(plugin.filter(&node).is_ok(), fits, "{spec}");
        }
    }

    #[test]
    fn terms_by_name_narrow_the_search() {
        let named = |names: &[&str]| json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": names}]});
        let labelled = json!({"matchExpressions": [{"key": "a", "operator": "Exists"}]});
        let nodes = |terms: Value| {
            let pod = pod("p", required(terms));
            let plugin = NodeAffinity::new(&pod).expect("it requires something");
            plugin
                .named_nodes()
                .map(|found| found.map(|names| names.into_iter().collect::<Vec<_>>().join(",")))
        };
        assert_eq!(
            nodes(json!([named(&["n1"]), named(&["n2"])])),
            Ok(Some("n1,n2".into()))
        );
        assert_eq!(nodes(json!([named(&["n1"]), labelled])), Ok(None));
        let one = |name: &str| json!({"key": "metadata.name", "operator": "In", "values": [name]});
        let conflict = json!({"matchFields": [one("n1"), one("n2")]});
        assert_eq!(
            &*nodes(json!([conflict])).expect_err("no node").reasons[0],
            "pod affinity terms conflict"
        );
    }

    #[test]
    fn preferences_add_their_weights() {
        let term = |weight: i64, key: &str| json!({"weight": weight, "preference": {"matchExpressions": [{"key": key, "operator": "Exists"}]}});
        let spec = json!({"containers": [], "affinity": {"nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [term(1, "a"), term(99, "b")]}}});
        let plugin = PreferredNodeAffinity::new(&pod("p", spec)).expect("it prefers something");
        let node = |labels: Value| info("n", json!({"metadata": {"labels": labels}}));
        let mut scores = [
            plugin.score(&node(json!({"a": "1"}))),
            plugin.score(&node(json!({"a": "1", "b": "1"}))),
            plugin.score(&node(json!({}))),
        ];
        assert_eq!(scores, [1, 100, 0]);
        plugin.normalize(&[], &mut scores);
        assert_eq!(scores, [1, 100, 0]);
    }
}
