//! The ReplicaSet controller (`pkg/controller/replicaset`): keeps as many pods as
//! a ReplicaSet wants.
//!
//! **Invariant:** no pod event costs work proportional to the set. Syncs of one
//! set keep a distance that grows with its pods ([`Pace`]), so that a roll-out of
//! n pods costs n per distance, not n per pod; and pods are created one a step of
//! work.

mod burst;
mod census;
mod expectations;
mod ranking;
mod status;

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::informers::{Informers, Seen};
use super::pace::Pace;
use super::{labels, owners, pods};
use crate::api::status::ApiError;
use crate::api::{Key, LabelSelector, Pod, ReplicaSet, Resource};
use crate::apiserver::WatchEvent;
use crate::client::Applied;
use burst::Burst;
use census::Census;
use expectations::Expectations;
use std::sync::Arc;
use std::time::Duration;

/// Pods created or deleted in one sync at most (`BurstReplicas`).
const BURST_REPLICAS: usize = 500;

type Context<'a> = StepCtx<'a, Key>;

/// What a look at a set counted, and its pods where each was looked at.
type Looked = (status::Tally, Option<Vec<Arc<Pod>>>);

/// The ReplicaSet controller's own memory.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplicaSetController {
    expectations: Expectations,
    census: Census,
    burst: Option<Burst>,
    pace: Pace,
}

impl Controller for ReplicaSetController {
    const NAME: &'static str = "replicaset-controller";
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        match seen {
            Seen::ReplicaSet(change) => {
                self.replica_set_changed(&event.object.key(), change, desk, ctx)
            }
            Seen::Pod(change) => self.pod_changed(change, informers, desk, ctx),
            _ => {}
        }
    }

    fn sync(
        &mut self,
        key: &Key,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        let Some(set) = informers.replica_sets.get(key) else {
            self.expectations.forget(key);
            self.pace.forget(key);
            return Ok(Synced::Done);
        };
        let satisfied = self.expectations.satisfied(key, ctx.now());
        let (tally, owned) = self.look(key, set, informers, ctx)?;
        if satisfied
            && set.metadata.deletion_timestamp.is_none()
            && let Some(burst) = self.plan(key, set, &tally, owned, informers, ctx)
        {
            self.burst = Some(burst);
            return Ok(Synced::UnderWay);
        }
        status::write(key, set, &tally, None, desk, ctx)?;
        Ok(Synced::Done)
    }

    fn proceed(&mut self, _: &Informers, desk: &mut Desk<Key>, ctx: &mut Context<'_>) -> bool {
        let Some(mut burst) = self.burst.take() else {
            return false;
        };
        ctx.cause = burst.cause;
        if burst.step(&mut self.expectations, desk, ctx) {
            self.burst = Some(burst);
        } else {
            burst.finish(desk, ctx);
        }
        true
    }
}

impl ReplicaSetController {
    fn replica_set_changed(
        &mut self,
        key: &Key,
        change: &Applied<ReplicaSet>,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        let uid = |set: &Option<Arc<ReplicaSet>>| set.as_ref().map(|set| set.uid().to_owned());
        if uid(&change.before) != uid(&change.after) {
            self.expectations.forget(key);
            if let Some(gone) = uid(&change.before) {
                self.census.forget(&gone);
            }
        }
        // Its own status writes tell it nothing; whatever else changed is looked
        // at once. (Upstream looks at each; the look finds nothing to do.)
        let only_status = match (&change.before, &change.after) {
            (Some(before), Some(after)) => {
                before.spec == after.spec
                    && before.metadata.deletion_timestamp == after.metadata.deletion_timestamp
                    && before.metadata.labels == after.metadata.labels
                    && before.metadata.generation == after.metadata.generation
            }
            _ => false,
        };
        if !only_status {
            desk.add(key.clone(), ctx);
        }
    }

    fn pod_changed(
        &mut self,
        change: &Applied<Pod>,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        self.census.pod_changed(change);
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        let Some(after) = after else {
            if let Some(gone) = before {
                self.pod_leaves(gone, informers, desk, ctx);
            }
            return;
        };
        if let Some(before) = before {
            let moved = owners::controller_of(&**before) != owners::controller_of(&**after);
            if moved && let Some(key) = set_of(before, informers) {
                self.soon(key, desk, ctx);
            }
        }
        if pods::is_terminating(after) {
            self.pod_leaves(after, informers, desk, ctx);
            return;
        }
        let Some(key) = set_of(after, informers) else {
            let relabelled = before.is_none_or(|before| {
                before.metadata.labels != after.metadata.labels
                    || before.metadata.owner_references != after.metadata.owner_references
            });
            if owners::controller_of(&**after).is_none() && relabelled {
                desk.add_pickers(&after.metadata, &informers.replica_sets, selector_of, ctx);
            }
            return;
        };
        if before.is_none() {
            self.expectations.created(&key);
        }
        self.soon(key, desk, ctx);
    }

    fn pod_leaves(
        &mut self,
        pod: &Arc<Pod>,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        if let Some(key) = set_of(pod, informers) {
            self.expectations.deleted(&key, pod.uid());
            self.soon(key, desk, ctx);
        }
    }

    /// Looks at a set as soon as its pace allows.
    fn soon(&mut self, key: Key, desk: &mut Desk<Key>, ctx: &mut Context<'_>) {
        let delay = self.pace.delay(&key, ctx.now());
        desk.add_after(key, delay, ctx);
    }

    /// Counts the set's pods. Where orphans are to be adopted or pods released, it
    /// looks at each, and answers with those that it has then.
    fn look(
        &mut self,
        key: &Key,
        set: &Arc<ReplicaSet>,
        informers: &Informers,
        ctx: &mut Context<'_>,
    ) -> Result<Looked, ApiError> {
        let now = ctx.now();
        let counted = self.census.of(set, informers, now);
        let alone = set.metadata.deletion_timestamp.is_some() || orphans(set, informers).is_empty();
        if let Some((members, tally)) = counted.filter(|_| alone) {
            self.pace.looked(key, members, now);
            return Ok((tally, None));
        }
        let owned = self.claim_pods(set, informers, ctx)?;
        self.pace.looked(key, owned.len(), now);
        Ok((status::Tally::of(set, &owned, now), Some(owned)))
    }

    /// What the set has and what it wants: a burst of creations or deletions,
    /// or nothing (`manageReplicas`).
    fn plan(
        &mut self,
        key: &Key,
        set: &Arc<ReplicaSet>,
        tally: &status::Tally,
        owned: Option<Vec<Arc<Pod>>>,
        informers: &Informers,
        ctx: &mut Context<'_>,
    ) -> Option<Burst> {
        let (wants, has) = (wanted(set), tally.active());
        if has == wants {
            return None;
        }
        if has < wants {
            let count = (wants - has).min(BURST_REPLICAS);
            self.expectations.expect_creations(key, count, ctx.now());
            explain(
                ctx,
                key,
                format!("wants {wants}, has {has}: creates {count}"),
            );
            return Some(Burst::create(key, set, count, tally.clone(), ctx.cause));
        }
        let count = (has - wants).min(BURST_REPLICAS);
        let mut active = owned.unwrap_or_else(|| {
            let owned = informers.pods.controlled_by(set.uid());
            owned.cloned().collect()
        });
        active.retain(|pod| pods::is_active(pod));
        let victims = ranking::pods_to_delete(active, count, set, informers, ctx.now());
        let uids = victims.iter().map(|pod| pod.uid().to_owned());
        self.expectations.expect_deletions(key, uids, ctx.now());
        explain(
            ctx,
            key,
            format!("wants {wants}, has {has}: deletes {count}"),
        );
        Some(Burst::delete(key, set, victims, tally.clone(), ctx.cause))
    }

    /// The set's pods that have not ended for good; adopts orphans that its
    /// selector picks, releases those it no longer picks.
    fn claim_pods(
        &self,
        set: &Arc<ReplicaSet>,
        informers: &Informers,
        ctx: &mut Context<'_>,
    ) -> Result<Vec<Arc<Pod>>, ApiError> {
        let Some(selector) = set.spec.as_ref().map(|spec| &spec.selector) else {
            return Ok(Vec::new());
        };
        let mut owned = Vec::new();
        for pod in informers.pods.controlled_by(set.uid()) {
            if labels::matches(selector, pod.metadata.labels.as_ref()) {
                owned.push(pod.clone());
            } else if set.metadata.deletion_timestamp.is_none() && !pods::is_terminating(pod) {
                explain(
                    ctx,
                    &set.key(),
                    format!("releases pod {}: its labels no longer match", pod.name()),
                );
                owners::release(set.uid(), pod, ctx)?;
            }
        }
        if set.metadata.deletion_timestamp.is_some() {
            return Ok(owned);
        }
        for orphan in orphans(set, informers) {
            if !owners::may_adopt(&**set, ctx) {
                break;
            }
            explain(
                ctx,
                &set.key(),
                format!("adopts pod {}: its labels match", orphan.name()),
            );
            owned.extend(owners::adopt(&**set, &orphan, ctx)?);
        }
        Ok(owned)
    }
}

fn orphans(set: &ReplicaSet, informers: &Informers) -> Vec<Arc<Pod>> {
    let Some(selector) = set.spec.as_ref().map(|spec| &spec.selector) else {
        return Vec::new();
    };
    let alone = informers.pods.without_controller(set.namespace());
    alone
        .filter(|pod| {
            pods::is_active(pod) && labels::matches(selector, pod.metadata.labels.as_ref())
        })
        .cloned()
        .collect()
}

fn selector_of(set: &ReplicaSet) -> Option<&LabelSelector> {
    set.spec.as_ref().map(|spec| &spec.selector)
}

/// The key of the set that controls a pod, if it is still the same one.
fn set_of(pod: &Arc<Pod>, informers: &Informers) -> Option<Key> {
    let (key, uid) = owners::controller_key::<ReplicaSet, _>(&**pod)?;
    let set = informers.replica_sets.get(&key)?;
    (set.uid() == uid).then_some(key)
}

/// `spec.replicas`, defaulted.
fn wanted(set: &ReplicaSet) -> usize {
    let replicas = set
        .spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(1);
    usize::try_from(replicas).unwrap_or(0)
}

fn min_ready_seconds(set: &ReplicaSet) -> i32 {
    let seconds = set.spec.as_ref().and_then(|spec| spec.min_ready_seconds);
    seconds.unwrap_or(0)
}

/// A little beyond the instant at which a pod becomes available.
const AVAILABLE_SLACK: Duration = Duration::from_millis(10);
