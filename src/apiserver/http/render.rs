//! Answers as HTTP.

use super::HttpResponse;
use super::accept::{Form, Shape};
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object};
use crate::apiserver::table::{self, Item, Style};
use crate::apiserver::{Reply, Response, Subresource, Target, Version, apply, scale};
use crate::sim::Instant;
use serde_json::{Value, json};

/// Writes the answer to a request about `target`, as JSON.
pub fn render(target: &Target, response: Response) -> HttpResponse {
    let form = Form::default();
    respond(target, Version::Stored, &form, Instant::ZERO, response)
}

/// Writes the answer in the form that the client accepts.
pub(super) fn respond(
    target: &Target,
    version: Version,
    form: &Form,
    now: Instant,
    response: Response,
) -> HttpResponse {
    let response = response.and_then(|reply| fits(&reply, form).map(|()| reply));
    let (status, warnings, body, retry) = match response {
        Err(error) => {
            let warnings = crate::apiserver::warnings::of_kind(target.kind);
            let warnings = warnings.map(str::to_owned).into_iter().collect();
            let details = error.details.as_ref();
            let retry = details.and_then(|details| details.retry_after_seconds);
            let code = error.code.unwrap_or(500) as u16;
            (code, warnings, failure(&error), retry)
        }
        Ok(reply) => {
            let status = reply.code();
            let (warnings, body) = success(target, version, form, now, reply);
            (status, warnings, body, None)
        }
    };
    let mut answer = written(status, &body, form.yaml);
    answer.headers.extend(warnings.iter().map(|warning| {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        ("Warning".to_owned(), format!("299 - \"{quoted}\""))
    }));
    if let Some(seconds) = retry {
        let header = ("Retry-After".to_owned(), seconds.to_string());
        answer.headers.push(header);
    }
    answer
}

/// A body as JSON or YAML.
pub(super) fn written(status: u16, body: &Value, yaml: bool) -> HttpResponse {
    let (content_type, body) = match yaml {
        true => (
            "application/yaml",
            serde_yaml::to_string(body).unwrap_or_default(),
        ),
        false => ("application/json", body.to_string()),
    };
    HttpResponse {
        status,
        headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
        body,
    }
}

/// Metadata of one object is no list, and that of a list no object.
fn fits(reply: &Reply, form: &Form) -> Result<(), ApiError> {
    match (&form.shape, reply) {
        (Shape::Partial(_), Reply::List { kind, .. }) => Err(status::not_acceptable(&format!(
            "you requested PartialObjectMetadata, but the requested object is a list (*{}List)",
            go_type(*kind)
        ))),
        (Shape::PartialList(_), Reply::Object { object, .. } | Reply::Done { object, .. }) => {
            Err(status::not_acceptable(&format!(
                "you requested PartialObjectMetadataList, but the requested object is not a list (*{})",
                go_type(object.kind())
            )))
        }
        _ => Ok(()),
    }
}

/// `core.ConfigMap`: the type of upstream's internal objects.
fn go_type(kind: Kind) -> String {
    let info = kind.info();
    let group = match info.group {
        "" => "core",
        group => group.split('.').next().unwrap_or(group),
    };
    format!("{group}.{}", info.kind)
}

/// An error as a `Status`.
pub(super) fn failure(error: &ApiError) -> Value {
    let mut metadata = json!({});
    if let Some(token) = error.metadata.continue_.as_deref() {
        metadata["continue"] = token.into();
    }
    let mut body = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": metadata,
        "status": error.status,
        "message": error.message,
        "reason": error.reason,
        "details": error.details,
        "code": error.code,
    });
    drop_nulls(&mut body);
    body
}

/// 500, with a `Status` and no reason.
pub(super) fn plain_error(message: &str) -> HttpResponse {
    written(500, &failure(&status::internal(message)), false)
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, value| !value.is_null());
    }
}

fn success(
    target: &Target,
    version: Version,
    form: &Form,
    now: Instant,
    reply: Reply,
) -> (Vec<String>, Value) {
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
        } => (warnings, alone(&object, version, form, style(form, now))),
        Reply::List {
            kind,
            items,
            revision,
            continue_token,
            remaining,
        } => {
            let mut metadata = json!({ "resourceVersion": revision.to_string() });
            if kind.custom().is_some() {
                metadata["continue"] = "".into();
            }
            if !continue_token.is_empty() {
                metadata["continue"] = continue_token.into();
            }
            if let Some(remaining) = remaining.filter(|remaining| *remaining > 0) {
                metadata["remainingItemCount"] = remaining.into();
            }
            let warnings = crate::apiserver::warnings::of_kind(kind);
            let warnings = warnings.map(str::to_owned).into_iter().collect();
            if let Some(style) = style(form, now) {
                let items: Vec<Item<'_>> =
                    items.iter().map(|object| item(object, version)).collect();
                return (warnings, table::table(kind, style, metadata, &items));
            }
            (warnings, list(kind, version, form, &items, metadata))
        }
        Reply::Scale {
            object,
            replicas,
            current,
            selector,
        } => {
            let value = scale::to_json(&object, replicas, current, &selector);
            match style(form, now) {
                Some(style) => (Vec::new(), table::scale(style, &value)),
                None => (Vec::new(), value),
            }
        }
        Reply::Done { object, warnings } => (warnings, done(&object)),
        Reply::Made { value } => (Vec::new(), value),
    }
}

/// How tables are written, where the client wants one.
pub(super) fn style(form: &Form, now: Instant) -> Option<Style<'_>> {
    let Shape::Table(api_version) = &form.shape else {
        return None;
    };
    Some(Style {
        api_version,
        include: form.include,
        now,
        with_columns: true,
    })
}

fn item(object: &Object, version: Version) -> Item<'_> {
    Item {
        object,
        shown: |object, version| version.from_stored(object.kind(), object.to_json()),
        version,
    }
}

/// The one object of an answer: who manages its fields is told in full.
fn alone(object: &Object, version: Version, form: &Form, style: Option<Style<'_>>) -> Value {
    match &form.shape {
        Shape::Partial(_) | Shape::PartialList(_) | Shape::Table(_) => {
            shaped(object, version, form, style)
        }
        _ => version.from_stored(object.kind(), apply::shown(object)),
    }
}

/// One object in the form that the client accepts.
pub(super) fn shaped(
    object: &Object,
    version: Version,
    form: &Form,
    style: Option<Style<'_>>,
) -> Value {
    if let Some(style) = style {
        let metadata = json!({ "resourceVersion": object.meta().resource_version });
        return table::table(object.kind(), style, metadata, &[item(object, version)]);
    }
    match &form.shape {
        Shape::Partial(api_version) | Shape::PartialList(api_version) => {
            partial(object, api_version)
        }
        _ => version.from_stored(object.kind(), object.to_json()),
    }
}

fn partial(object: &Object, api_version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": api_version,
        "metadata": object.metadata_json(),
    })
}

/// The object of a bookmark: nothing but metadata.
pub(super) fn bookmark(
    kind: Kind,
    version: Version,
    form: &Form,
    style: Option<Style<'_>>,
    metadata: Value,
) -> Value {
    if let Some(style) = style {
        return table::bookmark(kind, style, metadata);
    }
    let (named, api_version) = match &form.shape {
        Shape::Whole | Shape::Table(_) => (kind.info().kind, version.api_version(kind)),
        Shape::Partial(version) | Shape::PartialList(version) => {
            ("PartialObjectMetadata", version.clone())
        }
    };
    let mut object = json!({"kind": named, "apiVersion": api_version, "metadata": metadata});
    if form.shape == Shape::Whole
        && let Ok(empty) = Object::from_json(kind, json!({}))
        && let Value::Object(mut fields) = version.from_stored(kind, empty.to_json())
        && let Value::Object(object) = &mut object
    {
        for key in ["kind", "apiVersion", "metadata"] {
            fields.remove(key);
        }
        object.extend(fields);
    }
    object
}

/// Items of a list do not repeat their type.
fn list(kind: Kind, version: Version, form: &Form, items: &[Object], metadata: Value) -> Value {
    if let Shape::PartialList(api_version) = &form.shape {
        let items: Vec<Value> = items
            .iter()
            .map(|object| partial(object, api_version))
            .collect();
        return json!({
            "kind": "PartialObjectMetadataList",
            "apiVersion": api_version,
            "metadata": metadata,
            "items": items,
        });
    }
    let items: Vec<Value> = items
        .iter()
        .map(|object| {
            let mut item = version.from_stored(kind, object.to_json());
            // Unstructured items keep their type.
            if let Value::Object(map) = &mut item
                && kind.custom().is_none()
            {
                map.remove("apiVersion");
                map.remove("kind");
            }
            item
        })
        .collect();
    json!({
        "kind": format!("{}List", kind.info().kind),
        "apiVersion": version.api_version(kind),
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
