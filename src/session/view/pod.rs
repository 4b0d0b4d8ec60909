//! Pods as the viewer sees them.

use super::node::node_state;
use super::{SYSTEM_NAMESPACE, instant, label, name, owner, owner_name};
use crate::api::core::{ContainerStatus, PodSpec, PodStatus};
use crate::api::{Key, Name, Pod, Resource};
use crate::session::mirror::Mirror;
use crate::session::protocol::{ContainerState, ContainerView, NodeState, PodState, PodView};
use crate::sim::Instant;

/// Index into [`crate::session::protocol::Sample::phases`].
pub(in crate::session) fn phase_index(pod: &Pod) -> usize {
    match pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref())
    {
        Some("Running") => 1,
        Some("Succeeded") => 2,
        Some("Failed") => 3,
        Some("Unknown") => 4,
        _ => 0,
    }
}

pub(in crate::session) fn restarts(pod: &Pod) -> u32 {
    let statuses = pod
        .status
        .as_ref()
        .and_then(|status| status.container_statuses.as_deref());
    statuses
        .unwrap_or_default()
        .iter()
        .map(|status| status.restart_count.max(0) as u32)
        .sum()
}

/// A pod with its containers.
pub(in crate::session) fn pod(mirror: &Mirror, pod: &Pod) -> PodView {
    let (no_spec, no_status) = (PodSpec::default(), PodStatus::default());
    let spec = pod.spec.as_ref().unwrap_or(&no_spec);
    let status = pod.status.as_ref().unwrap_or(&no_status);
    let containers = containers(mirror, pod, spec, status);
    let ready = is_true(status, "Ready");
    let node_unknown = spec.node_name.as_deref().is_some_and(|node| {
        let node = mirror.nodes.get(&Key::new("", node));
        let conditions = node.and_then(|node| node.status.as_ref()?.conditions.as_deref());
        conditions.is_some_and(|conditions| node_state(conditions) == NodeState::Unknown)
    });
    let mut ports: Vec<u16> = spec
        .containers
        .iter()
        .flat_map(|container| container.ports.as_deref().unwrap_or_default())
        .filter_map(|port| u16::try_from(port.container_port).ok())
        .collect();
    ports.dedup();
    PodView {
        uid: pod.uid().into(),
        key: pod.key(),
        state: pod_state(pod, status, &containers, ready, node_unknown),
        status: printed_status(pod, status, &containers, node_unknown),
        ip: name(&status.pod_ip),
        veth: match (&spec.node_name, spec.host_network) {
            (Some(_), None | Some(false)) => crate::network::veth_name(pod.uid()),
            _ => "".into(),
        },
        node: spec.node_name.as_deref().map(Name::from),
        workload: workload_of(mirror, pod),
        revision: label(&pod.metadata, "pod-template-hash")
            .unwrap_or_default()
            .into(),
        restarts: restarts(pod),
        containers,
        ready,
        created: instant(&pod.metadata.creation_timestamp),
        deletion: pod
            .metadata
            .deletion_timestamp
            .as_ref()
            .map(|time| Instant::from_timestamp(time.0)),
        system: pod.namespace() == SYSTEM_NAMESPACE,
        ports,
    }
}

/// The Deployment above a pod's ReplicaSet, or whatever owns it directly.
fn workload_of(mirror: &Mirror, pod: &Pod) -> Name {
    let Some(owner) = owner(&pod.metadata) else {
        return "".into();
    };
    if owner.0 != "ReplicaSet" {
        return owner.1.into();
    }
    let set = mirror.replica_sets.get(&Key::new(pod.namespace(), owner.1));
    let above = set.and_then(|set| owner_name(&set.metadata));
    above.unwrap_or_else(|| owner.1.into())
}

fn is_true(status: &PodStatus, condition: &str) -> bool {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    conditions
        .iter()
        .any(|found| found.type_ == condition && found.status == "True")
}

fn containers(
    mirror: &Mirror,
    pod: &Pod,
    spec: &PodSpec,
    status: &PodStatus,
) -> Vec<ContainerView> {
    let init = spec
        .init_containers
        .as_deref()
        .unwrap_or_default()
        .iter()
        .map(|container| (container, true));
    let main = spec.containers.iter().map(|container| (container, false));
    let statuses = |init: bool| match init {
        true => status
            .init_container_statuses
            .as_deref()
            .unwrap_or_default(),
        false => status.container_statuses.as_deref().unwrap_or_default(),
    };
    init.chain(main)
        .map(|(container, init)| {
            let status = statuses(init)
                .iter()
                .find(|status| status.name == container.name);
            let (state, reason) = status.map_or((ContainerState::Waiting, None), container_state);
            let back_off = (state == ContainerState::BackOff)
                .then(|| mirror.back_off(&pod.key(), &container.name))
                .flatten();
            ContainerView {
                name: container.name.as_str().into(),
                image: name(&container.image),
                init,
                state,
                reason: reason.unwrap_or_default().into(),
                restarts: status.map_or(0, |status| status.restart_count.max(0) as u32),
                back_off,
            }
        })
        .collect()
}

fn container_state(status: &ContainerStatus) -> (ContainerState, Option<&str>) {
    let Some(state) = &status.state else {
        return (ContainerState::Waiting, None);
    };
    if state.running.is_some() {
        let ready = if status.ready {
            ContainerState::Ready
        } else {
            ContainerState::Running
        };
        return (ready, None);
    }
    if let Some(terminated) = &state.terminated {
        let ended = if terminated.exit_code == 0 {
            ContainerState::Completed
        } else {
            ContainerState::Failed
        };
        return (ended, terminated.reason.as_deref());
    }
    match state
        .waiting
        .as_ref()
        .and_then(|waiting| waiting.reason.as_deref())
    {
        Some("CrashLoopBackOff") => (ContainerState::BackOff, Some("CrashLoopBackOff")),
        reason => (ContainerState::Waiting, reason),
    }
}

/// Reasons of waiting that time alone does not mend.
const BLOCKED: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

fn pod_state(
    pod: &Pod,
    status: &PodStatus,
    containers: &[ContainerView],
    ready: bool,
    node_unknown: bool,
) -> PodState {
    if pod.metadata.deletion_timestamp.is_some() {
        return if node_unknown {
            PodState::Unknown
        } else {
            PodState::Terminating
        };
    }
    match phase_index(pod) {
        2 => return PodState::Succeeded,
        3 => return PodState::Failed,
        _ if node_unknown => return PodState::Unknown,
        _ => {}
    }
    if pod
        .spec
        .as_ref()
        .is_none_or(|spec| spec.node_name.is_none())
    {
        return PodState::Pending;
    }
    if containers
        .iter()
        .any(|container| container.state == ContainerState::BackOff)
    {
        return PodState::BackOff;
    }
    if containers
        .iter()
        .any(|container| BLOCKED.contains(&&*container.reason))
    {
        return PodState::Blocked;
    }
    match (status.phase.as_deref(), ready) {
        (Some("Running"), true) => PodState::Running,
        (Some("Running"), false) => PodState::NotReady,
        _ => PodState::Starting,
    }
}

/// The STATUS column of `kubectl get pods` (printPod in
/// pkg/printers/internalversion).
fn printed_status(
    pod: &Pod,
    status: &PodStatus,
    containers: &[ContainerView],
    node_unknown: bool,
) -> Name {
    if pod.metadata.deletion_timestamp.is_some() {
        return if status.reason.as_deref() == Some("NodeLost") {
            "Unknown".into()
        } else {
            "Terminating".into()
        };
    }
    let (init, main): (Vec<&ContainerView>, Vec<&ContainerView>) =
        containers.iter().partition(|container| container.init);
    let initialized = is_true(status, "Initialized");
    if !initialized && !init.is_empty() {
        let done = init
            .iter()
            .filter(|container| container.state == ContainerState::Completed)
            .count();
        let current = init
            .iter()
            .find(|container| container.state != ContainerState::Completed);
        let reason = current
            .map(|container| &*container.reason)
            .unwrap_or_default();
        return match reason {
            "" | "PodInitializing" => format!("Init:{done}/{}", init.len()).into(),
            reason => format!("Init:{reason}").into(),
        };
    }
    let reason = main
        .iter()
        .rev()
        .map(|container| &container.reason)
        .find(|reason| !reason.is_empty());
    let phase = status
        .reason
        .as_deref()
        .or(status.phase.as_deref())
        .unwrap_or("Pending");
    match reason {
        Some(reason)
            if &**reason == "Completed"
                && main
                    .iter()
                    .any(|container| container.state == ContainerState::Ready) =>
        {
            "Running".into()
        }
        Some(reason) => reason.clone(),
        None if node_unknown && phase == "Running" => "Running".into(),
        None => phase.into(),
    }
}
