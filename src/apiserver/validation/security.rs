//! Security contexts of pods and containers.

use super::field::{Errors, Path, list, text};
use super::internal;
use super::volume::descending;
use crate::api::core;
use std::collections::BTreeSet;

const ID_MAX: i64 = 0xffff_ffff;

fn id(id: Option<i64>, field: &str, path: &Path<'_>, errors: &mut Errors) {
    if let Some(id) = id {
        check_id(id, &path.child(field), errors);
    }
}

fn check_id(id: i64, path: &Path<'_>, errors: &mut Errors) {
    if !(0..=ID_MAX).contains(&id) {
        errors.invalid(path, id, "must be between 0 and 4294967295, inclusive");
    }
}

pub(super) fn of_container(
    context: &core::SecurityContext,
    host_users: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    id(context.run_as_user, "runAsUser", path, errors);
    id(context.run_as_group, "runAsGroup", path, errors);
    if let Some(mount) = &context.proc_mount {
        let path = path.child("procMount");
        if !["Default", "Unmasked"].contains(&mount.as_str()) {
            errors.unsupported(&path, mount, &["Default", "Unmasked"]);
        }
        if host_users && mount == "Unmasked" {
            errors.invalid(&path, mount, "`hostUsers` must be false to use `Unmasked`");
        }
    }
    seccomp(
        context.seccomp_profile.as_ref(),
        &path.child("seccompProfile"),
        errors,
    );
    if context.allow_privilege_escalation == Some(false) {
        if context.privileged == Some(true) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid(path, internal::security_context(context), detail);
        }
        let added = context.capabilities.as_ref().map(|it| list(&it.add));
        if added.is_some_and(|added| added.iter().any(|name| name == "CAP_SYS_ADMIN")) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` \
                          CAP_SYS_ADMIN";
            errors.invalid(path, internal::security_context(context), detail);
        }
    }
    app_armor(
        context.app_armor_profile.as_ref(),
        &path.child("appArmorProfile"),
        errors,
    );
}

pub(super) fn of_pod(spec: &core::PodSpec, path: &Path<'_>, errors: &mut Errors) {
    let Some(context) = &spec.security_context else {
        return;
    };
    id(context.fs_group, "fsGroup", path, errors);
    id(context.run_as_user, "runAsUser", path, errors);
    id(context.run_as_group, "runAsGroup", path, errors);
    for (index, group) in list(&context.supplemental_groups).iter().enumerate() {
        let path = path.child("supplementalGroups");
        check_id(*group, &path.index(index), errors);
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&path.child("shareProcessNamespace"), true, detail);
    }
    sysctls(spec, context, &path.child("sysctls"), errors);
    let choices: [(&str, &Option<String>, &[&str]); 3] = [
        (
            "fsGroupChangePolicy",
            &context.fs_group_change_policy,
            &["Always", "OnRootMismatch"],
        ),
        (
            "supplementalGroupsPolicy",
            &context.supplemental_groups_policy,
            &["Merge", "Strict"],
        ),
        (
            "seLinuxChangePolicy",
            &context.se_linux_change_policy,
            &["MountOption", "Recursive"],
        ),
    ];
    for (field, value, supported) in choices {
        if let Some(value) = value.as_deref().filter(|value| !supported.contains(value)) {
            errors.unsupported(&path.child(field), value, supported);
        }
    }
    seccomp(
        context.seccomp_profile.as_ref(),
        &path.child("seccompProfile"),
        errors,
    );
    app_armor(
        context.app_armor_profile.as_ref(),
        &path.child("appArmorProfile"),
        errors,
    );
}

fn sysctls(
    spec: &core::PodSpec,
    context: &core::PodSecurityContext,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    const LENGTH_MAX: usize = 253;
    fn segment(segment: &str) -> bool {
        let edge = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = segment.as_bytes();
        bytes.first().is_some_and(edge)
            && bytes.last().is_some_and(edge)
            && bytes
                .iter()
                .all(|byte| edge(byte) || matches!(byte, b'-' | b'_'))
    }
    let mut seen = BTreeSet::new();
    for (index, sysctl) in list(&context.sysctls).iter().enumerate() {
        let path = path.index(index);
        let path = path.child("name");
        let name = sysctl.name.as_str();
        if name.is_empty() {
            errors.required(&path, "");
        } else if name.len() > LENGTH_MAX || !name.split(['.', '/']).all(segment) {
            let detail = "must have at most 253 characters and match regex \
                          ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            errors.invalid(&path, name, detail);
        } else if !seen.insert(name) {
            errors.duplicate(&path, name);
        }
        let dotted = name.replace('/', ".");
        if spec.host_network == Some(true) && dotted.starts_with("net.") {
            errors.invalid(
                &path,
                name,
                "may not be specified when 'hostNetwork' is true",
            );
        }
        let of_ipc = ["kernel.shm", "kernel.msg", "fs.mqueue."];
        let ipc = dotted == "kernel.sem" || of_ipc.iter().any(|it| dotted.starts_with(it));
        if spec.host_ipc == Some(true) && ipc {
            errors.invalid(&path, name, "may not be specified when 'hostIPC' is true");
        }
    }
}

fn seccomp(profile: Option<&core::SeccompProfile>, path: &Path<'_>, errors: &mut Errors) {
    let Some(profile) = profile else { return };
    match profile.type_.as_str() {
        "Localhost" | "RuntimeDefault" | "Unconfined" => {}
        "" => errors.required(
            &path.child("type"),
            "type is required when seccompProfile is set",
        ),
        other => errors.unsupported(
            &path.child("type"),
            other,
            &["Localhost", "RuntimeDefault", "Unconfined"],
        ),
    }
    let local_path = path.child("localhostProfile");
    match (&profile.localhost_profile, profile.type_ == "Localhost") {
        (None, true) => {
            errors.required(&local_path, "must be set when seccomp type is Localhost");
        }
        (Some(local), true) => descending(local, &local_path, errors),
        (Some(_), false) => errors.invalid(
            &local_path,
            internal::seccomp_profile(profile),
            "can only be set when seccomp type is Localhost",
        ),
        (None, false) => {}
    }
}

fn app_armor(profile: Option<&core::AppArmorProfile>, path: &Path<'_>, errors: &mut Errors) {
    let Some(profile) = profile else { return };
    let local_path = path.child("localhostProfile");
    let local = text(&profile.localhost_profile);
    match profile.type_.as_str() {
        "Localhost" if local.trim() != local => {
            errors.invalid(&local_path, local, "must not be padded with whitespace");
        }
        "Localhost" if local.is_empty() => {
            errors.required(&local_path, "must be set when AppArmor type is Localhost");
        }
        "Localhost" => {}
        "RuntimeDefault" | "Unconfined" => {
            if profile.localhost_profile.is_some() {
                let detail = "can only be set when AppArmor type is Localhost";
                errors.invalid(&local_path, local, detail);
            }
        }
        "" => errors.required(
            &path.child("type"),
            "type is required when appArmorProfile is set",
        ),
        other => errors.unsupported(
            &path.child("type"),
            other,
            &["Localhost", "RuntimeDefault", "Unconfined"],
        ),
    }
}
