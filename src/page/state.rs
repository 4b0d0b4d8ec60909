//! The page's mirror of the cluster. It lives outside of the components and is
//! read by the stage at every frame.

use crate::api::Key;
use crate::session::protocol::*;
use crate::sim::trace::{Actor, Decision, Journey, Name, Record, What};
use crate::sim::{Instant, RecordId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Records that the page keeps.
pub const RECORDS_MAX: usize = 6_000;
/// Kubernetes events that the page keeps.
pub const EVENTS_MAX: usize = 2_000;
/// Marks of the timeline that the page keeps.
pub const MARKS_MAX: usize = 4_000;
/// Samples for the charts that the page keeps.
pub const SAMPLES_MAX: usize = 3_600;
/// Journeys and decisions that the page keeps.
pub const STORIES_MAX: usize = 200;

/// The cluster as the page knows it.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Grows with every update.
    pub version: u64,
    /// Clock and transport, as of the last update.
    pub clock: ClockView,
    /// Nodes by name.
    pub nodes: BTreeMap<Name, NodeView>,
    /// Pods by uid.
    pub pods: BTreeMap<Name, PodView>,
    /// Workloads by uid.
    pub workloads: BTreeMap<Name, WorkloadView>,
    /// Services by uid.
    pub services: BTreeMap<Name, ServiceView>,
    /// The newest template of each workload, by the workload's key.
    pub templates: BTreeMap<Key, Name>,
    /// Pods by namespace and name.
    pub pod_uids: BTreeMap<Key, Name>,
    /// The latest records, oldest first.
    pub records: VecDeque<Arc<Record>>,
    /// Kubernetes events, oldest first.
    pub events: VecDeque<EventView>,
    /// How many came so far: the number of the newest.
    pub events_told: u64,
    /// Marks for the timeline, oldest first.
    pub marks: VecDeque<Mark>,
    /// Samples for the charts, oldest first.
    pub samples: VecDeque<Sample>,
    /// Journeys with the records that told of them, oldest first.
    pub journeys: VecDeque<(RecordId, Arc<Journey>)>,
    /// The scheduler's last decision about each pod, by its key.
    pub decisions: BTreeMap<Key, Arc<Decision>>,
    /// When each node's kubelet last renewed its lease.
    pub heartbeats: BTreeMap<Name, Instant>,
    /// Rules that each node's kube-proxy wrote last.
    pub rules: BTreeMap<Name, u32>,
    /// Controllers that have been seen at work.
    pub controllers: BTreeSet<Name>,
    /// About the inspected subject.
    pub detail: Option<Box<Detail>>,
    /// The scenario that runs.
    pub scenario: ScenarioView,
}

/// What an update changed, as far as motion is concerned.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Everything is new.
    pub whole: bool,
    /// Pods that are new, or on another node than before, by uid.
    pub moved: Vec<Name>,
    /// Pods that are gone, as they were.
    pub gone: Vec<PodView>,
    /// Pods whose state changed, with the state that they had.
    pub states: Vec<(Name, PodState)>,
    /// Whether a node came, went or changed.
    pub nodes: bool,
    /// What happened.
    pub records: Vec<Arc<Record>>,
    /// What happened besides, counted.
    pub bundles: Vec<Bundle>,
}

impl World {
    /// Takes in what the engine told. Answers to commands stay in the update.
    pub fn apply(&mut self, update: &mut Update) -> Changes {
        let mut changes = Changes {
            whole: update.whole,
            ..Changes::default()
        };
        if update.whole {
            let version = self.version;
            *self = World {
                version,
                ..World::default()
            };
        }
        self.version += 1;
        self.clock = update.clock;
        self.apply_nodes(update, &mut changes);
        self.apply_pods(update, &mut changes);
        for uid in update.workloads_gone.drain(..) {
            if let Some(workload) = self.workloads.remove(&uid)
                && workload.owner.is_empty()
            {
                self.templates.remove(&workload.key);
            }
        }
        for workload in update.workloads.drain(..) {
            if workload.owner.is_empty() {
                self.templates
                    .insert(workload.key.clone(), workload.template_hash.clone());
            }
            self.workloads.insert(workload.uid.clone(), workload);
        }
        for uid in update.services_gone.drain(..) {
            self.services.remove(&uid);
        }
        for service in update.services.drain(..) {
            self.services.insert(service.uid.clone(), service);
        }
        for record in &update.records {
            self.learn(record);
        }
        // Heartbeats are too many to be told singly.
        for bundle in &update.bundles {
            if let Actor::Kubelet(node) = &bundle.actor
                && bundle.call
                && &*bundle.resource == "leases"
            {
                self.heartbeats.insert(node.clone(), bundle.at);
            }
        }
        changes.records = std::mem::take(&mut update.records);
        changes.bundles = std::mem::take(&mut update.bundles);
        keep(
            &mut self.records,
            changes.records.iter().cloned(),
            RECORDS_MAX,
        );
        self.events_told += update.events.len() as u64;
        keep(&mut self.events, update.events.drain(..), EVENTS_MAX);
        keep(&mut self.marks, update.marks.drain(..), MARKS_MAX);
        keep(&mut self.samples, update.samples.drain(..), SAMPLES_MAX);
        if let Some(detail) = update.detail.take() {
            self.detail = Some(detail);
        }
        if let Some(scenario) = update.scenario.take() {
            self.scenario = scenario;
        }
        changes
    }

    fn apply_nodes(&mut self, update: &mut Update, changes: &mut Changes) {
        changes.nodes = !update.nodes.is_empty() || !update.nodes_gone.is_empty();
        for name in update.nodes_gone.drain(..) {
            self.nodes.remove(&name);
        }
        for node in update.nodes.drain(..) {
            self.nodes.insert(node.name.clone(), node);
        }
    }

    fn apply_pods(&mut self, update: &mut Update, changes: &mut Changes) {
        for uid in update.pods_gone.drain(..) {
            if let Some(pod) = self.pods.remove(&uid) {
                // The name may already belong to a successor.
                if self.pod_uids.get(&pod.key) == Some(&uid) {
                    self.pod_uids.remove(&pod.key);
                }
                self.decisions.remove(&pod.key);
                changes.gone.push(pod);
            }
        }
        for pod in update.pods.drain(..) {
            let uid = pod.uid.clone();
            self.pod_uids.insert(pod.key.clone(), uid.clone());
            match self.pods.get(&uid) {
                None => changes.moved.push(uid.clone()),
                Some(old) => {
                    if old.node != pod.node {
                        changes.moved.push(uid.clone());
                    }
                    if old.state != pod.state {
                        changes.states.push((uid.clone(), old.state));
                    }
                }
            }
            self.pods.insert(uid, pod);
        }
    }

    fn learn(&mut self, record: &Arc<Record>) {
        // The manager's own calls (its election, its informers) are no controller's.
        if let Actor::Controller(name) = &record.actor
            && &**name != "kube-controller-manager"
            && !self.controllers.contains(name)
        {
            self.controllers.insert(name.clone());
        }
        match &record.what {
            What::Scheduling(decision) => {
                let key = Key::new(decision.namespace.clone(), decision.pod.clone());
                self.decisions.insert(key, decision.clone());
            }
            What::Journey(journey) => keep(
                &mut self.journeys,
                [(record.id, journey.clone())],
                STORIES_MAX,
            ),
            What::RulesWritten { node, rules } => {
                self.rules.insert(node.clone(), *rules);
            }
            _ => {}
        }
    }

    /// A pod by its namespace and name.
    pub fn pod(&self, key: &Key) -> Option<&PodView> {
        self.pods.get(self.pod_uids.get(key)?)
    }

    /// The workload whose pod this is.
    pub fn workload_of(&self, pod: &PodView) -> Option<&WorkloadView> {
        if pod.workload.is_empty() {
            return None;
        }
        let named = || {
            self.workloads.values().filter(|workload| {
                workload.key.name == pod.workload && workload.key.namespace == pod.key.namespace
            })
        };
        named()
            .find(|workload| workload.owner.is_empty())
            .or_else(|| named().next())
    }

    /// Whether a pod is of an older template than the newest of its workload.
    pub fn outdated(&self, pod: &PodView) -> bool {
        if pod.revision.is_empty() || pod.workload.is_empty() {
            return false;
        }
        let key = Key::new(pod.key.namespace.clone(), pod.workload.clone());
        self.templates
            .get(&key)
            .is_some_and(|newest| !newest.is_empty() && *newest != pod.revision)
    }

    /// Virtual time `wall_seconds` after the last update came, so that rings and
    /// clocks run smoothly between updates.
    pub fn now(&self, wall_seconds: f64) -> Instant {
        if !self.clock.playing || !self.clock.speed_reached.is_finite() {
            return self.clock.now;
        }
        let ahead = (wall_seconds.clamp(0.0, 0.5) * self.clock.speed_reached).clamp(0.0, 60.0);
        self.clock.now + std::time::Duration::from_secs_f64(ahead)
    }
}

fn keep<T>(queue: &mut VecDeque<T>, new: impl IntoIterator<Item = T>, max: usize) {
    queue.extend(new);
    if queue.len() > max {
        queue.drain(..queue.len() - max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;

    #[test]
    fn an_update_changes_only_what_it_names() {
        let mut world = World::default();
        let changes = world.apply(&mut fixture::small());
        assert!(changes.whole);
        assert_eq!(changes.moved.len(), world.pods.len());

        let mut pod = fixture::pod("x2x9z", "web", Some("node-1"));
        pod.state = PodState::BackOff;
        let before = world.pods.len();
        let changes = world.apply(&mut Update {
            pods: vec![pod],
            pods_gone: vec!["uid-p8k4d".into()],
            ..Update::default()
        });
        assert_eq!(world.pods.len(), before - 1);
        assert_eq!(changes.states, [("uid-x2x9z".into(), PodState::Running)]);
        assert_eq!(changes.gone.len(), 1);
        assert!(changes.moved.is_empty());
        assert!(!world.nodes.is_empty());
    }

    #[test]
    fn a_successor_of_the_same_name_keeps_its_place_in_the_index() {
        let mut world = World::default();
        let mut old = fixture::pod("a", "db", Some("node-1"));
        old.key = Key::new("default", "db-0");
        let mut new = old.clone();
        new.uid = "uid-b".into();
        world.apply(&mut Update {
            pods: vec![old],
            ..Update::default()
        });
        world.apply(&mut Update {
            pods: vec![new],
            ..Update::default()
        });
        world.apply(&mut Update {
            pods_gone: vec!["uid-a".into()],
            ..Update::default()
        });
        let found = world.pod(&Key::new("default", "db-0"));
        assert_eq!(found.map(|pod| &*pod.uid), Some("uid-b"));
    }

    #[test]
    fn old_revisions_are_told_from_new_ones() {
        let mut world = World::default();
        world.apply(&mut fixture::small());
        let mut pod = fixture::pod("q", "web", None);
        assert!(!world.outdated(&pod));
        pod.revision = "aaaa".into();
        assert!(world.outdated(&pod));
        pod.workload = "nobody".into();
        assert!(!world.outdated(&pod));
    }

    #[test]
    fn heartbeats_are_known_though_they_come_only_as_counts() {
        let mut world = World::default();
        let at = Instant::from_secs(7);
        world.apply(&mut Update {
            bundles: vec![Bundle {
                actor: Actor::Kubelet("node-1".into()),
                call: true,
                resource: "leases".into(),
                count: 3,
                at,
            }],
            ..Update::default()
        });
        assert_eq!(world.heartbeats.get("node-1"), Some(&at));
    }

    #[test]
    fn the_clock_runs_between_updates_only_while_time_does() {
        let mut world = World::default();
        world.clock.speed_reached = 10.0;
        assert_eq!(world.now(0.1), Instant::ZERO);
        world.clock.playing = true;
        assert_eq!(world.now(0.1), Instant::from_secs(1));
    }
}
