//! Finds what a scenario's words point to.

use super::file::{NodePick, Pick, PodPick};
use crate::api::{Key, Kind, Name, Pod, Resource};
use crate::session::mirror::Mirror;
use crate::session::protocol::Subject;
use std::sync::Arc;

/// The pods of namespace `default` that carry every `key=value` of a selector,
/// by name; those being deleted are left out.
pub(super) fn pods<'a>(
    mirror: &'a Mirror,
    selector: &'a str,
) -> impl Iterator<Item = &'a Arc<Pod>> {
    mirror.pods.in_namespace("default").filter(move |pod| {
        let labels = pod.metadata.labels.as_ref();
        let carries = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            labels
                .and_then(|labels| labels.get(key))
                .is_some_and(|found| found == value)
        };
        pod.metadata.deletion_timestamp.is_none() && selector.split(',').all(carries)
    })
}

fn node_name(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

fn find<'a>(mirror: &'a Mirror, pick: &'a PodPick) -> Result<&'a Arc<Pod>, String> {
    let shunned = match &pick.away_from {
        Some(other) => node_name(find(mirror, other)?),
        None => None,
    };
    pods(mirror, &pick.selector)
        .filter(|pod| shunned.is_none() || node_name(pod) != shunned)
        .nth(pick.index)
        .ok_or_else(|| format!("no pod number {} carries {}", pick.index, pick.selector))
}

pub(super) fn pod(mirror: &Mirror, pick: &PodPick) -> Result<Key, String> {
    find(mirror, pick).map(|pod| pod.key())
}

pub(super) fn node(mirror: &Mirror, pick: &NodePick) -> Result<Name, String> {
    match pick {
        NodePick::Named(name) => Ok(name.as_str().into()),
        NodePick::Of { of } => {
            let pod = find(mirror, of)?;
            node_name(pod)
                .map(Name::from)
                .ok_or_else(|| format!("pod {} is on no node", pod.key()))
        }
    }
}

pub(super) fn subject(mirror: &Mirror, pick: &Pick) -> Result<Subject, String> {
    let (kind, key) = match pick {
        Pick::Pod(pick) => (Kind::Pod, pod(mirror, pick)?),
        Pick::Node(pick) => (Kind::Node, Key::new("", node(mirror, pick)?)),
        Pick::Deployment(name) => (Kind::Deployment, Key::new("default", name.as_str())),
        Pick::Service(name) => (Kind::Service, Key::new("default", name.as_str())),
    };
    Ok(Subject::Object { kind, key })
}
