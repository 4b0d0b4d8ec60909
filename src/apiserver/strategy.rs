//! What each kind does when it is created and updated (upstream: the
//! `strategy.go` of each registry): generations, initial status, and which half
//! of an object an endpoint may write.

use super::{Subresource, app_armor, defaulting, jobs, pod_parts, qos};
use crate::api::core::{
    LoadBalancerStatus, NamespaceStatus, PodCondition, PodStatus, ServiceStatus,
};
use crate::api::{EndpointSlice, Kind, Namespace, Object, Pod, Secret, Time, Untyped};
use crate::sim::Instant;
use k8s_openapi::ByteString;
use serde_json::json;
use std::sync::Arc;

/// What a new object would be like once it is validated: for looking at it before
/// it is sent.
pub fn as_created(object: &mut Object) {
    object
        .meta_mut()
        .uid
        .get_or_insert_with(|| "00000000-0000-4000-8000-000000000000".to_owned());
    prepare_for_create(object, Instant::ZERO);
}

/// Puts a new object into its initial state. What callers say of the status is
/// dropped, except for nodes, whose kubelets register with their capacity.
pub(super) fn prepare_for_create(object: &mut Object, now: Instant) {
    if has_generation(object.kind()) {
        object.meta_mut().generation = Some(1);
    }
    match object {
        Object::Pod(pod) => new_pod(Arc::make_mut(pod), now),
        Object::Namespace(namespace) => new_namespace(Arc::make_mut(namespace)),
        Object::Service(service) => {
            Arc::make_mut(service).status = Some(ServiceStatus {
                load_balancer: Some(LoadBalancerStatus::default()),
                ..ServiceStatus::default()
            });
        }
        Object::Deployment(deployment) => {
            Arc::make_mut(deployment).status = Some(Default::default());
        }
        Object::ReplicaSet(set) => Arc::make_mut(set).status = Some(Default::default()),
        Object::Secret(secret) => merge_string_data(secret),
        Object::EndpointSlice(slice) => drop_old_topology(slice),
        Object::Other(Kind::Custom(custom), untyped) if custom.custom().has_status => {
            Arc::make_mut(untyped).rest.remove("status");
        }
        Object::Other(Kind::Custom(_), _) => {}
        Object::Other(kind, untyped) => new_untyped(*kind, Arc::make_mut(untyped), now),
        _ => {}
    }
}

/// What `v1beta1` called the topology of an endpoint is not written any more.
fn drop_old_topology(slice: &mut Arc<EndpointSlice>) {
    let mut endpoints = slice.endpoints.iter().flatten();
    if endpoints.any(|endpoint| endpoint.deprecated_topology.is_some()) {
        for endpoint in Arc::make_mut(slice).endpoints.iter_mut().flatten() {
            endpoint.deprecated_topology = None;
        }
    }
}

fn new_untyped(kind: Kind, object: &mut Untyped, now: Instant) {
    if has_status(kind) {
        object.rest.remove("status");
    }
    let status = match kind {
        Kind::PersistentVolumeClaim => json!({"phase": "Pending"}),
        Kind::PersistentVolume => json!({
            "phase": "Pending",
            "lastPhaseTransitionTime": now.timestamp().to_string(),
        }),
        Kind::Job => {
            jobs::select_own_pods(object);
            json!({})
        }
        _ => json!({}),
    };
    if has_status(kind) {
        object.rest.insert("status".to_owned(), status);
    }
}

fn new_pod(pod: &mut Pod, now: Instant) {
    app_armor::fields_of_annotations(pod);
    let mut status = PodStatus {
        phase: Some("Pending".to_owned()),
        qos_class: Some(qos::class(pod.spec.as_ref()).to_owned()),
        ..PodStatus::default()
    };
    let gates = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.scheduling_gates.as_ref());
    if gates.is_some_and(|gates| !gates.is_empty()) {
        status.conditions = Some(vec![PodCondition {
            type_: "PodScheduled".to_owned(),
            status: "False".to_owned(),
            reason: Some("SchedulingGated".to_owned()),
            message: Some("Scheduling is blocked due to non-empty scheduling gates".to_owned()),
            last_transition_time: Some(Time(now.timestamp())),
            ..PodCondition::default()
        }]);
    }
    pod.status = Some(status);
    // A negative grace period means one second.
    let spec = pod.spec.as_mut();
    let grace = spec.and_then(|spec| spec.termination_grace_period_seconds.as_mut());
    if let Some(seconds) = grace.filter(|seconds| **seconds < 0) {
        *seconds = 1;
    }
}

/// The finalizer in a namespace's spec that waits for its content to be deleted.
pub(super) const KUBERNETES_FINALIZER: &str = "kubernetes";
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

fn new_namespace(namespace: &mut Namespace) {
    namespace.status = Some(NamespaceStatus {
        phase: Some("Active".to_owned()),
        ..NamespaceStatus::default()
    });
    let spec = namespace.spec.get_or_insert_default();
    let finalizers = spec.finalizers.get_or_insert_default();
    if !finalizers
        .iter()
        .any(|finalizer| finalizer == KUBERNETES_FINALIZER)
    {
        finalizers.push(KUBERNETES_FINALIZER.to_owned());
    }
    label_with_name(namespace);
}

/// A namespace carries its name as a label, whoever writes it.
pub(super) fn label_with_its_name(object: &mut Object) {
    if let Object::Namespace(namespace) = object {
        label_with_name(Arc::make_mut(namespace));
    }
}

fn label_with_name(namespace: &mut Namespace) {
    if let Some(name) = namespace.metadata.name.clone() {
        let labels = namespace.metadata.labels.get_or_insert_default();
        labels.insert(NAME_LABEL.to_owned(), name);
    }
}

/// `stringData` is for writing only: it ends up in `data`.
fn merge_string_data(secret: &mut Arc<Secret>) {
    if secret.string_data.is_none() {
        return;
    }
    let secret = Arc::make_mut(secret);
    for (key, text) in secret.string_data.take().into_iter().flatten() {
        let data = secret.data.get_or_insert_default();
        data.insert(key, ByteString(text.into_bytes()));
    }
}

/// Lets an update change only what its endpoint is for, and counts the
/// generation up where the desired state changed.
pub(super) fn prepare_for_update(object: &mut Object, old: &Object, subresource: Subresource) {
    match subresource {
        Subresource::Status | Subresource::Approval => keep_spec(object, old),
        Subresource::EphemeralContainers => pod_parts::keep_but_ephemeral(object, old),
        Subresource::Resize => pod_parts::keep_but_resources(object, old),
        _ => {
            keep_status(object, old);
            defaulting::apply_update(object, old);
        }
    }
}

fn keep_spec(object: &mut Object, old: &Object) {
    macro_rules! keep_spec_of {
        ($new:expr, $old:expr) => {{
            if $new.spec != $old.spec {
                Arc::make_mut($new).spec = $old.spec.clone();
            }
        }};
    }
    match (&mut *object, old) {
        (Object::Pod(new), Object::Pod(old)) => {
            keep_spec_of!(new, old);
            // Status writers do not adopt.
            if new.metadata.owner_references != old.metadata.owner_references {
                Arc::make_mut(new).metadata.owner_references =
                    old.metadata.owner_references.clone();
            }
        }
        (Object::Node(new), Object::Node(old)) => keep_spec_of!(new, old),
        (Object::Namespace(new), Object::Namespace(old)) => {
            keep_spec_of!(new, old);
            label_with_name(Arc::make_mut(new));
        }
        (Object::Service(new), Object::Service(old)) => keep_spec_of!(new, old),
        (Object::Deployment(new), Object::Deployment(old)) => {
            keep_spec_of!(new, old);
            if new.metadata.labels != old.metadata.labels {
                Arc::make_mut(new).metadata.labels = old.metadata.labels.clone();
            }
        }
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => keep_spec_of!(new, old),
        (Object::Other(_, new), Object::Other(_, old)) => {
            let status = new.rest.get("status").cloned();
            let new = Arc::make_mut(new);
            new.rest = old.rest.clone();
            match status {
                Some(status) => drop(new.rest.insert("status".to_owned(), status)),
                None => drop(new.rest.remove("status")),
            }
        }
        _ => {}
    }
}

fn keep_status(object: &mut Object, old: &Object) {
    macro_rules! keep_status_of {
        ($new:expr, $old:expr) => {{
            if $new.status != $old.status {
                Arc::make_mut($new).status = $old.status.clone();
            }
        }};
    }
    let mut desired_changed = false;
    match (&mut *object, old) {
        (Object::Pod(new), Object::Pod(old)) => {
            keep_status_of!(new, old);
            desired_changed = new.spec != old.spec;
        }
        (Object::Node(new), Object::Node(old)) => keep_status_of!(new, old),
        (Object::Namespace(new), Object::Namespace(old)) => {
            keep_status_of!(new, old);
            let new = Arc::make_mut(new);
            // Only /finalize takes finalizers away.
            new.spec = old.spec.clone();
            label_with_name(new);
        }
        (Object::Service(new), Object::Service(old)) => keep_status_of!(new, old),
        (Object::Deployment(new), Object::Deployment(old)) => {
            keep_status_of!(new, old);
            desired_changed = new.spec != old.spec
                || annotations_differ(&new.metadata.annotations, &old.metadata.annotations);
        }
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => {
            keep_status_of!(new, old);
            desired_changed = new.spec != old.spec;
        }
        (Object::EndpointSlice(new), Object::EndpointSlice(old)) => {
            desired_changed = new.endpoints != old.endpoints
                || new.ports != old.ports
                || new.address_type != old.address_type
                || new.metadata.labels != old.metadata.labels;
        }
        (Object::Secret(new), _) => merge_string_data(new),
        (Object::Other(kind, new), Object::Other(_, old)) => {
            if has_status(*kind) && new.rest.get("status") != old.rest.get("status") {
                keep_untyped_status(Arc::make_mut(new), old);
            }
            desired_changed = new.rest != old.rest;
        }
        _ => {}
    }
    if desired_changed && has_generation(object.kind()) {
        let meta = object.meta_mut();
        meta.generation = Some(meta.generation.unwrap_or(0) + 1);
    }
}

fn annotations_differ<K: Ord, V: PartialEq>(
    new: &Option<std::collections::BTreeMap<K, V>>,
    old: &Option<std::collections::BTreeMap<K, V>>,
) -> bool {
    let empty = |map: &Option<std::collections::BTreeMap<K, V>>| {
        map.as_ref().is_none_or(|map| map.is_empty())
    };
    new != old && !(empty(new) && empty(old))
}

fn keep_untyped_status(new: &mut Untyped, old: &Untyped) {
    match old.rest.get("status") {
        Some(status) => drop(new.rest.insert("status".to_owned(), status.clone())),
        None => drop(new.rest.remove("status")),
    }
}

/// Whether `metadata.generation` counts the desired state of this kind.
fn has_generation(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Custom(_)
            | Kind::Pod
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::EndpointSlice
            | Kind::ReplicationController
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::PodDisruptionBudget
            | Kind::Ingress
            | Kind::IngressClass
            | Kind::NetworkPolicy
            | Kind::PriorityClass
            | Kind::CustomResourceDefinition
            | Kind::MutatingWebhookConfiguration
            | Kind::ValidatingWebhookConfiguration
            | Kind::ValidatingAdmissionPolicy
            | Kind::ValidatingAdmissionPolicyBinding
    )
}

/// Whether this kind has a `/status` of its own.
pub(super) fn has_status(kind: Kind) -> bool {
    if let Some(custom) = kind.custom() {
        return custom.custom().has_status;
    }
    matches!(
        kind,
        Kind::Pod
            | Kind::Node
            | Kind::Namespace
            | Kind::Service
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::PersistentVolume
            | Kind::PersistentVolumeClaim
            | Kind::ReplicationController
            | Kind::ResourceQuota
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::HorizontalPodAutoscaler
            | Kind::PodDisruptionBudget
            | Kind::Ingress
            | Kind::VolumeAttachment
            | Kind::CustomResourceDefinition
            | Kind::ValidatingAdmissionPolicy
            | Kind::CertificateSigningRequest
            | Kind::APIService
            | Kind::FlowSchema
            | Kind::PriorityLevelConfiguration
            | Kind::ServiceCIDR
            | Kind::ResourceClaim
    )
}

/// Whether this kind has a `/scale`.
pub(super) fn has_scale(kind: Kind) -> bool {
    if let Some(custom) = kind.custom() {
        return custom.custom().scale.is_some();
    }
    matches!(
        kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::ReplicationController
    )
}

/// Whether a PUT of an object that does not exist creates it
/// (`AllowCreateOnUpdate`).
pub(super) fn creates_on_update(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Lease
            | Kind::Service
            | Kind::Endpoints
            | Kind::Event
            | Kind::LimitRange
            | Kind::Role
            | Kind::RoleBinding
            | Kind::ClusterRole
            | Kind::ClusterRoleBinding
            | Kind::RuntimeClass
    )
}

/// Whether an update may leave out the version that it read
/// (`AllowUnconditionalUpdate`).
pub(super) fn allows_unconditional_update(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Custom(_)
            | Kind::Lease
            | Kind::PodDisruptionBudget
            | Kind::CustomResourceDefinition
            | Kind::MutatingWebhookConfiguration
            | Kind::ValidatingWebhookConfiguration
            | Kind::ValidatingAdmissionPolicy
            | Kind::ValidatingAdmissionPolicyBinding
    )
}

/// Whether a DELETE answers with the object rather than with a `Status`
/// (`ReturnDeletedObject`).
pub(super) fn returns_deleted(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Pod
            | Kind::Service
            | Kind::ServiceAccount
            | Kind::PersistentVolume
            | Kind::PersistentVolumeClaim
            | Kind::PodTemplate
            | Kind::ResourceQuota
            | Kind::CSIDriver
            | Kind::StorageClass
            | Kind::VolumeAttachment
    )
}
