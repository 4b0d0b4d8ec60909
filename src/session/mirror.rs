//! What the viewer knows of the cluster, by way of its watches; and which of it
//! the viewer has not been told yet.

use super::dirty::Dirty;
use super::protocol::{EventView, Sample, Update};
use super::view;
use crate::api::{
    Deployment, EndpointSlice, Event, Key, Kind, Name, Node, Pod, ReplicaSet, Resource, Service,
};
use crate::apiserver::{Selection, WatchEvent, WatcherId};
use crate::client::{Applied, Cache};
use crate::cluster::Cluster;
use crate::sim::trace::{Decision, Transition, What};
use crate::sim::{Instant, RecordId, SECOND};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Kinds that are mirrored.
const MIRRORED: [Kind; 7] = [
    Kind::Pod,
    Kind::Node,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::Service,
    Kind::EndpointSlice,
    Kind::Event,
];

/// Samples kept between two updates.
const SAMPLES_MAX: usize = 256;
/// Decisions and back-offs remembered.
const REMEMBERED_MAX: usize = 12_000;
/// Events that wait to be told; of more, the oldest go untold.
const EVENTS_MAX: usize = 2_000;
/// Events in one update.
const EVENTS_PER_UPDATE_MAX: usize = 120;

#[derive(Clone, Debug)]
pub(super) struct Mirror {
    watchers: Vec<WatcherId>,
    pub pods: Cache<Pod>,
    pub nodes: Cache<Node>,
    pub deployments: Cache<Deployment>,
    pub replica_sets: Cache<ReplicaSet>,
    pub services: Cache<Service>,
    pub slices: Cache<EndpointSlice>,
    pub events: Cache<Event>,
    dirty: Dirty,
    new_events: VecDeque<EventView>,
    phases: [u32; 5],
    restarts: u32,
    samples: Vec<Sample>,
    sample_due: Instant,
    /// The scheduler's last decision on each pod there is.
    pub decisions: BTreeMap<Key, Arc<Decision>>,
    /// Until when containers wait in back-off, and for how many seconds in all.
    back_offs: BTreeMap<(Key, Name), (Instant, u32)>,
    followed: RecordId,
}

impl Mirror {
    pub(super) fn new(cluster: &mut Cluster) -> Self {
        Mirror {
            watchers: MIRRORED
                .iter()
                .map(|kind| cluster.observe(Selection::all(*kind)))
                .collect(),
            pods: Cache::default(),
            nodes: Cache::default(),
            deployments: Cache::default(),
            replica_sets: Cache::default(),
            services: Cache::default(),
            slices: Cache::default(),
            events: Cache::default(),
            dirty: Dirty::default(),
            new_events: VecDeque::new(),
            phases: [0; 5],
            restarts: 0,
            samples: Vec::new(),
            sample_due: Instant::ZERO,
            decisions: BTreeMap::new(),
            back_offs: BTreeMap::new(),
            followed: RecordId::default(),
        }
    }

    /// Takes in what the watches bring.
    pub(super) fn observe(&mut self, cluster: &mut Cluster) {
        for index in 0..self.watchers.len() {
            for event in cluster.observed(self.watchers[index]) {
                self.take(&event);
            }
        }
        self.follow_trace(cluster);
        self.sample(cluster.now());
    }

    /// When a container's back-off ends, and how long it is in seconds.
    pub(super) fn back_off(&self, pod: &Key, container: &str) -> Option<(Instant, u32)> {
        self.back_offs
            .get(&(pod.clone(), container.into()))
            .copied()
    }

    fn follow_trace(&mut self, cluster: &Cluster) {
        for record in cluster.trace().since(self.followed) {
            match &record.what {
                // A plug that was pulled shows at once, long before the API knows.
                What::Fault { node, .. } => {
                    self.dirty.nodes.insert(node.clone());
                }
                What::Scheduling(decision) => {
                    let pod = Key::new(decision.namespace.clone(), decision.pod.clone());
                    remember(&mut self.decisions, pod, decision.clone());
                }
                What::Container {
                    namespace,
                    pod,
                    container,
                    transition,
                    ..
                } => {
                    let key = (Key::new(namespace.clone(), pod.clone()), container.clone());
                    match transition {
                        Transition::BackOff { until, seconds, .. } => {
                            remember(&mut self.back_offs, key, (*until, *seconds));
                        }
                        Transition::Started => drop(self.back_offs.remove(&key)),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        self.followed = cluster.trace().next_id();
    }

    fn take(&mut self, event: &WatchEvent) {
        match event.object.kind() {
            Kind::Pod => self.take_pod(event),
            Kind::Node => {
                if let Some(change) = self.nodes.apply(event) {
                    match (&change.before, &change.after) {
                        (_, Some(node)) => drop(self.dirty.nodes.insert(node.name().into())),
                        (Some(node), None) => self.dirty.gone.nodes.push(node.name().into()),
                        (None, None) => {}
                    }
                }
            }
            Kind::Deployment => {
                let change = self.deployments.apply(event);
                self.mark_workload(change);
            }
            Kind::ReplicaSet => {
                let change = self.replica_sets.apply(event);
                self.mark_workload(change);
            }
            Kind::Service => {
                if let Some(change) = self.services.apply(event) {
                    match (&change.before, &change.after) {
                        (_, Some(service)) => drop(self.dirty.services.insert(service.key())),
                        (Some(service), None) => {
                            self.dirty.gone.services.push(service.uid().into())
                        }
                        (None, None) => {}
                    }
                }
            }
            Kind::EndpointSlice => {
                if let Some(change) = self.slices.apply(event) {
                    for slice in [change.before, change.after].into_iter().flatten() {
                        self.dirty.services.extend(view::service_of(&slice));
                    }
                }
            }
            Kind::Event => {
                let change = self.events.apply(event);
                if let Some(event) = change.and_then(|change| change.after) {
                    self.new_events.push_back(view::event(&event));
                    if self.new_events.len() > EVENTS_MAX {
                        self.new_events.pop_front();
                    }
                }
            }
            _ => {}
        }
    }

    fn take_pod(&mut self, event: &WatchEvent) {
        let Some(Applied { before, after }) = self.pods.apply(event) else {
            return;
        };
        let known = before
            .as_ref()
            .filter(|_| event.change != crate::sim::trace::Change::Added);
        if let Some(pod) = known {
            self.phases[view::phase_index(pod)] =
                self.phases[view::phase_index(pod)].saturating_sub(1);
            self.restarts = self.restarts.saturating_sub(view::restarts(pod));
        }
        for pod in [&before, &after].into_iter().flatten() {
            if let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) {
                self.dirty.nodes.insert(node.into());
            }
        }
        match (before, after) {
            (before, Some(pod)) => {
                self.phases[view::phase_index(&pod)] += 1;
                self.restarts += view::restarts(&pod);
                // A name can be used again by another pod.
                if let Some(old) = before.filter(|old| old.uid() != pod.uid()) {
                    self.dirty.gone.pods.push(old.uid().into());
                }
                self.dirty.pods.insert(pod.key());
            }
            (Some(pod), None) => {
                self.dirty.pods.remove(&pod.key());
                self.forget(&pod);
                self.dirty.gone.pods.push(pod.uid().into());
            }
            (None, None) => {}
        }
    }

    fn forget(&mut self, pod: &Pod) {
        let key = pod.key();
        self.decisions.remove(&key);
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        for container in containers {
            self.back_offs
                .remove(&(key.clone(), container.name.as_str().into()));
        }
    }

    fn mark_workload<K: Resource>(&mut self, change: Option<Applied<K>>) {
        let Some(change) = change else { return };
        match (change.before, change.after) {
            (_, Some(object)) => drop(self.dirty.workloads.insert((K::KIND, object.key()))),
            (Some(object), None) => self.dirty.gone.workloads.push(object.uid().into()),
            (None, None) => {}
        }
    }

    /// One sample a virtual second, or fewer where time runs fast.
    fn sample(&mut self, now: Instant) {
        if now < self.sample_due || self.samples.len() >= SAMPLES_MAX {
            return;
        }
        self.sample_due = now + SECOND;
        self.samples.push(Sample {
            at: now,
            phases: self.phases,
            restarts: self.restarts,
        });
    }

    /// Writes what changed since the last update, and forgets that it did.
    pub(super) fn write_changes(&mut self, cluster: &Cluster, update: &mut Update) {
        let dirty = self.dirty.take();
        update.pods_gone = dirty.gone.pods;
        update.nodes_gone = dirty.gone.nodes;
        update.workloads_gone = dirty.gone.workloads;
        update.services_gone = dirty.gone.services;
        let nodes = dirty
            .nodes
            .iter()
            .filter_map(|name| self.nodes.get(&Key::new("", name.clone())));
        update.nodes = nodes.map(|node| view::node(self, cluster, node)).collect();
        let pods = dirty.pods.iter().filter_map(|key| self.pods.get(key));
        update.pods = pods.map(|pod| view::pod(self, pod)).collect();
        update.workloads = dirty
            .workloads
            .iter()
            .filter_map(|(kind, key)| view::workload(self, *kind, key))
            .collect();
        let services = dirty
            .services
            .iter()
            .filter_map(|key| self.services.get(key));
        update.services = services
            .map(|service| view::service(self, service))
            .collect();
        let events = self.new_events.len().min(EVENTS_PER_UPDATE_MAX);
        update.events = self.new_events.drain(..events).collect();
        update.samples = std::mem::take(&mut self.samples);
    }
}

fn remember<K: Ord, V>(memory: &mut BTreeMap<K, V>, key: K, value: V) {
    if memory.len() < REMEMBERED_MAX || memory.contains_key(&key) {
        memory.insert(key, value);
    }
}
