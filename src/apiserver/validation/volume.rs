//! Volumes of pods.

use super::field::{Errors, Path, list, text};
use super::names;
use super::projected;
use crate::api::core;
use crate::api::quantity;
use std::collections::BTreeSet;

const FILE_MODE_MAX: i32 = 0o777;
const HOST_PATH_TYPES: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];

/// Checks all volumes; gives back those without fault, which containers may mount.
pub(super) fn volumes<'s>(
    spec: &'s core::PodSpec,
    pod_name: Option<&str>,
    path: &Path<'_>,
    errors: &mut Errors,
) -> Vec<&'s core::Volume> {
    let mut good: Vec<&core::Volume> = Vec::new();
    let mut names_seen: BTreeSet<&str> = BTreeSet::new();
    let volumes = list(&spec.volumes);
    for (index, volume) in volumes.iter().enumerate() {
        let path = path.index(index);
        let name_path = path.child("name");
        let before = errors.len();
        source(volume, pod_name, &path, errors);
        errors.required_rule(&name_path, &volume.name, names::label);
        if names_seen.contains(volume.name.as_str()) {
            errors.duplicate(&name_path, &volume.name);
        }
        if errors.len() == before {
            names_seen.insert(&volume.name);
            good.push(volume);
        }
        if let (Some(claim), Some(pod_name)) = (&volume.persistent_volume_claim, pod_name) {
            let made_here = volumes.iter().any(|other| {
                other.ephemeral.is_some()
                    && claim.claim_name == format!("{pod_name}-{}", other.name)
            });
            if made_here {
                let claim_path = path.child("persistentVolumeClaim");
                let detail = "must not reference a PVC that gets created for an ephemeral volume";
                errors.invalid(&claim_path.child("claimName"), &claim.claim_name, detail);
            }
        }
    }
    good
}

/// A check of one kind of source at its path.
type Check<'a> = &'a dyn Fn(&Path<'_>, &mut Errors);

fn source(volume: &core::Volume, pod_name: Option<&str>, path: &Path<'_>, errors: &mut Errors) {
    let mut given = 0;
    let mut check = |name: &str, present: bool, rules: Check<'_>| {
        if !present {
            return;
        }
        if given > 0 {
            errors.forbidden(&path.child(name), "may not specify more than 1 volume type");
        } else {
            rules(&path.child(name), errors);
        }
        given += 1;
    };
    // The order, and the misspelt field, are upstream's.
    check("emptyDir", volume.empty_dir.is_some(), &|path, errors| {
        empty_dir(volume, path, errors)
    });
    check("hostPath", volume.host_path.is_some(), &|path, errors| {
        host_path(volume, path, errors)
    });
    check("gitRepo", volume.git_repo.is_some(), &|path, errors| {
        if let Some(source) = &volume.git_repo {
            present(&source.repository, "repository", path, errors);
            descending(text(&source.directory), &path.child("directory"), errors);
        }
    });
    check(
        "gcePersistentDisk",
        volume.gce_persistent_disk.is_some(),
        &|_, _| {},
    );
    check(
        "awsElasticBlockStore",
        volume.aws_elastic_block_store.is_some(),
        &|_, _| {},
    );
    check("secret", volume.secret.is_some(), &|path, errors| {
        secret(volume, path, errors)
    });
    check("nfs", volume.nfs.is_some(), &|path, errors| {
        nfs(volume, path, errors)
    });
    check("iscsi", volume.iscsi.is_some(), &|path, errors| {
        if let Some(source) = &volume.iscsi {
            present(&source.target_portal, "targetPortal", path, errors);
            present(&source.iqn, "iqn", path, errors);
        }
    });
    check("glusterfs", volume.glusterfs.is_some(), &|path, errors| {
        if let Some(source) = &volume.glusterfs {
            present(&source.endpoints, "endpoints", path, errors);
            present(&source.path, "path", path, errors);
        }
    });
    check("flocker", volume.flocker.is_some(), &|_, _| {});
    check(
        "persistentVolumeClaim",
        volume.persistent_volume_claim.is_some(),
        &|path, errors| {
            if let Some(source) = &volume.persistent_volume_claim {
                present(&source.claim_name, "claimName", path, errors);
            }
        },
    );
    check("rbd", volume.rbd.is_some(), &|path, errors| {
        if let Some(source) = &volume.rbd {
            if source.monitors.is_empty() {
                errors.required(&path.child("monitors"), "");
            }
            present(&source.image, "image", path, errors);
        }
    });
    check("cinder", volume.cinder.is_some(), &|path, errors| {
        if let Some(source) = &volume.cinder {
            present(&source.volume_id, "volumeID", path, errors);
        }
    });
    check("cephFS", volume.cephfs.is_some(), &|_, _| {});
    check("quobyte", volume.quobyte.is_some(), &|_, _| {});
    check("downwarAPI", volume.downward_api.is_some(), &|_, errors| {
        projected::downward_api(volume, &path.child("downwardAPI"), errors);
    });
    check("fc", volume.fc.is_some(), &|_, _| {});
    check(
        "flexVolume",
        volume.flex_volume.is_some(),
        &|path, errors| {
            if let Some(source) = &volume.flex_volume {
                present(&source.driver, "driver", path, errors);
            }
        },
    );
    check("configMap", volume.config_map.is_some(), &|path, errors| {
        config_map(volume, path, errors)
    });
    check("azureFile", volume.azure_file.is_some(), &|path, errors| {
        if let Some(source) = &volume.azure_file {
            present(&source.secret_name, "secretName", path, errors);
            present(&source.share_name, "shareName", path, errors);
        }
    });
    check("vsphereVolume", volume.vsphere_volume.is_some(), &|_, _| {});
    check(
        "photonPersistentDisk",
        volume.photon_persistent_disk.is_some(),
        &|_, _| {},
    );
    check(
        "portworxVolume",
        volume.portworx_volume.is_some(),
        &|_, _| {},
    );
    check("azureDisk", volume.azure_disk.is_some(), &|path, errors| {
        if let Some(source) = &volume.azure_disk {
            present(&source.disk_name, "diskName", path, errors);
            present(&source.disk_uri, "diskURI", path, errors);
        }
    });
    check("storageos", volume.storageos.is_some(), &|_, _| {});
    check("projected", volume.projected.is_some(), &|path, errors| {
        projected::projected(volume, path, errors)
    });
    check("scaleIO", volume.scale_io.is_some(), &|_, _| {});
    check("csi", volume.csi.is_some(), &|path, errors| {
        projected::csi(volume, path, errors)
    });
    check("ephemeral", volume.ephemeral.is_some(), &|path, errors| {
        projected::ephemeral(volume, pod_name, path, errors);
    });
    check("image", volume.image.is_some(), &|path, errors| {
        if let Some(source) = &volume.image {
            present(text(&source.reference), "reference", path, errors);
            let policies = ["Always", "IfNotPresent", "Never"];
            errors.one_of(
                &path.child("pullPolicy"),
                text(&source.pull_policy),
                &policies,
            );
        }
    });
    if given == 0 {
        errors.required(path, "must specify a volume type");
    }
}

pub(super) fn present(value: &str, field: &str, path: &Path<'_>, errors: &mut Errors) {
    if value.is_empty() {
        errors.required(&path.child(field), "");
    }
}

pub(super) fn mode(mode: Option<i32>, field: &str, path: &Path<'_>, errors: &mut Errors) {
    if let Some(mode) = mode.filter(|mode| !(0..=FILE_MODE_MAX).contains(mode)) {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        errors.invalid(&path.child(field), mode, detail);
    }
}

/// No `..` among the elements of a path.
pub(super) fn no_back_steps(value: &str, path: &Path<'_>, errors: &mut Errors) {
    if value.split('/').any(|element| element == "..") {
        errors.invalid(path, value, "must not contain '..'");
    }
}

/// Relative, and going down only.
pub(super) fn descending(value: &str, path: &Path<'_>, errors: &mut Errors) {
    if value.starts_with('/') {
        errors.invalid(path, value, "must be a relative path");
    }
    no_back_steps(value, path, errors);
}

/// As [`descending`], and no name that begins with `..`.
pub(super) fn local(value: &str, path: &Path<'_>, errors: &mut Errors) {
    descending(value, path, errors);
    if value.starts_with("..") && value != ".." && !value.starts_with("../") {
        errors.invalid(path, value, "must not start with '..'");
    }
}

fn empty_dir(volume: &core::Volume, path: &Path<'_>, errors: &mut Errors) {
    let limit = volume
        .empty_dir
        .as_ref()
        .and_then(|source| source.size_limit.as_ref());
    if limit.is_some_and(|limit| quantity::amount(limit).is_negative()) {
        let detail = "SizeLimit field must be a valid resource quantity";
        errors.forbidden(&path.child("sizeLimit"), detail);
    }
}

fn host_path(volume: &core::Volume, path: &Path<'_>, errors: &mut Errors) {
    let Some(source) = &volume.host_path else {
        return;
    };
    if source.path.is_empty() {
        errors.required(&path.child("path"), "");
        return;
    }
    no_back_steps(&source.path, &path.child("path"), errors);
    if !HOST_PATH_TYPES.contains(&text(&source.type_)) {
        errors.unsupported(&path.child("type"), text(&source.type_), &HOST_PATH_TYPES);
    }
}

fn secret(volume: &core::Volume, path: &Path<'_>, errors: &mut Errors) {
    let Some(source) = &volume.secret else { return };
    present(text(&source.secret_name), "secretName", path, errors);
    mode(source.default_mode, "defaultMode", path, errors);
    items(list(&source.items), path, errors);
}

fn config_map(volume: &core::Volume, path: &Path<'_>, errors: &mut Errors) {
    let Some(source) = &volume.config_map else {
        return;
    };
    present(&source.name, "name", path, errors);
    mode(source.default_mode, "defaultMode", path, errors);
    items(list(&source.items), path, errors);
}

pub(super) fn items(items: &[core::KeyToPath], path: &Path<'_>, errors: &mut Errors) {
    for (index, item) in items.iter().enumerate() {
        let path = path.child("items");
        let path = path.index(index);
        present(&item.key, "key", &path, errors);
        present(&item.path, "path", &path, errors);
        local(&item.path, &path.child("path"), errors);
        mode(item.mode, "mode", &path, errors);
    }
}

fn nfs(volume: &core::Volume, path: &Path<'_>, errors: &mut Errors) {
    let Some(source) = &volume.nfs else { return };
    present(&source.server, "server", path, errors);
    present(&source.path, "path", path, errors);
    if !source.path.starts_with('/') {
        errors.invalid(
            &path.child("path"),
            &source.path,
            "must be an absolute path",
        );
    }
}
