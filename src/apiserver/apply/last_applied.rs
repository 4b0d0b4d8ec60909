//! The annotation of client-side apply, where `kubectl` moves on to server-side
//! apply.

use super::set::Set;
use super::tree;
use crate::api::Object;
use crate::api::schema::tree::Place;
use serde_json::Value;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What was applied last, by a client.
pub(super) fn read(object: &Object) -> Option<Value> {
    let annotations = object.meta().annotations.as_ref()?;
    let text = annotations.get(ANNOTATION)?;
    serde_json::from_str(text).ok()
}

/// Fields that are still as they were applied: whoever applies them again takes
/// them over without a conflict.
pub(super) fn unchanged(place: &Place<'_>, last: &Value, live: &Value) -> Set {
    let compared = tree::compare(place, last, live);
    let changed = compared.modified.union(&compared.removed);
    tree::fields(place, last).difference(&changed)
}

/// Keeps the annotation true.
pub(super) fn write(object: &mut Value, config: &Value) {
    let mut config = config.clone();
    if let Some(Value::Object(annotations)) = config.pointer_mut("/metadata/annotations") {
        annotations.remove(ANNOTATION);
    }
    let text = format!("{config}\n");
    if let Some(Value::Object(annotations)) = object.pointer_mut("/metadata/annotations") {
        annotations.insert(ANNOTATION.to_owned(), text.into());
    }
}
