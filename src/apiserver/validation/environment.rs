//! Environment variables, and the fields and resources that they may hold.

use super::field::{Errors, Path, text};
use super::{meta, names};
use crate::api::core;
use crate::api::quantity;

pub(super) fn env(variables: &[core::EnvVar], path: &Path<'_>, errors: &mut Errors) {
    for (index, variable) in variables.iter().enumerate() {
        let path = path.index(index);
        errors.required_rule(&path.child("name"), &variable.name, names::env_name);
        if let Some(source) = &variable.value_from {
            value_from(
                source,
                text(&variable.value),
                &path.child("valueFrom"),
                errors,
            );
        }
    }
}

fn value_from(source: &core::EnvVarSource, value: &str, path: &Path<'_>, errors: &mut Errors) {
    const FIELDS: [&str; 9] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let mut given = 0;
    if let Some(selector) = &source.field_ref {
        given += 1;
        field_selector(selector, &FIELDS, &path.child("fieldRef"), errors);
    }
    if let Some(selector) = &source.resource_field_ref {
        given += 1;
        resource_selector(selector, false, &path.child("resourceFieldRef"), errors);
    }
    if let Some(selector) = &source.config_map_key_ref {
        given += 1;
        key_selector(
            &selector.name,
            &selector.key,
            &path.child("configMapKeyRef"),
            errors,
        );
    }
    if let Some(selector) = &source.secret_key_ref {
        given += 1;
        key_selector(
            &selector.name,
            &selector.key,
            &path.child("secretKeyRef"),
            errors,
        );
    }
    given += usize::from(source.file_key_ref.is_some());
    if given == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
                      `secretKeyRef` or `fileKeyRef`";
        errors.invalid(path, "", detail);
    } else if !value.is_empty() {
        errors.invalid(path, "", "may not be specified when `value` is not empty");
    } else if given > 1 {
        errors.invalid(
            path,
            "",
            "may not have more than one field specified at a time",
        );
    }
}

fn key_selector(name: &str, key: &str, path: &Path<'_>, errors: &mut Errors) {
    errors.rule(&path.child("name"), name, names::subdomain);
    errors.required_rule(&path.child("key"), key, names::config_key);
}

/// A field of the pod, for the environment or a file.
pub(super) fn field_selector(
    selector: &core::ObjectFieldSelector,
    supported: &[&str],
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if text(&selector.api_version).is_empty() {
        errors.required(&path.child("apiVersion"), "");
        return;
    }
    let field = selector.field_path.as_str();
    let field_path = path.child("fieldPath");
    if field.is_empty() {
        errors.required(&field_path, "");
        return;
    }
    let subscripted = field
        .strip_suffix("']")
        .and_then(|field| field.split_once("['"));
    let known = [
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.serviceAccountName",
        "spec.schedulerName",
        "status.phase",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
        "spec.host",
    ];
    let bare = subscripted.map_or(field, |(bare, _)| bare);
    let of_map = matches!(bare, "metadata.annotations" | "metadata.labels");
    if !known.contains(&bare) || (subscripted.is_some() && !of_map) {
        let detail = if subscripted.is_some() && known.contains(&bare) {
            format!("error converting fieldPath: field label does not support subscript: {field}")
        } else {
            format!("error converting fieldPath: field label not supported: {field}")
        };
        errors.invalid(&field_path, field, detail);
        return;
    }
    match subscripted {
        Some(("metadata.annotations", key)) => {
            let lower = key.to_lowercase();
            errors.rule(path, &lower, names::qualified);
        }
        Some((_, key)) => meta::label_key(key, path, errors),
        None if !supported.contains(&field) => {
            errors.unsupported(&field_path, field, supported);
        }
        None => {}
    }
}

/// A resource of a container, for the environment or a file.
pub(super) fn resource_selector(
    selector: &core::ResourceFieldSelector,
    in_volume: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    const RESOURCES: [&str; 6] = [
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ];
    let resource = selector.resource.as_str();
    let huge_pages =
        resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
    if in_volume && text(&selector.container_name).is_empty() {
        errors.required(&path.child("containerName"), "");
    } else if resource.is_empty() {
        errors.required(&path.child("resource"), "");
    } else if !RESOURCES.contains(&resource) && !huge_pages {
        errors.unsupported(&path.child("resource"), resource, &RESOURCES);
    }
    let Some(divisor) = &selector.divisor else {
        return;
    };
    let divisor = quantity::amount(divisor);
    if divisor.is_zero() {
        return;
    }
    let divisor = divisor.to_string();
    let (supported, what): (&[&str], _) = match resource.split_once('.').map(|(_, name)| name) {
        Some("cpu") => (&["1m", "1"], "cpu"),
        Some("memory") => (SIZES, "memory"),
        Some("ephemeral-storage") => (SIZES, "local ephemeral storage"),
        Some(name) if name.starts_with("hugepages-") => (SIZES, "hugepages"),
        _ => return,
    };
    if !supported.contains(&divisor.as_str()) {
        let detail = match what {
            "cpu" => {
                "only divisor's values 1m and 1 are supported with the cpu resource".to_owned()
            }
            _ => format!(
                "only divisor's values {} are supported with the {what} resource",
                SIZES.join(", ")
            ),
        };
        errors.invalid(&path.child("divisor"), resource, detail);
    }
}

const SIZES: &[&str] = &[
    "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
];

pub(super) fn env_from(sources: &[core::EnvFromSource], path: &Path<'_>, errors: &mut Errors) {
    for (index, source) in sources.iter().enumerate() {
        let list_path = path;
        let path = path.index(index);
        let prefix = text(&source.prefix);
        if !prefix.is_empty() {
            errors.rule(&path.child("prefix"), prefix, names::env_name);
        }
        let references = [
            (
                "configMapRef",
                source.config_map_ref.as_ref().map(|it| &it.name),
            ),
            ("secretRef", source.secret_ref.as_ref().map(|it| &it.name)),
        ];
        let mut given = 0;
        for (field, name) in references {
            if let Some(name) = name {
                given += 1;
                let path = path.child(field);
                errors.required_rule(&path.child("name"), name, names::subdomain);
            }
        }
        if given == 0 {
            let detail = "must specify one of: `configMapRef` or `secretRef`";
            errors.invalid(list_path, "", detail);
        } else if given > 1 {
            let detail = "may not have more than one field specified at a time";
            errors.invalid(list_path, "", detail);
        }
    }
}
