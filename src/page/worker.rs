//! The engine's side of the worker.

use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// Installs the engine in the worker that this runs in; does nothing elsewhere.
pub fn start_worker() {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else {
        return;
    };
    let to_page = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if event.data().as_string().is_some() {
            let answer = format!("The engine {} answers.", env!("CARGO_PKG_VERSION"));
            if let Err(error) = to_page.post_message(&answer.into()) {
                web_sys::console::error_1(&error);
            }
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
}
