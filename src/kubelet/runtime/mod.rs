//! The container runtime: what a container does, given its image, command,
//! arguments and environment.

mod catalogue;
mod files;
mod launch;
mod log;
mod process;
mod reference;
mod serving;
mod shell;
mod terminal;

pub use catalogue::{Image, Tools};
pub use files::{Files, Mounted, View};
pub use launch::{Launch, START_ERROR_CODE, StartError, Started};
pub use log::{LOG_LINES_MAX, Line, Log};
pub use process::{Process, Step, World};
pub(super) use reference::fingerprint;
pub use reference::{PullError, Reference};
pub use serving::{Protocol, Serves, Site, Socket};
pub use shell::{Machine, NoAddress, Reach, Reached};
pub use terminal::{Key, Terminal};
