//! Forgetting: every five minutes the API server compacts away the history that
//! was there five minutes before (`--etcd-compaction-interval`,
//! `apiserver/pkg/storage/etcd3/compact.go`).

use crate::etcd::Etcd;
use crate::sim::Instant;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(300);

/// When history was looked at last, and how long it was then.
#[derive(Clone, Debug, Default)]
pub(super) struct Compactor {
    looked: Instant,
    revision: u64,
}

impl Compactor {
    pub(super) fn compact(&mut self, etcd: &mut Etcd, now: Instant) {
        if now.since(self.looked) < INTERVAL {
            return;
        }
        // Where nobody asked for two intervals, nothing was written either.
        let idle = now.since(self.looked) >= 2 * INTERVAL;
        let upto = if idle { etcd.revision() } else { self.revision };
        if upto > 0 {
            etcd.compact(upto);
        }
        self.looked = now;
        self.revision = etcd.revision();
    }
}
