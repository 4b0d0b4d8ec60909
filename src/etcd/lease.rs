//! Leases: keys that end together when nobody keeps them alive.

use super::{StoreError, StoreKey};
use crate::sim::Instant;
use imbl::{OrdMap, OrdSet};
use std::time::Duration;

/// Names a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub u64);

#[derive(Clone, Debug)]
struct Lease {
    ttl: Duration,
    ends: Instant,
    keys: OrdSet<StoreKey>,
}

/// All leases, indexed by when they end.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    leases: OrdMap<LeaseId, Lease>,
    by_end: OrdSet<(Instant, LeaseId)>,
    next: u64,
}

impl Leases {
    pub(super) fn grant(&mut self, ttl: Duration, now: Instant) -> LeaseId {
        self.next += 1;
        let (id, ends) = (LeaseId(self.next), now + ttl);
        let keys = OrdSet::new();
        self.leases.insert(id, Lease { ttl, ends, keys });
        self.by_end.insert((ends, id));
        id
    }

    pub(super) fn keep_alive(&mut self, id: LeaseId, now: Instant) -> Result<(), StoreError> {
        let lease = self.leases.get_mut(&id).ok_or(StoreError::LeaseNotFound)?;
        self.by_end.remove(&(lease.ends, id));
        lease.ends = now + lease.ttl;
        self.by_end.insert((lease.ends, id));
        Ok(())
    }

    pub(super) fn attach(&mut self, id: LeaseId, key: &StoreKey) -> Result<(), StoreError> {
        let lease = self.leases.get_mut(&id).ok_or(StoreError::LeaseNotFound)?;
        lease.keys.insert(key.clone());
        Ok(())
    }

    pub(super) fn detach(&mut self, id: LeaseId, key: &StoreKey) {
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.keys.remove(key);
        }
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.by_end.get_min().map(|(ends, _)| *ends)
    }

    pub(super) fn revoke(&mut self, id: LeaseId) -> Vec<StoreKey> {
        let Some(lease) = self.leases.remove(&id) else {
            return Vec::new();
        };
        self.by_end.remove(&(lease.ends, id));
        lease.keys.into_iter().collect()
    }

    pub(super) fn expire(&mut self, now: Instant) -> Vec<StoreKey> {
        let mut keys = Vec::new();
        while let Some((ends, id)) = self.by_end.get_min().copied() {
            if ends > now {
                break;
            }
            keys.extend(self.revoke(id));
        }
        keys
    }
}
