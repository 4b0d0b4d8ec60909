//! Expectations (`ControllerExpectations`): what the controller did and has not
//! yet seen through its watch. Until it has, counting pods would count wrong.

use crate::api::Key;
use crate::sim::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// After so long the controller looks again, whatever it has seen
/// (`ExpectationsTimeout`).
const TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Clone, Debug, Default)]
struct Expected {
    creations: usize,
    deletions: BTreeSet<String>,
    since: Instant,
}

/// What each set still expects to see.
#[derive(Clone, Debug, Default)]
pub(super) struct Expectations {
    sets: BTreeMap<Key, Expected>,
}

impl Expectations {
    pub(super) fn satisfied(&self, key: &Key, now: Instant) -> bool {
        self.sets.get(key).is_none_or(|expected| {
            let fulfilled = expected.creations == 0 && expected.deletions.is_empty();
            fulfilled || now.since(expected.since) > TIMEOUT
        })
    }

    pub(super) fn expect_creations(&mut self, key: &Key, creations: usize, now: Instant) {
        let expected = Expected {
            creations,
            since: now,
            ..Expected::default()
        };
        self.sets.insert(key.clone(), expected);
    }

    pub(super) fn expect_deletions(
        &mut self,
        key: &Key,
        uids: impl Iterator<Item = String>,
        now: Instant,
    ) {
        let expected = Expected {
            creations: 0,
            deletions: uids.collect(),
            since: now,
        };
        self.sets.insert(key.clone(), expected);
    }

    pub(super) fn created(&mut self, key: &Key) {
        self.not_created(key, 1);
    }

    /// Creations that failed or were given up are not waited for.
    pub(super) fn not_created(&mut self, key: &Key, count: usize) {
        if let Some(expected) = self.sets.get_mut(key) {
            expected.creations = expected.creations.saturating_sub(count);
        }
    }

    pub(super) fn deleted(&mut self, key: &Key, uid: &str) {
        if let Some(expected) = self.sets.get_mut(key) {
            expected.deletions.remove(uid);
        }
    }

    pub(super) fn forget(&mut self, key: &Key) {
        self.sets.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_waits_until_it_saw_what_it_did() {
        let key = Key::new("default", "web");
        let mut expectations = Expectations::default();
        assert!(expectations.satisfied(&key, Instant::ZERO));
        expectations.expect_creations(&key, 2, Instant::ZERO);
        expectations.created(&key);
        assert!(!expectations.satisfied(&key, Instant::ZERO));
        expectations.created(&key);
        assert!(expectations.satisfied(&key, Instant::ZERO));
        let uids = ["a", "b"].map(str::to_owned);
        expectations.expect_deletions(&key, uids.into_iter(), Instant::ZERO);
        expectations.deleted(&key, "a");
        expectations.deleted(&key, "a");
        assert!(!expectations.satisfied(&key, Instant::from_secs(300)));
        assert!(expectations.satisfied(&key, Instant::from_secs(301)));
    }
}
