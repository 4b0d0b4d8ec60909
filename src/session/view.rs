//! Objects as the viewer sees them.

use super::mirror::Mirror;
use super::protocol::{
    ContainerState, ContainerView, EventView, NodeState, NodeView, PodState, PodView, ServiceView,
    WorkloadView,
};
use crate::api::core::{ContainerStatus, NodeCondition, PodSpec, PodStatus, Taint};
use crate::api::quantity;
use crate::api::{
    EndpointSlice, Event, Key, Kind, Name, Node, ObjectMeta, Pod, Resource, Service, Time,
};
use crate::cluster::Cluster;
use crate::sim::Instant;

const SYSTEM_NAMESPACE: &str = "kube-system";

fn name(text: &Option<String>) -> Name {
    text.as_deref().unwrap_or_default().into()
}

pub(super) fn instant(time: &Option<Time>) -> Instant {
    time.as_ref()
        .map_or(Instant::ZERO, |time| Instant::from_timestamp(time.0))
}

fn label<'a>(meta: &'a ObjectMeta, key: &str) -> Option<&'a str> {
    meta.labels.as_ref()?.get(key).map(String::as_str)
}

/// Index into [`super::protocol::Sample::phases`].
pub(super) fn phase_index(pod: &Pod) -> usize {
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

pub(super) fn restarts(pod: &Pod) -> u32 {
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

/// A node with the sums of its pods' requests.
pub(super) fn node(mirror: &Mirror, cluster: &Cluster, node: &Node) -> NodeView {
    let (cpu_requested, memory_requested) = mirror
        .pods
        .on_node(node.name())
        .filter(|pod| !matches!(phase_index(pod), 2 | 3))
        .filter_map(|pod| pod.spec.as_ref())
        .map(requests)
        .fold((0, 0), |sum, pod| (sum.0 + pod.0, sum.1 + pod.1));
    let spec = node.spec.clone().unwrap_or_default();
    let status = node.status.clone().unwrap_or_default();
    let allocatable = status.allocatable.unwrap_or_default();
    let labels = node.metadata.labels.clone().unwrap_or_default();
    let address = status
        .addresses
        .unwrap_or_default()
        .into_iter()
        .find(|address| address.type_ == "InternalIP")
        .map(|address| address.address);
    NodeView {
        name: node.name().into(),
        state: node_state(status.conditions.as_deref().unwrap_or_default()),
        powered: cluster.is_powered(node.name()),
        cordoned: spec.unschedulable == Some(true),
        control_plane: labels.contains_key("node-role.kubernetes.io/control-plane"),
        taints: spec.taints.unwrap_or_default().iter().map(taint).collect(),
        zone: labels
            .get("topology.kubernetes.io/zone")
            .map(String::as_str)
            .unwrap_or_default()
            .into(),
        ip: name(&address),
        pod_cidr: name(&spec.pod_cidr),
        cpu_allocatable: quantity::millis_of(&allocatable, "cpu"),
        cpu_requested,
        memory_allocatable: quantity::value_of(&allocatable, "memory"),
        memory_requested,
        pods_allocatable: quantity::value_of(&allocatable, "pods").max(0) as u32,
    }
}

/// CPU in thousandths and memory in bytes that a pod asks for: its containers
/// together with its sidecars, or its largest init container.
pub(super) fn requests(spec: &PodSpec) -> (i64, i64) {
    let of = |container: &crate::api::core::Container| {
        let requests = container
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref());
        requests.map_or((0, 0), |map| {
            (
                quantity::millis_of(map, "cpu"),
                quantity::value_of(map, "memory"),
            )
        })
    };
    let add = |a: (i64, i64), b: (i64, i64)| (a.0 + b.0, a.1 + b.1);
    let most = |a: (i64, i64), b: (i64, i64)| (a.0.max(b.0), a.1.max(b.1));
    let main = spec.containers.iter().map(of).fold((0, 0), add);
    let mut sidecars = (0, 0);
    let mut peak = (0, 0);
    for container in spec.init_containers.as_deref().unwrap_or_default() {
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars = add(sidecars, of(container));
            peak = most(peak, sidecars);
        } else {
            peak = most(peak, add(sidecars, of(container)));
        }
    }
    most(peak, add(main, sidecars))
}

fn node_state(conditions: &[NodeCondition]) -> NodeState {
    match conditions
        .iter()
        .find(|condition| condition.type_ == "Ready")
        .map(|ready| &*ready.status)
    {
        Some("True") => NodeState::Ready,
        Some("Unknown") => NodeState::Unknown,
        _ => NodeState::NotReady,
    }
}

/// `key=value:Effect`, as `kubectl describe node` prints it.
fn taint(taint: &Taint) -> Name {
    match taint.value.as_deref() {
        None | Some("") => format!("{}:{}", taint.key, taint.effect).into(),
        Some(value) => format!("{}={value}:{}", taint.key, taint.effect).into(),
    }
}

/// A pod with its containers.
pub(super) fn pod(mirror: &Mirror, pod: &Pod) -> PodView {
    let spec = pod.spec.clone().unwrap_or_default();
    let status = pod.status.clone().unwrap_or_default();
    let containers = containers(mirror, pod, &spec, &status);
    let ready = is_true(&status, "Ready");
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
        state: pod_state(pod, &status, &containers, ready, node_unknown),
        status: printed_status(pod, &status, &containers, node_unknown),
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

fn owner(meta: &ObjectMeta) -> Option<(&str, &str)> {
    let owners = meta.owner_references.as_deref()?;
    let owner = owners.iter().find(|owner| owner.controller == Some(true))?;
    Some((&owner.kind, &owner.name))
}

fn owner_name(meta: &ObjectMeta) -> Option<Name> {
    owner(meta).map(|(_, name)| name.into())
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

/// A Deployment, or a ReplicaSet.
pub(super) fn workload(mirror: &Mirror, kind: Kind, key: &Key) -> Option<WorkloadView> {
    match kind {
        Kind::Deployment => {
            let deployment = mirror.deployments.get(key)?;
            let status = deployment.status.clone().unwrap_or_default();
            let spec = deployment.spec.as_ref()?;
            let newest = mirror
                .replica_sets
                .controlled_by(deployment.uid())
                .max_by_key(|set| revision(&set.metadata));
            Some(WorkloadView {
                uid: deployment.uid().into(),
                kind,
                key: key.clone(),
                desired: spec.replicas.unwrap_or(1),
                current: status.replicas.unwrap_or(0),
                ready: status.ready_replicas.unwrap_or(0),
                updated: status.updated_replicas.unwrap_or(0),
                available: status.available_replicas.unwrap_or(0),
                images: images(spec.template.spec.as_ref()),
                revision: revision(&deployment.metadata),
                template_hash: newest
                    .and_then(|set| label(&set.metadata, "pod-template-hash"))
                    .unwrap_or_default()
                    .into(),
                owner: "".into(),
                system: &*key.namespace == SYSTEM_NAMESPACE,
            })
        }
        Kind::ReplicaSet => {
            let set = mirror.replica_sets.get(key)?;
            let status = set.status.clone().unwrap_or_default();
            let spec = set.spec.as_ref()?;
            let template = spec
                .template
                .as_ref()
                .and_then(|template| template.spec.as_ref());
            Some(WorkloadView {
                uid: set.uid().into(),
                kind,
                key: key.clone(),
                desired: spec.replicas.unwrap_or(1),
                current: status.replicas,
                ready: status.ready_replicas.unwrap_or(0),
                updated: status.replicas,
                available: status.available_replicas.unwrap_or(0),
                images: images(template),
                revision: revision(&set.metadata),
                template_hash: label(&set.metadata, "pod-template-hash")
                    .unwrap_or_default()
                    .into(),
                owner: owner_name(&set.metadata).unwrap_or_default(),
                system: &*key.namespace == SYSTEM_NAMESPACE,
            })
        }
        _ => None,
    }
}

fn images(spec: Option<&PodSpec>) -> Vec<Name> {
    spec.map(|spec| {
        spec.containers
            .iter()
            .map(|container| name(&container.image))
            .collect()
    })
    .unwrap_or_default()
}

fn revision(meta: &ObjectMeta) -> u32 {
    let annotations = meta.annotations.as_ref();
    let text = annotations.and_then(|map| map.get("deployment.kubernetes.io/revision"));
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The service that a slice belongs to.
pub(super) fn service_of(slice: &EndpointSlice) -> Option<Key> {
    let service = label(&slice.metadata, "kubernetes.io/service-name")?;
    Some(Key::new(slice.namespace(), service))
}

/// A service with its endpoints.
pub(super) fn service(mirror: &Mirror, service: &Service) -> ServiceView {
    let spec = service.spec.clone().unwrap_or_default();
    let ingress = service
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref()?.ingress.as_ref()?.first());
    let ports = spec.ports.unwrap_or_default();
    let mut view = ServiceView {
        uid: service.uid().into(),
        key: service.key(),
        service_type: spec.type_.as_deref().unwrap_or("ClusterIP").into(),
        cluster_ip: name(&spec.cluster_ip),
        external_ip: ingress.map(|ingress| name(&ingress.ip)).unwrap_or_default(),
        ports: ports.iter().map(printed_port).collect(),
        port_numbers: ports
            .iter()
            .filter_map(|port| u16::try_from(port.port).ok())
            .collect(),
        endpoints: Vec::new(),
        endpoints_not_ready: Vec::new(),
        system: service.namespace() == SYSTEM_NAMESPACE,
    };
    let key = service.key();
    let slices = mirror.slices.in_namespace(service.namespace());
    for slice in slices.filter(|slice| service_of(slice).as_ref() == Some(&key)) {
        for endpoint in slice.endpoints.iter().flatten() {
            let uid = endpoint
                .target_ref
                .as_ref()
                .and_then(|target| target.uid.as_deref());
            let ready = endpoint
                .conditions
                .as_ref()
                .is_none_or(|conditions| conditions.ready != Some(false));
            let list = if ready {
                &mut view.endpoints
            } else {
                &mut view.endpoints_not_ready
            };
            list.push(
                uid.or(endpoint.addresses.first().map(String::as_str))
                    .unwrap_or_default()
                    .into(),
            );
        }
    }
    view
}

/// `80/TCP`, `80:30080/TCP`.
fn printed_port(port: &crate::api::core::ServicePort) -> Name {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match port.node_port {
        Some(node_port) if node_port != 0 => format!("{}:{node_port}/{protocol}", port.port).into(),
        _ => format!("{}/{protocol}", port.port).into(),
    }
}

/// A Kubernetes event.
pub(super) fn event(event: &Event) -> EventView {
    let about = &event.involved_object;
    EventView {
        at: instant(&event.last_timestamp).max(instant(&event.first_timestamp)),
        warning: event.type_.as_deref() == Some("Warning"),
        reason: name(&event.reason),
        kind: name(&about.kind),
        key: Key::new(name(&about.namespace), name(&about.name)),
        message: name(&event.message),
        source: event
            .source
            .as_ref()
            .map(|source| name(&source.component))
            .filter(|source| !source.is_empty())
            .unwrap_or_else(|| name(&event.reporting_component)),
        count: event.count.unwrap_or(1).max(1) as u32,
    }
}
