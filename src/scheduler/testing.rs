//! Short ways to nodes and pods for the tests of this folder.

use super::node_info::NodeInfo;
use super::pod_info::PodInfo;
use crate::api::{Node, Pod};
use serde_json::{Value, json};
use std::sync::Arc;

/// A node; what `more` does not say is a plain node of 4 CPU, 8Gi and 110 pods.
pub(super) fn node(name: &str, more: Value) -> Arc<Node> {
    let mut value = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"labels": {"kubernetes.io/hostname": name}},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    });
    json_patch::merge(&mut value, &more);
    value["metadata"]["name"] = name.into();
    Arc::new(serde_json::from_value(value).expect("a node"))
}

/// The same as plugins see it, empty.
pub(super) fn info(name: &str, more: Value) -> NodeInfo {
    let mut info = NodeInfo::unknown(name.into());
    info.set_node(Some(&node(name, more)));
    info
}

/// A pod in `default`.
pub(super) fn pod(name: &str, spec: Value) -> Arc<PodInfo> {
    labelled(name, json!({}), spec)
}

/// A pod in `default` with labels.
pub(super) fn labelled(name: &str, labels: Value, spec: Value) -> Arc<PodInfo> {
    let value = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": name, "labels": labels},
        "spec": spec,
    });
    let pod: Pod = serde_json::from_value(value).expect("a pod");
    Arc::new(PodInfo::of(Arc::new(pod)))
}

/// A pod of one container with these requests.
pub(super) fn asks(name: &str, requests: Value) -> Arc<PodInfo> {
    pod(
        name,
        json!({"containers": [{"name": "c", "resources": {"requests": requests}}]}),
    )
}
