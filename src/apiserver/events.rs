//! Events live for an hour (`--event-ttl`). Upstream keeps them on shared etcd
//! leases, so that a thousand events need one lease and not a thousand
//! (`apiserver/pkg/storage/etcd3/lease_manager.go`).

use super::ApiServer;
use crate::etcd::{Etcd, LeaseId, StoreKey};
use crate::sim::Instant;
use std::time::Duration;

const EVENT_TTL: Duration = Duration::from_secs(3600);
/// A lease is taken for new events for so long.
const REUSE: Duration = Duration::from_secs(60);
/// And for so many events.
const EVENTS_PER_LEASE_MAX: u32 = 1000;

/// The lease that new events are put on.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaseManager {
    current: Option<(LeaseId, Instant)>,
    attached: u32,
}

impl LeaseManager {
    pub(super) fn attach(&mut self, etcd: &mut Etcd, key: &StoreKey, now: Instant) {
        let lease = self.lease(etcd, now);
        self.attached += 1;
        // Both exist: the lease outlives the event, and the event was just written.
        let _ = etcd.attach(lease, key);
    }

    fn lease(&mut self, etcd: &mut Etcd, now: Instant) -> LeaseId {
        match self.current {
            Some((lease, reused_until))
                if now <= reused_until && self.attached < EVENTS_PER_LEASE_MAX =>
            {
                lease
            }
            _ => {
                let lease = etcd.grant(EVENT_TTL + REUSE, now);
                self.current = Some((lease, now + REUSE));
                self.attached = 0;
                lease
            }
        }
    }
}

impl ApiServer {
    /// Deletes what has expired by `now`.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.etcd.next_expiry().is_none_or(|at| at > now) {
            return;
        }
        for key in self.etcd.expire(now) {
            let Some(revision) = self.etcd.get(&key).map(|entry| entry.mod_revision) else {
                continue;
            };
            if let Ok(Some(write)) = self.etcd.txn(key, revision, None, |_, _| {}, None) {
                self.watches.publish(&write);
            }
        }
    }
}
