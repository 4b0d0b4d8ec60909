//! RollingUpdate: the new set up, the old sets down, within the bounds
//! (`rolling.go`).

use super::bounds;
use super::rollout::Rollout;
use crate::api::status::{ApiError, conflict};
use crate::api::{Kind, ReplicaSet, Resource};

/// `status.availableReplicas` of a set.
pub(super) fn available(set: &ReplicaSet) -> i32 {
    let status = set.status.as_ref();
    status
        .and_then(|status| status.available_replicas)
        .unwrap_or(0)
}

impl Rollout<'_, '_> {
    pub(super) fn roll(&mut self) -> Result<(), ApiError> {
        self.revise(true)?;
        if self.grow_new()? || self.shrink_old()? {
            return self.write_progress();
        }
        if self.is_complete() {
            self.clean_up()?;
        }
        self.write_progress()
    }

    /// Sizes the new set as the bounds allow (`reconcileNewReplicaSet`).
    pub(super) fn grow_new(&mut self) -> Result<bool, ApiError> {
        let Some(new) = self.new.clone() else {
            return Ok(false);
        };
        let wanted = bounds::replicas(&self.deployment);
        let current = bounds::set_replicas(&new);
        if current == wanted {
            return Ok(false);
        }
        if current > wanted {
            return self.scale_set(&new, wanted);
        }
        let size = self.new_replicas(current);
        self.scale_set(&new, size)
    }

    /// Shrinks old sets: first their unhealthy pods, then healthy ones as far as
    /// enough stay available (`reconcileOldReplicaSets`).
    fn shrink_old(&mut self) -> Result<bool, ApiError> {
        let old = bounds::total(self.old.iter().map(|set| bounds::set_replicas(set)));
        if old == 0 {
            return Ok(false);
        }
        let new = self.new.as_deref();
        let new_size = new.map_or(0, bounds::set_replicas);
        let new_unavailable = new_size.saturating_sub(new.map_or(0, available));
        let budget = old
            .saturating_add(new_size)
            .saturating_sub(self.min_available())
            .saturating_sub(new_unavailable);
        if budget <= 0 {
            return Ok(false);
        }
        let unhealthy = self.drop_unhealthy(budget)?;
        let healthy = self.drop_healthy()?;
        Ok(unhealthy + healthy > 0)
    }

    fn min_available(&self) -> i32 {
        bounds::replicas(&self.deployment) - bounds::max_unavailable(&self.deployment)
    }

    /// Unhealthy pods serve nobody; they go first (`cleanupUnhealthyReplicas`).
    fn drop_unhealthy(&mut self, budget: i32) -> Result<i32, ApiError> {
        let mut dropped = 0;
        for set in self.active_old() {
            if dropped >= budget {
                break;
            }
            let size = bounds::set_replicas(&set);
            let unavailable = size.saturating_sub(available(&set));
            if unavailable == 0 {
                continue;
            }
            if unavailable < 0 {
                // The set's status still tells of its size before. Counting on
                // it would take too many: better look again.
                let why = "available replicas exceed the wanted ones";
                return Err(conflict(Kind::ReplicaSet, set.name(), why));
            }
            let count = unavailable.min(budget - dropped);
            self.scale_set(&set, size - count)?;
            dropped += count;
        }
        Ok(dropped)
    }

    /// `scaleDownOldReplicaSetsForRollingUpdate`.
    fn drop_healthy(&mut self) -> Result<i32, ApiError> {
        let present = bounds::total(self.all().map(|set| available(set)));
        let budget = present.saturating_sub(self.min_available());
        let mut dropped = 0;
        for set in self.active_old() {
            if dropped >= budget {
                break;
            }
            let size = bounds::set_replicas(&set);
            let count = size.min(budget - dropped);
            self.scale_set(&set, size - count)?;
            dropped += count;
        }
        Ok(dropped)
    }
}
