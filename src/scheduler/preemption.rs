//! DefaultPreemption: a pod that fits nowhere may drive pods of lower priority off
//! a node. What it costs is kept as low as possible.

use super::cache::Cache;
use super::cycle::{Outcome, filters, passes};
use super::framework::Rejected;
use super::message::Tally;
use super::node_info::NodeInfo;
use super::pod_info::PodInfo;
use crate::api::Name;
use crate::sim::Instant;
use crate::sim::order::Order as _;
use std::cmp::Reverse;
use std::sync::{Arc, LazyLock};

/// As many nodes are tried out at least (`minCandidateNodesAbsolute`).
const CANDIDATES_MIN: usize = 100;
/// …or this part of them in per cent (`minCandidateNodesPercentage`).
const CANDIDATES_PERCENT: usize = 10;

static NO_VICTIMS: LazyLock<Name> =
    LazyLock::new(|| "No preemption victims found for incoming pod".into());
static NOT_HELPFUL: LazyLock<Name> =
    LazyLock::new(|| "Preemption is not helpful for scheduling".into());

/// A node with the pods that would have to go.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Node.
    pub(super) node: Name,
    /// The pods, the most important first.
    pub(super) victims: Vec<Arc<PodInfo>>,
    violations: usize,
}

/// What a preemption comes to.
pub(super) enum Preemption {
    /// These pods have to go.
    Found(Candidate),
    /// The pod may not preempt, or not now; what it was promised it keeps.
    NotEligible(&'static str),
    /// It would not help; the sentence that says why.
    Hopeless(String),
}

/// Looks for the cheapest node to make room on.
pub(super) fn preempt(pod: &PodInfo, cache: &Cache, outcome: &Outcome) -> Preemption {
    if let Some(why) = not_eligible(pod, cache, outcome) {
        return Preemption::NotEligible(why);
    }
    let potential: Vec<usize> = outcome
        .rejected
        .iter()
        .filter(|(_, no)| !no.unresolvable)
        .map(|(slot, _)| *slot)
        .collect();
    let enough = (potential.len() * CANDIDATES_PERCENT / 100).max(CANDIDATES_MIN);
    let mut tally = Tally::default();
    let mut candidates: Vec<Candidate> = Vec::new();
    for slot in &potential {
        let Some(node) = cache.slot(*slot) else {
            continue;
        };
        match try_out(pod, cache, node) {
            Ok(candidate) => candidates.push(candidate),
            Err(no) => tally.count(&no, 1),
        }
        let harmless = candidates.iter().any(|candidate| candidate.violations == 0);
        if harmless && candidates.len() >= enough {
            break;
        }
    }
    if let Some(best) = candidates.into_iter().min_by_key(cost) {
        return Preemption::Found(best);
    }
    let nodes = cache.node_count();
    tally.count(
        &Rejected::unresolvable(&NOT_HELPFUL),
        nodes - potential.len(),
    );
    Preemption::Hopeless(tally.sentence(nodes))
}

fn not_eligible(pod: &PodInfo, cache: &Cache, outcome: &Outcome) -> Option<&'static str> {
    let spec = pod.pod.spec.as_ref();
    if spec.and_then(|spec| spec.preemption_policy.as_deref()) == Some("Never") {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    // Where victims are on their way out already, the pod waits for them.
    let node = cache
        .nominated_node(&pod.key)
        .and_then(|name| cache.node(&name))?;
    let hopeless = |(slot, no): &(usize, Rejected)| {
        no.unresolvable
            && cache
                .slot(*slot)
                .is_some_and(|other| other.name == node.name)
    };
    if outcome.rejected.iter().any(hopeless) {
        return None;
    }
    let mut leaving = node.pods.values();
    leaving
        .any(|other| other.priority < pod.priority && is_victim(other))
        .then_some("not eligible due to a terminating pod on the nominated node.")
}

fn is_victim(pod: &PodInfo) -> bool {
    let conditions = pod
        .pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    pod.is_terminating()
        && conditions.any(|one| {
            one.type_ == "DisruptionTarget"
                && one.reason.as_deref() == Some("PreemptionByScheduler")
        })
}

/// The fewest and least important pods that have to go from this node.
fn try_out(pod: &PodInfo, cache: &Cache, node: &NodeInfo) -> Result<Candidate, Rejected> {
    if node
        .lowest_priority()
        .is_none_or(|lowest| lowest >= pod.priority)
    {
        return Err(Rejected::unresolvable(&NO_VICTIMS));
    }
    let mut trial = node.clone();
    let mut filters = filters(pod, cache);
    let mut move_pod = |trial: &mut NodeInfo, other: &Arc<PodInfo>, added: bool| {
        let Some(group) = cache.group_of(&other.key) else {
            return Ok(());
        };
        match added {
            true => trial.add_pod(other, group),
            false => trial.remove_pod(other, group),
        }
        for (_, filter) in &mut filters {
            filter.pod_moved(other, trial, added);
        }
        passes(pod, cache, &filters, trial).map_err(|(_, no)| no)
    };
    let lower = node
        .pods
        .values()
        .filter(|other| other.priority < pod.priority);
    let mut potential: Vec<Arc<PodInfo>> = lower.cloned().collect();
    potential.order_by_key(importance);
    let mut verdict = Ok(());
    for other in &potential {
        verdict = move_pod(&mut trial, other, false);
    }
    verdict?;
    let mut victims = Vec::new();
    let mut violations = 0;
    let (protected, free) = cache.budgets.split(&potential);
    for (others, is_protected) in [(protected, true), (free, false)] {
        for other in others {
            if move_pod(&mut trial, &other, true).is_err() {
                let _without_it = move_pod(&mut trial, &other, false);
                violations += usize::from(is_protected);
                victims.push(other);
            }
        }
    }
    victims.order_by_key(importance);
    Ok(Candidate {
        node: node.name.clone(),
        victims,
        violations,
    })
}

/// The most important first: by priority, then by age.
fn importance(pod: &Arc<PodInfo>) -> (Reverse<i32>, Instant) {
    (Reverse(pod.priority), started(pod))
}

fn started(pod: &PodInfo) -> Instant {
    let status = pod.pod.status.as_ref();
    let time = status.and_then(|status| status.start_time.as_ref());
    time.map_or(Instant::MAX, |time| Instant::from_timestamp(time.0))
}

/// What decides between nodes, in this order (`pickOneNodeForPreemption`): broken
/// budgets, the highest priority, the sum of priorities, the number of pods, and
/// rather those that have not run for long.
fn cost(candidate: &Candidate) -> (usize, i32, i64, usize, Reverse<Instant>) {
    let victims = &candidate.victims;
    let highest = victims.first().map_or(i32::MIN, |pod| pod.priority);
    // Negative priorities count as pods too.
    let offset = i64::from(i32::MAX) + 1;
    let sum = victims
        .iter()
        .map(|pod| i64::from(pod.priority) + offset)
        .sum();
    let important = victims.iter().filter(|pod| pod.priority == highest);
    let earliest = important
        .map(|pod| started(pod))
        .min()
        .unwrap_or(Instant::MAX);
    (
        candidate.violations,
        highest,
        sum,
        victims.len(),
        Reverse(earliest),
    )
}

#[cfg(test)]
mod tests {
    use super::super::cycle::schedule;
    use super::super::testing::{labelled, node};
    use super::*;
    use crate::api::{Kind, Object};
    use serde_json::json;

    fn asking(name: &str, cpu: &str, priority: i32) -> Arc<PodInfo> {
        let containers = json!([{"name": "c", "resources": {"requests": {"cpu": cpu}}}]);
        labelled(
            name,
            json!({"app": name}),
            json!({"containers": containers, "priority": priority}),
        )
    }

    fn answer(pods: &[(&str, &str, i32, &str)], cpu: &str, protected: &[&str]) -> String {
        let mut cache = Cache::default();
        for name in ["n1", "n2"] {
            cache.set_node(&node(name, json!({})));
        }
        for (name, cpu, priority, node) in pods {
            cache.add_pod(asking(name, cpu, *priority), node);
        }
        for name in protected {
            let budget = json!({"metadata": {"name": name, "namespace": "default"},
                "spec": {"selector": {"matchLabels": {"app": name}}}, "status": {"disruptionsAllowed": 0}});
            let budget = Object::from_json(Kind::PodDisruptionBudget, budget).expect("a budget");
            cache.budgets.take_in(&budget, false);
        }
        let pod = asking("hi", cpu, 100);
        let outcome = schedule(&pod, &cache, 0);
        assert_eq!(outcome.node, None);
        match preempt(&pod, &cache, &outcome) {
            Preemption::Found(candidate) => {
                let names = candidate.victims.iter().map(|pod| pod.key.name.to_string());
                format!(
                    "{}: {}",
                    candidate.node,
                    names.collect::<Vec<_>>().join(" ")
                )
            }
            Preemption::NotEligible(why) => why.to_owned(),
            Preemption::Hopeless(why) => why,
        }
    }

    #[test]
    fn the_cheapest_node_is_taken() {
        for (pods, cpu, protected, expected) in [
            // The lower of the highest priorities.
            (
                vec![("a", "4", 30, "n1"), ("b", "4", 20, "n2")],
                "4",
                vec![],
                "n2: b",
            ),
            // Only as many as needed, the least important.
            (
                vec![
                    ("a", "2", 20, "n1"),
                    ("b", "2", 10, "n1"),
                    ("c", "4", 30, "n2"),
                ],
                "2",
                vec![],
                "n1: b",
            ),
            // Two of ten weigh more than one of ten.
            (
                vec![
                    ("a", "2", 10, "n1"),
                    ("b", "2", 10, "n1"),
                    ("c", "4", 10, "n2"),
                ],
                "4",
                vec![],
                "n2: c",
            ),
            // A budget is worth more than a priority.
            (
                vec![("a", "4", 10, "n1"), ("b", "4", 20, "n2")],
                "4",
                vec!["a"],
                "n2: b",
            ),
            // Nobody of lower priority.
            (
                vec![("a", "4", 100, "n1"), ("b", "4", 200, "n2")],
                "4",
                vec![],
                "0/2 nodes are available: 2 No preemption victims found for incoming pod.",
            ),
            // Even so too large.
            (
                vec![("a", "4", 10, "n1"), ("b", "4", 10, "n2")],
                "5",
                vec![],
                "0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
            ),
            // The important one stays, and then it does not fit.
            (
                vec![
                    ("a", "3", 100, "n1"),
                    ("b", "1", 10, "n1"),
                    ("c", "4", 100, "n2"),
                ],
                "4",
                vec![],
                "0/2 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod.",
            ),
        ] {
            assert_eq!(answer(&pods, cpu, &protected), expected, "{pods:?}");
        }
    }
}
