//! Label selectors, and an index from a label to the objects that carry it.

use crate::api::meta::LabelSelectorRequirement;
use crate::api::{Key, LabelSelector, Name};
use std::collections::{BTreeMap, BTreeSet};

type Labels = BTreeMap<String, String>;

/// Whether `labels` hold every pair of `wanted`. Nothing wanted holds always.
pub(super) fn carries(labels: Option<&Labels>, wanted: &Labels) -> bool {
    wanted.iter().all(|(name, value)| {
        labels
            .and_then(|labels| labels.get(name))
            .is_some_and(|found| found == value)
    })
}

/// Whether a selector picks an object with these labels. As in
/// `LabelSelectorAsSelector`, an empty selector picks everything.
pub(super) fn matches(selector: &LabelSelector, labels: Option<&Labels>) -> bool {
    let pairs = selector
        .match_labels
        .as_ref()
        .is_none_or(|wanted| carries(labels, wanted));
    pairs
        && selector
            .match_expressions
            .iter()
            .flatten()
            .all(|requirement| meets(requirement, labels))
}

fn meets(requirement: &LabelSelectorRequirement, labels: Option<&Labels>) -> bool {
    let found = labels.and_then(|labels| labels.get(&requirement.key));
    let among = |value: &String| requirement.values.iter().flatten().any(|one| one == value);
    match requirement.operator.as_str() {
        "In" => found.is_some_and(among),
        "NotIn" => !found.is_some_and(among),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        _ => false,
    }
}

/// Whether a selector has no condition at all.
pub(super) fn selects_all(selector: &LabelSelector) -> bool {
    selector
        .match_labels
        .as_ref()
        .is_none_or(BTreeMap::is_empty)
        && selector
            .match_expressions
            .as_ref()
            .is_none_or(Vec::is_empty)
}

/// Which objects of a namespace carry a label.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelIndex {
    keys: BTreeMap<(Name, Name, Name), BTreeSet<Key>>,
    none: BTreeSet<Key>,
}

impl LabelIndex {
    pub(super) fn insert(&mut self, key: &Key, labels: &Labels) {
        for (name, value) in labels {
            let at = (
                key.namespace.clone(),
                name.as_str().into(),
                value.as_str().into(),
            );
            self.keys.entry(at).or_default().insert(key.clone());
        }
    }

    pub(super) fn remove(&mut self, key: &Key, labels: &Labels) {
        for (name, value) in labels {
            let at = (
                key.namespace.clone(),
                name.as_str().into(),
                value.as_str().into(),
            );
            if let Some(keys) = self.keys.get_mut(&at) {
                keys.remove(key);
                if keys.is_empty() {
                    self.keys.remove(&at);
                }
            }
        }
    }

    /// The objects that carry this label, by key.
    pub(super) fn with(
        &self,
        namespace: &str,
        name: &str,
        value: &str,
    ) -> impl Iterator<Item = &Key> {
        self.set(namespace, name, value).into_iter().flatten()
    }

    fn set(&self, namespace: &str, name: &str, value: &str) -> Option<&BTreeSet<Key>> {
        self.keys
            .get(&(namespace.into(), name.into(), value.into()))
    }

    /// The objects that carry the rarest of these labels: all that can carry
    /// every one. None where no label is asked for.
    pub(super) fn candidates(
        &self,
        namespace: &str,
        labels: &Labels,
    ) -> impl Iterator<Item = &Key> {
        labels
            .iter()
            .map(|(name, value)| self.set(namespace, name, value).unwrap_or(&self.none))
            .min_by_key(|keys| keys.len())
            .into_iter()
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Labels {
        text.split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn expressions_are_read_as_kubernetes_reads_them() {
        let requirement = |operator: &str, values: &[&str]| LabelSelector {
            match_expressions: Some(vec![LabelSelectorRequirement {
                key: "tier".to_owned(),
                operator: operator.to_owned(),
                values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
            }]),
            ..LabelSelector::default()
        };
        for (operator, values, on, picked) in [
            ("In", &["web", "db"][..], "tier=web", true),
            ("In", &["db"][..], "tier=web", false),
            ("NotIn", &["db"][..], "app=x", true),
            ("Exists", &[][..], "tier=web", true),
            ("DoesNotExist", &[][..], "tier=web", false),
        ] {
            let found = matches(&requirement(operator, values), Some(&labels(on)));
            assert_eq!(found, picked, "tier {operator} {values:?} on {on}");
        }
    }

    #[test]
    fn candidates_are_those_with_the_rarest_label() {
        let mut index = LabelIndex::default();
        for (name, on) in [("a", "app=web,tier=x"), ("b", "app=web"), ("c", "tier=x")] {
            index.insert(&Key::new("ns", name), &labels(on));
        }
        index.remove(&Key::new("ns", "c"), &labels("tier=x"));
        let found: Vec<_> = index
            .candidates("ns", &labels("app=web,tier=x"))
            .map(|key| key.name.to_string())
            .collect();
        assert_eq!(found, ["a"]);
    }
}
