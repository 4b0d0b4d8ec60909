//! Everything the inspector shows of one subject.

mod component;
mod node;
mod pod;
mod service;
mod workload;

use super::actions;
use super::mirror::Mirror;
use super::protocol::{ConditionView, Detail, EventView, Subject};
use super::view;
use crate::api::{Key, Kind, Object};
use crate::cluster::Cluster;
use crate::sim::Instant;
use crate::sim::order::Order as _;
use serde_json::Value;

/// The latest events shown of a subject.
const EVENTS_MAX: usize = 50;

/// Looks closely at a subject.
pub(super) fn of(cluster: &Cluster, mirror: &Mirror, subject: &Subject) -> Detail {
    match subject {
        Subject::Object { kind, key } => of_object(cluster, mirror, *kind, key),
        Subject::Component(actor) => component::of(cluster, mirror, actor),
    }
}

fn of_object(cluster: &Cluster, mirror: &Mirror, kind: Kind, key: &Key) -> Detail {
    let mut detail = blank(Subject::Object {
        kind,
        key: key.clone(),
    });
    detail.events = events(mirror, kind, key);
    let Some(object) = actions::look(cluster, kind, key) else {
        detail.gone = true;
        detail.headline = format!("{} {key} is gone.", kind.info().kind);
        return detail;
    };
    let json = object.to_json();
    detail.conditions = conditions(&json);
    detail.yaml = serde_yaml::to_string(&json).unwrap_or_default();
    match &object {
        Object::Pod(pod) => pod::write(cluster, mirror, pod, &mut detail),
        Object::Node(node) => node::write(cluster, mirror, node, &mut detail),
        Object::Deployment(deployment) => {
            workload::write_deployment(mirror, deployment, &mut detail)
        }
        Object::ReplicaSet(set) => workload::write_replica_set(mirror, set, &mut detail),
        Object::Service(service) => service::write(cluster, mirror, service, &mut detail),
        other => {
            let info = other.kind().info();
            detail.headline = format!("{} {key}", info.kind);
            if !info.simulated {
                detail.headline += ": stored, but no controller acts on it here.";
            }
        }
    }
    detail
}

fn blank(subject: Subject) -> Detail {
    Detail {
        subject,
        gone: false,
        headline: String::new(),
        facts: Vec::new(),
        why: Vec::new(),
        conditions: Vec::new(),
        events: Vec::new(),
        decision: None,
        yaml: String::new(),
        texts: Vec::new(),
        related: Vec::new(),
    }
}

/// The events about an object, the latest first.
fn events(mirror: &Mirror, kind: Kind, key: &Key) -> Vec<EventView> {
    let namespace = if key.namespace.is_empty() {
        "default"
    } else {
        &*key.namespace
    };
    let mut events: Vec<EventView> = mirror
        .events
        .in_namespace(namespace)
        .filter(|event| {
            let about = &event.involved_object;
            about.name.as_deref() == Some(&*key.name)
                && about.kind.as_deref() == Some(kind.info().kind)
        })
        .map(|event| view::event(event))
        .collect();
    events.order_by_key(|event| std::cmp::Reverse(event.at));
    events.truncate(EVENTS_MAX);
    events
}

fn conditions(json: &Value) -> Vec<ConditionView> {
    let list = json["status"]["conditions"].as_array();
    let text =
        |condition: &Value, field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    list.into_iter()
        .flatten()
        .map(|condition| ConditionView {
            name: text(condition, "type"),
            status: text(condition, "status"),
            reason: text(condition, "reason"),
            message: text(condition, "message"),
            since: condition["lastTransitionTime"]
                .as_str()
                .and_then(|time| time.parse().ok())
                .map(Instant::from_timestamp),
        })
        .collect()
}

/// Adds a fact, unless there is nothing to tell.
fn fact(detail: &mut Detail, name: &str, value: impl Into<String>) {
    let value = value.into();
    if !value.is_empty() {
        detail.facts.push((name.to_owned(), value));
    }
}

fn object(kind: Kind, key: Key) -> Subject {
    Subject::Object { kind, key }
}

/// `app=web,tier=front`.
fn pairs<'a>(map: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    map.into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(",")
}
