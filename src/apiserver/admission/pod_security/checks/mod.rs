//! The checks, in the order in which upstream names what they find.

mod baseline;
mod restricted;

use super::policy::{Level, LevelVersion};
use crate::api::ObjectMeta;
use crate::api::core::{Container, EphemeralContainer, PodSpec, SecurityContext, Volume};
use std::collections::BTreeSet;

/// Something that a level forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) reason: String,
    pub(super) detail: String,
}

fn finding(reason: &str, detail: String) -> Option<Finding> {
    Some(Finding {
        reason: reason.to_owned(),
        detail,
    })
}

/// What all containers have in common for the checks.
struct Inside<'a> {
    name: &'a str,
    security: Option<&'a SecurityContext>,
    host_ports: Vec<i32>,
}

struct Looked<'a> {
    version: &'a LevelVersion,
    meta: &'a ObjectMeta,
    spec: &'a PodSpec,
    boxes: Vec<Inside<'a>>,
}

fn of_container(container: &Container) -> Inside<'_> {
    let ports = container.ports.iter().flatten();
    Inside {
        name: &container.name,
        security: container.security_context.as_ref(),
        host_ports: ports
            .filter_map(|port| port.host_port.filter(|port| *port != 0))
            .collect(),
    }
}

fn of_ephemeral(container: &EphemeralContainer) -> Inside<'_> {
    Inside {
        name: &container.name,
        security: container.security_context.as_ref(),
        host_ports: Vec::new(),
    }
}

type Check = fn(&Looked<'_>) -> Option<Finding>;

/// A check, and the one of a stricter level that takes its place.
const BASELINE: [(Check, bool); 12] = [
    (baseline::app_armor, false),
    (baseline::default_capabilities, true),
    (baseline::host_namespaces, false),
    (baseline::host_path_volumes, true),
    (baseline::host_ports, false),
    (baseline::probe_hosts, false),
    (baseline::privileged, false),
    (baseline::proc_mount, false),
    (baseline::se_linux, false),
    (baseline::seccomp_baseline, true),
    (baseline::sysctls, false),
    (baseline::windows_host_process, false),
];

const RESTRICTED: [Check; 6] = [
    restricted::escalation,
    restricted::restricted_capabilities,
    restricted::restricted_volumes,
    restricted::run_as_non_root,
    restricted::run_as_user,
    restricted::seccomp_restricted,
];

/// Everything that a level forbids in a pod.
pub(super) fn evaluate(version: &LevelVersion, meta: &ObjectMeta, spec: &PodSpec) -> Vec<Finding> {
    if version.level == Level::Privileged {
        return Vec::new();
    }
    let inits = spec.init_containers.iter().flatten().map(of_container);
    let containers = spec.containers.iter().map(of_container);
    let others = spec.ephemeral_containers.iter().flatten().map(of_ephemeral);
    let looked = Looked {
        version,
        meta,
        spec,
        boxes: inits.chain(containers).chain(others).collect(),
    };
    let restricted = version.level == Level::Restricted;
    let baseline = BASELINE
        .iter()
        .filter(|(_, replaced)| !(restricted && *replaced));
    let mut findings: Vec<Finding> = baseline.filter_map(|(check, _)| check(&looked)).collect();
    if restricted {
        findings.extend(RESTRICTED.iter().filter_map(|check| check(&looked)));
    }
    findings
}

fn plural<'a>(one: &'a str, many: &'a str, count: usize) -> &'a str {
    if count == 1 { one } else { many }
}

fn quoted<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let items: Vec<String> = items
        .into_iter()
        .map(|item| format!("{:?}", item.as_ref()))
        .collect();
    items.join(", ")
}

/// `container "a"`, `containers "a", "b"`.
fn named(names: &[&str]) -> String {
    let what = plural("container", "containers", names.len());
    format!("{what} {}", quoted(names))
}

impl<'a> Looked<'a> {
    fn where_they(&self, bad: impl Fn(&Inside<'a>) -> bool) -> Vec<&'a str> {
        let found = self.boxes.iter().filter(|it| bad(it));
        found.map(|it| it.name).collect()
    }

    fn is_windows(&self) -> bool {
        self.spec.os.as_ref().is_some_and(|os| os.name == "windows") && self.version.since(25)
    }

    /// Users inside are others outside.
    fn has_user_namespace(&self) -> bool {
        self.spec.host_users == Some(false) && self.version.since(35)
    }
}

/// Capabilities that are added beyond `allowed`, and by whom.
fn added<'a>(pod: &Looked<'a>, allowed: &[&str]) -> (Vec<&'a str>, BTreeSet<&'a str>) {
    let of = |it: &Inside<'a>| -> Vec<&'a str> {
        let capabilities = it.security.and_then(|s| s.capabilities.as_ref());
        let add = capabilities.and_then(|c| c.add.as_ref());
        let names = add.into_iter().flatten().map(String::as_str);
        names.filter(|name| !allowed.contains(name)).collect()
    };
    let bad = pod.where_they(|it| !of(it).is_empty());
    (bad, pod.boxes.iter().flat_map(of).collect())
}

fn volumes<'a>(pod: &Looked<'a>) -> impl Iterator<Item = &'a Volume> {
    pod.spec.volumes.iter().flatten()
}

/// Who names a seccomp profile that is none, and which.
fn unconfined(pod: &Looked<'_>) -> Option<Finding> {
    let allowed = |name: &str| matches!(name, "RuntimeDefault" | "Localhost");
    let whole = pod.spec.security_context.as_ref();
    let whole = whole.and_then(|security| security.seccomp_profile.as_ref());
    let (mut setters, mut values) = (Vec::new(), BTreeSet::new());
    if let Some(profile) = whole.filter(|profile| !allowed(&profile.type_)) {
        setters.push("pod".to_owned());
        values.insert(profile.type_.clone());
    }
    let of = |it: &Inside<'_>| {
        let profile = it.security.and_then(|s| s.seccomp_profile.as_ref());
        profile
            .map(|profile| profile.type_.clone())
            .filter(|type_| !allowed(type_))
    };
    let bad = pod.where_they(|it| of(it).is_some());
    values.extend(pod.boxes.iter().filter_map(of));
    if !bad.is_empty() {
        setters.push(named(&bad));
    }
    if setters.is_empty() {
        return None;
    }
    finding(
        "seccompProfile",
        format!(
            "{} must not set securityContext.seccompProfile.type to {}",
            setters.join(" and "),
            quoted(values)
        ),
    )
}
