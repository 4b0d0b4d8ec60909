//! One sync of one Deployment (`syncDeployment`).

use super::{Context, bounds};
use crate::api::status::ApiError;
use crate::api::{Deployment, Key, ReplicaSet, Resource};
use crate::controllers::desk::{Desk, explain};
use crate::controllers::informers::Informers;
use std::sync::Arc;

/// What a sync works on. The Deployment is carried along as it is written, so
/// that one sync does not run into conflicts with itself.
pub(super) struct Rollout<'s, 'c> {
    pub(super) deployment: Deployment,
    pub(super) key: Key,
    /// All sets of the Deployment.
    sets: Vec<Arc<ReplicaSet>>,
    /// The set of the present template.
    pub(super) new: Option<Arc<ReplicaSet>>,
    /// The others.
    pub(super) old: Vec<Arc<ReplicaSet>>,
    pub(super) informers: &'s Informers,
    pub(super) desk: &'s mut Desk<Key>,
    pub(super) ctx: &'s mut Context<'c>,
}

impl<'s, 'c> Rollout<'s, 'c> {
    pub(super) fn new(
        deployment: Deployment,
        sets: Vec<Arc<ReplicaSet>>,
        informers: &'s Informers,
        desk: &'s mut Desk<Key>,
        ctx: &'s mut Context<'c>,
    ) -> Self {
        Rollout {
            key: deployment.key(),
            deployment,
            sets,
            new: None,
            old: Vec::new(),
            informers,
            desk,
            ctx,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), ApiError> {
        self.sort_out();
        if self.deployment.metadata.deletion_timestamp.is_some() {
            return self.write_status();
        }
        self.note_pause()?;
        if self.paused() || self.is_scaling() {
            self.revise(false)?;
            self.scale()?;
            if self.paused() {
                self.clean_up()?;
            }
            return self.write_status();
        }
        if bounds::is_recreate(&self.deployment) {
            self.recreate()
        } else {
            self.roll()
        }
    }

    /// Tells the set of the present template from the others.
    pub(super) fn sort_out(&mut self) {
        self.new = super::sets::find_new(&self.deployment, &self.sets);
        let new = self.new.as_ref().map(|set| set.uid().to_owned());
        let others = self.sets.iter();
        self.old = others
            .filter(|set| Some(set.uid()) != new.as_deref())
            .cloned()
            .collect();
    }

    /// The Deployment's count differs from the one that its sets were last sized
    /// for.
    fn is_scaling(&self) -> bool {
        let wanted = bounds::replicas(&self.deployment);
        self.all()
            .filter(|set| bounds::set_replicas(set) > 0)
            .filter_map(|set| super::revision::desired_replicas(set))
            .any(|desired| desired != wanted)
    }

    pub(super) fn paused(&self) -> bool {
        let spec = self.deployment.spec.as_ref();
        spec.and_then(|spec| spec.paused) == Some(true)
    }

    /// Old sets, then the new one.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> {
        self.old.iter().chain(&self.new)
    }

    /// Puts a set that was just written in the place of the one it was.
    pub(super) fn replace(&mut self, written: &Arc<ReplicaSet>) {
        let slots = self
            .old
            .iter_mut()
            .chain(&mut self.new)
            .chain(&mut self.sets);
        for slot in slots {
            if slot.uid() == written.uid() {
                *slot = written.clone();
            }
        }
    }

    pub(super) fn explain(&mut self, outcome: String) {
        explain(self.ctx, &self.key, outcome);
    }
}
