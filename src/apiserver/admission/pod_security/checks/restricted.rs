//! What `restricted` forbids besides: anything that is not hardened.

use super::{Finding, Inside, Looked, added, finding, named, plural, quoted, unconfined, volumes};
use crate::api::core::Volume;
use std::collections::BTreeSet;

pub(super) fn escalation(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn restricted_capabilities(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn restricted_volumes(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn run_as_non_root(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn run_as_user(pod: &Looked<'_>) -> Option<Finding> {
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

pub(super) fn seccomp_restricted(pod: &Looked<'_>) -> Option<Finding> {
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
