//! Selectors, parsed once: label selectors of pods and node selectors.

use crate::api::LabelSelector;
use crate::api::core::{NodeSelector, NodeSelectorTerm};
use std::collections::BTreeMap;

/// Labels as objects carry them.
pub(super) type Labels = BTreeMap<String, String>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
    Gt(i64),
    Lt(i64),
    /// An operator or value that cannot be read selects nothing.
    Never,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

impl Requirement {
    fn new(key: &str, operator: &str, values: Option<&Vec<String>>) -> Self {
        let values = values.cloned().unwrap_or_default();
        let number = || match values.as_slice() {
            [value] => value.parse().ok(),
            _ => None,
        };
        let test = match operator {
            "In" => Test::In(values),
            "NotIn" => Test::NotIn(values),
            "Exists" => Test::Exists,
            "DoesNotExist" => Test::DoesNotExist,
            "Gt" => number().map_or(Test::Never, Test::Gt),
            "Lt" => number().map_or(Test::Never, Test::Lt),
            _ => Test::Never,
        };
        Requirement {
            key: key.to_owned(),
            test,
        }
    }

    fn matches(&self, value: Option<&str>) -> bool {
        let number = |value: &str| value.parse::<i64>().ok();
        match &self.test {
            Test::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            Test::NotIn(values) => {
                !value.is_some_and(|value| values.iter().any(|one| one == value))
            }
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
            Test::Gt(than) => value.and_then(number).is_some_and(|value| value > *than),
            Test::Lt(than) => value.and_then(number).is_some_and(|value| value < *than),
            Test::Never => false,
        }
    }
}

/// A label selector. `None` of the API selects nothing, an empty one everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selector {
    nothing: bool,
    requirements: Vec<Requirement>,
}

impl Selector {
    /// Selects nothing at all.
    pub(super) fn nothing() -> Self {
        Selector {
            nothing: true,
            requirements: Vec::new(),
        }
    }

    /// Selects by equality, as Services do.
    pub(super) fn equal(labels: &Labels) -> Self {
        let requirements = labels
            .iter()
            .map(|(key, value)| Requirement::new(key, "In", Some(&vec![value.clone()])))
            .collect();
        Selector {
            nothing: false,
            requirements,
        }
    }

    /// A label selector of the API.
    pub(super) fn of(selector: Option<&LabelSelector>) -> Self {
        let Some(selector) = selector else {
            return Selector::nothing();
        };
        let mut parsed = Selector::equal(&selector.match_labels.clone().unwrap_or_default());
        for one in selector.match_expressions.iter().flatten() {
            let requirement = Requirement::new(&one.key, &one.operator, one.values.as_ref());
            parsed.requirements.push(requirement);
        }
        parsed
    }

    /// Asks for `other` as well.
    pub(super) fn and(&mut self, other: Selector) {
        self.nothing |= other.nothing;
        self.requirements.extend(other.requirements);
    }

    /// Whether it asks for nothing in particular.
    pub(super) fn is_empty(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }

    /// Whether these labels are selected.
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        !self.nothing
            && self
                .requirements
                .iter()
                .all(|one| one.matches(labels.get(&one.key).map(String::as_str)))
    }
}

/// One term of a node selector: labels and fields, all of which must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NodeTerm {
    labels: Vec<Requirement>,
    names: Vec<Requirement>,
}

impl NodeTerm {
    /// A term of the API.
    pub(super) fn of(term: &NodeSelectorTerm) -> Self {
        let labels = term.match_expressions.iter().flatten();
        let fields = term.match_fields.iter().flatten();
        NodeTerm {
            labels: labels
                .map(|one| Requirement::new(&one.key, &one.operator, one.values.as_ref()))
                .collect(),
            // metadata.name is the only field that upstream knows.
            names: fields
                .map(|one| match one.key.as_str() {
                    "metadata.name" => {
                        Requirement::new(&one.key, &one.operator, one.values.as_ref())
                    }
                    _ => Requirement::new(&one.key, "", None),
                })
                .collect(),
        }
    }

    /// Whether it asks for nothing; such a term matches no node.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.names.is_empty()
    }

    /// Whether a node matches.
    pub(super) fn matches(&self, name: &str, labels: &Labels) -> bool {
        !self.is_empty()
            && self
                .labels
                .iter()
                .all(|one| one.matches(labels.get(&one.key).map(String::as_str)))
            && self.names.iter().all(|one| one.matches(Some(name)))
    }

    /// The node names that it is bound to, where it names any.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        let mut found: Option<Vec<&str>> = None;
        for one in &self.names {
            let Test::In(values) = &one.test else {
                continue;
            };
            let values = values.iter().map(String::as_str);
            found = Some(match found {
                None => values.collect(),
                Some(before) => values.filter(|name| before.contains(name)).collect(),
            });
        }
        found
    }
}

/// A node selector: any of its terms.
pub(super) fn node_terms(selector: &NodeSelector) -> Vec<NodeTerm> {
    selector
        .node_selector_terms
        .iter()
        .map(NodeTerm::of)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn node_terms_match_as_upstream() {
        let node = labels(&[("zone", "a"), ("cores", "8"), ("name", "x")]);
        for (expression, matches) in [
            (
                json!({"key": "zone", "operator": "In", "values": ["a", "b"]}),
                true,
            ),
            (
                json!({"key": "zone", "operator": "In", "values": ["b"]}),
                false,
            ),
            (
                json!({"key": "zone", "operator": "NotIn", "values": ["b"]}),
                true,
            ),
            (
                json!({"key": "none", "operator": "NotIn", "values": ["b"]}),
                true,
            ),
            (json!({"key": "zone", "operator": "Exists"}), true),
            (json!({"key": "none", "operator": "DoesNotExist"}), true),
            (json!({"key": "zone", "operator": "DoesNotExist"}), false),
            (
                json!({"key": "cores", "operator": "Gt", "values": ["4"]}),
                true,
            ),
            (
                json!({"key": "cores", "operator": "Gt", "values": ["8"]}),
                false,
            ),
            (
                json!({"key": "cores", "operator": "Lt", "values": ["9"]}),
                true,
            ),
            (
                json!({"key": "zone", "operator": "Gt", "values": ["4"]}),
                false,
            ),
            (
                json!({"key": "cores", "operator": "Gt", "values": ["four"]}),
                false,
            ),
            (
                json!({"key": "zone", "operator": "Near", "values": ["a"]}),
                false,
            ),
        ] {
            let term =
                serde_json::from_value(json!({"matchExpressions": [expression]})).expect("a term");
            assert_eq!(
                NodeTerm::of(&term).matches("n1", &node),
                matches,
                "{expression}"
            );
        }
        let field = |name: &str| {
            let value = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]});
            NodeTerm::of(&serde_json::from_value(value).expect("a term"))
        };
        assert!(field("n1").matches("n1", &node));
        assert!(!field("n2").matches("n1", &node));
        assert!(!NodeTerm::of(&NodeSelectorTerm::default()).matches("n1", &node));
    }

    #[test]
    fn label_selectors_match_as_upstream() {
        let pod = labels(&[("app", "web")]);
        assert!(!Selector::of(None).matches(&pod));
        assert!(Selector::of(Some(&LabelSelector::default())).matches(&pod));
        let selector =
            |value| Selector::of(Some(&serde_json::from_value(value).expect("a selector")));
        assert!(selector(json!({"matchLabels": {"app": "web"}})).matches(&pod));
        assert!(!selector(json!({"matchLabels": {"app": "db"}})).matches(&pod));
        assert!(
            selector(
                json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]})
            )
            .matches(&pod)
        );
    }
}
