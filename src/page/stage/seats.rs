//! Which pod sits where: every pod keeps its place on its node as long as it
//! lives, so that tiles never jump because a neighbour went.

use crate::session::protocol::PodView;
use crate::sim::trace::Name;
use std::collections::BTreeMap;

/// The place of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The node, or none in the scheduler's queue.
    pub node: Option<Name>,
    /// Whether it is among the small tiles of the cluster's own pods.
    pub system: bool,
    /// Its number among the seats of its sort.
    pub index: usize,
}

/// The seats of one sort on one node.
#[derive(Clone, Debug, Default)]
struct Bench {
    taken: Vec<Option<Name>>,
    free: Vec<usize>,
}

impl Bench {
    fn sit(&mut self, uid: Name) -> usize {
        // The lowest free seat; the list is short and kept in falling order.
        if let Some(index) = self.free.pop() {
            self.taken[index] = Some(uid);
            return index;
        }
        self.taken.push(Some(uid));
        self.taken.len() - 1
    }

    fn leave(&mut self, index: usize) {
        let Some(seat) = self.taken.get_mut(index) else {
            return;
        };
        *seat = None;
        let at = self.free.partition_point(|other| *other > index);
        self.free.insert(at, index);
        while self.taken.last().is_some_and(Option::is_none) {
            self.taken.pop();
        }
        self.free.retain(|index| *index < self.taken.len());
    }
}

/// All seats.
#[derive(Clone, Debug, Default)]
pub struct Seats {
    of: BTreeMap<Name, Seat>,
    benches: BTreeMap<(Option<Name>, bool), Bench>,
}

impl Seats {
    /// Where a pod sits.
    pub fn of(&self, uid: &str) -> Option<&Seat> {
        self.of.get(uid)
    }

    /// Gives a pod its place; one that stays on its node keeps it.
    pub fn sit(&mut self, pod: &PodView) {
        if let Some(seat) = self.of.get(&pod.uid)
            && seat.node == pod.node
        {
            return;
        }
        self.leave(&pod.uid);
        // The queue makes no difference between the cluster's pods and others.
        let system = pod.system && pod.node.is_some();
        let bench = self.benches.entry((pod.node.clone(), system)).or_default();
        let index = bench.sit(pod.uid.clone());
        self.of.insert(
            pod.uid.clone(),
            Seat {
                node: pod.node.clone(),
                system,
                index,
            },
        );
    }

    /// Frees a pod's place.
    pub fn leave(&mut self, uid: &str) {
        let Some(seat) = self.of.remove(uid) else {
            return;
        };
        let at = (seat.node, seat.system);
        if let Some(bench) = self.benches.get_mut(&at) {
            bench.leave(seat.index);
            if bench.taken.is_empty() {
                self.benches.remove(&at);
            }
        }
    }

    /// How many seats of a sort a node needs (gaps included).
    pub fn used(&self, node: Option<&Name>, system: bool) -> usize {
        self.benches
            .get(&(node.cloned(), system))
            .map_or(0, |bench| bench.taken.len())
    }

    /// Who sits in this very seat.
    pub fn at(&self, node: Option<&Name>, system: bool, index: usize) -> Option<&Name> {
        self.benches
            .get(&(node.cloned(), system))?
            .taken
            .get(index)?
            .as_ref()
    }

    /// Who sits on a node (or in the queue), in the order of the seats.
    pub fn sitting(
        &self,
        node: Option<&Name>,
        system: bool,
    ) -> impl Iterator<Item = (usize, &Name)> {
        self.benches
            .get(&(node.cloned(), system))
            .into_iter()
            .flat_map(|bench| bench.taken.iter().enumerate())
            .filter_map(|(index, uid)| Some((index, uid.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;

    fn pod(uid: &str, node: Option<&str>) -> PodView {
        let mut pod = fixture::pod(uid, "web", node);
        pod.uid = uid.into();
        pod
    }

    #[test]
    fn a_pod_keeps_its_seat_when_a_neighbour_goes() {
        let mut seats = Seats::default();
        for uid in ["a", "b", "c"] {
            seats.sit(&pod(uid, Some("node-1")));
        }
        seats.leave("a");
        assert_eq!(seats.of("c").map(|seat| seat.index), Some(2));
        seats.sit(&pod("d", Some("node-1")));
        assert_eq!(seats.of("d").map(|seat| seat.index), Some(0));
        assert_eq!(seats.used(Some(&"node-1".into()), false), 3);
    }

    #[test]
    fn a_placed_pod_leaves_the_queue() {
        let mut seats = Seats::default();
        seats.sit(&pod("a", None));
        assert_eq!(seats.used(None, false), 1);
        seats.sit(&pod("a", Some("node-2")));
        assert_eq!(seats.used(None, false), 0);
        assert_eq!(seats.sitting(Some(&"node-2".into()), false).count(), 1);
    }

    #[test]
    fn empty_seats_at_the_end_are_given_up() {
        let mut seats = Seats::default();
        for uid in ["a", "b", "c"] {
            seats.sit(&pod(uid, Some("n")));
        }
        seats.leave("b");
        seats.leave("c");
        assert_eq!(seats.used(Some(&"n".into()), false), 1);
        seats.leave("a");
        assert_eq!(seats.used(Some(&"n".into()), false), 0);
    }
}
