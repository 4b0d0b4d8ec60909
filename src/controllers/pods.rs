//! What controllers ask of a pod (`pkg/api/v1/pod`, `controller_utils.go`).

use crate::api::core::{PodCondition, PodSpec};
use crate::api::{Pod, Time};
use crate::sim::Instant;
use std::time::Duration;

pub(super) fn phase(pod: &Pod) -> &str {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    phase.unwrap_or("Pending")
}

/// Neither ended nor about to.
pub(super) fn is_active(pod: &Pod) -> bool {
    !is_terminal(pod) && !is_terminating(pod)
}

pub(super) fn is_terminal(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

pub(super) fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

pub(super) fn node_name(pod: &Pod) -> Option<&str> {
    let name = pod
        .spec
        .as_ref()
        .and_then(|spec: &PodSpec| spec.node_name.as_deref());
    name.filter(|name| !name.is_empty())
}

pub(super) fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == kind)
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|condition| condition.status == "True")
}

/// When the pod last became ready or unready.
pub(super) fn ready_changed_at(pod: &Pod) -> Option<&Time> {
    condition(pod, "Ready").and_then(|condition| condition.last_transition_time.as_ref())
}

/// From when on a ready pod counts as available; none where nobody knows since
/// when it is ready.
pub(super) fn available_at(pod: &Pod, min_ready_seconds: i32) -> Option<Instant> {
    let min_ready = Duration::from_secs(u64::try_from(min_ready_seconds).unwrap_or(0));
    if min_ready.is_zero() {
        return Some(Instant::ZERO);
    }
    let since = Instant::from_timestamp(ready_changed_at(pod)?.0);
    Some(since + min_ready)
}

/// The greatest restart counts: of ordinary containers, of side cars
/// (`maxContainerRestarts`).
pub(super) fn max_restarts(pod: &Pod) -> (i32, i32) {
    let Some(status) = &pod.status else {
        return (0, 0);
    };
    let most = |statuses: &Option<Vec<crate::api::core::ContainerStatus>>,
                counts: &dyn Fn(&str) -> bool| {
        let statuses = statuses.iter().flatten();
        let counted = statuses.filter(|status| counts(&status.name));
        counted
            .map(|status| status.restart_count)
            .max()
            .unwrap_or(0)
    };
    let side_car = |name: &str| {
        let init = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.init_containers.as_ref());
        let found = init
            .into_iter()
            .flatten()
            .find(|container| container.name == name);
        found.is_some_and(|container| container.restart_policy.as_deref() == Some("Always"))
    };
    (
        most(&status.container_statuses, &|_| true),
        most(&status.init_container_statuses, &side_car),
    )
}

/// The address by which services reach the pod.
pub(super) fn pod_ip(pod: &Pod) -> Option<&str> {
    let ip = pod
        .status
        .as_ref()
        .and_then(|status| status.pod_ip.as_deref());
    ip.filter(|ip| !ip.is_empty())
}
