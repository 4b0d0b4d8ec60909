//! The quality of service class of a pod
//! (`pkg/apis/core/v1/helper/qos/qos.go`).

use crate::api::QuantityText;
use crate::api::core::{Container, PodSpec, ResourceRequirements};
use crate::api::quantity::{self, Amount};
use std::collections::BTreeMap;

const GUARANTEED: &str = "Guaranteed";
const BURSTABLE: &str = "Burstable";
const BEST_EFFORT: &str = "BestEffort";

/// Only these two decide.
const DECIDING: [&str; 2] = ["cpu", "memory"];

/// `Guaranteed`: every container limits cpu and memory, and requests as much.
/// `BestEffort`: no container asks for either. `Burstable`: all others.
pub(super) fn class(spec: Option<&PodSpec>) -> &'static str {
    let Some(spec) = spec else {
        return BEST_EFFORT;
    };
    let resources: Vec<Option<&ResourceRequirements>> = match &spec.resources {
        Some(resources) => vec![Some(resources)],
        None => containers(spec).map(|c| c.resources.as_ref()).collect(),
    };
    let asks = |resources: &Option<&ResourceRequirements>| {
        DECIDING.iter().any(|resource| {
            resources.is_some_and(|resources| {
                positive(&resources.requests, resource).is_some()
                    || positive(&resources.limits, resource).is_some()
            })
        })
    };
    if !resources.iter().any(asks) {
        return BEST_EFFORT;
    }
    match resources.iter().all(|resources| guaranteed(*resources)) {
        true => GUARANTEED,
        false => BURSTABLE,
    }
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.init_containers
        .iter()
        .flatten()
        .chain(&spec.containers)
}

fn guaranteed(resources: Option<&ResourceRequirements>) -> bool {
    let Some(resources) = resources else {
        return false;
    };
    DECIDING.iter().all(|resource| {
        let limit = positive(&resources.limits, resource);
        let request = positive(&resources.requests, resource).or(limit);
        limit.is_some() && request == limit
    })
}

fn positive(amounts: &Option<BTreeMap<String, QuantityText>>, resource: &str) -> Option<Amount> {
    let amount = quantity::amount(amounts.as_ref()?.get(resource)?);
    Some(amount).filter(|amount| !amount.is_zero() && !amount.is_negative())
}
