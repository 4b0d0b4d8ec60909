//! The words between a viewer and the engine. Encoded with postcard where they
//! cross to the page.
//!
//! Everything that is shown is either an entity (a node, pod, workload or service
//! as it is now, sent when it changes), a [`Record`] of the trace (a movement), or
//! the answer to a command. The viewer invents nothing.

mod answers;
mod commands;
mod entities;
mod happenings;

pub use crate::cluster::ClusterSpec;
pub use answers::*;
pub use commands::*;
pub use entities::*;
pub use happenings::*;

use crate::api::Name;
use crate::sim::Instant;
use crate::sim::trace::Record;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the engine tells a viewer: everything since the last update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// The entities below are all there are: forget the others (after a reset).
    pub whole: bool,
    /// Clock and transport.
    pub clock: ClockView,
    /// Nodes that changed.
    pub nodes: Vec<NodeView>,
    /// Nodes that are gone, by name.
    pub nodes_gone: Vec<Name>,
    /// Pods that changed.
    pub pods: Vec<PodView>,
    /// Pods that are gone, by uid.
    pub pods_gone: Vec<Name>,
    /// Workloads that changed.
    pub workloads: Vec<WorkloadView>,
    /// Workloads that are gone, by uid.
    pub workloads_gone: Vec<Name>,
    /// Services that changed.
    pub services: Vec<ServiceView>,
    /// Services that are gone, by uid.
    pub services_gone: Vec<Name>,
    /// What happened, oldest first: at most [`RECORDS_PER_UPDATE_MAX`].
    pub records: Vec<Arc<Record>>,
    /// Calls and deliveries that did not fit, counted.
    pub bundles: Vec<Bundle>,
    /// Kubernetes events, as `kubectl get events` has them, oldest first.
    pub events: Vec<EventView>,
    /// Marks for the timeline.
    pub marks: Vec<Mark>,
    /// Samples for the charts, oldest first.
    pub samples: Vec<Sample>,
    /// Answers to commands.
    pub answers: Vec<(Ticket, Answer)>,
    /// About the inspected subject, when it changed.
    pub detail: Option<Box<Detail>>,
    /// The scenario that runs, when its state changed.
    pub scenario: Option<ScenarioView>,
}

/// Records in one update; what goes beyond is bundled into counts.
pub const RECORDS_PER_UPDATE_MAX: usize = 400;

/// Clock and transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClockView {
    /// Virtual time.
    pub now: Instant,
    /// Whether time runs.
    pub playing: bool,
    /// The speed asked for.
    pub speed: f64,
    /// The speed reached; lower than asked when there is too much to compute.
    pub speed_reached: f64,
    /// The store's revision.
    pub revision: u64,
}

/// A scenario as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScenarioView {
    /// File name without its ending; empty when none runs.
    pub name: String,
    /// Title.
    pub title: String,
    /// What one learns.
    pub goal: String,
    /// The steps' titles.
    pub steps: Vec<String>,
    /// The step that is on, from 0.
    pub step: usize,
    /// Its words, a paragraph an item.
    pub words: Vec<String>,
    /// Label of the button that goes on.
    pub next: String,
    /// What is expected of this step, and whether it has come true.
    pub expectations: Vec<(String, bool)>,
    /// What to select, when the step begins.
    pub select: Option<Subject>,
    /// Whether the last step is done.
    pub finished: bool,
}
