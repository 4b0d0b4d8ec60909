//! Objects as the viewer sees them.

mod node;
mod pod;
mod service;
mod workload;

pub(super) use node::node;
pub(super) use pod::{phase_index, pod, restarts};
pub(super) use service::{service, service_of};
pub(super) use workload::workload;

use super::protocol::EventView;
use crate::api::{Event, Key, Name, ObjectMeta, Time};
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

fn owner(meta: &ObjectMeta) -> Option<(&str, &str)> {
    let owners = meta.owner_references.as_deref()?;
    let owner = owners.iter().find(|owner| owner.controller == Some(true))?;
    Some((&owner.kind, &owner.name))
}

fn owner_name(meta: &ObjectMeta) -> Option<Name> {
    owner(meta).map(|(_, name)| name.into())
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
