//! Sets of fields, as `managedFields` writes them (upstream:
//! `structured-merge-diff/fieldpath`).

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A set of places in an object. Steps are kept as FieldsV1 writes them:
/// `f:spec`, `k:{"name":"a"}`, `v:"x"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// Whether the place where this set begins belongs to it.
    pub member: bool,
    /// What lies below.
    pub children: BTreeMap<String, Set>,
}

impl Set {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        !self.member && self.children.values().all(Set::is_empty)
    }

    /// The set of these paths, written as steps with dots (`f:metadata.f:name`).
    pub fn of(paths: &[&str]) -> Set {
        let mut set = Set::default();
        for path in paths {
            let mut here = &mut set;
            for step in path.split('.') {
                here = here.children.entry(step.to_owned()).or_default();
            }
            here.member = true;
        }
        set
    }

    /// Adds the place where this set begins.
    pub fn insert(&mut self, path: &[String]) {
        let mut here = self;
        for step in path {
            here = here.children.entry(step.clone()).or_default();
        }
        here.member = true;
    }

    /// What lies below a step.
    pub fn child(&self, step: &str) -> Option<&Set> {
        self.children.get(step)
    }

    /// In either.
    pub fn union(&self, other: &Set) -> Set {
        let mut joined = self.clone();
        joined.member |= other.member;
        for (step, below) in &other.children {
            match joined.children.get_mut(step) {
                Some(own) => *own = own.union(below),
                None => drop(joined.children.insert(step.clone(), below.clone())),
            }
        }
        joined
    }

    /// In this one only.
    pub fn difference(&self, other: &Set) -> Set {
        let children = self.children.iter().filter_map(|(step, below)| {
            let left = match other.children.get(step) {
                Some(other) => below.difference(other),
                None => below.clone(),
            };
            (!left.is_empty()).then(|| (step.clone(), left))
        });
        Set {
            member: self.member && !other.member,
            children: children.collect(),
        }
    }

    /// In both.
    pub fn intersection(&self, other: &Set) -> Set {
        let children = self.children.iter().filter_map(|(step, below)| {
            let both = below.intersection(other.children.get(step)?);
            (!both.is_empty()).then(|| (step.clone(), both))
        });
        Set {
            member: self.member && other.member,
            children: children.collect(),
        }
    }

    /// Without the places of `other` and all that lies below them.
    pub fn without_trees(&self, other: &Set) -> Set {
        let children = self.children.iter().filter_map(|(step, below)| {
            let left = match other.children.get(step) {
                Some(other) if other.member => return None,
                Some(other) => below.without_trees(other),
                None => below.clone(),
            };
            (!left.is_empty()).then(|| (step.clone(), left))
        });
        Set {
            member: self.member,
            children: children.collect(),
        }
    }

    /// Only what `other` has, or has above.
    pub fn within_trees(&self, other: &Set) -> Set {
        let children = self.children.iter().filter_map(|(step, below)| {
            let left = match other.children.get(step)? {
                other if other.member => below.clone(),
                other => below.within_trees(other),
            };
            (!left.is_empty()).then(|| (step.clone(), left))
        });
        Set {
            member: self.member && other.member,
            children: children.collect(),
        }
    }

    /// As FieldsV1.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        if self.member && !self.children.is_empty() {
            map.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (step, below) in &self.children {
            map.insert(step.clone(), below.to_json());
        }
        Value::Object(map)
    }

    /// From FieldsV1; nothing where it is none.
    pub fn from_json(value: &Value) -> Option<Set> {
        let mut set = Set::read(value)?;
        set.member = false;
        Some(set)
    }

    fn read(value: &Value) -> Option<Set> {
        let map = value.as_object()?;
        let mut set = Set {
            member: map.is_empty(),
            children: BTreeMap::new(),
        };
        for (step, below) in map {
            match step.as_str() {
                "." => set.member = true,
                _ if is_step(step) => drop(set.children.insert(step.clone(), Set::read(below)?)),
                _ => return None,
            }
        }
        Some(set)
    }

    /// All places, as messages name them: `.spec.containers[name="a"].image`.
    pub fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect("", &mut found);
        found
    }

    fn collect(&self, path: &str, found: &mut Vec<String>) {
        if self.member {
            found.push(path.to_owned());
        }
        for (step, below) in &self.children {
            below.collect(&format!("{path}{}", shown(step)), found);
        }
    }
}

fn is_step(step: &str) -> bool {
    matches!(
        step.split_at_checked(2),
        Some(("f:" | "k:" | "v:" | "i:", _))
    )
}

/// A step as messages name it.
pub fn shown(step: &str) -> String {
    let (kind, rest) = step.split_at_checked(2).unwrap_or(("f:", step));
    match kind {
        "k:" => {
            let keys: Value = serde_json::from_str(rest).unwrap_or_default();
            let keys = keys.as_object().into_iter().flatten();
            let keys: Vec<String> = keys.map(|(key, value)| format!("{key}={value}")).collect();
            format!("[{}]", keys.join(","))
        }
        "v:" => format!("[={rest}]"),
        "i:" => format!("[{rest}]"),
        _ => format!(".{rest}"),
    }
}

/// The step to a field or key.
pub fn field_step(name: &str) -> String {
    format!("f:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sets_are_written_and_read_as_fields_v1() {
        let fields = json!({
            "f:data": {".": {}, "f:a": {}},
            "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:image": {}}}},
            "f:metadata": {"f:finalizers": {"v:\"x/a\"": {}}},
        });
        let set = Set::from_json(&fields).expect("a set");
        assert_eq!(set.to_json(), fields);
        assert_eq!(
            set.paths(),
            [
                ".data",
                ".data.a",
                ".metadata.finalizers[=\"x/a\"]",
                ".spec.containers[name=\"a\"]",
                ".spec.containers[name=\"a\"].image",
            ]
        );
        assert_eq!(Set::from_json(&json!({"data": {}})), None);
    }

    #[test]
    fn sets_obey_their_laws() {
        let a = Set::of(&["f:a", "f:a.f:b", "f:c"]);
        let b = Set::of(&["f:a.f:b", "f:d"]);
        assert_eq!(a.union(&b), Set::of(&["f:a", "f:a.f:b", "f:c", "f:d"]));
        assert_eq!(a.difference(&b), Set::of(&["f:a", "f:c"]));
        assert_eq!(a.intersection(&b), Set::of(&["f:a.f:b"]));
        assert_eq!(a.without_trees(&Set::of(&["f:a"])), Set::of(&["f:c"]));
        assert_eq!(a.within_trees(&Set::of(&["f:c"])), Set::of(&["f:c"]));
    }
}
