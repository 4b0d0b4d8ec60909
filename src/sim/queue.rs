//! The event queue: a total order over everything that will happen.

use super::{Cause, Instant};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Events in order of their instant; those of one instant in order of their
/// insertion. So no two events are ever unordered.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Entry<E>>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Entry<E> {
    at: Instant,
    order: u64,
    cause: Cause,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl<E> Eq for Entry<E> {}
impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Entry<E> {
    // Reversed, because BinaryHeap hands out the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue {
            heap: BinaryHeap::new(),
            next: 0,
        }
    }
}

impl<E> Queue<E> {
    /// Adds `event`, to happen at `at` because of `cause`.
    pub fn push(&mut self, at: Instant, cause: Cause, event: E) {
        let order = self.next;
        self.next += 1;
        self.heap.push(Entry {
            at,
            order,
            cause,
            event,
        });
    }

    /// When the next event happens.
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|entry| entry.at)
    }

    /// Takes the next event with its instant and cause.
    pub fn pop(&mut self) -> Option<(Instant, Cause, E)> {
        self.heap
            .pop()
            .map(|entry| (entry.at, entry.cause, entry.event))
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_instant_keep_their_insertion_order() {
        let mut queue = Queue::default();
        for (at, name) in [(2, "c"), (1, "a"), (1, "b"), (0, "z")] {
            queue.push(Instant(at), None, name);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop().map(|(_, _, name)| name)).collect();
        assert_eq!(order, ["z", "a", "b", "c"]);
    }
}
