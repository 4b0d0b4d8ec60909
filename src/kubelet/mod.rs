//! The kubelet of a node: registers the node, keeps its lease, admits pods,
//! pulls images, runs containers, probes them, stops them, and tells the API
//! server how they are.
//!
//! **Invariant:** a pod's worker does one thing at a time, and a step of the
//! kubelet touches one pod only: nothing costs work proportional to the pods of
//! the node.

mod admission;
mod ask;
mod backoff;
mod config;
mod containers;
mod duration;
mod environment;
mod exec;
mod hooks;
mod host;
mod images;
mod mounts;
mod node;
mod phase;
mod probes;
mod reach;
pub mod runtime;
mod static_pods;
mod status;
mod sync;
mod termination;
mod wire;
mod worker;
mod writer;

#[cfg(test)]
mod tests;

pub use config::NodeConfig;
pub use exec::{ExecError, ExecNews, ExecRequest};

use crate::api::{Key, Kind, Name, Node, Object, Pod, Resource};
use crate::apiserver::{Selection, WatchEvent, WatcherId};
use crate::client::Ctx;
use crate::network::Network;
use crate::sim::trace::Change;
use ask::Answer;
use host::Host;
use probes::ProbeKind;
use std::collections::BTreeMap;
use std::sync::Arc;
use worker::{Container, PodWorker, Stage, State};

/// What wakes a kubelet. Timers from before a reboot are not heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Timer {
    boot: u32,
    wake: Wake,
}

/// One container of one pod, as it was when the timer was set: pod uid, index
/// among the worker's containers, instance.
type At = (Name, usize, u32);

#[derive(Clone, Debug, PartialEq)]
enum Wake {
    Register,
    NodeReady,
    Lease,
    NodeStatus,
    ImagePulled,
    Sync(Name),
    SandboxMade(Name),
    ContainerMade(At),
    Process(At),
    PreStopped(At),
    Kill(At),
    PostStarted(At),
    Probe(At, ProbeKind),
    ProbeAnswered(At, ProbeKind, Answer),
    Reclaim(Name),
    Exec(u64),
}

/// The kubelet of one node.
#[derive(Clone, Debug)]
pub struct Kubelet {
    host: Host,
    pods: BTreeMap<Name, Arc<PodWorker>>,
    /// Uid of the worker of each pod.
    by_key: BTreeMap<Key, Name>,
    watches: Vec<WatcherId>,
    /// Commands that somebody runs in containers.
    execs: BTreeMap<u64, exec::Exec>,
    next_exec: u64,
}

impl Kubelet {
    /// A kubelet that has not started yet.
    pub fn new(config: NodeConfig) -> Self {
        Kubelet {
            host: Host::new(config),
            pods: BTreeMap::new(),
            by_key: BTreeMap::new(),
            watches: Vec::new(),
            execs: BTreeMap::new(),
            next_exec: 0,
        }
    }

    /// The node's name.
    pub fn node_name(&self) -> &Name {
        &self.host.config.name
    }

    /// Registers the node, begins its watches, starts the static pods.
    pub fn start(&mut self, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        wire::connect(net, &self.host);
        self.host.begin(ctx);
        let name = self.node_name().clone();
        let node = Selection {
            name: Some(name.clone()),
            ..Selection::all(Kind::Node)
        };
        self.watches = vec![ctx.watch(node), ctx.watch(Selection::pods_of_node(name))];
        for worker in static_pods::workers(&self.host.config) {
            self.adopt(worker, ctx, net);
        }
    }

    /// The node has power again: every sandbox is gone, and nothing is
    /// remembered but the images on its disk.
    pub fn power_on(&mut self, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        for watch in self.watches.drain(..) {
            ctx.api.unwatch(watch);
        }
        for (uid, worker) in &self.pods {
            wire::detach(net, &self.host, uid, worker);
        }
        self.pods = BTreeMap::new();
        self.by_key = BTreeMap::new();
        self.execs = BTreeMap::new();
        self.host = self.host.rebooted();
        self.start(ctx, net);
    }

    /// Takes changes of the node and of its pods.
    pub fn on_watch(
        &mut self,
        events: Vec<WatchEvent>,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        for event in events {
            ctx.cause = event.cause;
            match &event.object {
                Object::Node(node) => self.on_node(event.change, node, ctx),
                Object::Pod(pod) => self.on_pod(event.change, pod, ctx, net),
                _ => {}
            }
        }
    }

    fn on_node(&mut self, change: Change, node: &Arc<Node>, ctx: &mut Ctx<'_, Timer>) {
        match change {
            Change::Deleted => self.host.node = None,
            _ => self.host.see_node(node.clone(), ctx),
        }
    }

    fn on_pod(
        &mut self,
        change: Change,
        pod: &Arc<Pod>,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        if static_pods::is_mirror(pod) {
            return self.on_mirror(change, pod, ctx);
        }
        let uid: Name = pod.uid().into();
        if change == Change::Deleted {
            return self.on_deleted(&uid, ctx);
        }
        if !self.pods.contains_key(&uid) {
            let worker = self
                .host
                .remembered(PodWorker::new(uid, pod.clone(), false), ctx);
            return self.adopt(worker, ctx, net);
        }
        self.with_pod(&uid, |host, worker| {
            if worker
                .api
                .as_ref()
                .is_some_and(|api| version(pod) < version(api))
            {
                // Its own later write was answered before this came.
                return;
            }
            let only_status = worker.api.as_ref().is_some_and(|api| {
                api.metadata.generation == pod.metadata.generation
                    && api.metadata.deletion_timestamp == pod.metadata.deletion_timestamp
                    && api.metadata.deletion_grace_period_seconds
                        == pod.metadata.deletion_grace_period_seconds
                    && !gates_changed(api, pod)
            });
            worker.pod = pod.clone();
            worker.api = Some(pod.clone());
            // Its own status coming back is no news.
            if !only_status {
                host.request_sync(worker, ctx.now(), ctx);
            }
        });
    }

    fn on_mirror(&mut self, change: Change, pod: &Arc<Pod>, ctx: &mut Ctx<'_, Timer>) {
        let Some(uid) = self.by_key.get(&pod.key()).cloned() else {
            // Its manifest is gone.
            return self.host.delete_now(&pod.key(), pod.uid(), ctx);
        };
        self.with_pod(&uid, |host, worker| {
            let unknown = worker.api.is_none();
            worker.api = (change != Change::Deleted).then(|| pod.clone());
            worker.written = None;
            if unknown || change == Change::Deleted || pod.metadata.deletion_timestamp.is_some() {
                host.request_sync(worker, ctx.now(), ctx);
            }
        });
    }

    fn on_deleted(&mut self, uid: &Name, ctx: &mut Ctx<'_, Timer>) {
        self.with_pod(uid, |host, worker| {
            worker.gone = true;
            host.request_sync(worker, ctx.now(), ctx);
        });
    }

    fn adopt(&mut self, worker: PodWorker, ctx: &mut Ctx<'_, Timer>, _net: &mut Network) {
        let mut worker = worker;
        self.host.request_sync(&mut worker, ctx.now(), ctx);
        self.by_key.insert(worker.key.clone(), worker.uid.clone());
        self.pods.insert(worker.uid.clone(), Arc::new(worker));
    }

    /// Lets `act` work on one pod.
    fn with_pod<R>(
        &mut self,
        uid: &Name,
        act: impl FnOnce(&mut Host, &mut PodWorker) -> R,
    ) -> Option<R> {
        // Taken out, so that a worker that nobody else holds is not copied.
        let mut worker = self.pods.remove(uid)?;
        let result = act(&mut self.host, Arc::make_mut(&mut worker));
        let over = worker.stage == Stage::Terminated && worker.gone;
        if !over {
            self.pods.insert(uid.clone(), worker);
        } else if self.by_key.get(&worker.key) == Some(uid) {
            self.by_key.remove(&worker.key);
        }
        Some(result)
    }

    /// Does what a timer was set for.
    pub fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        if timer.boot != self.host.boot {
            return;
        }
        match timer.wake {
            Wake::Register => self.host.register(ctx),
            Wake::NodeReady => self.on_node_ready(ctx, net),
            Wake::Lease => self.host.renew_lease(ctx),
            Wake::NodeStatus => self.host.report_node(ctx),
            Wake::ImagePulled => self.on_image_pulled(ctx, net),
            Wake::Sync(uid) => {
                self.with_pod(&uid, |host, worker| host.sync_due(worker, ctx, net));
            }
            Wake::SandboxMade(uid) => {
                self.with_pod(&uid, |host, worker| host.sandbox_made(worker, ctx, net));
            }
            Wake::Reclaim(uid) => {
                self.with_pod(&uid, |host, worker| host.reclaim(worker, ctx));
            }
            Wake::Exec(id) => self.step_exec(id, ctx, net),
            Wake::ContainerMade(at) => self.at(at, |host, worker, index| {
                host.container_made(worker, index, ctx, net)
            }),
            Wake::Process(at) => {
                self.at(at, |host, worker, index| host.step(worker, index, ctx, net));
            }
            Wake::PreStopped(at) => {
                self.at(at, |host, worker, index| {
                    host.signal(worker, index, ctx, net)
                });
            }
            Wake::Kill(at) => {
                self.at(at, |host, worker, index| host.kill(worker, index, ctx, net));
            }
            Wake::PostStarted(at) => self.at(at, |host, worker, index| {
                host.post_started(worker, index, ctx, net)
            }),
            Wake::Probe(at, kind) => self.at(at, |host, worker, index| {
                host.probe_due(worker, index, kind, ctx, net)
            }),
            Wake::ProbeAnswered(at, kind, answer) => self.at(at, |host, worker, index| {
                host.probe_answered(worker, index, (kind, answer), ctx, net)
            }),
        }
    }

    /// Works on one container, if it is still the instance that was meant.
    fn at(
        &mut self,
        (uid, index, instance): At,
        act: impl FnOnce(&mut Host, &mut PodWorker, usize),
    ) {
        self.with_pod(&uid, |host, worker| {
            let container = worker.containers.get(index);
            if container.is_some_and(|container| container.instance == instance) {
                act(host, worker, index);
            }
        });
    }

    fn on_node_ready(&mut self, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        self.host.network_up(ctx, net);
        // Pods that wait for the network try again; those of the host's own
        // namespace can be reached only now.
        let uids: Vec<Name> = self.pods.keys().cloned().collect();
        for uid in uids {
            self.with_pod(&uid, |host, worker| {
                if worker.host_network() {
                    wire::listen_all(net, host, worker);
                }
                host.request_sync(worker, ctx.now(), ctx);
            });
        }
    }

    fn on_image_pulled(&mut self, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        let Some(pull) = self.host.pull_done(ctx) else {
            return;
        };
        self.with_pod(&pull.uid.clone(), |host, worker| {
            host.pulled(worker, pull, ctx, net)
        });
        self.host.pull_next(ctx);
    }

    /// Kills a container's process from outside, as a bug or the kernel would.
    /// Answers whether it ran.
    pub fn kill_container(
        &mut self,
        pod: &Key,
        container: &str,
        exit_code: i32,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> bool {
        let Some(uid) = self.by_key.get(pod).cloned() else {
            return false;
        };
        let killed = self.with_pod(&uid, |host, worker| {
            let mut containers = worker.containers.iter();
            let index = containers.position(|c| *c.name == *container && c.is_running())?;
            host.exited(worker, index, exit_code, ctx, net);
            Some(())
        });
        killed.flatten().is_some()
    }

    /// What a container wrote, oldest first; of the instance before with
    /// `previous`.
    pub fn log(&self, pod: &Key, container: &str, previous: bool) -> Option<&runtime::Log> {
        let container = self.container(pod, container)?;
        Some(match previous {
            true => &container.previous_log,
            false => &container.log,
        })
    }

    /// The number of a container's present instance, and whether it runs.
    pub fn instance(&self, pod: &Key, container: &str) -> Option<(u32, bool)> {
        let container = self.container(pod, container)?;
        Some((container.instance, container.is_running()))
    }

    /// Whether a container's process runs now.
    pub fn is_running(&self, pod: &Key, container: &str) -> bool {
        let container = self.container(pod, container);
        container.is_some_and(|container| matches!(container.state, State::Running(_)))
    }

    /// Names of the containers of a pod, init containers first.
    pub fn containers(&self, pod: &Key) -> Vec<Name> {
        let worker = self.by_key.get(pod).and_then(|uid| self.pods.get(uid));
        let containers = worker.map(|worker| worker.containers.as_slice());
        containers
            .unwrap_or_default()
            .iter()
            .map(|container| container.name.clone())
            .collect()
    }

    fn container(&self, pod: &Key, name: &str) -> Option<&Container> {
        let worker = self.pods.get(self.by_key.get(pod)?)?;
        worker
            .containers
            .iter()
            .find(|container| *container.name == *name)
    }
}

fn version(pod: &Pod) -> u64 {
    let text = pod.metadata.resource_version.as_deref();
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Whether a readiness gate's condition changed, which is somebody else's.
fn gates_changed(before: &Pod, after: &Pod) -> bool {
    let gates = after
        .spec
        .as_ref()
        .and_then(|spec| spec.readiness_gates.as_ref());
    let status = |pod: &Pod, name: &str| {
        let status = pod.status.as_ref()?;
        let mut conditions = status.conditions.iter().flatten();
        conditions
            .find(|condition| condition.type_ == name)
            .map(|condition| condition.status.clone())
    };
    gates
        .into_iter()
        .flatten()
        .any(|gate| status(before, &gate.condition_type) != status(after, &gate.condition_type))
}
