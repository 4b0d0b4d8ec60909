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
