//! PodSecurity: the labels `pod-security.kubernetes.io/*` of a namespace say how
//! safe its pods must be (`k8s.io/pod-security-admission`).

mod checks;
mod namespaces;
mod policy;

pub(super) use namespaces::validate_namespace;

use super::name_of;
use crate::api::core::PodSpec;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, ObjectMeta, Pod};
use crate::apiserver::storage::Call;
use checks::Finding;
use policy::{LevelVersion, Policy};
use serde_json::Value;

/// The policy of a namespace.
fn policy_of(call: &Call<'_>, namespace: &str) -> Policy {
    let entry = call.look_up(Kind::Namespace, Key::new("", namespace));
    let labels = entry.and_then(|entry| entry.object.meta().labels.as_ref());
    labels.map(Policy::of_labels).unwrap_or_default()
}

/// `reason (detail), …`
fn details(findings: &[Finding]) -> String {
    let parts: Vec<String> = findings
        .iter()
        .map(|finding| match finding.detail.as_str() {
            "" => finding.reason.clone(),
            detail => format!("{} ({detail})", finding.reason),
        })
        .collect();
    parts.join(", ")
}

fn evaluate(level: &LevelVersion, meta: &ObjectMeta, spec: &PodSpec) -> Vec<Finding> {
    checks::evaluate(level, meta, spec)
}

/// Refuses a pod, or warns of it.
pub(super) fn validate_pod(
    call: &mut Call<'_>,
    pod: &Pod,
    old: Option<&Pod>,
) -> Result<(), ApiError> {
    if old.is_some_and(|old| !changes_matter(pod, old)) {
        return Ok(());
    }
    let policy = policy_of(call, pod.metadata.namespace.as_deref().unwrap_or_default());
    if policy.is_privileged() {
        return Ok(());
    }
    let none = PodSpec::default();
    let spec = pod.spec.as_ref().unwrap_or(&none);
    let refused = evaluate(&policy.enforce, &pod.metadata, spec);
    if !refused.is_empty() {
        let why = format!(
            "violates PodSecurity {:?}: {}",
            policy.enforce.to_string(),
            details(&refused)
        );
        return Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), &why));
    }
    warn(call, &policy, &pod.metadata, spec);
    Ok(())
}

/// Warns of what the pods of a workload would be refused for.
pub(super) fn warn_of_workload(call: &mut Call<'_>, object: &Object) {
    let pointer = match object.kind() {
        Kind::CronJob => "/spec/jobTemplate/spec/template",
        Kind::PodTemplate => "/template",
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::ReplicationController
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Job => "/spec/template",
        _ => return,
    };
    let policy = policy_of(call, &object.key().namespace);
    if policy.warn.is_privileged() {
        return;
    }
    let value = object.to_json();
    let template = value.pointer(pointer).cloned().unwrap_or(Value::Null);
    let Ok(template) = serde_json::from_value::<crate::api::core::PodTemplateSpec>(template) else {
        return;
    };
    let (meta, spec) = (
        template.metadata.unwrap_or_default(),
        template.spec.unwrap_or_default(),
    );
    warn(call, &policy, &meta, &spec);
}

fn warn(call: &mut Call<'_>, policy: &Policy, meta: &ObjectMeta, spec: &PodSpec) {
    let doubtful = evaluate(&policy.warn, meta, spec);
    if !doubtful.is_empty() {
        call.warnings.push(format!(
            "would violate PodSecurity {:?}: {}",
            policy.warn.to_string(),
            details(&doubtful)
        ));
    }
}

/// Updates of a running pod can change little; only some of it matters here
/// (`isSignificantPodUpdate`).
fn changes_matter(pod: &Pod, old: &Pod) -> bool {
    let images = |pod: &Pod| -> Vec<Option<String>> {
        let spec = pod.spec.as_ref();
        spec.into_iter()
            .flat_map(|spec| {
                spec.containers
                    .iter()
                    .chain(spec.init_containers.iter().flatten())
            })
            .map(|container| container.image.clone())
            .collect()
    };
    let others = |pod: &Pod| {
        let spec = pod.spec.as_ref();
        spec.and_then(|spec| spec.ephemeral_containers.as_ref().map(Vec::len))
    };
    pod.metadata.annotations != old.metadata.annotations
        || images(pod) != images(old)
        || others(pod) != others(old)
}
