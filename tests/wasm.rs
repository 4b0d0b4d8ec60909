//! Tests that only a browser can fail: run in Chromium by `cargo xtask test wasm`.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// The engine must come to life in a worker without touching what a worker does not have.
#[wasm_bindgen_test]
fn the_worker_starts() {
    tabernetes::page::worker::start_worker();
    let scope: web_sys::DedicatedWorkerGlobalScope =
        wasm_bindgen::JsCast::unchecked_into(js_sys::global());
    assert!(scope.onmessage().is_some());
}
