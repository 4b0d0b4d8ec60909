//! The picture: a glass box in which the cluster moves.
//!
//! Everything but `paint` and `view` is plain computation on
//! [`World`](super::state::World) and knows no browser: where things stand
//! (`layout`, `scene`, `seats`), which part is seen (`camera`), what moves and why
//! (`motion`, `schedule`, `crowd`, `ways`, `packets`), what is under the pointer (`hit`); `director`
//! holds it together.

pub mod camera;
pub mod crowd;
pub mod director;
pub mod effects;
pub mod geometry;
pub mod hit;
pub mod layout;
pub mod level;
pub mod motion;
pub mod packets;
pub mod scene;
pub mod schedule;
pub mod seats;
mod shape;
pub mod ways;

#[cfg(target_arch = "wasm32")]
pub mod input;
#[cfg(target_arch = "wasm32")]
pub mod paint;
#[cfg(target_arch = "wasm32")]
mod screen;
#[cfg(target_arch = "wasm32")]
pub mod view;
