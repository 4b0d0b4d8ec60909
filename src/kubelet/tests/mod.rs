//! One kubelet on one node, with an API server and a network, in virtual time.

mod crash;
mod exec;
mod golden;
mod hooks;
mod life;
mod policies;
mod probes;

use super::{Kubelet, NodeConfig, Timer};
use crate::api::core::PodStatus;
use crate::api::{Event, Key, Kind, Name, Node, Object, Pod};
use crate::apiserver::{ApiServer, Body, DeleteOptions, Request, WatcherId};
use crate::client::Ctx;
use crate::network::Network;
use crate::sim::trace::Verb;
use crate::sim::{Actor, Cause, Instant, MILLISECOND, Queue, SECOND, Sim};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) enum Happening {
    Timer(Timer),
    Watch(WatcherId),
}

pub(super) struct World {
    pub sim: Sim,
    pub api: ApiServer,
    pub net: Network,
    pub kubelet: Kubelet,
    queue: Queue<Happening>,
}

impl World {
    /// A node that is ready.
    pub(super) fn new() -> World {
        let mut world = World::bare(NodeConfig::default());
        world.give_range();
        world.run(2 * SECOND);
        world
    }

    /// A node that was just started.
    pub(super) fn bare(config: NodeConfig) -> World {
        let mut world = World {
            sim: Sim::new(1),
            api: ApiServer::new(),
            net: Network::new(),
            kubelet: Kubelet::new(config),
            queue: Queue::default(),
        };
        for namespace in ["default", "kube-system", "kube-node-lease"] {
            let object = json!({"metadata": {"name": namespace}});
            world.call(
                Verb::Create,
                Kind::Namespace,
                Key::new("", ""),
                Body::Json(object),
            );
        }
        world.create(
            Kind::ServiceAccount,
            json!({"metadata": {"name": "default"}}),
        );
        world.with(|kubelet, ctx, net| kubelet.start(ctx, net));
        world
    }

    /// What the node IPAM controller does.
    pub(super) fn give_range(&mut self) {
        let name = self.kubelet.node_name().clone();
        let node = self.get(Kind::Node, "", &name).expect("the node");
        let mut node = (**node.as_kind::<Node>().expect("a node")).clone();
        node.spec.get_or_insert_default().pod_cidr = Some("10.244.1.0/24".into());
        self.call(
            Verb::Update,
            Kind::Node,
            Key::new("", name),
            Body::Object(Object::of(node)),
        );
    }

    pub(super) fn with<R>(
        &mut self,
        act: impl FnOnce(&mut Kubelet, &mut Ctx<'_, Timer>, &mut Network) -> R,
    ) -> R {
        self.caused(None, act)
    }

    fn caused<R>(
        &mut self,
        cause: Cause,
        act: impl FnOnce(&mut Kubelet, &mut Ctx<'_, Timer>, &mut Network) -> R,
    ) -> R {
        let actor = Actor::Kubelet(self.kubelet.node_name().clone());
        let mut ctx = Ctx::new(&mut self.sim, &mut self.api, actor, cause);
        let result = act(&mut self.kubelet, &mut ctx, &mut self.net);
        for (at, cause, timer) in ctx.into_timers() {
            self.queue.push(at, cause, Happening::Timer(timer));
        }
        self.deliver();
        result
    }

    fn deliver(&mut self) {
        for watcher in self.api.take_woken() {
            if self.api.watch_owner(watcher) == Some(&Actor::User) {
                continue;
            }
            let at = self.sim.now + MILLISECOND;
            self.queue.push(at, None, Happening::Watch(watcher));
        }
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, duration: Duration) {
        let until = self.sim.now + duration;
        while self.queue.next_at().is_some_and(|at| at <= until) {
            let Some((at, cause, happening)) = self.queue.pop() else {
                break;
            };
            self.sim.now = at;
            match happening {
                Happening::Timer(timer) => {
                    self.caused(cause, |kubelet, ctx, net| kubelet.on_timer(timer, ctx, net));
                }
                Happening::Watch(watcher) => {
                    let events = self.api.take_events(watcher);
                    self.with(|kubelet, ctx, net| kubelet.on_watch(events, ctx, net));
                }
            }
        }
        self.sim.now = until;
    }

    pub(super) fn call(&mut self, verb: Verb, kind: Kind, key: Key, body: Body) -> Option<Object> {
        let request = Request::new(Actor::User, verb, kind, key).body(body);
        let reply = self.api.handle(&mut self.sim, None, request);
        self.deliver();
        match reply {
            Ok(crate::apiserver::Reply::Object { object, .. }) => Some(object),
            Ok(_) => None,
            Err(error) => panic!("{verb:?} {kind:?}: {:?}", error.message),
        }
    }

    pub(super) fn get(&mut self, kind: Kind, namespace: &str, name: &str) -> Option<Object> {
        let request = Request::new(Actor::User, Verb::Get, kind, Key::new(namespace, name));
        match self.api.handle(&mut self.sim, None, request) {
            Ok(crate::apiserver::Reply::Object { object, .. }) => Some(object),
            _ => None,
        }
    }

    pub(super) fn create(&mut self, kind: Kind, object: Value) {
        self.call(
            Verb::Create,
            kind,
            Key::new("default", ""),
            Body::Json(object),
        );
    }

    /// A pod of the name, bound to the node, with this spec.
    pub(super) fn pod(&mut self, name: &str, mut spec: Value) {
        spec["nodeName"] = json!("node-1");
        self.create(Kind::Pod, json!({"metadata": {"name": name}, "spec": spec}));
    }

    /// Asks to delete a pod with its grace, as the API server marks it.
    pub(super) fn delete(&mut self, name: &str, grace: i64) {
        let options = DeleteOptions {
            grace_period_seconds: Some(grace),
            ..DeleteOptions::default()
        };
        let request = Request::new(
            Actor::User,
            Verb::Delete,
            Kind::Pod,
            Key::new("default", name),
        )
        .body(Body::Delete(options));
        let reply = self.api.handle(&mut self.sim, None, request);
        assert!(reply.is_ok(), "{reply:?}");
        self.deliver();
    }

    pub(super) fn stored(&mut self, name: &str) -> Option<Pod> {
        let object = self.get(Kind::Pod, "default", name)?;
        object.as_kind::<Pod>().map(|pod| (**pod).clone())
    }

    pub(super) fn status(&mut self, name: &str) -> PodStatus {
        self.stored(name)
            .and_then(|pod| pod.status)
            .unwrap_or_default()
    }

    /// Phase, and the word that `kubectl get pods` would show.
    pub(super) fn word(&mut self, name: &str) -> String {
        let status = self.status(name);
        let lists = [&status.init_container_statuses, &status.container_statuses];
        for container in lists.into_iter().flatten().flatten() {
            let state = container.state.clone().unwrap_or_default();
            if let Some(waiting) = state.waiting {
                return waiting.reason.unwrap_or_default();
            }
            if let Some(terminated) = state.terminated.filter(|ended| ended.exit_code != 0) {
                return terminated.reason.unwrap_or_default();
            }
        }
        status.phase.unwrap_or_default()
    }

    pub(super) fn ready(&mut self, name: &str) -> bool {
        let status = self.status(name);
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
    }

    pub(super) fn restarts(&mut self, name: &str) -> i32 {
        let status = self.status(name);
        status
            .container_statuses
            .iter()
            .flatten()
            .map(|container| container.restart_count)
            .sum()
    }

    /// Events about an object: `Normal Pulled x1 text`.
    pub(super) fn events(&mut self, name: &str) -> Vec<String> {
        let request = Request::new(Actor::User, Verb::List, Kind::Event, Key::new("", ""));
        let Ok(crate::apiserver::Reply::List { items, .. }) =
            self.api.handle(&mut self.sim, None, request)
        else {
            return Vec::new();
        };
        let mut events: Vec<_> = items
            .iter()
            .filter_map(|object| object.as_kind::<Event>().cloned())
            .filter(|event| event.involved_object.name.as_deref() == Some(name))
            .collect();
        events.sort_by_key(|event| {
            (
                event.first_timestamp.clone().map(|time| time.0),
                event
                    .metadata
                    .resource_version
                    .clone()
                    .and_then(|text| text.parse::<u64>().ok()),
            )
        });
        events
            .iter()
            .map(|event| {
                format!(
                    "{} {}: {}",
                    event.type_.as_deref().unwrap_or_default(),
                    event.reason.as_deref().unwrap_or_default(),
                    event.message.as_deref().unwrap_or_default()
                )
            })
            .collect()
    }

    /// Calls that the kubelet made since an instant: `update pods/status`.
    pub(super) fn calls(&self, since: Instant) -> Vec<String> {
        let records = self.sim.trace.since(crate::sim::RecordId(0));
        records
            .filter(|record| record.at >= since && matches!(record.actor, Actor::Kubelet(_)))
            .filter_map(|record| match &record.what {
                crate::sim::What::Call {
                    verb,
                    resource,
                    subresource,
                    ..
                } => Some(
                    format!("{verb:?} {resource} {subresource}")
                        .trim()
                        .to_owned(),
                ),
                _ => None,
            })
            .collect()
    }

    pub(super) fn transitions(&self) -> Vec<(f64, Name, crate::sim::trace::Transition)> {
        let records = self.sim.trace.since(crate::sim::RecordId(0));
        records
            .filter_map(|record| match &record.what {
                crate::sim::What::Container {
                    container,
                    transition,
                    ..
                } => Some((
                    record.at.as_secs_f64(),
                    container.clone(),
                    transition.clone(),
                )),
                _ => None,
            })
            .collect()
    }
}

/// A spec with one container.
pub(super) fn one(container: Value) -> Value {
    let mut container = container;
    if container.get("name").is_none() {
        container["name"] = json!("c");
    }
    json!({"containers": [container]})
}
