//! A made-up cluster, to draw and to test the page without an engine: never
//! mixed with a real one.

use crate::api::{Key, Kind};
use crate::session::protocol::*;
use crate::sim::Instant;
use crate::sim::trace::Name;

/// A running pod.
pub fn pod(uid: &str, workload: &str, node: Option<&str>) -> PodView {
    PodView {
        uid: format!("uid-{uid}").into(),
        key: Key::new("default", format!("{workload}-7d4b9c6f5-{uid}")),
        state: PodState::Running,
        status: "Running".into(),
        node: node.map(Name::from),
        ip: "10.244.1.7".into(),
        veth: "veth3f2a91c0".into(),
        workload: workload.into(),
        revision: "7d4b9c6f5".into(),
        containers: vec![container("app", ContainerState::Ready)],
        ready: true,
        restarts: 0,
        created: Instant::ZERO,
        deletion: None,
        system: false,
        ports: vec![80],
    }
}

fn container(name: &str, state: ContainerState) -> ContainerView {
    ContainerView {
        name: name.into(),
        image: "nginx:1.29".into(),
        init: false,
        state,
        reason: "".into(),
        restarts: 0,
        back_off: None,
    }
}

fn system_pod(name: &str, node: &str, host_network: bool) -> PodView {
    let mut pod = pod(&format!("{name}-{node}"), name, Some(node));
    pod.key = Key::new("kube-system", format!("{name}-{node}"));
    pod.system = true;
    pod.revision = "".into();
    if host_network {
        pod.veth = "".into();
        pod.ip = "172.18.0.2".into();
    }
    pod
}

/// A node that is ready.
pub fn node(name: &str, zone: &str) -> NodeView {
    let control_plane = name.starts_with("control-plane");
    NodeView {
        name: name.into(),
        state: NodeState::Ready,
        powered: true,
        cordoned: false,
        control_plane,
        taints: match control_plane {
            true => vec!["node-role.kubernetes.io/control-plane:NoSchedule".into()],
            false => vec![],
        },
        zone: zone.into(),
        ip: "172.18.0.3".into(),
        pod_cidr: "10.244.1.0/24".into(),
        cpu_allocatable: 4000,
        cpu_requested: 1350,
        memory_allocatable: 8 << 30,
        memory_requested: 3 << 30,
        pods_allocatable: 110,
    }
}

/// A small cluster in which every state can be seen.
pub fn small() -> Update {
    let mut pods = Vec::new();
    for name in [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ] {
        pods.push(system_pod(name, "control-plane", true));
    }
    let nodes = ["control-plane", "node-1", "node-2", "node-3"];
    for node in nodes {
        pods.push(system_pod("kube-proxy", node, true));
    }
    pods.push(system_pod("coredns", "node-1", false));
    pods.push(system_pod("coredns", "node-3", false));
    pods.extend(every_state());
    let mut views: Vec<NodeView> = nodes.iter().map(|name| node(name, "")).collect();
    views[3].state = NodeState::Unknown;
    views[3].powered = false;
    views[3].taints = vec!["node.kubernetes.io/unreachable:NoExecute".into()];
    views[2].cordoned = true;
    Update {
        whole: true,
        clock: clock(),
        nodes: views,
        pods,
        workloads: vec![workload("web", 6), workload("api", 4)],
        services: vec![service("web")],
        ..Update::default()
    }
}

fn every_state() -> Vec<PodView> {
    use PodState::*;
    let places = [
        ("x2x9z", "web", Some("node-1"), Running),
        ("p8k4d", "web", Some("node-2"), Running),
        ("m5n7t", "api", Some("node-1"), BackOff),
        ("w9v2b", "api", Some("node-2"), NotReady),
        ("c4f6g", "api", Some("node-3"), Unknown),
        ("h7j8k", "web", Some("node-3"), Terminating),
        ("q2r3s", "web", Some("node-2"), Starting),
        ("b6d8f", "job", Some("node-1"), Succeeded),
        ("z4x5c", "job", Some("node-2"), Failed),
        ("t9w2v", "img", Some("node-1"), Blocked),
        ("g5h6j", "gpu", None, Pending),
        ("k8l9z", "gpu", None, Pending),
    ];
    places
        .into_iter()
        .map(|(uid, workload, node, state)| {
            let mut pod = pod(uid, workload, node);
            pod.state = state;
            pod.ready = state == Running;
            pod.status = format!("{state:?}").into();
            show_state(&mut pod, state);
            pod
        })
        .collect()
}

fn show_state(pod: &mut PodView, state: PodState) {
    let shown = match state {
        PodState::Running | PodState::Terminating | PodState::Unknown => ContainerState::Ready,
        PodState::NotReady => ContainerState::Running,
        PodState::BackOff => ContainerState::BackOff,
        PodState::Succeeded => ContainerState::Completed,
        PodState::Failed => ContainerState::Failed,
        _ => ContainerState::Waiting,
    };
    for container in &mut pod.containers {
        container.state = shown;
    }
    if &*pod.workload == "web" {
        pod.containers.push(container("sidecar", shown));
    }
    if state == PodState::BackOff {
        pod.status = "CrashLoopBackOff".into();
        pod.restarts = 4;
        pod.containers[0].restarts = 4;
        pod.containers[0].back_off = Some((Instant::from_secs(107), 40));
    }
    if state == PodState::NotReady {
        pod.revision = "5f6c8d9b7".into();
    }
}

fn clock() -> ClockView {
    ClockView {
        now: Instant::from_secs(83),
        playing: true,
        speed: 1.0,
        speed_reached: 1.0,
        revision: 1234,
    }
}

fn workload(name: &str, desired: i32) -> WorkloadView {
    WorkloadView {
        uid: format!("deployment-{name}").into(),
        kind: Kind::Deployment,
        key: Key::new("default", name),
        desired,
        current: desired,
        ready: desired - 1,
        updated: desired,
        available: desired - 1,
        images: vec!["nginx:1.29".into()],
        revision: 2,
        template_hash: "7d4b9c6f5".into(),
        owner: "".into(),
        system: false,
    }
}

fn service(name: &str) -> ServiceView {
    ServiceView {
        uid: format!("service-{name}").into(),
        key: Key::new("default", name),
        service_type: "LoadBalancer".into(),
        cluster_ip: "10.96.0.17".into(),
        external_ip: "203.0.113.1".into(),
        ports: vec!["80:30080/TCP".into()],
        port_numbers: vec![80],
        endpoints: vec!["uid-x2x9z".into(), "uid-p8k4d".into()],
        endpoints_not_ready: vec![],
        system: false,
    }
}

/// A large cluster: so many nodes with so many pods each.
pub fn large(nodes: usize, pods_each: usize) -> Update {
    let mut update = Update {
        whole: true,
        clock: clock(),
        nodes: vec![node("control-plane", "")],
        ..Update::default()
    };
    for n in 1..=nodes {
        let name = format!("node-{n}");
        update.nodes.push(node(&name, ""));
        update.pods.push(system_pod("kube-proxy", &name, true));
        for p in 0..pods_each {
            let mut pod = pod(&format!("{n:x}{p:x}"), "web", Some(&name));
            pod.state = match (n * 7919 + p * 104_729) % 97 {
                0 => PodState::BackOff,
                1 | 2 => PodState::Starting,
                3 => PodState::NotReady,
                4 => PodState::Terminating,
                5 => PodState::Failed,
                _ => PodState::Running,
            };
            update.pods.push(pod);
        }
    }
    update
}
