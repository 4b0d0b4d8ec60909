//! The scheduling queue: pods to try now, pods that wait out a back-off, pods that
//! wait for something to change (`backend/queue`).

use super::framework::{PluginId, PluginSet};
use super::pod_info::PodInfo;
use crate::api::Key;
use crate::sim::{Cause, Instant};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// First back-off (`podInitialBackoffSeconds`).
const BACK_OFF_BASE: Duration = Duration::from_secs(1);
/// Longest back-off (`podMaxBackoffSeconds`).
const BACK_OFF_MAX: Duration = Duration::from_secs(10);
/// A pod that nothing helped for so long is tried anyway
/// (`podMaxInUnschedulablePodsDuration`).
const UNSCHEDULABLE_MAX: Duration = Duration::from_secs(300);

/// A pod on its way through the queue.
#[derive(Clone, Debug)]
pub(super) struct QueuedPod {
    /// The pod.
    pub(super) info: Arc<PodInfo>,
    /// How often it was tried.
    pub(super) attempts: u32,
    /// The plugins that were against it the last time.
    pub(super) rejected_by: PluginSet,
    /// Why it is to be tried.
    pub(super) cause: Cause,
    /// Times in a row that no node was found, and that something went wrong.
    refusals: u32,
    errors: u32,
    since: Instant,
    place: Place,
}

/// Where a pod waits, with its place in the order there.
#[derive(Clone, Debug)]
enum Place {
    Active(ActiveKey),
    BackOff(BackOffKey),
    Unschedulable,
}

/// Priority first, then age.
type ActiveKey = (Reverse<i32>, Instant, u64);
/// Whoever may go first, then priority. Failures come in a queue of their own.
type BackOffKey = (Instant, Reverse<i32>, u64);

/// How a cycle went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No node was found.
    Refused,
    /// Something else failed, as a binding.
    Error,
}

/// Pods without a node, each in one of three places.
#[derive(Clone, Debug, Default)]
pub(super) struct SchedulingQueue {
    pods: BTreeMap<Key, QueuedPod>,
    active: BTreeMap<ActiveKey, Key>,
    back_off: BTreeMap<BackOffKey, Key>,
    error_back_off: BTreeMap<BackOffKey, Key>,
    /// The unschedulable ones by age.
    unschedulable: BTreeSet<(Instant, Key)>,
    /// The unschedulable ones by each plugin that was against them.
    by_plugin: BTreeMap<PluginId, BTreeSet<Key>>,
    /// The unschedulable ones that no plugin was against: anything may help.
    by_none: BTreeSet<Key>,
    next: u64,
}

impl SchedulingQueue {
    /// Adds a new pod, to be tried as soon as its turn comes.
    pub(super) fn add(&mut self, info: Arc<PodInfo>, now: Instant, cause: Cause) {
        self.remove(&info.key);
        let mut pod = QueuedPod {
            info,
            attempts: 0,
            rejected_by: PluginSet::default(),
            cause,
            refusals: 0,
            errors: 0,
            since: now,
            place: Place::Unschedulable,
        };
        match is_gated(&pod.info) {
            true => {
                pod.rejected_by.insert(PluginId::SchedulingGates);
                self.park(pod);
            }
            false => self.activate(pod),
        }
    }

    /// The next pod to try. Where none is active, one that waits out a back-off
    /// after a refusal goes early (`SchedulerPopFromBackoffQ`).
    pub(super) fn pop(&mut self) -> Option<QueuedPod> {
        let key = match self.active.first_key_value() {
            Some((_, key)) => key.clone(),
            None => self.back_off.first_key_value()?.1.clone(),
        };
        let mut pod = self.remove(&key)?;
        pod.attempts += 1;
        Some(pod)
    }

    /// Whether [`Self::pop`] would give one.
    pub(super) fn has_next(&self) -> bool {
        !self.active.is_empty() || !self.back_off.is_empty()
    }

    /// Takes back a pod that found no node or whose binding failed.
    pub(super) fn put_back(&mut self, mut pod: QueuedPod, failure: Failure, now: Instant) {
        self.remove(&pod.info.key);
        pod.since = now;
        match failure {
            Failure::Refused => {
                pod.refusals += 1;
                pod.errors = 0;
                self.park(pod);
            }
            Failure::Error => {
                pod.errors += 1;
                self.wait_or_activate(pod, now);
            }
        }
    }

    /// Takes in a changed pod that is waiting. Answers whether it is here.
    pub(super) fn update(&mut self, info: &Arc<PodInfo>) -> bool {
        match self.pods.get_mut(&info.key) {
            Some(pod) => {
                pod.info = info.clone();
                true
            }
            None => false,
        }
    }

    /// The waiting pod of that key.
    pub(super) fn get(&self, key: &Key) -> Option<&QueuedPod> {
        self.pods.get(key)
    }

    /// Forgets a pod.
    pub(super) fn remove(&mut self, key: &Key) -> Option<QueuedPod> {
        let pod = self.pods.remove(key)?;
        match &pod.place {
            Place::Active(at) => drop(self.active.remove(at)),
            Place::BackOff(at) => {
                self.back_off.remove(at);
                self.error_back_off.remove(at);
            }
            Place::Unschedulable => self.unpark(&pod),
        }
        Some(pod)
    }

    /// The unschedulable pods that one of these plugins, or none at all, was
    /// against.
    pub(super) fn parked_by(&self, plugins: &[PluginId]) -> BTreeSet<Key> {
        let mut keys = self.by_none.clone();
        for plugin in plugins {
            match self.by_plugin.get(plugin) {
                Some(more) if keys.is_empty() => keys = more.clone(),
                Some(more) => keys.extend(more.iter().cloned()),
                None => {}
            }
        }
        keys
    }

    /// Moves an unschedulable pod on: something happened that may help it.
    pub(super) fn requeue(&mut self, key: &Key, now: Instant, cause: Cause) {
        let parked = self
            .pods
            .get(key)
            .is_some_and(|pod| matches!(pod.place, Place::Unschedulable));
        if parked && let Some(mut pod) = self.remove(key) {
            pod.cause = cause;
            self.wait_or_activate(pod, now);
        }
    }

    /// Moves on whoever has waited out a back-off.
    pub(super) fn flush_back_off(&mut self, now: Instant) {
        loop {
            let refused = self.back_off.first_key_value();
            let failed = self.error_back_off.first_key_value();
            let due = [refused, failed]
                .into_iter()
                .flatten()
                .find(|(at, _)| at.0 <= now)
                .map(|(_, key)| key.clone());
            let Some(pod) = due.and_then(|key| self.remove(&key)) else {
                return;
            };
            self.activate(pod);
        }
    }

    /// Moves on whoever nothing has helped for five minutes.
    pub(super) fn flush_unschedulable(&mut self, now: Instant) {
        while let Some((since, key)) = self.unschedulable.first().cloned() {
            if now.since(since) <= UNSCHEDULABLE_MAX {
                return;
            }
            if let Some(mut pod) = self.remove(&key) {
                pod.cause = None;
                match is_gated(&pod.info) {
                    true => {
                        pod.since = now;
                        self.park(pod);
                    }
                    false => self.wait_or_activate(pod, now),
                }
            }
        }
    }

    /// When the next back-off ends.
    pub(super) fn next_back_off(&self) -> Option<Instant> {
        let refused = self.back_off.first_key_value();
        let failed = self.error_back_off.first_key_value();
        [refused, failed]
            .into_iter()
            .flatten()
            .map(|(at, _)| at.0)
            .min()
    }

    /// Whether any pod waits for something to change.
    pub(super) fn has_unschedulable(&self) -> bool {
        !self.unschedulable.is_empty()
    }

    fn activate(&mut self, mut pod: QueuedPod) {
        let key = (Reverse(pod.info.priority), pod.since, self.number());
        pod.place = Place::Active(key);
        self.active.insert(key, pod.info.key.clone());
        self.pods.insert(pod.info.key.clone(), pod);
    }

    fn wait_or_activate(&mut self, mut pod: QueuedPod, now: Instant) {
        let count = if pod.errors > 0 {
            pod.errors
        } else {
            pod.refusals
        };
        let until = pod.since + back_off(count);
        if until <= now {
            self.activate(pod);
            return;
        }
        let key = (until, Reverse(pod.info.priority), self.number());
        let queue = match pod.errors {
            0 => &mut self.back_off,
            _ => &mut self.error_back_off,
        };
        queue.insert(key, pod.info.key.clone());
        pod.place = Place::BackOff(key);
        self.pods.insert(pod.info.key.clone(), pod);
    }

    fn park(&mut self, mut pod: QueuedPod) {
        let key = pod.info.key.clone();
        self.unschedulable.insert((pod.since, key.clone()));
        if pod.rejected_by.is_empty() {
            self.by_none.insert(key.clone());
        }
        for plugin in pod.rejected_by.iter() {
            self.by_plugin
                .entry(plugin)
                .or_default()
                .insert(key.clone());
        }
        pod.place = Place::Unschedulable;
        self.pods.insert(key, pod);
    }

    fn unpark(&mut self, pod: &QueuedPod) {
        let key = &pod.info.key;
        self.unschedulable.remove(&(pod.since, key.clone()));
        self.by_none.remove(key);
        for plugin in pod.rejected_by.iter() {
            if let Some(keys) = self.by_plugin.get_mut(&plugin) {
                keys.remove(key);
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// Whether the pod is not to be scheduled yet (`spec.schedulingGates`).
pub(super) fn is_gated(pod: &PodInfo) -> bool {
    let spec = pod.pod.spec.as_ref();
    spec.and_then(|spec| spec.scheduling_gates.as_ref())
        .is_some_and(|gates| !gates.is_empty())
}

fn back_off(count: u32) -> Duration {
    match count.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => {
            let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
            BACK_OFF_BASE.saturating_mul(factor).min(BACK_OFF_MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::pod;
    use super::*;
    use serde_json::json;

    fn with_priority(name: &str, priority: i32) -> Arc<PodInfo> {
        pod(name, json!({"containers": [], "priority": priority}))
    }

    fn popped(queue: &mut SchedulingQueue) -> Option<String> {
        queue.pop().map(|pod| pod.info.key.name.to_string())
    }

    #[test]
    fn priority_goes_before_age() {
        let mut queue = SchedulingQueue::default();
        for (name, priority, at) in [("a", 0, 1), ("b", 0, 0), ("c", 5, 2), ("d", 0, 1)] {
            queue.add(with_priority(name, priority), Instant::from_secs(at), None);
        }
        let order: Vec<String> = std::iter::from_fn(|| popped(&mut queue)).collect();
        assert_eq!(order, ["c", "b", "a", "d"]);
    }

    #[test]
    fn back_off_doubles_to_ten_seconds() {
        let seconds: Vec<u64> = (0..7).map(|count| back_off(count).as_secs()).collect();
        assert_eq!(seconds, [0, 1, 2, 4, 8, 10, 10]);
        assert_eq!(back_off(u32::MAX), BACK_OFF_MAX);
    }

    #[test]
    fn a_refused_pod_waits_for_a_change_and_then_goes_when_nothing_else_does() {
        let mut queue = SchedulingQueue::default();
        queue.add(with_priority("a", 0), Instant::ZERO, None);
        let mut pod = queue.pop().expect("a pod");
        pod.rejected_by.insert(PluginId::NodeResourcesFit);
        queue.put_back(pod, Failure::Refused, Instant::ZERO);
        assert_eq!(popped(&mut queue), None);
        assert!(queue.parked_by(&[PluginId::NodePorts]).is_empty());
        let keys = queue.parked_by(&[PluginId::NodeResourcesFit]);
        assert_eq!(keys.len(), 1);
        for key in &keys {
            queue.requeue(key, Instant::ZERO, None);
        }
        assert_eq!(queue.next_back_off(), Some(Instant::from_secs(1)));
        queue.add(with_priority("b", -1), Instant::ZERO, None);
        assert_eq!(popped(&mut queue).as_deref(), Some("b"));
        assert_eq!(popped(&mut queue).as_deref(), Some("a"));
    }

    #[test]
    fn after_an_error_the_back_off_is_waited_out() {
        let mut queue = SchedulingQueue::default();
        queue.add(with_priority("a", 0), Instant::ZERO, None);
        let pod = queue.pop().expect("a pod");
        queue.put_back(pod, Failure::Error, Instant::ZERO);
        assert_eq!(popped(&mut queue), None);
        queue.flush_back_off(Instant::from_secs(1));
        assert_eq!(popped(&mut queue).as_deref(), Some("a"));
    }

    #[test]
    fn five_minutes_without_a_change_are_enough() {
        let mut queue = SchedulingQueue::default();
        queue.add(with_priority("a", 0), Instant::ZERO, None);
        let pod = queue.pop().expect("a pod");
        queue.put_back(pod, Failure::Refused, Instant::ZERO);
        queue.flush_unschedulable(Instant::from_secs(300));
        assert!(queue.has_unschedulable());
        queue.flush_unschedulable(Instant::from_secs(301));
        assert_eq!(popped(&mut queue).as_deref(), Some("a"));
    }

    #[test]
    fn a_gated_pod_is_not_tried() {
        let mut queue = SchedulingQueue::default();
        queue.add(
            pod(
                "a",
                json!({"containers": [], "schedulingGates": [{"name": "wait"}]}),
            ),
            Instant::ZERO,
            None,
        );
        assert_eq!(popped(&mut queue), None);
        queue.flush_unschedulable(Instant::from_secs(400));
        assert_eq!(popped(&mut queue), None);
    }
}
