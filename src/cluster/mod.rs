//! The cluster: components and nodes wired together, stepped by events.
//!
//! **Invariant:** components touch each other only through the API server and,
//! on a node, through its network. Here is only the wiring: who is woken when.

mod bootstrap;
mod control_plane;
mod core;
mod door;
mod event;
mod faults;
pub mod invariants;
mod machine;
mod spec;

pub use faults::FaultError;
pub use spec::{CONTROL_PLANE, ClusterSpec};

use self::control_plane::{ControlPlane, Program};
use self::core::Core;
use crate::api::Name;
use crate::apiserver::{ApiServer, Request, Response, Selection, WatchEvent, WatcherId, http};
use crate::client::Ctx;
use crate::controllers::cloud::CloudController;
use crate::controllers::{self, ControllerManager};
use crate::kubelet::Kubelet;
use crate::network::Network;
use crate::network::Send;
use crate::network::dns::CoreDns;
use crate::scheduler::{self, Scheduler};
use crate::sim::trace::{Journey, Trace};
use crate::sim::{Actor, Cause, Instant, SECOND};
use event::Event;
use machine::Machine;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A cluster that has not come to rest by then never will.
const SETTLE_MAX: Instant = Instant::from_secs(180);

/// A whole cluster. A clone is a checkpoint: it goes on independently and alike.
#[derive(Clone, Debug)]
pub struct Cluster {
    spec: ClusterSpec,
    core: Core,
    control_plane: ControlPlane,
    scheduler: Scheduler,
    controllers: ControllerManager,
    cloud: CloudController,
    network: Network,
    machines: Vec<Machine>,
    machine_by_name: BTreeMap<Name, u32>,
}

/// How far [`Cluster::advance`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Events that were processed.
    pub events: u32,
    /// Whether everything up to the instant asked for has happened; if not, the
    /// budget was spent first.
    pub reached: bool,
}

impl Cluster {
    /// A cluster whose components have just been started, at instant zero.
    pub fn new(spec: ClusterSpec) -> Self {
        let mut cluster = Cluster::bare(spec);
        cluster.bootstrap();
        cluster
    }

    fn bare(spec: ClusterSpec) -> Self {
        Cluster {
            core: Core::new(spec.seed),
            control_plane: ControlPlane::default(),
            scheduler: Scheduler::new(),
            controllers: bootstrap::new_controller_manager(&spec),
            cloud: bootstrap::new_cloud_controller(),
            network: bootstrap::new_network(&spec),
            machines: Vec::new(),
            machine_by_name: BTreeMap::new(),
            spec,
        }
    }

    /// A control plane alone: API server, scheduler and controllers as
    /// `kube-apiserver` and its companions start by hand, and no machine.
    pub fn without_machines(seed: u64) -> Self {
        let spec = ClusterSpec {
            nodes: 0,
            seed,
            ..ClusterSpec::default()
        };
        let mut cluster = Cluster::bare(spec);
        cluster.bootstrap_control_plane();
        cluster
    }

    /// A cluster that has come to rest: every node is Ready, and so is every pod
    /// of kube-system. What a user finds who opens a page.
    pub fn settled(spec: ClusterSpec) -> Self {
        let mut cluster = Cluster::new(spec);
        while !bootstrap::is_settled(&cluster) && cluster.now() < SETTLE_MAX {
            let until = cluster.now() + SECOND;
            cluster.advance(until, u32::MAX);
        }
        cluster
    }

    /// What it was made of.
    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        self.core.sim.now
    }

    /// What happened, and why.
    pub fn trace(&self) -> &Trace {
        &self.core.sim.trace
    }

    /// The API server, to look at.
    pub fn api(&self) -> &ApiServer {
        &self.core.api
    }

    /// The network, to look at.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The DNS server, to look at.
    pub fn dns(&self) -> &CoreDns {
        self.network.dns()
    }

    /// The kubelet of a node, to look at.
    pub fn kubelet(&self, node: &str) -> Option<&Kubelet> {
        self.machine(node).map(|machine| &machine.kubelet)
    }

    /// Whether a node has power.
    pub fn is_powered(&self, node: &str) -> bool {
        self.machine(node).is_some_and(|machine| machine.powered)
    }

    /// Every node, the control plane's first.
    pub fn node_names(&self) -> impl Iterator<Item = Name> {
        self.machines.iter().map(|machine| machine.name.clone())
    }

    /// When the next event happens.
    pub fn next_event_at(&self) -> Option<Instant> {
        self.core.queue.next_at()
    }

    /// A request from outside (kubectl, the page), answered at once.
    pub fn request(&mut self, request: Request) -> Response {
        let response = self.core.api.handle(&mut self.core.sim, None, request);
        self.core.send_deliveries();
        response
    }

    /// Sets flags of the API server.
    pub fn configure_api(&mut self, config: crate::apiserver::Config) {
        self.core.api.configure(config);
    }

    /// An HTTP request from outside, answered at once or with a stream.
    pub fn http(
        &mut self,
        method: &str,
        path_and_query: &str,
        headers: http::Headers<'_>,
        body: &[u8],
    ) -> http::Answer {
        let Core { api, sim, .. } = &mut self.core;
        let answer = http::open(api, sim, None, method, path_and_query, headers, body);
        self.core.send_deliveries();
        answer
    }

    /// The lines of a watch since the last call.
    pub fn poll(&mut self, stream: &mut http::WatchStream) -> Vec<String> {
        stream.poll(&mut self.core.api, self.core.sim.now)
    }

    /// Ends a watch.
    pub fn close(&mut self, stream: http::WatchStream) {
        stream.close(&mut self.core.api);
    }

    /// Begins a watch whose events wait to be taken with [`Cluster::observed`].
    pub fn observe(&mut self, selection: Selection) -> WatcherId {
        self.core.api.watch(Actor::User, selection)
    }

    /// Takes what an observer has been told since the last call.
    pub fn observed(&mut self, watcher: WatcherId) -> Vec<WatchEvent> {
        self.core.api.take_events(watcher)
    }

    /// Sends a packet and answers with its whole way.
    pub fn send(&mut self, send: Send) -> Arc<Journey> {
        self.network.send(&mut self.core.sim, None, send)
    }

    /// Lets everything happen up to `until`, or until `budget` events are done.
    pub fn advance(&mut self, until: Instant, budget: u32) -> Progress {
        let mut events = 0;
        while self.next_event_at().is_some_and(|at| at <= until) {
            if events == budget {
                return Progress {
                    events,
                    reached: false,
                };
            }
            self.step();
            events += 1;
        }
        self.core.sim.now = self.core.sim.now.max(until);
        Progress {
            events,
            reached: true,
        }
    }

    /// Lets the next event happen. False where nothing waits.
    pub fn step(&mut self) -> bool {
        let Some((at, cause, event)) = self.core.queue.pop() else {
            return false;
        };
        self.core.sim.now = at;
        self.dispatch(cause, event);
        self.core.send_deliveries();
        true
    }

    fn dispatch(&mut self, cause: Cause, event: Event) {
        let core = &mut self.core;
        match event {
            Event::Deliver(watcher) => self.deliver(watcher),
            Event::Scheduler(starts, timer) => {
                if self.control_plane.awaits(Program::Scheduler, starts) {
                    self.step_scheduler(cause, |scheduler, ctx| scheduler.on_timer(timer, ctx));
                }
            }
            Event::Controllers(starts, timer) => {
                if self
                    .control_plane
                    .awaits(Program::ControllerManager, starts)
                {
                    self.step_controllers(cause, |manager, ctx| manager.on_timer(timer, ctx));
                }
            }
            Event::Cloud(timer) => {
                core.step(Actor::CloudController, cause, Event::Cloud, |ctx| {
                    self.cloud.on_timer(timer, ctx)
                });
            }
            Event::Dns(timer) => {
                core.step(Actor::CoreDns, cause, Event::Dns, |ctx| {
                    self.network.dns_mut().on_timer(timer, ctx)
                });
            }
            Event::Kubelet(at, timer) => self.step_kubelet(at, cause, |kubelet, ctx, net| {
                kubelet.on_timer(timer, ctx, net)
            }),
            Event::Proxy(at, timer) => {
                self.step_proxy(at, cause, |proxy, ctx, net| proxy.on_timer(timer, ctx, net));
            }
        }
    }

    /// Brings what waits for a watcher to the component that holds the watch.
    fn deliver(&mut self, watcher: WatcherId) {
        let Some((owner, cause, events)) = self.core.take_delivery(watcher) else {
            return;
        };
        let core = &mut self.core;
        match owner {
            Actor::Scheduler => {
                self.step_scheduler(cause, |scheduler, ctx| scheduler.on_watch(events, ctx));
            }
            Actor::Controller(_) => {
                self.step_controllers(cause, |manager, ctx| manager.on_watch(events, ctx));
            }
            Actor::CloudController => {
                core.step(owner, cause, Event::Cloud, |ctx| {
                    self.cloud.on_watch(events, ctx)
                });
            }
            Actor::CoreDns => {
                core.step(owner, cause, Event::Dns, |ctx| {
                    self.network.dns_mut().on_watch(events, ctx)
                });
            }
            Actor::Kubelet(node) => {
                if let Some(at) = self.boot_of(&node) {
                    self.step_kubelet(at, cause, |kubelet, ctx, net| {
                        kubelet.on_watch(events, ctx, net)
                    });
                }
            }
            Actor::KubeProxy(node) => {
                if let Some(at) = self.boot_of(&node) {
                    self.step_proxy(at, cause, |proxy, ctx, net| {
                        proxy.on_watch(events, ctx, net)
                    });
                }
            }
            Actor::User | Actor::ApiServer | Actor::World => {}
        }
    }

    fn step_scheduler(
        &mut self,
        cause: Cause,
        act: impl FnOnce(&mut Scheduler, &mut Ctx<'_, scheduler::Timer>),
    ) {
        let starts = self.control_plane.starts(Program::Scheduler);
        self.core.step(
            Actor::Scheduler,
            cause,
            |timer| Event::Scheduler(starts, timer),
            |ctx| act(&mut self.scheduler, ctx),
        );
    }

    fn step_controllers(
        &mut self,
        cause: Cause,
        act: impl FnOnce(&mut ControllerManager, &mut Ctx<'_, controllers::Timer>),
    ) {
        let starts = self.control_plane.starts(Program::ControllerManager);
        self.core.step(
            controller_manager(),
            cause,
            |timer| Event::Controllers(starts, timer),
            |ctx| act(&mut self.controllers, ctx),
        );
    }
}

fn controller_manager() -> Actor {
    Actor::Controller("kube-controller-manager".into())
}

#[cfg(test)]
mod tests;
