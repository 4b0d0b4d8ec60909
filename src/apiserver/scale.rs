//! `/scale`: the replicas of any workload behind one interface.

use super::patch::{apply_patch, go_document};
use super::storage::Call;
use super::{Body, PatchType, Reply, Response, custom};
use crate::api::selector::Selector;
use crate::api::status::{self, ApiError};
use crate::api::{Kind, LabelSelector, Object, ScalePaths};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What `/scale` shows of a workload.
pub(super) struct Scale {
    replicas: i32,
    current: i32,
    selector: String,
}

impl Scale {
    fn of(object: &Object) -> Option<Scale> {
        let (replicas, current, selector) = match object {
            Object::Deployment(deployment) => {
                let spec = deployment.spec.as_ref()?;
                let status = deployment.status.as_ref();
                let current = status.and_then(|status| status.replicas).unwrap_or(0);
                (spec.replicas.unwrap_or(1), current, text_of(&spec.selector))
            }
            Object::ReplicaSet(set) => {
                let spec = set.spec.as_ref()?;
                let current = set.status.as_ref().map_or(0, |status| status.replicas);
                (spec.replicas.unwrap_or(1), current, text_of(&spec.selector))
            }
            Object::Other(Kind::Custom(custom), untyped) => {
                return Scale::of_custom(custom.custom().scale.as_ref()?, &untyped.rest);
            }
            Object::Other(_, untyped) => {
                let spec = untyped.rest.get("spec")?;
                let number = |value: Option<&Value>| {
                    value
                        .and_then(Value::as_i64)
                        .and_then(|n| i32::try_from(n).ok())
                };
                let status = untyped.rest.get("status");
                let current = number(status.and_then(|status| status.get("replicas")));
                let selector = spec.get("selector").cloned().unwrap_or_default();
                // A ReplicationController's selector is a plain map.
                let selector = match serde_json::from_value(selector.clone()) {
                    Ok(labels) => Selector::from_map(&labels).to_string(),
                    Err(_) => text_of(&serde_json::from_value(selector).ok()?),
                };
                let replicas = number(spec.get("replicas")).unwrap_or(1);
                (replicas, current.unwrap_or(0), selector)
            }
            _ => return None,
        };
        Some(Scale {
            replicas,
            current,
            selector,
        })
    }

    fn of_custom(paths: &ScalePaths, rest: &Map<String, Value>) -> Option<Scale> {
        let value = Value::Object(rest.clone());
        let number = |path: &str| {
            let number = custom::at(&value, path)?.as_i64()?;
            i32::try_from(number).ok()
        };
        let selector = match paths.selector.as_str() {
            "" => None,
            path => custom::at(&value, path).and_then(Value::as_str),
        };
        Some(Scale {
            replicas: number(&paths.spec_replicas)?,
            current: number(&paths.status_replicas).unwrap_or(0),
            selector: selector.unwrap_or_default().to_owned(),
        })
    }

    fn reply(self, object: Object) -> Response {
        Ok(Reply::Scale {
            object,
            replicas: self.replicas,
            current: self.current,
            selector: self.selector,
        })
    }
}

/// An `autoscaling/v1` Scale as JSON.
pub(super) fn to_json(object: &Object, replicas: i32, current: i32, selector: &str) -> Value {
    let meta = object.meta();
    let mut spec = json!({});
    if replicas != 0 {
        spec = json!({ "replicas": replicas });
    }
    json!({
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
            "creationTimestamp": meta.creation_timestamp,
        },
        "spec": spec,
        "status": {"replicas": current, "selector": selector},
    })
}

fn text_of(selector: &LabelSelector) -> String {
    Selector::from_label_selector(selector).to_string()
}

fn set_replicas(object: &mut Object, replicas: i32) {
    match object {
        Object::Deployment(deployment) => {
            let spec = Arc::make_mut(deployment).spec.get_or_insert_default();
            spec.replicas = Some(replicas);
        }
        Object::ReplicaSet(set) => {
            Arc::make_mut(set).spec.get_or_insert_default().replicas = Some(replicas);
        }
        Object::Other(Kind::Custom(custom), untyped) => {
            let path = custom
                .custom()
                .scale
                .as_ref()
                .map(|it| it.spec_replicas.as_str());
            let path = path.unwrap_or_default().trim_start_matches('.');
            put(&mut Arc::make_mut(untyped).rest, path, replicas);
        }
        Object::Other(_, untyped) => {
            let rest = &mut Arc::make_mut(untyped).rest;
            if let Some(Value::Object(spec)) = rest.get_mut("spec") {
                spec.insert("replicas".to_owned(), replicas.into());
            }
        }
        _ => {}
    }
}

/// Sets a number at a simple path.
fn put(map: &mut Map<String, Value>, path: &str, number: i32) {
    match path.split_once('.') {
        None => drop(map.insert(path.to_owned(), number.into())),
        Some((first, rest)) => {
            let inner = map.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, number);
            }
        }
    }
}

/// 404; 500 where a custom resource has no replicas.
fn no_scale(kind: Kind) -> ApiError {
    match kind
        .custom()
        .and_then(|custom| custom.custom().scale.as_ref())
    {
        Some(paths) => status::internal_error(&format!(
            "the spec replicas field {:?} does not exist",
            paths.spec_replicas
        )),
        None => status::no_such_path(),
    }
}

impl Call<'_> {
    fn scale(&self) -> Result<(Object, Scale), ApiError> {
        let object = self.stored()?.object.clone();
        // A custom resource may have no replicas yet.
        let none = || {
            self.kind().custom().map(|_| Scale {
                replicas: 0,
                current: 0,
                selector: String::new(),
            })
        };
        let scale = Scale::of(&object).or_else(none);
        Ok((object, scale.ok_or_else(status::no_such_path)?))
    }

    pub(super) fn get_scale(self) -> Response {
        let object = self.stored()?.object.clone();
        let scale = Scale::of(&object).ok_or_else(|| no_scale(self.kind()))?;
        scale.reply(object)
    }

    pub(super) fn update_scale(self, body: Body) -> Response {
        match body {
            Body::Scale(replicas) => self.set_scale(replicas, None),
            Body::Json(value) => self.put_scale(&value),
            _ => Err(status::bad_request("the request has no scale")),
        }
    }

    fn put_scale(self, value: &Value) -> Response {
        check_type(value)?;
        let name = value.pointer("/metadata/name").and_then(Value::as_str);
        let wanted = &self.target.key.name;
        match name.unwrap_or_default() {
            "" => {
                return Err(status::bad_request(format!(
                    "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
                )));
            }
            name if name != &**wanted => {
                return Err(status::bad_request(format!(
                    "the name of the object ({name}) does not match the name on the URL ({wanted})"
                )));
            }
            _ => {}
        }
        let version = value.pointer("/metadata/resourceVersion");
        let version = version.and_then(Value::as_str).map(str::to_owned);
        let replicas = replicas_of(value)?;
        self.set_scale(replicas, version)
    }

    pub(super) fn patch_scale(self, body: Body) -> Response {
        let (object, scale) = self.scale()?;
        let Body::Patch(patch_type, patch) = body else {
            return Err(status::bad_request("the request has no patch"));
        };
        if patch_type == PatchType::Apply {
            return self.apply_scale(&patch);
        }
        let Scale {
            replicas,
            current,
            selector,
        } = &scale;
        let document = to_json(&object, *replicas, *current, selector);
        let patched = apply_patch(self.kind(), patch_type, &document, &patch)?;
        if let Err(error) = replicas_of(&patched) {
            let why = error.message.clone().unwrap_or_default();
            let why = why.rsplit_once("as a Scale: ").map_or("", |(_, why)| why);
            let shown = go_document(&patched);
            let message = format!("Invalid value: {shown:?}: {why}");
            let cause = status::cause("FieldValueInvalid", "patch", message);
            return Err(status::invalid_input("", "", "", vec![cause]));
        }
        self.put_scale(&patched)
    }

    /// The replicas are applied to the workload.
    fn apply_scale(self, scale: &Value) -> Response {
        check_type(scale)?;
        replicas_of(scale)?;
        let mut config = json!({
            "apiVersion": self.kind().api_version(),
            "kind": self.kind().info().kind,
            "metadata": scale.get("metadata"),
        });
        if let Some(replicas) = scale.pointer("/spec/replicas") {
            config["spec"] = json!({ "replicas": replicas });
        }
        match self.apply(config)? {
            Reply::Object { object, .. } => Scale::of(&object)
                .ok_or_else(status::no_such_path)?
                .reply(object),
            other => Ok(other),
        }
    }

    fn set_scale(self, replicas: i32, version: Option<String>) -> Response {
        let (old, _) = self.scale()?;
        if replicas < 0 {
            let message = format!("Invalid value: {replicas}: must be greater than or equal to 0");
            let cause = status::cause("FieldValueInvalid", "spec.replicas", message);
            let name = &self.target.key.name;
            return Err(status::invalid_input(
                "autoscaling",
                "Scale",
                name,
                vec![cause],
            ));
        }
        let revision = self.stored()?.mod_revision;
        let mut object = old.clone();
        set_replicas(&mut object, replicas);
        object.meta_mut().resource_version = version;
        match self.finish_update(object, old, revision)? {
            Reply::Object { object, .. } => Scale::of(&object)
                .ok_or_else(status::no_such_path)?
                .reply(object),
            other => Ok(other),
        }
    }
}

/// The body of a PUT must be a Scale.
fn check_type(value: &Value) -> Result<(), ApiError> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("apiVersion"), text("kind")) {
        ("" | "autoscaling/v1", "" | "Scale") => Ok(()),
        (version, "" | "Scale") => Err(status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version (autoscaling/v1)"
        ))),
        (_, kind) => Err(status::bad_request(format!(
            "{kind} in version \"v1\" cannot be handled as a Scale: converting (v1.{kind}) to (autoscaling.Scale): unknown conversion"
        ))),
    }
}

fn replicas_of(value: &Value) -> Result<i32, ApiError> {
    let replicas = value.pointer("/spec/replicas").unwrap_or(&Value::Null);
    match replicas {
        Value::Null => Ok(0),
        Value::Number(number) => number
            .as_i64()
            .and_then(|number| i32::try_from(number).ok())
            .ok_or_else(|| wrong_replicas(&format!("number {number}"))),
        Value::String(_) => Err(wrong_replicas("string")),
        Value::Bool(_) => Err(wrong_replicas("bool")),
        Value::Array(_) => Err(wrong_replicas("array")),
        Value::Object(_) => Err(wrong_replicas("object")),
    }
}

fn wrong_replicas(found: &str) -> ApiError {
    status::bad_request(format!(
        "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal {found} into Go struct field ScaleSpec.spec.replicas of type int32"
    ))
}
