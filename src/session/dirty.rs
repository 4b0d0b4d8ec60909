//! What the viewer has not been told yet, taken in parts: no update is so large
//! that the page takes long to take it in.

use crate::api::{Key, Kind, Name};
use std::collections::BTreeSet;
use std::ops::Bound;

/// Pods that changed, in one update.
const PODS_PER_UPDATE_MAX: usize = 200;
/// Pods that are gone, in one update.
const GONE_PER_UPDATE_MAX: usize = 400;

/// What changed and has not been told.
#[derive(Clone, Debug, Default)]
pub(super) struct Dirty {
    pub pods: BTreeSet<Key>,
    pub nodes: BTreeSet<Name>,
    pub workloads: BTreeSet<(Kind, Key)>,
    pub services: BTreeSet<Key>,
    pub gone: Gone,
    /// The last pod that was told: the next update goes on after it, so that pods
    /// that change all the time do not keep others waiting.
    told: Option<Key>,
}

impl Dirty {
    /// What the next update tells, within its bounds.
    pub(super) fn take(&mut self) -> Dirty {
        let pods = self.next_pods();
        let gone = take_first(&mut self.gone.pods, GONE_PER_UPDATE_MAX);
        let left = Dirty {
            pods: std::mem::take(&mut self.pods),
            told: self.told.take(),
            gone: Gone {
                pods: std::mem::take(&mut self.gone.pods),
                ..Gone::default()
            },
            ..Dirty::default()
        };
        let mut taken = std::mem::replace(self, left);
        (taken.pods, taken.gone.pods) = (pods, gone);
        taken
    }

    fn next_pods(&mut self) -> BTreeSet<Key> {
        if self.pods.len() <= PODS_PER_UPDATE_MAX {
            self.told = None;
            return std::mem::take(&mut self.pods);
        }
        let after = match self.told.take() {
            Some(key) => (Bound::Excluded(key), Bound::Unbounded),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let from_there = self.pods.range(after).chain(&self.pods);
        let next: Vec<Key> = from_there.take(PODS_PER_UPDATE_MAX).cloned().collect();
        for key in &next {
            self.pods.remove(key);
        }
        self.told = next.last().cloned();
        next.into_iter().collect()
    }
}

/// The first `most` of a list; the rest stays.
fn take_first<T>(list: &mut Vec<T>, most: usize) -> Vec<T> {
    let rest = list.split_off(most.min(list.len()));
    std::mem::replace(list, rest)
}

#[derive(Clone, Debug, Default)]
pub(super) struct Gone {
    pub pods: Vec<Name>,
    pub nodes: Vec<Name>,
    pub workloads: Vec<Name>,
    pub services: Vec<Name>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        Key::new("default", format!("web-{number:04}"))
    }

    #[test]
    fn pods_that_change_all_the_time_do_not_keep_others_waiting() {
        let mut dirty = Dirty::default();
        let mut told = BTreeSet::new();
        for _ in 0..8 {
            dirty.pods.extend((0..1_000).map(key));
            let next = dirty.take().pods;
            assert_eq!(next.len(), PODS_PER_UPDATE_MAX);
            told.extend(next);
        }
        assert_eq!(told.len(), 1_000);
    }

    #[test]
    fn all_is_told_in_the_end() {
        let mut dirty = Dirty::default();
        dirty.pods.extend((0..450).map(key));
        dirty
            .gone
            .pods
            .extend((0..900).map(|n| format!("{n}").into()));
        let parts: Vec<(usize, usize)> = (0..4)
            .map(|_| dirty.take())
            .map(|part| (part.pods.len(), part.gone.pods.len()))
            .collect();
        assert_eq!(parts, [(200, 400), (200, 400), (50, 100), (0, 0)]);
    }
}
