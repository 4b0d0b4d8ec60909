//! Nodes as the viewer sees them.

use super::name;
use super::pod::phase_index;
use crate::api::core::{NodeCondition, PodSpec, Taint};
use crate::api::{Name, Node, Resource, quantity};
use crate::cluster::Cluster;
use crate::session::mirror::Mirror;
use crate::session::protocol::{NodeState, NodeView};

/// A node with the sums of its pods' requests.
pub(in crate::session) fn node(mirror: &Mirror, cluster: &Cluster, node: &Node) -> NodeView {
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
pub(in crate::session) fn requests(spec: &PodSpec) -> (i64, i64) {
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

pub(super) fn node_state(conditions: &[NodeCondition]) -> NodeState {
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
