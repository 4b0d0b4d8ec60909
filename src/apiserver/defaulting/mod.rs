//! What the API server fills in where a manifest says nothing. The rules are
//! those of `pkg/apis/*/v1/defaults.go` and of the registries' `Canonicalize`.
//!
//! Not here, because they are admission or allocation: service accounts,
//! tolerations, priorities, cluster IPs, node ports, QoS class.

mod network;
mod pod;
mod value;
mod workload;

#[cfg(test)]
mod golden;

use crate::api::{Object, Resource, Secret, core};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fills in every default of `object`, in place. An object without a uid is one
/// about to be created.
pub fn apply(object: &mut Object) {
    match object {
        Object::Pod(pod) => pod::pod(Arc::make_mut(pod)),
        Object::Deployment(deployment) => workload::deployment(Arc::make_mut(deployment)),
        Object::ReplicaSet(set) => workload::replica_set(Arc::make_mut(set)),
        Object::Service(service) => network::service(Arc::make_mut(service)),
        Object::Endpoints(endpoints) => network::endpoints(Arc::make_mut(endpoints)),
        Object::EndpointSlice(slice) => network::endpoint_slice(Arc::make_mut(slice)),
        Object::Secret(secret) => self::secret(Arc::make_mut(secret)),
        Object::Namespace(namespace) => self::namespace(Arc::make_mut(namespace)),
        Object::Node(node) => self::node(Arc::make_mut(node)),
        Object::ConfigMap(_) | Object::ServiceAccount(_) | Object::Event(_) | Object::Lease(_) => {}
        Object::Other(kind, untyped) => value::apply(*kind, Arc::make_mut(untyped)),
    }
}

/// Carries over what an update need not repeat, and drops what the new state has
/// no use for. To be called after [`apply`], before validation.
pub fn apply_update(new: &mut Object, old: &Object) {
    if let (Object::Service(new), Object::Service(old)) = (new, old) {
        network::service_update(Arc::make_mut(new), old);
    }
}

/// Sets a text that is absent or empty.
fn set_text(field: &mut Option<String>, default: &str) {
    if field.as_deref().unwrap_or_default().is_empty() {
        *field = Some(default.to_owned());
    }
}

/// `stringData` is write-only: it ends up in `data`.
fn secret(secret: &mut Secret) {
    set_text(&mut secret.type_, "Opaque");
    if let Some(texts) = secret.string_data.take() {
        let data = secret.data.get_or_insert_default();
        for (key, text) in texts {
            data.insert(key, k8s_openapi::ByteString(text.into_bytes()));
        }
    }
}

/// The label by which selectors find a namespace by name, and the finalizer that
/// makes its deletion empty it first.
fn namespace(namespace: &mut core::Namespace) {
    const NAME_LABEL: &str = "kubernetes.io/metadata.name";
    if !namespace.name().is_empty() {
        let name = namespace.name().to_owned();
        let labels = namespace.metadata.labels.get_or_insert_default();
        if labels.get(NAME_LABEL) != Some(&name) {
            labels.insert(NAME_LABEL.to_owned(), name);
        }
    }
    let new = namespace.metadata.uid.is_none();
    if new {
        let finalizers = namespace
            .spec
            .get_or_insert_default()
            .finalizers
            .get_or_insert_default();
        if !finalizers.iter().any(|name| name == "kubernetes") {
            finalizers.push("kubernetes".to_owned());
        }
    }
    set_text(
        &mut namespace.status.get_or_insert_default().phase,
        "Active",
    );
}

/// Allocatable is the capacity where nobody says otherwise.
fn node(node: &mut core::Node) {
    node.spec.get_or_insert_default();
    let status = node.status.get_or_insert_default();
    if let Some(capacity) = &mut status.capacity {
        resource_list(capacity);
    }
    match &mut status.allocatable {
        Some(allocatable) => resource_list(allocatable),
        None => status.allocatable = status.capacity.clone(),
    }
    status.node_info.get_or_insert_default();
    status
        .daemon_endpoints
        .get_or_insert_default()
        .kubelet_endpoint
        .get_or_insert_default();
}

/// Quantities in resource lists are rounded up to thousandths and written
/// canonically: `0.5` becomes `500m`.
fn resource_list(list: &mut BTreeMap<String, crate::api::QuantityText>) {
    use crate::api::quantity;
    for text in list.values_mut() {
        let plain = |byte: u8| byte.is_ascii_digit();
        // `100m`, `64Mi`, `2`: mostly canonical already, but `1000m` is `1`.
        if text.0.len() <= 3
            && text.0 != "0"
            && text.0.bytes().all(plain)
            && !text.0.starts_with('0')
        {
            continue;
        }
        if let Ok(amount) = quantity::parse(&text.0) {
            let canonical = amount.round_up_to_millis().to_quantity();
            if canonical != *text {
                *text = canonical;
            }
        }
    }
}
