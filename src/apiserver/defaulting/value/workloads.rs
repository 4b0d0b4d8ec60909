//! StatefulSets, DaemonSets, ReplicationControllers.

use super::{Fields, field, items, present, set, storage, struct_in, template};
use crate::api::ObjectMeta;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const REVISION_HISTORY_LIMIT: i32 = 10;
/// Kept by upstream where `extensions/v1beta1` had a field.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

pub(super) fn stateful_set(fields: &mut Fields) {
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    set(spec, "podManagementPolicy", "OrderedReady".into());
    if let Some(strategy) = struct_in(spec, "updateStrategy") {
        set(strategy, "type", "RollingUpdate".into());
        if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate")
            && let Some(rolling) = struct_in(strategy, "rollingUpdate")
        {
            set(rolling, "partition", 0.into());
        }
    }
    if let Some(policy) = struct_in(spec, "persistentVolumeClaimRetentionPolicy") {
        set(policy, "whenDeleted", "Retain".into());
        set(policy, "whenScaled", "Retain".into());
    }
    set(spec, "replicas", 1.into());
    set(spec, "revisionHistoryLimit", REVISION_HISTORY_LIMIT.into());
    template(field(spec, "template"));
    for claim in items(spec, "volumeClaimTemplates") {
        claim.insert("apiVersion".to_owned(), "v1".into());
        claim.insert("kind".to_owned(), "PersistentVolumeClaim".into());
        storage::claim(claim);
    }
}

pub(super) fn daemon_set(metadata: &mut ObjectMeta, fields: &mut Fields) {
    if let Some(spec) = struct_in(fields, "spec") {
        if let Some(strategy) = struct_in(spec, "updateStrategy") {
            set(strategy, "type", "RollingUpdate".into());
            if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate")
                && let Some(rolling) = struct_in(strategy, "rollingUpdate")
            {
                set(rolling, "maxUnavailable", 1.into());
                set(rolling, "maxSurge", 0.into());
            }
        }
        set(spec, "revisionHistoryLimit", REVISION_HISTORY_LIMIT.into());
        template(field(spec, "template"));
    }
    let annotations = metadata.annotations.get_or_insert_default();
    annotations
        .entry(TEMPLATE_GENERATION.to_owned())
        .or_insert_with(|| "1".to_owned());
}

pub(super) fn replication_controller(metadata: &mut ObjectMeta, fields: &mut Fields) {
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    set(spec, "replicas", 1.into());
    let labels = template_labels(spec);
    if let Some(labels) = labels.filter(|labels| !labels.is_empty()) {
        set(spec, "selector", json!(labels));
        if metadata.labels.as_ref().is_none_or(BTreeMap::is_empty) {
            metadata.labels = Some(labels);
        }
    }
    if present(spec, "template").is_some() {
        template(field(spec, "template"));
    }
}

/// The labels that a template gives its pods.
pub(super) fn template_labels(spec: &mut Fields) -> Option<BTreeMap<String, String>> {
    let metadata = present(present(spec, "template")?, "metadata")?;
    serde_json::from_value(metadata.get("labels")?.clone()).ok()
}
