//! Required affinity and anti-affinity.

use super::Places;
use crate::scheduler::cache::Cache;
use crate::scheduler::framework::{Filter, Rejected, words};
use crate::scheduler::node_info::{GroupId, NodeInfo, TopologyKey};
use crate::scheduler::pod_info::{Group, PodInfo};
use crate::scheduler::selector::Labels;
use std::collections::BTreeMap;
use std::sync::Arc;

words! {
    NOT_NEAR = "node(s) didn't match pod affinity rules";
    TOO_NEAR = "node(s) didn't match pod anti-affinity rules";
    NOT_WANTED = "node(s) didn't satisfy existing pods anti-affinity rules";
}

/// The plugin for one pod.
pub(in crate::scheduler) struct InterPodAffinity<'a> {
    pod: &'a PodInfo,
    cache: &'a Cache,
    namespace_labels: Arc<Labels>,
    /// Pods that fulfil all terms of affinity.
    near: Places,
    /// Pods that terms of anti-affinity mean.
    far: Places,
    /// Pods there that do not want this one.
    unwelcome: Places,
}

/// What one pod of a group means to the pod.
#[derive(Default)]
struct Relation {
    near: bool,
    far: Vec<TopologyKey>,
    unwelcome: Vec<TopologyKey>,
}

impl<'a> InterPodAffinity<'a> {
    /// For `pod`, where affinity plays a part at all.
    pub(in crate::scheduler) fn new(pod: &'a PodInfo, cache: &'a Cache) -> Option<Self> {
        let own = &pod.group.terms;
        let has_own = !own.required.is_empty() || !own.required_anti.is_empty();
        if !has_own && !cache.any_affinity() {
            return None;
        }
        let mut plugin = InterPodAffinity {
            pod,
            cache,
            namespace_labels: cache.namespace_labels(&pod.key.namespace),
            near: Places::default(),
            far: Places::default(),
            unwelcome: Places::default(),
        };
        let relations: BTreeMap<GroupId, Relation> = cache
            .groups()
            .map(|(id, group)| (id, plugin.relation(group)))
            .filter(|(_, relation)| {
                relation.near || !relation.far.is_empty() || !relation.unwelcome.is_empty()
            })
            .collect();
        if !has_own && relations.is_empty() {
            return None;
        }
        if !relations.is_empty() {
            for node in cache.nodes() {
                for (id, count) in &node.groups {
                    if let Some(relation) = relations.get(id) {
                        plugin.add(relation, node, count.all);
                    }
                }
            }
        }
        Some(plugin)
    }

    fn relation(&self, group: &Group) -> Relation {
        let own = &self.pod.group.terms;
        let labels = self.cache.namespace_labels(&group.namespace);
        let keys =
            |terms: &[crate::scheduler::pod_info::PodTerm], group: &Group, labels: &Labels| {
                let meant = terms.iter().filter(|term| term.matches(group, labels));
                meant
                    .map(|term| term.topology_key.clone())
                    .collect::<Vec<_>>()
            };
        Relation {
            near: !own.required.is_empty()
                && own.required.iter().all(|term| term.matches(group, &labels)),
            far: keys(&own.required_anti, group, &labels),
            unwelcome: keys(
                &group.terms.required_anti,
                &self.pod.group,
                &self.namespace_labels,
            ),
        }
    }

    fn add(&mut self, relation: &Relation, node: &NodeInfo, count: i64) {
        if relation.near {
            for term in &self.pod.group.terms.required {
                self.near.add(&term.topology_key, node, count);
            }
        }
        for key in &relation.far {
            self.far.add(key, node, count);
        }
        for key in &relation.unwelcome {
            self.unwelcome.add(key, node, count);
        }
    }

    fn is_near(&self, node: &NodeInfo) -> bool {
        let required = &self.pod.group.terms.required;
        let mut all = true;
        for term in required {
            match self.near.at(&term.topology_key, node) {
                None => return false,
                Some(count) => all &= count > 0,
            }
        }
        // The first of a set that wants to be together may go anywhere.
        let itself = || {
            required
                .iter()
                .all(|term| term.matches(&self.pod.group, &self.namespace_labels))
        };
        all || self.near.is_empty() && itself()
    }
}

impl Filter for InterPodAffinity<'_> {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected> {
        let crowded = |places: &Places| {
            let mut keys = places.keys();
            keys.any(|key| places.at(key, node).is_some_and(|count| count > 0))
        };
        if !self.is_near(node) {
            return Err(Rejected::unresolvable(&NOT_NEAR));
        }
        if crowded(&self.far) {
            return Err(Rejected::resolvable(&TOO_NEAR));
        }
        if crowded(&self.unwelcome) {
            return Err(Rejected::resolvable(&NOT_WANTED));
        }
        Ok(())
    }

    fn pod_moved(&mut self, pod: &PodInfo, node: &NodeInfo, added: bool) {
        let relation = self.relation(&pod.group);
        self.add(&relation, node, if added { 1 } else { -1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{labelled, node};
    use serde_json::{Value, json};

    fn term(app: &str, key: &str) -> Value {
        json!({"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key})
    }

    fn app(name: &str, kind: &str, terms: Value) -> Arc<PodInfo> {
        let affinity = match kind {
            "" => json!({}),
            kind => json!({kind: {"requiredDuringSchedulingIgnoredDuringExecution": terms}}),
        };
        let spec = json!({"containers": [], "affinity": affinity});
        labelled(
            name,
            json!({"app": name.trim_end_matches(char::is_numeric)}),
            spec,
        )
    }

    fn cluster(pods: &[(Arc<PodInfo>, &str)]) -> Cache {
        let mut cache = Cache::default();
        for (name, zone) in [
            ("n1", Some("a")),
            ("n2", Some("a")),
            ("n3", Some("b")),
            ("n4", None),
        ] {
            cache.set_node(&node(name, json!({"metadata": {"labels": {"zone": zone}}})));
        }
        for (pod, node) in pods {
            cache.add_pod(pod.clone(), node);
        }
        cache
    }

    fn verdicts(cache: &Cache, pod: &PodInfo) -> String {
        let plugin = InterPodAffinity::new(pod, cache);
        let verdict = |node: &Arc<NodeInfo>| match plugin.as_ref().map(|plugin| plugin.filter(node))
        {
            None => "skip",
            Some(Ok(())) => "fits",
            Some(Err(no)) if no.unresolvable => "not-near",
            Some(Err(no)) if no.reasons == [TOO_NEAR.clone()] => "too-near",
            Some(Err(_)) => "not-wanted",
        };
        cache.nodes().map(verdict).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn required_terms_hold_both_ways() {
        let (near, far) = ("podAffinity", "podAntiAffinity");
        let db = || app("db", "", json!([]));
        let web = |kind: &str, terms: Value| app("web", kind, terms);
        let hermit = || app("hermit", far, json!([term("web", "zone")]));
        for (there, pod, expected) in [
            (vec![], web("", json!([])), "skip skip skip skip"),
            (
                vec![(db(), "n1")],
                web("", json!([])),
                "skip skip skip skip",
            ),
            (
                vec![(db(), "n1")],
                web(near, json!([term("db", "zone")])),
                "fits fits not-near not-near",
            ),
            (
                vec![],
                web(near, json!([term("db", "zone")])),
                "not-near not-near not-near not-near",
            ),
            (
                vec![],
                web(near, json!([term("web", "zone")])),
                "fits fits fits not-near",
            ),
            (
                vec![(db(), "n1")],
                web(far, json!([term("db", "zone")])),
                "too-near too-near fits fits",
            ),
            (
                vec![(db(), "n1")],
                web(far, json!([term("db", "kubernetes.io/hostname")])),
                "too-near fits fits fits",
            ),
            (
                vec![(hermit(), "n1")],
                web("", json!([])),
                "not-wanted not-wanted fits fits",
            ),
            (vec![(hermit(), "n1")], db(), "skip skip skip skip"),
            (
                vec![(db(), "n1"), (app("cache", "", json!([])), "n3")],
                web(near, json!([term("db", "zone"), term("cache", "zone")])),
                "not-near not-near not-near not-near",
            ),
        ] {
            assert_eq!(
                verdicts(&cluster(&there), &pod),
                expected,
                "{:?}",
                pod.pod.spec
            );
        }
    }

    #[test]
    fn other_namespaces_are_meant_only_where_named() {
        let mut cache = cluster(&[(app("db", "", json!([])), "n1")]);
        cache.namespaces.insert(
            "default".into(),
            Arc::new([("team".to_owned(), "a".to_owned())].into()),
        );
        let elsewhere = |more: Value| {
            let mut term = term("db", "zone");
            json_patch::merge(&mut term, &more);
            let pod = app("web", "podAntiAffinity", json!([term]));
            let mut pod = (*pod.pod).clone();
            pod.metadata.namespace = Some("other".to_owned());
            PodInfo::of(Arc::new(pod))
        };
        for (more, expected) in [
            (json!({}), "fits fits fits fits"),
            (
                json!({"namespaces": ["default"]}),
                "too-near too-near fits fits",
            ),
            (
                json!({"namespaceSelector": {}}),
                "too-near too-near fits fits",
            ),
            (
                json!({"namespaceSelector": {"matchLabels": {"team": "a"}}}),
                "too-near too-near fits fits",
            ),
            (
                json!({"namespaceSelector": {"matchLabels": {"team": "b"}}}),
                "fits fits fits fits",
            ),
        ] {
            assert_eq!(
                verdicts(&cache, &elsewhere(more.clone())),
                expected,
                "{more}"
            );
        }
    }
}
