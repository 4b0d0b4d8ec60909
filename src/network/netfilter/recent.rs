//! The lists of `xt_recent`: who was seen when. kube-proxy keeps session affinity
//! in them.

use crate::api::Name;
use crate::sim::Instant;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Entries over all lists; beyond it the memory begins anew.
const ENTRIES_MAX: usize = 16_384;

/// Sources by list.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    seen: BTreeMap<(Name, Ipv4Addr), Instant>,
}

impl Recent {
    /// Notes a source.
    pub fn remember(&mut self, list: &Name, source: Ipv4Addr, now: Instant) {
        if self.seen.len() >= ENTRIES_MAX {
            self.seen = BTreeMap::new();
        }
        self.seen.insert((list.clone(), source), now);
    }

    /// Whether a source was noted within this time; if longer ago, it is
    /// forgotten (`--reap`).
    pub fn seen(&mut self, list: &Name, source: Ipv4Addr, now: Instant, within: Duration) -> bool {
        let key = (list.clone(), source);
        match self.seen.get(&key) {
            Some(last) if now.since(*last) <= within => true,
            Some(_) => {
                self.seen.remove(&key);
                false
            }
            None => false,
        }
    }
}
