//! Objects as trees of fields: which fields one has, what differs between two,
//! two merged, some removed (upstream: `structured-merge-diff/typed`).

use super::set::{Set, field_step, shown};
use crate::api::schema::tree::{Merge, Place};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The step to an element of a list; nothing where it cannot be told apart.
fn item_step(place: &Place<'_>, merge: &Merge, item: &Value) -> Option<String> {
    match merge {
        Merge::Set => Some(format!("v:{item}")),
        Merge::Keys(keys) => {
            let element = place.item();
            let mut found = Map::new();
            for key in keys {
                let value = item.get(key).cloned().or_else(|| element.default_of(key));
                if let Some(value) = value {
                    found.insert(key.clone(), value);
                }
            }
            (!found.is_empty()).then(|| format!("k:{}", Value::Object(found)))
        }
        _ => None,
    }
}

/// Every field that a value has.
pub fn fields(place: &Place<'_>, value: &Value) -> Set {
    let mut set = Set::default();
    collect(place, value, &mut set);
    set.member = false;
    set
}

fn collect(place: &Place<'_>, value: &Value, set: &mut Set) {
    let merge = place.merge(value);
    match (&merge, value) {
        (Merge::Scalar(_) | Merge::Atomic, _) => set.member = true,
        (Merge::Fields | Merge::Map, Value::Object(map)) => {
            for (key, value) in map {
                let Some(below) = place.field(key) else {
                    continue;
                };
                let child = set.children.entry(field_step(key)).or_default();
                collect(&below, value, child);
                let empty = value.as_object().is_some_and(Map::is_empty);
                child.member |= value.is_null() || empty || !place.declares(key);
            }
            set.children.retain(|_, child| !child.is_empty());
        }
        (Merge::Set | Merge::Keys(_), Value::Array(items)) => {
            for item in items {
                if let Some(step) = item_step(place, &merge, item) {
                    let child = set.children.entry(step).or_default();
                    collect(&place.item(), item, child);
                    child.member = true;
                }
            }
        }
        _ => {}
    }
}

/// What differs between two values.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Fields that only the second has.
    pub added: Set,
    /// Fields with another value in the second.
    pub modified: Set,
    /// Fields that only the first has.
    pub removed: Set,
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    /// Without the places of `ignored` and below.
    pub fn without_trees(&self, ignored: &Set) -> Comparison {
        Comparison {
            added: self.added.without_trees(ignored),
            modified: self.modified.without_trees(ignored),
            removed: self.removed.without_trees(ignored),
        }
    }
}

/// Compares two values at a place.
pub fn compare(place: &Place<'_>, old: &Value, new: &Value) -> Comparison {
    let mut comparer = Comparer::default();
    comparer.compare(place, Some(old), Some(new));
    comparer.found
}

#[derive(Default)]
struct Comparer {
    found: Comparison,
    path: Vec<String>,
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        _ => false,
    }
}

impl Comparer {
    fn compare(&mut self, place: &Place<'_>, old: Option<&Value>, new: Option<&Value>) {
        if old == new {
            return;
        }
        let sample = match new {
            Some(Value::Null) | None => old,
            new => new,
        };
        let merge = place.merge(sample.unwrap_or(&Value::Null));
        let leaf = match &merge {
            Merge::Scalar(_) | Merge::Atomic => true,
            // The difference between empty and null stays visible.
            _ => is_empty(old) && is_empty(new),
        };
        if leaf {
            return self.leaf(old, new);
        }
        match merge {
            Merge::Set | Merge::Keys(_) => self.items(place, &merge, old, new),
            _ => self.entries(place, old, new),
        }
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            _ => {}
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (old, new) if old != new => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    fn entries(&mut self, place: &Place<'_>, old: Option<&Value>, new: Option<&Value>) {
        let (old, new) = (
            old.and_then(Value::as_object),
            new.and_then(Value::as_object),
        );
        let keys: BTreeSet<&String> = [old, new]
            .into_iter()
            .flatten()
            .flat_map(Map::keys)
            .collect();
        for key in keys {
            let below = place.field(key).unwrap_or(Place::Deduced);
            self.path.push(field_step(key));
            let of =
                |map: Option<&'_ Map<String, Value>>| map.and_then(|map| map.get(key)).cloned();
            let (before, after) = (of(old), of(new));
            self.compare(&below, before.as_ref(), after.as_ref());
            self.path.pop();
        }
    }

    fn items(
        &mut self,
        place: &Place<'_>,
        merge: &Merge,
        old: Option<&Value>,
        new: Option<&Value>,
    ) {
        let (old, new) = (by_step(place, merge, old), by_step(place, merge, new));
        let steps: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for step in steps {
            let (before, after) = (old.get(step), new.get(step));
            self.path.push(step.clone());
            match (before.map(Vec::as_slice), after.map(Vec::as_slice)) {
                (Some([before]), Some([after])) => {
                    self.compare(&place.item(), Some(before), Some(after));
                }
                (Some([before]), None) => self.compare(&place.item(), Some(before), None),
                (None, Some([after])) => self.compare(&place.item(), None, Some(after)),
                // Elements that are there more than once are one value together.
                (before, after) => {
                    let whole = |items: Option<&[&Value]>| {
                        let items = items?.iter().map(|item| (*item).clone());
                        Some(Value::Array(items.collect()))
                    };
                    self.leaf(whole(before).as_ref(), whole(after).as_ref());
                }
            }
            self.path.pop();
        }
    }
}

fn by_step<'v>(
    place: &Place<'_>,
    merge: &Merge,
    list: Option<&'v Value>,
) -> BTreeMap<String, Vec<&'v Value>> {
    let mut found: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for item in list.and_then(Value::as_array).into_iter().flatten() {
        if let Some(step) = item_step(place, merge, item) {
            found.entry(step).or_default().push(item);
        }
    }
    found
}

/// What an applied configuration makes of a value: fields of the configuration go
/// before those that were there.
pub fn merge(place: &Place<'_>, old: &Value, new: &Value) -> Value {
    let how = place.merge(new);
    match (&how, old, new) {
        (Merge::Fields | Merge::Map, Value::Object(before), Value::Object(after)) => {
            let mut merged = before.clone();
            for (key, value) in after {
                let below = place.field(key).unwrap_or(Place::Deduced);
                let value = match before.get(key) {
                    Some(before) => merge(&below, before, value),
                    None => value.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        (Merge::Set | Merge::Keys(_), Value::Array(before), Value::Array(after)) => {
            Value::Array(merge_items(place, &how, before, after))
        }
        _ => new.clone(),
    }
}

/// The elements of both lists: in the order of the configuration, with those that
/// only the object has where they were among them.
fn merge_items(place: &Place<'_>, how: &Merge, old: &[Value], new: &[Value]) -> Vec<Value> {
    let steps = |items: &[Value]| -> Vec<Option<String>> {
        items
            .iter()
            .map(|item| item_step(place, how, item))
            .collect()
    };
    let (old_steps, new_steps) = (steps(old), steps(new));
    let in_new = |step: &Option<String>| step.is_some() && new_steps.contains(step);
    let of_old = |step: &Option<String>| {
        let at = old_steps
            .iter()
            .position(|old| old.is_some() && old == step);
        at.and_then(|at| old.get(at))
    };
    let together = |step: &Option<String>, item: &Value| match of_old(step) {
        Some(before) => merge(&place.item(), before, item),
        None => item.clone(),
    };
    let mut shared = new_steps
        .iter()
        .filter(|step| old_steps.contains(*step) && step.is_some());
    let mut next_shared = shared.next();
    let mut merged_new: BTreeSet<String> = BTreeSet::new();
    let mut out = Vec::with_capacity(old.len().max(new.len()));
    let (mut at_old, mut at_new) = (0, 0);
    while at_old < old.len() || at_new < new.len() {
        let step = old_steps.get(at_old);
        if let (Some(step), Some(wanted), Some(item)) =
            (step, new_steps.get(at_new), new.get(at_new))
        {
            if step.is_some() && step == wanted {
                merged_new.extend(step.clone());
                out.push(together(step, item));
                at_old += 1;
                at_new += 1;
                next_shared = shared.next();
                continue;
            }
            if in_new(step) && next_shared.is_some_and(|next| next != step) {
                // Shared, and not the one whose turn it is.
                at_old += 1;
                continue;
            }
        }
        if let (Some(step), Some(item)) = (step, old.get(at_old)) {
            if !in_new(step) {
                out.push(item.clone());
                at_old += 1;
                continue;
            }
            if step.as_ref().is_some_and(|step| merged_new.contains(step)) {
                at_old += 1;
            }
        }
        if let (Some(step), Some(item)) = (new_steps.get(at_new), new.get(at_new)) {
            merged_new.extend(step.clone());
            out.push(together(step, item));
            at_new += 1;
            if next_shared.is_some_and(|next| next == step) {
                next_shared = shared.next();
            }
        }
    }
    out
}

/// The value without the places of a set; null where nothing is left of it.
pub fn remove(place: &Place<'_>, value: &Value, gone: &Set) -> Value {
    let how = place.merge(value);
    match (&how, value) {
        (Merge::Fields | Merge::Map, Value::Object(map)) => {
            let mut left = Map::new();
            for (key, value) in map {
                match gone.child(&field_step(key)) {
                    Some(gone) if gone.member => {}
                    Some(gone) => {
                        let below = place.field(key).unwrap_or(Place::Deduced);
                        left.insert(key.clone(), remove(&below, value, gone));
                    }
                    None => drop(left.insert(key.clone(), value.clone())),
                }
            }
            match left.is_empty() {
                true => Value::Null,
                false => Value::Object(left),
            }
        }
        (Merge::Set | Merge::Keys(_), Value::Array(items)) => {
            let left: Vec<Value> = items
                .iter()
                .filter_map(|item| {
                    let step = item_step(place, &how, item);
                    match step.and_then(|step| gone.child(&step)) {
                        Some(gone) if gone.member => None,
                        Some(gone) => Some(remove(&place.item(), item, gone)),
                        None => Some(item.clone()),
                    }
                })
                .collect();
            match left.is_empty() {
                true => Value::Null,
                false => Value::Array(left),
            }
        }
        (Merge::Scalar(_), value) => value.clone(),
        _ => Value::Null,
    }
}

/// The set with every declared field above a member in it as well
/// (`EnsureNamedFieldsAreMembers`).
pub fn with_fields_above(place: &Place<'_>, set: &Set) -> Set {
    let mut whole = set.clone();
    for (step, below) in &mut whole.children {
        let inner = match step.strip_prefix("f:") {
            Some(name) => {
                below.member |= place.declares(name);
                place.field(name).unwrap_or(Place::Deduced)
            }
            None => place.item(),
        };
        *below = with_fields_above(&inner, below);
    }
    whole
}

/// Why a configuration is not of its schema.
pub fn check(place: &Place<'_>, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check_at(place, value, "", &mut faults);
    faults
}

fn check_at(place: &Place<'_>, value: &Value, path: &str, faults: &mut Vec<String>) {
    use crate::api::schema::tree::Scalar;
    if value.is_null() {
        return;
    }
    let how = place.merge(value);
    let mut say = |text: String| faults.push(format!("{path}: {text}"));
    match (&how, value) {
        (Merge::Scalar(Scalar::Text), Value::String(_))
        | (Merge::Scalar(Scalar::Bool), Value::Bool(_))
        | (Merge::Scalar(Scalar::Number), Value::Number(_))
        | (Merge::Scalar(Scalar::Any), Value::String(_) | Value::Number(_) | Value::Bool(_)) => {}
        (Merge::Scalar(Scalar::Number), other) => {
            say(format!(
                "expected numeric (int or float), got {}",
                held(other)
            ));
        }
        (Merge::Scalar(Scalar::Text), other) => {
            say(format!("expected string, got {}", printed(other)));
        }
        (Merge::Scalar(Scalar::Bool), other) => {
            say(format!("expected boolean, got {}", printed(other)));
        }
        (Merge::Scalar(Scalar::Any), other) => {
            say(format!("expected any scalar, got {}", printed(other)));
        }
        (Merge::Fields | Merge::Map, Value::Object(map)) => {
            check_entries(place, map, path, faults);
        }
        (Merge::Fields | Merge::Map, other) => {
            say(format!("expected map, got {}", printed(other)));
        }
        (Merge::Set | Merge::Keys(_), Value::Array(items)) => {
            check_items(place, &how, items, path, faults);
        }
        (Merge::Set | Merge::Keys(_), other) => {
            say(format!("expected list, got {}", printed(other)));
        }
        (Merge::Atomic, value) => check_whole(place, value, path, faults),
    }
}

/// Atomic lists and maps must be of their schema too.
fn check_whole(place: &Place<'_>, value: &Value, path: &str, faults: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_at(&place.item(), item, &format!("{path}[{index}]"), faults);
            }
        }
        Value::Object(map) => check_entries(place, map, path, faults),
        other => faults.push(format!("{path}: expected list, got {}", printed(other))),
    }
}

/// What is not declared is told after the faults inside what is.
fn check_entries(
    place: &Place<'_>,
    map: &Map<String, Value>,
    path: &str,
    faults: &mut Vec<String>,
) {
    let mut unknown = Vec::new();
    for (key, value) in map {
        let path = format!("{path}.{key}");
        match place.field(key) {
            Some(below) => check_at(&below, value, &path, faults),
            None => unknown.push(format!("{path}: field not declared in schema")),
        }
    }
    faults.append(&mut unknown);
}

fn check_items(
    place: &Place<'_>,
    how: &Merge,
    items: &[Value],
    path: &str,
    faults: &mut Vec<String>,
) {
    let mut seen = BTreeSet::new();
    let element = place.item();
    for (index, item) in items.iter().enumerate() {
        let Some(step) = item_step(place, how, item) else {
            let keys = match how {
                Merge::Keys(keys) => crate::api::decode::go_text(&Value::from(keys.clone())),
                _ => String::new(),
            };
            faults.push(format!(
                "{path}: element {index}: associative list with keys has an element that omits all key fields {keys:?} (and doesn't have default values for any key fields)"
            ));
            continue;
        };
        let named = shown(&step);
        if !seen.insert(step) {
            faults.push(format!("{path}: duplicate entries for key {named}"));
        }
        check_at(&element, item, &format!("{path}{named}"), faults);
    }
}

/// What upstream's walker calls a value of the wrong kind.
fn held(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
        Value::Number(_) => "int",
        Value::Null => "null",
    }
}

fn printed(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("{text:?}"),
        Value::Array(_) | Value::Object(_) => {
            return format!(
                "&value.valueUnstructured{{Value:{}}}",
                crate::api::decode::go_syntax(value)
            );
        }
        other => other.to_string(),
    };
    format!("&value.valueUnstructured{{Value:{text}}}")
}
