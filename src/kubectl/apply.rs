//! `kubectl apply` on the client's side: create what is not there, else patch
//! the live object by what changed between the manifest applied last and this
//! one (`k8s.io/kubectl/pkg/cmd/apply`).

use crate::api::decode;
use crate::api::patch::three_way::three_way;
use crate::api::status::ApiError;
use crate::api::{Key, Kind, ObjectMeta, Status, schema};
use crate::apiserver::{Body, PatchType, Reply, Request, Response};
use crate::sim::Actor;
use crate::sim::order::Order as _;
use crate::sim::trace::Verb;
use serde_json::{Map, Value};

/// Where the manifest that was applied last is kept.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const FIELD_MANAGER: &str = "kubectl-client-side-apply";
/// Somebody else may write between reading and patching.
const ATTEMPTS_MAX: u32 = 5;

/// What apply did to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there.
    Created,
    /// It was changed.
    Configured,
    /// It was as the manifest says.
    Unchanged,
}

impl Outcome {
    /// The word that kubectl prints.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Created => "created",
            Outcome::Configured => "configured",
            Outcome::Unchanged => "unchanged",
        }
    }
}

/// The outcome of applying one manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Kind of the object.
    pub kind: Kind,
    /// Its namespace and name.
    pub key: Key,
    /// What was done.
    pub outcome: Outcome,
    /// Warnings for the user, of the server and of kubectl.
    pub warnings: Vec<String>,
}

/// Applies one object. Errors that kubectl itself finds have no code
/// ([`super::error_text`] tells them apart).
pub fn apply(
    call: &mut dyn FnMut(Request) -> Response,
    manifest: &Value,
    default_namespace: &str,
) -> Result<Applied, ApiError> {
    let (kind, key) = identify(manifest, default_namespace)?;
    let configured = with_last_applied(manifest, kind, &key);
    for attempt in 1.. {
        let get = Request::new(Actor::User, Verb::Get, kind, key.clone());
        let live = match call(get) {
            Ok(Reply::Object { object, .. }) => object.to_json(),
            Ok(_) => return Err(client_error("the answer is not an object")),
            Err(error) if error.code == Some(404) => {
                return create(call, configured, kind, key);
            }
            Err(error) => return Err(error),
        };
        match patch(call, &configured, &live, kind, &key) {
            Err(error) if error.code == Some(409) && attempt < ATTEMPTS_MAX => {}
            outcome => return outcome,
        }
    }
    Err(client_error("gave up"))
}

fn create(
    call: &mut dyn FnMut(Request) -> Response,
    configured: Value,
    kind: Kind,
    key: Key,
) -> Result<Applied, ApiError> {
    let at = Key::new(key.namespace.clone(), "");
    let post = request(Verb::Create, kind, at).body(Body::Json(configured));
    let warnings = warnings_of(call(post)?);
    Ok(Applied {
        kind,
        key,
        outcome: Outcome::Created,
        warnings,
    })
}

fn patch(
    call: &mut dyn FnMut(Request) -> Response,
    configured: &Value,
    live: &Value,
    kind: Kind,
    key: &Key,
) -> Result<Applied, ApiError> {
    let annotation = live
        .pointer("/metadata/annotations")
        .and_then(|a| a.get(LAST_APPLIED));
    let last = annotation.and_then(Value::as_str);
    let mut warnings = Vec::new();
    if last.is_none() {
        warnings.push(format!(
            "resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
            kind.info().plural,
            key.name
        ));
    }
    let last: Value = last
        .and_then(|last| serde_json::from_str(last).ok())
        .unwrap_or_default();
    let patch = three_way(schema::of_kind(kind), &last, configured, live);
    let outcome = match patch.as_object().is_some_and(Map::is_empty) {
        true => Outcome::Unchanged,
        false => {
            let body = Body::Patch(PatchType::Strategic, patch);
            let reply = call(request(Verb::Patch, kind, key.clone()).body(body))?;
            warnings.extend(warnings_of(reply));
            Outcome::Configured
        }
    };
    Ok(Applied {
        kind,
        key: key.clone(),
        outcome,
        warnings,
    })
}

fn request(verb: Verb, kind: Kind, key: Key) -> Request {
    let mut request = Request::new(Actor::User, verb, kind, key);
    request.options.field_validation = "Strict".to_owned();
    request.options.field_manager = FIELD_MANAGER.to_owned();
    request
}

fn warnings_of(reply: Reply) -> Vec<String> {
    match reply {
        Reply::Object { warnings, .. } => warnings,
        _ => Vec::new(),
    }
}

fn client_error(message: impl Into<String>) -> ApiError {
    Box::new(Status {
        message: Some(message.into()),
        status: Some("Failure".to_owned()),
        ..Status::default()
    })
}

/// What kubectl looks at before it calls the server.
fn identify(manifest: &Value, default_namespace: &str) -> Result<(Kind, Key), ApiError> {
    let invalid = |why: &str| {
        client_error(format!(
            "error validating data: {why}; if you choose to ignore these errors, turn validation off with --validate=false"
        ))
    };
    if !manifest.is_object() {
        return Err(invalid("invalid object to validate"));
    }
    let text = |key: &str| {
        manifest
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (version, named) = (text("apiVersion"), text("kind"));
    match (version, named) {
        ("", "") => return Err(invalid("[apiVersion not set, kind not set]")),
        ("", _) => return Err(invalid("apiVersion not set")),
        (_, "") => return Err(invalid("kind not set")),
        _ => {}
    }
    let meta = metadata(manifest)?;
    let name = meta.name.as_deref().unwrap_or_default();
    let namespace = meta
        .namespace
        .as_deref()
        .filter(|namespace| !namespace.is_empty());
    let kind = find_kind(version, named).ok_or_else(|| {
        client_error(format!(
            "resource mapping not found for name: {name:?} namespace: {:?} from \"STDIN\": no matches for kind {named:?} in version {version:?}\nensure CRDs are installed first",
            namespace.unwrap_or_default()
        ))
    })?;
    let prefix = meta.generate_name.as_deref().unwrap_or_default();
    if name.is_empty() && !prefix.is_empty() {
        return Err(client_error(format!(
            "from {prefix}: cannot use generate name with apply"
        )));
    }
    let namespace = match kind.info().namespaced {
        true => namespace.unwrap_or(default_namespace),
        false => "",
    };
    if name.is_empty() {
        return Err(client_error(no_name(kind, namespace)));
    }
    Ok((kind, Key::new(namespace, name)))
}

/// The mapping finds kinds whatever their case.
fn find_kind(version: &str, named: &str) -> Option<Kind> {
    let wanted = named.to_ascii_lowercase();
    Kind::ALL.iter().copied().find(|kind| {
        kind.info().kind.to_ascii_lowercase() == wanted && kind.api_version() == version
    })
}

fn metadata(manifest: &Value) -> Result<ObjectMeta, ApiError> {
    decode::metadata(manifest).map_err(|why| {
        let why = why.replace("field ConfigMap.", "field ObjectMeta.");
        client_error(format!("unable to decode \"STDIN\": {why}"))
    })
}

fn no_name(kind: Kind, namespace: &str) -> String {
    let info = kind.info();
    format!(
        "error when retrieving current configuration of:\nResource: \"{group}/{version}, Resource={plural}\", GroupVersionKind: \"{group}/{version}, Kind={named}\"\nName: \"\", Namespace: {namespace:?}\nfrom server for: \"STDIN\": resource name may not be empty",
        group = info.group,
        version = info.version,
        plural = info.plural,
        named = info.kind,
    )
}

/// The manifest, with itself in the annotation.
fn with_last_applied(manifest: &Value, kind: Kind, key: &Key) -> Value {
    let mut bare = manifest.clone();
    if let Some(Value::Object(meta)) = bare.get_mut("metadata") {
        if kind.info().namespaced {
            meta.insert("namespace".to_owned(), (*key.namespace).into());
        }
        let annotations = meta.entry("annotations").or_insert(Value::Null);
        if annotations.is_null() {
            *annotations = Value::Object(Map::new());
        }
        if let Value::Object(annotations) = annotations {
            annotations.remove(LAST_APPLIED);
        }
    }
    let text = format!("{}\n", sorted(&bare));
    if let Some(Value::Object(annotations)) = bare.pointer_mut("/metadata/annotations") {
        annotations.insert(LAST_APPLIED.to_owned(), text.into());
    }
    bare
}

/// JSON with its keys sorted, as Go writes maps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.order_by_key(|(key, _)| *key);
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted(value)));
            Value::Object(entries.collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
