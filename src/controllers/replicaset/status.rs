//! A ReplicaSet's status (`replica_set_utils.go`).

use super::{AVAILABLE_SLACK, min_ready_seconds};
use crate::api::status::ApiError;
use crate::api::{Key, Pod, ReplicaSet, Time};
use crate::controllers::desk::{Desk, StepCtx};
use crate::controllers::{errors, labels, pods};
use crate::sim::Instant;
use k8s_openapi::api::apps::v1::{ReplicaSetCondition, ReplicaSetStatus};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What one look at a set's pods counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    replicas: i32,
    fully_labeled: i32,
    ready: i32,
    available: i32,
    terminating: i32,
    /// Until the next ready pod counts as available.
    next_available_in: Option<Duration>,
}

/// Why pods could not be created or deleted.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Tally {
    pub(super) fn of(set: &ReplicaSet, owned: &[Arc<Pod>], now: Instant) -> Self {
        let mut counts = Counts::default();
        for pod in owned {
            counts.add(Standing::of(set, pod));
        }
        counts.as_of(now)
    }

    /// Pods that neither ended nor are about to.
    pub(super) fn active(&self) -> usize {
        usize::try_from(self.replicas).unwrap_or(0)
    }
}

/// What one pod counts as in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Ended: it no longer counts.
    Over,
    /// About to end.
    Terminating,
    /// One of the replicas.
    Replica {
        /// Carries all labels of the template.
        fully_labeled: bool,
        /// Ready; from then on available, where its readiness has an instant.
        ready: Option<Option<Instant>>,
    },
}

impl Standing {
    pub(super) fn of(set: &ReplicaSet, pod: &Pod) -> Self {
        if pods::is_terminal(pod) {
            return Standing::Over;
        }
        if pods::is_terminating(pod) {
            return Standing::Terminating;
        }
        let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
        let template_labels = template
            .and_then(|template| template.metadata.as_ref())
            .and_then(|meta| meta.labels.as_ref());
        let carried = pod.metadata.labels.as_ref();
        Standing::Replica {
            fully_labeled: template_labels.is_none_or(|wanted| labels::carries(carried, wanted)),
            ready: pods::is_ready(pod).then(|| pods::available_at(pod, min_ready_seconds(set))),
        }
    }
}

/// The pods of a set by their standing, whatever the time is.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    replicas: i32,
    fully_labeled: i32,
    ready: i32,
    terminating: i32,
    /// How many ready pods become available when.
    available_at: BTreeMap<Instant, i32>,
}

impl Counts {
    pub(super) fn add(&mut self, standing: Standing) {
        self.count(standing, 1);
    }

    pub(super) fn remove(&mut self, standing: Standing) {
        self.count(standing, -1);
    }

    fn count(&mut self, standing: Standing, by: i32) {
        match standing {
            Standing::Over => {}
            Standing::Terminating => self.terminating += by,
            Standing::Replica {
                fully_labeled,
                ready,
            } => {
                self.replicas += by;
                self.fully_labeled += by * i32::from(fully_labeled);
                self.ready += by * i32::from(ready.is_some());
                if let Some(at) = ready.flatten() {
                    let count = self.available_at.entry(at).or_insert(0);
                    *count += by;
                    if *count == 0 {
                        self.available_at.remove(&at);
                    }
                }
            }
        }
    }

    /// The tally at an instant.
    pub(super) fn as_of(&self, now: Instant) -> Tally {
        let next = self.available_at.keys().find(|at| **at > now);
        Tally {
            replicas: self.replicas,
            fully_labeled: self.fully_labeled,
            ready: self.ready,
            available: self
                .available_at
                .range(..=now)
                .map(|(_, count)| count)
                .sum(),
            terminating: self.terminating,
            next_available_in: next.map(|at| at.since(now)),
        }
    }
}

fn desired_status(
    set: &ReplicaSet,
    tally: &Tally,
    failure: Option<&Failure>,
    now: Instant,
) -> ReplicaSetStatus {
    let old = set.status.clone().unwrap_or_default();
    ReplicaSetStatus {
        replicas: tally.replicas,
        fully_labeled_replicas: non_zero(tally.fully_labeled),
        ready_replicas: non_zero(tally.ready),
        available_replicas: non_zero(tally.available),
        terminating_replicas: Some(tally.terminating),
        observed_generation: set.metadata.generation,
        conditions: conditions(old.conditions, failure, now),
    }
}

/// A zero is left out on the wire (`omitempty`).
fn non_zero(count: i32) -> Option<i32> {
    Some(count).filter(|count| *count != 0)
}

fn conditions(
    old: Option<Vec<ReplicaSetCondition>>,
    failure: Option<&Failure>,
    now: Instant,
) -> Option<Vec<ReplicaSetCondition>> {
    let mut conditions = old.unwrap_or_default();
    let is_failure = |condition: &ReplicaSetCondition| condition.type_ == "ReplicaFailure";
    match failure {
        None => conditions.retain(|condition| !is_failure(condition)),
        Some(failure) if !conditions.iter().any(is_failure) => {
            conditions.push(ReplicaSetCondition {
                type_: "ReplicaFailure".to_owned(),
                status: "True".to_owned(),
                reason: Some(failure.reason.to_owned()),
                message: Some(failure.message.clone()),
                last_transition_time: Some(Time(now.timestamp())),
            });
        }
        Some(_) => {}
    }
    Some(conditions).filter(|conditions| !conditions.is_empty())
}

/// Writes the status where it differs, and comes back when the next pod becomes
/// available.
pub(super) fn write(
    key: &Key,
    set: &Arc<ReplicaSet>,
    tally: &Tally,
    failure: Option<&Failure>,
    desk: &mut Desk<Key>,
    ctx: &mut StepCtx<'_, Key>,
) -> Result<(), ApiError> {
    if let Some(wait) = tally.next_available_in {
        desk.add_after(key.clone(), wait + AVAILABLE_SLACK, ctx);
    }
    let status = desired_status(set, tally, failure, ctx.now());
    if set.status.as_ref().is_some_and(|old| same(old, &status)) {
        return Ok(());
    }
    match put(set, status.clone(), ctx) {
        // Someone wrote it meanwhile: once more upon what is there now.
        Err(error) if errors::is_conflict(&error) => {
            let fresh = ctx.get::<ReplicaSet>(key)?;
            put(&fresh, status, ctx)
        }
        other => other,
    }
}

fn same(old: &ReplicaSetStatus, new: &ReplicaSetStatus) -> bool {
    let counts = |status: &ReplicaSetStatus| {
        [
            Some(status.replicas),
            status.fully_labeled_replicas,
            status.ready_replicas,
            status.available_replicas,
            status.terminating_replicas,
        ]
        .map(|count| count.unwrap_or(0))
    };
    counts(old) == counts(new)
        && old.observed_generation == new.observed_generation
        && old.conditions.as_deref().unwrap_or_default()
            == new.conditions.as_deref().unwrap_or_default()
}

fn put(
    set: &Arc<ReplicaSet>,
    status: ReplicaSetStatus,
    ctx: &mut StepCtx<'_, Key>,
) -> Result<(), ApiError> {
    let mut set = ReplicaSet::clone(set);
    set.status = Some(status);
    errors::ignore_not_found(ctx.update_status(set).map(drop))
}
