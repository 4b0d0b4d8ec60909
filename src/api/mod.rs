//! The object model: which kinds exist, how an object is held, its key and
//! metadata. Types come from `k8s-openapi` (Kubernetes 1.36).
//!
//! **Invariant:** an object in the store, in a cache or on its way to a watcher
//! is one shared allocation; whoever changes it makes a new one.

pub mod age;
mod custom_kind;
pub mod decode;
mod kind;
pub mod label_syntax;
mod object;
pub mod patch;
pub mod quantity;
pub mod schema;
pub mod selector;
pub mod similar;
pub mod status;

pub use custom_kind::{CustomInfo, CustomKind, ScalePaths};
pub use kind::{Kind, KindInfo};
pub use object::{Key, Object, Resource, Untyped};

pub use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
pub use k8s_openapi::api::coordination::v1::Lease;
pub use k8s_openapi::api::core::v1 as core;
pub use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Event, Namespace, Node, Pod, Secret, Service, ServiceAccount,
};
pub use k8s_openapi::api::discovery::v1 as discovery;
pub use k8s_openapi::api::discovery::v1::EndpointSlice;
pub use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, MicroTime, ObjectMeta, OwnerReference, Status, Time,
};

pub use crate::sim::trace::Name;
