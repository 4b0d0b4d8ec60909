//! What the editor holds while it is not on the screen: in memory between two
//! looks at it, in the browser's storage across a reload.

use crate::page::examples;
use crate::page::manifests::{KEPT_BYTES_MAX, Spot};
use crate::session::protocol::{DiagnosticView, Outcome};
use std::cell::RefCell;
use web_sys::Storage;

/// Under this name the browser remembers the text.
const TEXT_KEY: &str = "tabernetes.manifest";

/// What the editor holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// The text.
    pub text: String,
    /// Where the cursor was.
    pub spot: Spot,
    /// The text that another one replaced.
    pub previous: Option<String>,
    /// What became of the documents, the last time.
    pub outcomes: Vec<Outcome>,
    /// What was said of them.
    pub told: Vec<DiagnosticView>,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// The browser's storage, where it is allowed.
pub(in crate::page::panels) fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// What was kept; an example where nothing was.
pub(super) fn recall() -> Kept {
    KEPT.with_borrow(Clone::clone).unwrap_or_else(|| {
        let stored = storage().and_then(|storage| storage.get_item(TEXT_KEY).ok()?);
        Kept {
            text: stored.unwrap_or_else(|| examples::FIRST.text.to_owned()),
            ..Kept::default()
        }
    })
}

/// Holds on to this in memory.
pub(super) fn keep(kept: Kept) {
    KEPT.set(Some(kept));
}

/// Lets this text stand in the editor when it is next opened; the one that stood
/// there can be brought back.
pub(in crate::page::panels) fn put(text: &str) {
    let mut kept = recall();
    if kept.text == text {
        return;
    }
    kept.previous = worth_keeping(&kept.text).then(|| kept.text.clone());
    kept.text = text.to_owned();
    kept.spot = Spot::default();
    kept.outcomes.clear();
    kept.told.clear();
    store(text);
    keep(kept);
}

/// Whether it would be a loss: blank text and unchanged examples are none.
pub(super) fn worth_keeping(text: &str) -> bool {
    !text.trim().is_empty()
        && examples::EXAMPLES
            .iter()
            .all(|example| example.text != text)
}

/// Stores the text for the next visit. False where that cannot be done.
pub(super) fn store(text: &str) -> bool {
    let Some(storage) = storage() else {
        return false;
    };
    text.len() <= KEPT_BYTES_MAX && storage.set_item(TEXT_KEY, text).is_ok()
}
