//! What to do about a cause of refusal, in a few words.

use super::Document;
use crate::api::similar::closest;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
use serde_json::Value;

/// The last name in a path: `image` of `spec.containers[0].image`.
fn last_name(path: &str) -> &str {
    let name = path.rsplit('.').next().unwrap_or(path);
    name.split('[').next().unwrap_or(name)
}

/// Texts in quotes after a word: the supported values of a message.
fn quoted_after<'m>(message: &'m str, word: &str) -> Vec<&'m str> {
    let Some((_, list)) = message.split_once(word) else {
        return Vec::new();
    };
    list.split('"').skip(1).step_by(2).collect()
}

fn names_in<'d>(document: &'d Document, pointer: &str) -> Vec<&'d str> {
    document
        .value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| item["name"].as_str())
        .collect()
}

/// What to do about `cause`.
pub(super) fn of_cause(cause: &StatusCause, document: &Document) -> String {
    let path = cause.field.as_deref().unwrap_or_default();
    let message = cause.message.as_deref().unwrap_or_default();
    let name = last_name(path);
    match cause.reason.as_deref().unwrap_or_default() {
        "FieldValueRequired" => required(path, name, message),
        "FieldValueNotSupported" => supported(message),
        "FieldValueNotFound" => not_found(path, document),
        "FieldValueDuplicate" => "give each its own".to_owned(),
        "FieldValueForbidden" => forbidden(name, message),
        "FieldValueTooLong" | "FieldValueTooMany" => "make it shorter".to_owned(),
        _ => invalid(name, message),
    }
}

fn required(path: &str, name: &str, message: &str) -> String {
    match name {
        "selector" => "add `selector: {matchLabels: …}` with the labels of the template".to_owned(),
        "image" => "add `image`, for example `image: nginx`".to_owned(),
        "containers" => "add at least one container with `name` and `image`".to_owned(),
        "ports" => "add `ports: [{port: 80}]`".to_owned(),
        "name" if path.contains("ports[") => {
            "give every port a `name`, since there are several".to_owned()
        }
        _ if message.contains("volume type") => {
            "say what the volume is, for example `emptyDir: {}`".to_owned()
        }
        _ if message.contains("handler type") => {
            "add one of `httpGet`, `tcpSocket`, `exec`, `grpc`".to_owned()
        }
        "" => "fill it in".to_owned(),
        name => format!("add `{name}`"),
    }
}

fn supported(message: &str) -> String {
    let values = quoted_after(message, "supported values:");
    let given = message
        .strip_prefix("Unsupported value: \"")
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default();
    match closest(given, &values) {
        Some(close) if close != given => format!("did you mean `{close}`?"),
        _ => format!("use one of: {}", values.join(", ")),
    }
}

fn not_found(path: &str, document: &Document) -> String {
    if !path.contains("volumeMounts") {
        return "name something that exists".to_owned();
    }
    let pod = names_in(document, "/spec/volumes");
    let template = names_in(document, "/spec/template/spec/volumes");
    match [pod, template].concat().as_slice() {
        [] => "declare the volume under `volumes` of the pod".to_owned(),
        names => format!(
            "declare it under `volumes`, or mount one of: {}",
            names.join(", ")
        ),
    }
}

fn forbidden(name: &str, message: &str) -> String {
    if message.contains("may not change") || message.contains("may not add or remove") {
        return "delete the pod and create it anew, or change its Deployment instead".to_owned();
    }
    if message.contains("immutable") {
        return "delete the object and create it anew".to_owned();
    }
    if message.contains("more than 1") {
        return "keep one of them".to_owned();
    }
    match name {
        "" => "remove it".to_owned(),
        name => format!("remove `{name}`"),
    }
}

fn invalid(name: &str, message: &str) -> String {
    let table = [
        (
            "`selector` does not match",
            "make the selector and the labels of the template agree",
        ),
        ("field is immutable", "delete the object and create it anew"),
        (
            "may not change once set",
            "delete the object and create it anew",
        ),
        ("RFC 1123", "use lower case letters, digits and '-' only"),
        ("must not contain dots", "use no dots here"),
        ("between 1 and 65535", "use a port from 1 to 65535"),
        ("greater than or equal to 0", "use 0 or more"),
        ("limit of", "raise the limit, or request less"),
        (
            "standard resource",
            "use cpu, memory or ephemeral-storage, or a name like example.com/gpu",
        ),
        (
            "quantities must match",
            "write an amount like 500m, 2, 64Mi or 1Gi",
        ),
        (
            "unable to parse quantity",
            "write an amount like 500m, 2, 64Mi or 1Gi",
        ),
        (
            "valid label",
            "use letters, digits, '-', '_' and '.' only, at most 63",
        ),
        ("name part", "use letters, digits, '-', '_' and '.' only"),
        ("config key", "use letters, digits, '-', '_' and '.' only"),
        ("no more than", "make it shorter"),
        ("valid IP address", "write an address like 10.0.0.1"),
        ("empty selector", "select the labels of the template"),
        (
            "may not be 0 when",
            "let at least one of maxSurge and maxUnavailable be more than 0",
        ),
        ("minReadySeconds", "make it larger than minReadySeconds"),
    ];
    let known = table.iter().find(|(words, _)| message.contains(words));
    match known {
        Some((_, fix)) => (*fix).to_owned(),
        None if name.is_empty() => "change it".to_owned(),
        None => format!("change `{name}`"),
    }
}
