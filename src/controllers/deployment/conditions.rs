//! A Deployment's conditions (`deployment_util.go`).

use crate::api::{Deployment, Time};
use crate::sim::Instant;
use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};

pub(super) const AVAILABLE: &str = "Available";
pub(super) const PROGRESSING: &str = "Progressing";
pub(super) const REPLICA_FAILURE: &str = "ReplicaFailure";

pub(super) const NEW_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
pub(super) const TIMED_OUT: &str = "ProgressDeadlineExceeded";

pub(super) fn new(
    kind: &str,
    status: &str,
    reason: &str,
    message: String,
    now: Instant,
) -> DeploymentCondition {
    let time = Some(Time(now.timestamp()));
    DeploymentCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message),
        last_update_time: time.clone(),
        last_transition_time: time,
    }
}

pub(super) fn progressing(
    status: &str,
    reason: &str,
    message: String,
    now: Instant,
) -> DeploymentCondition {
    new(PROGRESSING, status, reason, message, now)
}

pub(super) fn find<'a>(deployment: &'a Deployment, kind: &str) -> Option<&'a DeploymentCondition> {
    find_in(deployment.status.as_ref()?, kind)
}

pub(super) fn find_in<'a>(
    status: &'a DeploymentStatus,
    kind: &str,
) -> Option<&'a DeploymentCondition> {
    let conditions = status.conditions.iter().flatten();
    conditions
        .into_iter()
        .find(|condition| condition.type_ == kind)
}

pub(super) fn set(deployment: &mut Deployment, condition: DeploymentCondition) {
    set_in(deployment.status.get_or_insert_default(), condition);
}

/// Puts a condition in. One of the same status and reason stays as it is; one of
/// the same status hands on its time of transition.
pub(super) fn set_in(status: &mut DeploymentStatus, mut condition: DeploymentCondition) {
    if let Some(known) = find_in(status, &condition.type_) {
        if known.status == condition.status && known.reason == condition.reason {
            return;
        }
        if known.status == condition.status {
            condition.last_transition_time = known.last_transition_time.clone();
        }
    }
    remove_from(status, &condition.type_.clone());
    status.conditions.get_or_insert_default().push(condition);
}

pub(super) fn remove_from(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_ != kind);
    }
}

/// Whether the Deployment wants to be told when it does not get on.
pub(super) fn has_deadline(deployment: &Deployment) -> bool {
    let seconds = deadline_seconds(deployment);
    seconds.is_some_and(|seconds| seconds != i32::MAX)
}

pub(super) fn deadline_seconds(deployment: &Deployment) -> Option<i32> {
    deployment.spec.as_ref()?.progress_deadline_seconds
}
