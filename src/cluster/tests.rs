//! What only a whole cluster shows.

use super::*;
use crate::api::{Key, Kind, Pod};
use crate::apiserver::{Body, PatchType, Subresource};
use crate::etcd::StoreKey;
use crate::kubectl;
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
