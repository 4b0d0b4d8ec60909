//! The status of a pod as the kubelet writes it (`generateAPIPodStatus`).

use super::phase::{self, FAILED, SUCCEEDED};
use super::worker::{Container, Ended, PodWorker, Role, Sandbox, Stage, State};
use crate::api::Time;
use crate::api::core::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus, HostIP, PodCondition, PodIP, PodStatus, ResourceRequirements,
    VolumeMountStatus,
};
use crate::sim::Instant;
use std::net::Ipv4Addr;

/// Conditions that the kubelet owns, in the order in which it writes them.
const OWN_CONDITIONS: [&str; 5] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
];

/// The whole status as of now.
pub(super) fn generate(worker: &PodWorker, host_ip: Ipv4Addr, now: Instant) -> PodStatus {
    let api = worker.api.as_ref().and_then(|api| api.status.as_ref());
    let generation = worker.api.as_ref().and_then(|api| api.metadata.generation);
    let mut status = PodStatus {
        observed_generation: generation,
        qos_class: api.and_then(|status| status.qos_class.clone()),
        start_time: worker.start_time.map(time),
        ..PodStatus::default()
    };
    if let Some((reason, message)) = &worker.verdict {
        status.reason = Some(reason.clone());
        status.message = Some(message.clone());
    }
    if worker.stage == Stage::Rejected {
        status.phase = Some(FAILED.to_owned());
        status.conditions = others(worker);
        return status;
    }
    let phase = phase::phase(worker);
    status.phase = Some(phase.to_owned());
    status.host_ip = Some(host_ip.to_string());
    status.host_ips = Some(vec![HostIP {
        ip: host_ip.to_string(),
    }]);
    if let Some(ip) = worker.ip() {
        status.pod_ip = Some(ip.to_string());
        status.pod_ips = Some(vec![PodIP { ip: ip.to_string() }]);
    }
    status.resources = Some(ResourceRequirements::default());
    let (init, regular): (Vec<_>, Vec<_>) = worker
        .containers
        .iter()
        .map(|container| (container.role, container_status(worker, container)))
        .partition(|(role, _)| *role != Role::Regular);
    let bare = |list: Vec<(Role, ContainerStatus)>| -> Option<Vec<ContainerStatus>> {
        let list: Vec<_> = list.into_iter().map(|(_, status)| status).collect();
        Some(list).filter(|list| !list.is_empty())
    };
    status.init_container_statuses = bare(init);
    status.container_statuses = bare(regular);
    let mut conditions = others(worker).unwrap_or_default();
    conditions.extend(own_conditions(worker, phase, generation, now));
    status.conditions = Some(conditions);
    if worker.stage == Stage::Terminated {
        settle(worker, &mut status);
    }
    status
}

/// What nothing can be said of any more has failed (`TerminatePod` of the
/// status manager).
fn settle(worker: &PodWorker, status: &mut PodStatus) {
    if !matches!(status.phase.as_deref(), Some(SUCCEEDED | FAILED)) {
        status.phase = Some(FAILED.to_owned());
    }
    let init = status.init_container_statuses.iter_mut().flatten();
    let regular = status.container_statuses.iter_mut().flatten();
    let regular = regular.filter(|_| phase::initialized(worker));
    for container in init.chain(regular) {
        let state = container.state.get_or_insert_default();
        if state.terminated.is_some() {
            continue;
        }
        *state = ContainerState {
            terminated: Some(ContainerStateTerminated {
                exit_code: 137,
                reason: Some("ContainerStatusUnknown".to_owned()),
                message: Some(
                    "The container could not be located when the pod was terminated".to_owned(),
                ),
                ..ContainerStateTerminated::default()
            }),
            ..ContainerState::default()
        };
    }
}

fn time(at: Instant) -> Time {
    Time(at.timestamp())
}

fn others(worker: &PodWorker) -> Option<Vec<PodCondition>> {
    let api = worker.api.as_ref()?.status.as_ref()?;
    let conditions = api.conditions.as_ref()?.iter();
    let kept: Vec<_> = conditions
        .filter(|condition| !OWN_CONDITIONS.contains(&condition.type_.as_str()))
        .cloned()
        .collect();
    Some(kept).filter(|kept| !kept.is_empty())
}

/// A verdict on a condition: true or false, and why.
struct Verdict {
    holds: bool,
    reason: Option<&'static str>,
    message: Option<String>,
}

const HOLDS: Verdict = Verdict {
    holds: true,
    reason: None,
    message: None,
};

fn fails(reason: &'static str, message: String) -> Verdict {
    Verdict {
        holds: false,
        reason: Some(reason),
        message: Some(message).filter(|message| !message.is_empty()),
    }
}

fn own_conditions(
    worker: &PodWorker,
    phase: &str,
    generation: Option<i64>,
    now: Instant,
) -> Vec<PodCondition> {
    let containers_ready = containers_ready(worker, phase);
    let ready = match containers_ready.holds {
        true => readiness_gates(worker),
        false => fails(
            containers_ready.reason.unwrap_or_default(),
            containers_ready.message.clone().unwrap_or_default(),
        ),
    };
    let sandbox = Verdict {
        holds: matches!(worker.sandbox, Sandbox::Ready(_)),
        ..HOLDS
    };
    let verdicts = [
        sandbox,
        initialized(worker, phase),
        ready,
        containers_ready,
        HOLDS,
    ];
    OWN_CONDITIONS
        .iter()
        .zip(verdicts)
        .map(|(name, verdict)| condition(worker, name, verdict, generation, now))
        .collect()
}

fn condition(
    worker: &PodWorker,
    name: &str,
    verdict: Verdict,
    generation: Option<i64>,
    now: Instant,
) -> PodCondition {
    let status = if verdict.holds { "True" } else { "False" };
    let written = worker.written.as_deref();
    let api = worker.api.as_ref().and_then(|api| api.status.as_ref());
    let before = [written, api].into_iter().flatten().find_map(|status| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.find(|condition| condition.type_ == name)
    });
    let since = before
        .filter(|before| before.status == status)
        .and_then(|before| before.last_transition_time.clone());
    PodCondition {
        type_: name.to_owned(),
        status: status.to_owned(),
        observed_generation: generation,
        last_transition_time: Some(since.unwrap_or_else(|| time(now))),
        reason: verdict.reason.map(str::to_owned),
        message: verdict.message,
        last_probe_time: None,
    }
}

fn names<'a>(containers: impl Iterator<Item = &'a Container>) -> String {
    let names: Vec<&str> = containers.map(|container| &*container.name).collect();
    names.join(" ")
}

fn containers_ready(worker: &PodWorker, phase: &str) -> Verdict {
    match phase {
        SUCCEEDED => return fails("PodCompleted", String::new()),
        FAILED => return fails("PodFailed", String::new()),
        _ => {}
    }
    let unready = worker
        .containers
        .iter()
        .filter(|container| container.role != Role::Init && !container.ready);
    match names(unready) {
        list if list.is_empty() => HOLDS,
        list => fails(
            "ContainersNotReady",
            format!("containers with unready status: [{list}]"),
        ),
    }
}

fn readiness_gates(worker: &PodWorker) -> Verdict {
    let gates = worker
        .pod
        .spec
        .as_ref()
        .and_then(|spec| spec.readiness_gates.as_ref());
    let api = worker.api.as_ref().and_then(|api| api.status.as_ref());
    let conditions = api.and_then(|status| status.conditions.as_ref());
    let messages: Vec<String> = gates
        .into_iter()
        .flatten()
        .filter_map(|gate| {
            let name = &gate.condition_type;
            let mut conditions = conditions.into_iter().flatten();
            match conditions.find(|condition| condition.type_ == *name) {
                None => Some(format!(
                    "corresponding condition of pod readiness gate \"{name}\" does not exist."
                )),
                Some(condition) if condition.status != "True" => Some(format!(
                    "the status of pod readiness gate \"{name}\" is not \"True\", but {}",
                    condition.status
                )),
                Some(_) => None,
            }
        })
        .collect();
    if messages.is_empty() {
        return HOLDS;
    }
    fails("ReadinessGatesNotReady", messages.join(", "))
}

fn initialized(worker: &PodWorker, phase: &str) -> Verdict {
    if phase == SUCCEEDED {
        return Verdict {
            reason: Some("PodCompleted"),
            ..HOLDS
        };
    }
    if worker.initialized {
        return HOLDS;
    }
    let incomplete = worker
        .containers
        .iter()
        .filter(|container| match container.role {
            Role::Regular => false,
            Role::Sidecar => !container.started,
            Role::Init => container.exit_code() != Some(0),
        });
    match names(incomplete) {
        list if list.is_empty() => HOLDS,
        list => fails(
            "ContainersNotInitialized",
            format!("containers with incomplete status: [{list}]"),
        ),
    }
}

fn container_status(worker: &PodWorker, container: &Container) -> ContainerStatus {
    let spec = container.spec(&worker.pod);
    let (state, last) = states(worker, container);
    let mounts: Vec<VolumeMountStatus> = spec
        .and_then(|spec| spec.volume_mounts.as_ref())
        .into_iter()
        .flatten()
        .map(|mount| VolumeMountStatus {
            name: mount.name.clone(),
            mount_path: mount.mount_path.clone(),
            read_only: mount.read_only.filter(|read_only| *read_only),
            recursive_read_only: mount
                .read_only
                .filter(|read_only| *read_only)
                .map(|_| "Disabled".to_owned()),
            volume_status: None,
        })
        .collect();
    let resources = spec
        .filter(|_| container.created)
        .map(|spec| spec.resources.clone().unwrap_or_default());
    ContainerStatus {
        name: container.name.to_string(),
        state: Some(state),
        last_state: Some(last),
        ready: container.ready,
        started: Some(container.started),
        restart_count: container.restarts as i32,
        image: container.image.to_string(),
        image_id: container.image_id.to_string(),
        container_id: Some(container.id.to_string()).filter(|id| !id.is_empty()),
        allocated_resources: resources
            .as_ref()
            .and_then(|resources| resources.requests.clone()),
        resources,
        volume_mounts: Some(mounts).filter(|mounts| !mounts.is_empty()),
        ..ContainerStatus::default()
    }
}

/// `state` and `lastState`.
fn states(worker: &PodWorker, container: &Container) -> (ContainerState, ContainerState) {
    let last = |ended: &Option<Ended>| ContainerState {
        terminated: ended.as_ref().map(terminated),
        ..ContainerState::default()
    };
    match &container.state {
        State::Running(since) => {
            let state = ContainerState {
                running: Some(ContainerStateRunning {
                    started_at: Some(time(*since)),
                }),
                ..ContainerState::default()
            };
            (state, last(&container.ended))
        }
        State::Ended => (last(&container.ended), last(&container.previous)),
        // Once the pod is stopped, how the container ended matters more than
        // what it waited for.
        State::Waiting(_) if container.ended.is_some() && worker.stage != Stage::Active => {
            (last(&container.ended), last(&container.previous))
        }
        State::Waiting(why) => {
            let (reason, message) = match why {
                Some((reason, message)) if worker.stage == Stage::Active => {
                    (reason.to_string(), message.to_string())
                }
                _ => (default_reason(worker).to_owned(), String::new()),
            };
            let state = ContainerState {
                waiting: Some(ContainerStateWaiting {
                    reason: Some(reason),
                    message: Some(message).filter(|message| !message.is_empty()),
                }),
                ..ContainerState::default()
            };
            (state, last(&container.ended))
        }
    }
}

fn default_reason(worker: &PodWorker) -> &'static str {
    match worker
        .containers
        .iter()
        .any(|container| container.role != Role::Regular)
    {
        true => "PodInitializing",
        false => "ContainerCreating",
    }
}

fn terminated(ended: &Ended) -> ContainerStateTerminated {
    let epoch = Time(jiff::Timestamp::UNIX_EPOCH);
    ContainerStateTerminated {
        container_id: Some(ended.id.to_string()).filter(|id| !id.is_empty()),
        exit_code: ended.code,
        reason: Some(ended.reason.to_string()).filter(|reason| !reason.is_empty()),
        message: ended.message.as_deref().map(str::to_owned),
        signal: None,
        started_at: Some(ended.started.map(time).unwrap_or(epoch)),
        finished_at: Some(time(ended.at)),
    }
}
