//! Volumes that are made for a pod: of its own fields, of several sources, of a
//! driver, of a claim of their own.

use super::environment::{field_selector, resource_selector};
use super::field::{Errors, Path, list};
use super::volume::{items, local, mode, present};
use super::{meta, names};
use crate::api::core;
use crate::api::quantity;
use std::collections::BTreeSet;

const TOKEN_SECONDS_MIN: i64 = 600;
const TOKEN_SECONDS_MAX: i64 = 1 << 32;

pub(super) fn downward_api(volume: &core::Volume, path: &Path<'_>, errors: &mut Errors) {
    let Some(source) = &volume.downward_api else {
        return;
    };
    mode(source.default_mode, "defaultMode", path, errors);
    for file in list(&source.items) {
        downward_file(file, path, errors);
    }
}

fn downward_file(file: &core::DownwardAPIVolumeFile, path: &Path<'_>, errors: &mut Errors) {
    const FIELDS: [&str; 5] = [
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
    ];
    present(&file.path, "path", path, errors);
    local(&file.path, &path.child("path"), errors);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(selector), other) => {
            field_selector(selector, &FIELDS, &path.child("fieldRef"), errors);
            if other.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(path, "resource", detail);
            }
        }
        (None, Some(selector)) => {
            resource_selector(selector, true, &path.child("resourceFieldRef"), errors);
        }
        (None, None) => {
            errors.required(path, "one of fieldRef and resourceFieldRef is required");
        }
    }
    mode(file.mode, "mode", path, errors);
}

pub(super) fn projected(volume: &core::Volume, path: &Path<'_>, errors: &mut Errors) {
    let Some(source) = &volume.projected else {
        return;
    };
    mode(source.default_mode, "defaultMode", path, errors);
    let sources = path.child("sources");
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    for (index, projection) in list(&source.sources).iter().enumerate() {
        let source_path = sources.index(index);
        let mut given = 0;
        let mut keyed = Vec::new();
        if let Some(secret) = &projection.secret {
            keyed.push(("secret", &secret.name, &secret.items));
        }
        if let Some(map) = &projection.config_map {
            keyed.push(("configMap", &map.name, &map.items));
        }
        for (kind, name, its_items) in keyed {
            given += 1;
            let path_of_kind = source_path.child(kind);
            present(name, "name", &path_of_kind, errors);
            items(list(its_items), &path_of_kind, errors);
            for item in list(its_items) {
                if !item.path.is_empty() && !paths.insert(&item.path) {
                    errors.invalid(path, name, "conflicting duplicate paths");
                }
            }
        }
        if let Some(downward) = &projection.downward_api {
            given += 1;
            for file in list(&downward.items) {
                downward_file(file, &source_path.child("downwardAPI"), errors);
                if !file.path.is_empty() && !paths.insert(&file.path) {
                    errors.invalid(path, &file.path, "conflicting duplicate paths");
                }
            }
        }
        if let Some(token) = &projection.service_account_token {
            given += 1;
            service_account_token(token, path, &source_path, errors);
        }
        if projection.cluster_trust_bundle.is_some() {
            given += 1;
        }
        if given > 1 {
            let detail = "may not specify more than 1 volume type per source";
            errors.forbidden(&source_path, detail);
        }
    }
}

fn service_account_token(
    token: &core::ServiceAccountTokenProjection,
    volume_path: &Path<'_>,
    source_path: &Path<'_>,
    errors: &mut Errors,
) {
    let token_path = source_path.child("serviceAccountToken");
    let seconds_path = token_path.child("expirationSeconds");
    let seconds = token.expiration_seconds.unwrap_or(TOKEN_SECONDS_MIN);
    if seconds < TOKEN_SECONDS_MIN {
        let detail = "may not specify a duration less than 10 minutes";
        errors.invalid(&seconds_path, seconds, detail);
    }
    if seconds > TOKEN_SECONDS_MAX {
        let detail = "may not specify a duration larger than 2^32 seconds";
        errors.invalid(&seconds_path, seconds, detail);
    }
    present(&token.path, "path", volume_path, errors);
    if !token.path.is_empty() {
        local(&token.path, &volume_path.child("path"), errors);
    }
}

pub(super) fn csi(volume: &core::Volume, path: &Path<'_>, errors: &mut Errors) {
    const DRIVER_LENGTH_MAX: usize = 63;
    let Some(source) = &volume.csi else { return };
    let driver = path.child("driver");
    if source.driver.is_empty() {
        errors.required(&driver, "");
    } else if source.driver.len() > DRIVER_LENGTH_MAX {
        errors.too_long(&driver, DRIVER_LENGTH_MAX);
    }
    if !source.driver.is_empty() {
        errors.rule(&driver, &source.driver.to_lowercase(), names::subdomain);
    }
}

pub(super) fn ephemeral(
    volume: &core::Volume,
    pod_name: Option<&str>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let Some(source) = &volume.ephemeral else {
        return;
    };
    let template_path = path.child("volumeClaimTemplate");
    match &source.volume_claim_template {
        None => errors.required(&template_path, ""),
        Some(template) => {
            if let Some(metadata) = &template.metadata {
                let path = template_path.child("metadata");
                if let Some(map) = &metadata.labels {
                    meta::labels(map, &path.child("labels"), errors);
                }
                if let Some(map) = &metadata.annotations {
                    meta::annotations(map, &path.child("annotations"), errors);
                }
            }
            claim_spec(&template.spec, &template_path.child("spec"), errors);
        }
    }
    if let Some(pod_name) = pod_name.filter(|_| !volume.name.is_empty()) {
        let claim = format!("{pod_name}-{}", volume.name);
        let mut messages = Vec::new();
        names::subdomain(&claim, &mut messages);
        for message in messages {
            let detail = format!("PVC name \"{claim}\": {message}");
            errors.invalid(&path.child("name"), &volume.name, detail);
        }
    }
}

fn claim_spec(spec: &core::PersistentVolumeClaimSpec, path: &Path<'_>, errors: &mut Errors) {
    const MODES: [&str; 4] = [
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOnce",
        "ReadWriteOncePod",
    ];
    let modes_path = path.child("accessModes");
    if list(&spec.access_modes).is_empty() {
        errors.required(&modes_path, "at least 1 access mode is required");
    }
    for mode in list(&spec.access_modes) {
        if !MODES.contains(&mode.as_str()) {
            errors.unsupported(&modes_path, mode, &MODES);
        }
    }
    let resources = path.child("resources");
    let storage = spec
        .resources
        .as_ref()
        .and_then(|resources| resources.requests.as_ref()?.get("storage"));
    match storage.map(quantity::amount) {
        None => errors.required(&resources.key("storage"), ""),
        Some(amount) if amount <= quantity::Amount::ZERO => {
            let detail = "must be greater than zero";
            errors.invalid(&resources.key("storage"), amount.to_string(), detail);
        }
        Some(_) => {}
    }
}
