//! Sizing sets: one at a time, or all in proportion when the Deployment is
//! scaled in the middle of a roll-out (`sync.go`).

use super::rollout::Rollout;
use super::{bounds, revision, sets};
use crate::api::status::ApiError;
use crate::api::{ReplicaSet, Resource};
use crate::client::EventType;
use crate::controllers::informers::object_of;
use crate::sim::order::Order as _;
use std::cmp::Ordering;
use std::sync::Arc;

impl Rollout<'_, '_> {
    /// How many pods the new set, now at `current`, may have
    /// (`NewRSNewReplicas`).
    pub(super) fn new_replicas(&self, current: i32) -> i32 {
        let wanted = bounds::replicas(&self.deployment);
        if bounds::is_recreate(&self.deployment) {
            return wanted;
        }
        let present = bounds::total(self.all().map(|set| bounds::set_replicas(set)));
        let most = wanted.saturating_add(bounds::max_surge(&self.deployment));
        if present >= most {
            return current;
        }
        current.saturating_add((most - present).min(wanted.saturating_sub(current)))
    }

    /// Sizes a set and says so in an event. Nothing where it has the size already.
    pub(super) fn scale_set(&mut self, set: &Arc<ReplicaSet>, size: i32) -> Result<bool, ApiError> {
        if bounds::set_replicas(set) == size {
            return Ok(false);
        }
        self.size_set(set, size).map(|_| true)
    }

    /// The same, but brings the set's annotations up to date in any case.
    fn size_set(&mut self, set: &Arc<ReplicaSet>, size: i32) -> Result<(), ApiError> {
        let from = bounds::set_replicas(set);
        let mut sized = ReplicaSet::clone(set);
        let annotated = revision::set_bounds(&mut sized, &self.deployment);
        if from == size && !annotated {
            return Ok(());
        }
        if let Some(spec) = &mut sized.spec {
            spec.replicas = Some(size);
        }
        let name = set.name().to_owned();
        if from != size {
            let wants = bounds::replicas(&self.deployment);
            self.explain(format!(
                "wants {wants}: scales {name} from {from} to {size}"
            ));
        }
        let written = self.ctx.update(sized)?;
        self.replace(&written);
        if from != size {
            let direction = if size > from { "up" } else { "down" };
            let message = format!("Scaled {direction} replica set {name} from {from} to {size}");
            let regarding = object_of(&Arc::new(self.deployment.clone()));
            self.desk.event(
                self.ctx,
                &regarding,
                EventType::Normal,
                "ScalingReplicaSet",
                &message,
            );
        }
        Ok(())
    }

    /// Brings the sets to a new count of the Deployment (`scale`).
    pub(super) fn scale(&mut self) -> Result<(), ApiError> {
        let wanted = bounds::replicas(&self.deployment);
        if let Some(only) = self.active_or_latest() {
            return self.scale_set(&only, wanted).map(drop);
        }
        if self.new.as_ref().is_some_and(|new| self.is_saturated(new)) {
            for set in self.active_old() {
                self.scale_set(&set, 0)?;
            }
            return Ok(());
        }
        if bounds::is_recreate(&self.deployment) {
            return Ok(());
        }
        self.scale_in_proportion()
    }

    pub(super) fn active_old(&self) -> Vec<Arc<ReplicaSet>> {
        let active = self.old.iter().filter(|set| bounds::set_replicas(set) > 0);
        let mut active: Vec<_> = active.cloned().collect();
        active.order_by(|one, other| sets::by_creation(one, other));
        active
    }

    /// The only set that has pods; or, if none has, the latest. None where several
    /// have (`FindActiveOrLatest`).
    fn active_or_latest(&self) -> Option<Arc<ReplicaSet>> {
        let active: Vec<_> = self
            .all()
            .filter(|set| bounds::set_replicas(set) > 0)
            .collect();
        match active.as_slice() {
            [] => {
                let latest = self
                    .old
                    .iter()
                    .max_by(|one, other| sets::by_creation(one, other));
                self.new.as_ref().or(latest).cloned()
            }
            [only] => Some((*only).clone()),
            _ => None,
        }
    }

    /// The set carries the whole Deployment and all its pods are available.
    fn is_saturated(&self, set: &ReplicaSet) -> bool {
        let wanted = bounds::replicas(&self.deployment);
        let available = set
            .status
            .as_ref()
            .and_then(|status| status.available_replicas);
        bounds::set_replicas(set) == wanted
            && revision::desired_replicas(set) == Some(wanted)
            && available.unwrap_or(0) == wanted
    }

    fn scale_in_proportion(&mut self) -> Result<(), ApiError> {
        let wanted = bounds::replicas(&self.deployment);
        let mut active: Vec<_> = self
            .all()
            .filter(|set| bounds::set_replicas(set) > 0)
            .cloned()
            .collect();
        let present = bounds::total(active.iter().map(|set| bounds::set_replicas(set)));
        let allowed = match wanted {
            0 => 0,
            wanted => wanted.saturating_add(bounds::max_surge(&self.deployment)),
        };
        let to_add = i32::saturating_sub(allowed, present);
        active.order_by(|one, other| by_size(one, other, to_add > 0));
        let mut added = 0;
        let mut sizes = Vec::with_capacity(active.len());
        for set in &active {
            let share = self.proportion(set, to_add, added);
            sizes.push(bounds::set_replicas(set).saturating_add(share));
            added = i32::saturating_add(added, share);
        }
        // What rounding left over goes to the first.
        if let Some(first) = sizes.first_mut() {
            let left_over = to_add.saturating_sub(added);
            *first = i32::saturating_add(*first, left_over).max(0);
        }
        for (set, size) in active.iter().zip(sizes) {
            self.size_set(set, size)?;
        }
        Ok(())
    }

    /// A set's part of the pods to add or, if negative, to remove
    /// (`GetReplicaSetProportion`).
    fn proportion(&self, set: &ReplicaSet, to_add: i32, added: i32) -> i32 {
        if bounds::set_replicas(set) == 0 || to_add == 0 || to_add == added {
            return 0;
        }
        let (fraction, allowed) = (self.fraction(set), to_add.saturating_sub(added));
        if to_add > 0 {
            fraction.min(allowed)
        } else {
            fraction.max(allowed)
        }
    }

    fn fraction(&self, set: &ReplicaSet) -> i32 {
        let size = bounds::set_replicas(set);
        let wanted = bounds::replicas(&self.deployment);
        if wanted == 0 {
            return -size;
        }
        let status = self.deployment.status.as_ref();
        let before = revision::max_replicas(set)
            .filter(|most| *most > 0)
            .or_else(|| status.and_then(|status| status.replicas))
            .unwrap_or(0);
        if before == 0 {
            return 0;
        }
        let most = f64::from(wanted) + f64::from(bounds::max_surge(&self.deployment));
        let share = (f64::from(size) * most / f64::from(before)).round();
        (share as i32).saturating_sub(size)
    }
}

/// The largest first; equals: the newest first when growing, the oldest first
/// when shrinking.
fn by_size(one: &ReplicaSet, other: &ReplicaSet, growing: bool) -> Ordering {
    let size = bounds::set_replicas(other).cmp(&bounds::set_replicas(one));
    let age = sets::by_creation(one, other);
    size.then(if growing { age.reverse() } else { age })
}
