//! Volumes, their claims, their classes, their drivers.

use super::cells::{self, NONE, UNSET, items, str_at, text};
use super::column::Cell::{By, Count, Flag, Text};
use super::column::{AGE, Column, NAME};
use crate::sim::Instant;
use serde_json::Value;

pub(super) const PERSISTENT_VOLUME: &[Column] = &[
    NAME,
    Column::text("Capacity", By(capacity), "capacity is the description of the persistent volume's resources and capacity. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity"),
    Column::text("Access Modes", By(access_modes), "accessModes contains all ways the volume can be mounted. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes"),
    Column::text("Reclaim Policy", Text("/spec/persistentVolumeReclaimPolicy", ""), "persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim. Valid options are Retain (default for manually created PersistentVolumes), Delete (default for dynamically provisioned PersistentVolumes), and Recycle (deprecated). Recycle must be supported by the volume plugin underlying this PersistentVolume. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming"),
    Column::text("Status", By(phase), "phase indicates if a volume is available, bound to a claim, or released by a claim. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase"),
    Column::text("Claim", By(claim), "claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and PVC. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding"),
    Column::text("StorageClass", By(storage_class), "StorageClass of the pv"),
    Column::text("VolumeAttributesClass", Text("/spec/volumeAttributesClassName", "<unset>"), "VolumeAttributesClass of the pv"),
    Column::text("Reason", Text("/status/reason", ""), "reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI."),
    AGE,
    Column::text("VolumeMode", Text("/spec/volumeMode", "<unset>"), "volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state. Value of Filesystem is implied when not included in spec.").wide(),
];

pub(super) const PERSISTENT_VOLUME_CLAIM: &[Column] = &[
    NAME,
    Column::text("Status", By(phase), "phase represents the current phase of PersistentVolumeClaim."),
    Column::text("Volume", Text("/spec/volumeName", ""), "volumeName is the binding reference to the PersistentVolume backing this claim."),
    Column::text("Capacity", By(claimed_capacity), "capacity represents the actual resources of the underlying volume."),
    Column::text("Access Modes", By(claimed_modes), "accessModes contains the actual access modes the volume backing the PVC has. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1"),
    Column::text("StorageClass", By(storage_class), "StorageClass of the pvc"),
    Column::text("VolumeAttributesClass", Text("/spec/volumeAttributesClassName", "<unset>"), "VolumeAttributesClass of the pvc"),
    AGE,
    Column::text("VolumeMode", Text("/spec/volumeMode", "<unset>"), "volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.").wide(),
];

pub(super) const STORAGE_CLASS: &[Column] = &[
    Column::text("Name", By(class_name), NAME.description).named(),
    Column::text(
        "Provisioner",
        Text("/provisioner", ""),
        "provisioner indicates the type of the provisioner.",
    ),
    Column::text(
        "ReclaimPolicy",
        Text("/reclaimPolicy", "Delete"),
        "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. Defaults to Delete.",
    ),
    Column::text(
        "VolumeBindingMode",
        Text("/volumeBindingMode", "Immediate"),
        "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, VolumeBindingImmediate is used. This field is only honored by servers that enable the VolumeScheduling feature.",
    ),
    Column::text(
        "AllowVolumeExpansion",
        Flag("/allowVolumeExpansion", false),
        "allowVolumeExpansion shows whether the storage class allow volume expand.",
    ),
    AGE,
];

pub(super) const VOLUME_ATTRIBUTES_CLASS: &[Column] = &[
    NAME,
    Column::text(
        "DriverName",
        Text("/driverName", ""),
        "Name of the CSI driver This field is immutable.",
    ),
    AGE,
];

pub(super) const VOLUME_ATTACHMENT: &[Column] = &[
    NAME,
    Column::text("Attacher", Text("/spec/attacher", ""), "attacher indicates the name of the volume driver that MUST handle this request. This is the name returned by GetPluginName().").named(),
    Column::text("PV", Text("/spec/source/persistentVolumeName", ""), "persistentVolumeName represents the name of the persistent volume to attach."),
    Column::text("Node", Text("/spec/nodeName", ""), "nodeName represents the node that the volume should be attached to."),
    Column::boolean("Attached", Flag("/status/attached", false), "attached indicates the volume is successfully attached. This field must only be set by the entity completing the attach operation, i.e. the external-attacher."),
    AGE,
];

pub(super) const CSI_NODE: &[Column] = &[
    NAME,
    Column::integer(
        "Drivers",
        Count("/spec/drivers"),
        "Drivers indicates the number of CSI drivers registered on the node",
    ),
    AGE,
];

pub(super) const CSI_DRIVER: &[Column] = &[
    NAME,
    Column::boolean(
        "AttachRequired",
        Flag("/spec/attachRequired", true),
        "attachRequired indicates this CSI volume driver requires an attach operation (because it implements the CSI ControllerPublishVolume() method), and that the Kubernetes attach detach controller should call the attach volume interface which checks the volumeattachment status and waits until the volume is attached before proceeding to mounting. The CSI external-attacher coordinates with CSI volume driver and updates the volumeattachment status when the attach operation is complete. If the value is specified to false, the attach operation will be skipped. Otherwise the attach operation will be called.\n\nThis field is immutable.",
    ),
    Column::boolean(
        "PodInfoOnMount",
        Flag("/spec/podInfoOnMount", false),
        "podInfoOnMount indicates this CSI volume driver requires additional pod information (like podName, podUID, etc.) during mount operations, if set to true. If set to false, pod information will not be passed on mount. Default is false.\n\nThe CSI driver specifies podInfoOnMount as part of driver deployment. If true, Kubelet will pass pod information as VolumeContext in the CSI NodePublishVolume() calls. The CSI driver is responsible for parsing and validating the information passed in as VolumeContext.\n\nThe following VolumeContext will be passed if podInfoOnMount is set to true. This list might grow, but the prefix will be used. \"csi.storage.k8s.io/pod.name\": pod.Name \"csi.storage.k8s.io/pod.namespace\": pod.Namespace \"csi.storage.k8s.io/pod.uid\": string(pod.UID) \"csi.storage.k8s.io/ephemeral\": \"true\" if the volume is an ephemeral inline volume\n                                defined by a CSIVolumeSource, otherwise \"false\"\n\n\"csi.storage.k8s.io/ephemeral\" is a new feature in Kubernetes 1.16. It is only required for drivers which support both the \"Persistent\" and \"Ephemeral\" VolumeLifecycleMode. Other drivers can leave pod info disabled and/or ignore this field. As Kubernetes 1.15 doesn't support this field, drivers can only support one mode when deployed on such a cluster and the deployment determines which mode that is, for example via a command line parameter of the driver.\n\nThis field was immutable in Kubernetes < 1.29 and now is mutable.",
    ),
    Column::boolean(
        "StorageCapacity",
        Flag("/spec/storageCapacity", false),
        "storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity that the driver deployment will report by creating CSIStorageCapacity objects with capacity information, if set to true.\n\nThe check can be enabled immediately when deploying a driver. In that case, provisioning new volumes with late binding will pause until the driver deployment has published some suitable CSIStorageCapacity object.\n\nAlternatively, the driver can be deployed with the field unset or false and it can be flipped later when storage capacity information has been published.\n\nThis field was immutable in Kubernetes <= 1.22 and now is mutable.",
    ),
    Column::text(
        "TokenRequests",
        By(token_requests),
        "tokenRequests indicates the CSI driver needs pods' service account tokens it is mounting volume for to do necessary authentication. Kubelet will pass the tokens in VolumeContext in the CSI NodePublishVolume calls. The CSI driver should parse and validate the following VolumeContext: \"csi.storage.k8s.io/serviceAccount.tokens\": {\n  \"<audience>\": {\n    \"token\": <token>,\n    \"expirationTimestamp\": <expiration timestamp in RFC3339>,\n  },\n  ...\n}\n\nNote: Audience in each TokenRequest should be different and at most one token is empty string. To receive a new token after expiry, RequiresRepublish can be used to trigger NodePublishVolume periodically.",
    ),
    Column::boolean(
        "RequiresRepublish",
        Flag("/spec/requiresRepublish", false),
        "requiresRepublish indicates the CSI driver wants `NodePublishVolume` being periodically called to reflect any possible change in the mounted volume. This field defaults to false.\n\nNote: After a successful initial NodePublishVolume call, subsequent calls to NodePublishVolume should only update the contents of the volume. New mount points will not be seen by a running container.",
    ),
    Column::text(
        "Modes",
        By(modes),
        "volumeLifecycleModes defines what kind of volumes this CSI volume driver supports. The default if the list is empty is \"Persistent\", which is the usage defined by the CSI specification and implemented in Kubernetes via the usual PV/PVC mechanism.\n\nThe other mode is \"Ephemeral\". In this mode, volumes are defined inline inside the pod spec with CSIVolumeSource and their lifecycle is tied to the lifecycle of that pod. A driver has to be aware of this because it is only going to get a NodePublishVolume call for such a volume.\n\nFor more information about implementing this mode, see https://kubernetes-csi.github.io/docs/ephemeral-local-volumes.html A driver can support one or more of these modes and more modes may be added in the future.\n\nThis field is beta. This field is immutable.",
    ),
    AGE,
];

pub(super) const CSI_STORAGE_CAPACITY: &[Column] = &[
    NAME,
    Column::text(
        "StorageClassName",
        Text("/storageClassName", ""),
        "storageClassName represents the name of the StorageClass that the reported capacity applies to. It must meet the same requirements as the name of a StorageClass object (non-empty, DNS subdomain). If that object no longer exists, the CSIStorageCapacity object is obsolete and should be removed by its creator. This field is immutable.",
    ),
    Column::text(
        "Capacity",
        Text("/capacity", "<unset>"),
        "capacity is the value reported by the CSI driver in its GetCapacityResponse for a GetCapacityRequest with topology and parameters that match the previous fields.\n\nThe semantic is currently (CSI spec 1.2) defined as: The available capacity, in bytes, of the storage that can be used to provision volumes. If not set, that information is currently unavailable.",
    ),
];
fn capacity(volume: &Value, _: Instant) -> Value {
    text(volume, "/spec/capacity/storage", "0").into()
}

/// The modes in their short form, each once, in upstream's order.
fn short_modes(object: &Value, pointer: &str) -> Value {
    const MODES: [(&str, &str); 4] = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let given = items(object, pointer);
    let short = MODES
        .iter()
        .filter(|(mode, _)| given.iter().any(|it| it == mode))
        .map(|(_, short)| *short);
    short.collect::<Vec<&str>>().join(",").into()
}

fn access_modes(volume: &Value, _: Instant) -> Value {
    short_modes(volume, "/spec/accessModes")
}

fn phase(object: &Value, _: Instant) -> Value {
    match str_at(object, "/metadata/deletionTimestamp") {
        "" => str_at(object, "/status/phase").into(),
        _ => "Terminating".into(),
    }
}

fn claim(volume: &Value, _: Instant) -> Value {
    let Some(claim) = volume.pointer("/spec/claimRef") else {
        return "".into();
    };
    format!("{}/{}", str_at(claim, "/namespace"), str_at(claim, "/name")).into()
}

fn storage_class(object: &Value, _: Instant) -> Value {
    let annotated = "/metadata/annotations/volume.beta.kubernetes.io~1storage-class";
    match str_at(object, annotated) {
        "" => str_at(object, "/spec/storageClassName").into(),
        class => class.into(),
    }
}

fn claimed_capacity(claim: &Value, _: Instant) -> Value {
    match str_at(claim, "/spec/volumeName") {
        "" => "".into(),
        _ => text(claim, "/status/capacity/storage", "0").into(),
    }
}

fn claimed_modes(claim: &Value, _: Instant) -> Value {
    match str_at(claim, "/spec/volumeName") {
        "" => "".into(),
        _ => short_modes(claim, "/status/accessModes"),
    }
}

fn class_name(class: &Value, _: Instant) -> Value {
    let name = str_at(class, "/metadata/name");
    let is_default = ["storageclass", "storageclass.beta"].iter().any(|prefix| {
        let pointer = format!("/metadata/annotations/{prefix}.kubernetes.io~1is-default-class");
        str_at(class, &pointer) == "true"
    });
    match is_default {
        true => format!("{name} (default)").into(),
        false => name.into(),
    }
}

fn token_requests(driver: &Value, _: Instant) -> Value {
    match driver.pointer("/spec/tokenRequests") {
        Some(Value::Array(_)) => cells::each(driver, "/spec/tokenRequests", "audience").into(),
        _ => UNSET.into(),
    }
}

fn modes(driver: &Value, _: Instant) -> Value {
    match cells::joined(driver, "/spec/volumeLifecycleModes") {
        modes if modes.is_empty() => NONE.into(),
        modes => modes.into(),
    }
}
