//! Containers: regular, init, ephemeral.

use super::field::{Errors, Path, list, text};
use super::probe::{self, Which, port_number};
use super::resources::{self, Of};
use super::security;
use super::volume;
use super::{meta, names};
use crate::api::core::{self, Container};
use crate::api::quantity;
use std::collections::BTreeSet;

pub(super) const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];

/// What containers are checked against.
pub(super) struct Surroundings<'a> {
    pub(super) spec: &'a core::PodSpec,
    pub(super) volumes: Vec<&'a core::Volume>,
    pub(super) claims: Vec<&'a str>,
}

impl Surroundings<'_> {
    fn grace(&self) -> Option<i64> {
        self.spec.termination_grace_period_seconds
    }

    fn volume(&self, name: &str) -> Option<&core::Volume> {
        self.volumes
            .iter()
            .copied()
            .find(|volume| volume.name == name)
    }
}

/// The containers that run all the time.
pub(super) fn containers(around: &Surroundings<'_>, path: &Path<'_>, errors: &mut Errors) {
    let containers = &around.spec.containers;
    if containers.is_empty() {
        errors.required(path, "");
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        let path = path.index(index);
        common(container, around, &path, errors);
        if !seen.insert(container.name.as_str()) {
            errors.duplicate(&path.child("name"), &container.name);
        }
        hooks_and_probes(container, around, &path, errors);
        if let Some(policy) = &container.restart_policy {
            let policies = ["Always", "Never", "OnFailure"];
            errors.one_of(&path.child("restartPolicy"), policy, &policies);
        }
    }
    host_ports(containers.iter(), path, errors);
}

/// The containers that run before; with `restartPolicy: Always` beside the others.
pub(super) fn init_containers(around: &Surroundings<'_>, path: &Path<'_>, errors: &mut Errors) {
    let mut seen: BTreeSet<&str> = around
        .spec
        .containers
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    for (index, container) in list(&around.spec.init_containers).iter().enumerate() {
        let list_path = path;
        let path = path.index(index);
        common(container, around, &path, errors);
        if let Some(policy) = &container.restart_policy {
            let policies = ["Always", "Never", "OnFailure"];
            errors.one_of(&path.child("restartPolicy"), policy, &policies);
        }
        if !container.name.is_empty() && !seen.insert(&container.name) {
            errors.duplicate(&path.child("name"), &container.name);
        }
        host_ports(std::iter::once(container), list_path, errors);
        if container.restart_policy.as_deref() == Some("Always") {
            hooks_and_probes(container, around, &path, errors);
            continue;
        }
        let forbidden = [
            ("lifecycle", container.lifecycle.is_some()),
            ("livenessProbe", container.liveness_probe.is_some()),
            ("readinessProbe", container.readiness_probe.is_some()),
            ("startupProbe", container.startup_probe.is_some()),
        ];
        for (field, _) in forbidden.iter().filter(|(_, present)| *present) {
            let detail = "may not be set for init containers without restartPolicy=Always";
            errors.forbidden(&path.child(field), detail);
        }
    }
}

/// Containers added to a running pod to look into it.
pub(super) fn ephemeral_containers(
    around: &Surroundings<'_>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let spec = around.spec;
    let others = || spec.containers.iter().chain(list(&spec.init_containers));
    let mut seen: BTreeSet<&str> = others().map(|it| it.name.as_str()).collect();
    for (index, ephemeral) in list(&spec.ephemeral_containers).iter().enumerate() {
        let path = path.index(index);
        let as_container = super::pod::as_container(ephemeral);
        common(&as_container, around, &path, errors);
        image_without_spaces(&as_container, &path, errors);
        if !seen.insert(&ephemeral.name) {
            errors.duplicate(&path.child("name"), &ephemeral.name);
        }
        let target = text(&ephemeral.target_container_name);
        if !target.is_empty() && !others().any(|container| container.name == target) {
            errors.not_found(&path.child("targetContainerName"), target);
        }
        let forbidden = [
            ("ports", !list(&ephemeral.ports).is_empty()),
            (
                "resources",
                ephemeral
                    .resources
                    .as_ref()
                    .is_some_and(|it| *it != core::ResourceRequirements::default()),
            ),
            ("livenessProbe", ephemeral.liveness_probe.is_some()),
            ("readinessProbe", ephemeral.readiness_probe.is_some()),
            ("startupProbe", ephemeral.startup_probe.is_some()),
            ("lifecycle", ephemeral.lifecycle.is_some()),
        ];
        for (field, _) in forbidden.iter().filter(|(_, present)| *present) {
            errors.forbidden(
                &path.child(field),
                "cannot be set for an Ephemeral Container",
            );
        }
    }
}

/// In a pod (not in a template) an image may not begin or end with a space.
pub(super) fn image_without_spaces(container: &Container, path: &Path<'_>, errors: &mut Errors) {
    let image = text(&container.image);
    if image.trim() != image {
        let detail = "must not have leading or trailing whitespace";
        errors.invalid(&path.child("image"), image, detail);
    }
}

fn hooks_and_probes(
    container: &Container,
    around: &Surroundings<'_>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if let Some(lifecycle) = &container.lifecycle {
        probe::lifecycle(lifecycle, around.grace(), &path.child("lifecycle"), errors);
    }
    let probes = [
        ("livenessProbe", &container.liveness_probe, Which::Liveness),
        (
            "readinessProbe",
            &container.readiness_probe,
            Which::Readiness,
        ),
        ("startupProbe", &container.startup_probe, Which::Startup),
    ];
    for (field, its_probe, which) in probes {
        probe::probe(its_probe.as_ref(), which, &path.child(field), errors);
    }
}

fn common(container: &Container, around: &Surroundings<'_>, path: &Path<'_>, errors: &mut Errors) {
    errors.required_rule(&path.child("name"), &container.name, names::label);
    if text(&container.image).is_empty() {
        errors.required(&path.child("image"), "");
    }
    errors.one_of(
        &path.child("terminationMessagePolicy"),
        text(&container.termination_message_policy),
        &["File", "FallbackToLogsOnError"],
    );
    ports(list(&container.ports), &path.child("ports"), errors);
    env(list(&container.env), &path.child("env"), errors);
    env_from(list(&container.env_from), &path.child("envFrom"), errors);
    volume_mounts(container, around, &path.child("volumeMounts"), errors);
    volume_devices(container, around, &path.child("volumeDevices"), errors);
    errors.one_of(
        &path.child("imagePullPolicy"),
        text(&container.image_pull_policy),
        &PULL_POLICIES,
    );
    if let Some(its) = &container.resources {
        let path = path.child("resources");
        resources::requirements(its, Of::Container, &around.claims, &path, errors);
    }
    if let Some(context) = &container.security_context {
        let path = path.child("securityContext");
        let host_users = around.spec.host_users != Some(false);
        security::of_container(context, host_users, &path, errors);
    }
}

fn ports(ports: &[core::ContainerPort], path: &Path<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        let name = text(&port.name);
        if !name.is_empty() {
            let before = errors.len();
            errors.rule(&path.child("name"), name, names::port_name);
            if errors.len() == before && !seen.insert(name) {
                errors.duplicate(&path.child("name"), name);
            }
        }
        if port.container_port == 0 {
            errors.required(&path.child("containerPort"), "");
        } else {
            port_number(port.container_port, &path.child("containerPort"), errors);
        }
        if let Some(number) = port.host_port.filter(|number| *number != 0) {
            port_number(number, &path.child("hostPort"), errors);
        }
        errors.one_of(&path.child("protocol"), text(&port.protocol), &PROTOCOLS);
    }
}

fn host_ports<'c>(
    containers: impl Iterator<Item = &'c Container>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let mut seen = BTreeSet::new();
    for (index, container) in containers.enumerate() {
        let path = path.index(index);
        for (index, port) in list(&container.ports).iter().enumerate() {
            let number = port.host_port.unwrap_or_default();
            if number != 0 && !seen.insert((text(&port.protocol), text(&port.host_ip), number)) {
                let ports = path.child("ports");
                let path = ports.index(index);
                let (protocol, ip) = (text(&port.protocol), text(&port.host_ip));
                errors.duplicate(&path.child("hostPort"), format!("{protocol}/{ip}/{number}"));
            }
        }
    }
}

fn env(variables: &[core::EnvVar], path: &Path<'_>, errors: &mut Errors) {
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

fn env_from(sources: &[core::EnvFromSource], path: &Path<'_>, errors: &mut Errors) {
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

fn volume_mounts(
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

fn volume_devices(
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
