//! The part of the program that is not in the first load.
//!
//! `web/split` cuts the release program in two: what the start of the page runs,
//! and the rest, in a file of its own. Where the first part misses a function, a
//! stand-in calls [`load_later`] and then goes on. The page fetches the rest
//! as soon as it is idle ([`fetch`]), so that this rarely has to wait. A program
//! that was not split has no such stand-ins, and nothing here does anything.

use js_sys::WebAssembly::{Global, Instance, Module};
use js_sys::{Object, Reflect, Uint8Array};
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Window, Worker, XmlHttpRequest};

thread_local! {
    /// The rest of the program, once it is here and compiled.
    static REST: RefCell<Option<Module>> = const { RefCell::new(None) };
    /// Whether it is being linked in.
    static LOADING: Cell<bool> = const { Cell::new(false) };
}

#[wasm_bindgen]
extern "C" {
    /// `import.meta` of the glue that loaded this program.
    type ImportMeta;

    #[wasm_bindgen(thread_local_v2, js_namespace = import, js_name = meta)]
    static IMPORT_META: ImportMeta;

    #[wasm_bindgen(method, getter)]
    fn url(this: &ImportMeta) -> String;
}

/// The address of the glue that loaded this program.
pub fn glue() -> String {
    IMPORT_META.with(ImportMeta::url)
}

/// The rest lies beside the glue: `page-1a2b.js`, `page-1a2b_later.wasm`.
fn address() -> String {
    glue().replace(".js", "_later.wasm")
}

/// Links the rest of the program in. Where it has not been fetched yet, waits for
/// it: stand-ins call this in the middle of a computation, and throws what stands
/// in the way, because without it no computation can go on.
#[wasm_bindgen]
pub fn load_later() {
    if LOADING.replace(true) {
        wasm_bindgen::throw_str("loading the rest of the program needs the rest of the program");
    }
    let fetched = REST.with(|rest| rest.borrow().clone());
    let rest = fetched.map_or_else(|| Module::new(&fetch_now()?), Ok);
    if let Err(error) = rest.and_then(|rest| link(&rest)) {
        wasm_bindgen::throw_val(error);
    }
    LOADING.set(false);
}

/// Takes the rest of the program, compiled elsewhere.
///
/// # Errors
/// When it is not what this part was split from.
pub fn take(rest: Module) -> Result<(), JsValue> {
    link(&rest)?;
    REST.with(|slot| slot.replace(Some(rest)));
    Ok(())
}

fn link(rest: &Module) -> Result<(), JsValue> {
    let first = wasm_bindgen::exports();
    let Ok(loaded) = Reflect::get(&first, &"loaded".into())?.dyn_into::<Global>() else {
        return Ok(());
    };
    if loaded.value() == 1 {
        return Ok(());
    }
    let imports = Object::new();
    Reflect::set(&imports, &"first".into(), &first)?;
    Instance::new(rest, &imports)?;
    loaded.set_value(&1.into());
    Ok(())
}

/// The file, here and now: a computation waits for it. Browsers allow this with
/// text only, so the bytes come as characters of a set that keeps them apart.
fn fetch_now() -> Result<JsValue, JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open_with_async("GET", &address(), false)?;
    request.override_mime_type("text/plain; charset=x-user-defined")?;
    request.send()?;
    let text = request.response_text()?.unwrap_or_default();
    let bytes: Vec<u8> = text.chars().map(|letter| letter as u32 as u8).collect();
    Ok(Uint8Array::from(bytes.as_slice()).into())
}

/// Fetches the rest of the program without holding anything up, for this thread
/// and the engine's.
///
/// # Errors
/// When the rest cannot be fetched, or is not what this part was split from.
pub async fn fetch(window: Window, engine: Worker) -> Result<(), JsValue> {
    if !Reflect::has(&wasm_bindgen::exports(), &"loaded".into())? {
        return Ok(());
    }
    let response = window.fetch_with_str(&address());
    let rest = JsFuture::from(js_sys::WebAssembly::compile_streaming(&response)).await?;
    engine.post_message(&rest)?;
    take(rest.unchecked_into())
}
