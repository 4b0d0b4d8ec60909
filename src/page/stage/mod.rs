//! The picture: a glass box in which the cluster moves.
//!
//! Everything up to `paint` is plain computation on [`super::state::World`] and
//! knows no browser: where things stand (`layout`, `scene`, `seats`), which part is
//! seen (`camera`), what moves and why (`motion`, `ways`, `packets`), what is under
//! the pointer (`hit`).

pub mod camera;
pub mod geometry;
pub mod layout;
pub mod level;
pub mod scene;
pub mod seats;
