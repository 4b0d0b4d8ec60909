//! Everything the browser shows, and the engine's side of the worker that it talks to.

#[cfg(target_arch = "wasm32")]
mod start;
#[cfg(target_arch = "wasm32")]
pub mod worker;

#[cfg(target_arch = "wasm32")]
pub use start::start_page;
