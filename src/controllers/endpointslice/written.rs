//! Which slices the controller wrote itself (`EndpointSliceTracker`): its own
//! writes come back through the watch and tell it nothing, and until they have
//! come back it must not count on what it sees.

use super::{SERVICE_NAME, managed_by};
use crate::api::status::{ApiError, conflict};
use crate::api::{EndpointSlice, Key, Kind, Resource};
use crate::client::Applied;
use crate::controllers::informers::Informers;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct Written {
    services: BTreeMap<Key, BTreeMap<String, u64>>,
}

fn revision(slice: &EndpointSlice) -> u64 {
    let text = slice.metadata.resource_version.as_deref();
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

impl Written {
    pub(in crate::controllers) fn wrote(&mut self, service: &Key, slice: &EndpointSlice) {
        let slices = self.services.entry(service.clone()).or_default();
        slices.insert(slice.name().to_owned(), revision(slice));
    }

    pub(in crate::controllers) fn deleted(&mut self, service: &Key, slice: &str) {
        if let Some(slices) = self.services.get_mut(service) {
            slices.remove(slice);
        }
    }

    pub(in crate::controllers) fn forget(&mut self, service: &Key) {
        self.services.remove(service);
    }

    /// The slices of a service that `owner` controls and `manager` writes. An error
    /// while the cache has yet to see something that was written.
    pub(in crate::controllers) fn slices(
        &self,
        service: &Key,
        owner: &str,
        manager: &str,
        informers: &Informers,
    ) -> Result<Vec<Arc<EndpointSlice>>, ApiError> {
        let owned = informers.endpoint_slices.controlled_by(owner);
        let cached: Vec<_> = owned
            .filter(|slice| managed_by(slice, manager))
            .cloned()
            .collect();
        if self.is_ahead_of(service, &cached) {
            let why = "EndpointSlice informer cache is out of date";
            return Err(conflict(Kind::EndpointSlice, &service.name, why));
        }
        Ok(cached)
    }

    fn is_ahead_of(&self, service: &Key, cached: &[Arc<EndpointSlice>]) -> bool {
        let Some(slices) = self.services.get(service) else {
            return false;
        };
        slices.iter().any(|(name, written)| {
            let seen = cached.iter().find(|slice| slice.name() == name);
            seen.is_none_or(|seen| revision(seen) < *written)
        })
    }

    /// The service whose slice somebody else changed or removed.
    pub(in crate::controllers) fn foreign_change(
        &mut self,
        manager: &str,
        change: &Applied<EndpointSlice>,
    ) -> Option<Key> {
        let slice = change.after.as_ref().or(change.before.as_ref())?;
        let service = slice.metadata.labels.as_ref()?.get(SERVICE_NAME)?;
        let key = Key::new(slice.namespace(), service.as_str());
        let was_managed = change
            .before
            .as_ref()
            .is_some_and(|before| managed_by(before, manager));
        if !managed_by(slice, manager) && !was_managed {
            return None;
        }
        let written = self
            .services
            .get(&key)
            .and_then(|slices| slices.get(slice.name()))
            .copied();
        if change.after.is_none() {
            // Deleted by ourselves: no longer listed.
            written?;
            self.deleted(&key, slice.name());
            return Some(key);
        }
        (written.unwrap_or(0) < revision(slice)).then_some(key)
    }
}
