//! The Deployment controller (`pkg/controller/deployment`): moves a Deployment
//! from one ReplicaSet to the next.

mod bounds;
mod cleanup;
mod conditions;
mod hash;
mod recreate;
mod revision;
mod rolling;
mod rollout;
mod scale;
mod sets;
mod status;
#[cfg(test)]
mod tests;

use super::desk::{Controller, Desk, StepCtx, Synced};
use super::informers::{Informers, Seen, object_of};
use super::{labels, owners};
use crate::api::status::ApiError;
use crate::api::{Deployment, Key, LabelSelector, Pod, ReplicaSet, Resource};
use crate::apiserver::WatchEvent;
use crate::client::{Applied, EventType};
use rollout::Rollout;
use std::sync::Arc;

type Context<'a> = StepCtx<'a, Key>;

/// The Deployment controller; all it knows is in the caches.
#[derive(Clone, Debug, Default)]
pub(super) struct DeploymentController;

impl Controller for DeploymentController {
    const NAME: &'static str = "deployment-controller";
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
            Seen::Deployment => desk.add(event.object.key(), ctx),
            Seen::ReplicaSet(change) => set_changed(change, informers, desk, ctx),
            Seen::Pod(Applied {
                before: Some(pod),
                after: None,
            }) => pod_gone(pod, informers, desk, ctx),
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
        let Some(deployment) = informers.deployments.get(key) else {
            return Ok(Synced::Done);
        };
        let selector = deployment.spec.as_ref().map(|spec| &spec.selector);
        if selector.is_none_or(labels::selects_all) {
            let message =
                "This deployment is selecting all pods. A non-empty selector is required.";
            let regarding = object_of(deployment);
            desk.event(ctx, &regarding, EventType::Warning, "SelectingAll", message);
            return Ok(Synced::Done);
        }
        let sets = claim_sets(deployment, informers, ctx)?;
        let mut rollout = Rollout::new(Deployment::clone(deployment), sets, informers, desk, ctx);
        rollout.run()?;
        Ok(Synced::Done)
    }
}

fn set_changed(
    change: &Applied<ReplicaSet>,
    informers: &Informers,
    desk: &mut Desk<Key>,
    ctx: &mut Context<'_>,
) {
    let owner =
        |set: &Option<Arc<ReplicaSet>>| set.as_ref().and_then(|set| deployment_of(set, informers));
    let (before, after) = (owner(&change.before), owner(&change.after));
    if let Some(key) = &after {
        desk.add(key.clone(), ctx);
    }
    if let Some(key) = before.filter(|before| after.as_ref() != Some(before)) {
        desk.add(key, ctx);
    }
    if let Some(orphan) = change.after.as_ref() {
        let relabelled = change.before.as_ref().is_none_or(|before| {
            before.metadata.labels != orphan.metadata.labels
                || before.metadata.owner_references != orphan.metadata.owner_references
        });
        if owners::controller_of(&**orphan).is_none() && relabelled {
            let deployments = &informers.deployments;
            desk.add_pickers(&orphan.metadata, deployments, selector_of, ctx);
        }
    }
}

fn selector_of(deployment: &Deployment) -> Option<&LabelSelector> {
    deployment.spec.as_ref().map(|spec| &spec.selector)
}

/// A Recreate roll-out goes on when the last old pod is gone.
fn pod_gone(pod: &Arc<Pod>, informers: &Informers, desk: &mut Desk<Key>, ctx: &mut Context<'_>) {
    let Some((set_key, set_uid)) = owners::controller_key::<ReplicaSet, _>(&**pod) else {
        return;
    };
    let Some(set) = informers.replica_sets.get(&set_key) else {
        return;
    };
    let Some(key) = deployment_of(set, informers).filter(|_| set.uid() == set_uid) else {
        return;
    };
    let Some(deployment) = informers.deployments.get(&key) else {
        return;
    };
    let sets = informers.replica_sets.controlled_by(deployment.uid());
    let mut pods = sets.flat_map(|set| informers.pods.controlled_by(set.uid()));
    if bounds::is_recreate(deployment) && pods.next().is_none() {
        desk.add(key, ctx);
    }
}

/// The key of the Deployment that controls a set, if it is still the same one.
fn deployment_of(set: &Arc<ReplicaSet>, informers: &Informers) -> Option<Key> {
    let (key, uid) = owners::controller_key::<Deployment, _>(&**set)?;
    let deployment = informers.deployments.get(&key)?;
    (deployment.uid() == uid).then_some(key)
}

/// The Deployment's sets; adopts orphans that its selector picks and releases
/// those that it no longer picks.
fn claim_sets(
    deployment: &Arc<Deployment>,
    informers: &Informers,
    ctx: &mut Context<'_>,
) -> Result<Vec<Arc<ReplicaSet>>, ApiError> {
    let Some(selector) = deployment.spec.as_ref().map(|spec| &spec.selector) else {
        return Ok(Vec::new());
    };
    let stays = deployment.metadata.deletion_timestamp.is_none();
    let mut claimed = Vec::new();
    for set in informers.replica_sets.in_namespace(deployment.namespace()) {
        let picked = labels::matches(selector, set.metadata.labels.as_ref());
        let owner = owners::controller_of(&**set);
        let ours = owner.is_some_and(|owner| owner.uid == deployment.uid());
        let free = owner.is_none() && set.metadata.deletion_timestamp.is_none();
        if ours && picked {
            claimed.push(set.clone());
        } else if ours && stays {
            owners::release(deployment.uid(), set, ctx)?;
        } else if free && picked && stays && owners::may_adopt(&**deployment, ctx) {
            claimed.extend(owners::adopt(&**deployment, set, ctx)?);
        }
    }
    Ok(claimed)
}
