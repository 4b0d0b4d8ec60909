//! Everything the browser shows, and the engine's side of the worker that it talks to.
//!
//! **Invariant:** the page invents nothing. What is drawn is an entity, a record of
//! the trace or an answer, as [`crate::session::protocol`] has them.
//!
//! | module | what lives there |
//! |---|---|
//! | `state` | the page's mirror of the cluster, fed by updates |
//! | `stage` | the picture: arrangement, motion, drawing |
//! | `words` | numbers, times and names as people read them |
//! | `manifests`, `examples` | a manifest that is being written, and those to begin with |
//! | `first_steps`, `greeting` | what a newcomer's button does next; the packet that travels at the start |
//! | `glossary` | what the terms mean, one sentence each |
//! | `draft`, `hops`, `headers`, `plugins`, `series` | what the packet form, the journey, a decision and the charts say, apart from how it looks |
//! | `fixture` | a made-up cluster to draw and test with |
//! | `later` | the part of the program that is not in the first load |
//! | `link` | commands to the worker, updates from it |
//! | `app`, `ui` | what all components share |
//! | `shell` | header, docks, sheet, list for screen readers |
//! | `panels` | editor, inspector, journey, timeline, charts, scenario |

pub mod draft;
pub mod examples;
pub mod first_steps;
pub mod fixture;
pub mod glossary;
pub mod greeting;
pub mod headers;
pub mod hops;
pub mod manifests;
pub mod plugins;
pub mod series;
pub mod stage;
pub mod state;
pub mod strip;
pub mod words;

#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
pub mod later;
#[cfg(target_arch = "wasm32")]
mod link;
#[cfg(target_arch = "wasm32")]
pub mod panels;
#[cfg(target_arch = "wasm32")]
pub mod shell;
#[cfg(target_arch = "wasm32")]
mod start;
#[cfg(target_arch = "wasm32")]
pub mod ui;
#[cfg(target_arch = "wasm32")]
pub mod worker;

#[cfg(target_arch = "wasm32")]
pub use start::start_page;
