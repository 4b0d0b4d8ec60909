//! Containers: regular, init, ephemeral.

use super::field::{Errors, Path, list, text};
use super::probe::{self, Which, port_number};
use super::resources::{self, Of};
use super::security;
use super::{environment, mounts, names};
use crate::api::core::{self, Container};
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

    pub(super) fn volume(&self, name: &str) -> Option<&core::Volume> {
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
        let as_container = as_container(ephemeral);
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
    environment::env(list(&container.env), &path.child("env"), errors);
    environment::env_from(list(&container.env_from), &path.child("envFrom"), errors);
    mounts::volume_mounts(container, around, &path.child("volumeMounts"), errors);
    mounts::volume_devices(container, around, &path.child("volumeDevices"), errors);
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

/// The part of an ephemeral container that every container has.
fn as_container(ephemeral: &core::EphemeralContainer) -> core::Container {
    let common = ephemeral.clone();
    core::Container {
        args: common.args,
        command: common.command,
        env: common.env,
        env_from: common.env_from,
        image: common.image,
        image_pull_policy: common.image_pull_policy,
        name: common.name,
        resources: common.resources,
        security_context: common.security_context,
        termination_message_path: common.termination_message_path,
        termination_message_policy: common.termination_message_policy,
        volume_devices: common.volume_devices,
        volume_mounts: common.volume_mounts,
        ports: common.ports,
        ..core::Container::default()
    }
}
