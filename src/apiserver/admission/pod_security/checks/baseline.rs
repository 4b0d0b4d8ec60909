//! What `baseline` forbids: ways out of the container.

use super::{Finding, Inside, Looked, added, finding, named, plural, quoted, unconfined, volumes};
use std::collections::BTreeSet;

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

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

pub(super) fn app_armor(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn default_capabilities(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn host_namespaces(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn host_path_volumes(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn host_ports(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn probe_hosts(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn privileged(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn proc_mount(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn se_linux(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn seccomp_baseline(pod: &Looked<'_>) -> Option<Finding> {
    match pod.version.since(19) {
        true => unconfined(pod),
        false => None,
    }
}

pub(super) fn sysctls(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn windows_host_process(pod: &Looked<'_>) -> Option<Finding> {
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
