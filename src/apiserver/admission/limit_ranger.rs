//! LimitRanger: defaults for containers, and what pods and claims may ask for
//! (`plugin/pkg/admission/limitranger`).

use super::name_of;
use crate::api::core::Container;
use crate::api::quantity::{self, Amount};
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object, Pod, QuantityText, Untyped};
use crate::apiserver::quota::{self, Usage};
use crate::apiserver::storage::Call;
use serde_json::Value;
use std::collections::BTreeMap;

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

fn ranges(call: &Call<'_>, namespace: &str) -> Vec<Object> {
    call.api
        .etcd
        .range(Kind::LimitRange, Some(namespace))
        .map(|(_, entry)| entry.object.clone())
        .collect()
}

fn items(range: &Object) -> Vec<&Value> {
    let Object::Other(_, untyped) = range else {
        return Vec::new();
    };
    let limits = untyped.rest.get("spec").and_then(|spec| spec.get("limits"));
    limits
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect()
}

fn is_for(item: &Value, kind: &str) -> bool {
    item.get("type").and_then(Value::as_str) == Some(kind)
}

/// Gives containers the requests and limits that they do not name.
pub(super) fn set_defaults(call: &Call<'_>, pod: &mut Pod) {
    let namespace = pod.metadata.namespace.clone().unwrap_or_default();
    for range in ranges(call, &namespace) {
        let (mut limits, mut requests) = (Usage::new(), Usage::new());
        for item in items(&range) {
            if is_for(item, "Container") {
                limits.extend(quota::amounts(item.get("default")));
                requests.extend(quota::amounts(item.get("defaultRequest")));
            }
        }
        let mut notes = Vec::new();
        let Some(spec) = &mut pod.spec else { return };
        for container in &mut spec.containers {
            set(container, "container", &requests, &limits, &mut notes);
        }
        for container in spec.init_containers.iter_mut().flatten() {
            set(container, "init container", &requests, &limits, &mut notes);
        }
        if !notes.is_empty() {
            let annotations = pod.metadata.annotations.get_or_insert_default();
            let note = format!("LimitRanger plugin set: {}", notes.join("; "));
            annotations.insert(ANNOTATION.to_owned(), note);
        }
    }
}

type List = Option<BTreeMap<String, QuantityText>>;

fn set(
    container: &mut Container,
    what: &str,
    requests: &Usage,
    limits: &Usage,
    notes: &mut Vec<String>,
) {
    let resources = container.resources.get_or_insert_default();
    let limited = set_missing(&mut resources.limits, limits);
    let requested = set_missing(&mut resources.requests, requests);
    let name = &container.name;
    for (set, word) in [(requested, "request"), (limited, "limit")] {
        if !set.is_empty() {
            notes.push(format!("{} {word} for {what} {name}", set.join(", ")));
        }
    }
}

fn set_missing(list: &mut List, defaults: &Usage) -> Vec<String> {
    let mut set = Vec::new();
    for (name, amount) in defaults {
        let known = list.as_ref().is_some_and(|list| list.contains_key(name));
        if !known {
            let list = list.get_or_insert_default();
            list.insert(name.clone(), amount.to_quantity());
            set.push(name.clone());
        }
    }
    set
}

/// Refuses pods that ask for too much or too little.
pub(super) fn validate_pod(call: &Call<'_>, pod: &Pod) -> Result<(), ApiError> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    for range in ranges(call, namespace) {
        let mut wrong = Vec::new();
        for item in items(&range) {
            pod_against(item, pod, &mut wrong);
        }
        refuse(Kind::Pod, name_of(&pod.metadata), wrong)?;
    }
    Ok(())
}

/// Refuses claims that ask for too much or too little.
pub(super) fn validate_claim(call: &Call<'_>, claim: &Untyped) -> Result<(), ApiError> {
    let namespace = claim.metadata.namespace.as_deref().unwrap_or_default();
    let spec = claim.rest.get("spec");
    let requests = spec.and_then(|spec| spec.pointer("/resources/requests"));
    let requests = quota::amounts(requests);
    for range in ranges(call, namespace) {
        let mut wrong = Vec::new();
        for item in items(&range) {
            if !is_for(item, "PersistentVolumeClaim") {
                continue;
            }
            let of = "PersistentVolumeClaim";
            for (name, least) in quota::amounts(item.get("min")) {
                wrong.extend(too_little(of, &name, least, &requests, &Usage::new()));
            }
            for (name, most) in quota::amounts(item.get("max")) {
                wrong.extend(request_too_large(of, &name, most, &requests));
            }
        }
        let name = name_of(&claim.metadata);
        refuse(Kind::PersistentVolumeClaim, name, wrong)?;
    }
    Ok(())
}

fn refuse(kind: Kind, name: &str, wrong: Vec<String>) -> Result<(), ApiError> {
    let why = match wrong.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    Err(status::forbidden(kind, name, &why))
}

fn pod_against(item: &Value, pod: &Pod, wrong: &mut Vec<String>) {
    let Some(spec) = &pod.spec else { return };
    if is_for(item, "Container") {
        let containers = spec
            .containers
            .iter()
            .chain(spec.init_containers.iter().flatten());
        for container in containers {
            let list = |list: Option<&BTreeMap<String, QuantityText>>| -> Usage {
                let amounts = list.into_iter().flatten();
                amounts
                    .map(|(name, text)| (name.clone(), quantity::amount(text)))
                    .collect()
            };
            let resources = container.resources.as_ref();
            let requests = list(resources.and_then(|it| it.requests.as_ref()));
            let limits = list(resources.and_then(|it| it.limits.as_ref()));
            against(item, "Container", &requests, &limits, wrong);
        }
    }
    if is_for(item, "Pod") {
        let requests = quota::totals(spec, |resources| resources.requests.as_ref());
        let limits = quota::totals(spec, |resources| resources.limits.as_ref());
        against(item, "Pod", &requests, &limits, wrong);
    }
}

fn against(item: &Value, of: &str, requests: &Usage, limits: &Usage, wrong: &mut Vec<String>) {
    for (name, least) in quota::amounts(item.get("min")) {
        wrong.extend(too_little(of, &name, least, requests, limits));
    }
    for (name, most) in quota::amounts(item.get("max")) {
        wrong.extend(too_much(of, &name, most, requests, limits));
    }
    for (name, ratio) in quota::amounts(item.get("maxLimitRequestRatio")) {
        wrong.extend(too_wide(of, &name, ratio, requests, limits));
    }
}

fn too_little(
    of: &str,
    name: &str,
    least: Amount,
    requests: &Usage,
    limits: &Usage,
) -> Option<String> {
    let head = format!("minimum {name} usage per {of} is {least}");
    let Some(request) = requests.get(name) else {
        return Some(format!("{head}.  No request is specified"));
    };
    if *request < least {
        return Some(format!("{head}, but request is {request}"));
    }
    let limit = limits.get(name).filter(|limit| **limit < least)?;
    Some(format!("{head}, but limit is {limit}"))
}

fn request_too_large(of: &str, name: &str, most: Amount, requests: &Usage) -> Option<String> {
    let head = format!("maximum {name} usage per {of} is {most}");
    match requests.get(name) {
        None => Some(format!("{head}.  No request is specified")),
        Some(request) if *request > most => Some(format!("{head}, but request is {request}")),
        Some(_) => None,
    }
}

fn too_much(
    of: &str,
    name: &str,
    most: Amount,
    requests: &Usage,
    limits: &Usage,
) -> Option<String> {
    let head = format!("maximum {name} usage per {of} is {most}");
    let Some(limit) = limits.get(name) else {
        return Some(format!("{head}.  No limit is specified"));
    };
    if *limit > most {
        return Some(format!("{head}, but limit is {limit}"));
    }
    let request = requests.get(name).filter(|request| **request > most)?;
    Some(format!("{head}, but request is {request}"))
}

fn too_wide(
    of: &str,
    name: &str,
    ratio: Amount,
    requests: &Usage,
    limits: &Usage,
) -> Option<String> {
    let head = format!("{name} max limit to request ratio per {of} is {ratio}");
    let request = requests.get(name).filter(|amount| !amount.is_zero());
    let Some(request) = request else {
        return Some(format!(
            "{head}, but no request is specified or request is 0"
        ));
    };
    let limit = limits.get(name).filter(|amount| !amount.is_zero());
    let Some(limit) = limit else {
        return Some(format!("{head}, but no limit is specified or limit is 0"));
    };
    let found = limit.millis() as f64 / request.millis() as f64;
    (found > ratio.millis() as f64 / 1000.0)
        .then(|| format!("{head}, but provided ratio is {found:.6}"))
}
