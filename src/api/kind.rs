//! The kinds that the API server knows, as discovery lists them.

use super::custom_kind::CustomKind;
use serde::{Deserialize, Serialize};

/// What discovery says of a kind.
#[derive(Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version that it is stored in.
    pub version: &'static str,
    /// Its name (`Pod`).
    pub kind: &'static str,
    /// Its name in paths (`pods`).
    pub plural: &'static str,
    /// Its name in messages of kubectl (`pod`).
    pub singular: &'static str,
    /// Its short name (`po`), or empty.
    pub short: &'static str,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Whether some component acts on it here; the others are only stored, and
    /// the page says so.
    pub simulated: bool,
}

macro_rules! kinds {
    ($($kind:ident: $group:literal $version:literal $plural:literal $singular:literal $short:literal $namespaced:literal $simulated:literal,)*) => {
        /// A kind of object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $(
                #[doc = concat!("`", $group, "/", $version, "` ", stringify!($kind), ".")]
                $kind,
            )*
            /// A kind that a CustomResourceDefinition made.
            Custom(CustomKind),
        }

        impl Kind {
            /// Every built-in kind, in the order of declaration.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),*];

            /// What discovery says of it.
            pub const fn info(self) -> &'static KindInfo {
                match self {
                    $(Kind::$kind => &KindInfo {
                        group: $group,
                        version: $version,
                        kind: stringify!($kind),
                        plural: $plural,
                        singular: $singular,
                        short: $short,
                        namespaced: $namespaced,
                        simulated: $simulated,
                    },)*
                    Kind::Custom(custom) => custom.info(),
                }
            }
        }
    };
}

kinds! {
    Pod: "" "v1" "pods" "pod" "po" true true,
    Node: "" "v1" "nodes" "node" "no" false true,
    Namespace: "" "v1" "namespaces" "namespace" "ns" false true,
    Event: "" "v1" "events" "event" "ev" true true,
    Service: "" "v1" "services" "service" "svc" true true,
    Endpoints: "" "v1" "endpoints" "endpoints" "ep" true true,
    ConfigMap: "" "v1" "configmaps" "configmap" "cm" true true,
    Secret: "" "v1" "secrets" "secret" "" true true,
    ServiceAccount: "" "v1" "serviceaccounts" "serviceaccount" "sa" true true,
    EndpointSlice: "discovery.k8s.io" "v1" "endpointslices" "endpointslice" "" true true,
    Deployment: "apps" "v1" "deployments" "deployment" "deploy" true true,
    ReplicaSet: "apps" "v1" "replicasets" "replicaset" "rs" true true,
    Lease: "coordination.k8s.io" "v1" "leases" "lease" "" true true,
    PersistentVolume: "" "v1" "persistentvolumes" "persistentvolume" "pv" false false,
    PersistentVolumeClaim: "" "v1" "persistentvolumeclaims" "persistentvolumeclaim" "pvc" true false,
    ReplicationController: "" "v1" "replicationcontrollers" "replicationcontroller" "rc" true false,
    ResourceQuota: "" "v1" "resourcequotas" "resourcequota" "quota" true false,
    LimitRange: "" "v1" "limitranges" "limitrange" "limits" true false,
    PodTemplate: "" "v1" "podtemplates" "podtemplate" "" true false,
    StatefulSet: "apps" "v1" "statefulsets" "statefulset" "sts" true false,
    DaemonSet: "apps" "v1" "daemonsets" "daemonset" "ds" true false,
    ControllerRevision: "apps" "v1" "controllerrevisions" "controllerrevision" "" true false,
    Job: "batch" "v1" "jobs" "job" "" true false,
    CronJob: "batch" "v1" "cronjobs" "cronjob" "cj" true false,
    HorizontalPodAutoscaler: "autoscaling" "v2" "horizontalpodautoscalers" "horizontalpodautoscaler" "hpa" true false,
    PodDisruptionBudget: "policy" "v1" "poddisruptionbudgets" "poddisruptionbudget" "pdb" true false,
    Ingress: "networking.k8s.io" "v1" "ingresses" "ingress" "ing" true false,
    IngressClass: "networking.k8s.io" "v1" "ingressclasses" "ingressclass" "" false false,
    NetworkPolicy: "networking.k8s.io" "v1" "networkpolicies" "networkpolicy" "netpol" true false,
    StorageClass: "storage.k8s.io" "v1" "storageclasses" "storageclass" "sc" false false,
    CSIDriver: "storage.k8s.io" "v1" "csidrivers" "csidriver" "" false false,
    VolumeAttachment: "storage.k8s.io" "v1" "volumeattachments" "volumeattachment" "" false false,
    PriorityClass: "scheduling.k8s.io" "v1" "priorityclasses" "priorityclass" "pc" false false,
    RuntimeClass: "node.k8s.io" "v1" "runtimeclasses" "runtimeclass" "" false false,
    Role: "rbac.authorization.k8s.io" "v1" "roles" "role" "" true false,
    RoleBinding: "rbac.authorization.k8s.io" "v1" "rolebindings" "rolebinding" "" true false,
    ClusterRole: "rbac.authorization.k8s.io" "v1" "clusterroles" "clusterrole" "" false false,
    ClusterRoleBinding: "rbac.authorization.k8s.io" "v1" "clusterrolebindings" "clusterrolebinding" "" false false,
    CustomResourceDefinition: "apiextensions.k8s.io" "v1" "customresourcedefinitions" "customresourcedefinition" "crd" false false,
    MutatingWebhookConfiguration: "admissionregistration.k8s.io" "v1" "mutatingwebhookconfigurations" "mutatingwebhookconfiguration" "" false false,
    ValidatingWebhookConfiguration: "admissionregistration.k8s.io" "v1" "validatingwebhookconfigurations" "validatingwebhookconfiguration" "" false false,
    ValidatingAdmissionPolicy: "admissionregistration.k8s.io" "v1" "validatingadmissionpolicies" "validatingadmissionpolicy" "" false false,
    MutatingAdmissionPolicy: "admissionregistration.k8s.io" "v1" "mutatingadmissionpolicies" "mutatingadmissionpolicy" "" false false,
    MutatingAdmissionPolicyBinding: "admissionregistration.k8s.io" "v1" "mutatingadmissionpolicybindings" "mutatingadmissionpolicybinding" "" false false,
    CertificateSigningRequest: "certificates.k8s.io" "v1" "certificatesigningrequests" "certificatesigningrequest" "csr" false false,
    APIService: "apiregistration.k8s.io" "v1" "apiservices" "apiservice" "" false false,
    FlowSchema: "flowcontrol.apiserver.k8s.io" "v1" "flowschemas" "flowschema" "" false false,
    PriorityLevelConfiguration: "flowcontrol.apiserver.k8s.io" "v1" "prioritylevelconfigurations" "prioritylevelconfiguration" "" false false,
    IPAddress: "networking.k8s.io" "v1" "ipaddresses" "ipaddress" "ip" false false,
    ServiceCIDR: "networking.k8s.io" "v1" "servicecidrs" "servicecidr" "" false false,
    CSINode: "storage.k8s.io" "v1" "csinodes" "csinode" "" false false,
    CSIStorageCapacity: "storage.k8s.io" "v1" "csistoragecapacities" "csistoragecapacity" "" true false,
    VolumeAttributesClass: "storage.k8s.io" "v1" "volumeattributesclasses" "volumeattributesclass" "vac" false false,
    DeviceClass: "resource.k8s.io" "v1" "deviceclasses" "deviceclass" "" false false,
    ResourceClaim: "resource.k8s.io" "v1" "resourceclaims" "resourceclaim" "" true false,
    ResourceClaimTemplate: "resource.k8s.io" "v1" "resourceclaimtemplates" "resourceclaimtemplate" "" true false,
    ResourceSlice: "resource.k8s.io" "v1" "resourceslices" "resourceslice" "" false false,
    ValidatingAdmissionPolicyBinding: "admissionregistration.k8s.io" "v1" "validatingadmissionpolicybindings" "validatingadmissionpolicybinding" "" false false,
}

impl Kind {
    /// What a definition said of it, where one made it.
    pub fn custom(self) -> Option<CustomKind> {
        match self {
            Kind::Custom(custom) => Some(custom),
            _ => None,
        }
    }

    /// `v1`, `apps/v1`.
    pub fn api_version(self) -> String {
        let info = self.info();
        match info.group {
            "" => info.version.to_owned(),
            group => format!("{group}/{}", info.version),
        }
    }

    /// The kind named by `apiVersion` and `kind` of a manifest.
    pub fn from_api_version(api_version: &str, kind: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|candidate| {
            candidate.info().kind == kind && candidate.api_version() == api_version
        })
    }

    /// The kind that a path names by group and plural.
    pub fn from_plural(group: &str, plural: &str) -> Option<Kind> {
        Kind::ALL
            .iter()
            .copied()
            .find(|kind| kind.info().group == group && kind.info().plural == plural)
    }

    /// `pods`, `deployments.apps`: how messages name the resource.
    pub fn group_resource(self) -> String {
        let info = self.info();
        match info.group {
            "" => info.plural.to_owned(),
            group => format!("{}.{group}", info.plural),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_manifest_and_by_path() {
        assert_eq!(
            Kind::from_api_version("apps/v1", "Deployment"),
            Some(Kind::Deployment)
        );
        assert_eq!(Kind::from_api_version("v1", "Deployment"), None);
        assert_eq!(Kind::from_plural("", "pods"), Some(Kind::Pod));
        assert_eq!(Kind::Deployment.group_resource(), "deployments.apps");
        assert_eq!(Kind::Pod.group_resource(), "pods");
    }
}
