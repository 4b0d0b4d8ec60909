//! Nodes, Namespaces, ServiceAccounts, Leases, Events.

use super::field::{Errors, Json, Path, list, text};
use super::meta::{self, METADATA, Scope};
use super::pod::SPEC;
use super::{ip, names, resources, scheduling};
use crate::api::{Event, Lease, Namespace, Node, ServiceAccount, core};
use std::collections::BTreeSet;

const STATUS: Path<'static> = Path::root("status");
const NODE: Scope = Scope {
    name: names::subdomain,
    namespaced: false,
};
const NAMESPACE: Scope = Scope {
    name: names::label,
    namespaced: false,
};

pub(super) fn create_node(node: &Node, errors: &mut Errors) {
    meta::create(&node.metadata, &NODE, errors);
    node_taints(node, errors);
    node_resources(node, errors);
    let cidrs = pod_cidrs(node);
    let path = SPEC.child("podCIDRs");
    for (index, cidr) in cidrs.iter().enumerate() {
        ip::network(cidr, &path.index(index), errors);
    }
    if cidrs.len() > 1 {
        let six = cidrs.iter().filter(|cidr| cidr.contains(':')).count();
        if cidrs.len() > 2 || six != 1 {
            let detail = "may specify no more than one CIDR for each IP family";
            errors.invalid(&path, Json::of(&cidrs), detail);
        }
        let mut seen = BTreeSet::new();
        for (index, cidr) in cidrs.iter().enumerate() {
            if !seen.insert(cidr) {
                errors.duplicate(&path.index(index), *cidr);
            }
        }
    }
}

/// Upstream keeps taints under `spec` and complains under `metadata`.
fn node_taints(node: &Node, errors: &mut Errors) {
    let taints = node.spec.as_ref().map(|spec| list(&spec.taints));
    scheduling::taints(
        taints.unwrap_or_default(),
        &METADATA.child("taints"),
        errors,
    );
}

fn node_resources(node: &Node, errors: &mut Errors) {
    let Some(status) = &node.status else { return };
    resources::plain_list(status.capacity.as_ref(), &STATUS.child("capacity"), errors);
    resources::plain_list(
        status.allocatable.as_ref(),
        &STATUS.child("allocatable"),
        errors,
    );
}

/// `podCIDR` is the old name of the first of `podCIDRs`.
fn pod_cidrs(node: &Node) -> Vec<&str> {
    let Some(spec) = &node.spec else {
        return Vec::new();
    };
    match list(&spec.pod_cidrs) {
        [] => spec
            .pod_cidr
            .as_deref()
            .filter(|it| !it.is_empty())
            .into_iter()
            .collect(),
        all => all.iter().map(String::as_str).collect(),
    }
}

pub(super) fn update_node(new: &Node, old: &Node, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    node_resources(new, errors);
    let path = STATUS.child("addresses");
    let mut seen = BTreeSet::new();
    let addresses = new.status.as_ref().map(|status| list(&status.addresses));
    for (index, address) in addresses.unwrap_or_default().iter().enumerate() {
        if !seen.insert((&address.type_, &address.address)) {
            let shown = format!(
                "{{\"Type\":{},\"Address\":{}}}",
                super::field::quote(&address.type_),
                super::field::quote(&address.address)
            );
            errors.duplicate(&path.index(index), Json(shown));
        }
    }
    let (cidrs, were) = (pod_cidrs(new), pod_cidrs(old));
    if !were.is_empty() && cidrs != were {
        let detail = "node updates may not change podCIDR except from \"\" to valid";
        errors.forbidden(&SPEC.child("podCIDRs"), detail);
    }
    let provider = |node: &Node| {
        let spec = node.spec.as_ref();
        spec.and_then(|spec| spec.provider_id.clone())
            .unwrap_or_default()
    };
    let was = provider(old);
    if !was.is_empty() && provider(new) != was {
        let detail = "node updates may not change providerID except from \"\" to valid";
        errors.forbidden(&SPEC.child("providerID"), detail);
    }
    node_taints(new, errors);
}

pub(super) fn create_namespace(namespace: &Namespace, errors: &mut Errors) {
    meta::create(&namespace.metadata, &NAMESPACE, errors);
    let finalizers = namespace.spec.as_ref().map(|spec| list(&spec.finalizers));
    let path = SPEC.child("finalizers");
    for name in finalizers.unwrap_or_default() {
        errors.rule(&path, name, names::qualified);
        meta::legacy_finalizer(name, &path, errors);
    }
}

pub(super) fn update_namespace(new: &Namespace, old: &Namespace, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
}

pub(super) fn update_namespace_status(new: &Namespace, old: &Namespace, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    let phase = new
        .status
        .as_ref()
        .map(|it| text(&it.phase))
        .unwrap_or_default();
    let (wanted, is) = match new.metadata.deletion_timestamp {
        None => ("Active", "empty"),
        Some(_) => ("Terminating", "not empty"),
    };
    if phase != wanted {
        let detail = format!("may only be '{wanted}' if `deletionTimestamp` is {is}");
        errors.invalid(&STATUS.child("Phase"), phase, detail);
    }
}

pub(super) fn create_service_account(account: &ServiceAccount, errors: &mut Errors) {
    meta::create(&account.metadata, &super::pod::SCOPE, errors);
}

pub(super) fn update_service_account(
    new: &ServiceAccount,
    old: &ServiceAccount,
    errors: &mut Errors,
) {
    meta::update(&new.metadata, &old.metadata, errors);
}

pub(super) fn create_lease(lease: &Lease, errors: &mut Errors) {
    meta::create(&lease.metadata, &super::pod::SCOPE, errors);
    lease_spec(lease, errors);
}

pub(super) fn update_lease(new: &Lease, old: &Lease, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    lease_spec(new, errors);
}

fn lease_spec(lease: &Lease, errors: &mut Errors) {
    let Some(spec) = &lease.spec else { return };
    if let Some(seconds) = spec.lease_duration_seconds.filter(|seconds| *seconds <= 0) {
        let path = SPEC.child("leaseDurationSeconds");
        errors.invalid(&path, seconds, "must be greater than 0");
    }
    if let Some(count) = spec.lease_transitions {
        errors.not_negative(&SPEC.child("leaseTransitions"), i64::from(count));
    }
    let path = SPEC.child("strategy");
    match spec.strategy.as_deref() {
        Some(strategy) if strategy.contains('/') => {
            errors.rule(&path.child("strategy"), strategy, names::qualified);
        }
        Some(strategy) if strategy != "OldestEmulationVersion" => {
            let supported = ["OldestEmulationVersion"];
            errors.unsupported(&path.child("strategy"), strategy, &supported);
        }
        _ => {}
    }
    let no_strategy = text(&spec.strategy).is_empty();
    if !text(&spec.preferred_holder).is_empty() && no_strategy {
        let detail = "may only be specified if `strategy` is defined";
        errors.forbidden(&SPEC.child("preferredHolder"), detail);
    }
}

/// The rules of `v1` events; those of `events.k8s.io/v1` are stricter.
pub(super) fn event(event: &Event, errors: &mut Errors) {
    const FORM: usize = 128;
    const NOTE: usize = 1024;
    let namespace = text(&event.metadata.namespace);
    let involved = text(&event.involved_object.namespace);
    let wrong_namespace = match (&event.event_time, involved) {
        (None, "") => !matches!(namespace, "" | "default"),
        (None, involved) => namespace != involved,
        (Some(_), "") => !matches!(namespace, "default" | "kube-system"),
        (Some(_), _) => false,
    };
    if wrong_namespace {
        let path = Path::root("involvedObject");
        let detail = "does not match event.namespace";
        errors.invalid(&path.child("namespace"), involved, detail);
    }
    if event.event_time.is_some() {
        let controller = text(&event.reporting_component);
        let path = Path::root("reportingController");
        if controller.is_empty() {
            errors.required(&path, "");
        }
        errors.rule(&path, controller, names::qualified);
        let texts = [
            ("reportingInstance", &event.reporting_instance),
            ("action", &event.action),
            ("reason", &event.reason),
        ];
        for (field, value) in texts {
            if text(value).is_empty() {
                errors.required(&Path::root(field), "");
            }
            if text(value).len() > FORM {
                let detail = format!("can have at most {FORM} characters");
                errors.invalid(&Path::root(field), "", detail);
            }
        }
        if text(&event.message).len() > NOTE {
            let detail = format!("can have at most {NOTE} characters");
            errors.invalid(&Path::root("message"), "", detail);
        }
    }
    errors.rule(&Path::root("namespace"), namespace, names::subdomain);
}

/// What `events.k8s.io/v1` asks for besides (`ValidateEventCreate`).
pub(super) fn new_event(event: &Event, errors: &mut Errors) {
    if event.event_time.is_none() {
        errors.required(&Path::root("eventTime"), "");
    }
    let named = text(&event.type_);
    if !matches!(named, "Normal" | "Warning") {
        let detail = format!("has invalid value: {named}");
        errors.invalid(&Path::root("type"), "", detail);
    }
    let source = event.source.as_ref();
    let sourced = source.is_some_and(|source| {
        !text(&source.component).is_empty() || !text(&source.host).is_empty()
    });
    let unset = [
        ("firstTimestamp", event.first_timestamp.is_some()),
        ("lastTimestamp", event.last_timestamp.is_some()),
        ("count", event.count.unwrap_or(0) != 0),
        ("source", sourced),
    ];
    for (field, _) in unset.iter().filter(|(_, set)| *set) {
        errors.invalid(&Path::root(field), "", "needs to be unset");
    }
}

/// What an update of an event may not change, asked for in
/// `events.k8s.io/v1` (`ValidateEventUpdate`).
pub(super) fn update_new_event(new: &Event, old: &Event, errors: &mut Errors) {
    let same = new.involved_object == old.involved_object;
    errors.immutable(
        &Path::root("involvedObject"),
        same,
        Json::of(&new.involved_object),
    );
    let texts = [
        ("reason", &new.reason, &old.reason),
        ("message", &new.message, &old.message),
        ("type", &new.type_, &old.type_),
        ("action", &new.action, &old.action),
        (
            "reportingController",
            &new.reporting_component,
            &old.reporting_component,
        ),
        (
            "reportingInstance",
            &new.reporting_instance,
            &old.reporting_instance,
        ),
    ];
    for (field, new, old) in texts {
        errors.immutable(&Path::root(field), text(new) == text(old), text(new));
    }
    let same = new.count == old.count;
    errors.immutable(&Path::root("count"), same, Json::of(&new.count));
    let same = new.event_time == old.event_time;
    errors.immutable(&Path::root("eventTime"), same, Json::of(&new.event_time));
    let same = new.related == old.related;
    errors.immutable(&Path::root("related"), same, Json::of(&new.related));
}

/// The name of an event has no form of its own.
pub(super) fn create_event(given: &Event, errors: &mut Errors) {
    event(given, errors);
    if errors.is_empty() {
        let scope = Scope {
            name: names::path_segment,
            namespaced: true,
        };
        meta::create(&given.metadata, &scope, errors);
    }
}

/// An address inside Endpoints.
pub(super) fn endpoint_address(
    address: &core::EndpointAddress,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let ip_path = path.child("ip");
    ip::address(&address.ip, &ip_path, errors);
    if !text(&address.hostname).is_empty() {
        errors.rule(
            &path.child("hostname"),
            text(&address.hostname),
            names::label,
        );
    }
    if let Some(node) = &address.node_name {
        errors.rule(&path.child("nodeName"), node, names::subdomain);
    }
    ip::not_special(&address.ip, &ip_path, errors);
}
