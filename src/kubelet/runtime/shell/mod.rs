//! A small shell: enough of it for what manifests hold, as a state machine in
//! virtual time.
//!
//! **Invariant:** a step does a bounded amount of work. A loop that never sleeps
//! is paused for a second after [`machine::STEPS_MAX`] commands.

mod archive;
mod ast;
mod commands;
mod expand;
mod filters;
mod machine;
mod network;
mod parse;
mod servers;
#[cfg(test)]
mod tests;
mod text;

pub use machine::Machine;
pub use network::{NoAddress, Reach, Reached};
