//! Patches of JSON: RFC 6902, RFC 7386, and Kubernetes' strategic merge.

mod schema;
pub mod strategic;
pub mod three_way;

use json_patch::{AddOperation, PatchOperation};
use serde_json::Value;

/// Why a patch could not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchError {
    /// It is no patch of its type.
    Malformed(String),
    /// It does not fit the object.
    Rejected,
    /// It names an element of a list without the list's key.
    Internal(String),
}

/// Applies RFC 6902. As in upstream's library, replacing a key that an object
/// does not have adds it, and a path needs no leading slash.
pub fn json(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Array(operations) = patch else {
        return Err(PatchError::Malformed(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
            super::decode::go_kind(patch)
        )));
    };
    let mut patched = document.clone();
    for operation in operations {
        let mut operation = operation.clone();
        for pointer in ["path", "from"] {
            if let Some(Value::String(path)) = operation.get_mut(pointer)
                && !path.is_empty()
                && !path.starts_with('/')
            {
                // The first step is dropped with the slash that is not there.
                *path = path
                    .find('/')
                    .map_or("", |at| path.split_at(at).1)
                    .to_owned();
            }
        }
        let operation: PatchOperation =
            serde_json::from_value(operation).map_err(|_| PatchError::Rejected)?;
        let operation = match operation {
            PatchOperation::Replace(replace)
                if patched.pointer(replace.path.as_str()).is_none() =>
            {
                PatchOperation::Add(AddOperation {
                    path: replace.path,
                    value: replace.value,
                })
            }
            PatchOperation::Remove(remove) if remove.path.as_str().is_empty() => {
                return Err(PatchError::Rejected);
            }
            other => other,
        };
        json_patch::patch(&mut patched, &[operation]).map_err(|_| PatchError::Rejected)?;
    }
    Ok(patched)
}

/// Applies RFC 7386.
pub fn merge(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    if patch.is_null() {
        return Err(PatchError::Malformed("Invalid JSON Patch".to_owned()));
    }
    if !patch.is_object() {
        return Err(PatchError::Malformed(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            super::decode::go_kind(patch)
        )));
    }
    let mut patched = document.clone();
    json_patch::merge(&mut patched, patch);
    Ok(patched)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_patches_behave_as_the_servers_library() {
        let document = json!({"data": {"a": "1", "b": "2"}});
        let table = [
            (
                json!([
                    {"op": "test", "path": "/data/a", "value": "1"},
                    {"op": "add", "path": "/data/c", "value": "3"},
                    {"op": "remove", "path": "/data/b"},
                    {"op": "move", "from": "/data/c", "path": "/data/d"},
                ]),
                Ok(json!({"data": {"a": "1", "d": "3"}})),
            ),
            (
                json!([{"op": "replace", "path": "/data/z", "value": "1"}]),
                Ok(json!({"data": {"a": "1", "b": "2", "z": "1"}})),
            ),
            (
                json!([{"op": "add", "path": "data/a", "value": "1"}]),
                Ok(json!({"a": "1", "data": {"a": "1", "b": "2"}})),
            ),
            (
                json!([{"op": "test", "path": "/data/a", "value": "2"}]),
                Err(PatchError::Rejected),
            ),
            (
                json!([{"op": "add", "path": "/none/x/y", "value": "1"}]),
                Err(PatchError::Rejected),
            ),
            (
                json!([{"op": "remove", "path": ""}]),
                Err(PatchError::Rejected),
            ),
        ];
        for (patch, expected) in table {
            assert_eq!(super::json(&document, &patch), expected, "{patch}");
        }
    }
}
