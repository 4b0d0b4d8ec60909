//! Admission: what the server does to objects on their way in, in the order of
//! upstream's default plugins.

mod limit_ranger;
mod pod_security;
mod pods;
mod priority;
mod resource_quota;
mod runtime_class;
mod service_account;
mod storage;

use super::storage::Call;
use crate::api::core::Taint;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Namespace, Node, Object, ObjectMeta};
use std::sync::Arc;

/// Admits a new object.
pub(super) fn on_create(call: &mut Call<'_>, object: &mut Object) -> Result<(), ApiError> {
    namespace_lifecycle(call, object.meta())?;
    match object {
        Object::Pod(pod) => {
            let pod = Arc::make_mut(pod);
            limit_ranger::set_defaults(call, pod);
            service_account::admit(call, pod)?;
            priority::admit(call, pod)?;
            pods::default_toleration_seconds(pod);
            runtime_class::admit(call, pod)?;
        }
        Object::Node(node) => taint_nodes_by_condition(Arc::make_mut(node)),
        Object::Other(kind, untyped) => {
            let (kind, untyped) = (*kind, Arc::make_mut(untyped));
            storage::set_class(call, kind, untyped);
            storage::protect(kind, untyped);
        }
        _ => {}
    }
    Ok(())
}

/// The last look at an object that is valid: what may be refused, warned of or
/// charged for it (validating admission).
pub(super) fn validate(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), ApiError> {
    match (object, old) {
        (Object::Pod(pod), None) => {
            limit_ranger::validate_pod(call, pod)?;
            pod_security::validate_pod(call, pod, None)?;
        }
        (Object::Pod(pod), Some(Object::Pod(old))) => {
            pod_security::validate_pod(call, pod, Some(old))?;
        }
        (Object::Namespace(namespace), old) => {
            let old = old.and_then(|old| old.as_kind::<Namespace>());
            pod_security::validate_namespace(call, namespace, old.map(|old| &**old))?;
        }
        (Object::Other(Kind::PersistentVolumeClaim, claim), _) => {
            limit_ranger::validate_claim(call, claim)?;
            storage::validate_growth(call, object, old)?;
        }
        (Object::Other(Kind::PriorityClass, _), _) => priority::validate_class(call, object)?,
        _ => {}
    }
    let template = !matches!(object, Object::Pod(_)) && old.is_none_or(|old| old != object);
    if template {
        pod_security::warn_of_workload(call, object);
    }
    // Whatever is refused for its name uses nothing.
    let taken = old.is_none() && call.present(&object.key()).is_some();
    match taken {
        true => Ok(()),
        false => resource_quota::admit(call, object, old),
    }
}

/// Admits an update. Whoever may change tolerations must leave the default ones.
pub(super) fn on_update(object: &mut Object, old: &Object) {
    if let (Object::Pod(pod), Object::Pod(old)) = (&mut *object, old) {
        let tolerations =
            |pod: &crate::api::Pod| pod.spec.as_ref().and_then(|spec| spec.tolerations.clone());
        if tolerations(pod) != tolerations(old) {
            pods::default_toleration_seconds(Arc::make_mut(pod));
        }
    }
}

/// The name that refusals name: generated names do not exist yet.
fn name_of(meta: &ObjectMeta) -> &str {
    let name = meta.name.as_deref().filter(|name| !name.is_empty());
    name.or(meta.generate_name.as_deref()).unwrap_or_default()
}

/// NamespaceLifecycle: nothing is made in a namespace that does not exist or is
/// going away.
fn namespace_lifecycle(call: &Call<'_>, meta: &ObjectMeta) -> Result<(), ApiError> {
    let Some(name) = meta.namespace.as_deref() else {
        return Ok(());
    };
    let Some(entry) = call.look_up(Kind::Namespace, Key::new("", name)) else {
        return Err(status::not_found(Kind::Namespace, name));
    };
    let terminating = match &entry.object {
        Object::Namespace(namespace) => {
            let status = namespace.status.as_ref();
            status.and_then(|status| status.phase.as_deref()) == Some("Terminating")
        }
        _ => false,
    };
    if !terminating {
        return Ok(());
    }
    let cause = status::cause(
        "NamespaceTerminating",
        "metadata.namespace",
        format!("namespace {name} is being terminated"),
    );
    let why =
        format!("unable to create new content in namespace {name} because it is being terminated");
    Err(status::forbidden_because(
        call.kind(),
        name_of(meta),
        &why,
        cause,
    ))
}

/// TaintNodesByCondition: nothing is scheduled to a node before it is ready.
fn taint_nodes_by_condition(node: &mut Node) {
    let taints = node
        .spec
        .get_or_insert_default()
        .taints
        .get_or_insert_default();
    let key = "node.kubernetes.io/not-ready";
    if !taints
        .iter()
        .any(|taint| taint.key == key && taint.effect == "NoSchedule")
    {
        taints.push(Taint {
            key: key.to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        });
    }
}
