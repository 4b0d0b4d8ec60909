//! A Job selects its own pods by its uid, and labels them with it
//! (`pkg/registry/batch/job/strategy.go`, `generateSelector`).

use crate::api::Untyped;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
const JOB_NAME: &str = "batch.kubernetes.io/job-name";
/// The same labels as they were called before.
const OLD_CONTROLLER_UID: &str = "controller-uid";
const OLD_JOB_NAME: &str = "job-name";

/// Labels the template and selects by the label, unless the user selects.
pub(super) fn select_own_pods(job: &mut Untyped) {
    let uid = job.metadata.uid.clone().unwrap_or_default();
    let name = job.metadata.name.clone().unwrap_or_default();
    let Some(Value::Object(spec)) = job.rest.get_mut("spec") else {
        return;
    };
    if spec.get("manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let own = [
        (CONTROLLER_UID, &uid),
        (OLD_CONTROLLER_UID, &uid),
        (JOB_NAME, &name),
        (OLD_JOB_NAME, &name),
    ];
    if let Some(Value::Object(template)) = spec.get_mut("template") {
        let metadata = template.entry("metadata").or_insert_with(|| json!({}));
        if let Value::Object(metadata) = metadata {
            let labels = metadata.entry("labels").or_insert_with(|| json!({}));
            if let Value::Object(labels) = labels {
                for (label, value) in own {
                    labels.entry(label).or_insert_with(|| value.as_str().into());
                }
            }
        }
    }
    let selector = spec.entry("selector").or_insert_with(|| json!({}));
    if let Value::Object(selector) = selector {
        let labels = selector.entry("matchLabels").or_insert_with(|| json!({}));
        if let Value::Object(labels) = labels {
            labels
                .entry(CONTROLLER_UID)
                .or_insert_with(|| uid.as_str().into());
        }
    }
    // Jobs without labels show those of their template.
    if job.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty) {
        let labels = job
            .rest
            .get("spec")
            .and_then(|spec| spec.pointer("/template/metadata/labels"));
        job.metadata.labels = labels.and_then(|labels| serde_json::from_value(labels.clone()).ok());
    }
}
