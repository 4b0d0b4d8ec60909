//! A work queue: keys to look at, each at most once, with back-off for those
//! that failed (`k8s.io/client-go/util/workqueue`).

use crate::sim::Cause;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// First delay after a failure (`DefaultControllerRateLimiter`).
const BACK_OFF_BASE: Duration = Duration::from_millis(5);
/// Longest delay after failures.
const BACK_OFF_MAX: Duration = Duration::from_secs(1000);

/// Keys waiting to be looked at. A key that is added while it waits is not added
/// twice; it keeps the cause it was first added for.
#[derive(Clone, Debug)]
pub struct WorkQueue<K: Ord + Clone> {
    order: VecDeque<K>,
    waiting: BTreeMap<K, Cause>,
    failures: BTreeMap<K, u32>,
}

impl<K: Ord + Clone> Default for WorkQueue<K> {
    fn default() -> Self {
        WorkQueue {
            order: VecDeque::new(),
            waiting: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone> WorkQueue<K> {
    /// Adds a key. Answers whether the queue was empty before, so that its owner
    /// knows to set a timer.
    pub fn add(&mut self, key: K, cause: Cause) -> bool {
        let was_empty = self.order.is_empty();
        if !self.waiting.contains_key(&key) {
            self.waiting.insert(key.clone(), cause);
            self.order.push_back(key);
        }
        was_empty
    }

    /// Takes the key that waits longest, with its cause.
    pub fn pop(&mut self) -> Option<(K, Cause)> {
        let key = self.order.pop_front()?;
        let cause = self.waiting.remove(&key).flatten();
        Some((key, cause))
    }

    /// How long to wait before a failed key is added again: 5 ms, doubling to
    /// 1,000 s.
    pub fn back_off(&mut self, key: &K) -> Duration {
        let failures = self.failures.get(key).copied().unwrap_or(0);
        self.failures
            .insert(key.clone(), failures.saturating_add(1));
        let factor = 1u32.checked_shl(failures).unwrap_or(u32::MAX);
        BACK_OFF_BASE.saturating_mul(factor).min(BACK_OFF_MAX)
    }

    /// Forgets the failures of a key that went well.
    pub fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many keys wait.
    pub fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_once() {
        let mut queue = WorkQueue::default();
        assert!(queue.add("a", None));
        assert!(!queue.add("b", None));
        assert!(!queue.add("a", None));
        assert_eq!(queue.pop(), Some(("a", None)));
        assert_eq!(queue.pop(), Some(("b", None)));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn failures_double_the_delay_until_it_went_well() {
        let mut queue = WorkQueue::default();
        let delays: Vec<u128> = (0..4).map(|_| queue.back_off(&"a").as_millis()).collect();
        assert_eq!(delays, [5, 10, 20, 40]);
        for _ in 0..40 {
            queue.back_off(&"a");
        }
        assert_eq!(queue.back_off(&"a"), BACK_OFF_MAX);
        queue.forget(&"a");
        assert_eq!(queue.back_off(&"a"), BACK_OFF_BASE);
    }
}
