//! What may still change in a pod.

use super::field::{Errors, Json, Path, list, text};
use super::meta::{self, METADATA};
use super::pod::{SPEC, metadata_and_spec, spec};
use super::{internal, ip, names, scheduling};
use crate::api::{Pod, core};
use std::collections::BTreeMap;

const CHANGEABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,\
    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const MIRROR: &str = "kubernetes.io/config.mirror";

pub(super) fn update(new: &Pod, old: &Pod, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    metadata_and_spec(new, errors);
    annotations(new, old, errors);
    let (new_spec, old_spec) = (spec(new), spec(old));
    let containers = [
        (
            "containers",
            new_spec.containers.len(),
            old_spec.containers.len(),
        ),
        (
            "initContainers",
            list(&new_spec.init_containers).len(),
            list(&old_spec.init_containers).len(),
        ),
    ];
    for (field, new, old) in containers {
        if new != old {
            let detail = "pod updates may not add or remove containers";
            errors.forbidden(&SPEC.child(field), detail);
            return;
        }
    }
    if !active_deadline(new_spec, old_spec, errors) {
        return;
    }
    tolerations(new_spec, old_spec, errors);
    scheduling_gates(new_spec, old_spec, errors);
    if new_spec == old_spec {
        return;
    }
    let munged = munge(new_spec, old_spec, errors);
    if munged != *old_spec {
        // An empty list and no list at all are the same to upstream.
        let diff = internal::diff_of_specs(old_spec, &munged);
        if !diff.is_empty() {
            let head = "pod updates may not change fields other than";
            errors.forbidden(&SPEC, format!("{head} {CHANGEABLE}\n{diff}"));
        }
    }
}

fn annotations(new: &Pod, old: &Pod, errors: &mut Errors) {
    let none = BTreeMap::new();
    let path = METADATA.child("annotations");
    let (new, old) = (
        new.metadata.annotations.as_ref().unwrap_or(&none),
        old.metadata.annotations.as_ref().unwrap_or(&none),
    );
    match (new.get(MIRROR), old.get(MIRROR)) {
        (Some(_), None) => {
            errors.forbidden(&path.key(MIRROR), "may not add mirror pod annotation");
        }
        (new, Some(old)) if new != Some(old) => {
            let detail = "may not remove or update mirror pod annotation";
            errors.forbidden(&path.key(MIRROR), detail);
        }
        _ => {}
    }
}

/// From nothing to something, or to something less. False ends the check.
fn active_deadline(new: &core::PodSpec, old: &core::PodSpec, errors: &mut Errors) -> bool {
    let path = SPEC.child("activeDeadlineSeconds");
    match (new.active_deadline_seconds, old.active_deadline_seconds) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            errors.invalid(&path, new, "must be between 0 and 2147483647, inclusive");
            false
        }
        (Some(new), Some(old)) if old < new => {
            errors.invalid(&path, new, "must be less than or equal to previous value");
            false
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            errors.invalid(&path, Json("null".into()), detail);
            true
        }
        _ => true,
    }
}

fn tolerations(new: &core::PodSpec, old: &core::PodSpec, errors: &mut Errors) {
    let path = SPEC.child("tolerations");
    let kept = list(&old.tolerations).iter().all(|old| {
        list(&new.tolerations).iter().any(|new| {
            core::Toleration {
                toleration_seconds: old.toleration_seconds,
                ..new.clone()
            } == *old
        })
    });
    if kept {
        scheduling::tolerations(list(&new.tolerations), &path, errors);
    } else {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.forbidden(&path, detail);
    }
}

fn scheduling_gates(new: &core::PodSpec, old: &core::PodSpec, errors: &mut Errors) {
    let path = SPEC.child("schedulingGates");
    let old = list(&old.scheduling_gates);
    for (index, gate) in list(&new.scheduling_gates).iter().enumerate() {
        if !old.contains(gate) {
            let path = path.index(index);
            let detail = format!(
                "only deletion is allowed, but found new scheduling gate '{}'",
                gate.name
            );
            errors.forbidden(&path.child("name"), detail);
        }
    }
}

/// The new spec with everything that may change set back to what it was.
fn munge(new: &core::PodSpec, old: &core::PodSpec, errors: &mut Errors) -> core::PodSpec {
    let mut munged = new.clone();
    for (container, old) in munged.containers.iter_mut().zip(&old.containers) {
        container.image.clone_from(&old.image);
    }
    let init = munged.init_containers.iter_mut().flatten();
    for (container, old) in init.zip(list(&old.init_containers)) {
        container.image.clone_from(&old.image);
    }
    munged.active_deadline_seconds = old.active_deadline_seconds;
    munged.scheduling_gates.clone_from(&old.scheduling_gates);
    munged.tolerations.clone_from(&old.tolerations);
    let was_negative = old
        .termination_grace_period_seconds
        .is_some_and(|it| it < 0);
    if was_negative && munged.termination_grace_period_seconds == Some(1) {
        munged.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    if !list(&old.scheduling_gates).is_empty() {
        gated_node_selector(&mut munged, old, errors);
        gated_node_affinity(&mut munged, old);
    }
    munged
}

/// A gated pod's node selector may get narrower.
fn gated_node_selector(munged: &mut core::PodSpec, old: &core::PodSpec, errors: &mut Errors) {
    let none = BTreeMap::new();
    let new = munged.node_selector.as_ref().unwrap_or(&none);
    let path = SPEC.child("nodeSelector");
    let kept = old
        .node_selector
        .iter()
        .flatten()
        .all(|(key, value)| new.get(key) == Some(value));
    if !kept {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.invalid(&path, Json::of(new), detail);
    }
    munged.node_selector.clone_from(&old.node_selector);
}

fn gated_node_affinity(munged: &mut core::PodSpec, old: &core::PodSpec) {
    let was = old
        .affinity
        .as_ref()
        .and_then(|it| it.node_affinity.clone());
    match &mut munged.affinity {
        Some(affinity)
            if old.affinity.is_none()
                && affinity.pod_affinity.is_none()
                && affinity.pod_anti_affinity.is_none() =>
        {
            munged.affinity = None;
        }
        Some(affinity) => affinity.node_affinity = was,
        None => {
            if was.is_some() {
                munged.affinity = Some(core::Affinity {
                    node_affinity: was,
                    ..Default::default()
                });
            }
        }
    }
}

/// What the kubelet may report.
pub(super) fn update_status(new: &Pod, old: &Pod, errors: &mut Errors) {
    const STATUS: Path<'static> = Path::root("status");
    meta::update(&new.metadata, &old.metadata, errors);
    annotations(new, old, errors);
    let none = core::PodStatus::default();
    let status = new.status.as_ref().unwrap_or(&none);
    let was = old.status.as_ref().unwrap_or(&none);
    let conditions_path = METADATA.child("conditions");
    for (index, condition) in list(&status.conditions).iter().enumerate() {
        if !matches!(
            condition.type_.as_str(),
            "PodScheduled" | "Ready" | "Initialized"
        ) {
            let path = conditions_path.index(index);
            errors.rule(&path.child("Type"), &condition.type_, names::qualified);
        }
    }
    if spec(new).node_name != spec(old).node_name {
        errors.forbidden(&STATUS.child("nodeName"), "may not be changed directly");
    }
    let nominated = text(&status.nominated_node_name);
    if nominated != text(&was.nominated_node_name) && !nominated.is_empty() {
        errors.rule(
            &STATUS.child("nominatedNodeName"),
            nominated,
            names::subdomain,
        );
    }
    // Status strategies carry the class over where it is not sent.
    let class = text(&status.qos_class);
    if !class.is_empty() {
        let same = class == text(&was.qos_class) || was.qos_class.is_none();
        errors.immutable(&STATUS.child("qosClass"), same, class);
    }
    transitions(status, was, spec(old), errors);
    let ips_path = STATUS.child("podIPs");
    let ips = list(&status.pod_ips);
    for (index, pod_ip) in ips.iter().enumerate() {
        ip::address(&pod_ip.ip, &ips_path.index(index), errors);
    }
    let hosts_path = STATUS.child("hostIPs");
    for (index, host_ip) in list(&status.host_ips).iter().enumerate() {
        let path = hosts_path.index(index);
        if index == 0 && host_ip.ip != text(&status.host_ip) {
            errors.invalid(&path.child("ip"), &host_ip.ip, "must be equal to `hostIP`");
        }
        ip::address(&host_ip.ip, &path, errors);
    }
}

/// What has ended and is not restarted stays ended.
fn transitions(
    new: &core::PodStatus,
    old: &core::PodStatus,
    spec: &core::PodSpec,
    errors: &mut Errors,
) {
    const STATUS: Path<'static> = Path::root("status");
    let policy = text(&spec.restart_policy);
    if policy == "Always" {
        return;
    }
    let lists = [
        (
            "containerStatuses",
            &new.container_statuses,
            &old.container_statuses,
        ),
        (
            "initContainerStatuses",
            &new.init_container_statuses,
            &old.init_container_statuses,
        ),
    ];
    for (field, new, old) in lists {
        let path = STATUS.child(field);
        for (index, old) in list(old).iter().enumerate() {
            let Some(ended) = old.state.as_ref().and_then(|it| it.terminated.as_ref()) else {
                continue;
            };
            let all = || spec.containers.iter().chain(list(&spec.init_containers));
            let own_policy = all()
                .find(|container| container.name == old.name)
                .and_then(|container| container.restart_policy.as_deref())
                .unwrap_or(policy);
            if own_policy == "Always" || (own_policy == "OnFailure" && ended.exit_code != 0) {
                continue;
            }
            let restarted = list(new).iter().any(|new| {
                new.name == old.name
                    && new
                        .state
                        .as_ref()
                        .is_none_or(|state| state.terminated.is_none())
            });
            if restarted {
                let path = path.index(index);
                let detail = "may not be transitioned to non-terminated state";
                errors.forbidden(&path.child("state"), detail);
            }
        }
    }
}

/// Ephemeral containers are only ever added
/// (`ValidatePodEphemeralContainersUpdate`).
pub(super) fn update_ephemeral(new: &Pod, old: &Pod, errors: &mut Errors) {
    metadata_and_spec(new, errors);
    meta::update(&new.metadata, &old.metadata, errors);
    let path = SPEC.child("ephemeralContainers");
    let now = list(&spec(new).ephemeral_containers);
    for before in list(&spec(old).ephemeral_containers) {
        let name = &before.name;
        match now.iter().find(|container| container.name == *name) {
            None => errors.forbidden(
                &path,
                format!("existing ephemeral containers {name:?} may not be removed\n"),
            ),
            Some(after) if after != before => {
                let difference = internal::diff_of_ephemeral(before, after);
                let detail = format!(
                    "existing ephemeral containers {name:?} may not be changed\n{difference}"
                );
                errors.forbidden(&path, detail);
            }
            Some(_) => {}
        }
    }
}

/// What containers may use can change, their class of service cannot
/// (`ValidatePodResize`).
pub(super) fn update_resources(new: &Pod, old: &Pod, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    metadata_and_spec(new, errors);
    let class = |pod: &Pod| crate::apiserver::qos::class(pod.spec.as_ref());
    if class(new) != class(old) {
        let detail = "Pod QOS Class may not change as a result of resizing";
        errors.invalid(&SPEC, class(old), detail);
    }
}
