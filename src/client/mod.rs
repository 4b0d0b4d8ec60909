//! What components use to live behind the door: the context of one step,
//! informer caches, work queues with back-off, the event recorder.

mod cache;
mod context;
mod events;
mod work;

pub use cache::{Applied, Cache, controller_uid};
pub use context::Ctx;
pub use events::{EventType, Recorder};
pub use work::WorkQueue;
