//! History: sets without pods, beyond `revisionHistoryLimit`, are deleted
//! (`cleanupDeployment`).

use super::rollout::Rollout;
use super::{bounds, revision};
use crate::api::status::ApiError;
use crate::api::{ReplicaSet, Resource};
use crate::apiserver::DeleteOptions;
use crate::controllers::errors;
use crate::sim::order::Order as _;

impl Rollout<'_, '_> {
    pub(super) fn clean_up(&mut self) -> Result<(), ApiError> {
        let spec = self.deployment.spec.as_ref();
        let limit = spec.and_then(|spec| spec.revision_history_limit);
        let Some(limit) = limit.filter(|limit| *limit != i32::MAX) else {
            return Ok(());
        };
        let limit = usize::try_from(limit).unwrap_or(0);
        let old = self.old.iter();
        let mut kept: Vec<_> = old
            .filter(|set| set.metadata.deletion_timestamp.is_none())
            .cloned()
            .collect();
        let surplus = kept.len().saturating_sub(limit);
        kept.order_by_key(|set| revision::of(set));
        for set in kept.into_iter().take(surplus).filter(|set| is_idle(set)) {
            self.explain(format!(
                "keeps {limit} old revisions: deletes {}, revision {}",
                set.name(),
                revision::of(&set)
            ));
            let deleted = self
                .ctx
                .delete::<ReplicaSet>(&set.key(), DeleteOptions::default());
            errors::ignore_not_found(deleted)?;
        }
        Ok(())
    }
}

fn is_idle(set: &ReplicaSet) -> bool {
    let status = set.status.as_ref();
    let observed = status.and_then(|status| status.observed_generation);
    status.is_none_or(|status| status.replicas == 0)
        && bounds::set_replicas(set) == 0
        && set.metadata.generation.unwrap_or(0) <= observed.unwrap_or(0)
}
