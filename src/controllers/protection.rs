//! Lets claims and volumes go once nobody uses them
//! (`pkg/controller/volume/pvcprotection`, `pvprotection`).

use super::desk::{Controller, Desk, StepCtx, Synced};
use super::informers::{Informers, Seen};
use super::{pods, untyped};
use crate::api::status::ApiError;
use crate::api::{Key, Kind, Pod};
use crate::apiserver::{Subresource, WatchEvent};
use std::collections::{BTreeMap, BTreeSet};

/// What holds an object of each kind.
fn finalizer(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::PersistentVolumeClaim => Some("kubernetes.io/pvc-protection"),
        Kind::PersistentVolume => Some("kubernetes.io/pv-protection"),
        Kind::VolumeAttributesClass => Some("kubernetes.io/vac-protection"),
        _ => None,
    }
}

/// The controller, with the pods that use each claim.
#[derive(Clone, Debug, Default)]
pub(super) struct ProtectionController {
    users: BTreeMap<Key, BTreeSet<Key>>,
}

/// The claims that a pod mounts.
fn claims(pod: &Pod) -> BTreeSet<Key> {
    let namespace = pod.metadata.namespace.clone().unwrap_or_default();
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    volumes
        .filter_map(|volume| volume.persistent_volume_claim.as_ref())
        .map(|source| Key::new(namespace.as_str(), source.claim_name.as_str()))
        .collect()
}

impl Controller for ProtectionController {
    const NAME: &'static str = "persistentvolumeclaim-protection-controller";
    /// A claim, volume or class.
    type Item = (Kind, Key);

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Self::Item>,
        ctx: &mut StepCtx<'_, Self::Item>,
    ) {
        let kind = event.object.kind();
        if finalizer(kind).is_some() {
            if event.object.meta().deletion_timestamp.is_some() {
                desk.add((kind, event.object.key()), ctx);
            }
            return;
        }
        let Seen::Pod(change) = seen else { return };
        let pod = event.object.key();
        let used = |pod: &Pod| match pods::is_terminal(pod) {
            true => BTreeSet::new(),
            false => claims(pod),
        };
        let before = change
            .before
            .as_ref()
            .map(|pod| used(pod))
            .unwrap_or_default();
        let after = change
            .after
            .as_ref()
            .map(|pod| used(pod))
            .unwrap_or_default();
        for claim in before.difference(&after) {
            if let Some(users) = self.users.get_mut(claim) {
                users.remove(&pod);
                if users.is_empty() {
                    self.users.remove(claim);
                }
            }
            desk.add((Kind::PersistentVolumeClaim, claim.clone()), ctx);
        }
        for claim in after {
            self.users.entry(claim).or_default().insert(pod.clone());
        }
    }

    fn sync(
        &mut self,
        (kind, key): &Self::Item,
        _: &Informers,
        _: &mut Desk<Self::Item>,
        ctx: &mut StepCtx<'_, Self::Item>,
    ) -> Result<Synced, ApiError> {
        let Some(object) = untyped::get(*kind, key, ctx)? else {
            return Ok(Synced::Done);
        };
        let Some(finalizer) = finalizer(*kind) else {
            return Ok(Synced::Done);
        };
        let status = object.rest.get("status");
        let phase = status.and_then(|status| status.get("phase")?.as_str());
        let used = match kind {
            Kind::PersistentVolumeClaim => self.users.contains_key(key),
            Kind::PersistentVolume => phase == Some("Bound"),
            _ => false,
        };
        if object.metadata.deletion_timestamp.is_none() || used {
            return Ok(Synced::Done);
        }
        let mut freed = (*object).clone();
        let finalizers = freed.metadata.finalizers.get_or_insert_default();
        finalizers.retain(|name| name != finalizer);
        if freed != *object {
            untyped::put(*kind, freed, Subresource::None, ctx)?;
        }
        Ok(Synced::Done)
    }
}
