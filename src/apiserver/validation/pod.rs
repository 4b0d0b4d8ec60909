//! Pods, and the pod specs inside templates.

use super::container::{self, Surroundings};
use super::field::{Errors, Path, list, text};
use super::meta::{self, METADATA, Scope};
use super::resources::{self, Of};
use super::{ip, names, scheduling, security, volume};
use crate::api::{Pod, Resource, core};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

pub(super) const SPEC: Path<'static> = Path::root("spec");
pub(super) const SCOPE: Scope = Scope {
    name: names::subdomain,
    namespaced: true,
};
const RESTART_POLICIES: [&str; 3] = ["Always", "OnFailure", "Never"];
const DNS_POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const ACTIVE_DEADLINE_SECONDS_MAX: i64 = i32::MAX as i64;

static NO_SPEC: LazyLock<core::PodSpec> = LazyLock::new(core::PodSpec::default);

/// A pod without a spec is checked as one with an empty spec.
pub(super) fn spec(pod: &Pod) -> &core::PodSpec {
    pod.spec.as_ref().unwrap_or(&NO_SPEC)
}

pub(super) fn create(pod: &Pod, errors: &mut Errors) {
    metadata_and_spec(pod, errors);
    let spec = spec(pod);
    if !list(&spec.ephemeral_containers).is_empty() {
        errors.forbidden(
            &SPEC.child("ephemeralContainers"),
            "cannot be set on create",
        );
    }
    if !text(&spec.node_name).is_empty() && !list(&spec.scheduling_gates).is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        errors.forbidden(&SPEC.child("nodeName"), detail);
    }
}

pub(super) fn metadata_and_spec(pod: &Pod, errors: &mut Errors) {
    meta::create(&pod.metadata, &SCOPE, errors);
    let spec = spec(pod);
    let annotations = METADATA.child("annotations");
    specific_annotations(
        pod.metadata.annotations.as_ref(),
        spec,
        &annotations,
        errors,
    );
    pod_spec(
        spec,
        Some(pod.name()).filter(|name| !name.is_empty()),
        true,
        &SPEC,
        errors,
    );
    if text(&spec.service_account_name).is_empty() {
        tokens_without_account(spec, errors);
    }
    let lists = [
        ("containers", spec.containers.as_slice()),
        ("initContainers", list(&spec.init_containers)),
    ];
    for (field, containers) in lists {
        let path = SPEC.child(field);
        for (index, container) in containers.iter().enumerate() {
            container::image_without_spaces(container, &path.index(index), errors);
        }
    }
}

fn tokens_without_account(spec: &core::PodSpec, errors: &mut Errors) {
    let volumes = SPEC.child("volumes");
    for (index, volume) in list(&spec.volumes).iter().enumerate() {
        let volume_path = volumes.index(index);
        let projected = volume_path.child("projected");
        let sources_path = projected.child("sources");
        let sources = volume.projected.as_ref().map(|it| list(&it.sources));
        for (index, source) in sources.unwrap_or_default().iter().enumerate() {
            if source.service_account_token.is_some() {
                let source_path = sources_path.index(index);
                let detail = "must not be specified when serviceAccountName is not set";
                errors.forbidden(&source_path.child("serviceAccountToken"), detail);
            }
        }
    }
}

/// Annotations that mean something to the pod itself.
pub(super) fn specific_annotations(
    annotations: Option<&BTreeMap<String, String>>,
    spec: &core::PodSpec,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    const MIRROR: &str = "kubernetes.io/config.mirror";
    const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
    const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
    let Some(annotations) = annotations else {
        return;
    };
    if let Some(value) = annotations.get(MIRROR)
        && text(&spec.node_name).is_empty()
    {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.invalid(&path.key(MIRROR), value, detail);
    }
    if let Some(value) = annotations.get(DELETION_COST) {
        let leading = value.strip_prefix('-').unwrap_or(value);
        let plain = !leading.starts_with('+') && (leading == "0" || !leading.starts_with('0'));
        if value.parse::<i32>().is_err() || !plain {
            errors.invalid(&path.key(DELETION_COST), value, "must be a 32bit integer");
        }
    }
    for (key, profile) in annotations {
        let Some(name) = key.strip_prefix(APP_ARMOR) else {
            continue;
        };
        let mut containers = spec.containers.iter().chain(list(&spec.init_containers));
        if !containers.any(|container| container.name == name) {
            errors.invalid(&path.key(key), name, "container not found");
        }
        let known = matches!(profile.as_str(), "" | "runtime/default" | "unconfined");
        if !known && !profile.starts_with("localhost/") {
            let detail = format!("invalid AppArmor profile name: {profile:?}");
            errors.invalid(&path.key(key), profile, detail);
        }
    }
}

/// A pod spec. `pod_name` is known only for pods, `is_pod` tells templates apart.
pub(super) fn pod_spec(
    spec: &core::PodSpec,
    pod_name: Option<&str>,
    is_pod: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if spec.termination_grace_period_seconds.is_none() {
        errors.required(&path.child("terminationGracePeriodSeconds"), "");
    }
    let volumes = volume::volumes(spec, pod_name, &path.child("volumes"), errors);
    let claims: Vec<&str> = list(&spec.resource_claims)
        .iter()
        .map(|claim| claim.name.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    resource_claims(spec, &path.child("resourceClaims"), errors);
    let around = Surroundings {
        spec,
        volumes,
        claims,
    };
    container::containers(&around, &path.child("containers"), errors);
    container::init_containers(&around, &path.child("initContainers"), errors);
    container::ephemeral_containers(&around, &path.child("ephemeralContainers"), errors);
    if let Some(its) = &spec.resources {
        let path = path.child("resources");
        resources::requirements(its, Of::Pod, &around.claims, &path, errors);
    }
    host_network(spec, is_pod, path, errors);
    errors.one_of(
        &path.child("restartPolicy"),
        text(&spec.restart_policy),
        &RESTART_POLICIES,
    );
    errors.one_of(
        &path.child("dnsPolicy"),
        text(&spec.dns_policy),
        &DNS_POLICIES,
    );
    if let Some(selector) = &spec.node_selector {
        meta::labels(selector, &path.child("nodeSelector"), errors);
    }
    security::of_pod(spec, &path.child("securityContext"), errors);
    if let Some(affinity) = &spec.affinity {
        scheduling::affinity(affinity, &path.child("affinity"), errors);
    }
    dns_config(spec, &path.child("dnsConfig"), errors);
    gates(spec, path, errors);
    let constraints = list(&spec.topology_spread_constraints);
    scheduling::topology_spread(
        constraints,
        &path.child("topologySpreadConstraints"),
        errors,
    );
    host_users(spec, path, errors);
    references(spec, path, errors);
    scheduling::tolerations(list(&spec.tolerations), &path.child("tolerations"), errors);
    host_aliases(list(&spec.host_aliases), &path.child("hostAliases"), errors);
    classes(spec, path, errors);
}

fn resource_claims(spec: &core::PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (index, claim) in list(&spec.resource_claims).iter().enumerate() {
        let path = path.index(index);
        let name_path = path.child("name");
        if claim.name.is_empty() {
            errors.required(&name_path, "");
        } else if !seen.insert(claim.name.as_str()) {
            errors.duplicate(&name_path, &claim.name);
        } else {
            errors.rule(&name_path, &claim.name, names::label);
        }
        let shown = || super::internal::resource_claim(claim);
        match (
            &claim.resource_claim_name,
            &claim.resource_claim_template_name,
        ) {
            (Some(_), Some(_)) => {
                let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` \
                              may be specified";
                errors.invalid(&path, shown(), detail);
            }
            (None, None) => {
                let detail =
                    "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                errors.invalid(&path, shown(), detail);
            }
            _ => {}
        }
        let references = [
            ("resourceClaimName", &claim.resource_claim_name),
            (
                "resourceClaimTemplateName",
                &claim.resource_claim_template_name,
            ),
        ];
        for (field, name) in references {
            if let Some(name) = name {
                errors.rule(&path.child(field), name, names::subdomain);
            }
        }
    }
}

/// On the host's network a port of the container is a port of the host.
fn host_network(spec: &core::PodSpec, is_pod: bool, path: &Path<'_>, errors: &mut Errors) {
    if spec.host_network != Some(true) {
        return;
    }
    let containers = path.child("containers");
    for (index, container) in spec.containers.iter().enumerate() {
        let path = containers.index(index);
        let ports = path.child("ports");
        for (index, port) in list(&container.ports).iter().enumerate() {
            let host_port = port.host_port.unwrap_or_default();
            if (is_pod || host_port != 0) && host_port != port.container_port {
                let path = ports.index(index);
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.invalid(&path.child("hostPort"), host_port, detail);
            }
        }
    }
}

fn dns_config(spec: &core::PodSpec, path: &Path<'_>, errors: &mut Errors) {
    const NAMESERVERS_MAX: usize = 3;
    const SEARCHES_MAX: usize = 32;
    const SEARCH_CHARACTERS_MAX: usize = 2048;
    let config = spec.dns_config.as_ref();
    if text(&spec.dns_policy) == "None" {
        let Some(config) = config else {
            errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
            return;
        };
        if list(&config.nameservers).is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            errors.required(&path.child("nameservers"), detail);
            return;
        }
    }
    let Some(config) = config else { return };
    let servers = list(&config.nameservers);
    let servers_path = path.child("nameservers");
    if servers.len() > NAMESERVERS_MAX {
        let detail = format!("must not have more than {NAMESERVERS_MAX} nameservers");
        errors.invalid(&servers_path, super::field::Json::of(&servers), detail);
    }
    for (index, server) in servers.iter().enumerate() {
        ip::address(server, &servers_path.index(index), errors);
    }
    let searches = list(&config.searches);
    let searches_path = path.child("searches");
    if searches.len() > SEARCHES_MAX {
        let detail = format!("must not have more than {SEARCHES_MAX} search paths");
        errors.invalid(&searches_path, super::field::Json::of(&searches), detail);
    }
    let characters: usize = searches.iter().map(|search| search.len() + 1).sum();
    if characters > SEARCH_CHARACTERS_MAX + 1 {
        let detail = format!(
            "must not have more than {SEARCH_CHARACTERS_MAX} characters (including spaces) in the \
             search list"
        );
        errors.invalid(&searches_path, super::field::Json::of(&searches), detail);
    }
    for (index, search) in searches.iter().enumerate() {
        if search != "." {
            let search = search.strip_suffix('.').unwrap_or(search);
            errors.rule(&searches_path.index(index), search, names::search_domain);
        }
    }
    let options = path.child("options");
    for (index, option) in list(&config.options).iter().enumerate() {
        if text(&option.name).is_empty() {
            errors.required(&options.index(index), "must not be empty");
        }
    }
}

fn gates(spec: &core::PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let readiness = path.child("readinessGates");
    for (index, gate) in list(&spec.readiness_gates).iter().enumerate() {
        let path = readiness.index(index);
        let path = path.child("conditionType");
        errors.rule(&path, &gate.condition_type, names::qualified);
    }
    let scheduling = path.child("schedulingGates");
    let mut seen = BTreeSet::new();
    for (index, gate) in list(&spec.scheduling_gates).iter().enumerate() {
        let path = scheduling.index(index);
        errors.rule(&path, &gate.name, names::qualified);
        if !seen.insert(gate.name.as_str()) {
            errors.duplicate(&path, &gate.name);
        }
    }
}

fn host_users(spec: &core::PodSpec, path: &Path<'_>, errors: &mut Errors) {
    if spec.host_users != Some(false) {
        return;
    }
    let shared = [
        ("hostNetwork", spec.host_network),
        ("HostPID", spec.host_pid),
        ("HostIPC", spec.host_ipc),
    ];
    for (field, value) in shared {
        if value == Some(true) {
            errors.forbidden(&path.child(field), "when `pod.Spec.HostUsers` is false");
        }
    }
}

fn references(spec: &core::PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let fields = [
        ("serviceAccountName", &spec.service_account_name),
        ("nodeName", &spec.node_name),
    ];
    for (field, name) in fields {
        if !text(name).is_empty() {
            errors.rule(&path.child(field), text(name), names::subdomain);
        }
    }
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=ACTIVE_DEADLINE_SECONDS_MAX).contains(&seconds)
    {
        let detail = "must be between 1 and 2147483647, inclusive";
        errors.invalid(&path.child("activeDeadlineSeconds"), seconds, detail);
    }
    let fields = [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)];
    for (field, name) in fields {
        if !text(name).is_empty() {
            errors.rule(&path.child(field), text(name), names::label);
        }
    }
}

fn host_aliases(aliases: &[core::HostAlias], path: &Path<'_>, errors: &mut Errors) {
    for (index, alias) in aliases.iter().enumerate() {
        let path = path.index(index);
        ip::address(&alias.ip, &path.child("ip"), errors);
        let hostnames = path.child("hostnames");
        for (index, hostname) in list(&alias.hostnames).iter().enumerate() {
            errors.rule(&hostnames.index(index), hostname, names::subdomain);
        }
    }
}

fn classes(spec: &core::PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let priority = text(&spec.priority_class_name);
    if !priority.is_empty() {
        errors.rule(&path.child("priorityClassName"), priority, names::subdomain);
    }
    if let Some(class) = &spec.runtime_class_name {
        errors.rule(&path.child("runtimeClassName"), class, names::subdomain);
    }
    if let Some(policy) = &spec.preemption_policy {
        let policies = ["PreemptLowerPriority", "Never"];
        errors.one_of(&path.child("preemptionPolicy"), policy, &policies);
    }
    if let Some(overhead) = &spec.overhead {
        let as_limits = core::ResourceRequirements {
            limits: Some(overhead.clone()),
            ..Default::default()
        };
        let path = path.child("overhead");
        resources::requirements(&as_limits, Of::Container, &[], &path, errors);
    }
    if let Some(os) = &spec.os {
        let path = path.child("os");
        if os.name.is_empty() {
            errors.required(&path.child("name"), "cannot be empty");
        } else if !["linux", "windows"].contains(&os.name.as_str()) {
            errors.unsupported(&path, &os.name, &["linux", "windows"]);
        }
    }
}
