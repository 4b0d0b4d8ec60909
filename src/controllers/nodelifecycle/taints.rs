//! The taints that follow from a node's conditions.

use super::{Context, condition_status};
use crate::api::core::Taint;
use crate::api::status::ApiError;
use crate::api::{Node, Resource, Time};
use crate::controllers::desk::explain;
use crate::controllers::errors;
use std::sync::Arc;

pub(in crate::controllers) const NOT_READY: &str = "node.kubernetes.io/not-ready";
pub(in crate::controllers) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
pub(in crate::controllers) const NO_EXECUTE: &str = "NoExecute";
const NO_SCHEDULE: &str = "NoSchedule";

/// Condition, status, taint (`nodeConditionToTaintKeyStatusMap`).
const BY_CONDITION: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    (
        "MemoryPressure",
        "True",
        "node.kubernetes.io/memory-pressure",
    ),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    (
        "NetworkUnavailable",
        "True",
        "node.kubernetes.io/network-unavailable",
    ),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];

fn taints(node: &Node) -> &[Taint] {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints.map_or(&[], Vec::as_slice)
}

pub(in crate::controllers) fn has(node: &Node, key: &str, effect: &str) -> bool {
    let found = |taint: &Taint| taint.key == key && taint.effect == effect;
    taints(node).iter().any(found)
}

fn is_ours(taint: &Taint) -> bool {
    taint.effect == NO_SCHEDULE
        && (taint.key == UNSCHEDULABLE || BY_CONDITION.iter().any(|(.., key)| *key == taint.key))
}

/// Brings the NoSchedule taints in line with the conditions and with
/// `spec.unschedulable` (`doNoScheduleTaintingPass`).
pub(super) fn follow_conditions(node: &Arc<Node>, ctx: &mut Context<'_>) -> Result<(), ApiError> {
    let mut wanted: Vec<&str> = BY_CONDITION
        .iter()
        .filter(|(kind, status, _)| condition_status(node, kind) == Some(*status))
        .map(|(.., key)| *key)
        .collect();
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        wanted.push(UNSCHEDULABLE);
    }
    let present: Vec<&str> = taints(node)
        .iter()
        .filter(|taint| is_ours(taint))
        .map(|taint| taint.key.as_str())
        .collect();
    let add: Vec<&str> = wanted
        .iter()
        .filter(|key| !present.contains(key))
        .copied()
        .collect();
    let remove: Vec<&str> = present
        .iter()
        .filter(|key| !wanted.contains(key))
        .copied()
        .collect();
    change(node, NO_SCHEDULE, &add, &remove, ctx)
}

/// Puts one evicting taint in the place of the other.
pub(super) fn swap_evicting(
    node: &Arc<Node>,
    add: &str,
    remove: &str,
    ctx: &mut Context<'_>,
) -> Result<(), ApiError> {
    change(node, NO_EXECUTE, &[add], &[remove], ctx)
}

/// The node is back: nothing is evicted from it (`markNodeAsReachable`).
pub(super) fn remove_evicting(node: &Arc<Node>, ctx: &mut Context<'_>) -> Result<(), ApiError> {
    change(node, NO_EXECUTE, &[], &[NOT_READY, UNREACHABLE], ctx)
}

fn change(
    node: &Arc<Node>,
    effect: &str,
    add: &[&str],
    remove: &[&str],
    ctx: &mut Context<'_>,
) -> Result<(), ApiError> {
    let add: Vec<&str> = add
        .iter()
        .filter(|key| !has(node, key, effect))
        .copied()
        .collect();
    let remove: Vec<&str> = remove
        .iter()
        .filter(|key| has(node, key, effect))
        .copied()
        .collect();
    if add.is_empty() && remove.is_empty() {
        return Ok(());
    }
    explain(ctx, &node.name(), describe(effect, &add, &remove));
    // The cache may lag behind another write of this controller.
    let fresh = match ctx.get::<Node>(&node.key()) {
        Ok(fresh) => fresh,
        Err(error) => return errors::ignore_not_found(Err(error)),
    };
    let mut tainted = Node::clone(&fresh);
    let spec = tainted.spec.get_or_insert_default();
    let list = spec.taints.get_or_insert_default();
    list.retain(|taint| taint.effect != effect || !remove.contains(&taint.key.as_str()));
    for key in add {
        if !list
            .iter()
            .any(|taint| taint.key == key && taint.effect == effect)
        {
            list.push(Taint {
                key: key.to_owned(),
                effect: effect.to_owned(),
                time_added: Some(Time(ctx.now().timestamp())),
                ..Taint::default()
            });
        }
    }
    if list.is_empty() {
        spec.taints = None;
    }
    ctx.update(tainted).map(drop)
}

fn describe(effect: &str, add: &[&str], remove: &[&str]) -> String {
    let mut parts = Vec::new();
    if !add.is_empty() {
        parts.push(format!("adds {}:{effect}", add.join(", ")));
    }
    if !remove.is_empty() {
        parts.push(format!("removes {}:{effect}", remove.join(", ")));
    }
    format!("taints follow the conditions: {}", parts.join(", "))
}
