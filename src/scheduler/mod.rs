//! kube-scheduler: gives every pod without a node the best one there is, and says
//! why, or why not.
//!
//! **Invariant:** a cycle reads the cache as it stands and costs work in proportion
//! to the nodes it looks at; a change costs work in proportion to itself. There is
//! no snapshot of the cluster.

mod budgets;
mod cache;
mod cycle;
mod failure;
mod framework;
#[cfg(test)]
mod golden;
mod handlers;
mod hints;
mod message;
mod node_info;
mod plugins;
mod pod_info;
mod preemption;
mod prioritize;
mod queue;
mod resources;
mod selector;
#[cfg(test)]
mod testing;
mod workloads;

use crate::api::{Kind, Object};
use crate::apiserver::{Selection, WatchEvent};
use crate::client::{Ctx, EventType, Recorder};
use crate::sim::trace::What;
use budgets::Budgets;
use cache::Cache;
use failure::Nomination;
use pod_info::PodInfo;
use preemption::Candidate;
use queue::{Failure, QueuedPod, SchedulingQueue};
use std::sync::Arc;
use std::time::Duration;
use workloads::Workloads;

/// The scheduler that pods get when they name none.
const SCHEDULER_NAME: &str = "default-scheduler";
/// What a cycle takes, its API calls included.
const CYCLE_TIME: Duration = Duration::from_micros(1500);
/// How often pods that nothing helps are looked through.
const FLUSH_INTERVAL: Duration = Duration::from_secs(30);

/// What wakes the scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Try the next pod.
    Cycle,
    /// A back-off has ended.
    BackOff,
    /// Look whether pods have been waiting for too long.
    FlushUnschedulable,
}

/// kube-scheduler.
#[derive(Clone, Debug)]
pub struct Scheduler {
    cache: Cache,
    queue: SchedulingQueue,
    recorder: Recorder,
    /// Where the next cycle begins to look (`nextStartNodeIndex`).
    next_start: usize,
    cycle_is_set: bool,
    flush_is_set: bool,
    back_off_is_set: Option<crate::sim::Instant>,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::new()
    }
}

impl Scheduler {
    /// A scheduler that knows nothing yet.
    pub fn new() -> Self {
        Scheduler {
            cache: Cache::default(),
            queue: SchedulingQueue::default(),
            recorder: Recorder::new(SCHEDULER_NAME, None),
            next_start: 0,
            cycle_is_set: false,
            flush_is_set: false,
            back_off_is_set: None,
        }
    }

    /// Begins its watches.
    pub fn start(&mut self, ctx: &mut Ctx<'_, Timer>) {
        // Pods last, so that what they are weighed against is known before them.
        let kinds = [Kind::Node, Kind::Namespace]
            .into_iter()
            .chain(Workloads::KINDS);
        for kind in kinds.chain([Budgets::KIND, Kind::Pod]) {
            ctx.watch(Selection::all(kind));
        }
    }

    /// Takes changes in.
    pub fn on_watch(&mut self, events: Vec<WatchEvent>, ctx: &mut Ctx<'_, Timer>) {
        for event in events {
            ctx.cause = event.cause;
            self.take_in(&event, ctx.now());
        }
        self.set_timers(ctx);
    }

    /// Tries one pod, or moves pods whose time has come.
    pub fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Timer>) {
        match timer {
            Timer::Cycle => {
                self.cycle_is_set = false;
                if let Some(pod) = self.queue.pop() {
                    self.schedule_one(pod, ctx);
                }
            }
            Timer::BackOff => {
                self.back_off_is_set = None;
                self.queue.flush_back_off(ctx.now());
            }
            Timer::FlushUnschedulable => {
                self.flush_is_set = false;
                self.queue.flush_unschedulable(ctx.now());
            }
        }
        self.set_timers(ctx);
    }

    fn set_timers(&mut self, ctx: &mut Ctx<'_, Timer>) {
        if !self.cycle_is_set && self.queue.has_next() {
            self.cycle_is_set = true;
            ctx.after(CYCLE_TIME, Timer::Cycle);
        }
        if !self.flush_is_set && self.queue.has_unschedulable() {
            self.flush_is_set = true;
            ctx.after(FLUSH_INTERVAL, Timer::FlushUnschedulable);
        }
        if let Some(at) = self.queue.next_back_off()
            && self.back_off_is_set.is_none_or(|set| at < set)
        {
            self.back_off_is_set = Some(at);
            ctx.at(at, Timer::BackOff);
        }
    }

    fn schedule_one(&mut self, mut pod: QueuedPod, ctx: &mut Ctx<'_, Timer>) {
        ctx.cause = pod.cause;
        if pod.info.is_terminating() {
            let message = format!("skip schedule deleting pod: {}", pod.info.key);
            self.event(
                &pod.info,
                EventType::Warning,
                "FailedScheduling",
                &message,
                ctx,
            );
            return;
        }
        let mut outcome = cycle::schedule(&pod.info, &self.cache, self.next_start);
        let nodes = self.cache.node_count().max(1);
        self.next_start = (self.next_start + outcome.looked_at) % nodes;
        let (nomination, candidate) = match outcome.node {
            Some(_) => (Nomination::Keep, None),
            None => failure::post_filter(&pod.info, &self.cache, &mut outcome),
        };
        let mut decision = outcome.decision;
        decision.attempt = pod.attempts;
        decision.node = outcome.node.clone();
        decision.message = outcome.message.clone();
        ctx.cause = Some(ctx.trace(What::Scheduling(Arc::new(decision))));
        pod.cause = ctx.cause;
        pod.rejected_by = outcome.rejected_by;
        match outcome.node {
            Some(node) => self.bind(pod, &node, ctx),
            None => self.refuse(pod, &outcome.message, nomination, candidate, ctx),
        }
    }

    fn refuse(
        &mut self,
        pod: QueuedPod,
        message: &str,
        nomination: Nomination,
        candidate: Option<Candidate>,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        match &nomination {
            Nomination::Keep => {}
            Nomination::Set(node) => self.cache.nominate(&pod.info, Some(node)),
            Nomination::Clear => self.cache.nominate(&pod.info, None),
        }
        self.report(&pod, "Unschedulable", message, &nomination, ctx);
        if let Some(candidate) = candidate {
            self.evict(&pod.info, &candidate, ctx);
        }
        self.queue.put_back(pod, Failure::Refused, ctx.now());
    }

    fn bind(&mut self, pod: QueuedPod, node: &str, ctx: &mut Ctx<'_, Timer>) {
        self.cache.assume(pod.info.clone(), node);
        match ctx.bind(&pod.info.key, node) {
            Ok(()) => {
                let message = format!("Successfully assigned {} to {node}", pod.info.key);
                self.event(&pod.info, EventType::Normal, "Scheduled", &message, ctx);
            }
            Err(error) => {
                self.cache.remove_pod(&pod.info.key);
                let why = error.message.as_deref().unwrap_or_default();
                let message = format!("running Bind plugin \"DefaultBinder\": {why}");
                self.report(&pod, "SchedulerError", &message, &Nomination::Clear, ctx);
                self.queue.put_back(pod, Failure::Error, ctx.now());
            }
        }
    }

    fn event(
        &mut self,
        pod: &PodInfo,
        event_type: EventType,
        reason: &str,
        message: &str,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let regarding = Object::Pod(pod.pod.clone());
        self.recorder
            .event(ctx, &regarding, event_type, reason, &message::note(message));
    }
}

#[cfg(test)]
mod tests {
    use super::golden::Harness;
    use crate::api::{Event, Key, Object, Pod};
    use crate::sim::trace::{Verb, What};
    use crate::sim::{Actor, RecordId, SECOND};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn node(name: &str, cpu: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"}}})
    }

    fn pod(name: &str, cpu: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [
            {"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}]}})
    }

    fn harness(objects: &[Value]) -> Harness {
        let mut harness = Harness::new();
        for object in objects {
            harness.create(object);
        }
        harness.settle();
        harness
    }

    fn find(harness: &mut Harness, name: &str) -> Arc<Pod> {
        let pods = harness.all::<Pod>();
        let named = |pod: &&Arc<Pod>| pod.metadata.name.as_deref() == Some(name);
        pods.iter().find(named).expect("the pod").clone()
    }

    #[test]
    fn a_pod_that_fits_nowhere_says_so_and_goes_where_room_is_made() {
        let mut harness = harness(&[node("n1", "2"), pod("a", "2")]);
        harness.create(&pod("b", "1"));
        harness.settle();
        assert_eq!(harness.placements(), "a=n1 b=-");
        let waiting = find(&mut harness, "b");
        let conditions = waiting
            .status
            .as_ref()
            .and_then(|status| status.conditions.as_ref());
        let said = conditions
            .into_iter()
            .flatten()
            .find(|one| one.type_ == "PodScheduled");
        let said = said.expect("a condition");
        assert_eq!(
            (said.status.as_str(), said.reason.as_deref()),
            ("False", Some("Unschedulable"))
        );
        assert_eq!(
            said.message.as_deref(),
            Some(
                "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, \
                 preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
            )
        );
        let tried = harness.decisions().len();
        harness.pass(SECOND * 200);
        assert_eq!(
            harness.decisions().len(),
            tried,
            "nothing happened that could help"
        );
        let gone = find(&mut harness, "a");
        harness.call(Verb::Delete, &Object::Pod(gone));
        harness.settle();
        assert_eq!(harness.placements(), "b=n1");
    }

    #[test]
    fn a_pod_is_tried_again_after_five_minutes_in_any_case() {
        let mut harness = harness(&[node("n1", "1"), pod("a", "2")]);
        assert_eq!(harness.decisions().len(), 1);
        harness.pass(SECOND * 340);
        assert_eq!(harness.decisions().len(), 2);
        let events = harness.all::<Event>();
        let failed = events
            .iter()
            .filter(|event| event.reason.as_deref() == Some("FailedScheduling"));
        let told: i32 = failed.map(|event| event.count.unwrap_or(0)).sum();
        assert_eq!(told, 2, "and says so again");
    }

    #[test]
    fn the_decision_causes_the_binding_and_names_every_score() {
        let harness = harness(&[node("n1", "2"), node("n2", "4"), pod("a", "1")]);
        let decisions = harness.decisions();
        let decision = decisions.first().expect("a decision");
        assert_eq!(
            (
                decision.node.as_deref(),
                decision.attempt,
                decision.nodes_total
            ),
            (Some("n2"), 1, 2)
        );
        assert_eq!(decision.verdicts.len(), 2);
        let best = decision.scores.first().expect("a score");
        let sum: i64 = best
            .plugins
            .iter()
            .map(|part| part.normalized * part.weight)
            .sum();
        assert_eq!((&*best.node, best.total), ("n2", sum));
        let records: Vec<_> = harness.sim.trace.since(RecordId(0)).cloned().collect();
        let binding = records.iter().find(|record| {
            matches!(&record.what, What::Call { subresource, .. } if &**subresource == "binding")
        });
        let binding = binding.expect("a binding");
        assert_eq!(binding.actor, Actor::Scheduler);
        let cause = binding.cause.and_then(|id| harness.sim.trace.get(id));
        assert!(matches!(
            cause.map(|record| &record.what),
            Some(What::Scheduling(_))
        ));
    }

    #[test]
    fn pods_of_other_schedulers_are_left_alone() {
        let mut other = pod("other", "1");
        other["spec"]["schedulerName"] = "mine".into();
        let mut own = pod("own", "1");
        own["spec"]["schedulerName"] = "default-scheduler".into();
        let mut harness = harness(&[node("n1", "4"), other, own]);
        assert_eq!(harness.placements(), "other=- own=n1");
    }

    #[test]
    fn many_pods_fill_the_nodes_and_no_more() {
        let nodes: Vec<Value> = (1..=3)
            .map(|number| node(&format!("n{number}"), "2"))
            .collect();
        let mut harness = harness(&nodes);
        for number in 0..8 {
            harness.create(&pod(&format!("p{number}"), "1"));
        }
        harness.settle();
        let placements = harness.placements();
        for name in ["n1", "n2", "n3"] {
            assert_eq!(
                placements.matches(&format!("={name}")).count(),
                2,
                "{placements}"
            );
        }
        assert_eq!(placements.matches("=-").count(), 2);
        // A state that is copied goes on by itself.
        let mut copy = harness.clone();
        let key = Key::new("default", "p0");
        let first = find(&mut copy, &key.name);
        copy.call(Verb::Delete, &Object::Pod(first));
        copy.settle();
        assert_eq!(copy.placements().matches("=-").count(), 1);
        assert_eq!(harness.placements(), placements);
    }

    #[test]
    fn a_gated_pod_waits_for_its_gates() {
        let mut gated = pod("a", "1");
        gated["spec"]["schedulingGates"] = json!([{"name": "example.com/wait"}]);
        let mut harness = harness(&[node("n1", "4"), gated]);
        assert_eq!(harness.placements(), "a=-");
        assert!(harness.decisions().is_empty());
        let mut open = (*find(&mut harness, "a")).clone();
        open.spec.as_mut().expect("a spec").scheduling_gates = None;
        harness.call(Verb::Update, &Object::of(open));
        harness.settle();
        assert_eq!(harness.placements(), "a=n1");
    }
}
