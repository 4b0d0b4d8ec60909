//! The simulated world's own physics: virtual time, the order of events,
//! seeded chance, and the trace in which every movement names its cause.
//!
//! **Invariant:** nothing here, nor on any floor above up to `session`, reads a
//! wall clock, starts a thread or depends on hash order. The same seed and the
//! same inputs give the same history, byte for byte, native and in Wasm.

mod chance;
pub mod order;
mod queue;
mod time;
pub mod trace;

pub use chance::Chance;
pub use queue::Queue;
pub use time::{EPOCH_UNIX_SECONDS, Instant, MICROSECOND, MILLISECOND, SECOND};
pub use trace::{Actor, Cause, Record, RecordId, Trace, What};

/// What every component shares of the physics.
#[derive(Clone, Debug)]
pub struct Sim {
    /// The present instant; only [`crate::cluster::Cluster`] moves it.
    pub now: Instant,
    /// The one source of chance.
    pub chance: Chance,
    /// What happened, and why.
    pub trace: Trace,
}

impl Sim {
    /// A world at instant zero.
    pub fn new(seed: u64) -> Self {
        Sim {
            now: Instant::ZERO,
            chance: Chance::new(seed),
            trace: Trace::default(),
        }
    }
}
