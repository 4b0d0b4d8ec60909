//! What moves at this moment, and until when. What begins, and after what, is the
//! matter of `schedule`.

pub use super::effects::*;
use super::geometry::Rect;
use crate::api::Key;
use crate::session::protocol::PodView;
use crate::sim::trace::{Journey, Name};
use crate::sim::{Actor, RecordId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Flights at once; further pods are simply there, and counted.
pub const FLIGHTS_MAX: usize = 60;

/// Ghosts at once.
pub const GHOSTS_MAX: usize = 60;

/// Packets on the way at once; more are in the list of journeys.
pub const RUNS_MAX: usize = 3;

/// Everything that moves.
#[derive(Clone, Debug, Default)]
pub struct Motion {
    /// Messages on the way or about to set out.
    pub messages: Vec<Message>,
    /// Flights by the pod's uid.
    pub flights: BTreeMap<Name, Flight>,
    /// Pods that came to their places without a flight of late, and until when
    /// that is told.
    pub unflown: (u32, f64),
    /// When pods began to shake, by key.
    pub shakes: BTreeMap<Key, f64>,
    /// Lost pods.
    pub ghosts: Vec<Ghost>,
    /// Words beside nodes.
    pub node_notes: BTreeMap<Name, Note>,
    /// Words beside components.
    pub notes: BTreeMap<Actor, Note>,
    /// Packets on the way.
    pub runs: Vec<Run>,
    /// Whether anything moves, or only appears and disappears.
    pub reduced: bool,
    pub(super) rate: f64,
    pub(super) placed: BTreeMap<Key, f64>,
    pub(super) created: BTreeMap<Key, f64>,
    pub(super) ends: BTreeMap<RecordId, f64>,
}

impl Motion {
    /// Forgets everything, as after a reset.
    pub fn clear(&mut self) {
        *self = Motion {
            reduced: self.reduced,
            ..Motion::default()
        };
    }

    /// Sends a packet on its way.
    pub fn run(&mut self, id: RecordId, journey: Arc<Journey>, start: f64) {
        if self.runs.len() >= RUNS_MAX {
            self.runs.remove(0);
        }
        self.runs.push(Run {
            id,
            journey,
            start,
            rate: self.rate.max(1.0),
        });
    }

    /// When the binding of a pod has been shown; `now` where none is known.
    pub fn placed_at(&mut self, key: &Key, now: f64) -> f64 {
        self.placed.remove(key).map_or(now, |at| at.max(now))
    }

    /// When the creation of a pod has been shown.
    pub fn created_at(&mut self, key: &Key, now: f64) -> f64 {
        self.created.remove(key).map_or(now, |at| at.max(now))
    }

    /// Lets a pod fly from `from` to its seat.
    pub fn fly(&mut self, uid: &Name, from: Rect, start: f64, lasts: f64) {
        if self.reduced {
            return;
        }
        if self.flights.len() < FLIGHTS_MAX {
            self.flights
                .insert(uid.clone(), Flight { from, start, lasts });
        } else {
            self.unflown = (self.unflown.0 + 1, start + NOTE_MS);
        }
    }

    /// Leaves a ghost of a lost pod.
    pub fn haunt(&mut self, pod: PodView, rect: Rect, now: f64) {
        if self.ghosts.len() < GHOSTS_MAX {
            self.ghosts.push(Ghost {
                pod,
                rect,
                born: now,
            });
        }
    }

    /// Forgets what has ended; `run_lasts` tells how long a journey's run takes.
    pub fn tick(&mut self, now: f64, run_lasts: impl Fn(&Run) -> f64) {
        self.messages
            .retain(|message| now < message.start + MESSAGE_MS);
        self.shakes.retain(|_, start| now < *start + SHAKE_MS);
        if now >= self.unflown.1 {
            self.unflown = (0, 0.0);
        }
        self.ghosts.retain(|ghost| now < ghost.born + GHOST_MS);
        self.node_notes.retain(|_, note| now < note.until);
        self.notes.retain(|_, note| now < note.until);
        self.runs.retain(|run| run.elapsed(now) < run_lasts(run));
    }

    /// Ends flights that are over: from now on the ground shows those pods.
    pub fn land(&mut self, now: f64) {
        self.flights
            .retain(|_, flight| now < flight.start + flight.lasts);
    }

    /// Whether anything is on the move and the picture must be drawn again.
    pub fn moves(&self) -> bool {
        !(self.messages.is_empty()
            && self.flights.is_empty()
            && self.unflown.0 == 0
            && self.shakes.is_empty()
            && self.ghosts.is_empty()
            && self.node_notes.is_empty()
            && self.notes.is_empty()
            && self.runs.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;
    use crate::sim::Instant;
    use crate::sim::trace::{Fault, Record, What};

    #[test]
    fn everything_ends() {
        let mut motion = Motion::default();
        motion.schedule(&fixture::records(0, Instant::ZERO), 1.0, 0.0);
        motion.fly(&"uid".into(), Rect::default(), 0.0, FLIGHT_MS);
        motion.haunt(fixture::pod("a", "web", None), Rect::default(), 0.0);
        assert!(motion.moves());
        motion.tick(60_000.0, |_| 9_000.0);
        motion.land(60_000.0);
        assert!(!motion.moves());
    }

    #[test]
    fn a_packet_does_not_outlive_its_node() {
        let mut motion = Motion::default();
        motion.schedule(&fixture::records(0, Instant::ZERO), 1.0, 0.0);
        assert_eq!(motion.runs.len(), 1);
        let fault = |node: &str| {
            std::sync::Arc::new(Record {
                id: RecordId(900),
                at: Instant::ZERO,
                cause: None,
                actor: Actor::World,
                what: What::Fault {
                    node: node.into(),
                    fault: Fault::NodeStopped,
                },
            })
        };
        motion.schedule(&[fault("node-7")], 1.0, 0.0);
        assert_eq!(motion.runs.len(), 1);
        motion.schedule(&[fault("node-2")], 1.0, 0.0);
        assert!(motion.runs.is_empty());
    }

    #[test]
    fn what_is_too_much_to_fly_is_counted_for_a_while() {
        let mut motion = Motion::default();
        for n in 0..FLIGHTS_MAX + 240 {
            motion.fly(&format!("{n}").into(), Rect::default(), 0.0, FLIGHT_MS);
        }
        assert_eq!(motion.flights.len(), FLIGHTS_MAX);
        assert_eq!(motion.unflown.0, 240);
        motion.tick(NOTE_MS, |_| 0.0);
        motion.land(NOTE_MS);
        assert!(!motion.moves());
    }

    #[test]
    fn reduced_motion_has_no_flights() {
        let mut motion = Motion {
            reduced: true,
            ..Motion::default()
        };
        motion.fly(&"uid".into(), Rect::default(), 0.0, FLIGHT_MS);
        assert!(motion.flights.is_empty());
    }
}
