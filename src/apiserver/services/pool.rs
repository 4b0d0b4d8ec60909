//! A range of numbers of which some are taken. The lower end is left to those
//! who ask for a number; others get a random one of the upper part first, so that
//! both seldom collide (KEP-3070, KEP-3668).

use crate::sim::Chance;
use imbl::OrdSet;

/// The outcome of asking for one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is the caller's now.
    Now,
    /// Somebody has it.
    Before,
    /// It is not in the range.
    Outside,
}

/// The range and what of it is taken.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    first: u32,
    last: u32,
    /// Where the upper part begins.
    upper: u32,
    taken: OrdSet<u32>,
}

impl Pool {
    /// `first..=last` of `size` numbers; the lower part is `size / step`, but at
    /// least `lower_min` and at most `lower_max`.
    pub(super) fn new(
        first: u32,
        last: u32,
        size: u32,
        lower_min: u32,
        lower_max: u32,
        step: u32,
    ) -> Pool {
        let lower = match size / step {
            _ if size < lower_min => 0,
            part => part.clamp(lower_min, lower_max),
        };
        Pool {
            first,
            last,
            upper: first + lower,
            taken: OrdSet::new(),
        }
    }

    /// Takes this number.
    pub(super) fn take(&mut self, number: u32) -> Taken {
        if !(self.first..=self.last).contains(&number) {
            return Taken::Outside;
        }
        match self.taken.insert(number) {
            None => Taken::Now,
            Some(_) => Taken::Before,
        }
    }

    /// Takes a free number; none where all are taken.
    pub(super) fn take_next(&mut self, chance: &mut Chance) -> Option<u32> {
        let number = self
            .free_from(self.upper, self.last, chance)
            .or_else(|| self.free_from(self.first, self.upper.saturating_sub(1), chance))?;
        self.taken.insert(number);
        Some(number)
    }

    /// The first free number from a random place on, around the end.
    fn free_from(&self, first: u32, last: u32, chance: &mut Chance) -> Option<u32> {
        if last < first {
            return None;
        }
        let start = first + chance.below(last - first + 1);
        let free = |number: &u32| !self.taken.contains(number);
        (start..=last)
            .find(free)
            .or_else(|| (first..start).find(free))
    }

    /// Gives a number back.
    pub(super) fn release(&mut self, number: u32) {
        self.taken.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_part_is_used_last() {
        let mut chance = Chance::new(1);
        let mut pool = Pool::new(100, 163, 64, 16, 256, 4);
        let upper: Vec<u32> = (0..48)
            .filter_map(|_| pool.take_next(&mut chance))
            .collect();
        assert!(upper.iter().all(|number| (116..=163).contains(number)));
        let lower: Vec<u32> = (0..20)
            .filter_map(|_| pool.take_next(&mut chance))
            .collect();
        assert_eq!(lower.len(), 16);
        assert!(lower.iter().all(|number| (100..116).contains(number)));
        assert_eq!(pool.take_next(&mut chance), None);
        pool.release(101);
        assert_eq!(pool.take_next(&mut chance), Some(101));
    }

    #[test]
    fn a_number_is_taken_once() {
        let mut pool = Pool::new(10, 20, 11, 16, 128, 32);
        assert_eq!(pool.take(12), Taken::Now);
        assert_eq!(pool.take(12), Taken::Before);
        assert_eq!(pool.take(21), Taken::Outside);
        pool.release(12);
        assert_eq!(pool.take(12), Taken::Now);
    }
}
