//! Which pods a quota with scopes is about.

use crate::api::{Object, Pod};
use crate::apiserver::qos;
use serde_json::Value;

/// Whether a quota's scopes let it count an object. Scopes are about pods, and
/// one about the attributes class of claims.
pub fn matches_scopes(spec: &Value, object: &Object) -> bool {
    let plain = spec.get("scopes").and_then(Value::as_array);
    let plain = plain.into_iter().flatten().filter_map(Value::as_str);
    let selected = spec.pointer("/scopeSelector/matchExpressions");
    let selected = selected.and_then(Value::as_array).into_iter().flatten();
    plain
        .map(|scope| (scope, "Exists", Vec::new()))
        .chain(selected.map(|expression| {
            let text = |name: &str| {
                expression
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let values = expression.get("values").and_then(Value::as_array);
            let values = values.into_iter().flatten().filter_map(Value::as_str);
            (text("scopeName"), text("operator"), values.collect())
        }))
        .all(|(scope, operator, values)| matches(scope, operator, &values, object))
}

fn matches(scope: &str, operator: &str, values: &[&str], object: &Object) -> bool {
    let Object::Pod(pod) = object else {
        return false;
    };
    let spec = pod.spec.as_ref();
    let has_deadline = spec.is_some_and(|spec| spec.active_deadline_seconds.is_some());
    match scope {
        "Terminating" => has_deadline,
        "NotTerminating" => !has_deadline,
        "BestEffort" => qos::class(spec) == "BestEffort",
        "NotBestEffort" => qos::class(spec) != "BestEffort",
        "PriorityClass" => {
            let class = spec.and_then(|spec| spec.priority_class_name.as_deref());
            selected(class.unwrap_or_default(), operator, values)
        }
        "CrossNamespacePodAffinity" => uses_other_namespaces(pod),
        _ => false,
    }
}

fn selected(value: &str, operator: &str, values: &[&str]) -> bool {
    match operator {
        "In" => values.contains(&value),
        "NotIn" => !values.contains(&value),
        "DoesNotExist" => value.is_empty(),
        _ => !value.is_empty(),
    }
}

fn uses_other_namespaces(pod: &Pod) -> bool {
    let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
    let Some(affinity) = affinity else {
        return false;
    };
    let value = serde_json::to_value(affinity).unwrap_or_default();
    names_namespaces(&value)
}

fn names_namespaces(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| {
            key == "namespaceSelector"
                || (key == "namespaces" && value.as_array().is_some_and(|list| !list.is_empty()))
                || names_namespaces(value)
        }),
        Value::Array(items) => items.iter().any(names_namespaces),
        _ => false,
    }
}
