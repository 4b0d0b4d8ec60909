//! From request to store: one [`Call`] a request, with the steps that all verbs
//! share.

use super::custom::{self, Definition, Served};
use super::list_options;
use super::{
    ApiServer, Body, Filter, Options, Reply, Request, Response, Subresource, Target, Version,
    warnings,
};
use crate::api::decode::{self, Strictness};
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object};
use crate::etcd::{Entry, StoreError, StoreKey};
use crate::sim::trace::{Verb, What};
use crate::sim::{Actor, Cause, RecordId, Sim};
use std::sync::Arc;

pub(super) fn handle(
    api: &mut ApiServer,
    sim: &mut Sim,
    cause: Cause,
    request: Request,
) -> Response {
    let Request {
        caller,
        verb,
        target,
        options,
        body,
    } = request;
    let call = Call {
        // The record is named before the write, so that the write can name it as
        // its cause; its text follows once the outcome is known.
        record: sim.trace.next_id(),
        api,
        sim,
        target: &target,
        options: &options,
        caller: &caller,
        owners_known: false,
        warnings: Vec::new(),
    };
    let response = call.answer(verb, body);
    let (code, message) = match &response {
        Ok(reply) => (reply.code(), "".into()),
        Err(error) => (
            error.code.unwrap_or(500) as u16,
            error.message.as_deref().unwrap_or_default().into(),
        ),
    };
    let kind_of_request = (
        metrics_verb(verb),
        target.kind,
        target.subresource.name(),
        code,
    );
    *api.counts.entry(kind_of_request).or_default() += 1;
    let name = match &response {
        Ok(Reply::Object { object, .. }) => object.key().name,
        _ => target.key.name,
    };
    let what = What::Call {
        verb,
        resource: target.kind.info().plural.into(),
        subresource: target.subresource.name().into(),
        namespace: target.key.namespace,
        name,
        code,
        revision: api.etcd.revision(),
        message,
    };
    sim.trace.push(sim.now, cause, caller, what);
    response
}

/// The verb as metrics name it.
fn metrics_verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "POST",
        Verb::Get => "GET",
        Verb::List => "LIST",
        Verb::Watch => "WATCH",
        Verb::Update => "PUT",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
        Verb::DeleteCollection => "DELETECOLLECTION",
    }
}

/// Checks the options of a watch and writes its call to the trace.
pub(super) fn check_watch(
    api: &mut ApiServer,
    sim: &mut Sim,
    cause: Cause,
    request: Request,
) -> Result<Option<Filter>, ApiError> {
    let Request {
        caller,
        verb,
        target,
        options,
        ..
    } = request;
    let call = Call {
        record: sim.trace.next_id(),
        api,
        sim,
        target: &target,
        options: &options,
        caller: &caller,
        owners_known: false,
        warnings: Vec::new(),
    };
    let checked = list_options::check(&options, true).and_then(|()| call.filter());
    let (code, message) = match &checked {
        Ok(_) => (200, "".into()),
        Err(error) => (
            error.code.unwrap_or(500) as u16,
            error.message.as_deref().unwrap_or_default().into(),
        ),
    };
    let what = What::Call {
        verb,
        resource: target.kind.info().plural.into(),
        subresource: "".into(),
        namespace: target.key.namespace,
        name: target.key.name,
        code,
        revision: api.etcd.revision(),
        message,
    };
    sim.trace.push(sim.now, cause, caller, what);
    checked.map(|filter| Some(filter).filter(|filter| !filter.is_everything()))
}

/// One request on its way.
pub(super) struct Call<'a> {
    pub(super) api: &'a mut ApiServer,
    pub(super) sim: &'a mut Sim,
    pub(super) record: RecordId,
    pub(super) target: &'a Target,
    pub(super) options: &'a Options,
    pub(super) caller: &'a Actor,
    /// Whether the object at hand says who manages its fields from now on.
    pub(super) owners_known: bool,
    pub(super) warnings: Vec<String>,
}

impl Call<'_> {
    fn answer(mut self, verb: Verb, body: Body) -> Response {
        self.check_custom()?;
        match (verb, self.target.subresource) {
            (Verb::Create, Subresource::None) => self.create(body),
            (Verb::Create, Subresource::Binding) => self.bind(body),
            (Verb::Create, Subresource::Eviction) => self.evict(body),
            (Verb::Create, Subresource::Token) => self.create_token(body),
            (Verb::Get, Subresource::Scale) => self.get_scale(),
            (Verb::Get, _) if self.target.subresource.is_view() => self.get(),
            (Verb::List | Verb::Watch, Subresource::None) => self.list(),
            (Verb::Update, Subresource::Scale) => self.update_scale(body),
            (Verb::Update, Subresource::Finalize) => self.finalize(body),
            (Verb::Update, _) if self.target.subresource.is_view() => self.update(body),
            (Verb::Patch, Subresource::Scale) => self.patch_scale(body),
            (Verb::Patch, _) if self.target.subresource.is_view() => self.patch(body),
            (Verb::Delete, Subresource::None) => self.delete(body),
            (Verb::DeleteCollection, Subresource::None) => self.delete_collection(body),
            _ => Err(status::method_not_allowed()),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.target.kind
    }

    /// The object that a body carries, with warnings about fields that do not
    /// exist.
    pub(super) fn read_object(&mut self, body: Body) -> Result<Object, ApiError> {
        match body {
            Body::Object(object) if object.kind() == self.kind() => Ok(object),
            Body::Json(value) if self.kind().custom().is_some() => {
                let strictness = Strictness::of_option(&self.options.field_validation)?;
                let Some((definition, served)) = self.served() else {
                    return Err(status::no_such_path());
                };
                let decoded = custom::read(&definition, &served, &value, strictness)?;
                self.warnings.extend(decoded.warnings);
                Ok(decoded.object)
            }
            Body::Json(value) => {
                let value = self.options.version.to_stored(self.kind(), value);
                let strictness = Strictness::of_option(&self.options.field_validation)?;
                let decoded =
                    decode::decode(self.kind(), &value, strictness, &self.options.written)?;
                self.warnings.extend(decoded.warnings);
                Ok(decoded.object)
            }
            Body::Object(object) => Err(status::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}",
                object.kind().info().kind,
                object.kind().info().version,
                self.kind().info().kind
            ))),
            _ => Err(status::bad_request("the request has no object")),
        }
    }

    /// The present version at the target.
    pub(super) fn stored(&self) -> Result<&Entry, ApiError> {
        let (kind, key) = (self.kind(), &self.target.key);
        self.present(key)
            .ok_or_else(|| status::not_found(kind, &key.name))
    }

    /// The present version of an object of the target's kind.
    pub(super) fn present(&self, key: &Key) -> Option<&Entry> {
        self.look_up(self.kind(), key.clone())
    }

    /// The present version of any object.
    pub(super) fn look_up(&self, kind: Kind, key: Key) -> Option<&Entry> {
        self.api.etcd.get(&StoreKey { kind, key })
    }

    /// Stores an object where its revision is still `compare` and tells the
    /// watchers. In a dry run the object comes back as it would be.
    pub(super) fn write(
        &mut self,
        key: Key,
        compare: u64,
        object: Object,
    ) -> Result<Object, ApiError> {
        if self.options.dry_run {
            return Ok(object);
        }
        let write = self.commit(self.kind(), key, compare, Some(object))?;
        let stored = write.as_ref().and_then(|write| write.after.clone());
        stored.ok_or_else(|| status::internal("the object was not stored"))
    }

    /// Deletes an object where its revision is still `compare` and tells the
    /// watchers.
    pub(super) fn remove(&mut self, key: Key, compare: u64) -> Result<(), ApiError> {
        if self.options.dry_run {
            return Ok(());
        }
        let write = self.commit(self.kind(), key, compare, None)?;
        if let Some(Object::Service(service)) = write.as_ref().and_then(|w| w.before.as_ref()) {
            self.api.services.release(service);
        }
        Ok(())
    }

    /// As [`Call::write`], for an object that this call changes besides its own.
    pub(super) fn write_other(
        &mut self,
        kind: Kind,
        key: Key,
        compare: u64,
        object: Object,
    ) -> Result<(), ApiError> {
        if !self.options.dry_run {
            self.commit(kind, key, compare, Some(object))?;
        }
        Ok(())
    }

    fn commit(
        &mut self,
        kind: Kind,
        key: Key,
        compare: u64,
        object: Option<Object>,
    ) -> Result<Option<Arc<crate::etcd::Write>>, ApiError> {
        let name = key.name.clone();
        let at = StoreKey { kind, key };
        let stamp = |object: &mut Object, revision: u64| {
            object.meta_mut().resource_version = Some(revision.to_string());
        };
        let write = match self
            .api
            .etcd
            .txn(at, compare, object, stamp, Some(self.record))
        {
            Ok(write) => write,
            Err(StoreError::Conflict { .. }) if compare == 0 => {
                return Err(status::already_exists(kind, &name));
            }
            Err(StoreError::Conflict { found: 0 }) => return Err(status::not_found(kind, &name)),
            Err(_) => return Err(status::conflict(kind, &name, status::OBJECT_MODIFIED)),
        };
        if let Some(write) = &write {
            if kind == Kind::Event && write.after.is_some() {
                let ApiServer {
                    etcd, event_lease, ..
                } = self.api;
                event_lease.attach(etcd, &write.key, self.sim.now);
            }
            self.api.watches.publish(write);
            self.follow(kind, write.after.is_none());
        }
        Ok(write)
    }

    /// Definitions make kinds, and wait for the last of their resources to go.
    fn follow(&mut self, kind: Kind, gone: bool) {
        let waits = || {
            let definition = self.api.definitions.of(kind);
            gone && definition.is_some_and(|definition| definition.terminating)
        };
        if kind == Kind::CustomResourceDefinition || waits() {
            self.api.follow_definitions(self.sim.now, Some(self.record));
        }
    }

    /// What the definition of a custom kind says of the version asked for.
    pub(super) fn served(&self) -> Option<(Arc<Definition>, Served)> {
        let definition = self.api.definitions.of(self.kind())?.clone();
        let asked = match self.options.version {
            Version::Custom(name) => name,
            _ => self.kind().info().version,
        };
        let served = definition.version(asked)?.clone();
        Some((definition, served))
    }

    /// What a custom resource is not asked for.
    fn check_custom(&mut self) -> Result<(), ApiError> {
        let Some((_, served)) = self.served() else {
            return Ok(());
        };
        self.warnings.extend(served.deprecation.clone());
        let kind = self.kind();
        let missing = match self.target.subresource {
            Subresource::Status => !served.has_status,
            Subresource::Scale => served.scale.is_none(),
            _ => false,
        };
        if missing {
            return Err(status::not_found(kind, &self.target.key.name));
        }
        Ok(())
    }

    /// The answer where an object is gone.
    pub(super) fn done(mut self, object: Object) -> Response {
        self.warnings
            .extend(warnings::of_kind(self.kind()).map(str::to_owned));
        Ok(Reply::Done {
            object,
            warnings: self.warnings,
        })
    }

    /// The answer with one object, and the warnings gathered on the way.
    pub(super) fn reply(mut self, object: Object, created: bool) -> Response {
        self.warnings
            .extend(warnings::of_kind(self.kind()).map(str::to_owned));
        Ok(Reply::Object {
            object,
            created,
            warnings: self.warnings,
        })
    }
}
