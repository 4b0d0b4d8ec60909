//! What objects look like as rows of a table: the columns that the server
//! offers to `kubectl get`, and what stands in them
//! (`pkg/printers/internalversion`).
//!
//! Columns are data: name, description, and where the cell comes from. A file
//! holds a family of kinds.

mod access;
mod admission;
mod cells;
mod cluster;
mod column;
mod config;
mod jobs;
mod network;
mod pods;
mod storage;
mod workloads;

use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object};
use crate::sim::Instant;
use column::{Column, NAME};
use serde_json::{Value, json};

/// What of the object comes with its row (`includeObject`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
    /// Nothing.
    None,
}

impl Include {
    /// Reads the parameter.
    pub fn read(text: Option<&str>) -> Result<Include, ApiError> {
        match text.unwrap_or_default() {
            "" | "Metadata" => Ok(Include::Metadata),
            "Object" => Ok(Include::Object),
            "None" => Ok(Include::None),
            other => Err(status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// How a table is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style<'a> {
    /// The version of `meta.k8s.io`.
    pub(super) api_version: &'a str,
    /// What of objects comes along.
    pub(super) include: Include,
    /// From when ages are counted.
    pub(super) now: Instant,
    /// Whether the columns are told: the events of a watch tell them once.
    pub(super) with_columns: bool,
}

/// A row's object, and how the client's version shows it.
pub(super) struct Item<'a> {
    /// As stored.
    pub(super) object: &'a Object,
    /// As the client's version shows it; asked for only where it is included.
    pub(super) shown: fn(&Object, super::Version) -> Value,
    /// That version.
    pub(super) version: super::Version,
}

/// A table of objects of one kind.
pub(super) fn table(kind: Kind, style: Style<'_>, metadata: Value, items: &[Item<'_>]) -> Value {
    let columns = columns(kind);
    let rows = items.iter().map(|item| row(columns, style, item)).collect();
    written(columns, style, metadata, rows)
}

/// What a bookmark is in a watch of tables: a row of nothing.
pub(super) fn bookmark(kind: Kind, style: Style<'_>, metadata: Value) -> Value {
    let empty = json!({"metadata": metadata});
    let object = match style.include {
        Include::None => Value::Null,
        _ => partial(style, &metadata),
    };
    let metadata = json!({"resourceVersion": metadata["resourceVersion"]});
    let row = json!({"cells": cells_of(columns(kind), &empty, style.now), "object": object});
    written(columns(kind), style, metadata, vec![row])
}

/// The table of a `Scale`.
pub(super) fn scale(style: Style<'_>, value: &Value) -> Value {
    let object = match style.include {
        Include::None => Value::Null,
        Include::Metadata => partial(style, &value["metadata"]),
        Include::Object => value.clone(),
    };
    let metadata = json!({"resourceVersion": value["metadata"]["resourceVersion"]});
    let row = json!({"cells": cells_of(cluster::SCALE, value, style.now), "object": object});
    written(cluster::SCALE, style, metadata, vec![row])
}

/// The table of `ComponentStatus` objects.
pub(super) fn component_statuses(style: Style<'_>, items: &[Value]) -> Value {
    let row = |value: &Value| {
        json!({
            "cells": cells_of(cluster::COMPONENT_STATUS, value, style.now),
            "object": partial(style, &value["metadata"]),
        })
    };
    let rows = items.iter().map(row).collect();
    written(cluster::COMPONENT_STATUS, style, json!({}), rows)
}

fn written(columns: &[Column], style: Style<'_>, metadata: Value, rows: Vec<Value>) -> Value {
    let definitions = match style.with_columns {
        true => columns.iter().map(Column::definition).collect(),
        false => Value::Null,
    };
    json!({
        "kind": "Table",
        "apiVersion": style.api_version,
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

fn row(columns: &[Column], style: Style<'_>, item: &Item<'_>) -> Value {
    let value = item.object.to_json();
    let object = match style.include {
        Include::None => Value::Null,
        Include::Metadata => partial(style, &value["metadata"]),
        Include::Object => (item.shown)(item.object, item.version),
    };
    let mut row = json!({"cells": cells_of(columns, &value, style.now), "object": object});
    if item.object.kind() == Kind::Pod
        && let Some(condition) = pods::condition(&value)
    {
        row["conditions"] = json!([condition]);
    }
    row
}

fn partial(style: Style<'_>, metadata: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": style.api_version,
        "metadata": metadata,
    })
}

fn cells_of(columns: &[Column], value: &Value, now: Instant) -> Vec<Value> {
    let cell = |column: &Column| column.cell.of(value, now);
    columns.iter().map(cell).collect()
}

/// Kinds without a table of their own (`rest.NewDefaultTableConvertor`).
const PLAIN: &[Column] = &[NAME, column::CREATED_AT];

fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Pod => pods::POD,
        Kind::PodTemplate => pods::POD_TEMPLATE,
        Kind::PodDisruptionBudget => pods::POD_DISRUPTION_BUDGET,
        Kind::ReplicationController => workloads::REPLICATION_CONTROLLER,
        Kind::ReplicaSet => workloads::REPLICA_SET,
        Kind::Deployment => workloads::DEPLOYMENT,
        Kind::StatefulSet => workloads::STATEFUL_SET,
        Kind::DaemonSet => workloads::DAEMON_SET,
        Kind::ControllerRevision => workloads::CONTROLLER_REVISION,
        Kind::Job => jobs::JOB,
        Kind::CronJob => jobs::CRON_JOB,
        Kind::HorizontalPodAutoscaler => jobs::HORIZONTAL_POD_AUTOSCALER,
        Kind::Service => network::SERVICE,
        Kind::Endpoints => network::ENDPOINTS,
        Kind::EndpointSlice => network::ENDPOINT_SLICE,
        Kind::Ingress => network::INGRESS,
        Kind::IngressClass => network::INGRESS_CLASS,
        Kind::NetworkPolicy => network::NETWORK_POLICY,
        Kind::ServiceCIDR => network::SERVICE_CIDR,
        Kind::IPAddress => network::IP_ADDRESS,
        Kind::Node => cluster::NODE,
        Kind::Namespace => cluster::NAMESPACE,
        Kind::Event => cluster::EVENT,
        Kind::Lease => cluster::LEASE,
        Kind::ConfigMap => config::CONFIG_MAP,
        Kind::Secret => config::SECRET,
        Kind::ServiceAccount => config::SERVICE_ACCOUNT,
        Kind::ResourceQuota => config::RESOURCE_QUOTA,
        Kind::PriorityClass => config::PRIORITY_CLASS,
        Kind::RuntimeClass => config::RUNTIME_CLASS,
        Kind::PersistentVolume => storage::PERSISTENT_VOLUME,
        Kind::PersistentVolumeClaim => storage::PERSISTENT_VOLUME_CLAIM,
        Kind::StorageClass => storage::STORAGE_CLASS,
        Kind::VolumeAttributesClass => storage::VOLUME_ATTRIBUTES_CLASS,
        Kind::VolumeAttachment => storage::VOLUME_ATTACHMENT,
        Kind::CSINode => storage::CSI_NODE,
        Kind::CSIDriver => storage::CSI_DRIVER,
        Kind::CSIStorageCapacity => storage::CSI_STORAGE_CAPACITY,
        Kind::RoleBinding => access::ROLE_BINDING,
        Kind::ClusterRoleBinding => access::CLUSTER_ROLE_BINDING,
        Kind::CertificateSigningRequest => access::CERTIFICATE_SIGNING_REQUEST,
        Kind::FlowSchema => access::FLOW_SCHEMA,
        Kind::PriorityLevelConfiguration => access::PRIORITY_LEVEL_CONFIGURATION,
        Kind::APIService => access::API_SERVICE,
        Kind::MutatingWebhookConfiguration => admission::MUTATING_WEBHOOK_CONFIGURATION,
        Kind::ValidatingWebhookConfiguration => admission::VALIDATING_WEBHOOK_CONFIGURATION,
        Kind::ValidatingAdmissionPolicy => admission::VALIDATING_ADMISSION_POLICY,
        Kind::ValidatingAdmissionPolicyBinding => admission::VALIDATING_ADMISSION_POLICY_BINDING,
        Kind::MutatingAdmissionPolicy => admission::MUTATING_ADMISSION_POLICY,
        Kind::MutatingAdmissionPolicyBinding => admission::MUTATING_ADMISSION_POLICY_BINDING,
        Kind::DeviceClass => admission::DEVICE_CLASS,
        Kind::ResourceClaim => admission::RESOURCE_CLAIM,
        Kind::ResourceClaimTemplate => admission::RESOURCE_CLAIM_TEMPLATE,
        Kind::ResourceSlice => admission::RESOURCE_SLICE,
        _ => PLAIN,
    }
}
