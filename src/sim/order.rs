//! Sorting, written once for all types: the standard library's sorts are some
//! six kilobytes of code for each type that is sorted, which the page would
//! have to load.

use std::cmp::Ordering;

/// What slices offer in place of the standard library's sorts. All are stable.
pub trait Order<T> {
    /// As [`slice::sort_by`].
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering);

    /// As [`slice::sort_by_key`].
    fn order_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.order_by(|one, other| key(one).cmp(&key(other)));
    }

    /// As [`slice::sort`].
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }
}

impl<T> Order<T> for [T] {
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering) {
        let mut sources = sorted(self.len(), &|one, other| compare(&self[one], &self[other]));
        arrange(&mut sources, &mut |one, other| self.swap(one, other));
    }
}

/// The places `0..count` in the order that `compare` gives them.
fn sorted(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

/// Brings to every place what lies at its source, by swaps along each cycle.
fn arrange(sources: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..sources.len() {
        let mut at = start;
        loop {
            let source = std::mem::replace(&mut sources[at], at);
            if source == start || source == at {
                break;
            }
            swap(at, source);
            at = source;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_as_the_standard_library_does() {
        let mut chance = crate::sim::Chance::new(7);
        for length in 0..200 {
            let items: Vec<(u32, u32)> = (0..length)
                .map(|index| (chance.below(length / 3 + 1), index))
                .collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            let mut found = items;
            found.order_by_key(|(key, _)| *key);
            assert_eq!(found, expected);
        }
    }
}
