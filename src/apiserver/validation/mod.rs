//! Whether an object may be stored: upstream's rules, field paths and words, all
//! errors at once. Sources: `pkg/apis/*/validation` and
//! `k8s.io/apimachinery/pkg/api/validation`.
//!
//! The functions look at defaulted objects whose names and namespaces are final.
//! Nothing is formatted and nothing allocated for objects without errors.

mod cluster;
mod config;
mod container;
mod diff;
mod endpoints;
mod environment;
mod field;
mod internal;
mod ip;
mod meta;
mod mounts;
mod names;
mod pod;
mod pod_update;
mod probe;
mod projected;
mod resources;
mod scheduling;
mod security;
mod service;
mod service_ips;
mod value;
mod volume;
mod workload;

#[cfg(test)]
mod golden;

use crate::api::quantity::{self, QuantityError};
use crate::api::{Object, Service, core};
use field::Errors;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;

/// A text in quotes, as Go writes it.
pub(super) fn go_quoted(text: &str) -> String {
    field::quote(text)
}

/// JSON with these fields of each map first, in this order.
pub(super) fn ordered_json(value: &serde_json::Value, fields: &[&str]) -> String {
    meta::ordered(value, fields)
}

/// What forbids creating this object.
pub fn create(object: &Object) -> Vec<StatusCause> {
    let mut errors = Errors::default();
    let errors_of = &mut errors;
    match object {
        Object::Pod(pod) => pod::create(pod, errors_of),
        Object::Deployment(deployment) => workload::create_deployment(deployment, errors_of),
        Object::ReplicaSet(set) => workload::create_replica_set(set, errors_of),
        Object::Service(service) => service::create(service, errors_of),
        Object::Endpoints(endpoints) => endpoints::create_endpoints(endpoints, errors_of),
        Object::EndpointSlice(slice) => endpoints::create_slice(slice, errors_of),
        Object::ConfigMap(map) => config::create_config_map(map, errors_of),
        Object::Secret(secret) => config::create_secret(secret, errors_of),
        Object::Node(node) => cluster::create_node(node, errors_of),
        Object::Namespace(namespace) => cluster::create_namespace(namespace, errors_of),
        Object::ServiceAccount(account) => cluster::create_service_account(account, errors_of),
        Object::Lease(lease) => cluster::create_lease(lease, errors_of),
        Object::Event(event) => cluster::create_event(event, errors_of),
        Object::Other(kind, object) => value::create(*kind, object, errors_of),
    }
    errors.into_causes()
}

/// What forbids replacing `old` by `new`.
pub fn update(new: &Object, old: &Object) -> Vec<StatusCause> {
    let mut errors = Errors::default();
    let errors_of = &mut errors;
    common_to_updates(new, old, errors_of);
    match (new, old) {
        (Object::Pod(new), Object::Pod(old)) => pod_update::update(new, old, errors_of),
        (Object::Deployment(new), Object::Deployment(old)) => {
            workload::update_deployment(new, old, errors_of);
        }
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => {
            workload::update_replica_set(new, old, errors_of);
        }
        (Object::Service(new), Object::Service(old)) => service::update(new, old, errors_of),
        (Object::Endpoints(new), Object::Endpoints(old)) => {
            endpoints::update_endpoints(new, old, errors_of);
        }
        (Object::EndpointSlice(new), Object::EndpointSlice(old)) => {
            endpoints::update_slice(new, old, errors_of);
        }
        (Object::ConfigMap(new), Object::ConfigMap(old)) => {
            config::update_config_map(new, old, errors_of);
        }
        (Object::Secret(new), Object::Secret(old)) => config::update_secret(new, old, errors_of),
        (Object::Node(new), Object::Node(old)) => cluster::update_node(new, old, errors_of),
        (Object::Namespace(new), Object::Namespace(old)) => {
            cluster::update_namespace(new, old, errors_of);
        }
        (Object::ServiceAccount(new), Object::ServiceAccount(old)) => {
            cluster::update_service_account(new, old, errors_of);
        }
        (Object::Lease(new), Object::Lease(old)) => cluster::update_lease(new, old, errors_of),
        (Object::Event(new), Object::Event(_)) => cluster::event(new, errors_of),
        (Object::Other(kind, new), Object::Other(_, old)) => {
            value::update(*kind, new, old, errors_of);
        }
        (new, old) => meta::update(new.meta(), old.meta(), errors_of),
    }
    errors.into_causes()
}

/// What the generic registry looks at before the kind's own rules, which look at
/// the metadata again: some errors come twice (`rest.BeforeUpdate`).
fn common_to_updates(new: &Object, old: &Object, errors: &mut Errors) {
    if new.meta() == old.meta() {
        return;
    }
    let scope = meta::Scope {
        name: names::path_segment,
        namespaced: new.kind().info().namespaced,
    };
    meta::create(new.meta(), &scope, errors);
    meta::update(new.meta(), old.meta(), errors);
}

/// What forbids replacing the status of `old` by that of `new`.
pub fn update_status(new: &Object, old: &Object) -> Vec<StatusCause> {
    let mut errors = Errors::default();
    let errors_of = &mut errors;
    common_to_updates(new, old, errors_of);
    match (new, old) {
        (Object::Pod(new), Object::Pod(old)) => pod_update::update_status(new, old, errors_of),
        (Object::Deployment(new), Object::Deployment(old)) => {
            workload::update_deployment_status(new, old, errors_of);
        }
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => {
            workload::update_replica_set_status(new, old, errors_of);
        }
        (Object::Service(new), Object::Service(old)) => {
            service::update_status(new, old, errors_of);
        }
        (Object::Node(new), Object::Node(old)) => cluster::update_node(new, old, errors_of),
        (Object::Namespace(new), Object::Namespace(old)) => {
            cluster::update_namespace_status(new, old, errors_of);
        }
        (new, old) => meta::update(new.meta(), old.meta(), errors_of),
    }
    errors.into_causes()
}

/// What is wrong between a Service's addresses, their families and what the
/// cluster has.
pub fn service_families(service: &Service, old: Option<&Service>) -> Vec<StatusCause> {
    let mut errors = Errors::default();
    service_ips::fit(service, old, &mut errors);
    errors.into_causes()
}

/// What `events.k8s.io/v1` forbids besides.
pub fn new_event(new: &Object, old: Option<&Object>) -> Vec<StatusCause> {
    let mut errors = Errors::default();
    match (new, old) {
        (Object::Event(new), None) => cluster::new_event(new, &mut errors),
        (Object::Event(new), Some(Object::Event(old))) => {
            cluster::update_new_event(new, old, &mut errors);
        }
        _ => {}
    }
    errors.into_causes()
}

/// What forbids changing a part of a pod (`/ephemeralcontainers`, `/resize`).
pub fn update_part(new: &Object, old: &Object, resize: bool) -> Vec<StatusCause> {
    let mut errors = Errors::default();
    let errors_of = &mut errors;
    common_to_updates(new, old, errors_of);
    if let (Object::Pod(new), Object::Pod(old)) = (new, old) {
        match resize {
            true => pod_update::update_resources(new, old, errors_of),
            false => pod_update::update_ephemeral(new, old, errors_of),
        }
    }
    errors.into_causes()
}

/// The first text in a resource list that is no quantity. Upstream cannot even
/// decode such an object and answers 400 with this error.
pub fn quantity_error(object: &Object) -> Option<QuantityError> {
    match object {
        Object::Pod(pod) => pod.spec.as_ref().and_then(spec_quantity_error),
        Object::Deployment(deployment) => {
            let template = deployment.spec.as_ref().map(|spec| &spec.template);
            template
                .and_then(|it| it.spec.as_ref())
                .and_then(spec_quantity_error)
        }
        Object::ReplicaSet(set) => {
            let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
            template
                .and_then(|it| it.spec.as_ref())
                .and_then(spec_quantity_error)
        }
        Object::Node(node) => {
            let status = node.status.as_ref()?;
            let lists = [&status.capacity, &status.allocatable];
            let mut texts = lists.into_iter().flatten().flat_map(|list| list.values());
            texts.find_map(|text| quantity::parse(&text.0).err())
        }
        _ => None,
    }
}

fn spec_quantity_error(spec: &core::PodSpec) -> Option<QuantityError> {
    let containers = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten());
    let requirements = containers
        .filter_map(|container| container.resources.as_ref())
        .chain(spec.resources.as_ref());
    let lists = requirements.flat_map(|it| [it.limits.as_ref(), it.requests.as_ref()]);
    let sizes = spec
        .volumes
        .iter()
        .flatten()
        .filter_map(|volume| volume.empty_dir.as_ref()?.size_limit.as_ref());
    lists
        .chain([spec.overhead.as_ref()])
        .flatten()
        .flat_map(|list| list.values())
        .chain(sizes)
        .find_map(|text| quantity::parse(&text.0).err())
}
