//! The distance between two looks at one workload.
//!
//! Looking at a set of n pods costs work in proportion to n. Were each of n pod
//! changes followed by a look, a roll-out would cost n². Upstream is kept from
//! that by the rate limits of its client (20 requests a second a controller) and
//! by keys that merge in its queue while a sync runs. Here the distance grows
//! with n, so that the work a second stays the same however large the set is.

use crate::api::Key;
use crate::sim::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// Distance that each pod adds.
const PER_POD: Duration = Duration::from_micros(500);
/// No set waits longer.
const DISTANCE_MAX: Duration = Duration::from_secs(1);
/// Sets whose distance is shorter than this are not kept waiting at all.
const DISTANCE_MIN: Duration = Duration::from_millis(2);

/// When each workload may be looked at again.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    next: BTreeMap<Key, Instant>,
}

impl Pace {
    /// A workload of `size` pods has been looked at.
    pub(super) fn looked(&mut self, key: &Key, size: usize, now: Instant) {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let distance = PER_POD.saturating_mul(size).min(DISTANCE_MAX);
        if distance < DISTANCE_MIN {
            self.next.remove(key);
        } else {
            self.next.insert(key.clone(), now + distance);
        }
    }

    /// How long until it may be looked at again.
    pub(super) fn delay(&self, key: &Key, now: Instant) -> Duration {
        self.next
            .get(key)
            .map_or(Duration::ZERO, |next| next.since(now))
    }

    pub(super) fn forget(&mut self, key: &Key) {
        self.next.remove(key);
    }
}
