//! A node, looked at closely.

use super::super::mirror::Mirror;
use super::super::protocol::{Detail, NodeState, Why};
use super::super::view;
use super::{fact, object, pairs};
use crate::api::{Kind, Node, Resource};
use crate::cluster::Cluster;

pub(super) fn write(cluster: &Cluster, mirror: &Mirror, node: &Node, detail: &mut Detail) {
    let seen = view::node(mirror, cluster, node);
    let pods = mirror.pods.on_node(node.name()).count();
    detail.headline = match (seen.powered, seen.state) {
        (false, NodeState::Ready) => {
            "Has no power. The API server does not know yet: the last heartbeat is still fresh."
                .into()
        }
        (false, _) => "Has no power; its heartbeats stay away.".into(),
        (true, NodeState::Ready) if seen.cordoned => {
            "Ready, but cordoned: it takes no new pods.".into()
        }
        (true, NodeState::Ready) => format!("Ready; runs {pods} pods."),
        (true, NodeState::NotReady) => "Reports itself not ready.".into(),
        (true, NodeState::Unknown) => "Has power, but has not reported yet.".into(),
    };
    fact(detail, "Address", &*seen.ip);
    fact(detail, "Pod range", &*seen.pod_cidr);
    fact(
        detail,
        "CPU requested",
        format!("{}m of {}m", seen.cpu_requested, seen.cpu_allocatable),
    );
    let mebibytes = |bytes: i64| bytes >> 20;
    let memory = format!(
        "{}Mi of {}Mi",
        mebibytes(seen.memory_requested),
        mebibytes(seen.memory_allocatable)
    );
    fact(detail, "Memory requested", memory);
    fact(
        detail,
        "Pods",
        format!("{pods} of {}", seen.pods_allocatable),
    );
    fact(detail, "Zone", &*seen.zone);
    fact(detail, "Taints", seen.taints.join(", "));
    fact(
        detail,
        "Labels",
        node.metadata.labels.as_ref().map(pairs).unwrap_or_default(),
    );
    detail.why.extend(why_not_ready(node, &seen));
    for pod in mirror.pods.on_node(node.name()) {
        detail
            .related
            .push(("runs".into(), object(Kind::Pod, pod.key())));
    }
    write_network(cluster, node.name(), detail);
}

fn why_not_ready(node: &Node, seen: &super::super::protocol::NodeView) -> Option<Why> {
    if seen.state == NodeState::Ready {
        return None;
    }
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions
        .iter()
        .find(|condition| condition.type_ == "Ready")?;
    let reason = ready.reason.as_deref().unwrap_or_default();
    let message = ready.message.as_deref().unwrap_or_default();
    let mut answer = vec![format!("Ready is {}: {reason}: {message}", ready.status)];
    if !seen.powered {
        answer.push("The node has no power, so its kubelet renews no lease; the node lifecycle controller noticed.".into());
    }
    Some(Why {
        question: "Why is it not Ready?".into(),
        answer,
    })
}

pub(super) fn write_network(cluster: &Cluster, node: &str, detail: &mut Detail) {
    detail
        .texts
        .extend(cluster.network().node_tables(node, cluster.now()));
}
