//! The `DisruptionTarget` condition: why a pod is about to go.

use crate::api::core::PodCondition;
use crate::api::{Pod, Time};
use crate::sim::Instant;

const DISRUPTION_TARGET: &str = "DisruptionTarget";

/// Writes onto a pod that it is about to be deleted, and why.
pub(super) fn mark(pod: &mut Pod, reason: &str, message: &str, now: Instant) {
    let generation = pod.metadata.generation;
    let status = pod.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    let known = conditions
        .iter()
        .position(|condition| condition.type_ == DISRUPTION_TARGET);
    let standing = known
        .and_then(|at| conditions.get(at))
        .filter(|condition| condition.status == "True")
        .and_then(|condition| condition.last_transition_time.clone());
    if let Some(at) = known {
        conditions.remove(at);
    }
    conditions.push(PodCondition {
        type_: DISRUPTION_TARGET.to_owned(),
        status: "True".to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        observed_generation: generation,
        last_transition_time: standing.or(Some(Time(now.timestamp()))),
        ..PodCondition::default()
    });
}
