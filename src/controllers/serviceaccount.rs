//! The ServiceAccount controller (`pkg/controller/serviceaccount`): each
//! namespace has an account named `default`.

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::informers::{Informers, Seen};
use super::root_ca::created;
use crate::api::status::ApiError;
use crate::api::{Key, ObjectMeta, ServiceAccount};
use crate::apiserver::WatchEvent;

const DEFAULT: &str = "default";

/// The controller; all it knows is in the caches.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceAccountController;

impl Controller for ServiceAccountController {
    const NAME: &'static str = "serviceaccount-controller";
    /// A namespace.
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) {
        let gone = |seen: &Seen| match seen {
            Seen::ServiceAccount(change) => change.after.is_none(),
            _ => false,
        };
        desk.add_namespace(event, seen, gone, ctx);
    }

    fn sync(
        &mut self,
        namespace: &Key,
        informers: &Informers,
        _: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) -> Result<Synced, ApiError> {
        let key = Key::new(namespace.name.clone(), DEFAULT);
        let active = informers
            .namespaces
            .get(namespace)
            .is_some_and(|namespace| {
                let status = namespace.status.as_ref();
                let phase = status.and_then(|status| status.phase.as_deref());
                phase.unwrap_or("Active") == "Active"
                    && namespace.metadata.deletion_timestamp.is_none()
            });
        if !active || informers.service_accounts.get(&key).is_some() {
            return Ok(Synced::Done);
        }
        explain(ctx, namespace, "has no ServiceAccount default: creates it");
        let account = ServiceAccount {
            metadata: ObjectMeta {
                name: Some(DEFAULT.to_owned()),
                namespace: Some(namespace.name.to_string()),
                ..ObjectMeta::default()
            },
            ..ServiceAccount::default()
        };
        created(ctx.create(account).map(drop))
    }
}
