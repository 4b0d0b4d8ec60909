//! A document as an object of its type, with all faults of its form.

use crate::api::decode::{self, Fault, Reading, UnknownField};
use crate::api::{Kind, Object, Resource};
use k8s_openapi::api::{apps::v1 as apps, batch::v1 as batch, networking::v1 as networking};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// How many wrong types are looked for in one document.
const WRONG_TYPES_MAX: usize = 20;

/// The object, where its kind is typed, and the faults of its form.
pub(super) type Typed = (Result<Option<Object>, Vec<Fault>>, Vec<UnknownField>);

/// Reads a document as its kind.
pub(super) fn typed(kind: Kind, value: &Value) -> Typed {
    fn object<K: Resource>(value: &Value) -> Typed {
        let (result, unknown) = decode_all::<K>(value);
        (
            result.map(|object| Some(K::wrap(Arc::new(object)))),
            unknown,
        )
    }
    fn form<T: DeserializeOwned>(kind: Kind, value: &Value) -> Typed {
        let (result, unknown) = decode_all::<T>(value);
        let object = |_| Object::read(kind, value).ok().map(|(object, _)| object);
        (result.map(object), unknown)
    }
    use crate::api::{
        ConfigMap, Deployment, EndpointSlice, Endpoints, Event, Lease, Namespace, Node, Pod,
        ReplicaSet, Secret, Service, ServiceAccount, core,
    };
    match kind {
        Kind::Pod => object::<Pod>(value),
        Kind::Node => object::<Node>(value),
        Kind::Namespace => object::<Namespace>(value),
        Kind::Event => object::<Event>(value),
        Kind::Service => object::<Service>(value),
        Kind::Endpoints => object::<Endpoints>(value),
        Kind::ConfigMap => object::<ConfigMap>(value),
        Kind::Secret => object::<Secret>(value),
        Kind::ServiceAccount => object::<ServiceAccount>(value),
        Kind::EndpointSlice => object::<EndpointSlice>(value),
        Kind::Deployment => object::<Deployment>(value),
        Kind::ReplicaSet => object::<ReplicaSet>(value),
        Kind::Lease => object::<Lease>(value),
        Kind::StatefulSet => form::<apps::StatefulSet>(kind, value),
        Kind::DaemonSet => form::<apps::DaemonSet>(kind, value),
        Kind::Job => form::<batch::Job>(kind, value),
        Kind::CronJob => form::<batch::CronJob>(kind, value),
        Kind::Ingress => form::<networking::Ingress>(kind, value),
        Kind::PersistentVolumeClaim => form::<core::PersistentVolumeClaim>(kind, value),
        _ => match Object::read(kind, value) {
            Ok((object, _)) => (Ok(Some(object)), Vec::new()),
            Err(error) => {
                let error = Fault {
                    path: "metadata".to_owned(),
                    message: error,
                };
                (Err(vec![error]), Vec::new())
            }
        },
    }
}

/// As [`decode::read_with_places`], which stops at the first wrong type: the wrong value is
/// taken out, and the rest is tried again.
fn decode_all<T: DeserializeOwned>(value: &Value) -> (Result<T, Vec<Fault>>, Vec<UnknownField>) {
    let (result, unknown) = read::<T>(value);
    let mut error = match result {
        Ok(object) => return (Ok(object), unknown),
        Err(error) => error,
    };
    let mut unknown = unknown;
    let mut errors = Vec::new();
    let mut rest = value.clone();
    for _ in 0..WRONG_TYPES_MAX {
        let removed = remove(&mut rest, &error.path);
        errors.push(error);
        if !removed {
            break;
        }
        let (result, found) = read::<T>(&rest);
        unknown = found;
        match result {
            Ok(_) => break,
            Err(next) => error = next,
        }
    }
    (Err(errors), unknown)
}

fn read<T: DeserializeOwned>(value: &Value) -> (Result<T, Fault>, Vec<UnknownField>) {
    let Reading { result, unknown } = decode::read_with_places(value);
    (result, unknown)
}

/// Sets the value at a path to null, which every type reads as absent.
fn remove(value: &mut Value, path: &str) -> bool {
    let mut here = value;
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let Some((index, after)) = inner.split_once(']') else {
                return false;
            };
            let Some(next) = index
                .parse()
                .ok()
                .and_then(|index: usize| here.get_mut(index))
            else {
                return false;
            };
            (here, rest) = (next, after);
            continue;
        }
        let field = rest.strip_prefix('.').unwrap_or(rest);
        let Value::Object(map) = here else {
            return false;
        };
        // Keys may hold dots: the longest that fits is meant.
        let ends = field
            .char_indices()
            .filter(|(_, character)| matches!(character, '.' | '['))
            .map(|(at, _)| at);
        let Some(end) = ends
            .chain([field.len()])
            .filter(|end| map.contains_key(&field[..*end]))
            .max()
        else {
            return false;
        };
        let (key, after) = field.split_at(end);
        let Some(next) = map.get_mut(key) else {
            return false;
        };
        (here, rest) = (next, after);
    }
    if here.is_null() {
        return false;
    }
    *here = Value::Null;
    true
}
