//! From records of the trace to effects: what begins when, each after what caused
//! it.
//!
//! Virtual time may bring a whole chain of causes in one instant. Effects of a
//! chain follow each other, so that the eye can read it; but never by more than
//! [`BACKLOG_MS`].

use super::crowd::{self, is_quiet, verb_words};
use super::effects::{MESSAGE_MS, Message, NOTE_MS, Note};
use super::motion::Motion;
use crate::api::Key;
use crate::session::protocol::Bundle;
use crate::sim::Actor;
use crate::sim::trace::{Decision, Fault, Record, Transition, Verb, What};
use std::collections::BTreeMap;
use std::sync::Arc;

/// No effect begins later than this after its record came.
pub const BACKLOG_MS: f64 = 2600.0;

/// How many ends of effects are remembered, for those that they cause.
const ENDS_MAX: usize = 4_096;

impl Motion {
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
}
