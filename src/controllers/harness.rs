//! A world for tests: the API server, the controllers, and a runner that stands
//! for scheduler and kubelets.

pub(super) mod golden;
mod runner;
mod user;

use super::cloud::{self, CloudController};
use super::{Config, ControllerManager, Timer};
use crate::api::{Namespace, ReplicaSet, Resource};
use crate::apiserver::{ApiServer, WatcherId};
use crate::client::Ctx;
use crate::sim::{Actor, Cause, MILLISECOND, Queue, Sim};
use runner::{Runner, RunnerTimer};
use serde_json::json;
use std::time::Duration;

const MANAGER: &str = "kube-controller-manager";

#[derive(Clone, Debug)]
enum Happening {
    Controllers(Timer),
    Cloud(cloud::Timer),
    Runner(RunnerTimer),
    Delivery(WatcherId),
}

/// API server, controllers, runner, and the queue of what will happen.
pub(super) struct World {
    pub(super) sim: Sim,
    pub(super) api: ApiServer,
    // Taken out while they are stepped.
    manager: Option<ControllerManager>,
    cloud: Option<CloudController>,
    pub(super) runner: Runner,
    queue: Queue<Happening>,
    /// Every write of a ReplicaSet's `spec.replicas`, and every deletion of a
    /// ReplicaSet, in order.
    pub(super) sizes: Vec<(String, Option<i32>)>,
    /// The store's revision up to which `sizes` has looked.
    seen: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut world = World {
            sim: Sim::new(seed),
            api: ApiServer::new(),
            manager: Some(ControllerManager::new(Config::default())),
            cloud: Some(CloudController::default()),
            runner: Runner::default(),
            queue: Queue::default(),
            sizes: Vec::new(),
            seen: 0,
        };
        let namespace = json!({"metadata": {"name": "default"}, "status": {"phase": "Active"}});
        world.create::<Namespace>(namespace);
        world.step(
            Actor::Controller(MANAGER.into()),
            None,
            Happening::Controllers,
            |world, ctx| world.start(ctx),
        );
        world.step_cloud(None, |cloud, ctx| cloud.start(ctx));
        let mut runner = std::mem::take(&mut world.runner);
        world.run_part(Actor::Scheduler, None, Happening::Runner, |ctx| {
            runner.start(ctx)
        });
        world.runner = runner;
        // Until namespace default has its account.
        world.run(Duration::from_millis(100));
        world
    }

    fn step(
        &mut self,
        actor: Actor,
        cause: Cause,
        lift: impl Fn(Timer) -> Happening,
        what: impl FnOnce(&mut ControllerManager, &mut Ctx<'_, Timer>),
    ) {
        let mut manager = self.manager.take().expect("the controllers");
        self.run_part(actor, cause, lift, |ctx| what(&mut manager, ctx));
        self.manager = Some(manager);
    }

    fn step_cloud(
        &mut self,
        cause: Cause,
        what: impl FnOnce(&mut CloudController, &mut Ctx<'_, cloud::Timer>),
    ) {
        let mut cloud = self.cloud.take().expect("the cloud");
        self.run_part(Actor::CloudController, cause, Happening::Cloud, |ctx| {
            what(&mut cloud, ctx)
        });
        self.cloud = Some(cloud);
    }

    fn run_part<T>(
        &mut self,
        actor: Actor,
        cause: Cause,
        lift: impl Fn(T) -> Happening,
        what: impl FnOnce(&mut Ctx<'_, T>),
    ) {
        let mut ctx = Ctx::new(&mut self.sim, &mut self.api, actor, cause);
        what(&mut ctx);
        for (at, cause, timer) in ctx.into_timers() {
            self.queue.push(at, cause, lift(timer));
        }
        self.deliver();
    }

    fn deliver(&mut self) {
        for watcher in self.api.take_woken() {
            let at = self.sim.now + MILLISECOND;
            self.queue.push(at, None, Happening::Delivery(watcher));
        }
        let writes: Vec<_> = match self.api.etcd().writes_after(self.seen) {
            Ok(writes) => writes.cloned().collect(),
            Err(_) => Vec::new(),
        };
        self.seen = self.api.etcd().revision();
        for write in writes {
            let size = |object: &Option<crate::api::Object>| {
                let set = object.as_ref()?.as_kind::<ReplicaSet>()?.clone();
                Some((set.name().to_owned(), set.spec.as_ref()?.replicas?))
            };
            match (size(&write.before), size(&write.after)) {
                (Some((name, _)), None) => self.sizes.push((name, None)),
                (before, Some(after)) if before.as_ref() != Some(&after) => {
                    self.sizes.push((after.0, Some(after.1)));
                }
                _ => {}
            }
        }
    }

    /// Lets everything happen that is due within `duration`.
    pub(super) fn run(&mut self, duration: Duration) {
        let until = self.sim.now + duration;
        while self.queue.next_at().is_some_and(|at| at <= until) {
            let Some((at, cause, happening)) = self.queue.pop() else {
                break;
            };
            self.sim.now = at;
            self.happen(cause, happening);
        }
        self.sim.now = until;
    }

    fn happen(&mut self, cause: Cause, happening: Happening) {
        let manager = Actor::Controller(MANAGER.into());
        match happening {
            Happening::Controllers(timer) => {
                self.step(manager, cause, Happening::Controllers, |manager, ctx| {
                    manager.on_timer(timer, ctx)
                });
            }
            Happening::Cloud(timer) => {
                self.step_cloud(cause, |cloud, ctx| cloud.on_timer(timer, ctx));
            }
            Happening::Runner(timer) => {
                let mut runner = std::mem::take(&mut self.runner);
                self.run_part(Actor::Scheduler, cause, Happening::Runner, |ctx| {
                    runner.on_timer(timer, ctx)
                });
                self.runner = runner;
            }
            Happening::Delivery(watcher) => {
                let owner = self.api.watch_owner(watcher).cloned();
                let events = self.api.take_events(watcher);
                if owner == Some(manager.clone()) {
                    self.step(manager, cause, Happening::Controllers, |manager, ctx| {
                        manager.on_watch(events, ctx)
                    });
                } else if owner == Some(Actor::CloudController) {
                    self.step_cloud(cause, |cloud, ctx| cloud.on_watch(events, ctx));
                } else {
                    let mut runner = std::mem::take(&mut self.runner);
                    self.run_part(Actor::Scheduler, cause, Happening::Runner, |ctx| {
                        runner.on_watch(events, ctx)
                    });
                    self.runner = runner;
                }
            }
        }
    }

    /// Does something as the user.
    pub(super) fn user<R>(&mut self, what: impl FnOnce(&mut Ctx<'_, ()>) -> R) -> R {
        let mut ctx = Ctx::new(&mut self.sim, &mut self.api, Actor::User, None);
        let result = what(&mut ctx);
        self.deliver();
        result
    }

    /// The sizes that ReplicaSets went through, sets named in the order in which
    /// they first appear (`1=4 2=1 1=3`).
    pub(super) fn size_sequence(&self) -> String {
        let sizes = self.sizes.iter();
        number_sets(sizes.map(|(name, size)| (name.as_str(), *size)))
    }
}

/// Writes a sequence of sizes with sets numbered by their first appearance.
fn number_sets<'a>(sizes: impl Iterator<Item = (&'a str, Option<i32>)>) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut words = Vec::new();
    for (name, size) in sizes {
        let at = names
            .iter()
            .position(|known| *known == name)
            .unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
        words.push(match size {
            Some(size) => format!("{}={size}", at + 1),
            None => format!("deleted {}", at + 1),
        });
    }
    words.join(" ")
}

/// A recorded `rs-sequence.txt`, its sets numbered likewise.
pub(super) fn recorded_sizes(text: &str) -> String {
    let mut sizes = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((name, size)) => sizes.push((name, size.parse().ok())),
            None => sizes.extend(words.next().map(|name| (name, None))),
        }
    }
    number_sets(sizes.into_iter())
}
