//! From request to store.

use super::{ApiServer, Body, Reply, Request, Response, Subresource};
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, Time};
use crate::etcd::{StoreError, StoreKey};
use crate::sim::trace::{Verb, What};
use crate::sim::{Cause, RecordId, Sim};

pub(super) fn handle(
    api: &mut ApiServer,
    sim: &mut Sim,
    cause: Cause,
    request: Request,
) -> Response {
    // The record is named before the write, so that the write can name it as its
    // cause; its text follows once the outcome is known.
    let record = sim.trace.next_id();
    let response = answer(api, sim, record, &request);
    let (code, message) = match &response {
        Ok(reply) => (reply.code(), "".into()),
        Err(error) => (
            error.code.unwrap_or(500) as u16,
            error.message.clone().unwrap_or_default().into(),
        ),
    };
    let name = match &response {
        Ok(Reply::Object { object, .. }) => object.key().name,
        _ => request.target.key.name.clone(),
    };
    let what = What::Call {
        verb: request.verb,
        resource: request.target.kind.info().plural.into(),
        subresource: request.target.subresource.name().into(),
        namespace: request.target.key.namespace,
        name,
        code,
        revision: api.etcd.revision(),
        message,
    };
    sim.trace.push(sim.now, cause, request.caller, what);
    response
}

fn answer(api: &mut ApiServer, sim: &mut Sim, record: RecordId, request: &Request) -> Response {
    match (request.verb, request.target.subresource) {
        (Verb::Create, Subresource::None) => create(api, sim, record, request),
        (Verb::Get, _) => get(api, request),
        (Verb::List, _) => list(api, request),
        (Verb::Update, _) => update(api, record, request),
        (Verb::Delete, _) => delete(api, record, request),
        (Verb::Create, Subresource::Binding) => bind(api, record, request),
        _ => Err(status::method_not_supported(
            request.target.kind,
            "this verb",
        )),
    }
}

fn body_object(request: &Request) -> Result<Object, ApiError> {
    match &request.body {
        Body::Object(object) => Ok(object.clone()),
        Body::Json(value) => Object::from_json(request.target.kind, value.clone())
            .map_err(|error| status::bad_request(error.to_string())),
        _ => Err(status::bad_request("the request has no object")),
    }
}

fn write(
    api: &mut ApiServer,
    kind: Kind,
    key: &Key,
    compare: u64,
    object: Option<Object>,
    record: RecordId,
) -> Result<(), ApiError> {
    let at = StoreKey {
        kind,
        key: key.clone(),
    };
    let stamp = |object: &mut Object, revision: u64| {
        object.meta_mut().resource_version = Some(revision.to_string());
    };
    let before = api.etcd.revision();
    match api.etcd.txn(at, compare, object, stamp, Some(record)) {
        Ok(_) => {
            let writes: Vec<_> = api
                .etcd
                .writes_after(before)
                .map(|writes| writes.cloned().collect())
                .unwrap_or_default();
            for write in writes {
                api.watches.publish(&write);
            }
            Ok(())
        }
        Err(StoreError::Conflict { found }) if compare == 0 && found != 0 => {
            Err(status::already_exists(kind, &key.name))
        }
        Err(StoreError::Conflict { found: 0 }) => Err(status::not_found(kind, &key.name)),
        Err(_) => Err(status::conflict(kind, &key.name, status::OBJECT_MODIFIED)),
    }
}

fn stored(api: &ApiServer, kind: Kind, key: &Key) -> Result<(Object, u64), ApiError> {
    api.etcd
        .get(&StoreKey {
            kind,
            key: key.clone(),
        })
        .map(|entry| (entry.object.clone(), entry.mod_revision))
        .ok_or_else(|| status::not_found(kind, &key.name))
}

fn create(api: &mut ApiServer, sim: &mut Sim, record: RecordId, request: &Request) -> Response {
    let mut object = body_object(request)?;
    let kind = request.target.kind;
    let meta = object.meta_mut();
    if kind.info().namespaced {
        meta.namespace = Some(request.target.key.namespace.to_string());
    }
    if meta.name.is_none() {
        let prefix = meta.generate_name.clone().unwrap_or_default();
        meta.name = Some(format!("{prefix}{}", sim.chance.suffix(5)));
    }
    meta.uid = Some(sim.chance.uuid());
    meta.creation_timestamp = Some(Time(sim.now.timestamp()));
    meta.generation = Some(1);
    let key = object.key();
    write(api, kind, &key, 0, Some(object), record)?;
    let (object, _) = stored(api, kind, &key)?;
    Ok(Reply::Object {
        object,
        created: true,
        warnings: Vec::new(),
    })
}

fn get(api: &ApiServer, request: &Request) -> Response {
    let (object, _) = stored(api, request.target.kind, &request.target.key)?;
    Ok(Reply::Object {
        object,
        created: false,
        warnings: Vec::new(),
    })
}

fn list(api: &ApiServer, request: &Request) -> Response {
    let namespace = Some(&*request.target.key.namespace).filter(|namespace| !namespace.is_empty());
    let items = api
        .etcd
        .range(request.target.kind, namespace)
        .map(|(_, entry)| entry.object.clone())
        .collect();
    Ok(Reply::List {
        kind: request.target.kind,
        items,
        revision: api.etcd.revision(),
        continue_token: String::new(),
    })
}

fn update(api: &mut ApiServer, record: RecordId, request: &Request) -> Response {
    let (kind, key) = (request.target.kind, &request.target.key);
    let object = body_object(request)?;
    let (_, revision) = stored(api, kind, key)?;
    let wanted = object
        .meta()
        .resource_version
        .as_deref()
        .and_then(|text| text.parse().ok());
    write(
        api,
        kind,
        key,
        wanted.unwrap_or(revision),
        Some(object),
        record,
    )?;
    let (object, _) = stored(api, kind, key)?;
    Ok(Reply::Object {
        object,
        created: false,
        warnings: Vec::new(),
    })
}

fn delete(api: &mut ApiServer, record: RecordId, request: &Request) -> Response {
    let (kind, key) = (request.target.kind, &request.target.key);
    let (object, revision) = stored(api, kind, key)?;
    write(api, kind, key, revision, None, record)?;
    Ok(Reply::Done { object })
}

fn bind(api: &mut ApiServer, record: RecordId, request: &Request) -> Response {
    let (kind, key) = (request.target.kind, &request.target.key);
    let (mut object, revision) = stored(api, kind, key)?;
    if let (Object::Pod(pod), Body::Binding(node)) = (&mut object, &request.body) {
        let spec = std::sync::Arc::make_mut(pod).spec.get_or_insert_default();
        spec.node_name = Some(node.to_string());
    }
    write(api, kind, key, revision, Some(object.clone()), record)?;
    Ok(Reply::Object {
        object,
        created: true,
        warnings: Vec::new(),
    })
}
