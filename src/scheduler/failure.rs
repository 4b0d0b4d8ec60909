//! A pod that found no node: what is said to the user, and where.

use super::cache::Cache;
use super::cycle::Outcome;
use super::framework::Rejected;
use super::message::Tally;
use super::pod_info::PodInfo;
use super::queue::QueuedPod;
use super::{Scheduler, Timer};
use crate::api::core::{PodCondition, PodStatus};
use crate::api::{Pod, Time};
use crate::client::{Ctx, EventType};

/// Adds to the refusal what the PostFilter plugins say: DynamicResources first,
/// then DefaultPreemption.
pub(super) fn add_post_filter(pod: &PodInfo, cache: &Cache, outcome: &mut Outcome) {
    if outcome.ended_early {
        // A PreFilter plugin ended the cycle before DynamicResources had kept its
        // state, and upstream says so in these two words.
        if cache.node_count() > 0 {
            outcome.message.push_str(" not found");
        }
        return;
    }
    let preemption = preemption(pod, cache, outcome);
    outcome.message.push_str(&format!(
        " no new claims to deallocate, preemption: {preemption}"
    ));
}

fn preemption(pod: &PodInfo, cache: &Cache, outcome: &Outcome) -> String {
    let spec = pod.pod.spec.as_ref();
    let policy = spec.and_then(|spec| spec.preemption_policy.as_deref());
    if policy == Some("Never") {
        return "not eligible due to preemptionPolicy=Never.".to_owned();
    }
    let resolvable = outcome
        .rejected
        .iter()
        .filter(|(_, no)| !no.unresolvable)
        .count();
    let nodes = cache.node_count();
    let mut tally = Tally::default();
    let no_victims = "No preemption victims found for incoming pod".into();
    tally.count(&Rejected::unresolvable(&no_victims), resolvable);
    let not_helpful = "Preemption is not helpful for scheduling".into();
    tally.count(&Rejected::unresolvable(&not_helpful), nodes - resolvable);
    tally.sentence(nodes)
}

impl Scheduler {
    /// Tells of a failure by event and condition.
    pub(super) fn report(
        &mut self,
        pod: &QueuedPod,
        reason: &str,
        message: &str,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        self.event(pod, EventType::Warning, "FailedScheduling", message, ctx);
        let now = Time(ctx.now().timestamp());
        let Some(changed) = with_condition(&pod.info.pod, reason, message, &now) else {
            return;
        };
        let Err(error) = ctx.update_status(changed) else {
            return;
        };
        if error.code != Some(409) {
            return;
        }
        // The pod has changed since the watch last told of it.
        if let Ok(latest) = ctx.get::<Pod>(&pod.info.key)
            && let Some(changed) = with_condition(&latest, reason, message, &now)
        {
            let _refused_again = ctx.update_status(changed);
        }
    }
}

/// The pod with `PodScheduled` false; none where it says so already.
fn with_condition(pod: &Pod, reason: &str, message: &str, now: &Time) -> Option<Pod> {
    let mut pod = pod.clone();
    let mut condition = PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "False".to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: Some(now.clone()),
        observed_generation: pod.metadata.generation,
        ..PodCondition::default()
    };
    let status = pod.status.get_or_insert_with(PodStatus::default);
    let conditions = status.conditions.get_or_insert_default();
    match conditions
        .iter_mut()
        .find(|known| known.type_ == condition.type_)
    {
        None => conditions.push(condition),
        Some(known) => {
            if known.status == condition.status {
                condition.last_transition_time = known.last_transition_time.clone();
            }
            if *known == condition {
                return None;
            }
            *known = condition;
        }
    }
    Some(pod)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_says_the_same_is_not_written_again() {
        let time = |second| Time(jiff::Timestamp::from_second(second).expect("a time"));
        let first =
            with_condition(&Pod::default(), "Unschedulable", "why", &time(1)).expect("news");
        assert!(with_condition(&first, "Unschedulable", "why", &time(2)).is_none());
        let second = with_condition(&first, "Unschedulable", "else", &time(2)).expect("news");
        let conditions = second
            .status
            .and_then(|status| status.conditions)
            .unwrap_or_default();
        assert_eq!(conditions.len(), 1);
        assert_eq!(conditions[0].message.as_deref(), Some("else"));
        assert_eq!(conditions[0].last_transition_time, Some(time(1)));
    }
}
