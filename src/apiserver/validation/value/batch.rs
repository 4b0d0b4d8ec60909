//! Jobs and CronJobs (`pkg/apis/batch/validation`).

use super::super::field::{Errors, Path};
use super::super::meta::{self, METADATA};
use super::super::pod::SPEC;
use super::super::{internal, names, workload};
use super::cron;
use super::reader::{Fields, shown};
use super::workloads::{selected, template_of};
use crate::api::{LabelSelector, ObjectMeta};
use serde_json::Value;

/// Jobs of a CronJob have eleven more characters.
const CRON_NAME_MAX: usize = 52;
const INDEXED_PARALLELISM_MAX: i64 = 100_000;
const OWN_UID: &str = "batch.kubernetes.io/controller-uid";

pub(super) fn job(meta: &ObjectMeta, fields: Fields<'_>, errors: &mut Errors) {
    generated_selector(meta, fields.at("spec"), errors);
    job_spec(meta, fields.at("spec"), errors);
    indexed_names(meta, fields.at("spec"), errors);
}

/// Pods of an indexed Job have its name and their index as their host name.
fn indexed_names(meta: &ObjectMeta, spec: Fields<'_>, errors: &mut Errors) {
    let completions = spec.int("completions").unwrap_or(0);
    if spec.text("completionMode") != "Indexed" || completions <= 0 {
        return;
    }
    let name = meta.name.as_deref().unwrap_or_default();
    let last = format!("{name}-{}", completions - 1);
    let mut messages = Vec::new();
    names::label(&last, &mut messages);
    if !messages.is_empty() {
        let detail = format!("will not able to create pod with invalid DNS label: {last}");
        errors.invalid(&METADATA.child("name"), name, detail);
    }
}

/// A selector that the server made selects by the Job's uid.
fn generated_selector(meta: &ObjectMeta, spec: Fields<'_>, errors: &mut Errors) {
    // Without a uid it is a manifest, whose selector is yet to be made.
    if spec.flag("manualSelector") || meta.uid.is_none() {
        return;
    }
    let selector = spec.selector("selector").unwrap_or_default();
    let uid = meta.uid.clone().unwrap_or_default();
    let labels = selector.match_labels.clone().unwrap_or_default();
    let ours = labels.len() == 1
        && labels.get(OWN_UID).or(labels.get("controller-uid")) == Some(&uid)
        && selector.match_expressions.is_none();
    if !ours {
        let detail = "`selector` not auto-generated";
        let path = SPEC.child("selector");
        errors.invalid(&path, meta::selector_json(&selector), detail);
    }
}

fn job_spec(meta: &ObjectMeta, spec: Fields<'_>, errors: &mut Errors) {
    plain_spec(spec, &SPEC, errors);
    let selector_path = SPEC.child("selector");
    let Some(selector) = spec.selector("selector") else {
        if meta.uid.is_some() || spec.flag("manualSelector") {
            errors.required(&selector_path, "");
        }
        return;
    };
    meta::selector(&selector, &selector_path, errors);
    let template = template_of(spec, "template");
    selected(&selector, &template, &SPEC.child("template"), errors);
}

/// What Jobs and those of CronJobs have in common.
fn plain_spec(spec: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        errors.count(spec, path, field);
    }
    let indexed = spec.text("completionMode") == "Indexed";
    if let Some(limit) = spec.int("backoffLimitPerIndex").filter(|_| !indexed) {
        let path = path.child("backoffLimitPerIndex");
        errors.invalid(&path, limit, "requires indexed completion mode");
    }
    if let Some(most) = spec.int("maxFailedIndexes") {
        if !spec.has("backoffLimitPerIndex") {
            let path = path.child("backoffLimitPerIndex");
            errors.required(&path, "when maxFailedIndexes is specified");
        }
        if spec.int("completions").is_some_and(|all| most > all) {
            let path = path.child("maxFailedIndexes");
            errors.invalid(&path, most, "must be less than or equal to completions");
        }
    }
    if spec.has("completionMode") {
        errors.choice(spec, path, "completionMode", &["Indexed", "NonIndexed"]);
        if indexed {
            if !spec.has("completions") {
                let detail = "when completion mode is Indexed";
                errors.required(&path.child("completions"), detail);
            }
            if let Some(number) = spec.int("parallelism")
                && number > INDEXED_PARALLELISM_MAX
            {
                let detail = "must be less than or equal to 100000 when completion mode is Indexed";
                errors.invalid(&path.child("parallelism"), number, detail);
            }
        }
    }
    failure_policy(spec, path, errors);
    let replacements: &[&str] = match spec.has("podFailurePolicy") {
        true => &["Failed"],
        false => &["Failed", "TerminatingOrFailed"],
    };
    errors.choice(spec, path, "podReplacementPolicy", replacements);
    let template = template_of(spec, "template");
    let template_path = path.child("template");
    workload::pod_template(&template, &template_path, errors);
    let pod = template.spec.unwrap_or_default();
    let policy = pod.restart_policy.as_deref().unwrap_or_default();
    let spec_path = template_path.child("spec");
    let policy_path = spec_path.child("restartPolicy");
    if !matches!(policy, "OnFailure" | "Never") {
        errors.required(&policy_path, "valid values: \"OnFailure\", \"Never\"");
    } else if spec.has("podFailurePolicy") && policy != "Never" {
        let detail = "only \"Never\" is supported when podFailurePolicy is specified";
        errors.invalid(&policy_path, policy, detail);
    }
}

fn failure_policy(spec: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    if !spec.has("podFailurePolicy") {
        return;
    }
    let path = path.child("podFailurePolicy");
    let path = path.child("rules");
    for (index, rule) in spec.at("podFailurePolicy").items("rules") {
        let path = path.index(index);
        let actions = ["Count", "FailIndex", "FailJob", "Ignore"];
        errors.one_of(&path.child("action"), rule.text("action"), &actions);
        if rule.text("action") == "FailIndex" && !spec.has("backoffLimitPerIndex") {
            let detail = "requires the backoffLimitPerIndex to be set";
            errors.invalid(&path.child("action"), "FailIndex", detail);
        }
        let (codes, conditions) = (
            rule.has("onExitCodes"),
            !rule.list("onPodConditions").is_empty(),
        );
        match (codes, conditions) {
            (true, true) => {
                let detail = "specifying both OnExitCodes and OnPodConditions is not supported";
                errors.invalid(&path, shown(&Value::Null), detail);
            }
            (false, false) => {
                let detail = "specifying one of OnExitCodes and OnPodConditions is required";
                errors.invalid(&path, shown(&Value::Null), detail);
            }
            (true, false) => exit_codes(rule.at("onExitCodes"), &path, errors),
            (false, true) => {}
        }
    }
}

fn exit_codes(codes: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    let path = path.child("onExitCodes");
    errors.one_of(
        &path.child("operator"),
        codes.text("operator"),
        &["In", "NotIn"],
    );
    let values_path = path.child("values");
    let values = codes.list("values");
    if values.is_empty() {
        errors.invalid(
            &values_path,
            shown(codes.get("values")),
            "at least one value is required",
        );
    }
    let mut last: Option<i64> = None;
    for (index, value) in values.iter().enumerate() {
        let number = value.as_i64().unwrap_or(0);
        if number == 0 && codes.text("operator") == "In" {
            let detail = "must not be 0 for the In operator";
            errors.invalid(&values_path.index(index), number, detail);
        }
        if last.is_some_and(|last| last >= number) {
            errors.invalid(&values_path, shown(codes.get("values")), "must be ordered");
            break;
        }
        last = Some(number);
    }
}

pub(super) fn update_job(meta: &ObjectMeta, new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    job(meta, new, errors);
    let (now, before) = (new.at("spec"), old.at("spec"));
    let elastic =
        now.text("completionMode") == "Indexed" && now.get("completions") == now.get("parallelism");
    if !elastic {
        errors.unchanged(now, before, &SPEC, "completions");
    }
    if now.get("selector") != before.get("selector") {
        let selector: LabelSelector = now.selector("selector").unwrap_or_default();
        let path = SPEC.child("selector");
        errors.immutable(&path, false, meta::selector_json(&selector));
    }
    if now.get("template") != before.get("template") && !may_change_template(now, before, old) {
        let template = internal::pod_template(now.get("template"));
        errors.immutable(&SPEC.child("template"), false, template);
    }
    for field in [
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ] {
        errors.unchanged(now, before, &SPEC, field);
    }
}

/// A suspended Job that never ran may be steered to other nodes.
fn may_change_template(now: Fields<'_>, before: Fields<'_>, old: Fields<'_>) -> bool {
    if !before.flag("suspend") || old.at("status").has("startTime") {
        return false;
    }
    let fixed = |spec: Fields<'_>| {
        let mut template = spec.get("template").clone();
        if let Some(Value::Object(metadata)) = template.get_mut("metadata") {
            metadata.remove("annotations");
            metadata.remove("labels");
        }
        if let Some(Value::Object(pod)) = template.get_mut("spec") {
            for field in ["nodeSelector", "affinity", "tolerations", "schedulingGates"] {
                pod.remove(field);
            }
        }
        template
    };
    fixed(now) == fixed(before)
}

pub(super) fn cron_job(meta: &ObjectMeta, fields: Fields<'_>, errors: &mut Errors) {
    update_cron_job(fields, errors);
    let name = meta.name.as_deref().unwrap_or_default();
    if name.len() > CRON_NAME_MAX {
        let detail = "must be no more than 52 characters";
        errors.invalid(&METADATA.child("name"), name, detail);
    }
}

pub(super) fn update_cron_job(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let path = &SPEC;
    let schedule = spec.text("schedule");
    let schedule_path = path.child("schedule");
    if schedule.is_empty() {
        errors.required(&schedule_path, "");
    } else {
        if schedule.contains("TZ") {
            let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            errors.invalid(&schedule_path, schedule, detail);
        }
        if let Err(why) = cron::check(schedule) {
            errors.invalid(&schedule_path, schedule, why);
        }
    }
    errors.count(spec, path, "startingDeadlineSeconds");
    if spec.has("timeZone") {
        time_zone(spec.text("timeZone"), errors);
    }
    let policies = ["Allow", "Forbid", "Replace"];
    let policy = spec.text("concurrencyPolicy");
    errors.one_of(&path.child("concurrencyPolicy"), policy, &policies);
    let template_path = path.child("jobTemplate");
    let job_path = template_path.child("spec");
    let job = spec.at("jobTemplate").at("spec");
    plain_spec(job, &job_path, errors);
    if job.flag("manualSelector") {
        let path = job_path.child("manualSelector");
        errors.unsupported(&path, true, &["nil", "false"]);
    }
    if let Some(selector) = job.selector("selector") {
        let detail = "`selector` will be auto-generated";
        let path = job_path.child("selector");
        errors.invalid(&path, meta::selector_json(&selector), detail);
    }
    errors.count(spec, path, "successfulJobsHistoryLimit");
    errors.count(spec, path, "failedJobsHistoryLimit");
}

fn time_zone(zone: &str, errors: &mut Errors) {
    let path = SPEC.child("timeZone");
    if zone.is_empty() {
        errors.invalid(&path, zone, "timeZone must be nil or non-empty string");
    } else if zone.eq_ignore_ascii_case("local") {
        let detail =
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.invalid(&path, zone, detail);
    } else if !is_zone(zone) {
        errors.invalid(&path, zone, format!("unknown time zone {zone}"));
    }
}

/// The form of a zone's name; the data base itself is not here.
fn is_zone(zone: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    matches!(zone, "UTC" | "GMT") || (zone.contains('/') && zone.split('/').all(word))
}
