//! Kinds that are not known, no longer known, or known and idle.

use crate::api::Kind;
use crate::api::similar::closest;

/// API versions that Kubernetes served once: kind, version, the last release that
/// served it, what to write today (the deprecation guide).
const REMOVED: &[(&str, &str, &str, &str)] = &[
    ("Deployment", "extensions/v1beta1", "1.15", "apps/v1"),
    ("Deployment", "apps/v1beta1", "1.15", "apps/v1"),
    ("Deployment", "apps/v1beta2", "1.15", "apps/v1"),
    ("ReplicaSet", "extensions/v1beta1", "1.15", "apps/v1"),
    ("ReplicaSet", "apps/v1beta2", "1.15", "apps/v1"),
    ("DaemonSet", "extensions/v1beta1", "1.15", "apps/v1"),
    ("DaemonSet", "apps/v1beta2", "1.15", "apps/v1"),
    ("StatefulSet", "apps/v1beta1", "1.15", "apps/v1"),
    ("StatefulSet", "apps/v1beta2", "1.15", "apps/v1"),
    (
        "NetworkPolicy",
        "extensions/v1beta1",
        "1.15",
        "networking.k8s.io/v1",
    ),
    (
        "Ingress",
        "extensions/v1beta1",
        "1.21",
        "networking.k8s.io/v1",
    ),
    (
        "Ingress",
        "networking.k8s.io/v1beta1",
        "1.21",
        "networking.k8s.io/v1",
    ),
    (
        "IngressClass",
        "networking.k8s.io/v1beta1",
        "1.21",
        "networking.k8s.io/v1",
    ),
    ("CronJob", "batch/v1beta1", "1.24", "batch/v1"),
    ("CronJob", "batch/v2alpha1", "1.20", "batch/v1"),
    ("PodDisruptionBudget", "policy/v1beta1", "1.24", "policy/v1"),
    (
        "EndpointSlice",
        "discovery.k8s.io/v1beta1",
        "1.24",
        "discovery.k8s.io/v1",
    ),
    (
        "RuntimeClass",
        "node.k8s.io/v1beta1",
        "1.24",
        "node.k8s.io/v1",
    ),
    (
        "HorizontalPodAutoscaler",
        "autoscaling/v2beta1",
        "1.24",
        "autoscaling/v2",
    ),
    (
        "HorizontalPodAutoscaler",
        "autoscaling/v2beta2",
        "1.25",
        "autoscaling/v2",
    ),
    (
        "Role",
        "rbac.authorization.k8s.io/v1beta1",
        "1.21",
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "RoleBinding",
        "rbac.authorization.k8s.io/v1beta1",
        "1.21",
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "ClusterRole",
        "rbac.authorization.k8s.io/v1beta1",
        "1.21",
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "ClusterRoleBinding",
        "rbac.authorization.k8s.io/v1beta1",
        "1.21",
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "CustomResourceDefinition",
        "apiextensions.k8s.io/v1beta1",
        "1.21",
        "apiextensions.k8s.io/v1",
    ),
    (
        "PriorityClass",
        "scheduling.k8s.io/v1beta1",
        "1.21",
        "scheduling.k8s.io/v1",
    ),
    (
        "StorageClass",
        "storage.k8s.io/v1beta1",
        "1.21",
        "storage.k8s.io/v1",
    ),
    (
        "CSIDriver",
        "storage.k8s.io/v1beta1",
        "1.21",
        "storage.k8s.io/v1",
    ),
    (
        "VolumeAttachment",
        "storage.k8s.io/v1beta1",
        "1.21",
        "storage.k8s.io/v1",
    ),
    (
        "Lease",
        "coordination.k8s.io/v1beta1",
        "1.21",
        "coordination.k8s.io/v1",
    ),
    (
        "MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1beta1",
        "1.21",
        "admissionregistration.k8s.io/v1",
    ),
    (
        "ValidatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1beta1",
        "1.21",
        "admissionregistration.k8s.io/v1",
    ),
];
/// Removed for good.
const GONE: &[(&str, &str, &str)] = &[
    (
        "PodSecurityPolicy",
        "1.24",
        "use Pod Security admission (labels on the Namespace)",
    ),
    (
        "PodPreset",
        "1.19",
        "write the settings into the pod template",
    ),
];

/// What to do about a kind that is not known in a version.
pub(super) fn advice(api_version: &str, kind: &str) -> String {
    let removed = REMOVED
        .iter()
        .find(|(name, version, _, _)| *name == kind && *version == api_version);
    if let Some((_, _, last, today)) = removed {
        return format!("removed after Kubernetes {last}: write `apiVersion: {today}`");
    }
    if let Some((_, last, instead)) = GONE.iter().find(|(name, _, _)| *name == kind) {
        return format!("removed after Kubernetes {last}: {instead}");
    }
    if let Some(known) = Kind::ALL.iter().find(|known| known.info().kind == kind) {
        return format!("{kind} is in `apiVersion: {}`", known.api_version());
    }
    let names: Vec<&str> = Kind::ALL.iter().map(|known| known.info().kind).collect();
    if let Some(close) = closest(kind, &names) {
        let version = Kind::ALL
            .iter()
            .find(|known| known.info().kind == close)
            .map(|known| known.api_version());
        return format!(
            "did you mean `kind: {close}` (`apiVersion: {}`)?",
            version.unwrap_or_default()
        );
    }
    if api_version.contains('.') {
        return "a custom resource: kinds of operators are not known here; leave it out".to_owned();
    }
    "no such kind exists; check its spelling".to_owned()
}

/// The version to write for a kind, where there is just one.
pub(super) fn version_of(kind: &str) -> Option<String> {
    let known = Kind::ALL.iter().find(|known| known.info().kind == kind)?;
    Some(known.api_version())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unknown_kind_gets_its_advice() {
        let table = [
            ("extensions/v1beta1", "Deployment", "apiVersion: apps/v1"),
            ("v1", "Deployment", "apiVersion: apps/v1"),
            ("v1", "Podd", "did you mean `kind: Pod`"),
            ("apps/v1", "Deploymnet", "did you mean `kind: Deployment`"),
            (
                "policy/v1beta1",
                "PodSecurityPolicy",
                "Pod Security admission",
            ),
            (
                "monitoring.coreos.com/v1",
                "ServiceMonitor",
                "custom resource",
            ),
        ];
        for (version, kind, wanted) in table {
            let advice = advice(version, kind);
            assert!(advice.contains(wanted), "{kind}: {advice}");
        }
    }
}
