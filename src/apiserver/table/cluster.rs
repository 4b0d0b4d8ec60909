//! The cluster itself: nodes, namespaces, events, leases.

use super::cells::{self, NONE, UNKNOWN, items, map, number, str_at, text};
use super::column::Cell::{By, Name, Number, Text};
use super::column::{AGE, Column, NAME};
use crate::sim::Instant;
use serde_json::Value;

pub(super) const NODE: &[Column] = &[
    NAME,
    Column::text("Status", By(status), "The status of the node"),
    Column::text("Roles", By(roles), "The roles of the node"),
    AGE,
    Column::text("Version", Text("/status/nodeInfo/kubeletVersion", ""), "Kubelet Version reported by the node."),
    Column::text("Internal-IP", By(internal_ip), "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP).").wide(),
    Column::text("External-IP", By(external_ip), "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP).").wide(),
    Column::text("OS-Image", Text("/status/nodeInfo/osImage", "<unknown>"), "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).").wide(),
    Column::text("Kernel-Version", By(kernel), "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).").wide(),
    Column::text("Container-Runtime", Text("/status/nodeInfo/containerRuntimeVersion", "<unknown>"), "ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).").wide(),
];

pub(super) const NAMESPACE: &[Column] = &[
    NAME,
    Column::text(
        "Status",
        Text("/status/phase", ""),
        "The status of the namespace",
    ),
    AGE,
];

pub(super) const EVENT: &[Column] = &[
    Column::text("Last Seen", By(last_seen), "The time at which the most recent occurrence of this event was recorded."),
    Column::text("Type", Text("/type", ""), "Type of this event (Normal, Warning), new types could be added in the future"),
    Column::text("Reason", Text("/reason", ""), "This should be a short, machine understandable string that gives the reason for the transition into the object's current status."),
    Column::text("Object", By(object), "The object that this event is about."),
    Column::text("Subobject", Text("/involvedObject/fieldPath", ""), "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: \"spec.containers{name}\" (where \"name\" refers to the name of the container that triggered the event) or if no container name is specified \"spec.containers[2]\" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.").wide(),
    Column::text("Source", By(source), "The component reporting this event. Should be a short machine understandable string.").wide(),
    Column::text("Message", By(message), "A human-readable description of the status of this operation."),
    Column::text("First Seen", By(first_seen), "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)").wide(),
    Column::text("Count", By(count), "The number of times this event has occurred.").wide(),
    Column::text("Name", Name, NAME.description).named().wide(),
];

pub(super) const LEASE: &[Column] = &[
    NAME,
    Column::text(
        "Holder",
        Text("/spec/holderIdentity", ""),
        "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
    ),
    AGE,
];

pub(super) const COMPONENT_STATUS: &[Column] = &[
    NAME,
    Column::text("Status", By(health), "Status of the component conditions"),
    Column::text(
        "Message",
        By(health_message),
        "Message of the component conditions",
    ),
    Column::text(
        "Error",
        By(health_error),
        "Error of the component conditions",
    ),
];

pub(super) const SCALE: &[Column] = &[
    Column::text("Name", Name, NAME.description),
    Column::integer(
        "Desired",
        Number("/spec/replicas"),
        "replicas is the desired number of instances for the scaled object.",
    ),
    Column::integer(
        "Available",
        Number("/status/replicas"),
        "replicas is the actual number of observed instances of the scaled object.",
    ),
    AGE,
];
fn status(node: &Value, _: Instant) -> Value {
    let mut conditions = items(node, "/status/conditions").iter();
    let mut text = match conditions.find(|it| it["type"] == "Ready") {
        Some(ready) if ready["status"] == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        text.push_str(",SchedulingDisabled");
    }
    text.into()
}

/// The roles that labels give a node, sorted.
fn roles(node: &Value, _: Instant) -> Value {
    let role = |(label, value): (&String, &Value)| match label.as_str() {
        "kubernetes.io/role" => value.as_str().map(str::to_owned),
        label => label
            .strip_prefix("node-role.kubernetes.io/")
            .map(str::to_owned),
    };
    let labels = map(node, "/metadata/labels").into_iter().flatten();
    let mut roles: Vec<String> = labels.filter_map(role).collect();
    roles.retain(|role| !role.is_empty());
    roles.sort();
    roles.dedup();
    match roles.is_empty() {
        true => NONE.into(),
        false => roles.join(",").into(),
    }
}

fn address_of(node: &Value, of_type: &str) -> Value {
    let mut addresses = items(node, "/status/addresses").iter();
    match addresses.find(|it| it["type"] == of_type) {
        Some(address) => str_at(address, "/address").into(),
        None => NONE.into(),
    }
}

fn internal_ip(node: &Value, _: Instant) -> Value {
    address_of(node, "InternalIP")
}

fn external_ip(node: &Value, _: Instant) -> Value {
    address_of(node, "ExternalIP")
}

fn kernel(node: &Value, _: Instant) -> Value {
    let kernel = text(node, "/status/nodeInfo/kernelVersion", UNKNOWN);
    match str_at(node, "/status/nodeInfo/architecture") {
        "" => kernel.into(),
        architecture => format!("{kernel} ({architecture})").into(),
    }
}

/// The first of these times that is set.
fn since(event: &Value, pointers: &[&str], now: Instant) -> Value {
    let mut pointers = pointers.iter();
    match pointers.find(|pointer| !str_at(event, pointer).is_empty()) {
        Some(pointer) => cells::age(event, pointer, now).into(),
        None => UNKNOWN.into(),
    }
}

fn first_seen(event: &Value, now: Instant) -> Value {
    since(event, &["/firstTimestamp", "/eventTime"], now)
}

fn last_seen(event: &Value, now: Instant) -> Value {
    let pointers = [
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/firstTimestamp",
        "/eventTime",
    ];
    since(event, &pointers, now)
}

fn object(event: &Value, _: Instant) -> Value {
    let kind = str_at(event, "/involvedObject/kind").to_lowercase();
    match str_at(event, "/involvedObject/name") {
        "" => kind.into(),
        name => format!("{kind}/{name}").into(),
    }
}

fn source(event: &Value, _: Instant) -> Value {
    let or = |first: &str, second: &str| match str_at(event, first) {
        "" => str_at(event, second).to_owned(),
        found => found.to_owned(),
    };
    let component = or("/source/component", "/reportingComponent");
    match or("/source/host", "/reportingInstance") {
        instance if instance.is_empty() => component.into(),
        instance => format!("{component}, {instance}").into(),
    }
}

fn message(event: &Value, _: Instant) -> Value {
    str_at(event, "/message").trim().into()
}

fn count(event: &Value, _: Instant) -> Value {
    match event.get("series") {
        Some(series) if !series.is_null() => number(series, "/count"),
        _ => number(event, "/count").max(1),
    }
    .into()
}

/// The one condition of a component.
fn healthy(component: &Value) -> Option<&Value> {
    let mut conditions = items(component, "/conditions").iter();
    conditions.find(|it| it["type"] == "Healthy")
}

fn health(component: &Value, _: Instant) -> Value {
    match healthy(component) {
        Some(condition) if condition["status"] == "True" => "Healthy".into(),
        Some(_) => "Unhealthy".into(),
        None => "Unknown".into(),
    }
}

fn health_message(component: &Value, _: Instant) -> Value {
    healthy(component)
        .map_or("", |it| str_at(it, "/message"))
        .into()
}

fn health_error(component: &Value, _: Instant) -> Value {
    healthy(component)
        .map_or("", |it| str_at(it, "/error"))
        .into()
}
