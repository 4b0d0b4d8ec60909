//! The patch that client-side apply sends: what differs between the live object
//! and the manifest, and what the manifest no longer has of what was applied
//! last. As upstream's `CreateThreeWayMergePatch`, in strategic merge form.

use super::schema::{At, ListMerge};
use super::strategic::{DELETE_FROM_SET, ELEMENT_ORDER, PATCH, RETAIN_KEYS};
use crate::api::schema::TypeId;
use crate::sim::order::Order as _;
use serde_json::{Map, Value, json};

type JsonMap = Map<String, Value>;

/// Which half of the comparison is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    /// What was added and changed.
    Changes,
    /// What was deleted.
    Deletions,
}

/// The patch from `live` to `manifest`; `last` is the manifest as it was applied
/// last. An empty map where there is nothing to do.
pub fn three_way(ty: Option<TypeId>, last: &Value, manifest: &Value, live: &Value) -> Value {
    let empty = JsonMap::new();
    let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (last, manifest, live) = (map(last), map(manifest), map(live));
    let at = At::top(ty);
    let changes = Diff::new(Half::Changes, at).maps(&live, &manifest);
    let deletions = match last == empty {
        true => JsonMap::new(),
        false => Diff::new(Half::Deletions, at).maps(&last, &manifest),
    };
    Value::Object(combine(deletions, changes, at))
}

struct Diff {
    half: Half,
    at: At,
}

impl Diff {
    fn new(half: Half, at: At) -> Self {
        Diff { half, at }
    }

    fn below(&self, field: &str) -> Diff {
        Diff::new(self.half, self.at.below(field))
    }

    fn maps(&self, old: &JsonMap, new: &JsonMap) -> JsonMap {
        let mut patch = JsonMap::new();
        for (key, value) in new {
            match (old.get(key), value) {
                (Some(Value::Object(before)), Value::Object(after)) => {
                    let inner = self.below(key).maps(before, after);
                    if !inner.is_empty() {
                        patch.insert(key.clone(), Value::Object(inner));
                    }
                }
                (Some(Value::Array(before)), Value::Array(after)) => {
                    self.lists(key, before, after, &mut patch);
                }
                (Some(before), after) if before == after => {}
                _ if self.half == Half::Changes => drop(patch.insert(key.clone(), value.clone())),
                _ => {}
            }
        }
        if self.half == Half::Deletions {
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                patch.insert(key.clone(), Value::Null);
            }
        }
        if self.at.retains_keys() {
            let more_in_old = old.keys().any(|key| !new.contains_key(key));
            let mut kept: Vec<Value> = new
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, _)| key.as_str().into())
                .collect();
            if !kept.is_empty() && (!patch.is_empty() || more_in_old) {
                kept.order_by(|a, b| a.as_str().cmp(&b.as_str()));
                patch.insert(RETAIN_KEYS.to_owned(), Value::Array(kept));
            }
        }
        patch
    }

    fn lists(&self, field: &str, old: &[Value], new: &[Value], patch: &mut JsonMap) {
        match self.at.list(field) {
            ListMerge::Replace => {
                if self.half == Half::Changes && old != new {
                    patch.insert(field.to_owned(), Value::Array(new.to_vec()));
                }
            }
            ListMerge::Set => self.sets(field, old, new, patch),
            ListMerge::ByKey(key) => self.keyed_lists(field, key, old, new, patch),
        }
    }

    fn sets(&self, field: &str, old: &[Value], new: &[Value], patch: &mut JsonMap) {
        let missing = |from: &[Value], of: &[Value]| -> Vec<Value> {
            of.iter()
                .filter(|value| !from.contains(value))
                .cloned()
                .collect()
        };
        let ordered = match self.half {
            Half::Changes => {
                let added = missing(old, new);
                if !added.is_empty() {
                    patch.insert(field.to_owned(), Value::Array(added));
                }
                old != new
            }
            Half::Deletions => {
                let gone = missing(new, old);
                let any = !gone.is_empty();
                if any {
                    patch.insert(format!("{DELETE_FROM_SET}{field}"), Value::Array(gone));
                }
                any
            }
        };
        if ordered && !old.is_empty() {
            patch.insert(
                format!("{ELEMENT_ORDER}{field}"),
                Value::Array(new.to_vec()),
            );
        }
    }

    fn keyed_lists(
        &self,
        field: &str,
        key: &str,
        old: &[Value],
        new: &[Value],
        patch: &mut JsonMap,
    ) {
        if old.is_empty() {
            if self.half == Half::Changes && !new.is_empty() {
                patch.insert(field.to_owned(), Value::Array(new.to_vec()));
            }
            return;
        }
        let with_key = |list: &[Value], item: &Value| -> Option<Value> {
            let wanted = item.get(key)?;
            list.iter().find(|at| at.get(key) == Some(wanted)).cloned()
        };
        let mut changes = Vec::new();
        for item in new {
            match (with_key(old, item), item) {
                (Some(Value::Object(before)), Value::Object(after)) => {
                    let mut inner = self.below(field).maps(&before, after);
                    if let Some(value) = after.get(key).filter(|_| !inner.is_empty()) {
                        inner.insert(key.to_owned(), value.clone());
                        changes.push(Value::Object(inner));
                    }
                }
                _ if self.half == Half::Changes => changes.push(item.clone()),
                _ => {}
            }
        }
        if self.half == Half::Deletions {
            let gone = old.iter().filter(|item| with_key(new, item).is_none());
            changes.extend(gone.filter_map(|item| {
                let value = item.get(key)?;
                Some(json!({ PATCH: "delete", key: value }))
            }));
        }
        let keys = |list: &[Value]| -> Vec<Value> {
            list.iter()
                .filter_map(|item| item.get(key).cloned())
                .collect()
        };
        let reordered = self.half == Half::Changes && keys(old) != keys(new);
        if !changes.is_empty() || reordered {
            let order = keys(new).into_iter().map(|value| json!({ key: value }));
            patch.insert(
                format!("{ELEMENT_ORDER}{field}"),
                Value::Array(order.collect()),
            );
        }
        if !changes.is_empty() {
            patch.insert(field.to_owned(), Value::Array(changes));
        }
    }
}

/// Both halves in one patch. They concern different things, so nothing is lost.
fn combine(deletions: JsonMap, changes: JsonMap, at: At) -> JsonMap {
    let mut patch = deletions;
    for (key, value) in changes {
        let below = at.below(&key);
        let merged = match (patch.remove(&key), value) {
            (Some(Value::Object(gone)), Value::Object(new)) => {
                Value::Object(combine(gone, new, below))
            }
            (Some(Value::Array(gone)), Value::Array(new)) if !key.starts_with('$') => {
                match at.list(&key) {
                    ListMerge::ByKey(by) => Value::Array(combine_lists(gone, new, by, below)),
                    _ => Value::Array(new),
                }
            }
            (_, new) => new,
        };
        patch.insert(key, merged);
    }
    patch
}

fn combine_lists(gone: Vec<Value>, new: Vec<Value>, key: &str, at: At) -> Vec<Value> {
    let mut patch = new;
    for item in gone {
        let same = |it: &&mut Value| it.get(key).is_some() && it.get(key) == item.get(key);
        match (patch.iter_mut().find(same), &item) {
            (Some(Value::Object(new)), Value::Object(gone)) => {
                *new = combine(gone.clone(), std::mem::take(new), at);
            }
            _ => patch.push(item),
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::patch::strategic;
    use crate::api::{Kind, schema};

    fn of() -> Option<TypeId> {
        schema::of_kind(Kind::Deployment)
    }

    fn deployment(replicas: Option<i32>, containers: Value) -> Value {
        let mut object = json!({"spec": {"template": {"spec": {"containers": containers}}}});
        if let Some(replicas) = replicas {
            object["spec"]["replicas"] = json!(replicas);
        }
        object
    }

    #[test]
    fn only_what_the_manifest_says_is_compared() {
        let manifest = deployment(None, json!([{"name": "c", "image": "nginx"}]));
        let mut live = deployment(
            Some(5),
            json!([{"name": "c", "image": "nginx", "imagePullPolicy": "Always"}]),
        );
        live["status"] = json!({"replicas": 5});
        assert_eq!(three_way(of(), &manifest, &manifest, &live), json!({}));
    }

    #[test]
    fn what_left_the_manifest_is_deleted() {
        let last = deployment(
            Some(3),
            json!([{"name": "a", "image": "x", "args": ["1"]}, {"name": "b", "image": "x"}]),
        );
        let manifest = deployment(None, json!([{"name": "a", "image": "y"}]));
        let live = deployment(
            Some(3),
            json!([
                {"name": "a", "image": "x", "args": ["1"], "tty": true},
                {"name": "b", "image": "x"},
                {"name": "injected", "image": "z"},
            ]),
        );
        let patch = three_way(of(), &last, &manifest, &live);
        let patched = strategic::apply(of(), &live, &patch);
        let expected = deployment(
            None,
            json!([
                {"name": "a", "image": "y", "tty": true},
                {"name": "injected", "image": "z"},
            ]),
        );
        assert_eq!(patched, Ok(expected), "{patch}");
    }

    #[test]
    fn one_member_at_a_time_is_kept() {
        let strategy = |strategy: Value| json!({"spec": {"strategy": strategy}});
        let manifest = strategy(json!({"type": "Recreate"}));
        let live = strategy(json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}));
        let patch = three_way(of(), &json!({}), &manifest, &live);
        assert_eq!(
            patch,
            strategy(json!({"type": "Recreate", "$retainKeys": ["type"]}))
        );
        assert_eq!(strategic::apply(of(), &live, &patch), Ok(manifest));
    }
}
