//! Defaults of the kinds that are kept as JSON: those of
//! `pkg/apis/*/v1/defaults.go`.

mod admission;
mod autoscaling;
mod batch;
mod network;
mod quotas;
mod rbac;
mod storage;
mod workloads;

use super::pod;
use crate::api::{Kind, Untyped, core, quantity};
use serde_json::{Map, Value, json};

pub(super) type Fields = Map<String, Value>;

/// Fills in every default.
pub(super) fn apply(kind: Kind, object: &mut Untyped) {
    drop_empty_lists(kind, object);
    let Untyped { metadata, rest } = object;
    match kind {
        Kind::StatefulSet => workloads::stateful_set(rest),
        Kind::DaemonSet => workloads::daemon_set(metadata, rest),
        Kind::ReplicationController => workloads::replication_controller(metadata, rest),
        Kind::PodTemplate => template(field(rest, "template")),
        Kind::Job => batch::job(metadata, rest),
        Kind::CronJob => batch::cron_job(rest),
        Kind::HorizontalPodAutoscaler => autoscaling::autoscaler(rest),
        Kind::NetworkPolicy => network::policy(rest),
        Kind::IngressClass => network::ingress_class(rest),
        Kind::PersistentVolume => storage::volume(rest),
        Kind::PersistentVolumeClaim => storage::claim(rest),
        Kind::StorageClass => storage::class(rest),
        Kind::CSIDriver => storage::driver(rest),
        Kind::LimitRange => quotas::limit_range(rest),
        Kind::ResourceQuota => quotas::quota(rest),
        Kind::PriorityClass => {
            set(rest, "preemptionPolicy", "PreemptLowerPriority".into());
        }
        Kind::RoleBinding | Kind::ClusterRoleBinding => rbac::binding(rest),
        Kind::ValidatingAdmissionPolicy
        | Kind::ValidatingAdmissionPolicyBinding
        | Kind::MutatingAdmissionPolicy
        | Kind::MutatingAdmissionPolicyBinding => admission::policy(kind, rest),
        Kind::MutatingWebhookConfiguration => admission::webhooks(rest, true),
        Kind::ValidatingWebhookConfiguration => admission::webhooks(rest, false),
        _ => {}
    }
}

/// Upstream's store keeps no empty lists: what was one reads back as none.
fn drop_empty_lists(kind: Kind, object: &mut Untyped) {
    // Schemas may say `required: []`.
    if kind != Kind::CustomResourceDefinition {
        object.rest.values_mut().for_each(prune);
        object.rest.retain(|_, value| !is_empty_list(value));
    }
}

fn is_empty_list(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_array().is_some_and(Vec::is_empty)
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(prune);
            map.retain(|_, value| !is_empty_list(value));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

/// Sets a field that says nothing.
fn set(fields: &mut Fields, name: &str, default: Value) {
    let silent = match fields.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    };
    if silent {
        fields.insert(name.to_owned(), default);
    }
}

/// A field, there or not.
fn field<'a>(fields: &'a mut Fields, name: &str) -> &'a mut Value {
    fields.entry(name).or_insert(Value::Null)
}

/// The struct in a field, made where it is missing; none where something else is
/// there.
fn struct_in<'a>(fields: &'a mut Fields, name: &str) -> Option<&'a mut Fields> {
    let value = field(fields, name);
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

/// The struct in a field, where it is there.
fn present<'a>(fields: &'a mut Fields, name: &str) -> Option<&'a mut Fields> {
    fields.get_mut(name)?.as_object_mut()
}

/// The structs of a list.
fn items<'a>(fields: &'a mut Fields, name: &str) -> impl Iterator<Item = &'a mut Fields> {
    let list = fields.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// A pod template: its spec is read, defaulted and written back.
fn template(value: &mut Value) {
    let given = match &*value {
        Value::Null => json!({}),
        other => other.clone(),
    };
    let Ok(mut read) = serde_json::from_value::<core::PodTemplateSpec>(given) else {
        return;
    };
    read.metadata.get_or_insert_default();
    pod::pod_spec(read.spec.get_or_insert_default());
    *value = serde_json::to_value(&read).unwrap_or_default();
}

/// Quantities of a list, written canonically.
fn quantities(list: Option<&mut Value>) {
    let values = list.and_then(Value::as_object_mut).into_iter();
    for value in values.flat_map(|map| map.values_mut()) {
        let text = match &*value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        if let Ok(amount) = quantity::parse(&text) {
            *value = amount.to_quantity().0.into();
        }
    }
}
