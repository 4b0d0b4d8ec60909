//! StatefulSets, DaemonSets, ReplicationControllers, PodTemplates
//! (`pkg/apis/apps/validation`, `pkg/apis/core/validation`).

use super::super::field::{Errors, Json, Path};
use super::super::pod::SPEC;
use super::super::{meta, workload};
use super::reader::{Fields, shown};
use crate::api::{LabelSelector, core};
use serde_json::Value;

/// A template read as its type.
pub(super) fn template_of(fields: Fields<'_>, name: &str) -> core::PodTemplateSpec {
    serde_json::from_value(fields.get(name).clone()).unwrap_or_default()
}

fn is_empty(selector: &LabelSelector) -> bool {
    let labels = selector.match_labels.as_ref();
    let expressions = selector.match_expressions.as_ref();
    labels.is_none_or(|labels| labels.is_empty()) && expressions.is_none_or(|list| list.is_empty())
}

/// The labels of a template must be selected.
pub(super) fn selected(
    selector: &LabelSelector,
    template: &core::PodTemplateSpec,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let labels = template
        .metadata
        .as_ref()
        .and_then(|meta| meta.labels.clone());
    let none = std::collections::BTreeMap::new();
    if meta::matches(selector, labels.as_ref().unwrap_or(&none)) != Some(true) {
        let metadata = path.child("metadata");
        let detail = "`selector` does not match template `labels`";
        errors.invalid(&metadata.child("labels"), Json::of(&labels), detail);
    }
}

/// Pods of such workloads run for ever.
fn always(template: &core::PodTemplateSpec, kind: &str, path: &Path<'_>, errors: &mut Errors) {
    let spec_path = path.child("spec");
    let spec = template.spec.clone().unwrap_or_default();
    let policy = spec.restart_policy.as_deref().unwrap_or_default();
    if policy != "Always" {
        errors.unsupported(&spec_path.child("restartPolicy"), policy, &["Always"]);
    }
    if spec.active_deadline_seconds.is_some() {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.forbidden(&spec_path.child("activeDeadlineSeconds"), detail);
    }
}

pub(super) fn stateful_set(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let path = &SPEC;
    match spec.text("podManagementPolicy") {
        "" => errors.required(&path.child("podManagementPolicy"), ""),
        "OrderedReady" | "Parallel" => {}
        other => errors.invalid(
            &path.child("podManagementPolicy"),
            other,
            "must be 'OrderedReady' or 'Parallel'",
        ),
    }
    stateful_strategy(spec.at("updateStrategy"), errors);
    let retention = spec.at("persistentVolumeClaimRetentionPolicy");
    let retention_path = path.child("persistentVolumeClaimRetentionPolicy");
    for field in ["whenDeleted", "whenScaled"] {
        errors.choice(retention, &retention_path, field, &["Delete", "Retain"]);
    }
    errors.count(spec, path, "replicas");
    errors.count(spec, path, "minReadySeconds");
    errors.count(spec.at("ordinals"), &path.child("ordinals"), "start");
    let template = template_of(spec, "template");
    let template_path = path.child("template");
    match spec.selector("selector") {
        None => errors.required(&path.child("selector"), ""),
        Some(selector) => {
            let selector_path = path.child("selector");
            meta::selector(&selector, &selector_path, errors);
            if is_empty(&selector) {
                let detail = "empty selector is invalid for statefulset";
                errors.invalid(&selector_path, meta::selector_json(&selector), detail);
            }
            selected(&selector, &template, &template_path, errors);
            // Upstream leaves the pod's spec alone: its mounts may name volumes
            // that come from the claim templates.
            workload::template_metadata(&template, &template_path, errors);
        }
    }
    always(&template, "StatefulSet", &template_path, errors);
}

fn stateful_strategy(strategy: Fields<'_>, errors: &mut Errors) {
    let path = SPEC.child("updateStrategy");
    let rolling = strategy.at("rollingUpdate");
    let rolling_path = path.child("rollingUpdate");
    match strategy.text("type") {
        "" => errors.required(&path.child("type"), ""),
        "OnDelete" => {
            if strategy.has("rollingUpdate") {
                let detail = "only allowed for updateStrategy 'RollingUpdate'";
                errors.invalid(&rolling_path, shown(strategy.get("rollingUpdate")), detail);
            }
        }
        "RollingUpdate" => {
            errors.count(rolling, &rolling_path, "partition");
            let most = rolling.get("maxUnavailable");
            let path = rolling_path.child("maxUnavailable");
            errors.number_or_percent(most, &path);
            errors.at_most_all(most, &path);
            if most.as_i64() == Some(0) || most.as_str() == Some("0%") {
                errors.invalid(&path, shown(most), "cannot be 0");
            }
        }
        _ => {
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            let value = format!(
                "{{\"Type\":{},\"RollingUpdate\":{}}}",
                strategy.get("type"),
                strategy.get("rollingUpdate")
            );
            errors.invalid(&path, Json(value), detail);
        }
    }
}

/// What an update of a StatefulSet may change.
const STATEFUL_MUTABLE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

pub(super) fn update_stateful_set(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    stateful_set(new, errors);
    let fixed = |fields: Fields<'_>| {
        let mut spec = fields.get("spec").clone();
        if let Value::Object(map) = &mut spec {
            map.retain(|key, _| !STATEFUL_MUTABLE.contains(&key.as_str()));
        }
        spec
    };
    if fixed(new) != fixed(old) {
        errors.forbidden(
            &SPEC,
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        );
    }
}

pub(super) fn daemon_set(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let path = &SPEC;
    let selector = spec.selector("selector").unwrap_or_default();
    let selector_path = path.child("selector");
    let template = template_of(spec, "template");
    let template_path = path.child("template");
    if !spec.has("selector") {
        errors.required(&selector_path, "");
    } else {
        meta::selector(&selector, &selector_path, errors);
    }
    selected(&selector, &template, &template_path, errors);
    if spec.has("selector") && is_empty(&selector) {
        let detail = "empty selector is invalid for daemonset";
        errors.invalid(&selector_path, meta::selector_json(&selector), detail);
    }
    workload::pod_template(&template, &template_path, errors);
    always(&template, "DaemonSet", &template_path, errors);
    errors.count(spec, path, "minReadySeconds");
    daemon_strategy(spec.at("updateStrategy"), errors);
    errors.count(spec, path, "revisionHistoryLimit");
}

fn daemon_strategy(strategy: Fields<'_>, errors: &mut Errors) {
    let path = SPEC.child("updateStrategy");
    match strategy.text("type") {
        "OnDelete" => {}
        "RollingUpdate" if !strategy.has("rollingUpdate") => {
            errors.required(&path.child("rollingUpdate"), "");
        }
        "RollingUpdate" => {
            let path = path.child("rollingUpdate");
            let rolling = strategy.at("rollingUpdate");
            let (most, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            let (most_path, surge_path) = (path.child("maxUnavailable"), path.child("maxSurge"));
            errors.number_or_percent(most, &most_path);
            errors.at_most_all(most, &most_path);
            errors.number_or_percent(surge, &surge_path);
            errors.at_most_all(surge, &surge_path);
            let some =
                |value: &Value| !matches!(value.to_string().as_str(), "0" | "null" | "\"0%\"");
            match (some(most), some(surge)) {
                (true, true) => {
                    let detail = "may not be set when maxUnavailable is non-zero";
                    errors.invalid(&surge_path, shown(surge), detail);
                }
                (false, false) => {
                    errors.required(&most_path, "cannot be 0 when maxSurge is 0");
                }
                _ => {}
            }
        }
        other => errors.unsupported(&path.child("type"), other, &["RollingUpdate", "OnDelete"]),
    }
}

pub(super) fn update_daemon_set(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    let (now, before) = (new.at("spec"), old.at("spec"));
    if now.get("selector") != before.get("selector") {
        let selector = now.selector("selector").unwrap_or_default();
        let path = SPEC.child("selector");
        errors.immutable(&path, false, meta::selector_json(&selector));
    }
    daemon_set(new, errors);
}

pub(super) fn replication_controller(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let path = &SPEC;
    errors.count(spec, path, "minReadySeconds");
    let labels = spec.map("selector");
    if labels.is_empty() {
        errors.required(&path.child("selector"), "");
    }
    errors.count(spec, path, "replicas");
    let template_path = path.child("template");
    if !spec.has("template") {
        errors.required(&template_path, "");
        return;
    }
    let template = template_of(spec, "template");
    if !labels.is_empty() {
        let selector = LabelSelector {
            match_labels: Some(labels),
            ..LabelSelector::default()
        };
        selected(&selector, &template, &template_path, errors);
    }
    workload::pod_template(&template, &template_path, errors);
    always(&template, "ReplicationController", &template_path, errors);
}

pub(super) fn pod_template(fields: Fields<'_>, errors: &mut Errors) {
    let template = template_of(fields, "template");
    workload::pod_template(&template, &Path::root("template"), errors);
}
