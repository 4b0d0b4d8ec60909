//! Pods and pod templates.

use super::{resource_list, set_text};
use crate::api::quantity::{self, Amount};
use crate::api::{Pod, core};

const TERMINATION_GRACE_PERIOD_SECONDS: i64 = 30;
const VOLUME_FILE_MODE: i32 = 0o644;
const TOKEN_EXPIRATION_SECONDS: i64 = 3600;

/// A pod: what a template gets, and what only a pod gets.
pub(super) fn pod(pod: &mut Pod) {
    let Some(spec) = &mut pod.spec else { return };
    let containers = spec
        .containers
        .iter_mut()
        .chain(spec.init_containers.iter_mut().flatten());
    for container in containers {
        requests_from_limits(container.resources.get_or_insert_default());
        if spec.host_network == Some(true) {
            for port in container.ports.iter_mut().flatten() {
                if port.host_port.unwrap_or_default() == 0 {
                    port.host_port = Some(port.container_port);
                }
            }
        }
    }
    pod_level_requests(spec);
    spec.enable_service_links.get_or_insert(true);
    pod_spec(spec);
}

/// A resource with a limit and no request requests its limit.
fn requests_from_limits(resources: &mut core::ResourceRequirements) {
    let Some(limits) = resources
        .limits
        .as_ref()
        .filter(|limits| !limits.is_empty())
    else {
        return;
    };
    let requests = resources.requests.get_or_insert_default();
    for (name, limit) in limits {
        if !requests.contains_key(name) {
            requests.insert(name.clone(), limit.clone());
        }
    }
}

/// Where a pod as a whole has limits, its requests are what its containers
/// request together, and the limit where they request nothing.
fn pod_level_requests(spec: &mut core::PodSpec) {
    let Some(limits) = spec
        .resources
        .as_ref()
        .and_then(|resources| resources.limits.clone())
        .filter(|limits| !limits.is_empty())
    else {
        return;
    };
    let mut requests = spec
        .resources
        .as_ref()
        .and_then(|resources| resources.requests.clone())
        .unwrap_or_default();
    for name in ["cpu", "memory"] {
        let together = requested_by_containers(spec, name);
        if !together.is_zero() && !requests.contains_key(name) {
            requests.insert(name.to_owned(), together.to_quantity());
        }
    }
    for (name, limit) in limits {
        requests.entry(name).or_insert(limit);
    }
    if let Some(resources) = &mut spec.resources {
        resources.requests = Some(requests);
    }
}

/// The containers and sidecars run together; each init container runs alone
/// beside the sidecars started before it.
fn requested_by_containers(spec: &core::PodSpec, name: &str) -> Amount {
    let of = |container: &core::Container| {
        container
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref())
            .and_then(|requests| requests.get(name))
            .map_or(Amount::ZERO, quantity::amount)
    };
    let mut sidecars = Amount::ZERO;
    let mut highest = Amount::ZERO;
    for container in spec.init_containers.iter().flatten() {
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars = sidecars + of(container);
            highest = highest.max(sidecars);
        } else {
            highest = highest.max(sidecars + of(container));
        }
    }
    let running = spec
        .containers
        .iter()
        .fold(sidecars, |sum, container| sum + of(container));
    running.max(highest)
}

/// What a pod and a template have in common.
pub(super) fn pod_spec(spec: &mut core::PodSpec) {
    set_text(&mut spec.dns_policy, "ClusterFirst");
    set_text(&mut spec.restart_policy, "Always");
    set_text(&mut spec.scheduler_name, "default-scheduler");
    spec.security_context.get_or_insert_default();
    spec.termination_grace_period_seconds
        .get_or_insert(TERMINATION_GRACE_PERIOD_SECONDS);
    same_service_account(spec);
    if let Some(overhead) = &mut spec.overhead {
        resource_list(overhead);
    }
    if let Some(resources) = &mut spec.resources {
        resource_lists(resources);
    }
    spec.volumes.iter_mut().flatten().for_each(volume);
    spec.containers.iter_mut().for_each(container);
    spec.init_containers
        .iter_mut()
        .flatten()
        .for_each(container);
    for ephemeral in spec.ephemeral_containers.iter_mut().flatten() {
        let image = ephemeral.image.as_deref().unwrap_or_default();
        let policy = pull_policy(image);
        set_text(&mut ephemeral.image_pull_policy, policy);
        set_text(
            &mut ephemeral.termination_message_path,
            "/dev/termination-log",
        );
        set_text(&mut ephemeral.termination_message_policy, "File");
        ephemeral.resources.get_or_insert_default();
        for port in ephemeral.ports.iter_mut().flatten() {
            set_text(&mut port.protocol, "TCP");
        }
        ephemeral.env.iter_mut().flatten().for_each(env);
    }
}

/// `serviceAccount` is the old name of `serviceAccountName`; both are kept equal.
fn same_service_account(spec: &mut core::PodSpec) {
    if spec
        .service_account_name
        .as_deref()
        .unwrap_or_default()
        .is_empty()
    {
        spec.service_account_name = spec.service_account.clone();
    }
    if spec.service_account != spec.service_account_name {
        spec.service_account = spec.service_account_name.clone();
    }
}

fn container(container: &mut core::Container) {
    let policy = pull_policy(container.image.as_deref().unwrap_or_default());
    set_text(&mut container.image_pull_policy, policy);
    set_text(
        &mut container.termination_message_path,
        "/dev/termination-log",
    );
    set_text(&mut container.termination_message_policy, "File");
    resource_lists(container.resources.get_or_insert_default());
    for port in container.ports.iter_mut().flatten() {
        set_text(&mut port.protocol, "TCP");
    }
    container.env.iter_mut().flatten().for_each(env);
    let probes = [
        &mut container.liveness_probe,
        &mut container.readiness_probe,
        &mut container.startup_probe,
    ];
    probes.into_iter().flatten().for_each(probe);
    if let Some(lifecycle) = &mut container.lifecycle {
        let handlers = [&mut lifecycle.post_start, &mut lifecycle.pre_stop];
        for handler in handlers.into_iter().flatten() {
            handler.http_get.iter_mut().for_each(http_get);
        }
    }
}

fn resource_lists(resources: &mut core::ResourceRequirements) {
    let lists = [&mut resources.limits, &mut resources.requests];
    lists.into_iter().flatten().for_each(resource_list);
}

fn env(variable: &mut core::EnvVar) {
    let Some(source) = &mut variable.value_from else {
        return;
    };
    source.field_ref.iter_mut().for_each(field_ref);
    source
        .resource_field_ref
        .iter_mut()
        .for_each(resource_field_ref);
}

fn field_ref(selector: &mut core::ObjectFieldSelector) {
    set_text(&mut selector.api_version, "v1");
}

/// A divisor that is not given is the quantity zero, and written so.
fn resource_field_ref(selector: &mut core::ResourceFieldSelector) {
    if selector.divisor.is_none() {
        selector.divisor = Some(Amount::ZERO.to_quantity());
    }
}

fn probe(probe: &mut core::Probe) {
    set_number(&mut probe.timeout_seconds, 1);
    set_number(&mut probe.period_seconds, 10);
    set_number(&mut probe.success_threshold, 1);
    set_number(&mut probe.failure_threshold, 3);
    probe.http_get.iter_mut().for_each(http_get);
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn set_number(field: &mut Option<i32>, default: i32) {
    if field.unwrap_or_default() == 0 {
        *field = Some(default);
    }
}

fn http_get(action: &mut core::HTTPGetAction) {
    set_text(&mut action.path, "/");
    set_text(&mut action.scheme, "HTTP");
}

/// A volume that names no source is an `emptyDir`.
fn volume(volume: &mut core::Volume) {
    let named_only = core::Volume {
        name: volume.name.clone(),
        ..core::Volume::default()
    };
    if *volume == named_only {
        volume.empty_dir = Some(core::EmptyDirVolumeSource::default());
    }
    let modes = [
        volume
            .secret
            .as_mut()
            .map(|source| &mut source.default_mode),
        volume
            .config_map
            .as_mut()
            .map(|source| &mut source.default_mode),
        volume
            .downward_api
            .as_mut()
            .map(|source| &mut source.default_mode),
        volume
            .projected
            .as_mut()
            .map(|source| &mut source.default_mode),
    ];
    for mode in modes.into_iter().flatten() {
        mode.get_or_insert(VOLUME_FILE_MODE);
    }
    if let Some(host_path) = &mut volume.host_path {
        host_path.type_.get_or_insert_default();
    }
    if let Some(image) = &mut volume.image {
        let policy = pull_policy(image.reference.as_deref().unwrap_or_default());
        set_text(&mut image.pull_policy, policy);
    }
    if let Some(downward) = &mut volume.downward_api {
        downward_files(&mut downward.items);
    }
    let sources = volume
        .projected
        .iter_mut()
        .flat_map(|it| it.sources.iter_mut().flatten());
    for source in sources {
        if let Some(token) = &mut source.service_account_token {
            token
                .expiration_seconds
                .get_or_insert(TOKEN_EXPIRATION_SECONDS);
        }
        if let Some(downward) = &mut source.downward_api {
            downward_files(&mut downward.items);
        }
    }
    if let Some(ephemeral) = &mut volume.ephemeral
        && let Some(template) = &mut ephemeral.volume_claim_template
    {
        set_text(&mut template.spec.volume_mode, "Filesystem");
    }
    rarely_used(volume);
}

/// The sources of old drivers that no cluster runs any more, which still have
/// their defaults.
fn rarely_used(volume: &mut core::Volume) {
    if let Some(iscsi) = &mut volume.iscsi {
        set_text(&mut iscsi.iscsi_interface, "default");
    }
    if let Some(rbd) = &mut volume.rbd {
        set_text(&mut rbd.pool, "rbd");
        set_text(&mut rbd.user, "admin");
        set_text(&mut rbd.keyring, "/etc/ceph/keyring");
    }
    if let Some(disk) = &mut volume.azure_disk {
        set_text(&mut disk.caching_mode, "ReadWrite");
        set_text(&mut disk.kind, "Shared");
        set_text(&mut disk.fs_type, "ext4");
        disk.read_only.get_or_insert(false);
    }
    if let Some(scale_io) = &mut volume.scale_io {
        set_text(&mut scale_io.storage_mode, "ThinProvisioned");
        set_text(&mut scale_io.fs_type, "xfs");
    }
}

fn downward_files(files: &mut Option<Vec<core::DownwardAPIVolumeFile>>) {
    for file in files.iter_mut().flatten() {
        file.field_ref.iter_mut().for_each(field_ref);
        file.resource_field_ref
            .iter_mut()
            .for_each(resource_field_ref);
    }
}

/// `Always` for the tag `latest`, given or implied; an image that is no valid
/// reference has no tag.
fn pull_policy(image: &str) -> &'static str {
    if image_tag(image) == Some("latest") {
        "Always"
    } else {
        "IfNotPresent"
    }
}

fn image_tag(image: &str) -> Option<&str> {
    let repository_byte = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'.' | b'-' | b'_' | b'/')
    };
    if image.is_empty() || image.contains('@') {
        return None;
    }
    let last = image.rfind('/').map_or(0, |slash| slash + 1);
    let (repository, tag) = match image[last..].find(':') {
        Some(colon) => (&image[..last + colon], &image[last + colon + 1..]),
        None => (image, "latest"),
    };
    let path = match repository.split_once('/') {
        Some((domain, path)) if domain.contains(['.', ':']) || domain == "localhost" => path,
        _ => repository,
    };
    let valid = !path.is_empty() && path.bytes().all(repository_byte);
    valid.then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn only_the_latest_image_is_always_pulled() {
        let table = [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.25", "IfNotPresent"),
            ("localhost:5000/nginx", "Always"),
            ("localhost:5000/nginx:2", "IfNotPresent"),
            ("gcr.io/a/b@sha256:0123", "IfNotPresent"),
            ("Nginx", "IfNotPresent"),
            ("", "IfNotPresent"),
        ];
        for (image, policy) in table {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }

    #[test]
    fn requests_follow_limits_and_are_canonical() {
        let text = |text: &str| crate::api::QuantityText(text.to_owned());
        let mut pod_with_limits = Pod {
            spec: Some(core::PodSpec {
                containers: vec![core::Container {
                    resources: Some(core::ResourceRequirements {
                        limits: Some(BTreeMap::from([("cpu".to_owned(), text("0.5"))])),
                        ..Default::default()
                    }),
                    ..Default::default()
                }],
                ..Default::default()
            }),
            ..Default::default()
        };
        pod(&mut pod_with_limits);
        let spec = pod_with_limits.spec.unwrap_or_default();
        let resources = spec.containers[0].resources.clone().unwrap_or_default();
        let half = Some(BTreeMap::from([("cpu".to_owned(), text("500m"))]));
        assert_eq!(resources.requests, half);
        assert_eq!(resources.limits, half);
    }
}
