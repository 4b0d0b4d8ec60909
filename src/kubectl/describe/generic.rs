//! Kinds that are told field by field, and some with little to tell.

use super::Lines;
use crate::kubectl::value::{entries, plain, text};
use serde_json::Value;

fn head(lines: &mut Lines, object: &Value, namespaced: bool) {
    lines.put(0, format!("Name:\t{}", text(object, "/metadata/name")));
    if namespaced {
        lines.put(
            0,
            format!("Namespace:\t{}", text(object, "/metadata/namespace")),
        );
    }
    lines.map(0, "Labels", object, "/metadata/labels", "=");
    lines.annotations(object);
}

pub(super) fn namespace(lines: &mut Lines, object: &Value) -> bool {
    head(lines, object, false);
    lines.put(0, format!("Status:\t{}", text(object, "/status/phase")));
    lines.put(0, "\nNo resource quota.");
    lines.put(0, "\nNo LimitRange resource.");
    false
}

pub(super) fn config_map(lines: &mut Lines, object: &Value) -> bool {
    head(lines, object, true);
    lines.put(0, "\nData\n====");
    for (key, value) in entries(object, "/data") {
        lines.put(0, format!("{key}:\n----\n{}\n", plain(value)));
    }
    lines.put(0, "\nBinaryData\n====");
    for (key, value) in entries(object, "/binaryData") {
        lines.put(0, format!("{key}: {} bytes", bytes(&plain(value))));
    }
    lines.put(0, "");
    true
}

/// Bytes that a text in base 64 stands for.
fn bytes(text: &str) -> usize {
    text.trim_end_matches('=').len() * 3 / 4
}

pub(super) fn secret(lines: &mut Lines, object: &Value) -> bool {
    head(lines, object, true);
    lines.put(0, format!("\nType:\t{}", text(object, "/type")));
    lines.put(0, "\nData\n====");
    for (key, value) in entries(object, "/data") {
        lines.put(0, format!("{key}:\t{} bytes", bytes(&plain(value))));
    }
    false
}

/// Every field, with its name in words.
pub(super) fn any(lines: &mut Lines, object: &Value) -> bool {
    head(lines, object, true);
    lines.put(0, format!("API Version:\t{}", text(object, "/apiVersion")));
    lines.put(0, format!("Kind:\t{}", text(object, "/kind")));
    let mut rest = object.clone();
    if let Value::Object(map) = &mut rest {
        map.remove("apiVersion");
        map.remove("kind");
        if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
            for key in [
                "name",
                "namespace",
                "labels",
                "annotations",
                "managedFields",
            ] {
                metadata.remove(key);
            }
        }
    }
    fields(lines, &rest, 0);
    true
}

fn fields(lines: &mut Lines, value: &Value, level: usize) {
    for (key, value) in entries(value, "") {
        let label = in_words(key);
        match value {
            Value::Object(_) => {
                lines.put(level, format!("{label}:"));
                fields(lines, value, level + 1);
            }
            Value::Array(list) => {
                lines.put(level, format!("{label}:"));
                for item in list {
                    match item {
                        Value::Object(_) => fields(lines, item, level + 1),
                        scalar => lines.put(level + 1, plain(scalar)),
                    }
                }
            }
            scalar => lines.put(level, format!("{label}:\t{}", plain(scalar))),
        }
    }
}

/// `minReadySeconds` as `Min Ready Seconds`.
fn in_words(key: &str) -> String {
    if key.contains(['/', '.', '-']) {
        return key.to_owned();
    }
    let mut words = String::new();
    let mut before_lower = false;
    for (index, character) in key.chars().enumerate() {
        if index == 0 {
            words.extend(character.to_uppercase());
        } else {
            if character.is_uppercase() && before_lower {
                words.push(' ');
            }
            words.push(character);
        }
        before_lower = character.is_lowercase() || character.is_ascii_digit();
    }
    words
}
