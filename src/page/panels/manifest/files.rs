//! Files that are opened or dropped, and text that is pasted: nothing too long is
//! taken, and nothing is lost by the attempt.

use crate::page::manifests::refusal;
use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ClipboardEvent, DataTransfer, DragEvent, Event, EventTarget, File, FileList};
use yew::Callback;

/// The files of a list.
pub(super) fn list(files: Option<FileList>) -> Vec<File> {
    let Some(files) = files else {
        return Vec::new();
    };
    (0..files.length())
        .filter_map(|index| files.item(index))
        .collect()
}

/// Reads files, as documents one after the other.
pub(super) async fn read(files: Vec<File>) -> Result<String, String> {
    let bytes: f64 = files.iter().map(|file| file.size()).sum();
    let what = match files.as_slice() {
        [file] => file.name(),
        several => format!("All {} files together", several.len()),
    };
    if let Some(words) = refusal(&what, bytes) {
        return Err(words);
    }
    let mut parts = Vec::new();
    for file in files {
        let text = JsFuture::from(file.text())
            .await
            .ok()
            .and_then(|text| text.as_string())
            .ok_or_else(|| format!("{} cannot be read. Nothing was changed.", file.name()))?;
        // What no UTF-8 text decodes to.
        if text.contains(['\0', '\u{fffd}']) {
            return Err(format!(
                "{} is not a text file: YAML and JSON are UTF-8. Nothing was changed.",
                file.name()
            ));
        }
        parts.push(text);
    }
    Ok(parts.join("\n---\n"))
}

/// What the listeners tell.
pub(super) struct Drops {
    /// Files were dropped or pasted.
    pub files: Callback<Vec<File>>,
    /// Files are held over the field, or no more.
    pub over: Callback<bool>,
    /// A paste was too long.
    pub refused: Callback<String>,
    /// Bytes that are there already.
    pub length: Box<dyn Fn() -> usize>,
}

/// Listens before the editor does: it would insert whatever comes.
pub(super) fn listen(target: &EventTarget, drops: Drops) -> Vec<EventListener> {
    let Drops {
        files,
        over,
        refused,
        length,
    } = drops;
    let on = |name: &'static str, act: Box<dyn Fn(&Event)>| {
        let options = EventListenerOptions {
            phase: EventListenerPhase::Capture,
            passive: false,
        };
        EventListener::new_with_options(target, name, options, move |event| act(event))
    };
    let held = over.clone();
    let gone = over.clone();
    let pasted = files.clone();
    vec![
        on(
            "dragover",
            Box::new(move |event| {
                if carries_files(event) {
                    take(event);
                    held.emit(true);
                }
            }),
        ),
        on("dragleave", Box::new(move |_| gone.emit(false))),
        on(
            "drop",
            Box::new(move |event| {
                over.emit(false);
                let found = list(transfer(event).and_then(|transfer| transfer.files()));
                if !found.is_empty() {
                    take(event);
                    files.emit(found);
                }
            }),
        ),
        on(
            "paste",
            Box::new(move |event| {
                let Some(data) = event
                    .dyn_ref::<ClipboardEvent>()
                    .and_then(ClipboardEvent::clipboard_data)
                else {
                    return;
                };
                let text = data.get_data("text/plain").unwrap_or_default();
                let found = list(data.files());
                if text.is_empty() && !found.is_empty() {
                    take(event);
                    pasted.emit(found);
                } else if let Some(words) =
                    refusal("The text with this paste", (length() + text.len()) as f64)
                {
                    take(event);
                    refused.emit(words);
                }
            }),
        ),
    ]
}

fn take(event: &Event) {
    event.prevent_default();
    event.stop_propagation();
}

fn transfer(event: &Event) -> Option<DataTransfer> {
    event.dyn_ref::<DragEvent>()?.data_transfer()
}

fn carries_files(event: &Event) -> bool {
    transfer(event).is_some_and(|transfer| {
        transfer
            .types()
            .iter()
            .any(|one| one.as_string().as_deref() == Some("Files"))
    })
}
