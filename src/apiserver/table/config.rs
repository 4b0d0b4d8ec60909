//! Configuration, identities, limits, classes of pods.

use super::cells::{self, map, text};
use super::column::Cell::{By, Count, Flag, Number, Text};
use super::column::{AGE, Column, NAME};
use crate::sim::Instant;
use serde_json::Value;

pub(super) const CONFIG_MAP: &[Column] = &[
    NAME,
    Column::text(
        "Data",
        By(entries),
        "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.",
    ),
    AGE,
];

pub(super) const SECRET: &[Column] = &[
    NAME,
    Column::text(
        "Type",
        Text("/type", ""),
        "Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
    ),
    Column::text(
        "Data",
        Count("/data"),
        "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
    ),
    AGE,
];

pub(super) const SERVICE_ACCOUNT: &[Column] = &[NAME, AGE];

pub(super) const RESOURCE_QUOTA: &[Column] = &[
    NAME,
    Column::text(
        "Request",
        By(requests),
        "Request represents a minimum amount of cpu/memory that a container may consume.",
    ),
    Column::text(
        "Limit",
        By(limits),
        "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
    ),
    AGE,
];

pub(super) const PRIORITY_CLASS: &[Column] = &[
    NAME,
    Column::integer(
        "Value",
        Number("/value"),
        "value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.",
    ),
    Column::boolean(
        "Global-Default",
        Flag("/globalDefault", false),
        "globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default PriorityClasses will be used as the default priority.",
    ),
    AGE,
    Column::text(
        "PreemptionPolicy",
        Text("/preemptionPolicy", ""),
        "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.",
    ),
];

pub(super) const RUNTIME_CLASS: &[Column] =
    &[NAME, Column::text("Handler", Text("/handler", ""), ""), AGE];
fn entries(config: &Value, _: Instant) -> Value {
    (cells::count(config, "/data") + cells::count(config, "/binaryData")).into()
}

fn requests(quota: &Value, _: Instant) -> Value {
    amounts(quota, false)
}

fn limits(quota: &Value, _: Instant) -> Value {
    amounts(quota, true)
}

/// `pods: 3/10, …`: what is used and what may be, in the order of names.
fn amounts(quota: &Value, of_limits: bool) -> Value {
    let mut list: Vec<String> = map(quota, "/status/hard")
        .into_iter()
        .flatten()
        .filter(|(resource, _)| resource.starts_with("limits.") == of_limits)
        .map(|(resource, hard)| {
            let used = map(quota, "/status/used").and_then(|used| used.get(resource));
            let used = text(used.unwrap_or(&Value::Null), "", "0");
            format!("{resource}: {used}/{}", hard.as_str().unwrap_or("0"))
        })
        .collect();
    list.sort();
    list.join(", ").into()
}
