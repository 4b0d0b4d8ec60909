//! Answers as HTTP.

use super::HttpResponse;
use crate::api::status::ApiError;
use crate::api::{Kind, Object};
use crate::apiserver::{Reply, Response, Subresource, Target, scale};
use serde_json::{Value, json};

/// Writes the answer to a request about `target`.
pub fn render(target: &Target, response: Response) -> HttpResponse {
    let (status, warnings, body) = match response {
        Err(error) => (
            error.code.unwrap_or(500) as u16,
            Vec::new(),
            failure(&error),
        ),
        Ok(reply) => {
            let status = reply.code();
            let (warnings, body) = success(target, reply);
            (status, warnings, body)
        }
    };
    let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    headers.extend(warnings.iter().map(|warning| {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        ("Warning".to_owned(), format!("299 - \"{quoted}\""))
    }));
    HttpResponse {
        status,
        headers,
        body: body.to_string(),
    }
}

fn failure(error: &ApiError) -> Value {
    let mut body = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": error.status,
        "message": error.message,
        "reason": error.reason,
        "details": error.details,
        "code": error.code,
    });
    drop_nulls(&mut body);
    body
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, value| !value.is_null());
    }
}

fn success(target: &Target, reply: Reply) -> (Vec<String>, Value) {
    match reply {
        Reply::Object { warnings, .. }
            if matches!(
                target.subresource,
                Subresource::Binding | Subresource::Eviction
            ) =>
        {
            let body = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
            });
            (warnings, body)
        }
        Reply::Object {
            object, warnings, ..
        } => (warnings, object.to_json()),
        Reply::List {
            kind,
            items,
            revision,
            continue_token,
        } => (Vec::new(), list(kind, &items, revision, continue_token)),
        Reply::Scale {
            object,
            replicas,
            current,
            selector,
        } => (
            Vec::new(),
            scale::to_json(&object, replicas, current, &selector),
        ),
        Reply::Done { object } => (Vec::new(), done(&object)),
    }
}

/// Items of a list do not repeat their type.
fn list(kind: Kind, items: &[Object], revision: u64, continue_token: String) -> Value {
    let items: Vec<Value> = items
        .iter()
        .map(|object| {
            let mut item = object.to_json();
            if let Value::Object(map) = &mut item {
                map.remove("apiVersion");
                map.remove("kind");
            }
            item
        })
        .collect();
    let mut metadata = json!({ "resourceVersion": revision.to_string() });
    if !continue_token.is_empty() {
        metadata["continue"] = continue_token.into();
    }
    json!({
        "kind": format!("{}List", kind.info().kind),
        "apiVersion": kind.api_version(),
        "metadata": metadata,
        "items": items,
    })
}

/// `Status` Success with what is gone.
fn done(object: &Object) -> Value {
    let (info, meta) = (object.kind().info(), object.meta());
    let mut details = json!({
        "name": meta.name,
        "kind": info.plural,
        "uid": meta.uid,
        "group": Some(info.group).filter(|group| !group.is_empty()),
    });
    drop_nulls(&mut details);
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
    })
}
