//! What `create`, `run` and `expose` make objects with.

use super::super::fault::Fault;
use serde_json::{Map, Value};

/// Without what is empty in maps that Go leaves out (`omitempty`): empty maps
/// under `labels`, `annotations`, `selector`, and nulls.
pub(super) fn clean(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|key, value| {
            let optional = matches!(
                key.as_str(),
                "labels" | "annotations" | "selector" | "data" | "ports" | "env"
            );
            let empty = match value {
                Value::Object(map) => map.is_empty(),
                Value::Array(list) => list.is_empty(),
                _ => false,
            };
            let left_out = optional && empty;
            !value.is_null() && !left_out
        });
        for value in map.values_mut() {
            *value = clean(value.take());
        }
    } else if let Value::Array(list) = &mut value {
        for value in list {
            *value = clean(value.take());
        }
    }
    value
}

/// `a=b,c=d` as a map.
pub(super) fn pairs(text: &str) -> Result<Map<String, Value>, Fault> {
    let mut map = Map::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                map.insert(key.to_owned(), value.into());
            }
            _ => return Err(Fault::Message(format!("unexpected label spec: {part}"))),
        }
    }
    Ok(map)
}

/// The name of a container that runs an image: its last part without tag.
pub(super) fn container_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split([':', '@']).next().unwrap_or(last);
    name.replace(['.', '_'], "-")
}
