//! Jobs and CronJobs.

use super::workloads::template_labels;
use super::{Fields, field, items, present, set, struct_in, template};
use crate::api::ObjectMeta;
use serde_json::Value;
use std::collections::BTreeMap;

const BACKOFF_LIMIT: i32 = 6;

fn silent(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_none_or(Value::is_null)
}

pub(super) fn job(metadata: &mut ObjectMeta, fields: &mut Fields) {
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    if silent(spec, "completions") && silent(spec, "parallelism") {
        set(spec, "completions", 1.into());
        set(spec, "parallelism", 1.into());
    }
    set(spec, "parallelism", 1.into());
    let backoff = match silent(spec, "backoffLimitPerIndex") {
        true => BACKOFF_LIMIT,
        false => i32::MAX,
    };
    set(spec, "backoffLimit", backoff.into());
    set(spec, "completionMode", "NonIndexed".into());
    set(spec, "suspend", false.into());
    set(spec, "manualSelector", false.into());
    let replacement = match silent(spec, "podFailurePolicy") {
        true => "TerminatingOrFailed",
        false => "Failed",
    };
    set(spec, "podReplacementPolicy", replacement.into());
    failure_policy(spec);
    template(field(spec, "template"));
    let labels = template_labels(spec).filter(|labels| !labels.is_empty());
    if let Some(labels) = labels
        && metadata.labels.as_ref().is_none_or(BTreeMap::is_empty)
    {
        metadata.labels = Some(labels);
    }
}

/// Conditions that say nothing mean `True`.
fn failure_policy(spec: &mut Fields) {
    let Some(policy) = present(spec, "podFailurePolicy") else {
        return;
    };
    for rule in items(policy, "rules") {
        for pattern in items(rule, "onPodConditions") {
            set(pattern, "status", "True".into());
        }
    }
}

pub(super) fn cron_job(fields: &mut Fields) {
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    set(spec, "concurrencyPolicy", "Allow".into());
    set(spec, "suspend", false.into());
    set(spec, "successfulJobsHistoryLimit", 3.into());
    set(spec, "failedJobsHistoryLimit", 1.into());
    if let Some(job) = struct_in(spec, "jobTemplate") {
        struct_in(job, "metadata");
        if let Some(spec) = struct_in(job, "spec") {
            failure_policy(spec);
            template(field(spec, "template"));
        }
    }
}
