//! Counts what a namespace uses of its quotas
//! (`pkg/controller/resourcequota`). Admission charges what is made; here is
//! counted anew what was there before and what has gone.

use super::desk::{Controller, Desk, StepCtx, Synced};
use super::informers::{Informers, Seen};
use super::{pods, untyped};
use crate::api::status::ApiError;
use crate::api::{Key, Kind, Name};
use crate::apiserver::quota::{self, Usage};
use crate::apiserver::{Subresource, WatchEvent};
use crate::sim::trace::Change;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The controller, with the quotas of each namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct ResourceQuotaController {
    quotas: BTreeMap<Name, BTreeSet<Key>>,
}

impl Controller for ResourceQuotaController {
    const NAME: &'static str = "resourcequota-controller";
    /// A quota.
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) {
        let key = event.object.key();
        if event.object.kind() == Kind::ResourceQuota {
            let of_namespace = self.quotas.entry(key.namespace.clone()).or_default();
            match event.change {
                Change::Deleted => drop(of_namespace.remove(&key)),
                _ => {
                    of_namespace.insert(key.clone());
                    if is_news(event) {
                        desk.add(key, ctx);
                    }
                }
            }
            return;
        }
        let ended = match seen {
            Seen::Pod(change) => {
                let was = change
                    .before
                    .as_ref()
                    .is_some_and(|pod| pods::is_terminal(pod));
                let is = change
                    .after
                    .as_ref()
                    .is_none_or(|pod| pods::is_terminal(pod));
                is && (!was || change.after.is_none())
            }
            Seen::Service(change) => change.before.is_some(),
            _ => event.change == Change::Deleted,
        };
        if ended {
            for quota in self.quotas.get(&key.namespace).into_iter().flatten() {
                desk.add(quota.clone(), ctx);
            }
        }
    }

    fn sync(
        &mut self,
        key: &Key,
        _: &Informers,
        _: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) -> Result<Synced, ApiError> {
        let Some(quota) = untyped::get(Kind::ResourceQuota, key, ctx)? else {
            return Ok(Synced::Done);
        };
        let spec = untyped::spec(&quota).clone();
        let hard = spec.get("hard").cloned().unwrap_or_default();
        let limited: Vec<String> = quota::amounts(Some(&hard)).into_keys().collect();
        let used = count(&spec, &limited, &key.namespace, ctx)?;
        let mut counted = (*quota).clone();
        if let Some(status) = untyped::status_mut(&mut counted) {
            status.insert("hard".to_owned(), hard);
            status.insert("used".to_owned(), Value::Object(used));
        }
        if counted != *quota {
            untyped::put(Kind::ResourceQuota, counted, Subresource::Status, ctx)?;
        }
        Ok(Synced::Done)
    }
}

/// Whether the quota has not been counted as it is now.
fn is_news(event: &WatchEvent) -> bool {
    let Some(quota) = untyped::untyped(&event.object) else {
        return false;
    };
    let hard = quota
        .rest
        .get("status")
        .and_then(|status| status.get("hard"));
    event.change == Change::Added || hard != untyped::spec(quota).get("hard")
}

/// What is used of each limited resource.
fn count(
    spec: &Value,
    limited: &[String],
    namespace: &str,
    ctx: &mut StepCtx<'_, Key>,
) -> Result<Map<String, Value>, ApiError> {
    let zero = crate::api::quantity::Amount::from_millis(0);
    let mut total: Usage = limited.iter().map(|name| (name.clone(), zero)).collect();
    let kinds = Kind::ALL.iter().copied();
    let counted = kinds.filter(|kind| {
        kind.info().namespaced && limited.iter().any(|name| quota::is_of(*kind, name))
    });
    for kind in counted {
        for object in untyped::list(kind, namespace, ctx)? {
            if !quota::matches_scopes(spec, &object) {
                continue;
            }
            for (name, amount) in quota::usage(&object) {
                if let Some(sum) = total.get_mut(&name) {
                    *sum = *sum + amount;
                }
            }
        }
    }
    Ok(total
        .into_iter()
        .map(|(name, amount)| (name, amount.to_quantity().0.into()))
        .collect())
}
