//! Bodies of requests.

use super::path::Address;
use super::query::{Query, unsupported};
use crate::api::decode;
use crate::api::status::{self, ApiError};
use crate::apiserver::{Body, DeleteOptions, Options, PatchType, Propagation, Subresource};
use serde_json::Value;

fn media_type(content_type: Option<&str>) -> &str {
    let content_type = content_type.unwrap_or("application/json");
    content_type.split(';').next().unwrap_or_default().trim()
}

/// The object that a POST or PUT carries.
pub(super) fn object(
    address: &Address,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Value, ApiError> {
    let expected = match address.subresource {
        Subresource::Scale => "Scale",
        Subresource::Binding => "Binding",
        Subresource::Eviction => "Eviction",
        Subresource::Token => "TokenRequest",
        _ => address.kind.info().kind,
    };
    value(expected, content_type, body)
}

/// A body that must be of a type.
pub(super) fn value(
    expected: &str,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Value, ApiError> {
    let text = String::from_utf8_lossy(body);
    let unrecognized = |why: &str| {
        status::bad_request(format!(
            "the object provided is unrecognized (must be of type {expected}): couldn't get version/kind; json parse error: {why} ({})",
            excerpt(body)
        ))
    };
    let value: Value = match media_type(content_type) {
        "application/json" | "" => {
            serde_json::from_str(&text).map_err(|_| unrecognized(&json_error(&text)))?
        }
        "application/yaml" => serde_yaml::from_str(&text)
            .map_err(|error| unrecognized(&format!("error converting YAML to JSON: {error}")))?,
        #[cfg(not(target_arch = "wasm32"))]
        "application/vnd.kubernetes.protobuf" => {
            super::protobuf::decode(body).map_err(status::bad_request)?
        }
        _ => {
            return Err(status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            ));
        }
    };
    match value {
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        Value::Object(_) => Ok(value),
        other => Err(unrecognized(&format!(
            "json: cannot unmarshal {} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
            decode::go_kind(&other)
        ))),
    }
}

/// The first bytes of a body, as messages quote it.
fn excerpt(body: &[u8]) -> String {
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let printable = body.first() == Some(&b'{');
    match std::str::from_utf8(body) {
        Ok(text) if printable => text.to_owned(),
        _ => body.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// What Go's decoder says of text that is no JSON.
fn json_error(text: &str) -> String {
    let Err(error) = serde_json::from_str::<Value>(text) else {
        return String::new();
    };
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let found = line
        .chars()
        .nth(error.column().saturating_sub(1))
        .unwrap_or(' ');
    let where_ = match error.column() {
        0 | 1 if error.line() <= 1 => "looking for beginning of value",
        _ => "after object key:value pair",
    };
    format!("invalid character '{found}' {where_}")
}

/// The patch that a PATCH carries.
pub(super) fn patch(content_type: Option<&str>, body: &[u8]) -> Result<Body, ApiError> {
    let patch_type = match media_type(content_type) {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/strategic-merge-patch+json" => PatchType::Strategic,
        "application/apply-patch+yaml" => PatchType::Apply,
        _ => {
            let mut error = status::unsupported_media_type("415: Unsupported Media Type");
            error.details = Some(Default::default());
            return Err(error);
        }
    };
    let text = String::from_utf8_lossy(body);
    let value = match patch_type {
        PatchType::Apply => {
            let value: Value = serde_yaml::from_str(&text).map_err(|error| {
                status::bad_request(format!(
                    "error decoding YAML: error converting YAML to JSON: yaml: {error}"
                ))
            })?;
            if !matches!(value, Value::Object(_) | Value::Null) {
                return Err(status::bad_request(format!(
                    "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                    decode::go_kind(&value)
                )));
            }
            value
        }
        PatchType::Json | PatchType::Merge => serde_json::from_str(&text).map_err(|_| {
            status::bad_request(format!("error decoding patch: {}", json_error(&text)))
        })?,
        _ => serde_json::from_str(&text).map_err(|_| status::bad_request(json_error(&text)))?,
    };
    Ok(Body::Patch(patch_type, value))
}

/// The options of a deletion: those in the body, or else those in the query.
pub(super) fn delete_options(
    body: &[u8],
    query: &Query,
    options: &mut Options,
) -> Result<Body, ApiError> {
    if body.is_empty() {
        return options_in_query(query).map(Body::Delete);
    }
    let value = options_value(body)?;
    let kind = value
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or("DeleteOptions");
    if kind != "DeleteOptions" {
        let version = value
            .get("apiVersion")
            .and_then(Value::as_str)
            .unwrap_or_default();
        return Err(status::bad_request(format!(
            "no kind {kind:?} is registered for version {version:?} in scheme \"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\""
        )));
    }
    options_in_body(&value, options).map(Body::Delete)
}

fn options_value(body: &[u8]) -> Result<Value, ApiError> {
    #[cfg(not(target_arch = "wasm32"))]
    if super::protobuf::is_protobuf(body) {
        return super::protobuf::decode(body).map_err(status::bad_request);
    }
    let text = String::from_utf8_lossy(body);
    serde_json::from_str(&text).map_err(|_| {
        status::bad_request(format!(
            "couldn't get version/kind; json parse error: {}",
            json_error(&text)
        ))
    })
}

fn options_in_query(query: &Query) -> Result<DeleteOptions, ApiError> {
    let orphan = query
        .get("orphanDependents")
        .map(|_| query.flag("orphanDependents"));
    Ok(DeleteOptions {
        grace_period_seconds: query.integer("gracePeriodSeconds")?,
        propagation: propagation(query.get("propagationPolicy"), orphan)?,
        ..DeleteOptions::default()
    })
}

/// A body makes the query count for nothing.
fn options_in_body(value: &Value, options: &mut Options) -> Result<DeleteOptions, ApiError> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let dry_run: Vec<&str> = value
        .get("dryRun")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if dry_run.iter().any(|stage| *stage != "All") {
        let message = format!("Unsupported value: {dry_run:?}: supported values: \"All\"");
        return Err(unsupported("DeleteOptions", "dryRun", message));
    }
    options.dry_run = !dry_run.is_empty();
    let orphan = value.get("orphanDependents").and_then(Value::as_bool);
    Ok(DeleteOptions {
        grace_period_seconds: value.get("gracePeriodSeconds").and_then(Value::as_i64),
        propagation: propagation(text("/propagationPolicy"), orphan)?,
        uid: text("/preconditions/uid").map(str::to_owned),
        resource_version: text("/preconditions/resourceVersion").map(str::to_owned),
    })
}

fn propagation(
    policy: Option<&str>,
    orphan: Option<bool>,
) -> Result<Option<Propagation>, ApiError> {
    if let (Some(policy), Some(_)) = (policy, orphan) {
        let message = format!(
            "Invalid value: {policy:?}: orphanDependents and deletionPropagation cannot be both set"
        );
        let cause = status::cause("FieldValueInvalid", "propagationPolicy", message);
        return Err(status::invalid_input(
            "meta.k8s.io",
            "DeleteOptions",
            "",
            vec![cause],
        ));
    }
    match (policy, orphan) {
        (Some("Foreground"), _) => Ok(Some(Propagation::Foreground)),
        (Some("Background"), _) => Ok(Some(Propagation::Background)),
        (Some("Orphan"), _) | (None, Some(true)) => Ok(Some(Propagation::Orphan)),
        (None, Some(false)) => Ok(Some(Propagation::Background)),
        (None | Some(""), None) => Ok(None),
        (Some(other), _) => {
            let message = format!(
                "Unsupported value: {other:?}: supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
            );
            Err(unsupported("DeleteOptions", "propagationPolicy", message))
        }
    }
}

/// An Eviction carries the options of the deletion that it asks for.
pub(super) fn eviction(
    address: &Address,
    content_type: Option<&str>,
    body: &[u8],
    options: &mut Options,
) -> Result<Body, ApiError> {
    let value = object(address, content_type, body)?;
    let name = value.pointer("/metadata/name").and_then(Value::as_str);
    if name.is_some_and(|name| name != address.name) {
        return Err(status::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    let inner = value.get("deleteOptions").cloned().unwrap_or_default();
    // Either may ask for a dry run.
    let asked = options.dry_run;
    let read = options_in_body(&inner, options)?;
    options.dry_run |= asked;
    Ok(Body::Delete(read))
}
