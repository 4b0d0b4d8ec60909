//! The command line as a client of the door.

mod apply;
mod errors;

pub use apply::{Applied, Outcome, apply};
pub use errors::error_text;
