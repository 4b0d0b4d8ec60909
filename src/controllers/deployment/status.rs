//! A Deployment's status and its progress (`progress.go`).

use super::rolling::available;
use super::rollout::Rollout;
use super::{bounds, conditions};
use crate::api::status::ApiError;
use crate::api::{Deployment, ReplicaSet, Resource, Time};
use crate::controllers::errors;
use crate::sim::{Instant, SECOND};
use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};
use std::time::Duration;

impl Rollout<'_, '_> {
    /// The status as the sets stand now (`calculateStatus`).
    fn calculate_status(&self) -> DeploymentStatus {
        let old = self.deployment.status.clone().unwrap_or_default();
        let sum = |of: &dyn Fn(&ReplicaSet) -> i32| bounds::total(self.all().map(|set| of(set)));
        let count = |of: fn(&k8s_openapi::api::apps::v1::ReplicaSetStatus) -> Option<i32>| {
            sum(&|set| set.status.as_ref().and_then(of).unwrap_or(0))
        };
        let available_replicas = sum(&available);
        let new_status = self.new.as_ref().and_then(|set| set.status.as_ref());
        let mut status = DeploymentStatus {
            observed_generation: self.deployment.metadata.generation,
            replicas: non_zero(count(|status| Some(status.replicas))),
            updated_replicas: non_zero(new_status.map_or(0, |status| status.replicas)),
            ready_replicas: non_zero(count(|status| status.ready_replicas)),
            available_replicas: non_zero(available_replicas),
            unavailable_replicas: non_zero(
                sum(&bounds::set_replicas)
                    .saturating_sub(available_replicas)
                    .max(0),
            ),
            terminating_replicas: Some(count(|status| status.terminating_replicas)),
            collision_count: old.collision_count,
            conditions: old.conditions,
        };
        let needed = bounds::replicas(&self.deployment) - bounds::max_unavailable(&self.deployment);
        let (value, reason, message) = if available_replicas >= needed {
            (
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            )
        } else {
            (
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
            )
        };
        let now = self.ctx.now();
        let condition = conditions::new(
            conditions::AVAILABLE,
            value,
            reason,
            message.to_owned(),
            now,
        );
        conditions::set_in(&mut status, condition);
        status
    }

    pub(super) fn is_complete(&self) -> bool {
        is_complete(&self.deployment, &self.calculate_status())
    }

    /// Writes the counts, without a word on progress (`syncDeploymentStatus`).
    pub(super) fn write_status(&mut self) -> Result<(), ApiError> {
        let status = self.calculate_status();
        self.put_if_changed(status).map(drop)
    }

    /// Writes the counts and how the roll-out gets on (`syncRolloutStatus`).
    pub(super) fn write_progress(&mut self) -> Result<(), ApiError> {
        let mut status = self.calculate_status();
        if !conditions::has_deadline(&self.deployment) {
            conditions::remove_from(&mut status, conditions::PROGRESSING);
        } else {
            self.judge_progress(&mut status);
        }
        self.report_failures(&mut status);
        if !self.put_if_changed(status)? {
            self.come_back_at_deadline();
        }
        Ok(())
    }

    fn judge_progress(&self, status: &mut DeploymentStatus) {
        let known = conditions::find(&self.deployment, conditions::PROGRESSING);
        let all_new = status.replicas == status.updated_replicas;
        if all_new && known.is_some_and(|known| reason_is(known, conditions::NEW_SET_AVAILABLE)) {
            return;
        }
        let now = self.ctx.now();
        let subject = match &self.new {
            Some(set) => format!("ReplicaSet \"{}\"", set.name()),
            None => format!("Deployment \"{}\"", self.deployment.name()),
        };
        if is_complete(&self.deployment, status) {
            let message = format!("{subject} has successfully progressed.");
            let condition =
                conditions::progressing("True", conditions::NEW_SET_AVAILABLE, message, now);
            conditions::set_in(status, condition);
        } else if is_progressing(&self.deployment, status) {
            let message = format!("{subject} is progressing.");
            let mut condition = conditions::progressing("True", "ReplicaSetUpdated", message, now);
            // Every step forward sets the clock of the deadline anew.
            if let Some(known) = known.filter(|known| known.status == "True") {
                condition.last_transition_time = known.last_transition_time.clone();
            }
            conditions::remove_from(status, conditions::PROGRESSING);
            conditions::set_in(status, condition);
        } else if self.timed_out(status) {
            let message = format!("{subject} has timed out progressing.");
            let condition = conditions::progressing("False", conditions::TIMED_OUT, message, now);
            conditions::set_in(status, condition);
        }
    }

    fn deadline(&self) -> Option<Duration> {
        let seconds = conditions::deadline_seconds(&self.deployment)?;
        u64::try_from(seconds).ok().map(Duration::from_secs)
    }

    fn timed_out(&self, status: &DeploymentStatus) -> bool {
        let Some(known) = conditions::find_in(status, conditions::PROGRESSING) else {
            return false;
        };
        if reason_is(known, conditions::NEW_SET_AVAILABLE) {
            return false;
        }
        if reason_is(known, conditions::TIMED_OUT) {
            return true;
        }
        let deadline = self.deadline().unwrap_or(Duration::MAX);
        self.ctx
            .now()
            .since(instant(known.last_update_time.as_ref()))
            > deadline
    }

    /// Pods that a set cannot create are the Deployment's failure too.
    fn report_failures(&self, status: &mut DeploymentStatus) {
        let failing = self.new.iter().chain(&self.old).find_map(|set| {
            let conditions = set.status.as_ref()?.conditions.as_ref()?;
            conditions
                .iter()
                .find(|condition| condition.type_ == conditions::REPLICA_FAILURE)
        });
        let Some(failure) = failing else {
            conditions::remove_from(status, conditions::REPLICA_FAILURE);
            return;
        };
        let condition = DeploymentCondition {
            type_: failure.type_.clone(),
            status: failure.status.clone(),
            reason: failure.reason.clone(),
            message: failure.message.clone(),
            last_update_time: failure.last_transition_time.clone(),
            last_transition_time: failure.last_transition_time.clone(),
        };
        conditions::set_in(status, condition);
    }

    /// Looks again once the deadline is over (`requeueStuckDeployment`).
    fn come_back_at_deadline(&mut self) {
        let Some(known) = conditions::find(&self.deployment, conditions::PROGRESSING) else {
            return;
        };
        let status = self.deployment.status.clone().unwrap_or_default();
        let settled =
            is_complete(&self.deployment, &status) || reason_is(known, conditions::TIMED_OUT);
        let Some(deadline) = self.deadline().filter(|_| !settled) else {
            return;
        };
        if !conditions::has_deadline(&self.deployment) {
            return;
        }
        let due = instant(known.last_update_time.as_ref()) + deadline;
        let left = due.since(self.ctx.now());
        if left < SECOND {
            self.desk.add_rate_limited(self.key.clone(), self.ctx);
        } else {
            self.desk
                .add_after(self.key.clone(), left + SECOND, self.ctx);
        }
    }

    /// Says in the status that the Deployment is paused or goes on, so that a
    /// pause does not count towards the deadline.
    pub(super) fn note_pause(&mut self) -> Result<(), ApiError> {
        if !conditions::has_deadline(&self.deployment) {
            return Ok(());
        }
        let known = conditions::find(&self.deployment, conditions::PROGRESSING);
        if known.is_some_and(|known| reason_is(known, conditions::TIMED_OUT)) {
            return Ok(());
        }
        let noted = known.is_some_and(|known| reason_is(known, "DeploymentPaused"));
        let (reason, message) = match (self.paused(), noted) {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return Ok(()),
        };
        let condition =
            conditions::progressing("Unknown", reason, message.to_owned(), self.ctx.now());
        conditions::set(&mut self.deployment, condition);
        self.put_status()
    }

    fn put_if_changed(&mut self, mut status: DeploymentStatus) -> Result<bool, ApiError> {
        if status.conditions.as_ref().is_some_and(Vec::is_empty) {
            status.conditions = None;
        }
        if self.deployment.status.as_ref() == Some(&status) {
            return Ok(false);
        }
        self.deployment.status = Some(status);
        self.put_status().map(|()| true)
    }

    /// Writes the Deployment's status (and its annotations, which the status
    /// endpoint takes too) and goes on with what the store has now.
    pub(super) fn put_status(&mut self) -> Result<(), ApiError> {
        match self.ctx.update_status(self.deployment.clone()) {
            Ok(written) => {
                self.deployment = Deployment::clone(&written);
                Ok(())
            }
            Err(error) if errors::is_not_found(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn non_zero(count: i32) -> Option<i32> {
    Some(count).filter(|count| *count != 0)
}

fn reason_is(condition: &DeploymentCondition, reason: &str) -> bool {
    condition.reason.as_deref() == Some(reason)
}

fn instant(time: Option<&Time>) -> Instant {
    time.map_or(Instant::ZERO, |time| Instant::from_timestamp(time.0))
}

fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = bounds::replicas(deployment);
    let all = |count: Option<i32>| count.unwrap_or(0) == wanted;
    all(status.updated_replicas)
        && all(status.replicas)
        && all(status.available_replicas)
        && status.observed_generation.unwrap_or(0) >= deployment.metadata.generation.unwrap_or(0)
}

/// Something moved in the right direction since the last status.
fn is_progressing(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let before = deployment.status.clone().unwrap_or_default();
    let count = |count: Option<i32>| count.unwrap_or(0);
    let old_pods =
        |status: &DeploymentStatus| count(status.replicas) - count(status.updated_replicas);
    count(status.updated_replicas) > count(before.updated_replicas)
        || old_pods(status) < old_pods(&before)
        || count(status.ready_replicas) > count(before.ready_replicas)
        || count(status.available_replicas) > count(before.available_replicas)
}
