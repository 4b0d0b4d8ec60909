//! The controllers at work together, as a user sees them.

mod garbage;
mod namespaces;
mod nodes;
mod replicas;
mod services;

use std::time::Duration;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
