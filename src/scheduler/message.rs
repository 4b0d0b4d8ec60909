//! What `FailedScheduling` says (`FitError`).

use super::framework::Rejected;
use crate::api::Name;
use crate::sim::order::Order as _;
use std::collections::BTreeMap;

/// Why a node cannot be had, counted by reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    reasons: BTreeMap<Name, usize>,
}

impl Tally {
    /// Counts a node's reasons, each once for `nodes` nodes.
    pub(super) fn count(&mut self, rejected: &Rejected, nodes: usize) {
        for reason in &rejected.reasons {
            *self.reasons.entry(reason.clone()).or_default() += nodes;
        }
    }

    /// `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`
    pub(super) fn sentence(&self, nodes_total: usize) -> String {
        let mut parts: Vec<String> = self
            .reasons
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        // Sorted as text, numbers included, as upstream does.
        parts.order();
        match parts.is_empty() {
            true => format!("0/{nodes_total} nodes are available"),
            false => format!("0/{nodes_total} nodes are available: {}.", parts.join(", ")),
        }
    }
}

/// The longest message of an event (`NoteLengthLimit`).
const NOTE_LENGTH_MAX: usize = 1024;

/// A message as events carry it: cut where it is too long.
pub(super) fn note(message: &str) -> String {
    const CUT: &str = " ...";
    if message.len() <= NOTE_LENGTH_MAX {
        return message.to_owned();
    }
    let mut end = NOTE_LENGTH_MAX - CUT.len();
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{CUT}", &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_sorted_as_text() {
        let mut tally = Tally::default();
        assert_eq!(tally.sentence(2), "0/2 nodes are available");
        let no = |reason: &str| Rejected::unresolvable(&reason.into());
        (0..10).for_each(|_| tally.count(&no("node(s) were unschedulable"), 1));
        tally.count(&no("Insufficient cpu"), 2);
        assert_eq!(
            tally.sentence(12),
            "0/12 nodes are available: 10 node(s) were unschedulable, 2 Insufficient cpu."
        );
    }

    #[test]
    fn a_long_message_is_cut() {
        assert_eq!(note("short"), "short");
        let cut = note(&"é".repeat(1000));
        assert!(cut.len() <= NOTE_LENGTH_MAX && cut.ends_with(" ..."));
    }
}
