//! What the kubelet knows of its node, and what all its parts use.

use super::images::Pull;
use super::worker::{Container, Ended, PodWorker, State};
use super::{NodeConfig, Timer, Wake};
use crate::api::core::ContainerStatus;
use crate::api::{Key, Lease, Name, Node, Object, Pod};
use crate::apiserver::DeleteOptions;
use crate::client::{Ctx, EventType, Recorder};
use crate::sim::trace::{Transition, What};
use crate::sim::{Instant, SECOND};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The runtime is asked so often what became of its containers (generic PLEG).
pub(super) const RELIST_PERIOD: Duration = SECOND;
/// A pod whose sync failed is looked at again after this, lengthened by up to a
/// half (`backOffPeriod`, `workerBackOffPeriodJitterFactor`).
const RESYNC_PERIOD: Duration = Duration::from_secs(10);

/// What admission has promised of the node.
#[derive(Clone, Debug, Default)]
pub(super) struct Committed {
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub pods: u64,
    pub ports: BTreeMap<(String, i32), u32>,
}

/// The node's side of the kubelet.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub config: NodeConfig,
    pub recorder: Recorder,
    pub boot: u32,
    pub node: Option<Arc<Node>>,
    pub registered: bool,
    pub pod_cidr: Option<String>,
    pub network_ready: bool,
    pub lease: Option<Arc<Lease>>,
    pub started_at: Instant,
    /// Images on disk by full name, with their sizes.
    pub images: BTreeMap<String, u64>,
    pub pulls: VecDeque<Pull>,
    pub committed: Committed,
}

impl Host {
    pub(super) fn new(config: NodeConfig) -> Self {
        let recorder = Recorder::new("kubelet", Some(config.name.clone()));
        Host {
            config,
            recorder,
            boot: 0,
            node: None,
            registered: false,
            pod_cidr: None,
            network_ready: false,
            lease: None,
            started_at: Instant::ZERO,
            images: BTreeMap::new(),
            pulls: VecDeque::new(),
            committed: Committed::default(),
        }
    }

    /// The same node after a reboot: only its disk is left.
    pub(super) fn rebooted(&self) -> Host {
        Host {
            boot: self.boot + 1,
            images: self.images.clone(),
            ..Host::new(self.config.clone())
        }
    }

    /// Sets a timer.
    pub(super) fn after(&self, ctx: &mut Ctx<'_, Timer>, delay: Duration, wake: Wake) {
        let boot = self.boot;
        ctx.after(delay, Timer { boot, wake });
    }

    /// Sets a timer to an instant.
    pub(super) fn timer_at(&self, ctx: &mut Ctx<'_, Timer>, at: Instant, wake: Wake) {
        let boot = self.boot;
        ctx.at(at, Timer { boot, wake });
    }

    /// When the runtime is next asked what became of its containers.
    pub(super) fn next_relist(&self, now: Instant) -> Instant {
        let period = RELIST_PERIOD.as_nanos() as u64;
        let passed = now.since(self.started_at).as_nanos() as u64 % period;
        now + Duration::from_nanos(period - passed)
    }

    /// When a pod whose sync failed is tried again.
    pub(super) fn next_resync(&self, ctx: &mut Ctx<'_, Timer>) -> Instant {
        let factor = 1.0 + ctx.sim.chance.unit() / 2.0;
        ctx.now() + RESYNC_PERIOD.mul_f64(factor)
    }

    /// Asks for a sync of the pod at `at`, or sooner where one is due sooner.
    pub(super) fn request_sync(
        &self,
        worker: &mut PodWorker,
        at: Instant,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        if worker.sync_at.is_some_and(|due| due <= at) {
            return;
        }
        worker.sync_at = Some(at);
        self.timer_at(ctx, at, Wake::Sync(worker.uid.clone()));
    }

    /// An event about the pod.
    pub(super) fn pod_event(
        &mut self,
        worker: &PodWorker,
        event_type: EventType,
        reason: &str,
        message: &str,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let about = Object::Pod(worker.api.as_ref().unwrap_or(&worker.pod).clone());
        self.recorder
            .event(ctx, &about, event_type, reason, message);
    }

    /// An event about one container of the pod.
    pub(super) fn container_event(
        &mut self,
        worker: &PodWorker,
        index: usize,
        event_type: EventType,
        reason: &str,
        message: &str,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let field = worker.containers.get(index).map(Container::field_path);
        let about = Object::Pod(worker.api.as_ref().unwrap_or(&worker.pod).clone());
        let field = field.unwrap_or_default();
        self.recorder
            .event_at_field(ctx, &about, &field, event_type, reason, message);
    }

    /// Writes a transition to the trace; what follows is caused by it.
    pub(super) fn record(
        &self,
        worker: &PodWorker,
        container: &str,
        transition: Transition,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let what = What::Container {
            node: self.config.name.clone(),
            namespace: worker.key.namespace.clone(),
            pod: worker.key.name.clone(),
            container: container.into(),
            transition,
        };
        ctx.cause = Some(ctx.trace(what));
    }

    /// Deletes a pod at once.
    pub(super) fn delete_now(&self, key: &Key, uid: &str, ctx: &mut Ctx<'_, Timer>) {
        let options = DeleteOptions {
            grace_period_seconds: Some(0),
            uid: Some(uid.to_owned()),
            ..DeleteOptions::default()
        };
        // Gone already is as good.
        let _gone = ctx.delete::<Pod>(key, options);
    }

    /// A worker for a pod that ran here before the kubelet did: its containers
    /// were lost with their sandbox.
    pub(super) fn remembered(&self, mut worker: PodWorker, ctx: &mut Ctx<'_, Timer>) -> PodWorker {
        let now = ctx.now();
        let Some(status) = worker.pod.status.clone() else {
            return worker;
        };
        if status.start_time.is_none() {
            return worker;
        }
        worker.start_time = status
            .start_time
            .map(|time| Instant::from_timestamp(time.0));
        if let Some(phase @ ("Succeeded" | "Failed")) = status.phase.as_deref() {
            worker.final_phase = Some(match phase {
                "Failed" => "Failed",
                _ => "Succeeded",
            });
        }
        let lists = [status.init_container_statuses, status.container_statuses];
        for before in lists.into_iter().flatten().flatten() {
            let mut containers = worker.containers.iter_mut();
            if let Some(container) = containers.find(|c| *c.name == *before.name) {
                remember(container, &before, now);
            }
        }
        worker
    }
}

/// Takes over what the API server knows of a container.
fn remember(container: &mut Container, before: &ContainerStatus, now: Instant) {
    container.restarts = before.restart_count as u32;
    container.instance = container.restarts + 1;
    let Some(id) = &before.container_id else {
        return;
    };
    container.created = true;
    container.id = id.as_str().into();
    container.image_id = before.image_id.as_str().into();
    container.image = before.image.as_str().into();
    let state = before.state.clone().unwrap_or_default();
    let last = before.last_state.clone().unwrap_or_default();
    if let Some(running) = state.running {
        // The runtime finds it dead after the reboot and cannot say how it died.
        container.state = State::Ended;
        container.ended = Some(Ended {
            code: 255,
            reason: "Unknown".into(),
            message: None,
            started: running
                .started_at
                .map(|time| Instant::from_timestamp(time.0)),
            at: now,
            id: container.id.clone(),
        });
        return;
    }
    if let Some(terminated) = state.terminated.or(last.terminated) {
        container.state = State::Ended;
        container.ended = Some(Ended {
            code: terminated.exit_code,
            reason: terminated.reason.unwrap_or_default().into(),
            message: terminated.message.map(Name::from),
            started: terminated
                .started_at
                .map(|time| Instant::from_timestamp(time.0)),
            at: terminated
                .finished_at
                .map_or(now, |time| Instant::from_timestamp(time.0)),
            id: terminated.container_id.unwrap_or_default().into(),
        });
    }
}
