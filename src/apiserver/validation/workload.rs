//! Deployments and ReplicaSets.

use super::field::{Errors, Json, Path, Shown, quote};
use super::meta;
use super::names;
use super::pod::{self, SCOPE, SPEC};
use crate::api::meta::LabelSelector;
use crate::api::{Deployment, ReplicaSet, core};
use k8s_openapi::api::apps::v1::{
    DeploymentSpec, DeploymentStrategy, ReplicaSetSpec, RollingUpdateDeployment,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

const STATUS: Path<'static> = Path::root("status");

impl Shown for IntOrString {
    fn show(&self) -> String {
        match self {
            IntOrString::Int(number) => number.to_string(),
            IntOrString::String(text) => quote(text),
        }
    }
}

pub(super) fn create_deployment(deployment: &Deployment, errors: &mut Errors) {
    meta::create(&deployment.metadata, &SCOPE, errors);
    deployment_spec(deployment.spec.as_ref(), errors);
}

pub(super) fn update_deployment(new: &Deployment, old: &Deployment, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    deployment_spec(new.spec.as_ref(), errors);
    if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
        immutable_selector(&new.selector, &old.selector, errors);
    }
}

pub(super) fn create_replica_set(set: &ReplicaSet, errors: &mut Errors) {
    meta::create(&set.metadata, &SCOPE, errors);
    replica_set_spec(set.spec.as_ref(), errors);
}

pub(super) fn update_replica_set(new: &ReplicaSet, old: &ReplicaSet, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    replica_set_spec(new.spec.as_ref(), errors);
    if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
        immutable_selector(&new.selector, &old.selector, errors);
    }
}

fn immutable_selector(new: &LabelSelector, old: &LabelSelector, errors: &mut Errors) {
    if new != old {
        let shown = meta::selector_json(new);
        errors.immutable(&SPEC.child("selector"), false, shown);
    }
}

fn deployment_spec(spec: Option<&DeploymentSpec>, errors: &mut Errors) {
    let none = DeploymentSpec::default();
    let spec = spec.unwrap_or(&none);
    let replicas = i64::from(spec.replicas.unwrap_or_default());
    errors.not_negative(&SPEC.child("replicas"), replicas);
    let selected = selector(&spec.selector, errors);
    template(&spec.template, &spec.selector, selected, errors);
    strategy(spec.strategy.as_ref(), errors);
    let min_ready = spec.min_ready_seconds.unwrap_or_default();
    errors.not_negative(&SPEC.child("minReadySeconds"), i64::from(min_ready));
    if let Some(limit) = spec.revision_history_limit {
        errors.not_negative(&SPEC.child("revisionHistoryLimit"), i64::from(limit));
    }
    if let Some(seconds) = spec.progress_deadline_seconds {
        let path = SPEC.child("progressDeadlineSeconds");
        errors.not_negative(&path, i64::from(seconds));
        if seconds <= min_ready {
            errors.invalid(&path, seconds, "must be greater than minReadySeconds");
        }
    }
}

fn replica_set_spec(spec: Option<&ReplicaSetSpec>, errors: &mut Errors) {
    let none = ReplicaSetSpec::default();
    let spec = spec.unwrap_or(&none);
    let replicas = i64::from(spec.replicas.unwrap_or_default());
    errors.not_negative(&SPEC.child("replicas"), replicas);
    let min_ready = i64::from(spec.min_ready_seconds.unwrap_or_default());
    errors.not_negative(&SPEC.child("minReadySeconds"), min_ready);
    let selected = selector(&spec.selector, errors);
    let no_template = core::PodTemplateSpec::default();
    let its_template = spec.template.as_ref().unwrap_or(&no_template);
    template(its_template, &spec.selector, selected, errors);
}

/// What a selector selects, told apart before it is matched.
#[derive(Clone, Copy, PartialEq)]
enum Selected {
    /// There is no selector.
    Nothing,
    /// The selector is empty.
    Everything,
    /// The selector says what.
    Some,
}

fn selector(selector: &LabelSelector, errors: &mut Errors) -> Selected {
    let path = SPEC.child("selector");
    if selector.match_labels.is_none() && selector.match_expressions.is_none() {
        errors.required(&path, "");
        return Selected::Nothing;
    }
    meta::selector(selector, &path, errors);
    let labels = selector
        .match_labels
        .as_ref()
        .is_none_or(|it| it.is_empty());
    let expressions = selector
        .match_expressions
        .as_ref()
        .is_none_or(|it| it.is_empty());
    if labels && expressions {
        let detail = "empty selector is invalid for deployment";
        errors.invalid(&path, meta::selector_json(selector), detail);
        return Selected::Everything;
    }
    Selected::Some
}

fn template(
    template: &core::PodTemplateSpec,
    selector: &LabelSelector,
    selected: Selected,
    errors: &mut Errors,
) {
    let path = SPEC.child("template");
    let labels = template.metadata.as_ref().and_then(|it| it.labels.as_ref());
    let none = std::collections::BTreeMap::new();
    let matched = match selected {
        Selected::Nothing => Some(false),
        Selected::Everything => Some(true),
        Selected::Some => meta::matches(selector, labels.unwrap_or(&none)),
    };
    match matched {
        None => {
            let shown = meta::selector_json(selector);
            errors.invalid(&SPEC.child("selector"), shown, "invalid label selector");
            return;
        }
        Some(false) => {
            let metadata = path.child("metadata");
            let detail = "`selector` does not match template `labels`";
            errors.invalid(&metadata.child("labels"), Json::of(&labels), detail);
        }
        Some(true) => {}
    }
    pod_template(template, &path, errors);
    let no_spec = core::PodSpec::default();
    let spec = template.spec.as_ref().unwrap_or(&no_spec);
    let spec_path = path.child("spec");
    let policy = spec.restart_policy.as_deref().unwrap_or_default();
    if policy != "Always" {
        errors.unsupported(&spec_path.child("restartPolicy"), policy, &["Always"]);
    }
    if spec.active_deadline_seconds.is_some() {
        let detail = "activeDeadlineSeconds in ReplicaSet is not Supported";
        errors.forbidden(&spec_path.child("activeDeadlineSeconds"), detail);
    }
}

/// A template as such, whatever it is the template of (`ValidatePodTemplateSpec`).
pub(super) fn pod_template(template: &core::PodTemplateSpec, path: &Path<'_>, errors: &mut Errors) {
    template_metadata(template, path, errors);
    let no_spec = core::PodSpec::default();
    let spec = template.spec.as_ref().unwrap_or(&no_spec);
    let spec_path = path.child("spec");
    pod::pod_spec(spec, None, false, &spec_path, errors);
    if spec
        .ephemeral_containers
        .as_ref()
        .is_some_and(|it| !it.is_empty())
    {
        let detail = "ephemeral containers not allowed in pod template";
        errors.forbidden(&spec_path.child("ephemeralContainers"), detail);
    }
}

/// The labels and annotations of a template.
pub(super) fn template_metadata(
    template: &core::PodTemplateSpec,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let metadata = template.metadata.as_ref();
    if let Some(map) = metadata.and_then(|it| it.labels.as_ref()) {
        meta::labels(map, &path.child("labels"), errors);
    }
    let no_spec = core::PodSpec::default();
    let spec = template.spec.as_ref().unwrap_or(&no_spec);
    let annotations = metadata.and_then(|it| it.annotations.as_ref());
    let annotations_path = path.child("annotations");
    if let Some(map) = annotations {
        meta::annotations(map, &annotations_path, errors);
    }
    pod::specific_annotations(annotations, spec, &annotations_path, errors);
}

fn strategy(strategy: Option<&DeploymentStrategy>, errors: &mut Errors) {
    let path = SPEC.child("strategy");
    let rolling_path = path.child("rollingUpdate");
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    match strategy.and_then(|strategy| strategy.type_.as_deref()) {
        Some("Recreate") => {
            if rolling.is_some() {
                let detail = "may not be specified when strategy `type` is 'Recreate'";
                errors.forbidden(&rolling_path, detail);
            }
        }
        Some("RollingUpdate") => match rolling {
            None => errors.required(&rolling_path, "this should be defaulted and never be nil"),
            Some(rolling) => rolling_update(rolling, &rolling_path, errors),
        },
        other => {
            let shown = strategy_json(other.unwrap_or_default(), rolling);
            errors.unsupported(&path, shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

fn strategy_json(name: &str, rolling: Option<&RollingUpdateDeployment>) -> Json {
    let rolling = match rolling {
        None => "null".to_owned(),
        Some(rolling) => {
            let show = |it: &Option<IntOrString>| it.as_ref().map_or("0".into(), Shown::show);
            format!(
                "{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}",
                show(&rolling.max_unavailable),
                show(&rolling.max_surge)
            )
        }
    };
    Json(format!(
        "{{\"Type\":{},\"RollingUpdate\":{rolling}}}",
        quote(name)
    ))
}

fn rolling_update(rolling: &RollingUpdateDeployment, path: &Path<'_>, errors: &mut Errors) {
    let zero = IntOrString::Int(0);
    let unavailable = rolling.max_unavailable.as_ref().unwrap_or(&zero);
    let surge = rolling.max_surge.as_ref().unwrap_or(&zero);
    let unavailable_path = path.child("maxUnavailable");
    positive_share(unavailable, &unavailable_path, errors);
    positive_share(surge, &path.child("maxSurge"), errors);
    if share(unavailable) == 0 && share(surge) == 0 {
        let detail = "may not be 0 when `maxSurge` is 0";
        errors.invalid(&unavailable_path, unavailable, detail);
    }
    let is_percent = matches!(unavailable, IntOrString::String(it) if names::is_percent(it));
    if is_percent && share(unavailable) > 100 {
        errors.invalid(
            &unavailable_path,
            unavailable,
            "must not be greater than 100%",
        );
    }
}

/// The number, or the number before the percent sign.
fn share(value: &IntOrString) -> i64 {
    match value {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(text) => {
            let digits = text.strip_suffix('%').unwrap_or(text);
            digits
                .parse()
                .unwrap_or(if names::is_percent(text) { i64::MAX } else { 0 })
        }
    }
}

fn positive_share(value: &IntOrString, path: &Path<'_>, errors: &mut Errors) {
    match value {
        IntOrString::Int(number) => errors.not_negative(path, i64::from(*number)),
        IntOrString::String(text) => {
            if !names::is_percent(text) {
                let detail = "must be an integer or percentage (e.g '5%%')";
                errors.invalid(path, value, detail);
            }
        }
    }
}

/// A number in a status, and its field.
type Count = (&'static str, Option<i32>);

fn counts(counts: &[Count], replicas: i32, available: i32, ready: i32, errors: &mut Errors) {
    for (field, count) in counts {
        errors.not_negative(&STATUS.child(field), i64::from(count.unwrap_or_default()));
    }
    for (field, count) in counts {
        let bounded = !matches!(
            *field,
            "replicas" | "unavailableReplicas" | "collisionCount"
        );
        let count = count.unwrap_or_default();
        if bounded && count > replicas {
            errors.invalid(
                &STATUS.child(field),
                count,
                "cannot be greater than status.replicas",
            );
        }
    }
    if available > ready {
        let path = STATUS.child("availableReplicas");
        errors.invalid(&path, available, "cannot be greater than readyReplicas");
    }
}

pub(super) fn update_deployment_status(new: &Deployment, old: &Deployment, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    let Some(status) = &new.status else { return };
    let numbers = [
        ("replicas", status.replicas),
        ("updatedReplicas", status.updated_replicas),
        ("readyReplicas", status.ready_replicas),
        ("availableReplicas", status.available_replicas),
        ("unavailableReplicas", status.unavailable_replicas),
        ("collisionCount", status.collision_count),
    ];
    errors.not_negative(
        &STATUS.child("observedGeneration"),
        status.observed_generation.unwrap_or_default(),
    );
    counts(
        &numbers,
        status.replicas.unwrap_or_default(),
        status.available_replicas.unwrap_or_default(),
        status.ready_replicas.unwrap_or_default(),
        errors,
    );
    let was = old
        .status
        .as_ref()
        .and_then(|status| status.collision_count);
    if status.collision_count.unwrap_or_default() < was.unwrap_or_default() {
        let count = Json::of(&status.collision_count);
        errors.invalid(
            &STATUS.child("collisionCount"),
            count,
            "cannot be decremented",
        );
    }
}

pub(super) fn update_replica_set_status(new: &ReplicaSet, old: &ReplicaSet, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    let Some(status) = &new.status else { return };
    let numbers = [
        ("replicas", Some(status.replicas)),
        ("fullyLabeledReplicas", status.fully_labeled_replicas),
        ("readyReplicas", status.ready_replicas),
        ("availableReplicas", status.available_replicas),
    ];
    errors.not_negative(
        &STATUS.child("observedGeneration"),
        status.observed_generation.unwrap_or_default(),
    );
    counts(
        &numbers,
        status.replicas,
        status.available_replicas.unwrap_or_default(),
        status.ready_replicas.unwrap_or_default(),
        errors,
    );
}
