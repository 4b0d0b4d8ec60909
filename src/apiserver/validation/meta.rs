//! Metadata, labels and label selectors.

use super::field::{Errors, Json, Path, Rule, list, text};
use super::names;
use crate::api::meta::{LabelSelector, ObjectMeta, OwnerReference};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// All annotations of an object together, keys and values.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

pub(super) const METADATA: Path<'static> = Path::root("metadata");

/// What kinds differ in: the form of their names and whether they live in a
/// namespace.
pub(super) struct Scope {
    pub(super) name: Rule,
    pub(super) namespaced: bool,
}

/// Metadata of an object about to be created, its name generated already.
pub(super) fn create(meta: &ObjectMeta, scope: &Scope, errors: &mut Errors) {
    let generate = text(&meta.generate_name);
    if !generate.is_empty() {
        let path = METADATA.child("generateName");
        if generate.len() > 1 && generate.ends_with('-') {
            // The dash will stand inside the name.
            let masked = format!("{}a", &generate[..generate.len() - 1]);
            let mut messages = Vec::new();
            (scope.name)(&masked, &mut messages);
            for message in messages {
                errors.invalid(&path, generate, message);
            }
        } else {
            errors.rule(&path, generate, scope.name);
        }
    }
    let name = text(&meta.name);
    if name.is_empty() {
        errors.required(&METADATA.child("name"), "name or generateName is required");
    } else {
        errors.rule(&METADATA.child("name"), name, scope.name);
    }
    let namespace = text(&meta.namespace);
    if !scope.namespaced {
        if !namespace.is_empty() {
            errors.forbidden(&METADATA.child("namespace"), "not allowed on this type");
        }
    } else {
        errors.required_rule(&METADATA.child("namespace"), namespace, names::label);
    }
    errors.not_negative(
        &METADATA.child("generation"),
        meta.generation.unwrap_or_default(),
    );
    common(meta, errors);
}

/// Metadata of an object about to replace another.
pub(super) fn update(new: &ObjectMeta, old: &ObjectMeta, errors: &mut Errors) {
    if old.deletion_timestamp.is_some() {
        no_new_finalizers(new, old, errors);
    }
    if text(&new.resource_version).is_empty() {
        errors.invalid(
            &METADATA.child("resourceVersion"),
            "",
            "must be specified for an update",
        );
    }
    if new.generation.unwrap_or_default() < old.generation.unwrap_or_default() {
        let given = new.generation.unwrap_or_default();
        errors.invalid(
            &METADATA.child("generation"),
            given,
            "must not be decremented",
        );
    }
    let texts = [
        ("name", &new.name, &old.name),
        ("namespace", &new.namespace, &old.namespace),
        ("uid", &new.uid, &old.uid),
    ];
    for (field, new, old) in texts {
        errors.immutable(&METADATA.child(field), text(new) == text(old), text(new));
    }
    let times = [
        (
            "creationTimestamp",
            &new.creation_timestamp,
            &old.creation_timestamp,
        ),
        (
            "deletionTimestamp",
            &new.deletion_timestamp,
            &old.deletion_timestamp,
        ),
    ];
    for (field, new, old) in times {
        if new != old {
            errors.immutable(&METADATA.child(field), false, Json::of(new));
        }
    }
    if new.deletion_grace_period_seconds != old.deletion_grace_period_seconds {
        let path = METADATA.child("deletionGracePeriodSeconds");
        errors.immutable(&path, false, Json::of(&new.deletion_grace_period_seconds));
    }
    common(new, errors);
}

fn common(meta: &ObjectMeta, errors: &mut Errors) {
    if let Some(map) = &meta.labels {
        labels(map, &METADATA.child("labels"), errors);
    }
    if let Some(map) = &meta.annotations {
        annotations(map, &METADATA.child("annotations"), errors);
    }
    owners(list(&meta.owner_references), errors);
    finalizers(list(&meta.finalizers), errors);
}

/// The keys and values of labels; node selectors and service selectors too.
pub(super) fn labels(map: &BTreeMap<String, String>, path: &Path<'_>, errors: &mut Errors) {
    for (key, value) in map {
        errors.rule(path, key, names::qualified);
        errors.rule(path, value, names::label_value);
    }
}

/// The key of a label.
pub(super) fn label_key(key: &str, path: &Path<'_>, errors: &mut Errors) {
    errors.rule(path, key, names::qualified);
}

pub(super) fn annotations(map: &BTreeMap<String, String>, path: &Path<'_>, errors: &mut Errors) {
    let mut bytes = 0;
    for (key, value) in map {
        bytes += key.len() + value.len();
        if names::is_qualified(key) {
            continue;
        }
        // Case does not matter in the prefix of an annotation.
        let mut messages = Vec::new();
        names::qualified(&key.to_lowercase(), &mut messages);
        for message in messages {
            errors.invalid(path, key, message);
        }
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        errors.too_long(path, ANNOTATIONS_BYTES_MAX);
    }
}

fn owners(owners: &[OwnerReference], errors: &mut Errors) {
    let path = METADATA.child("ownerReferences");
    let mut controller: Option<&OwnerReference> = None;
    for owner in owners {
        if owner.api_version.is_empty() || owner.api_version.ends_with('/') {
            let field = path.child("apiVersion");
            errors.invalid(&field, &owner.api_version, "version must not be empty");
        }
        let texts = [
            ("kind", &owner.kind),
            ("name", &owner.name),
            ("uid", &owner.uid),
        ];
        for (field, value) in texts {
            if value.is_empty() {
                errors.invalid(&path.child(field), "", "must not be empty");
            }
        }
        if owner.api_version == "v1" && owner.kind == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.invalid(&path, Json(owner_json(owner).to_string()), detail);
        }
        if owner.controller != Some(true) {
            continue;
        }
        match controller {
            None => controller = Some(owner),
            Some(first) => {
                let all = Value::Array(owners.iter().map(owner_json).collect());
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in \
                     references for {}/{} and {}/{}",
                    first.kind, first.name, owner.kind, owner.name
                );
                errors.invalid(&path, Json(ordered(&all, OWNER_FIELDS)), detail);
            }
        }
    }
}

const OWNER_FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "name",
    "uid",
    "controller",
    "blockOwnerDeletion",
];

fn owner_json(owner: &OwnerReference) -> Value {
    serde_json::to_value(owner).unwrap_or_default()
}

/// JSON with the fields of each map in a given order first, as upstream's types
/// declare them.
pub(super) fn ordered(value: &Value, fields: &[&str]) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| ordered(item, fields)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(map) => {
            let known = fields
                .iter()
                .filter_map(|field| map.get(*field).map(|value| (*field, value)));
            let others = map
                .iter()
                .filter(|(key, _)| !fields.contains(&key.as_str()))
                .map(|(key, value)| (key.as_str(), value));
            let members: Vec<String> = known
                .chain(others)
                .map(|(key, value)| format!("{}:{}", Value::from(key), ordered(value, fields)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

fn finalizers(finalizers: &[String], errors: &mut Errors) {
    let path = METADATA.child("finalizers");
    for name in finalizers {
        errors.rule(&path, name, names::qualified);
    }
    let has = |wanted: &str| finalizers.iter().any(|name| name == wanted);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.invalid(&path, Json::of(&finalizers), detail);
    }
    for (index, name) in finalizers.iter().enumerate() {
        legacy_finalizer(name, &path.index(index), errors);
    }
}

/// Without a prefix only Kubernetes' own names are allowed.
pub(super) fn legacy_finalizer(name: &str, path: &Path<'_>, errors: &mut Errors) {
    if !name.contains('/') && !STANDARD_FINALIZERS.contains(&name) {
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        errors.invalid(path, name, detail);
    }
}

fn no_new_finalizers(new: &ObjectMeta, old: &ObjectMeta, errors: &mut Errors) {
    let old: BTreeSet<&String> = list(&old.finalizers).iter().collect();
    let added: BTreeSet<&String> = list(&new.finalizers)
        .iter()
        .filter(|name| !old.contains(name))
        .collect();
    if !added.is_empty() {
        let added: Vec<String> = added.iter().map(|name| format!("{name:?}")).collect();
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers \
             []string{{{}}}",
            added.join(", ")
        );
        errors.forbidden(&METADATA.child("finalizers"), detail);
    }
}

/// A label selector as upstream prints it: `{"matchLabels":{"app":"web"}}`.
pub(super) fn selector_json(selector: &LabelSelector) -> Json {
    let mut map = Map::new();
    let mut parts = Vec::new();
    if let Some(labels) = selector.match_labels.as_ref().filter(|map| !map.is_empty()) {
        parts.push(format!("\"matchLabels\":{}", Json::of(labels).0));
    }
    let expressions = list(&selector.match_expressions);
    if !expressions.is_empty() {
        map.insert(
            "matchExpressions".into(),
            serde_json::to_value(expressions).unwrap_or_default(),
        );
        let fields = ["key", "operator", "values"];
        let text = ordered(&Value::Object(map), &fields);
        parts.push(text[1..text.len() - 1].to_owned());
    }
    Json(format!("{{{}}}", parts.join(",")))
}

/// The form of a label selector.
pub(super) fn selector(selector: &LabelSelector, path: &Path<'_>, errors: &mut Errors) {
    if let Some(map) = &selector.match_labels {
        labels(map, &path.child("matchLabels"), errors);
    }
    let expressions = path.child("matchExpressions");
    for (index, requirement) in list(&selector.match_expressions).iter().enumerate() {
        let path = expressions.index(index);
        let values = list(&requirement.values);
        let values_path = path.child("values");
        match requirement.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => errors.required(
                &values_path,
                "must be specified when `operator` is 'In' or 'NotIn'",
            ),
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.forbidden(
                &values_path,
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(
                &path.child("operator"),
                other,
                "not a valid selector operator",
            ),
        }
        label_key(&requirement.key, &path.child("key"), errors);
        for (index, value) in values.iter().enumerate() {
            errors.rule(&values_path.index(index), value, names::label_value);
        }
    }
}

/// Whether a selector picks these labels; `None` where it is not a valid one.
pub(super) fn matches(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> Option<bool> {
    let mut all = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    for requirement in list(&selector.match_expressions) {
        let values = list(&requirement.values);
        let found = labels.get(&requirement.key);
        let among = found.is_some_and(|value| values.contains(value));
        all &= match requirement.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => return None,
            "Exists" | "DoesNotExist" if !values.is_empty() => return None,
            "In" => among,
            "NotIn" => !among,
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => return None,
        };
    }
    Some(all)
}
