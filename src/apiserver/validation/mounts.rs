//! Where containers mount volumes.

use super::container::Surroundings;
use super::field::{Errors, Path, list, text};
use super::volume;
use crate::api::core::{self, Container};
use std::collections::BTreeSet;

pub(super) fn volume_mounts(
    container: &Container,
    around: &Surroundings<'_>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let mut seen = BTreeSet::new();
    let devices = list(&container.volume_devices);
    for (index, mount) in list(&container.volume_mounts).iter().enumerate() {
        let list_path = path;
        let path = path.index(index);
        let name_path = path.child("name");
        let mount_path = path.child("mountPath");
        if mount.name.is_empty() {
            errors.required(&name_path, "");
        }
        let its_volume = around.volume(&mount.name);
        if its_volume.is_none() {
            errors.not_found(&name_path, &mount.name);
        }
        if mount.mount_path.is_empty() {
            errors.required(&mount_path, "");
        }
        if !seen.insert(mount.mount_path.as_str()) {
            errors.invalid(&mount_path, &mount.mount_path, "must be unique");
        }
        if devices.iter().any(|device| device.name == mount.name) {
            errors.invalid(
                &name_path,
                &mount.name,
                "must not already exist in volumeDevices",
            );
        }
        if devices
            .iter()
            .any(|device| device.device_path == mount.mount_path)
        {
            let detail = "must not already exist as a path in volumeDevices";
            errors.invalid(&mount_path, &mount.mount_path, detail);
        }
        let (sub_path, sub_path_expr) = (text(&mount.sub_path), text(&mount.sub_path_expr));
        if !sub_path.is_empty() {
            volume::descending(sub_path, &list_path.child("subPath"), errors);
        }
        if !sub_path_expr.is_empty() {
            if !sub_path.is_empty() {
                let detail = "subPathExpr and subPath are mutually exclusive";
                errors.invalid(&path.child("subPathExpr"), sub_path_expr, detail);
            }
            volume::descending(sub_path_expr, &list_path.child("subPathExpr"), errors);
        }
        if let Some(propagation) = &mount.mount_propagation {
            let path = list_path.child("mountPropagation");
            let supported = ["Bidirectional", "HostToContainer", "None"];
            if !supported.contains(&propagation.as_str()) {
                errors.unsupported(&path, propagation, &supported);
            }
            let privileged = container
                .security_context
                .as_ref()
                .is_some_and(|context| context.privileged == Some(true));
            if propagation == "Bidirectional" && !privileged {
                let detail =
                    "Bidirectional mount propagation is available only to privileged containers";
                errors.forbidden(&path, detail);
            }
        }
        recursive_read_only(mount, &list_path.child("recursiveReadOnly"), errors);
    }
}

fn recursive_read_only(mount: &core::VolumeMount, path: &Path<'_>, errors: &mut Errors) {
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if mount.read_only != Some(true) {
                errors.forbidden(path, "may only be specified when readOnly is true");
            }
            if !matches!(mount.mount_propagation.as_deref(), None | Some("None")) {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.forbidden(path, detail);
            }
        }
        Some(other) => {
            errors.unsupported(path, other, &["Disabled", "Enabled", "IfPossible"]);
        }
    }
}

pub(super) fn volume_devices(
    container: &Container,
    around: &Surroundings<'_>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let mut names_seen = BTreeSet::new();
    let mut paths_seen = BTreeSet::new();
    for (index, device) in list(&container.volume_devices).iter().enumerate() {
        let path = path.index(index);
        let name_path = path.child("name");
        let device_path = path.child("devicePath");
        if device.name.is_empty() {
            errors.required(&name_path, "");
        }
        if !names_seen.insert(device.name.as_str()) {
            errors.invalid(&name_path, &device.name, "must be unique");
        }
        match around.volume(&device.name) {
            None => errors.not_found(&name_path, &device.name),
            Some(volume)
                if volume.persistent_volume_claim.is_none() && volume.ephemeral.is_none() =>
            {
                let detail = "can only use volume source type of PersistentVolumeClaim or \
                              Ephemeral for block mode";
                errors.invalid(&name_path, &device.name, detail);
            }
            Some(_) => {}
        }
        if device.device_path.is_empty() {
            errors.required(&device_path, "");
        }
        if !paths_seen.insert(device.device_path.as_str()) {
            errors.invalid(&device_path, &device.device_path, "must be unique");
        }
        if device.device_path.split('/').any(|element| element == "..") {
            let detail = "can not contain backsteps ('..')";
            errors.invalid(&device_path, &device.device_path, detail);
        }
        let mounts = list(&container.volume_mounts);
        if mounts.iter().any(|mount| mount.name == device.name) {
            errors.invalid(
                &name_path,
                &device.name,
                "must not already exist in volumeMounts",
            );
        }
        if mounts
            .iter()
            .any(|mount| mount.mount_path == device.device_path)
        {
            let detail = "must not already exist as a path in volumeMounts";
            errors.invalid(&device_path, &device.device_path, detail);
        }
    }
}
