//! The command line as a client of the door: what `kubectl` does with its
//! arguments, and what it prints.

mod apply;
mod commands;
mod describe;
mod door;
mod errors;
mod fault;
mod find;
mod flags;
mod print;
mod resources;
mod shell;
mod value;

pub use apply::{Applied, Outcome, apply};
pub use commands::{Finished, run};
pub use door::Door;
pub use errors::error_text;
