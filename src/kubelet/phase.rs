//! The phase of a pod, and whether an ended container is started again
//! (`getPhase` and `ShouldContainerBeRestarted` of the kubelet).

use super::worker::{Container, Ended, PodWorker, Role, Stage, State};

pub(super) const PENDING: &str = "Pending";
pub(super) const RUNNING: &str = "Running";
pub(super) const SUCCEEDED: &str = "Succeeded";
pub(super) const FAILED: &str = "Failed";

/// Whether a container that ended so is started again while its pod is kept.
pub(super) fn restarts(worker: &PodWorker, container: &Container, ended: &Ended) -> bool {
    if container.role == Role::Sidecar {
        return true;
    }
    let spec = container.spec(&worker.pod);
    let rules = spec.and_then(|spec| spec.restart_policy_rules.as_deref());
    for rule in rules.unwrap_or_default() {
        let Some(codes) = &rule.exit_codes else {
            continue;
        };
        let listed = codes.values.as_deref().unwrap_or_default();
        let found = listed.contains(&ended.code);
        if (codes.operator == "In") == found {
            return rule.action == "Restart";
        }
    }
    let own = spec.and_then(|spec| spec.restart_policy.as_deref());
    match (own.unwrap_or(worker.restart_policy()), container.role) {
        ("Never", _) => false,
        // A finished init container stays finished.
        ("OnFailure", _) | (_, Role::Init) => ended.code != 0,
        _ => true,
    }
}

/// The phase as the containers have it now.
pub(super) fn phase(worker: &PodWorker) -> &'static str {
    if let Some(phase) = worker.final_phase {
        return phase;
    }
    if worker.stage == Stage::Rejected {
        return FAILED;
    }
    match initialization(worker) {
        Initialization::Failed => return FAILED,
        Initialization::Pending if !worker.initialized => return PENDING,
        _ => {}
    }
    let regular = || worker.containers.iter().filter(|c| c.role == Role::Regular);
    let never_ran = |c: &Container| matches!(c.state, State::Waiting(_)) && c.ended.is_none();
    if regular().any(never_ran) {
        return PENDING;
    }
    if regular().any(Container::is_running) {
        return RUNNING;
    }
    ended_phase(worker)
}

/// The phase where every regular container has ended at least once.
fn ended_phase(worker: &PodWorker) -> &'static str {
    let regular = || worker.containers.iter().filter(|c| c.role == Role::Regular);
    let succeeded = regular().all(|c| c.ended.as_ref().is_some_and(|ended| ended.code == 0));
    let stopped = matches!(worker.stage, Stage::Terminating | Stage::Terminated);
    if worker.any_running() {
        return RUNNING;
    }
    if stopped {
        return if succeeded { SUCCEEDED } else { FAILED };
    }
    let again = |c: &Container| {
        let ended = c.ended.as_ref();
        ended.is_some_and(|ended| restarts(worker, c, ended))
    };
    if regular().any(again) {
        RUNNING
    } else if succeeded {
        SUCCEEDED
    } else {
        FAILED
    }
}

/// Whether nothing of the pod will be started again, although it is wanted.
pub(super) fn completed(worker: &PodWorker) -> bool {
    if initialization(worker) == Initialization::Failed {
        return true;
    }
    let mut regular = worker.containers.iter().filter(|c| c.role == Role::Regular);
    let over = |c: &Container| {
        let ended = c.ended.as_ref().filter(|_| c.state == State::Ended);
        ended.is_some_and(|ended| !restarts(worker, c, ended))
    };
    worker.initialized && regular.all(over)
}

#[derive(PartialEq)]
enum Initialization {
    Done,
    Pending,
    Failed,
}

fn initialization(worker: &PodWorker) -> Initialization {
    let mut all_done = true;
    for container in &worker.containers {
        match (container.role, &container.ended) {
            (Role::Regular, _) => {}
            (Role::Sidecar, _) => all_done &= container.started || worker.initialized,
            (Role::Init, Some(ended)) if container.state == State::Ended => {
                if ended.code != 0 && !restarts(worker, container, ended) {
                    return Initialization::Failed;
                }
                all_done &= ended.code == 0;
            }
            _ => all_done = false,
        }
    }
    if all_done {
        Initialization::Done
    } else {
        Initialization::Pending
    }
}

/// Whether every init container has done its part.
pub(super) fn initialized(worker: &PodWorker) -> bool {
    initialization(worker) == Initialization::Done
}
