//! The kinds that are kept as JSON: the rules of `pkg/apis/*/validation` over
//! values, one file a kind or family of kinds.

mod admission;
mod autoscaling;
mod batch;
mod cron;
mod disruption;
mod ingress;
mod network_policy;
mod quotas;
mod rbac;
mod reader;
mod scheduling;
mod storage;
mod workloads;

use super::field::{Errors, Rule};
use super::{meta, names};
use crate::api::{Kind, Untyped};
use reader::Fields;

/// What forbids creating this object.
pub(super) fn create(kind: Kind, object: &Untyped, errors: &mut Errors) {
    meta::create(&object.metadata, &scope_of(kind), errors);
    let fields = Fields::of(&object.rest);
    match kind {
        Kind::StatefulSet => workloads::stateful_set(fields, errors),
        Kind::DaemonSet => workloads::daemon_set(fields, errors),
        Kind::ReplicationController => workloads::replication_controller(fields, errors),
        Kind::PodTemplate => workloads::pod_template(fields, errors),
        Kind::Job => batch::job(&object.metadata, fields, errors),
        Kind::CronJob => batch::cron_job(&object.metadata, fields, errors),
        Kind::HorizontalPodAutoscaler => autoscaling::autoscaler(fields, errors),
        Kind::PodDisruptionBudget => disruption::budget(fields, errors),
        Kind::Ingress => ingress::ingress(&object.metadata, fields, errors),
        Kind::IngressClass => ingress::class(fields, errors),
        Kind::NetworkPolicy => network_policy::policy(fields, errors),
        Kind::PersistentVolume => storage::volume(fields, errors),
        Kind::PersistentVolumeClaim => storage::claim(fields, errors),
        Kind::StorageClass => storage::class(fields, errors),
        Kind::PriorityClass => scheduling::priority_class(&object.metadata, fields, errors),
        Kind::RuntimeClass => scheduling::runtime_class(fields, errors),
        Kind::Role => rbac::role(fields, true, errors),
        Kind::ClusterRole => rbac::role(fields, false, errors),
        Kind::RoleBinding => rbac::binding(fields, true, errors),
        Kind::ClusterRoleBinding => rbac::binding(fields, false, errors),
        Kind::LimitRange => quotas::limit_range(fields, errors),
        Kind::ResourceQuota => quotas::quota(fields, errors),
        Kind::ValidatingAdmissionPolicyBinding => admission::binding(fields, errors),
        Kind::ValidatingAdmissionPolicy => admission::policy(fields, errors),
        _ => {}
    }
}

/// What forbids replacing `old` by `new`.
pub(super) fn update(kind: Kind, new: &Untyped, old: &Untyped, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    let (fields, before) = (Fields::of(&new.rest), Fields::of(&old.rest));
    match kind {
        Kind::StatefulSet => workloads::update_stateful_set(fields, before, errors),
        Kind::DaemonSet => workloads::update_daemon_set(fields, before, errors),
        Kind::ReplicationController => workloads::replication_controller(fields, errors),
        Kind::PodTemplate => workloads::pod_template(fields, errors),
        Kind::Job => batch::update_job(&new.metadata, fields, before, errors),
        Kind::CronJob => batch::update_cron_job(fields, errors),
        Kind::HorizontalPodAutoscaler => autoscaling::autoscaler(fields, errors),
        Kind::PodDisruptionBudget => disruption::budget(fields, errors),
        Kind::Ingress => ingress::update_ingress(fields, errors),
        Kind::IngressClass => ingress::update_class(fields, before, errors),
        Kind::NetworkPolicy => network_policy::policy(fields, errors),
        Kind::PersistentVolume => storage::update_volume(fields, before, errors),
        Kind::PersistentVolumeClaim => storage::update_claim(fields, before, errors),
        Kind::StorageClass => storage::update_class(fields, before, errors),
        Kind::PriorityClass => scheduling::update_priority_class(fields, before, errors),
        Kind::RuntimeClass => scheduling::update_runtime_class(fields, before, errors),
        Kind::Role => rbac::role(fields, true, errors),
        Kind::ClusterRole => rbac::role(fields, false, errors),
        Kind::RoleBinding => rbac::update_binding(fields, before, true, errors),
        Kind::ClusterRoleBinding => rbac::update_binding(fields, before, false, errors),
        Kind::LimitRange => quotas::limit_range(fields, errors),
        Kind::ResourceQuota => quotas::update_quota(fields, before, errors),
        Kind::ValidatingAdmissionPolicyBinding => admission::binding(fields, errors),
        Kind::ValidatingAdmissionPolicy => admission::policy(fields, errors),
        _ => {}
    }
}

/// Names of RBAC's kinds are free, all others are subdomains.
fn scope_of(kind: Kind) -> meta::Scope {
    let name = match kind {
        Kind::Role | Kind::RoleBinding | Kind::ClusterRole | Kind::ClusterRoleBinding => {
            names::path_segment as Rule
        }
        _ => names::subdomain,
    };
    meta::Scope {
        name,
        namespaced: kind.info().namespaced,
    }
}
