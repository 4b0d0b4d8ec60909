//! What the server warns of without refusing it (`Warning:` headers). Sources:
//! `pkg/api/pod/warnings.go`, `pkg/api/service/warnings.go`, and the deprecated
//! kinds of `k8s.io/api`.

use crate::api::core::{Container, PodSpec};
use crate::api::{Kind, Object, Pod, Service, Untyped, quantity};

const ENDPOINTS: &str =
    "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
/// What a DELETE of a Job without a policy is answered with.
pub(super) const JOB_ORPHANS: &str = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

/// Node labels that have newer names.
const OLD_LABELS: [(&str, &str); 5] = [
    (
        "beta.kubernetes.io/arch",
        "since v1.14; use \"kubernetes.io/arch\" instead",
    ),
    (
        "beta.kubernetes.io/os",
        "since v1.14; use \"kubernetes.io/os\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/region",
        "since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
];

/// Of a kind that is going away, whatever is done with it.
pub(super) fn of_kind(kind: Kind) -> Option<&'static str> {
    (kind == Kind::Endpoints).then_some(ENDPOINTS)
}

/// Of an object that is created.
pub(super) fn on_create(object: &Object) -> Vec<String> {
    let mut warnings = Vec::new();
    match object {
        Object::Pod(pod) => of_pod(pod, &mut warnings),
        Object::Service(service) => of_service(service, &mut warnings),
        Object::Deployment(deployment) => {
            let template = deployment.spec.as_ref().map(|spec| &spec.template);
            let spec = template.and_then(|template| template.spec.as_ref());
            of_spec("spec.template.spec", spec, &mut warnings);
        }
        Object::ReplicaSet(set) => {
            let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
            let spec = template.and_then(|template| template.spec.as_ref());
            of_spec("spec.template.spec", spec, &mut warnings);
        }
        Object::Node(node) => {
            let spec = node.spec.as_ref();
            if spec.is_some_and(|spec| spec.external_id.is_some()) {
                warnings.push(
                    "spec.externalID: this field is deprecated, and is unused by Kubernetes"
                        .to_owned(),
                );
            }
        }
        Object::Other(kind, untyped) => of_untyped(*kind, untyped, &mut warnings),
        _ => {}
    }
    warnings
}

const OLD_STORAGE_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const OLD_INGRESS_CLASS: &str = "kubernetes.io/ingress.class";

fn of_untyped(kind: Kind, object: &Untyped, warnings: &mut Vec<String>) {
    let annotated = |name: &str| {
        let annotations = object.metadata.annotations.as_ref();
        annotations.is_some_and(|annotations| annotations.contains_key(name))
    };
    let volume = matches!(kind, Kind::PersistentVolume | Kind::PersistentVolumeClaim);
    if volume && annotated(OLD_STORAGE_CLASS) {
        warnings.push(format!("metadata.annotations[{OLD_STORAGE_CLASS}]: deprecated since v1.8; use \"storageClassName\" attribute instead"));
    }
    let spec = object.rest.get("spec");
    let text = |name: &str| spec.and_then(|spec| spec.get(name)?.as_str());
    if kind == Kind::PersistentVolume && text("persistentVolumeReclaimPolicy") == Some("Recycle") {
        warnings.push("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.".to_owned());
    }
    if kind == Kind::Ingress && annotated(OLD_INGRESS_CLASS) {
        warnings.push(format!("annotation \"{OLD_INGRESS_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"));
    }
    let template = spec.and_then(|spec| match kind {
        Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::ReplicationController => {
            Some((spec.get("template")?, "spec.template.spec"))
        }
        Kind::CronJob => Some((
            spec.pointer("/jobTemplate/spec/template")?,
            "spec.jobTemplate.spec.template.spec",
        )),
        _ => None,
    });
    if let Some((template, path)) = template
        && let Some(pod) = template.get("spec")
        && let Ok(pod) = serde_json::from_value::<PodSpec>(pod.clone())
    {
        of_spec(path, Some(&pod), warnings);
    }
}

/// Annotations of pods that have become fields, by what they begin with.
const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "container.apparmor.security.beta.kubernetes.io/",
        "deprecated since v1.30; use the \"appArmorProfile\" field instead",
    ),
    (
        "container.seccomp.security.alpha.kubernetes.io/",
        "non-functional in v1.27+; use the \"seccompProfile\" field instead",
    ),
    (
        "seccomp.security.alpha.kubernetes.io/pod",
        "non-functional in v1.27+; use the \"seccompProfile\" field instead",
    ),
];

fn of_pod(pod: &Pod, warnings: &mut Vec<String>) {
    for key in pod.metadata.annotations.iter().flat_map(|map| map.keys()) {
        let old = OLD_ANNOTATIONS.iter().find(|(old, _)| key.starts_with(old));
        if let Some((_, why)) = old {
            warnings.push(format!("metadata.annotations[{key}]: {why}"));
        }
    }
    of_spec("spec", pod.spec.as_ref(), warnings);
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    if name.contains('.') {
        warnings.push("metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]".to_owned());
    }
}

fn of_spec(path: &str, spec: Option<&PodSpec>, warnings: &mut Vec<String>) {
    let Some(spec) = spec else { return };
    for (old, why) in OLD_LABELS {
        let selector = spec.node_selector.as_ref();
        if selector.is_some_and(|selector| selector.contains_key(old)) {
            warnings.push(format!("{path}.nodeSelector[{old}]: deprecated {why}"));
        }
    }
    let aliases = spec.host_aliases.as_deref().unwrap_or_default();
    for (index, alias) in aliases.iter().enumerate() {
        if aliases
            .iter()
            .take(index)
            .any(|before| before.ip == alias.ip)
        {
            let ip = &alias.ip;
            warnings.push(format!(
                "{path}.hostAliases[{index}].ip: duplicate ip {ip:?}"
            ));
        }
    }
    let secrets = spec.image_pull_secrets.as_deref().unwrap_or_default();
    for (index, secret) in secrets.iter().enumerate() {
        if secret.name.is_empty() {
            warnings.push(format!(
                "{path}.imagePullSecrets[{index}].name: invalid empty name \"\""
            ));
        }
    }
    for (index, volume) in spec.volumes.iter().flatten().enumerate() {
        if volume.git_repo.is_some() {
            warnings.push(format!("{path}.volumes[{index}].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"));
        }
        if volume.glusterfs.is_some() {
            warnings.push(format!(
                "{path}.volumes[{index}].glusterfs: deprecated in v1.25, non-functional in v1.26+"
            ));
        }
    }
    let init = spec.init_containers.iter().flatten().enumerate();
    for (index, container) in init {
        of_container(
            &format!("{path}.initContainers[{index}]"),
            container,
            warnings,
        );
    }
    for (index, container) in spec.containers.iter().enumerate() {
        // The path is only needed where there is something to say.
        if says_something(container) {
            of_container(&format!("{path}.containers[{index}]"), container, warnings);
        }
    }
}

fn says_something(container: &Container) -> bool {
    container
        .ports
        .as_ref()
        .is_some_and(|ports| ports.len() > 1)
        || container.env.as_ref().is_some_and(|env| env.len() > 1)
        || container
            .resources
            .as_ref()
            .is_some_and(|resources| resources.requests.is_some() || resources.limits.is_some())
}

fn of_container(path: &str, container: &Container, warnings: &mut Vec<String>) {
    let resources = container.resources.as_ref();
    let lists = resources.map(|resources| {
        [
            ("limits", &resources.limits),
            ("requests", &resources.requests),
        ]
    });
    for (named, amounts) in lists.into_iter().flatten() {
        for resource in ["memory", "ephemeral-storage"] {
            let Some(text) = amounts.as_ref().and_then(|amounts| amounts.get(resource)) else {
                continue;
            };
            if !quantity::amount(text).is_whole() {
                warnings.push(format!(
                    "{path}.resources.{named}[{resource}]: fractional byte value {:?} is invalid, must be an integer",
                    text.0
                ));
            }
        }
    }
    let env = container.env.as_deref().unwrap_or_default();
    for (index, variable) in env.iter().enumerate() {
        if env
            .iter()
            .take(index)
            .any(|before| before.name == variable.name)
        {
            warnings.push(format!(
                "{path}.env[{index}]: hides previous definition of {:?}, which may be dropped when using apply",
                variable.name
            ));
        }
    }
    let ports = container.ports.as_deref().unwrap_or_default();
    for (index, port) in ports.iter().enumerate() {
        let same = |before: &&crate::api::core::ContainerPort| {
            before.container_port == port.container_port
                && before.protocol == port.protocol
                && before.host_ip == port.host_ip
                && before.host_port == port.host_port
        };
        if let Some(first) = ports.iter().take(index).position(|before| same(&before)) {
            warnings.push(format!(
                "{path}.ports[{index}]: duplicate port definition with {path}.ports[{first}]"
            ));
        }
    }
}

fn of_service(service: &Service, warnings: &mut Vec<String>) {
    let Some(spec) = &service.spec else { return };
    if spec
        .external_ips
        .as_ref()
        .is_some_and(|ips| !ips.is_empty())
    {
        warnings.push(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
                .to_owned(),
        );
    }
    let headless = spec.cluster_ip.as_deref() == Some("None");
    if headless && spec.session_affinity.as_deref() == Some("ClientIP") {
        warnings.push("spec.SessionAffinity is ignored for headless services".to_owned());
    }
}
