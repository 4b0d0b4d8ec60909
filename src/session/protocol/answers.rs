//! Answers to commands, and all about one subject.

use super::{EventView, Subject};
use crate::api::Key;
use crate::sim::Instant;
use crate::sim::trace::{Decision, Journey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A message about a manifest, at its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosticView {
    /// 2 error, 1 warning, 0 information.
    pub severity: u8,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// Line where it ends.
    pub end_line: u32,
    /// Column after its end.
    pub end_column: u32,
    /// What is wrong, in Kubernetes' words.
    pub message: String,
    /// What to do, or empty.
    pub fix: String,
}

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its kind, as written.
    pub kind: String,
    /// Its namespace and name.
    pub key: Key,
    /// `created`, `configured`, `unchanged`, `deleted`, or empty on error.
    pub result: String,
    /// The error, or empty.
    pub error: String,
    /// Line where the document begins.
    pub line: u32,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Done; one line of what was done.
    Done(String),
    /// Not done; why, and what to do.
    Refused(String),
    /// What a manifest was found to be.
    Checked(Vec<DiagnosticView>),
    /// What became of each document, and what was found at which line.
    Applied {
        /// By document.
        outcomes: Vec<Outcome>,
        /// At their lines.
        diagnostics: Vec<DiagnosticView>,
    },
    /// A packet's way.
    Journey(Arc<Journey>),
}

/// Everything the inspector shows of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Of what.
    pub subject: Subject,
    /// Whether it is still there.
    pub gone: bool,
    /// One line: what it is.
    pub headline: String,
    /// Name and value, in order of weight.
    pub facts: Vec<(String, String)>,
    /// "Why?": question and answers.
    pub why: Vec<Why>,
    /// `status.conditions`.
    pub conditions: Vec<ConditionView>,
    /// Its events, the latest first.
    pub events: Vec<EventView>,
    /// The scheduler's last decision about it, for pods.
    pub decision: Option<Arc<Decision>>,
    /// The object as `kubectl get -o yaml` prints it.
    pub yaml: String,
    /// Tables of text: `iptables-save`, routes, neighbours, logs… (title, text).
    pub texts: Vec<(String, String)>,
    /// Other subjects it belongs with (owner, pods, node): (relation, subject).
    pub related: Vec<(String, Subject)>,
}

/// A question that a user has, answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The question (`Why is it not Ready?`).
    pub question: String,
    /// The answer, one fact a line.
    pub answer: Vec<String>,
}

/// One of `status.conditions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionView {
    /// Type.
    pub name: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Reason, or empty.
    pub reason: String,
    /// Message, or empty.
    pub message: String,
    /// Since when.
    pub since: Option<Instant>,
}
