//! A Deployment or ReplicaSet, looked at closely.

use super::super::mirror::Mirror;
use super::super::protocol::{Detail, Why, WorkloadView};
use super::super::view;
use super::{fact, object, pairs};
use crate::api::{Deployment, Kind, ReplicaSet, Resource};
use crate::sim::order::Order as _;

pub(super) fn write_deployment(mirror: &Mirror, deployment: &Deployment, detail: &mut Detail) {
    let Some(seen) = view::workload(mirror, Kind::Deployment, &deployment.key()) else {
        return;
    };
    detail.headline = match (seen.desired, seen.available, seen.updated) {
        (desired, available, updated) if available == desired && updated == desired => {
            format!("Wants {desired} pods and has them.")
        }
        (desired, available, updated) if updated < desired => {
            format!(
                "Rolling out: {updated} of {desired} pods have the new template, {available} are available."
            )
        }
        (desired, available, _) => format!("Wants {desired} pods; {available} are available."),
    };
    write_counts(&seen, detail);
    let spec = deployment.spec.as_ref();
    let strategy = spec.and_then(|spec| spec.strategy.as_ref()?.type_.clone());
    fact(detail, "Strategy", strategy.unwrap_or_default());
    let selector = spec.and_then(|spec| spec.selector.match_labels.as_ref());
    fact(detail, "Selector", selector.map(pairs).unwrap_or_default());
    let mut sets: Vec<_> = mirror
        .replica_sets
        .controlled_by(deployment.uid())
        .collect();
    sets.order_by_key(|set| {
        std::cmp::Reverse(set.metadata.creation_timestamp.clone().map(|time| time.0))
    });
    for set in sets {
        detail
            .related
            .push(("keeps".into(), object(Kind::ReplicaSet, set.key())));
        for pod in mirror.pods.controlled_by(set.uid()) {
            detail
                .related
                .push(("pod".into(), object(Kind::Pod, pod.key())));
        }
    }
    let conditions = deployment
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let failing: Vec<String> = conditions
        .into_iter()
        .flatten()
        .filter(|condition| condition.status != "True" || condition.type_ == "ReplicaFailure")
        .map(|condition| {
            let message = condition.message.as_deref().unwrap_or_default();
            format!("{} is {}: {message}", condition.type_, condition.status)
        })
        .collect();
    if !failing.is_empty() {
        detail.why.push(Why {
            question: "Why is it not done?".into(),
            answer: failing,
        });
    }
}

pub(super) fn write_replica_set(mirror: &Mirror, set: &ReplicaSet, detail: &mut Detail) {
    let Some(seen) = view::workload(mirror, Kind::ReplicaSet, &set.key()) else {
        return;
    };
    detail.headline = format!(
        "Keeps {} pods of one template; {} are ready.",
        seen.desired, seen.ready
    );
    write_counts(&seen, detail);
    if !seen.owner.is_empty() {
        let key = crate::api::Key::new(set.namespace(), seen.owner.clone());
        detail
            .related
            .push(("made by".into(), object(Kind::Deployment, key)));
    }
    for pod in mirror.pods.controlled_by(set.uid()) {
        detail
            .related
            .push(("pod".into(), object(Kind::Pod, pod.key())));
    }
}

fn write_counts(seen: &WorkloadView, detail: &mut Detail) {
    let counts = format!(
        "{} wanted, {} there, {} ready, {} up to date, {} available",
        seen.desired, seen.current, seen.ready, seen.updated, seen.available
    );
    fact(detail, "Pods", counts);
    fact(detail, "Images", seen.images.join(", "));
    if seen.revision > 0 {
        fact(detail, "Revision", seen.revision.to_string());
    }
    fact(detail, "Template hash", &*seen.template_hash);
}
