//! What pods use.

use super::{Usage, one};
use crate::api::core::{Container, PodSpec, ResourceRequirements};
use crate::api::quantity;
use crate::api::{Pod, QuantityText};
use std::collections::{BTreeMap, BTreeSet};

type List = BTreeMap<String, QuantityText>;

/// Resources that a container must name where a quota limits them.
const COMPUTE: [&str; 6] = [
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
];

pub(super) fn is_of(resource: &str) -> bool {
    matches!(resource, "pods" | "cpu" | "memory" | "ephemeral-storage")
        || resource == "limits.cpu"
        || resource == "limits.memory"
        || resource == "limits.ephemeral-storage"
        || resource.starts_with("hugepages-")
        || resource
            .strip_prefix("requests.")
            .is_some_and(|rest| rest != "storage")
}

/// Pods that are over use nothing but their place in the store.
pub(super) fn add(pod: &Pod, usage: &mut Usage) {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    if matches!(phase, Some("Failed" | "Succeeded")) {
        return;
    }
    usage.insert("pods".to_owned(), one());
    let Some(spec) = &pod.spec else { return };
    let (requests, limits) = (
        totals(spec, |resources| resources.requests.as_ref()),
        totals(spec, |resources| resources.limits.as_ref()),
    );
    add_compute(&requests, &limits, usage);
}

fn add_compute(requests: &Usage, limits: &Usage, usage: &mut Usage) {
    for (name, amount) in requests {
        match name.as_str() {
            "cpu" | "memory" | "ephemeral-storage" => {
                usage.insert(name.clone(), *amount);
            }
            name if name.starts_with("hugepages-") => {
                usage.insert(name.to_owned(), *amount);
            }
            _ => {}
        }
        usage.insert(format!("requests.{name}"), *amount);
    }
    for (name, amount) in limits {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            usage.insert(format!("limits.{name}"), *amount);
        }
    }
}

fn list_of(container: &Container, list: fn(&ResourceRequirements) -> Option<&List>) -> Usage {
    let resources = container.resources.as_ref().and_then(list);
    let amounts = resources.into_iter().flatten();
    amounts
        .map(|(name, text)| (name.clone(), quantity::amount(text)))
        .collect()
}

fn add_to(total: &mut Usage, more: &Usage) {
    for (name, amount) in more {
        let sum = total.get(name).map_or(*amount, |before| *before + *amount);
        total.insert(name.clone(), sum);
    }
}

fn at_least(total: &mut Usage, floor: &Usage) {
    for (name, amount) in floor {
        let more = total.get(name).is_none_or(|present| present < amount);
        if more {
            total.insert(name.clone(), *amount);
        }
    }
}

/// What a pod asks for in all: its containers together, or more where an init
/// container asks for more; side-cars count with everyone after them
/// (`resourcehelper.PodRequests`).
pub(in crate::apiserver) fn totals(
    spec: &PodSpec,
    list: fn(&ResourceRequirements) -> Option<&List>,
) -> Usage {
    let mut total = Usage::new();
    for container in &spec.containers {
        add_to(&mut total, &list_of(container, list));
    }
    let (mut sidecars, mut initial) = (Usage::new(), Usage::new());
    for container in spec.init_containers.iter().flatten() {
        let mut own = list_of(container, list);
        if container.restart_policy.as_deref() == Some("Always") {
            add_to(&mut total, &own);
            add_to(&mut sidecars, &own);
            own = sidecars.clone();
        } else {
            add_to(&mut own, &sidecars);
        }
        at_least(&mut initial, &own);
    }
    at_least(&mut total, &initial);
    if let Some(whole) = spec.resources.as_ref().and_then(list) {
        for (name, text) in whole {
            total.insert(name.clone(), quantity::amount(text));
        }
    }
    if let Some(overhead) = &spec.overhead {
        let more: Usage = overhead
            .iter()
            .filter(|(name, _)| total.contains_key(*name))
            .map(|(name, text)| (name.clone(), quantity::amount(text)))
            .collect();
        add_to(&mut total, &more);
    }
    total
}

/// Resources that a quota limits and that containers do not name:
/// `requests.cpu for: a,b`.
pub fn missing_resources(pod: &Pod, limited: &BTreeSet<String>) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let wanted: Vec<&str> = COMPUTE
        .into_iter()
        .filter(|name| limited.contains(*name))
        .collect();
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let containers = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten());
    for container in containers {
        let mut named = Usage::new();
        let requests = list_of(container, |resources| resources.requests.as_ref());
        let limits = list_of(container, |resources| resources.limits.as_ref());
        add_compute(&requests, &limits, &mut named);
        for name in wanted.iter().filter(|name| !named.contains_key(**name)) {
            missing.entry(name).or_default().insert(&container.name);
        }
    }
    if missing.is_empty() {
        return None;
    }
    let parts: Vec<String> = missing
        .into_iter()
        .map(|(name, containers)| {
            let names: Vec<&str> = containers.into_iter().collect();
            format!("{name} for: {}", names.join(","))
        })
        .collect();
    Some(format!("must specify {}", parts.join("; ")))
}
