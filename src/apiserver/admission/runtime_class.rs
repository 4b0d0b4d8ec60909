//! RuntimeClass: what a pod's runtime costs, and where it can run
//! (`plugin/pkg/admission/runtimeclass`).

use super::name_of;
use crate::api::core::Toleration;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, Pod, QuantityText};
use crate::apiserver::storage::Call;
use serde_json::Value;
use std::collections::BTreeMap;

/// Gives the pod the overhead and the nodes of its class.
pub(super) fn admit(call: &Call<'_>, pod: &mut Pod) -> Result<(), ApiError> {
    let name = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.runtime_class_name.clone());
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let entry = call.look_up(Kind::RuntimeClass, Key::new("", name.as_str()));
    let class = match entry.map(|entry| &entry.object) {
        Some(Object::Other(_, class)) => class.rest.clone(),
        _ => {
            let why = format!("pod rejected: RuntimeClass {name:?} not found");
            return Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), &why));
        }
    };
    let read = |pointer: [&str; 2]| {
        let part = class.get(pointer[0]).and_then(|part| part.get(pointer[1]));
        part.cloned().unwrap_or(Value::Null)
    };
    let refuse = |pod: &Pod, why: &str| {
        let why = format!("pod rejected: {why}");
        Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), &why))
    };
    let overhead: Option<BTreeMap<String, QuantityText>> =
        serde_json::from_value(read(["overhead", "podFixed"])).ok();
    let own = pod.spec.as_ref().and_then(|spec| spec.overhead.clone());
    if own.is_some() && own != overhead {
        return refuse(
            pod,
            "Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        );
    }
    let selector: BTreeMap<String, String> =
        serde_json::from_value(read(["scheduling", "nodeSelector"])).unwrap_or_default();
    let nodes = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.node_selector.clone());
    let mut nodes = nodes.unwrap_or_default();
    for (key, value) in selector {
        match nodes.get(&key) {
            Some(own) if *own != value => {
                let why = format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
                );
                return Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), &why));
            }
            _ => drop(nodes.insert(key, value)),
        }
    }
    let tolerations: Vec<Toleration> =
        serde_json::from_value(read(["scheduling", "tolerations"])).unwrap_or_default();
    let spec = pod.spec.get_or_insert_default();
    spec.overhead = overhead;
    spec.node_selector = Some(nodes).filter(|nodes| !nodes.is_empty());
    for toleration in tolerations {
        let known = spec.tolerations.get_or_insert_default();
        if !known.contains(&toleration) {
            known.push(toleration);
        }
    }
    Ok(())
}
