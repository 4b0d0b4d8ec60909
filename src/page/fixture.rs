//! A made-up cluster, to draw and to test the page without an engine: never
//! mixed with a real one.

use crate::api::{Key, Kind};
use crate::session::protocol::*;
use crate::sim::trace::*;
use crate::sim::{Instant, RecordId};
use std::sync::Arc;

/// A running pod.
pub fn pod(uid: &str, workload: &str, node: Option<&str>) -> PodView {
    PodView {
        uid: format!("uid-{uid}").into(),
        key: Key::new("default", format!("{workload}-7d4b9c6f5-{uid}")),
        state: PodState::Running,
        status: "Running".into(),
        node: node.map(Name::from),
        ip: "10.244.1.7".into(),
        veth: format!("veth{uid}").into(),
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
            let mut pod = pod(&format!("{n:x}p{p:x}"), "web", Some(&name));
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

/// A packet from a pod on one node to a pod on another, as the engine would tell
/// it (headers left out).
pub fn journey() -> Journey {
    let way: [(&str, &str, Site, &str, &str); 11] = [
        (
            "node-1",
            "default/web-7d4b9c6f5-x2x9z",
            Site::Process,
            "",
            "socket",
        ),
        (
            "node-1",
            "default/web-7d4b9c6f5-x2x9z",
            Site::PodEth0,
            "eth0",
            "route",
        ),
        ("node-1", "", Site::Veth, "vethx2x9z", "veth"),
        ("node-1", "", Site::Bridge, "cni0", "bridge"),
        ("node-1", "", Site::Stack, "", "nat PREROUTING"),
        ("node-1", "", Site::Stack, "", "route"),
        ("node-1", "", Site::NodeEth0, "eth0", "neigh"),
        ("node-2", "", Site::NodeEth0, "eth0", "eth0"),
        ("node-2", "", Site::Stack, "", "route"),
        ("node-2", "", Site::Bridge, "cni0", "bridge"),
        (
            "node-2",
            "default/web-7d4b9c6f5-p8k4d",
            Site::PodEth0,
            "eth0",
            "veth",
        ),
    ];
    let hops: Vec<Hop> = way
        .into_iter()
        .map(|(node, pod, site, device, stage)| Hop {
            at: Instant::from_secs(80),
            place: Place {
                node: Some(node.into()),
                pod: Some(pod.into()).filter(|pod: &Name| !pod.is_empty()),
                site,
                device: device.into(),
            },
            stage: stage.into(),
            rule: "10.244.2.0/24 via 172.18.0.4 dev eth0".into(),
            why: "The route to the other node's pods leads over eth0.".into(),
            before: vec![],
            after: vec![],
            verdict: Verdict::Forwarded,
            capture: None,
        })
        .collect();
    let mut back = hops.clone();
    back.reverse();
    let leg = |kind, hops| Leg {
        kind,
        traffic: Traffic::Tcp,
        title: "TCP 10.244.1.7:40112 → 10.244.2.4:80".into(),
        hops,
    };
    Journey {
        title: "default/web → default/web".into(),
        legs: vec![leg(LegKind::Request, hops), leg(LegKind::Reply, back)],
        summary: "The reply came back.".into(),
        answered: true,
    }
}

/// What a few seconds in the small cluster would leave in the trace.
pub fn records(first: u64, at: Instant) -> Vec<Arc<Record>> {
    let call = |verb, resource: &str, subresource: &str, name: &str| What::Call {
        verb,
        resource: resource.into(),
        subresource: subresource.into(),
        namespace: "default".into(),
        name: name.into(),
        code: 201,
        revision: 1235,
        message: "".into(),
    };
    let told = |resource: &str| What::Delivered {
        change: Change::Added,
        resource: resource.into(),
        namespace: "default".into(),
        name: "web".into(),
        revision: 1235,
        more: 0,
    };
    let deployment = Actor::Controller("deployment-controller".into());
    let replicaset = Actor::Controller("replicaset-controller".into());
    let kubelet = Actor::Kubelet("node-1".into());
    let decision = Decision {
        namespace: "default".into(),
        pod: "gpu-7d4b9c6f5-g5h6j".into(),
        attempt: 1,
        nodes_total: 4,
        message: "0/4 nodes are available".into(),
        verdicts: vec![NodeVerdict {
            node: "node-2".into(),
            rejected: Some(PluginVerdict {
                plugin: "NodeResourcesFit".into(),
                reasons: vec!["Insufficient cpu".into()],
                unresolvable: false,
            }),
        }],
        ..Decision::default()
    };
    let told_of: Vec<(Option<u64>, Actor, What)> = vec![
        (
            None,
            Actor::User,
            call(Verb::Create, "deployments", "", "web"),
        ),
        (Some(0), deployment.clone(), told("deployments")),
        (
            Some(1),
            deployment,
            call(Verb::Create, "replicasets", "", "web-7d4b9c6f5"),
        ),
        (Some(2), replicaset.clone(), told("replicasets")),
        (
            Some(3),
            replicaset,
            call(Verb::Create, "pods", "", "web-7d4b9c6f5-x2x9z"),
        ),
        (Some(4), Actor::Scheduler, told("pods")),
        (
            Some(5),
            Actor::Scheduler,
            What::Scheduling(Arc::new(decision)),
        ),
        (
            Some(6),
            Actor::Scheduler,
            call(Verb::Create, "pods", "binding", "web-7d4b9c6f5-x2x9z"),
        ),
        (Some(7), kubelet.clone(), told("pods")),
        (
            Some(8),
            kubelet,
            call(Verb::Patch, "pods", "status", "web-7d4b9c6f5-x2x9z"),
        ),
        (None, Actor::User, What::Journey(Arc::new(journey()))),
    ];
    told_of
        .into_iter()
        .enumerate()
        .map(|(n, (cause, actor, what))| {
            Arc::new(Record {
                id: RecordId(first + n as u64),
                at,
                cause: cause.map(|cause| RecordId(first + cause)),
                actor,
                what,
            })
        })
        .collect()
}
