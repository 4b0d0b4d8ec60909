//! What makes pods, and keeps their number.

use super::cells::{self, NONE, items, number, str_at};
use super::column::Cell::{By, Number};
use super::column::{AGE, CONTAINERS_OF_TEMPLATE, Column, IMAGES_OF_TEMPLATE, NAME};
use crate::sim::Instant;
use serde_json::Value;

pub(super) const REPLICATION_CONTROLLER: &[Column] = &[
    NAME,
    Column::integer("Desired", Number("/spec/replicas"), "Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller"),
    Column::integer("Current", Number("/status/replicas"), "Replicas is the most recently observed number of replicas. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller"),
    Column::integer("Ready", Number("/status/readyReplicas"), "The number of ready replicas for this replication controller."),
    AGE,
    Column::text("Containers", By(containers), CONTAINERS_OF_TEMPLATE).wide(),
    Column::text("Images", By(images), IMAGES_OF_TEMPLATE).wide(),
    Column::text("Selector", By(map_selector), "Selector is a label query over pods that should match the Replicas count. If Selector is empty, it is defaulted to the labels present on the Pod template. Label keys and values that must match in order to be controlled by this replication controller, if empty defaulted to labels on Pod template. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors").wide(),
];

pub(super) const REPLICA_SET: &[Column] = &[
    NAME,
    Column::integer("Desired", Number("/spec/replicas"), "Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"),
    Column::integer("Current", Number("/status/replicas"), "Replicas is the most recently observed number of non-terminating pods. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"),
    Column::integer("Ready", Number("/status/readyReplicas"), "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition."),
    AGE,
    Column::text("Containers", By(containers), CONTAINERS_OF_TEMPLATE).wide(),
    Column::text("Images", By(images), IMAGES_OF_TEMPLATE).wide(),
    Column::text("Selector", By(selector), "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors").wide(),
];

pub(super) const DEPLOYMENT: &[Column] = &[
    NAME,
    Column::text("Ready", By(ready), "Number of the pod with ready state"),
    Column::text("Up-to-date", Number("/status/updatedReplicas"), "Total number of non-terminating pods targeted by this deployment that have the desired template spec."),
    Column::text("Available", Number("/status/availableReplicas"), "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment."),
    AGE,
    Column::text("Containers", By(containers), CONTAINERS_OF_TEMPLATE).wide(),
    Column::text("Images", By(images), IMAGES_OF_TEMPLATE).wide(),
    Column::text("Selector", By(plain_selector), "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must match the pod template's labels.").wide(),
];

pub(super) const STATEFUL_SET: &[Column] = &[
    NAME,
    Column::text("Ready", By(ready), "Number of the pod with ready state"),
    AGE,
    Column::text("Containers", By(containers), CONTAINERS_OF_TEMPLATE).wide(),
    Column::text("Images", By(images), IMAGES_OF_TEMPLATE).wide(),
];

pub(super) const DAEMON_SET: &[Column] = &[
    NAME,
    Column::integer("Desired", Number("/status/desiredNumberScheduled"), "The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/"),
    Column::integer("Current", Number("/status/currentNumberScheduled"), "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/"),
    Column::integer("Ready", Number("/status/numberReady"), "numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition."),
    Column::integer("Up-to-date", Number("/status/updatedNumberScheduled"), "The total number of nodes that are running updated daemon pod"),
    Column::integer("Available", Number("/status/numberAvailable"), "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)"),
    Column::text("Node Selector", By(node_selector), "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's labels for the pod to be scheduled on that node. More info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/"),
    AGE,
    Column::text("Containers", By(containers), CONTAINERS_OF_TEMPLATE).wide(),
    Column::text("Images", By(images), IMAGES_OF_TEMPLATE).wide(),
    Column::text("Selector", By(selector), "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors").wide(),
];

pub(super) const CONTROLLER_REVISION: &[Column] = &[
    NAME,
    Column::text("Controller", By(controller), "Controller of the object"),
    Column::text(
        "Revision",
        Number("/revision"),
        "Revision indicates the revision of the state represented by Data.",
    ),
    AGE,
];
fn ready(object: &Value, _: Instant) -> Value {
    let ready = number(object, "/status/readyReplicas");
    format!("{ready}/{}", number(object, "/spec/replicas")).into()
}

fn containers(object: &Value, _: Instant) -> Value {
    cells::each(object, "/spec/template/spec/containers", "name").into()
}

fn images(object: &Value, _: Instant) -> Value {
    cells::each(object, "/spec/template/spec/containers", "image").into()
}

fn selector(object: &Value, _: Instant) -> Value {
    cells::selector_or_none(object, "/spec/selector").into()
}

fn plain_selector(object: &Value, _: Instant) -> Value {
    cells::selector(object, "/spec/selector").into()
}

fn map_selector(object: &Value, _: Instant) -> Value {
    cells::labels(object, "/spec/selector").into()
}

fn node_selector(object: &Value, _: Instant) -> Value {
    cells::labels(object, "/spec/template/spec/nodeSelector").into()
}

/// `statefulset.apps/db`.
fn controller(object: &Value, _: Instant) -> Value {
    let mut owners = items(object, "/metadata/ownerReferences").iter();
    let Some(owner) = owners.find(|owner| owner["controller"] == true) else {
        return NONE.into();
    };
    let kind = str_at(owner, "/kind").to_lowercase();
    let name = str_at(owner, "/name");
    match str_at(owner, "/apiVersion").split_once('/') {
        Some((group, _)) => format!("{kind}.{group}/{name}").into(),
        None => format!("{kind}/{name}").into(),
    }
}
