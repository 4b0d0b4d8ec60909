//! Who controls whom (`controller_ref_manager.go`): adoption of orphans that a
//! selector picks, release of those that it no longer picks.

use super::errors;
use crate::api::status::ApiError;
use crate::api::{Key, OwnerReference, Resource};
use crate::client::Ctx;
use std::sync::Arc;

/// The reference that marks `owner` as controller.
pub(super) fn controller_reference<K: Resource>(owner: &K) -> OwnerReference {
    OwnerReference {
        api_version: K::KIND.api_version(),
        kind: K::KIND.info().kind.to_owned(),
        name: owner.name().to_owned(),
        uid: owner.uid().to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The reference to the object's controller.
pub(super) fn controller_of<K: Resource>(object: &K) -> Option<&OwnerReference> {
    let owners = object.meta().owner_references.as_ref();
    owners
        .into_iter()
        .flatten()
        .find(|owner| owner.controller == Some(true))
}

/// Where the controller of kind `O` lies, if that is what controls the object.
pub(super) fn controller_key<O: Resource, K: Resource>(object: &K) -> Option<(Key, &str)> {
    let owner = controller_of(object)?;
    let info = O::KIND.info();
    if owner.kind != info.kind || owner.api_version != O::KIND.api_version() {
        return None;
    }
    Some((
        Key::new(object.namespace(), owner.name.as_str()),
        &owner.uid,
    ))
}

/// Makes `owner` the controller of an orphan.
pub(super) fn adopt<O: Resource, K: Resource, T>(
    owner: &O,
    orphan: &Arc<K>,
    ctx: &mut Ctx<'_, T>,
) -> Result<Option<Arc<K>>, ApiError> {
    let mut object = K::clone(orphan);
    let references = object.meta_mut().owner_references.get_or_insert_default();
    references.push(controller_reference(owner));
    match ctx.update(object) {
        Ok(adopted) => Ok(Some(adopted)),
        // It went away meanwhile: nothing to adopt.
        Err(error) if errors::is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the reference to `owner` away.
pub(super) fn release<K: Resource, T>(
    owner_uid: &str,
    owned: &Arc<K>,
    ctx: &mut Ctx<'_, T>,
) -> Result<(), ApiError> {
    let mut object = K::clone(owned);
    if let Some(references) = &mut object.meta_mut().owner_references {
        references.retain(|reference| reference.uid != owner_uid);
        if references.is_empty() {
            object.meta_mut().owner_references = None;
        }
    }
    errors::ignore_not_found(ctx.update(object).map(drop))
}

/// Whether `owner` may adopt: read afresh, it is still the same and stays
/// (`RecheckDeletionTimestamp`).
pub(super) fn may_adopt<O: Resource, T>(owner: &O, ctx: &mut Ctx<'_, T>) -> bool {
    ctx.get::<O>(&owner.key())
        .is_ok_and(|fresh| fresh.uid() == owner.uid() && fresh.meta().deletion_timestamp.is_none())
}
