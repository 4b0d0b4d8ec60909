//! `cargo xtask schema FOLDER`: the table of Kubernetes' types (`src/api/schema/types.txt`), made
//! anew from a checkout of Kubernetes: its Go types say what no OpenAPI document does, such as
//! which fields are pointers and which are left out when empty.

mod go;
mod table;

use crate::checkout::Checkout;
use crate::shell::{self, Failure, Result};
use std::path::Path;

const TABLE: &str = "src/api/schema/types.txt";

/// Where Kubernetes keeps its published packages.
const STAGING: &str = "staging/src/";

/// The packages whose kinds are served, with their name in the table and those kinds.
const ROOTS: &[(&str, &str, &[&str])] = &[
    (
        "core",
        "k8s.io/api/core/v1",
        &[
            "Pod",
            "Node",
            "Namespace",
            "Event",
            "Service",
            "Endpoints",
            "ConfigMap",
            "Secret",
            "ServiceAccount",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "ReplicationController",
            "ResourceQuota",
            "LimitRange",
            "PodTemplate",
            "Binding",
            "ComponentStatus",
        ],
    ),
    (
        "apps",
        "k8s.io/api/apps/v1",
        &[
            "Deployment",
            "ReplicaSet",
            "StatefulSet",
            "DaemonSet",
            "ControllerRevision",
        ],
    ),
    ("batch", "k8s.io/api/batch/v1", &["Job", "CronJob"]),
    (
        "autoscaling",
        "k8s.io/api/autoscaling/v1",
        &["HorizontalPodAutoscaler", "Scale"],
    ),
    (
        "autoscaling2",
        "k8s.io/api/autoscaling/v2",
        &["HorizontalPodAutoscaler"],
    ),
    (
        "policy",
        "k8s.io/api/policy/v1",
        &["PodDisruptionBudget", "Eviction"],
    ),
    (
        "networking",
        "k8s.io/api/networking/v1",
        &[
            "Ingress",
            "IngressClass",
            "NetworkPolicy",
            "IPAddress",
            "ServiceCIDR",
        ],
    ),
    ("discovery", "k8s.io/api/discovery/v1", &["EndpointSlice"]),
    ("coordination", "k8s.io/api/coordination/v1", &["Lease"]),
    (
        "storage",
        "k8s.io/api/storage/v1",
        &[
            "StorageClass",
            "CSIDriver",
            "CSINode",
            "CSIStorageCapacity",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ],
    ),
    ("scheduling", "k8s.io/api/scheduling/v1", &["PriorityClass"]),
    (
        "rbac",
        "k8s.io/api/rbac/v1",
        &["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
    ),
    ("events", "k8s.io/api/events/v1", &["Event"]),
    ("node", "k8s.io/api/node/v1", &["RuntimeClass"]),
    (
        "admissionregistration",
        "k8s.io/api/admissionregistration/v1",
        &[
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ],
    ),
    (
        "certificates",
        "k8s.io/api/certificates/v1",
        &["CertificateSigningRequest"],
    ),
    (
        "authentication",
        "k8s.io/api/authentication/v1",
        &["TokenRequest", "TokenReview", "SelfSubjectReview"],
    ),
    (
        "authorization",
        "k8s.io/api/authorization/v1",
        &[
            "SubjectAccessReview",
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
        ],
    ),
    (
        "apiextensions",
        "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
        &["CustomResourceDefinition"],
    ),
    (
        "resource",
        "k8s.io/api/resource/v1",
        &[
            "DeviceClass",
            "ResourceClaim",
            "ResourceClaimTemplate",
            "ResourceSlice",
        ],
    ),
    (
        "flowcontrol",
        "k8s.io/api/flowcontrol/v1",
        &["FlowSchema", "PriorityLevelConfiguration"],
    ),
    (
        "apiregistration",
        "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1",
        &["APIService"],
    ),
    (
        "meta",
        "k8s.io/apimachinery/pkg/apis/meta/v1",
        &["DeleteOptions"],
    ),
];

/// Reads the types from a checkout of Kubernetes and writes the table.
///
/// # Errors
/// When a file is missing or a type is one that this reader does not understand.
pub fn run(checkout: &Checkout, arguments: &[String]) -> Result<()> {
    let [folder] = arguments else {
        return Err(Failure::new(
            "name the folder of a Kubernetes checkout: cargo xtask schema FOLDER",
        ));
    };
    let staging = Path::new(folder).join(STAGING);
    let mut packages = Vec::new();
    for (name, path, _) in ROOTS {
        let parsed = go::package(&staging.join(path), path)
            .map_err(|error| Failure::new(format!("{path}: {error}")))?;
        packages.push((*name, *path, parsed));
    }
    let roots = ROOTS.iter().flat_map(|(name, _, kinds)| {
        kinds
            .iter()
            .map(move |kind| ((*name).to_owned(), (*kind).to_owned()))
    });
    let text = table::write(&packages, roots.collect()).map_err(Failure::new)?;
    let path = checkout.path(TABLE);
    std::fs::write(&path, &text).map_err(|error| Failure::new(format!("{TABLE}: {error}")))?;
    shell::say(&format!("{TABLE}: {} bytes", text.len()), "");
    Ok(())
}
