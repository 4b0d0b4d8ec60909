//! Strategic merge patch (`k8s.io/apimachinery/pkg/util/strategicpatch`): maps
//! are merged, lists are merged by their key where the schema names one, and
//! directives say what merging cannot.

use super::PatchError;
use super::schema::{At, ListMerge};
use crate::api::schema::TypeId;
use crate::sim::order::Order as _;
use serde_json::{Map, Value};

pub(super) const PATCH: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const ELEMENT_ORDER: &str = "$setElementOrder/";
pub(super) const DELETE_FROM_SET: &str = "$deleteFromPrimitiveList/";

/// Applies `patch` to an object of a type of the table.
pub fn apply(ty: Option<TypeId>, document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let (Value::Object(document), Value::Object(patch)) = (document, patch) else {
        return Err(PatchError::Malformed(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            crate::api::decode::go_kind(patch)
        )));
    };
    merge_maps(document.clone(), patch.clone(), At::top(ty)).map(Value::Object)
}

type JsonMap = Map<String, Value>;

fn merge_maps(mut original: JsonMap, mut patch: JsonMap, at: At) -> Result<JsonMap, PatchError> {
    match patch.remove(PATCH) {
        Some(Value::String(directive)) if directive == "replace" => {
            return Ok(without_directives(patch));
        }
        Some(Value::String(directive)) if directive == "delete" => return Ok(JsonMap::new()),
        _ => {}
    }
    if let Some(Value::Array(keys)) = patch.remove(RETAIN_KEYS) {
        original.retain(|key, _| keys.iter().any(|kept| kept.as_str() == Some(key)));
    }
    put_lists_in_order(&mut original, &mut patch, at)?;
    for (key, value) in patch {
        if let Some(field) = key.strip_prefix(DELETE_FROM_SET) {
            delete_from_set(&mut original, field, &value);
            continue;
        }
        if key.starts_with('$') {
            continue;
        }
        if value.is_null() {
            original.remove(&key);
            continue;
        }
        let merged = match (original.remove(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                Value::Object(merge_below(old, new, at, &key)?)
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                Value::Array(merge_lists(old, new, at, &key)?)
            }
            // A directive for what is not there leaves nothing.
            (None, Value::Object(new)) if new.contains_key(PATCH) => continue,
            (None, Value::Object(new)) => {
                Value::Object(merge_below(JsonMap::new(), new, at, &key)?)
            }
            (None, Value::Array(new)) => Value::Array(merge_lists(Vec::new(), new, at, &key)?),
            (_, new) => new,
        };
        original.insert(key, merged);
    }
    Ok(original)
}

fn merge_below(old: JsonMap, new: JsonMap, at: At, key: &str) -> Result<JsonMap, PatchError> {
    merge_maps(old, new, at.below(key))
}

fn merge_lists(
    original: Vec<Value>,
    patch: Vec<Value>,
    at: At,
    field: &str,
) -> Result<Vec<Value>, PatchError> {
    match at.list(field) {
        ListMerge::Replace => Ok(patch.into_iter().map(plain).collect()),
        ListMerge::Set => {
            let mut merged = original.clone();
            for value in &patch {
                if !merged.contains(value) {
                    merged.push(value.clone());
                }
            }
            Ok(in_order(merged, &patch, &original, None))
        }
        ListMerge::ByKey(key) => merge_by_key(original, patch, at, field, key),
    }
}

fn merge_by_key(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    at: At,
    field: &str,
    key: &str,
) -> Result<Vec<Value>, PatchError> {
    let directive = |item: &Value| item.get(PATCH).and_then(Value::as_str).map(str::to_owned);
    let replaces = patch
        .iter()
        .any(|item| directive(item).as_deref() == Some("replace"));
    let mut changes = Vec::new();
    for item in patch {
        match directive(&item).as_deref() {
            Some("replace") if item.as_object().is_some_and(|item| item.len() == 1) => {}
            Some("delete") => {
                let wanted = key_of(&item, key)?.clone();
                original.retain(|old| old.get(key) != Some(&wanted));
            }
            _ => changes.push(item),
        }
    }
    if replaces {
        return Ok(changes.into_iter().map(plain).collect());
    }
    let server_order = original.clone();
    let mut merged = original;
    for item in &changes {
        let wanted = key_of(item, key)?;
        let Value::Object(new) = item.clone() else {
            continue;
        };
        match merged.iter_mut().find(|old| old.get(key) == Some(wanted)) {
            Some(Value::Object(old)) => {
                *old = merge_below(std::mem::take(old), new, at, field)?;
            }
            _ => merged.push(Value::Object(merge_below(JsonMap::new(), new, at, field)?)),
        }
    }
    Ok(in_order(merged, &changes, &server_order, Some(key)))
}

fn key_of<'v>(item: &'v Value, key: &str) -> Result<&'v Value, PatchError> {
    item.get(key).ok_or_else(|| {
        PatchError::Internal(format!(
            "map: {} does not contain declared merge key: {key}",
            crate::api::decode::go_text(item)
        ))
    })
}

/// `$setElementOrder/FIELD` names the order of the elements that the client
/// knows; those only the server knows stay where they were among them.
fn put_lists_in_order(
    original: &mut JsonMap,
    patch: &mut JsonMap,
    at: At,
) -> Result<(), PatchError> {
    let orders: Vec<(String, Vec<Value>)> = patch
        .iter()
        .filter_map(|(key, value)| {
            let field = key.strip_prefix(ELEMENT_ORDER)?;
            Some((field.to_owned(), value.as_array()?.clone()))
        })
        .collect();
    for (field, order) in orders {
        patch.remove(&format!("{ELEMENT_ORDER}{field}"));
        if let Some(gone) = patch.remove(&format!("{DELETE_FROM_SET}{field}")) {
            delete_from_set(original, &field, &gone);
        }
        let old = match original.get(&field) {
            Some(Value::Array(old)) => old.clone(),
            _ => Vec::new(),
        };
        let merged = match patch.remove(&field) {
            Some(Value::Array(new)) => {
                let key = match at.list(&field) {
                    ListMerge::ByKey(key) => Some(key),
                    _ => None,
                };
                check_order(&new, &order, key)?;
                merge_lists(old.clone(), new, at, &field)?
            }
            Some(other) => {
                patch.insert(field, other);
                continue;
            }
            None => old.clone(),
        };
        if merged.is_empty() && !original.contains_key(&field) {
            continue;
        }
        let key = match at.list(&field) {
            ListMerge::ByKey(key) => Some(key),
            _ => None,
        };
        let ordered = in_order(merged, &order, &old, key);
        original.insert(field, Value::Array(ordered));
    }
    Ok(())
}

/// What a patch changes must stand in the order that it names.
fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), PatchError> {
    let deletes =
        |item: &&Value| key.is_some() && item.get(PATCH).and_then(Value::as_str) == Some("delete");
    let mut named = order.iter();
    for item in patch.iter().filter(|item| !deletes(item)) {
        if !named.any(|at| same(at, item, key)) {
            let text = |list: &[Value]| crate::api::decode::go_text(&Value::from(list.to_vec()));
            return Err(PatchError::Internal(format!(
                "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                text(patch),
                text(order)
            )));
        }
    }
    Ok(())
}

fn delete_from_set(original: &mut JsonMap, field: &str, gone: &Value) {
    let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(Value::Array(list)) = original.get_mut(field) {
        list.retain(|value| !gone.contains(value));
    }
}

fn same(a: &Value, b: &Value, key: Option<&str>) -> bool {
    match key {
        Some(key) => a.get(key).is_some() && a.get(key) == b.get(key),
        None => a == b,
    }
}

/// The elements named by `order` in that order, the others placed among them as
/// `server_order` had them (`normalizeElementOrder`).
fn in_order(
    merged: Vec<Value>,
    order: &[Value],
    server_order: &[Value],
    key: Option<&str>,
) -> Vec<Value> {
    let place = |list: &[Value], item: &Value| list.iter().position(|at| same(at, item, key));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) = merged
        .into_iter()
        .partition(|item| place(order, item).is_some());
    named.order_by_key(|item| place(order, item));
    others.order_by_key(|item| place(server_order, item));
    let mut ordered = Vec::with_capacity(named.len() + others.len());
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let other_first = match (others.peek(), named.peek()) {
            (None, None) => return ordered,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(other), Some(name)) => {
                match (place(server_order, other), place(server_order, name)) {
                    (Some(other), Some(name)) => other < name,
                    _ => false,
                }
            }
        };
        ordered.extend(if other_first {
            others.next()
        } else {
            named.next()
        });
    }
}

/// The value without directives and nulls, as it enters a document that has
/// nothing at its place.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(without_directives(map)),
        Value::Array(list) => Value::Array(list.into_iter().map(plain).collect()),
        other => other,
    }
}

fn without_directives(map: JsonMap) -> JsonMap {
    map.into_iter()
        .filter(|(key, value)| {
            !value.is_null()
                && key != PATCH
                && key != RETAIN_KEYS
                && !key.starts_with(ELEMENT_ORDER)
                && !key.starts_with(DELETE_FROM_SET)
        })
        .map(|(key, value)| (key, plain(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Kind, schema};
    use serde_json::json;

    #[test]
    fn lists_merge_by_their_keys() {
        let pod = |containers: Value| json!({"spec": {"containers": containers}});
        let live = pod(json!([
            {"name": "a", "image": "i:1", "args": ["x"], "ports": [{"containerPort": 80, "protocol": "TCP"}]},
            {"name": "b", "image": "i:1"},
        ]));
        let table = [
            (
                pod(json!([{"name": "b", "image": "i:2"}])),
                pod(json!([
                    {"name": "a", "image": "i:1", "args": ["x"], "ports": [{"containerPort": 80, "protocol": "TCP"}]},
                    {"name": "b", "image": "i:2"},
                ])),
            ),
            (
                pod(
                    json!([{"name": "a", "args": ["z"], "ports": [{"containerPort": 80, "name": "http"}]}]),
                ),
                pod(json!([
                    {"name": "a", "image": "i:1", "args": ["z"], "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]},
                    {"name": "b", "image": "i:1"},
                ])),
            ),
            (
                pod(json!([{"name": "a", "$patch": "delete"}])),
                pod(json!([{"name": "b", "image": "i:1"}])),
            ),
            (
                pod(json!([{"$patch": "replace"}, {"name": "only", "image": "r"}])),
                pod(json!([{"name": "only", "image": "r"}])),
            ),
            (
                json!({"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}),
                pod(json!([
                    {"name": "b", "image": "i:1"},
                    {"name": "a", "image": "i:1", "args": ["x"], "ports": [{"containerPort": 80, "protocol": "TCP"}]},
                ])),
            ),
        ];
        for (patch, expected) in table {
            assert_eq!(
                apply(schema::of_kind(Kind::Pod), &live, &patch),
                Ok(expected),
                "{patch}"
            );
        }
    }

    #[test]
    fn maps_obey_their_directives() {
        let live = json!({"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x/a"]}});
        let table = [
            (
                json!({"metadata": {"labels": {"$patch": "replace", "n": "1"}}}),
                json!({"metadata": {"labels": {"n": "1"}, "finalizers": ["x/a"]}}),
            ),
            (
                json!({"metadata": {"labels": {"$patch": "delete"}}}),
                json!({"metadata": {"labels": {}, "finalizers": ["x/a"]}}),
            ),
            (
                json!({"metadata": {"labels": {"a": null}, "finalizers": ["x/b"]}}),
                json!({"metadata": {"labels": {"b": "2"}, "finalizers": ["x/b", "x/a"]}}),
            ),
            (
                json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a"]}}),
                json!({"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": []}}),
            ),
            (
                json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
                json!({"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x/a"]}, "spec": {"strategy": {"type": "Recreate"}}}),
            ),
        ];
        for (patch, expected) in table {
            assert_eq!(
                apply(schema::of_kind(Kind::Deployment), &live, &patch),
                Ok(expected),
                "{patch}"
            );
        }
    }

    #[test]
    fn an_element_needs_its_key() {
        let live = json!({"spec": {"containers": [{"name": "a"}]}});
        let patch = json!({"spec": {"containers": [{"image": "x"}]}});
        let expected = "map: map[image:x] does not contain declared merge key: name";
        assert_eq!(
            apply(schema::of_kind(Kind::Pod), &live, &patch),
            Err(PatchError::Internal(expected.to_owned()))
        );
    }
}
