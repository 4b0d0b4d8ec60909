//! Volumes, claims, classes, drivers.

use super::{Fields, present, quantities, set, struct_in};
use serde_json::{Value, json};

pub(super) fn claim(fields: &mut Fields) {
    if let Some(spec) = struct_in(fields, "spec") {
        set(spec, "volumeMode", "Filesystem".into());
        if let Some(resources) = present(spec, "resources") {
            quantities(resources.get_mut("requests"));
            quantities(resources.get_mut("limits"));
        }
        // The two fields say the same unless the newer one says more.
        let old = spec.get("dataSource").cloned();
        let new = spec.get("dataSourceRef").cloned();
        match (old, new) {
            (Some(source), None) => drop(spec.insert("dataSourceRef".to_owned(), source)),
            (None, Some(source)) if source.get("namespace").is_none() => {
                spec.insert("dataSource".to_owned(), source);
            }
            _ => {}
        }
    }
    if let Some(status) = struct_in(fields, "status") {
        set(status, "phase", "Pending".into());
        quantities(status.get_mut("capacity"));
    }
}

pub(super) fn volume(fields: &mut Fields) {
    if let Some(spec) = struct_in(fields, "spec") {
        set(spec, "persistentVolumeReclaimPolicy", "Retain".into());
        set(spec, "volumeMode", "Filesystem".into());
        quantities(spec.get_mut("capacity"));
        if let Some(path) = present(spec, "hostPath") {
            set(path, "type", "".into());
        }
        if let Some(target) = present(spec, "iscsi") {
            set(target, "iscsiInterface", "default".into());
        }
        if let Some(device) = present(spec, "rbd") {
            set(device, "pool", "rbd".into());
            set(device, "user", "admin".into());
            set(device, "keyring", "/etc/ceph/keyring".into());
        }
        if let Some(disk) = present(spec, "azureDisk") {
            set(disk, "cachingMode", "ReadWrite".into());
            set(disk, "kind", "Shared".into());
            set(disk, "fsType", "ext4".into());
            set(disk, "readOnly", false.into());
        }
        if let Some(volume) = present(spec, "scaleIO") {
            set(volume, "storageMode", "ThinProvisioned".into());
            set(volume, "fsType", "xfs".into());
        }
    }
    if let Some(status) = struct_in(fields, "status") {
        set(status, "phase", "Pending".into());
    }
}

pub(super) fn class(fields: &mut Fields) {
    set(fields, "reclaimPolicy", "Delete".into());
    set(fields, "volumeBindingMode", "Immediate".into());
}

pub(super) fn driver(fields: &mut Fields) {
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    let defaults: [(&str, Value); 7] = [
        ("attachRequired", true.into()),
        ("fsGroupPolicy", "ReadWriteOnceWithFSType".into()),
        ("podInfoOnMount", false.into()),
        ("requiresRepublish", false.into()),
        ("seLinuxMount", false.into()),
        ("storageCapacity", false.into()),
        ("volumeLifecycleModes", json!(["Persistent"])),
    ];
    for (name, default) in defaults {
        set(spec, name, default);
    }
}
