//! Objects that are kept as JSON, read and written through the door.

use super::desk::StepCtx;
use super::errors;
use crate::api::status::ApiError;
use crate::api::{Key, Kind, Object, Untyped};
use crate::apiserver::{Body, Reply, Request, Subresource};
use crate::sim::trace::Verb;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The object, or none where it is gone.
pub(super) fn get<I>(
    kind: Kind,
    key: &Key,
    ctx: &mut StepCtx<'_, I>,
) -> Result<Option<Arc<Untyped>>, ApiError> {
    let request = Request::new(ctx.actor.clone(), Verb::Get, kind, key.clone());
    match ctx.call(request) {
        Ok(Reply::Object { object, .. }) => Ok(untyped(&object).cloned()),
        Ok(_) => Ok(None),
        Err(error) => errors::ignore_not_found(Err(error)).map(|()| None),
    }
}

/// Every object of a kind in a namespace.
pub(super) fn list<I>(
    kind: Kind,
    namespace: &str,
    ctx: &mut StepCtx<'_, I>,
) -> Result<Vec<Object>, ApiError> {
    let request = Request::new(ctx.actor.clone(), Verb::List, kind, Key::new(namespace, ""));
    match ctx.call(request)? {
        Reply::List { items, .. } => Ok(items),
        _ => Ok(Vec::new()),
    }
}

/// PUT of the object or of its status.
pub(super) fn put<I>(
    kind: Kind,
    object: Untyped,
    subresource: Subresource,
    ctx: &mut StepCtx<'_, I>,
) -> Result<(), ApiError> {
    let key = Key::of(&object.metadata);
    let request = Request::new(ctx.actor.clone(), Verb::Update, kind, key)
        .subresource(subresource)
        .body(Body::Object(Object::Other(kind, Arc::new(object))));
    errors::ignore_not_found(ctx.call(request).map(drop))
}

pub(super) fn untyped(object: &Object) -> Option<&Arc<Untyped>> {
    match object {
        Object::Other(_, untyped) => Some(untyped),
        _ => None,
    }
}

/// `spec`, or nothing.
pub(super) fn spec(object: &Untyped) -> &Value {
    object.rest.get("spec").unwrap_or(&Value::Null)
}

/// `status`, made where it is missing.
pub(super) fn status_mut(object: &mut Untyped) -> Option<&mut Map<String, Value>> {
    let status = object.rest.entry("status").or_insert(Value::Null);
    if status.is_null() {
        *status = Value::Object(Map::new());
    }
    status.as_object_mut()
}
