//! Copying to the clipboard, where the browser allows it.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Copies a text. The error says what to do instead.
pub(in crate::page::panels) async fn copy(text: String) -> Result<(), &'static str> {
    const REFUSED: &str = "The browser does not let this page copy: select the text and copy it";
    let navigator = web_sys::window().ok_or(REFUSED)?.navigator();
    // Pages that are not served securely have none.
    let clipboard = Reflect::get(&navigator, &JsValue::from_str("clipboard"));
    if !clipboard.is_ok_and(|clipboard| clipboard.is_object()) {
        return Err(REFUSED);
    }
    JsFuture::from(navigator.clipboard().write_text(&text))
        .await
        .map(drop)
        .map_err(|_| REFUSED)
}
