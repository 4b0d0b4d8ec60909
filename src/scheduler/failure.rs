//! A pod that found no node: what is said to the user, and where.

use super::cache::Cache;
use super::cycle::Outcome;
use super::pod_info::PodInfo;
use super::preemption::{self, Candidate, Preemption};
use super::queue::QueuedPod;
use super::{SCHEDULER_NAME, Scheduler, Timer};
use crate::api::core::{PodCondition, PodStatus};
use crate::api::{Name, Pod, Resource, Time};
use crate::apiserver::DeleteOptions;
use crate::client::{Ctx, EventType};

/// What becomes of the node that a pod was promised.
pub(super) enum Nomination {
    /// Nothing.
    Keep,
    /// It is promised this one.
    Set(Name),
    /// It is promised none.
    Clear,
}

/// Adds to the refusal what the PostFilter plugins say: DynamicResources first,
/// then DefaultPreemption, whose victims are the answer.
pub(super) fn post_filter(
    pod: &PodInfo,
    cache: &Cache,
    outcome: &mut Outcome,
) -> (Nomination, Option<Candidate>) {
    if outcome.ended_early {
        // A PreFilter plugin ended the cycle before DynamicResources had kept its
        // state, and upstream says so in these two words.
        if cache.node_count() > 0 {
            outcome.message.push_str(" not found");
        }
        return (Nomination::Clear, None);
    }
    let (sentence, nomination) = match preemption::preempt(pod, cache, outcome) {
        Preemption::Found(candidate) => {
            return (Nomination::Set(candidate.node.clone()), Some(candidate));
        }
        Preemption::NotEligible(why) => (why.to_owned(), Nomination::Keep),
        Preemption::Hopeless(why) => (why, Nomination::Clear),
    };
    let more = format!(" no new claims to deallocate, preemption: {sentence}");
    outcome.message.push_str(&more);
    (nomination, None)
}

impl Scheduler {
    /// Tells of a failure by event and status.
    pub(super) fn report(
        &mut self,
        pod: &QueuedPod,
        reason: &str,
        message: &str,
        nomination: &Nomination,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        self.event(
            &pod.info,
            EventType::Warning,
            "FailedScheduling",
            message,
            ctx,
        );
        let mut condition = condition("PodScheduled", "False", reason, message, ctx);
        condition.observed_generation = pod.info.pod.metadata.generation;
        write_status(&pod.info, ctx, |status| {
            let nominated = match nomination {
                Nomination::Keep => status.nominated_node_name.clone(),
                Nomination::Set(node) => Some(node.to_string()),
                Nomination::Clear => None,
            };
            let promise_changed = nominated != status.nominated_node_name;
            status.nominated_node_name = nominated;
            set_condition(status, &condition) || promise_changed
        });
    }

    /// Drives the victims off the node.
    pub(super) fn evict(
        &mut self,
        preemptor: &PodInfo,
        candidate: &Candidate,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let words = format!("{SCHEDULER_NAME}: preempting to accommodate a higher priority pod");
        for victim in &candidate.victims {
            let mut condition = condition(
                "DisruptionTarget",
                "True",
                "PreemptionByScheduler",
                &words,
                ctx,
            );
            condition.observed_generation = victim.pod.metadata.generation;
            write_status(victim, ctx, |status| set_condition(status, &condition));
            if ctx
                .delete::<Pod>(&victim.key, DeleteOptions::default())
                .is_ok()
            {
                let message = format!(
                    "Preempted by pod {} on node {}",
                    preemptor.pod.uid(),
                    candidate.node
                );
                self.event(victim, EventType::Normal, "Preempted", &message, ctx);
            }
        }
        // Whoever was promised the node with less right to it looks again.
        for other in self
            .cache
            .promised_below(&candidate.node, preemptor.priority)
        {
            self.cache.nominate(&other, None);
            write_status(&other, ctx, |status| {
                status.nominated_node_name.take().is_some()
            });
        }
    }
}

fn condition<T>(
    type_: &str,
    status: &str,
    reason: &str,
    message: &str,
    ctx: &Ctx<'_, T>,
) -> PodCondition {
    PodCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: Some(Time(ctx.now().timestamp())),
        ..PodCondition::default()
    }
}

/// Sets a condition; answers whether that is news.
fn set_condition(status: &mut PodStatus, condition: &PodCondition) -> bool {
    let mut condition = condition.clone();
    let conditions = status.conditions.get_or_insert_default();
    let Some(known) = conditions
        .iter_mut()
        .find(|known| known.type_ == condition.type_)
    else {
        conditions.push(condition);
        return true;
    };
    if known.status == condition.status {
        condition.last_transition_time = known.last_transition_time.clone();
    }
    let news = *known != condition;
    *known = condition;
    news
}

/// Changes the status of a pod, where `change` says that there is anything to
/// write.
fn write_status<T>(pod: &PodInfo, ctx: &mut Ctx<'_, T>, change: impl Fn(&mut PodStatus) -> bool) {
    let mut changed = (*pod.pod).clone();
    if !change(changed.status.get_or_insert_default()) {
        return;
    }
    let Err(error) = ctx.update_status(changed) else {
        return;
    };
    // The pod has changed since the watch last told of it: once more with the
    // latest. A pod that is gone needs no status.
    if error.code == Some(409)
        && let Ok(latest) = ctx.get::<Pod>(&pod.key)
    {
        let mut changed = (*latest).clone();
        if change(changed.status.get_or_insert_default()) {
            let _refused_again = ctx.update_status(changed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_says_the_same_is_not_written_again() {
        let condition = |message: &str, second: i64| PodCondition {
            type_: "PodScheduled".to_owned(),
            status: "False".to_owned(),
            message: Some(message.to_owned()),
            last_transition_time: jiff::Timestamp::from_second(second).ok().map(Time),
            ..PodCondition::default()
        };
        let mut status = PodStatus::default();
        assert!(set_condition(&mut status, &condition("why", 1)));
        assert!(!set_condition(&mut status, &condition("why", 2)));
        assert!(set_condition(&mut status, &condition("else", 3)));
        // It was false all the time.
        assert_eq!(status.conditions, Some(vec![condition("else", 1)]));
    }
}
