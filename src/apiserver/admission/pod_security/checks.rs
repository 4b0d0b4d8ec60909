//! The checks, in the order in which upstream names what they find.

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
    (app_armor, false),
    (default_capabilities, true),
    (host_namespaces, false),
    (host_path_volumes, true),
    (host_ports, false),
    (probe_hosts, false),
    (privileged, false),
    (proc_mount, false),
    (se_linux, false),
    (seccomp_baseline, true),
    (sysctls, false),
    (windows_host_process, false),
];

const RESTRICTED: [Check; 6] = [
    escalation,
    restricted_capabilities,
    restricted_volumes,
    run_as_non_root,
    run_as_user,
    seccomp_restricted,
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

fn escalation(pod: &Looked<'_>) -> Option<Finding> {
    if pod.is_windows() {
        return None;
    }
    let bad = pod.where_they(|it| {
        it.security
            .and_then(|security| security.allow_privilege_escalation)
            != Some(false)
    });
    if bad.is_empty() {
        return None;
    }
    finding(
        "allowPrivilegeEscalation != false",
        format!(
            "{} must set securityContext.allowPrivilegeEscalation=false",
            named(&bad)
        ),
    )
}

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

fn app_armor(pod: &Looked<'_>) -> Option<Finding> {
    let allowed = |name: &str| matches!(name, "RuntimeDefault" | "Localhost");
    let (mut setters, mut values) = (Vec::new(), BTreeSet::new());
    let profile = pod
        .spec
        .security_context
        .as_ref()
        .and_then(|security| security.app_armor_profile.as_ref());
    if let Some(profile) = profile.filter(|profile| !allowed(&profile.type_)) {
        setters.push("pod".to_owned());
        values.insert(format!("{:?}", profile.type_));
    }
    let bad = pod.where_they(|it| {
        let profile = it
            .security
            .and_then(|security| security.app_armor_profile.as_ref());
        profile.is_some_and(|profile| !allowed(&profile.type_))
    });
    for it in &pod.boxes {
        let profile = it
            .security
            .and_then(|security| security.app_armor_profile.as_ref());
        if let Some(profile) = profile.filter(|profile| !allowed(&profile.type_)) {
            values.insert(format!("{:?}", profile.type_));
        }
    }
    if !bad.is_empty() {
        setters.push(named(&bad));
    }
    if !setters.is_empty() {
        let what = plural(
            "forbidden AppArmor profile",
            "forbidden AppArmor profiles",
            values.len(),
        );
        let values: Vec<String> = values.into_iter().collect();
        return finding(
            what,
            format!(
                "{} must not set AppArmor profile type to {}",
                setters.join(" and "),
                values.join(", ")
            ),
        );
    }
    let annotations = pod.meta.annotations.iter().flatten();
    let forbidden: Vec<String> = annotations
        .filter(|(key, value)| {
            let fine =
                value.is_empty() || *value == "runtime/default" || value.starts_with("localhost/");
            key.starts_with(APP_ARMOR) && !fine
        })
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    if forbidden.is_empty() {
        return None;
    }
    finding(
        plural(
            "forbidden AppArmor profile",
            "forbidden AppArmor profiles",
            forbidden.len(),
        ),
        forbidden.join(", "),
    )
}

const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

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

fn default_capabilities(pod: &Looked<'_>) -> Option<Finding> {
    let (bad, names) = added(pod, &DEFAULT_CAPABILITIES);
    if bad.is_empty() {
        return None;
    }
    finding(
        "non-default capabilities",
        format!(
            "{} must not include {} in securityContext.capabilities.add",
            named(&bad),
            quoted(names)
        ),
    )
}

fn restricted_capabilities(pod: &Looked<'_>) -> Option<Finding> {
    if pod.is_windows() || !pod.version.since(22) {
        return None;
    }
    let undropped = pod.where_they(|it| {
        let capabilities = it.security.and_then(|s| s.capabilities.as_ref());
        let drop = capabilities.and_then(|c| c.drop.as_ref());
        !drop.is_some_and(|names| names.iter().any(|name| name == "ALL"))
    });
    let (adding, names) = added(pod, &["NET_BIND_SERVICE"]);
    let mut details = Vec::new();
    if !undropped.is_empty() {
        details.push(format!(
            "{} must set securityContext.capabilities.drop=[\"ALL\"]",
            named(&undropped)
        ));
    }
    if !adding.is_empty() {
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            named(&adding),
            quoted(names)
        ));
    }
    if details.is_empty() {
        return None;
    }
    finding("unrestricted capabilities", details.join("; "))
}

fn host_namespaces(pod: &Looked<'_>) -> Option<Finding> {
    let spec = pod.spec;
    let used: Vec<&str> = [
        (spec.host_network, "hostNetwork=true"),
        (spec.host_pid, "hostPID=true"),
        (spec.host_ipc, "hostIPC=true"),
    ]
    .into_iter()
    .filter(|(used, _)| *used == Some(true))
    .map(|(_, text)| text)
    .collect();
    if used.is_empty() {
        return None;
    }
    finding("host namespaces", used.join(", "))
}

fn volumes<'a>(pod: &Looked<'a>) -> impl Iterator<Item = &'a Volume> {
    pod.spec.volumes.iter().flatten()
}

fn host_path_volumes(pod: &Looked<'_>) -> Option<Finding> {
    let names: Vec<&str> = volumes(pod)
        .filter(|volume| volume.host_path.is_some())
        .map(|volume| volume.name.as_str())
        .collect();
    if names.is_empty() {
        return None;
    }
    let what = plural("volume", "volumes", names.len());
    finding("hostPath volumes", format!("{what} {}", quoted(names)))
}

fn host_ports(pod: &Looked<'_>) -> Option<Finding> {
    let bad = pod.where_they(|it| !it.host_ports.is_empty());
    let ports: BTreeSet<String> = pod
        .boxes
        .iter()
        .flat_map(|it| it.host_ports.iter().map(i32::to_string))
        .collect();
    if bad.is_empty() {
        return None;
    }
    let what = plural("hostPort", "hostPorts", ports.len());
    let uses = plural("uses", "use", bad.len());
    let ports: Vec<String> = ports.into_iter().collect();
    finding(
        what,
        format!("{} {uses} {what} {}", named(&bad), ports.join(", ")),
    )
}

fn probe_hosts(pod: &Looked<'_>) -> Option<Finding> {
    if !pod.version.since(34) {
        return None;
    }
    let mut hosts = BTreeSet::new();
    let mut bad = Vec::new();
    let containers = pod
        .spec
        .init_containers
        .iter()
        .flatten()
        .chain(&pod.spec.containers);
    for container in containers {
        let before = hosts.len();
        let probes = [
            &container.liveness_probe,
            &container.readiness_probe,
            &container.startup_probe,
        ];
        for probe in probes.into_iter().flatten() {
            hosts.extend(probe.http_get.iter().filter_map(|get| get.host.clone()));
            hosts.extend(probe.tcp_socket.iter().filter_map(|tcp| tcp.host.clone()));
        }
        let lifecycle = container.lifecycle.as_ref();
        let handlers = lifecycle.map(|it| [&it.post_start, &it.pre_stop]);
        for handler in handlers.into_iter().flatten().flatten() {
            hosts.extend(handler.http_get.iter().filter_map(|get| get.host.clone()));
            hosts.extend(handler.tcp_socket.iter().filter_map(|tcp| tcp.host.clone()));
        }
        hosts.remove("");
        if hosts.len() > before {
            bad.push(container.name.as_str());
        }
    }
    if bad.is_empty() {
        return None;
    }
    let what = plural(
        "probe or lifecycle host",
        "probe or lifecycle hosts",
        hosts.len(),
    );
    let uses = plural("uses", "use", bad.len());
    finding(
        what,
        format!("{} {uses} {what} {}", named(&bad), quoted(hosts)),
    )
}

fn privileged(pod: &Looked<'_>) -> Option<Finding> {
    let bad = pod.where_they(|it| it.security.and_then(|s| s.privileged) == Some(true));
    if bad.is_empty() {
        return None;
    }
    finding(
        "privileged",
        format!(
            "{} must not set securityContext.privileged=true",
            named(&bad)
        ),
    )
}

fn proc_mount(pod: &Looked<'_>) -> Option<Finding> {
    if pod.has_user_namespace() {
        return None;
    }
    let of = |it: &Inside<'_>| it.security.and_then(|s| s.proc_mount.clone());
    let bad = pod.where_they(|it| of(it).is_some_and(|mount| mount != "Default"));
    let values: BTreeSet<String> = pod.boxes.iter().filter_map(of).collect();
    let values = values.into_iter().filter(|value| value != "Default");
    if bad.is_empty() {
        return None;
    }
    finding(
        "procMount",
        format!(
            "{} must not set securityContext.procMount to {}",
            named(&bad),
            quoted(values)
        ),
    )
}

/// The type of a volume that `restricted` does not know.
fn restricted_type(volume: &Volume) -> Option<&'static str> {
    let known = volume.config_map.is_some()
        || volume.csi.is_some()
        || volume.downward_api.is_some()
        || volume.empty_dir.is_some()
        || volume.ephemeral.is_some()
        || volume.persistent_volume_claim.is_some()
        || volume.projected.is_some()
        || volume.secret.is_some()
        || volume.image.is_some();
    if known {
        return None;
    }
    let types = [
        (volume.host_path.is_some(), "hostPath"),
        (volume.gce_persistent_disk.is_some(), "gcePersistentDisk"),
        (
            volume.aws_elastic_block_store.is_some(),
            "awsElasticBlockStore",
        ),
        (volume.git_repo.is_some(), "gitRepo"),
        (volume.nfs.is_some(), "nfs"),
        (volume.iscsi.is_some(), "iscsi"),
        (volume.glusterfs.is_some(), "glusterfs"),
        (volume.rbd.is_some(), "rbd"),
        (volume.flex_volume.is_some(), "flexVolume"),
        (volume.cinder.is_some(), "cinder"),
        (volume.cephfs.is_some(), "cephfs"),
        (volume.flocker.is_some(), "flocker"),
        (volume.fc.is_some(), "fc"),
        (volume.azure_file.is_some(), "azureFile"),
        (volume.vsphere_volume.is_some(), "vsphereVolume"),
        (volume.quobyte.is_some(), "quobyte"),
        (volume.azure_disk.is_some(), "azureDisk"),
        (volume.portworx_volume.is_some(), "portworxVolume"),
        (volume.scale_io.is_some(), "scaleIO"),
        (volume.storageos.is_some(), "storageos"),
    ];
    let found = types.into_iter().find(|(is, _)| *is);
    Some(found.map_or("unknown", |(_, name)| name))
}

fn restricted_volumes(pod: &Looked<'_>) -> Option<Finding> {
    let bad: Vec<(&str, &str)> = volumes(pod)
        .filter_map(|volume| Some((volume.name.as_str(), restricted_type(volume)?)))
        .collect();
    if bad.is_empty() {
        return None;
    }
    let types: BTreeSet<&str> = bad.iter().map(|(_, type_)| *type_).collect();
    finding(
        "restricted volume types",
        format!(
            "{} {} {} restricted volume {} {}",
            plural("volume", "volumes", bad.len()),
            quoted(bad.iter().map(|(name, _)| name)),
            plural("uses", "use", bad.len()),
            plural("type", "types", types.len()),
            quoted(types)
        ),
    )
}

fn run_as_non_root(pod: &Looked<'_>) -> Option<Finding> {
    if pod.has_user_namespace() {
        return None;
    }
    let own = |it: &Inside<'_>| it.security.and_then(|s| s.run_as_non_root);
    let whole = pod.spec.security_context.as_ref();
    let whole = whole.and_then(|security| security.run_as_non_root);
    let explicit = pod.where_they(|it| own(it) == Some(false));
    let mut setters = Vec::new();
    if whole == Some(false) {
        setters.push("pod".to_owned());
    }
    if !explicit.is_empty() {
        setters.push(named(&explicit));
    }
    if !setters.is_empty() {
        return finding(
            "runAsNonRoot != true",
            format!(
                "{} must not set securityContext.runAsNonRoot=false",
                setters.join(" and ")
            ),
        );
    }
    let silent = pod.where_they(|it| own(it).is_none() && whole != Some(true));
    if silent.is_empty() {
        return None;
    }
    finding(
        "runAsNonRoot != true",
        format!(
            "pod or {} must set securityContext.runAsNonRoot=true",
            named(&silent)
        ),
    )
}

fn run_as_user(pod: &Looked<'_>) -> Option<Finding> {
    if !pod.version.since(23) || pod.has_user_namespace() {
        return None;
    }
    let whole = pod.spec.security_context.as_ref();
    let mut setters = Vec::new();
    if whole.and_then(|security| security.run_as_user) == Some(0) {
        setters.push("pod".to_owned());
    }
    let bad = pod.where_they(|it| it.security.and_then(|s| s.run_as_user) == Some(0));
    if !bad.is_empty() {
        setters.push(named(&bad));
    }
    if setters.is_empty() {
        return None;
    }
    finding(
        "runAsUser=0",
        format!("{} must not set runAsUser=0", setters.join(" and ")),
    )
}

fn se_linux(pod: &Looked<'_>) -> Option<Finding> {
    let engine = pod.version.since(31);
    let allowed = |type_: &str| {
        matches!(
            type_,
            "" | "container_t" | "container_init_t" | "container_kvm_t"
        ) || (engine && type_ == "container_engine_t")
    };
    let (mut types, mut user, mut role) = (BTreeSet::new(), false, false);
    let mut look = |options: Option<&crate::api::core::SELinuxOptions>| {
        let Some(options) = options else { return false };
        let type_ = options.type_.as_deref().unwrap_or_default();
        let set = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let mut bad = false;
        if !allowed(type_) {
            types.insert(type_.to_owned());
            bad = true;
        }
        user |= set(&options.user);
        role |= set(&options.role);
        bad || set(&options.user) || set(&options.role)
    };
    let mut setters = Vec::new();
    let whole = pod.spec.security_context.as_ref();
    if look(whole.and_then(|security| security.se_linux_options.as_ref())) {
        setters.push("pod".to_owned());
    }
    let mut bad = Vec::new();
    for it in &pod.boxes {
        if look(it.security.and_then(|s| s.se_linux_options.as_ref())) {
            bad.push(it.name);
        }
    }
    if !bad.is_empty() {
        setters.push(named(&bad));
    }
    if setters.is_empty() {
        return None;
    }
    let mut data = Vec::new();
    if !types.is_empty() {
        let what = plural("type", "types", types.len());
        data.push(format!("{what} {}", quoted(types)));
    }
    if user {
        data.push("user may not be set".to_owned());
    }
    if role {
        data.push("role may not be set".to_owned());
    }
    finding(
        "seLinuxOptions",
        format!(
            "{} set forbidden securityContext.seLinuxOptions: {}",
            setters.join(" and "),
            data.join("; ")
        ),
    )
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

fn seccomp_baseline(pod: &Looked<'_>) -> Option<Finding> {
    match pod.version.since(19) {
        true => unconfined(pod),
        false => None,
    }
}

fn seccomp_restricted(pod: &Looked<'_>) -> Option<Finding> {
    if pod.is_windows() || !pod.version.since(19) {
        return None;
    }
    let explicit = unconfined(pod);
    if explicit.is_some() {
        return explicit;
    }
    let whole = pod.spec.security_context.as_ref();
    if whole.is_some_and(|security| security.seccomp_profile.is_some()) {
        return None;
    }
    let silent = pod.where_they(|it| it.security.is_none_or(|s| s.seccomp_profile.is_none()));
    if silent.is_empty() {
        return None;
    }
    finding(
        "seccompProfile",
        format!(
            "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
            named(&silent)
        ),
    )
}

/// Harmless sysctls, and since which version they count as such.
const SYSCTLS: [(&str, u32); 12] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

fn sysctls(pod: &Looked<'_>) -> Option<Finding> {
    let security = pod.spec.security_context.as_ref()?;
    let harmless = |name: &str| {
        let known = SYSCTLS.iter().find(|(known, _)| *known == name);
        known.is_some_and(|(_, since)| pod.version.since(*since))
    };
    let names = security.sysctls.iter().flatten();
    let bad: BTreeSet<&str> = names
        .map(|sysctl| sysctl.name.as_str())
        .filter(|name| !harmless(name))
        .collect();
    if bad.is_empty() {
        return None;
    }
    let bad: Vec<&str> = bad.into_iter().collect();
    finding("forbidden sysctls", bad.join(", "))
}

fn windows_host_process(pod: &Looked<'_>) -> Option<Finding> {
    let whole = pod.spec.security_context.as_ref();
    let whole = whole.and_then(|security| security.windows_options.as_ref());
    let mut setters = Vec::new();
    if whole.and_then(|options| options.host_process) == Some(true) {
        setters.push("pod".to_owned());
    }
    let bad = pod.where_they(|it| {
        let options = it.security.and_then(|s| s.windows_options.as_ref());
        options.and_then(|options| options.host_process) == Some(true)
    });
    if !bad.is_empty() {
        setters.push(named(&bad));
    }
    if setters.is_empty() {
        return None;
    }
    finding(
        "hostProcess",
        format!(
            "{} must not set securityContext.windowsOptions.hostProcess=true",
            setters.join(" and ")
        ),
    )
}
