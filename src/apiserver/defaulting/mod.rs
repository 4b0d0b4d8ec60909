//! What objects say where they say nothing.

use crate::api::Object;

/// Fills in what was left out.
pub fn apply(_object: &mut Object) {}
