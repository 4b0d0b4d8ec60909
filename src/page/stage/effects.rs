//! The effects that the stage knows, and how long each lasts.

use super::geometry::Rect;
use crate::session::protocol::PodView;
use crate::sim::trace::{Journey, Name};
use crate::sim::{Actor, RecordId};
use std::sync::Arc;

/// A message's way, in milliseconds.
pub const MESSAGE_MS: f64 = 420.0;

/// A pod's flight to its node.
pub const FLIGHT_MS: f64 = 400.0;

/// A pod's appearance in the queue.
pub const APPEAR_MS: f64 = 240.0;

/// The shake of a container that ended badly.
pub const SHAKE_MS: f64 = 240.0;

/// How long a note beside a component or node stays.
pub const NOTE_MS: f64 = 1500.0;

/// How long a lost pod's ghost stays.
pub const GHOST_MS: f64 = 2600.0;

/// An API call on its way, or a change on its way to a watcher.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who calls or is told.
    pub actor: Actor,
    /// Whether it calls (true) or is told (false).
    pub call: bool,
    /// Whether the call goes on to etcd.
    pub write: bool,
    /// Reads, heartbeats and events move without words.
    pub quiet: bool,
    /// Whether the call failed.
    pub failed: bool,
    /// Plural name of the resource.
    pub resource: Name,
    /// `create`, `patch status`; empty for a delivery.
    pub verb: &'static str,
    /// How many.
    pub count: u32,
    /// When it sets out, in milliseconds.
    pub start: f64,
}

/// A pod that flies to where it now sits.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    /// From where, in stage coordinates.
    pub from: Rect,
    /// When it sets out.
    pub start: f64,
    /// How long it takes.
    pub lasts: f64,
}

/// A pod that is gone, shown while its replacement is ordered.
#[derive(Clone, Debug)]
pub struct Ghost {
    /// As it was.
    pub pod: PodView,
    /// Where it sat.
    pub rect: Rect,
    /// When it went.
    pub born: f64,
}

/// A few words beside a node or component.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The words.
    pub text: String,
    /// Whether it tells of a refusal.
    pub against: bool,
    /// From when.
    pub start: f64,
    /// Until when.
    pub until: f64,
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub struct Run {
    /// The record that told of it.
    pub id: RecordId,
    /// Its journey.
    pub journey: Arc<Journey>,
    /// When it set out.
    pub start: f64,
}
