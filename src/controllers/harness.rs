//! A world for tests: the API server, the controllers, and a runner that stands
//! for scheduler and kubelets.

pub(super) mod golden;
mod runner;

use super::cloud::{self, CloudController};
use super::{Config, ControllerManager, Timer};
use crate::api::core::NodeCondition;
use crate::api::status::ApiError;
use crate::api::{
    Deployment, Key, Lease, MicroTime, Namespace, Node, ObjectMeta, Pod, ReplicaSet, Resource, Time,
};
use crate::apiserver::{ApiServer, DeleteOptions, Propagation, WatcherId};
use crate::client::Ctx;
use crate::sim::{Actor, Cause, MILLISECOND, Queue, Sim};
use runner::{Runner, RunnerTimer};
use serde_json::{Value, json};
use std::sync::Arc;
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

    pub(super) fn create<K: Resource>(&mut self, mut value: Value) -> Arc<K> {
        value["apiVersion"] = K::KIND.api_version().into();
        value["kind"] = K::KIND.info().kind.into();
        if K::KIND.info().namespaced && value["metadata"]["namespace"].is_null() {
            value["metadata"]["namespace"] = "default".into();
        }
        for pod_spec in ["/spec", "/spec/template/spec"] {
            if let Some(spec) = value.pointer_mut(pod_spec)
                && spec["containers"].is_array()
                && spec["terminationGracePeriodSeconds"].is_null()
            {
                spec["terminationGracePeriodSeconds"] = 30.into();
            }
        }
        let object: K = serde_json::from_value(value).expect("an object");
        self.user(|ctx| ctx.create(object)).expect("created")
    }

    /// Changes an object as the user.
    pub(super) fn edit<K: Resource>(&mut self, name: &str, change: impl FnOnce(&mut K)) {
        self.try_edit(name, change).expect("edited");
    }

    fn try_edit<K: Resource>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut K),
    ) -> Result<Arc<K>, ApiError> {
        let key = key::<K>(name);
        self.user(|ctx| {
            let mut object = K::clone(&*ctx.get::<K>(&key)?);
            change(&mut object);
            ctx.update(object)
        })
    }

    pub(super) fn get<K: Resource>(&mut self, name: &str) -> Option<Arc<K>> {
        let key = key::<K>(name);
        self.user(|ctx| ctx.get::<K>(&key)).ok()
    }

    pub(super) fn list<K: Resource>(&mut self) -> Vec<Arc<K>> {
        self.user(|ctx| ctx.list::<K>("")).expect("a list")
    }

    pub(super) fn delete<K: Resource>(&mut self, name: &str) {
        self.delete_with::<K>(name, None);
    }

    pub(super) fn delete_with<K: Resource>(
        &mut self,
        name: &str,
        propagation: Option<Propagation>,
    ) {
        let key = key::<K>(name);
        let options = DeleteOptions {
            propagation,
            ..DeleteOptions::default()
        };
        self.user(|ctx| ctx.delete::<K>(&key, options))
            .expect("deleted");
    }

    /// A node that is ready, with its lease.
    pub(super) fn add_node(&mut self, name: &str) {
        if self.get::<Namespace>("kube-node-lease").is_none() {
            self.create::<Namespace>(json!({"metadata": {"name": "kube-node-lease"}}));
        }
        self.create::<Node>(json!({"metadata": {"name": name}}));
        self.set_ready(name, "True", "KubeletReady");
        let lease = json!({
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name}
        });
        self.create::<Lease>(lease);
    }

    /// Writes a node's Ready condition as its kubelet does.
    pub(super) fn set_ready(&mut self, name: &str, status: &str, reason: &str) {
        let now = Time(self.sim.now.timestamp());
        let condition = NodeCondition {
            type_: "Ready".to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            last_heartbeat_time: Some(now.clone()),
            last_transition_time: Some(now),
            ..NodeCondition::default()
        };
        let key = key::<Node>(name);
        self.user(|ctx| {
            let mut node = Node::clone(&*ctx.get::<Node>(&key)?);
            node.status.get_or_insert_default().conditions = Some(vec![condition]);
            ctx.update_status(node)
        })
        .expect("written");
    }

    /// Lets time pass while these nodes renew their leases every five seconds.
    pub(super) fn run_with(&mut self, nodes: &[&str], seconds: u64) {
        for _ in 0..seconds.div_ceil(5) {
            for name in nodes {
                let key = Key::new("kube-node-lease", *name);
                let now = MicroTime(self.sim.now.timestamp_micro());
                self.user(|ctx| {
                    let mut lease = Lease::clone(&*ctx.get::<Lease>(&key)?);
                    lease.spec.get_or_insert_default().renew_time = Some(now);
                    ctx.update(lease)
                })
                .expect("renewed");
            }
            self.run(Duration::from_secs(5));
        }
    }

    /// A Deployment with one container and these changes to its spec.
    pub(super) fn deploy(&mut self, name: &str, replicas: i32, spec: Value) {
        let mut full = json!({
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}
            },
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "registry.k8s.io/pause:3.1"}]}
            }
        });
        merge(&mut full, spec);
        self.create::<Deployment>(json!({"metadata": {"name": name}, "spec": full}));
    }

    pub(super) fn set_image(&mut self, name: &str, image: &str) {
        self.edit::<Deployment>(name, |deployment| {
            let spec = deployment.spec.as_mut().expect("a spec");
            let pod = spec.template.spec.as_mut().expect("a pod spec");
            pod.containers[0].image = Some(image.to_owned());
        });
    }

    /// Changes the metadata of a Deployment's template.
    pub(super) fn edit_template(&mut self, name: &str, change: impl FnOnce(&mut ObjectMeta)) {
        self.edit::<Deployment>(name, |deployment| {
            let spec = deployment.spec.as_mut().expect("a spec");
            change(spec.template.metadata.get_or_insert_default());
        });
    }

    pub(super) fn scale(&mut self, name: &str, replicas: i32) {
        self.edit::<Deployment>(name, |deployment| {
            deployment.spec.as_mut().expect("a spec").replicas = Some(replicas);
        });
    }

    /// Names of the pods that are not on their way out, by key.
    pub(super) fn active_pods(&mut self) -> Vec<Arc<Pod>> {
        let mut pods = self.list::<Pod>();
        pods.retain(|pod| super::pods::is_active(pod));
        pods
    }

    /// Messages of the events with this reason, in order of time.
    pub(super) fn events(&mut self, reason: &str) -> Vec<String> {
        let mut events = self.list::<crate::api::Event>();
        events.retain(|event| event.reason.as_deref() == Some(reason));
        events.sort_by_key(|event| {
            let revision = event.metadata.resource_version.as_deref();
            revision.and_then(|text| text.parse::<u64>().ok())
        });
        let message = |event: &Arc<crate::api::Event>| event.message.clone();
        events.iter().filter_map(message).collect()
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

fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

fn key<K: Resource>(name: &str) -> Key {
    match K::KIND.info().namespaced {
        true => Key::new("default", name),
        false => Key::new("", name),
    }
}
