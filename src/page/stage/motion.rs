//! What moves, when, and why: effects scheduled from the records of the trace.
//!
//! Virtual time may bring a whole chain of causes in one instant. Effects of a
//! chain follow each other, so that the eye can read it; but never by more than
//! [`BACKLOG_MS`], and what is too much is bundled into one pulse with a count.

use super::crowd::{self, is_quiet, verb_words};
pub use super::effects::*;
use super::geometry::Rect;
use crate::api::Key;
use crate::session::protocol::{Bundle, PodView};
use crate::sim::trace::{Decision, Fault, Journey, Name, Record, Transition, Verb, What};
use crate::sim::{Actor, RecordId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// No effect begins later than this after its record came.
pub const BACKLOG_MS: f64 = 2600.0;

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
    rate: f64,
    placed: BTreeMap<Key, f64>,
    created: BTreeMap<Key, f64>,
    ends: BTreeMap<RecordId, f64>,
}

/// How many ends of effects are remembered, for those that they cause.
const ENDS_MAX: usize = 4_096;

impl Motion {
    /// Forgets everything, as after a reset.
    pub fn clear(&mut self) {
        *self = Motion {
            reduced: self.reduced,
            ..Motion::default()
        };
    }

    /// Schedules the effects of records that just came, at virtual `speed`.
    pub fn schedule(&mut self, records: &[Arc<Record>], speed: f64, now: f64) {
        self.rate = speed.clamp(1.0, 36.0).sqrt();
        // Fast time leaves no time to unfold chains of causes.
        let backlog = BACKLOG_MS / speed.clamp(1.0, 1000.0);
        let decisions = records
            .iter()
            .filter(|record| matches!(record.what, What::Scheduling(_)))
            .count();
        for record in records {
            let after = record
                .cause
                .and_then(|cause| self.ends.get(&cause).copied());
            let start = after.unwrap_or(now).clamp(now, now + backlog);
            let end = self.schedule_one(record, decisions, start);
            self.ends.insert(record.id, end);
        }
        while self.ends.len() > ENDS_MAX {
            self.ends.pop_first();
        }
    }

    fn schedule_one(&mut self, record: &Arc<Record>, decisions: usize, start: f64) -> f64 {
        match &record.what {
            What::Call {
                verb,
                resource,
                subresource,
                namespace,
                name,
                code,
                ..
            } => {
                let write = !matches!(verb, Verb::Get | Verb::List | Verb::Watch);
                let failed = *code >= 400;
                crowd::send(
                    &mut self.messages,
                    Message {
                        actor: record.actor.clone(),
                        call: true,
                        write: write && !failed,
                        quiet: !write || is_quiet(resource),
                        failed,
                        resource: resource.clone(),
                        verb: verb_words(*verb, subresource),
                        count: 1,
                        start,
                    },
                );
                let end = start + MESSAGE_MS;
                if !failed && &**resource == "pods" && *verb == Verb::Create {
                    let key = Key::new(namespace.clone(), name.clone());
                    match &**subresource {
                        "binding" => remember(&mut self.placed, key, end),
                        _ => remember(&mut self.created, key, end),
                    }
                }
                end
            }
            What::Delivered { resource, more, .. } => {
                crowd::send(
                    &mut self.messages,
                    Message {
                        actor: record.actor.clone(),
                        call: false,
                        write: false,
                        quiet: is_quiet(resource),
                        failed: false,
                        resource: resource.clone(),
                        verb: "",
                        count: 1 + more,
                        start,
                    },
                );
                start + MESSAGE_MS
            }
            What::Reconcile { outcome, .. } => {
                self.note(record.actor.clone(), outcome.to_string(), false, start);
                start + 120.0
            }
            What::Scheduling(decision) => {
                self.verdicts(decision, decisions, start);
                start + 300.0
            }
            What::Container {
                namespace,
                pod,
                transition,
                ..
            } => {
                if let Transition::Exited { code, .. } = transition
                    && *code != 0
                {
                    remember(
                        &mut self.shakes,
                        Key::new(namespace.clone(), pod.clone()),
                        start,
                    );
                }
                start + 120.0
            }
            What::RulesWritten { rules, .. } => {
                self.note(record.actor.clone(), format!("{rules} rules"), false, start);
                start + 120.0
            }
            What::Journey(journey) => {
                self.run(record.id, journey.clone(), start);
                start
            }
            What::Fault { node, fault } => {
                let text = match fault {
                    Fault::NodeStopped => "power lost".to_owned(),
                    Fault::NodeStarted => "power is back".to_owned(),
                    Fault::ContainerKilled { pod, .. } => format!("process killed in {pod}"),
                };
                if matches!(fault, Fault::NodeStopped) {
                    // What was shown on its way is long over; it would lie now.
                    self.runs.retain(|run| !run.touches(node));
                }
                let against = !matches!(fault, Fault::NodeStarted);
                self.node_notes
                    .insert(node.clone(), note(text, against, start));
                start + 160.0
            }
        }
    }

    /// Calls and deliveries that came only as counts.
    pub fn schedule_bundles(&mut self, bundles: &[Bundle], now: f64) {
        for bundle in bundles {
            crowd::send(
                &mut self.messages,
                Message {
                    actor: bundle.actor.clone(),
                    call: bundle.call,
                    write: bundle.call,
                    quiet: is_quiet(&bundle.resource),
                    failed: false,
                    resource: bundle.resource.clone(),
                    verb: "",
                    count: bundle.count,
                    start: now,
                },
            );
        }
    }

    fn note(&mut self, actor: Actor, text: String, against: bool, start: f64) {
        self.notes.insert(actor, note(text, against, start));
    }

    fn verdicts(&mut self, decision: &Decision, decisions: usize, start: f64) {
        let text = match &decision.node {
            Some(node) => format!("{} → {node}", decision.pod),
            None => decision.message.clone(),
        };
        self.note(Actor::Scheduler, text, decision.node.is_none(), start);
        // Of many decisions at once no one could read the reasons node by node.
        if decisions > 6 {
            return;
        }
        for verdict in decision.verdicts.iter().take(200) {
            if let Some(rejected) = &verdict.rejected {
                let text = rejected
                    .reasons
                    .first()
                    .map_or(&*rejected.plugin, |reason| &**reason);
                self.node_notes
                    .insert(verdict.node.clone(), note(text.to_owned(), true, start));
            }
        }
        for score in decision.scores.iter().take(200) {
            let text = format!("score {}", score.total);
            self.node_notes
                .insert(score.node.clone(), note(text, false, start));
        }
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

/// How many beginnings are remembered for pods that have not come yet.
const KEYS_MAX: usize = 4_096;

fn remember(map: &mut BTreeMap<Key, f64>, key: Key, at: f64) {
    if map.len() >= KEYS_MAX {
        map.clear();
    }
    map.insert(key, at);
}

fn note(text: String, against: bool, start: f64) -> Note {
    Note {
        text,
        against,
        start,
        until: start + NOTE_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;
    use crate::sim::Instant;

    #[test]
    fn effects_of_a_chain_follow_each_other() {
        let mut motion = Motion::default();
        motion.schedule(&fixture::records(0, Instant::ZERO), 1.0, 1000.0);
        let starts: Vec<f64> = motion
            .messages
            .iter()
            .map(|message| message.start)
            .collect();
        assert!(starts.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(starts[0], 1000.0);
        assert!(starts[1] >= 1000.0 + MESSAGE_MS);
        assert!(starts.iter().all(|start| *start <= 1000.0 + BACKLOG_MS));
    }

    #[test]
    fn no_seconds_of_backlog_at_high_speed() {
        let mut motion = Motion::default();
        motion.schedule(&fixture::records(0, Instant::ZERO), 100.0, 0.0);
        assert!(
            motion
                .messages
                .iter()
                .all(|message| message.start <= BACKLOG_MS / 100.0)
        );
    }

    #[test]
    fn a_crowd_becomes_pulses_with_counts() {
        let mut motion = Motion::default();
        let bundles: Vec<Bundle> = (0..5_000)
            .map(|n| Bundle {
                actor: Actor::Kubelet(format!("node-{n}").into()),
                call: true,
                resource: "pods".into(),
                count: 2,
                at: Instant::ZERO,
            })
            .collect();
        motion.schedule_bundles(&bundles, 0.0);
        assert!(motion.messages.len() <= crowd::MESSAGES_MAX);
        let told: u32 = motion.messages.iter().map(|message| message.count).sum();
        assert_eq!(told, 10_000);
    }

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
