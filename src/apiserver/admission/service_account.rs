//! ServiceAccount: every pod runs as one, and gets its token mounted
//! (`plugin/pkg/admission/serviceaccount/admission.go`).

use super::name_of;
use crate::api::core::{
    ConfigMapProjection, Container, DownwardAPIProjection, DownwardAPIVolumeFile, KeyToPath,
    ObjectFieldSelector, ProjectedVolumeSource, ServiceAccountTokenProjection, Volume, VolumeMount,
    VolumeProjection,
};
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, Pod, ServiceAccount};
use crate::apiserver::storage::Call;
use std::sync::Arc;

const DEFAULT_ACCOUNT: &str = "default";
const VOLUME_PREFIX: &str = "kube-api-access-";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// One hour, and seven seconds that give the expiry away as admission's own.
const TOKEN_SECONDS: i64 = 3607;
const VOLUME_MODE: i32 = 0o644;
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

/// Sets the account, copies its pull secrets, mounts its token.
pub(super) fn admit(call: &mut Call<'_>, pod: &mut Pod) -> Result<(), ApiError> {
    let annotations = pod.metadata.annotations.as_ref();
    if annotations.is_some_and(|annotations| annotations.contains_key(MIRROR_ANNOTATION)) {
        return admit_mirror(pod);
    }
    let spec = pod.spec.get_or_insert_default();
    let given = spec
        .service_account_name
        .take()
        .filter(|name| !name.is_empty());
    let given = given.or(spec.service_account.take().filter(|name| !name.is_empty()));
    let account_name = given.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
    spec.service_account = Some(account_name.clone());
    spec.service_account_name = Some(account_name.clone());
    let account = find(call, pod, &account_name)?;
    let spec = pod.spec.get_or_insert_default();
    let automount = spec
        .automount_service_account_token
        .or(account.automount_service_account_token);
    if automount.unwrap_or(true) {
        mount_token(call, pod);
    }
    let spec = pod.spec.get_or_insert_default();
    if spec.image_pull_secrets.as_ref().is_none_or(Vec::is_empty) {
        let secrets = account.image_pull_secrets.clone();
        spec.image_pull_secrets = secrets.filter(|secrets| !secrets.is_empty());
    }
    Ok(())
}

/// A mirror pod shows what a kubelet runs by itself: it has no account.
fn admit_mirror(pod: &Pod) -> Result<(), ApiError> {
    let spec = pod.spec.as_ref();
    let account = spec.and_then(|spec| spec.service_account_name.as_deref());
    if account.is_some_and(|account| !account.is_empty()) {
        let why = "a mirror pod may not reference service accounts";
        return Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), why));
    }
    Ok(())
}

fn find(call: &Call<'_>, pod: &Pod, name: &str) -> Result<Arc<ServiceAccount>, ApiError> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let entry = call.look_up(Kind::ServiceAccount, Key::new(namespace, name));
    match entry.map(|entry| &entry.object) {
        Some(Object::ServiceAccount(account)) => Ok(account.clone()),
        _ => {
            let why = format!(
                "error looking up service account {namespace}/{name}: serviceaccount {name:?} not found"
            );
            Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), &why))
        }
    }
}

fn mount_token(call: &mut Call<'_>, pod: &mut Pod) {
    let spec = pod.spec.get_or_insert_default();
    let present = spec
        .volumes
        .iter()
        .flatten()
        .find(|volume| volume.name.starts_with(VOLUME_PREFIX))
        .map(|volume| volume.name.clone());
    let has_volume = present.is_some();
    let name = present.unwrap_or_else(|| format!("{VOLUME_PREFIX}{}", call.sim.chance.suffix(5)));
    let init_containers = spec.init_containers.iter_mut().flatten();
    let mut needs_volume = false;
    for container in init_containers.chain(&mut spec.containers) {
        needs_volume |= mount_in(container, &name);
    }
    if needs_volume && !has_volume {
        let volumes = spec.volumes.get_or_insert_default();
        volumes.push(token_volume(name));
    }
}

/// Mounts the volume unless the container has something at that path.
fn mount_in(container: &mut Container, volume: &str) -> bool {
    let mounts = container.volume_mounts.get_or_insert_default();
    if mounts.iter().any(|mount| mount.mount_path == MOUNT_PATH) {
        return false;
    }
    mounts.push(VolumeMount {
        name: volume.to_owned(),
        read_only: Some(true),
        mount_path: MOUNT_PATH.to_owned(),
        ..VolumeMount::default()
    });
    true
}

fn token_volume(name: String) -> Volume {
    let token = VolumeProjection {
        service_account_token: Some(ServiceAccountTokenProjection {
            path: "token".to_owned(),
            expiration_seconds: Some(TOKEN_SECONDS),
            ..ServiceAccountTokenProjection::default()
        }),
        ..VolumeProjection::default()
    };
    let authority = VolumeProjection {
        config_map: Some(ConfigMapProjection {
            name: "kube-root-ca.crt".to_owned(),
            items: Some(vec![KeyToPath {
                key: "ca.crt".to_owned(),
                path: "ca.crt".to_owned(),
                ..KeyToPath::default()
            }]),
            ..ConfigMapProjection::default()
        }),
        ..VolumeProjection::default()
    };
    let namespace = VolumeProjection {
        downward_api: Some(DownwardAPIProjection {
            items: Some(vec![DownwardAPIVolumeFile {
                path: "namespace".to_owned(),
                field_ref: Some(ObjectFieldSelector {
                    api_version: Some("v1".to_owned()),
                    field_path: "metadata.namespace".to_owned(),
                }),
                ..DownwardAPIVolumeFile::default()
            }]),
        }),
        ..VolumeProjection::default()
    };
    Volume {
        name,
        projected: Some(ProjectedVolumeSource {
            default_mode: Some(VOLUME_MODE),
            sources: Some(vec![token, authority, namespace]),
        }),
        ..Volume::default()
    }
}
