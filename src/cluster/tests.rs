//! What only a whole cluster shows.

use super::*;
use crate::api::{Key, Kind, Pod};
use crate::apiserver::{Body, PatchType, Subresource};
use crate::etcd::StoreKey;
use crate::kubectl;
use crate::network::{Destination, Endpoint, Transport};
use crate::sim::trace::Verb;
use serde_json::{Value, json};
use std::time::Duration;

fn cluster(nodes: u32) -> Cluster {
    Cluster::settled(ClusterSpec {
        nodes,
        ..ClusterSpec::default()
    })
}

fn apply(cluster: &mut Cluster, manifest: Value) {
    let namespace = manifest["metadata"]["namespace"]
        .as_str()
        .unwrap_or("default");
    let applied = kubectl::apply(
        &mut |request| cluster.request(request),
        &manifest,
        namespace,
    );
    assert!(applied.is_ok(), "{applied:?}");
}

fn run(cluster: &mut Cluster, time: Duration) {
    let until = cluster.now() + time;
    cluster.advance(until, u32::MAX);
}

/// A pod with one container that runs a script.
fn script(name: &str, text: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{
            "name": "shell", "image": "busybox:1.37", "command": ["sh", "-c", text],
        }]},
    })
}

fn scale(cluster: &mut Cluster, namespace: &str, name: &str, replicas: i32) {
    let key = Key::new(namespace, name);
    let request = Request::new(Actor::User, Verb::Patch, Kind::Deployment, key)
        .subresource(Subresource::Scale)
        .body(Body::Patch(
            PatchType::Merge,
            json!({"spec": {"replicas": replicas}}),
        ));
    assert!(cluster.request(request).is_ok());
}

/// What a pod wrote since it had written `from` lines.
fn lines(cluster: &Cluster, pod: &str, from: usize) -> Vec<String> {
    let key = Key::new("default", pod);
    let store_key = StoreKey {
        kind: Kind::Pod,
        key: key.clone(),
    };
    let entry = cluster.api().etcd().get(&store_key);
    let pod = entry.and_then(|entry| entry.object.as_kind::<Pod>());
    let node = pod.and_then(|pod| pod.spec.as_ref()?.node_name.clone());
    let kubelet = node.and_then(|node| cluster.kubelet(&node));
    let log = kubelet.and_then(|kubelet| kubelet.log(&key, "shell", false));
    let lines = log.into_iter().flat_map(|log| log.lines());
    lines.skip(from).map(|line| line.text.clone()).collect()
}

#[test]
fn names_are_asked_from_core_dns_by_packets() {
    let mut cluster = cluster(2);
    for name in ["kubernetes.default", "example.com", "nosuch.example"] {
        let pod = name.replace('.', "-");
        apply(
            &mut cluster,
            script(
                &pod,
                &format!("while true; do nslookup {name}; sleep 5; done"),
            ),
        );
    }
    let says = |cluster: &Cluster, pod: &str, from: usize, what: &str| {
        lines(cluster, pod, from)
            .iter()
            .any(|line| line.contains(what))
    };
    run(&mut cluster, 30 * SECOND);
    assert!(says(
        &cluster,
        "kubernetes-default",
        0,
        "Address: 10.96.0.1"
    ));
    assert!(says(&cluster, "example-com", 0, "Address: 192.0.2."));
    assert!(says(
        &cluster,
        "nosuch-example",
        0,
        "can't find nosuch.example: NXDOMAIN"
    ));
    // Without CoreDNS there is nobody who answers.
    scale(&mut cluster, "kube-system", "coredns", 0);
    run(&mut cluster, 60 * SECOND);
    let before: Vec<(&str, usize)> = ["kubernetes-default", "example-com"]
        .map(|pod| (pod, lines(&cluster, pod, 0).len()))
        .into();
    run(&mut cluster, 30 * SECOND);
    for (pod, from) in before {
        assert!(says(&cluster, pod, from, "no servers could be reached"));
        assert!(!says(&cluster, pod, from, "Address: "), "{pod}");
    }
    scale(&mut cluster, "kube-system", "coredns", 2);
    run(&mut cluster, 60 * SECOND);
    let from = lines(&cluster, "kubernetes-default", 0).len();
    run(&mut cluster, 30 * SECOND);
    assert!(says(
        &cluster,
        "kubernetes-default",
        from,
        "Address: 10.96.0.1"
    ));
}

fn web(replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "tolerations": [{
                        "key": "node.kubernetes.io/unreachable", "operator": "Exists",
                        "effect": "NoExecute", "tolerationSeconds": 20,
                    }],
                    "containers": [{"name": "nginx", "image": "nginx:1.29"}],
                },
            },
        },
    })
}

fn service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    })
}

/// Pods of `app=web` that are ready, with their nodes.
fn ready(cluster: &Cluster) -> Vec<(Key, String)> {
    let entries = cluster.api().etcd().range(Kind::Pod, Some("default"));
    entries
        .filter_map(|(key, entry)| {
            let pod = entry.object.as_kind::<Pod>()?;
            let conditions = pod.status.as_ref()?.conditions.as_ref()?;
            let is_ready = |found: &&crate::api::core::PodCondition| {
                found.type_ == "Ready" && found.status == "True"
            };
            conditions.iter().find(is_ready)?;
            let web = pod.metadata.labels.as_ref()?.get("app")? == "web";
            let going = pod.metadata.deletion_timestamp.is_some();
            let node = pod.spec.as_ref()?.node_name.clone()?;
            (web && !going).then(|| (key.clone(), node))
        })
        .collect()
}

/// Calls the service by its address: a replica of CoreDNS may be on the node that
/// was stopped.
fn calls_web(cluster: &mut Cluster) -> bool {
    let service = cluster.dns().service(&Key::new("default", "web"));
    let ip = service.and_then(|service| service.spec.as_ref()?.cluster_ip.clone());
    let journey = cluster.send(Send {
        from: Endpoint::Pod {
            pod: Key::new("default", "client"),
            container: "".into(),
        },
        to: Destination::Name(ip.unwrap_or_default()),
        port: 80,
        protocol: Transport::Tcp,
        path: "/".to_owned(),
    });
    journey.answered
}

#[test]
fn without_the_control_plane_what_runs_runs_on_and_nothing_changes() {
    let mut cluster = cluster(3);
    for manifest in [web(6), service(), script("client", "sleep infinity")] {
        apply(&mut cluster, manifest);
    }
    run(&mut cluster, 60 * SECOND);
    let before = ready(&cluster);
    assert_eq!(before.len(), 6);
    assert_eq!(cluster.stop_node(CONTROL_PLANE), Ok(()));
    let revision = cluster.api().etcd().revision();
    // Requests find nobody.
    let refused = kubectl::apply(&mut |request| cluster.request(request), &web(9), "default");
    let told = refused.err().map(|error| kubectl::error_text(&error, ""));
    assert!(
        told.as_deref().is_some_and(
            |told| told.starts_with("The connection to the server 172.18.0.2:6443 was refused")
        ),
        "{told:?}"
    );
    // Traffic goes on, and a kubelet restarts what crashes.
    assert!(calls_web(&mut cluster));
    let (victim, _) = before[0].clone();
    assert_eq!(cluster.kill_container(&victim, ""), Ok(()));
    run(&mut cluster, 30 * SECOND);
    let node = before[0].1.clone();
    assert!(
        cluster
            .kubelet(&node)
            .is_some_and(|kubelet| kubelet.is_running(&victim, "nginx"))
    );
    // A node is lost, and nobody notices.
    assert_eq!(cluster.stop_node("node-3"), Ok(()));
    run(&mut cluster, 300 * SECOND);
    assert_eq!(cluster.api().etcd().revision(), revision);
    assert_eq!(ready(&cluster), before);
    // With the API server everything catches up.
    assert_eq!(cluster.start_node(CONTROL_PLANE), Ok(()));
    run(&mut cluster, 180 * SECOND);
    let after = ready(&cluster);
    assert_eq!(after.len(), 6, "{after:?}");
    assert!(after.iter().all(|(_, node)| node != "node-3"), "{after:?}");
    scale(&mut cluster, "default", "web", 8);
    run(&mut cluster, 30 * SECOND);
    assert_eq!(ready(&cluster).len(), 8);
    assert!(bootstrap::node_is_ready(&cluster, CONTROL_PLANE));
    assert!(calls_web(&mut cluster));
}

#[test]
fn without_its_scheduler_a_pod_waits() {
    let mut cluster = cluster(2);
    let scheduler = Key::new("kube-system", format!("kube-scheduler-{CONTROL_PLANE}"));
    // The second crash makes its kubelet wait ten seconds.
    for _ in 0..2 {
        assert_eq!(cluster.kill_container(&scheduler, ""), Ok(()));
        run(&mut cluster, 5 * SECOND);
    }
    apply(&mut cluster, web(2));
    run(&mut cluster, 3 * SECOND);
    let placed = |cluster: &Cluster| {
        let entries = cluster.api().etcd().range(Kind::Pod, Some("default"));
        let pods = entries.filter_map(|(_, entry)| entry.object.as_kind::<Pod>());
        let nodes: Vec<bool> = pods
            .map(|pod| {
                pod.spec
                    .as_ref()
                    .is_some_and(|spec| spec.node_name.is_some())
            })
            .collect();
        nodes
    };
    assert_eq!(placed(&cluster), [false, false]);
    run(&mut cluster, 30 * SECOND);
    assert_eq!(placed(&cluster), [true, true]);
}
