//! The context of one step of a component.

use crate::api::status::ApiError;
use crate::api::{Key, Name, Object, Resource};
use crate::apiserver::{
    ApiServer, Body, DeleteOptions, PatchType, Reply, Request, Response, Selection, Subresource,
    WatcherId,
};
use crate::sim::trace::{RecordId, Verb, What};
use crate::sim::{Actor, Cause, Instant, Sim};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// What a component can do while it is stepped: read the clock, call the API
/// server, write to the trace, set its own timers (of type `T`). Components hold
/// no connection; whoever steps them hands this in.
pub struct Ctx<'a, T> {
    /// Clock, chance, trace.
    pub sim: &'a mut Sim,
    /// The door.
    pub api: &'a mut ApiServer,
    /// Who is being stepped.
    pub actor: Actor,
    /// The record that everything done now is caused by. A component that
    /// handles several things in one step sets it for each.
    pub cause: Cause,
    timers: Vec<(Instant, Cause, T)>,
}

impl<'a, T> Ctx<'a, T> {
    /// A context for one step.
    pub fn new(sim: &'a mut Sim, api: &'a mut ApiServer, actor: Actor, cause: Cause) -> Self {
        Ctx {
            sim,
            api,
            actor,
            cause,
            timers: Vec::new(),
        }
    }

    /// Ends the step: the timers that were set, with their instants and causes.
    pub fn into_timers(self) -> Vec<(Instant, Cause, T)> {
        self.timers
    }

    /// A context for a part of this component under another name or with timers
    /// of its own; `lift` turns the part's timers into this component's.
    pub fn part<U, R>(
        &mut self,
        actor: Actor,
        lift: impl Fn(U) -> T,
        step: impl FnOnce(&mut Ctx<'_, U>) -> R,
    ) -> R {
        let mut part = Ctx::new(self.sim, self.api, actor, self.cause);
        let result = step(&mut part);
        let timers = part.into_timers();
        self.timers.extend(
            timers
                .into_iter()
                .map(|(at, cause, timer)| (at, cause, lift(timer))),
        );
        result
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        self.sim.now
    }

    /// Wakes this component after `delay`. A timer cannot be taken back: the
    /// component looks whether it still matters when it comes.
    pub fn after(&mut self, delay: Duration, timer: T) {
        self.timers.push((self.sim.now + delay, self.cause, timer));
    }

    /// Wakes this component at `instant`, or at once where that is past.
    pub fn at(&mut self, instant: Instant, timer: T) {
        self.timers
            .push((instant.max(self.sim.now), self.cause, timer));
    }

    /// Writes to the trace in this component's name.
    pub fn trace(&mut self, what: What) -> RecordId {
        self.sim
            .trace
            .push(self.sim.now, self.cause, self.actor.clone(), what)
    }

    /// Begins a watch; all that is selected now comes as `Added` first.
    pub fn watch(&mut self, selection: Selection) -> WatcherId {
        self.api.watch(self.actor.clone(), selection)
    }

    /// Any request in this component's name.
    pub fn call(&mut self, request: Request) -> Response {
        self.api.handle(self.sim, self.cause, request)
    }

    fn request<K: Resource>(&self, verb: Verb, key: Key) -> Request {
        Request::new(self.actor.clone(), verb, K::KIND, key)
    }

    fn object<K: Resource>(&mut self, request: Request) -> Result<Arc<K>, ApiError> {
        let reply = self.call(request)?;
        reply.object::<K>().ok_or_else(|| {
            crate::api::status::bad_request("the answer is not of the kind asked for")
        })
    }

    /// GET.
    pub fn get<K: Resource>(&mut self, key: &Key) -> Result<Arc<K>, ApiError> {
        let request = self.request::<K>(Verb::Get, key.clone());
        self.object(request)
    }

    /// GET of a collection, in one namespace or (empty) in all.
    pub fn list<K: Resource>(&mut self, namespace: &str) -> Result<Vec<Arc<K>>, ApiError> {
        let request = self.request::<K>(Verb::List, Key::new(namespace, ""));
        match self.call(request)? {
            Reply::List { items, .. } => Ok(items.iter().filter_map(K::unwrap).cloned().collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// POST. The namespace is taken from the object's metadata.
    pub fn create<K: Resource>(&mut self, object: K) -> Result<Arc<K>, ApiError> {
        let key = Key::new(object.namespace(), "");
        let request = self
            .request::<K>(Verb::Create, key)
            .body(Body::Object(Object::of(object)));
        self.object(request)
    }

    /// PUT; refused with a conflict when the object's `resourceVersion` is not
    /// the present one.
    pub fn update<K: Resource>(&mut self, object: K) -> Result<Arc<K>, ApiError> {
        self.put(object, Subresource::None)
    }

    /// PUT of `/status`.
    pub fn update_status<K: Resource>(&mut self, object: K) -> Result<Arc<K>, ApiError> {
        self.put(object, Subresource::Status)
    }

    fn put<K: Resource>(
        &mut self,
        object: K,
        subresource: Subresource,
    ) -> Result<Arc<K>, ApiError> {
        let request = self
            .request::<K>(Verb::Update, object.key())
            .subresource(subresource)
            .body(Body::Object(Object::of(object)));
        self.object(request)
    }

    /// PATCH.
    pub fn patch<K: Resource>(
        &mut self,
        key: &Key,
        subresource: Subresource,
        patch_type: PatchType,
        patch: Value,
    ) -> Result<Arc<K>, ApiError> {
        let request = self
            .request::<K>(Verb::Patch, key.clone())
            .subresource(subresource)
            .body(Body::Patch(patch_type, patch));
        self.object(request)
    }

    /// DELETE.
    pub fn delete<K: Resource>(
        &mut self,
        key: &Key,
        options: DeleteOptions,
    ) -> Result<(), ApiError> {
        let request = self
            .request::<K>(Verb::Delete, key.clone())
            .body(Body::Delete(options));
        self.call(request).map(drop)
    }

    /// POST to a pod's `/binding`.
    pub fn bind(&mut self, pod: &Key, node: impl Into<Name>) -> Result<(), ApiError> {
        let request = self
            .request::<crate::api::Pod>(Verb::Create, pod.clone())
            .subresource(Subresource::Binding)
            .body(Body::Binding(node.into()));
        self.call(request).map(drop)
    }
}
