//! Webhooks and policies of admission; classes and claims of devices.

use super::cells::{self, UNSET, str_at};
use super::column::Cell::{By, Count, Text};
use super::column::{AGE, Column, NAME};
use crate::sim::Instant;
use serde_json::Value;

pub(super) const MUTATING_WEBHOOK_CONFIGURATION: &[Column] = &[
    NAME,
    Column::integer(
        "Webhooks",
        Count("/webhooks"),
        "Webhooks indicates the number of webhooks registered in this configuration",
    ),
    AGE,
];

pub(super) const VALIDATING_WEBHOOK_CONFIGURATION: &[Column] = &[
    NAME,
    Column::integer(
        "Webhooks",
        Count("/webhooks"),
        "Webhooks indicates the number of webhooks registered in this configuration",
    ),
    AGE,
];

pub(super) const VALIDATING_ADMISSION_POLICY: &[Column] = &[
    NAME,
    Column::integer(
        "Validations",
        Count("/spec/validations"),
        "Validations indicates the number of validation rules defined in this configuration",
    ),
    Column::text(
        "ParamKind",
        By(param_kind),
        "ParamKind specifies the kind of resources used to parameterize this policy",
    ),
    AGE,
];

pub(super) const VALIDATING_ADMISSION_POLICY_BINDING: &[Column] = &[
    NAME,
    Column::text(
        "PolicyName",
        Text("/spec/policyName", ""),
        "PolicyName indicates the policy definition which the policy binding binded to",
    ),
    Column::text(
        "ParamRef",
        By(param_ref),
        "ParamRef indicates the param resource which sets the configuration param",
    ),
    AGE,
];

pub(super) const MUTATING_ADMISSION_POLICY: &[Column] = &[
    NAME,
    Column::integer(
        "Mutations",
        Count("/spec/mutations"),
        "Mutation indicates the number of mutations rules defined in this configuration",
    ),
    Column::text(
        "ParamKind",
        By(param_kind),
        "ParamKind specifies the kind of resources used to parameterize this policy",
    ),
    AGE,
];

pub(super) const MUTATING_ADMISSION_POLICY_BINDING: &[Column] = &[
    NAME,
    Column::text(
        "PolicyName",
        Text("/spec/policyName", ""),
        "PolicyName indicates the policy definition which the policy binding binded to",
    ),
    Column::text(
        "ParamRef",
        By(param_ref),
        "ParamRef indicates the param resource which sets the configuration param",
    ),
    AGE,
];

pub(super) const DEVICE_CLASS: &[Column] = &[NAME, AGE];

pub(super) const RESOURCE_CLAIM: &[Column] = &[
    NAME,
    Column::text(
        "State",
        By(claim_state),
        "A summary of the current state (allocated, pending, reserved, etc.).",
    ),
    AGE,
];

pub(super) const RESOURCE_CLAIM_TEMPLATE: &[Column] = &[NAME, AGE];

pub(super) const RESOURCE_SLICE: &[Column] = &[
    NAME,
    Column::text(
        "Node",
        Text("/spec/nodeName", ""),
        "NodeName identifies the node which provides the resources in this pool. A field selector can be used to list only ResourceSlice objects belonging to a certain node.\n\nThis field can be used to limit access from nodes to ResourceSlices with the same node name. It also indicates to autoscalers that adding new nodes of the same type as some old node might also make new resources available.\n\nExactly one of NodeName, NodeSelector, AllNodes, and PerDeviceNodeSelection must be set. This field is immutable.",
    ),
    Column::text(
        "Driver",
        Text("/spec/driver", ""),
        "Driver identifies the DRA driver providing the capacity information. A field selector can be used to list only ResourceSlice objects with a certain driver name.\n\nMust be a DNS subdomain and should end with a DNS domain owned by the vendor of the driver. It should use only lower case characters. This field is immutable.",
    ),
    Column::text(
        "Pool",
        Text("/spec/pool/name", ""),
        "Name is used to identify the pool. For node-local devices, this is often the node name, but this is not required.\n\nIt must not be longer than 253 characters and must consist of one or more DNS sub-domains separated by slashes. This field is immutable.",
    ),
    AGE,
];
fn param_kind(policy: &Value, _: Instant) -> Value {
    let Some(kind) = policy.pointer("/spec/paramKind") else {
        return UNSET.into();
    };
    format!("{}/{}", str_at(kind, "/apiVersion"), str_at(kind, "/kind")).into()
}

fn param_ref(binding: &Value, _: Instant) -> Value {
    let Some(parameter) = binding.pointer("/spec/paramRef") else {
        return UNSET.into();
    };
    let namespace = cells::text(parameter, "/namespace", "*");
    match str_at(parameter, "/name") {
        "" => UNSET.into(),
        name => format!("{namespace}/{name}").into(),
    }
}

fn claim_state(claim: &Value, _: Instant) -> Value {
    let deleted = !str_at(claim, "/metadata/deletionTimestamp").is_empty();
    let allocated = claim
        .pointer("/status/allocation")
        .is_some_and(Value::is_object);
    let reserved = allocated && cells::count(claim, "/status/reservedFor") > 0;
    let states = [
        (deleted, "deleted"),
        (!allocated && !deleted, "pending"),
        (allocated, "allocated"),
        (reserved, "reserved"),
    ];
    let states: Vec<&str> = states
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, state)| *state)
        .collect();
    states.join(",").into()
}
