//! Volumes: made before the sandbox, mounted into containers.

use super::host::Host;
use super::runtime::{Files, Mounted};
use super::worker::PodWorker;
use super::{Timer, environment};
use crate::api::core::{KeyToPath, Volume, VolumeProjection};
use crate::api::{ConfigMap, Key, Name, Secret};
use crate::client::{Ctx, EventType};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// First delay after a mount failed; doubles (`exponentialbackoff`).
const RETRY_BASE: Duration = Duration::from_millis(500);
/// Longest delay after failed mounts.
const RETRY_MAX: Duration = Duration::from_secs(122);
/// What every namespace gets from the root CA publisher: taken as given.
const ROOT_CA: &str = "kube-root-ca.crt";

/// The mounts of one container.
pub(super) fn of_container(worker: &PodWorker, index: usize) -> Vec<Mounted> {
    let spec = worker
        .containers
        .get(index)
        .and_then(|container| container.spec(&worker.pod));
    let mounts = spec.and_then(|spec| spec.volume_mounts.as_ref());
    let mounts = mounts.into_iter().flatten();
    mounts
        .map(|mount| Mounted {
            volume: mount.name.as_str().into(),
            path: mount.mount_path.clone(),
            sub_path: mount.sub_path.clone().unwrap_or_default(),
            read_only: mount.read_only == Some(true),
        })
        .collect()
}

impl Host {
    /// Makes the pod's volumes. False where one cannot be made yet.
    pub(super) fn mount(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) -> bool {
        if worker.mounted {
            return true;
        }
        if let Some(at) = worker.mount_retry_at.filter(|at| *at > ctx.now()) {
            self.request_sync(worker, at, ctx);
            return false;
        }
        let volumes = worker
            .pod
            .spec
            .as_ref()
            .and_then(|spec| spec.volumes.clone());
        for volume in volumes.unwrap_or_default() {
            match fill(worker, &volume, ctx) {
                Ok(tree) => {
                    let files = Arc::new(Files { tree });
                    worker.volumes.insert(volume.name.as_str().into(), files);
                }
                Err(why) => {
                    self.mount_failed(worker, &volume.name, &why, ctx);
                    return false;
                }
            }
        }
        worker.mounted = true;
        true
    }

    fn mount_failed(
        &mut self,
        worker: &mut PodWorker,
        volume: &str,
        why: &str,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let message = format!("MountVolume.SetUp failed for volume \"{volume}\" : {why}");
        self.pod_event(worker, EventType::Warning, "FailedMount", &message, ctx);
        let factor = 1u32.checked_shl(worker.mount_failures).unwrap_or(u32::MAX);
        let delay = RETRY_BASE.saturating_mul(factor).min(RETRY_MAX);
        worker.mount_failures = worker.mount_failures.saturating_add(1);
        let retry = ctx.now() + delay;
        worker.mount_retry_at = Some(retry);
        self.request_sync(worker, retry, ctx);
    }
}

type Tree = BTreeMap<String, Arc<str>>;

/// What a volume holds at first.
fn fill(worker: &PodWorker, volume: &Volume, ctx: &mut Ctx<'_, Timer>) -> Result<Tree, String> {
    if let Some(source) = &volume.config_map {
        let optional = source.optional == Some(true);
        return config_map(worker, &source.name, optional, source.items.as_deref(), ctx);
    }
    if let Some(source) = &volume.secret {
        let name = source.secret_name.as_deref().unwrap_or_default();
        return secret(
            worker,
            name,
            source.optional == Some(true),
            source.items.as_deref(),
            ctx,
        );
    }
    if let Some(source) = &volume.downward_api {
        let items = source.items.iter().flatten();
        return Ok(items
            .map(|item| {
                let field = item.field_ref.as_ref();
                let value =
                    field.and_then(|field| environment::field(worker, &field.field_path, None));
                (
                    format!("/{}", item.path),
                    Arc::from(value.unwrap_or_default()),
                )
            })
            .collect());
    }
    let projected = volume
        .projected
        .as_ref()
        .and_then(|projected| projected.sources.as_ref());
    let mut tree = Tree::new();
    for source in projected.into_iter().flatten() {
        tree.extend(project(worker, source, ctx)?);
    }
    Ok(tree)
}

fn project(
    worker: &PodWorker,
    source: &VolumeProjection,
    ctx: &mut Ctx<'_, Timer>,
) -> Result<Tree, String> {
    if let Some(source) = &source.config_map {
        if source.name == ROOT_CA {
            return Ok(Tree::from([(
                "/ca.crt".to_owned(),
                Arc::from("-----BEGIN CERTIFICATE-----\n"),
            )]));
        }
        let optional = source.optional == Some(true);
        return config_map(worker, &source.name, optional, source.items.as_deref(), ctx);
    }
    if let Some(source) = &source.secret {
        let optional = source.optional == Some(true);
        return secret(worker, &source.name, optional, source.items.as_deref(), ctx);
    }
    if let Some(token) = &source.service_account_token {
        return Ok(Tree::from([(
            format!("/{}", token.path),
            Arc::from("token"),
        )]));
    }
    let items = source
        .downward_api
        .as_ref()
        .and_then(|source| source.items.as_ref());
    Ok(items
        .into_iter()
        .flatten()
        .map(|item| {
            let field = item.field_ref.as_ref();
            let value = field.and_then(|field| environment::field(worker, &field.field_path, None));
            (
                format!("/{}", item.path),
                Arc::from(value.unwrap_or_default()),
            )
        })
        .collect())
}

fn config_map(
    worker: &PodWorker,
    name: &str,
    optional: bool,
    items: Option<&[KeyToPath]>,
    ctx: &mut Ctx<'_, Timer>,
) -> Result<Tree, String> {
    let key = Key::new(worker.key.namespace.clone(), Name::from(name));
    let Ok(map) = ctx.get::<ConfigMap>(&key) else {
        return missing(optional, format!("configmap \"{name}\" not found"));
    };
    let data = map.data.clone().unwrap_or_default();
    chosen(
        data,
        items,
        optional,
        "configmap references non-existent config key",
    )
}

fn secret(
    worker: &PodWorker,
    name: &str,
    optional: bool,
    items: Option<&[KeyToPath]>,
    ctx: &mut Ctx<'_, Timer>,
) -> Result<Tree, String> {
    let key = Key::new(worker.key.namespace.clone(), Name::from(name));
    let Ok(secret) = ctx.get::<Secret>(&key) else {
        return missing(optional, format!("secret \"{name}\" not found"));
    };
    let data = environment::secret_texts(&secret);
    chosen(data, items, optional, "references non-existent secret key")
}

fn missing(optional: bool, why: String) -> Result<Tree, String> {
    match optional {
        true => Ok(Tree::new()),
        false => Err(why),
    }
}

fn chosen(
    data: BTreeMap<String, String>,
    items: Option<&[KeyToPath]>,
    optional: bool,
    missing: &str,
) -> Result<Tree, String> {
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        return Ok(data
            .into_iter()
            .map(|(key, value)| (format!("/{key}"), value.into()))
            .collect());
    };
    let mut tree = Tree::new();
    for item in items {
        match data.get(&item.key) {
            Some(value) => {
                tree.insert(format!("/{}", item.path), value.as_str().into());
            }
            None if optional => {}
            None => return Err(format!("{missing}: {}", item.key)),
        }
    }
    Ok(tree)
}
