//! What happened, as lists, timeline and charts show it.

use super::Subject;
use crate::api::{Key, Name};
use crate::sim::{Actor, Instant};
use serde::{Deserialize, Serialize};

/// Calls or deliveries of one sort that were too many to tell singly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// Who called, or got told.
    pub actor: Actor,
    /// Whether it called (true) or was told (false).
    pub call: bool,
    /// Plural name of the resource.
    pub resource: Name,
    /// How many.
    pub count: u32,
    /// When the latest of them was.
    pub at: Instant,
}

/// A Kubernetes event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// When it was last seen.
    pub at: Instant,
    /// Whether it is a Warning.
    pub warning: bool,
    /// Reason.
    pub reason: Name,
    /// About what.
    pub kind: Name,
    /// About which.
    pub key: Key,
    /// Message.
    pub message: Name,
    /// Who says so (`kubelet`).
    pub source: Name,
    /// How often.
    pub count: u32,
}

/// A mark on the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Instant,
    /// What kind of thing.
    pub sort: MarkSort,
    /// One line.
    pub text: Name,
    /// What to select, if anything.
    pub subject: Option<Subject>,
}

/// Kinds of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkSort {
    /// The user did something.
    User,
    /// A pod was placed.
    Placed,
    /// A container ended or waits in back-off.
    Crash,
    /// A node went or came.
    Node,
    /// A packet was sent.
    Packet,
    /// A scenario's step.
    Step,
    /// Something else that deserves a look.
    Warning,
}

/// A sample for the charts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Pods Pending, Running, Succeeded, Failed, Unknown.
    pub phases: [u32; 5],
    /// Container restarts so far, over all pods there are.
    pub restarts: u32,
}
