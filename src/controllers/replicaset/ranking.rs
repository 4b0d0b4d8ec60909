//! Which pods go first when there are too many (`ActivePodsWithRanks`).

use crate::api::{Pod, ReplicaSet, Resource};
use crate::controllers::informers::Informers;
use crate::controllers::{owners, pods};
use crate::sim::Instant;
use crate::sim::order::Order as _;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The annotation by which a user says what losing a pod costs.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Where a pod stands in the order of deletion: the least goes first.
///
/// Ages are compared by the logarithm of their length, so that pods of like age
/// are equals and chance (their uid) picks. Upstream lets the uid decide before
/// the restarts where two ages differ within one logarithm; such an order has
/// cycles, so here it decides last.
type Rank = (
    bool,
    u8,
    bool,
    i64,
    Reverse<usize>,
    i64,
    Reverse<i32>,
    Reverse<i32>,
    i64,
    String,
);

/// The `count` pods to delete, in order.
pub(super) fn pods_to_delete(
    active: Vec<Arc<Pod>>,
    count: usize,
    set: &ReplicaSet,
    informers: &Informers,
    now: Instant,
) -> Vec<Arc<Pod>> {
    if count >= active.len() {
        return active;
    }
    let siblings = siblings_by_node(set, informers);
    let mut ranked: Vec<(Rank, Arc<Pod>)> = active
        .into_iter()
        .map(|pod| (rank(&pod, &siblings, now), pod))
        .collect();
    ranked.order_by(|(one, _), (other, _)| one.cmp(other));
    ranked.into_iter().take(count).map(|(_, pod)| pod).collect()
}

fn rank(pod: &Pod, siblings: &BTreeMap<String, usize>, now: Instant) -> Rank {
    let node = pods::node_name(pod);
    let ready = pods::is_ready(pod);
    let (restarts, side_car_restarts) = pods::max_restarts(pod);
    let ready_age = match pods::ready_changed_at(pod) {
        Some(time) if ready => age_logarithm(Some(Instant::from_timestamp(time.0)), now),
        _ => 0,
    };
    let created = pod.metadata.creation_timestamp.as_ref();
    let created = created.map(|time| Instant::from_timestamp(time.0));
    let phase = match pods::phase(pod) {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    (
        node.is_some(),
        phase,
        ready,
        deletion_cost(pod),
        Reverse(
            node.and_then(|node| siblings.get(node))
                .copied()
                .unwrap_or(0),
        ),
        ready_age,
        Reverse(restarts),
        Reverse(side_car_restarts),
        age_logarithm(created, now),
        pod.uid().to_owned(),
    )
}

/// `logarithmicRankDiff`: the binary logarithm of an age in nanoseconds.
fn age_logarithm(since: Option<Instant>, now: Instant) -> i64 {
    let Some(since) = since else {
        return -1;
    };
    let age = now.since(since).as_nanos();
    age.checked_ilog2().map_or(-1, i64::from)
}

fn deletion_cost(pod: &Pod) -> i64 {
    let annotations = pod.metadata.annotations.as_ref();
    let text = annotations.and_then(|annotations| annotations.get(DELETION_COST));
    let cost = text.and_then(|text| text.parse::<i32>().ok());
    cost.map_or(0, i64::from)
}

/// Active pods a node, over all sets that share this set's controller
/// (`getIndirectlyRelatedPods`).
fn siblings_by_node(set: &ReplicaSet, informers: &Informers) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mut count = |uid: &str| {
        for pod in informers.pods.controlled_by(uid) {
            if let Some(node) = pods::node_name(pod).filter(|_| pods::is_active(pod)) {
                *counts.entry(node.to_owned()).or_insert(0) += 1;
            }
        }
    };
    match owners::controller_of(set) {
        Some(owner) => {
            for sibling in informers.replica_sets.controlled_by(&owner.uid) {
                count(sibling.uid());
            }
        }
        None => count(set.uid()),
    }
    counts
}
