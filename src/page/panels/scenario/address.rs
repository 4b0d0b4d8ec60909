//! The page's address: `?scenario=NAME` names the scenario that runs.

use wasm_bindgen::JsValue;
use web_sys::Url;

const PARAMETER: &str = "scenario";

fn here() -> Option<Url> {
    let href = web_sys::window()?.location().href().ok()?;
    Url::new(&href).ok()
}

/// Lets the address name this scenario, or none.
pub(super) fn name_scenario(name: Option<&str>) {
    let Some(url) = here() else { return };
    match name {
        Some(name) => url.search_params().set(PARAMETER, name),
        None => url.search_params().delete(PARAMETER),
    }
    let history = web_sys::window().and_then(|window| window.history().ok());
    if let Some(history) = history {
        // Where the address cannot be changed (a page from a file), the scenario runs
        // all the same.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&url.href()));
    }
}

/// An address that begins this scenario.
pub(super) fn link_to(name: &str) -> Option<String> {
    let url = here()?;
    url.set_search("");
    url.set_hash("");
    url.search_params().set(PARAMETER, name);
    Some(url.href())
}
