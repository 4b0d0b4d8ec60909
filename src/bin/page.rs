//! The page and its engine worker: one Wasm binary, two roles.
//!
//! On the page, `main` starts a worker from the very module that it runs itself (compiled once,
//! nothing fetched twice), waits for it to say that it is ready, and then starts the interface. In
//! the worker, `main` installs the engine. A panic in either role ends up as words on the page.

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::panic::PanicHookInfo;

    use js_sys::{Array, Object, Reflect};
    use tabernetes::bench;
    use tabernetes::page::{later, start_page, worker::start_worker};
    use tabernetes::session::protocol::{ClusterSpec, Command};
    use wasm_bindgen::prelude::*;
    use web_sys::{
        Blob, BlobPropertyBag, DedicatedWorkerGlobalScope, ErrorEvent, MessageEvent, Url,
        UrlSearchParams, Window, Worker, WorkerOptions, WorkerType,
    };

    /// Of the 110 pods that a node takes, a few are the system's.
    const PODS_A_NODE: u32 = 100;
    /// Virtual seconds a second while the bench watches the page.
    const ROLL_OUT_SPEED: f64 = 10.0;

    #[wasm_bindgen]
    extern "C" {
        /// The page's last message (web/boot.js).
        #[wasm_bindgen(js_namespace = tabernetes, js_name = fatal)]
        fn show_fatal(message: &str);
    }

    /// Looks which of the two roles this module was loaded for, and takes it.
    pub fn run() -> Result<(), JsValue> {
        let global = js_sys::global();
        if let Some(scope) = global.dyn_ref::<DedicatedWorkerGlobalScope>() {
            return run_as_worker(scope);
        }
        match web_sys::window() {
            Some(window) => run_as_page(&window),
            None => Err("neither a page nor a worker".into()),
        }
    }

    fn run_as_worker(scope: &DedicatedWorkerGlobalScope) -> Result<(), JsValue> {
        let to_page = scope.clone();
        std::panic::set_hook(Box::new(move |panic| {
            console_error_panic_hook::hook(panic);
            // Nothing is left to do about a page that cannot be told.
            let _ = to_page.post_message(&message("panic", &words("The engine", panic)));
        }));
        start_worker();
        scope.post_message(&message("ready", ""))
    }

    fn run_as_page(window: &Window) -> Result<(), JsValue> {
        std::panic::set_hook(Box::new(|panic| {
            console_error_panic_hook::hook(panic);
            show_fatal(&words("The page", panic));
        }));
        let query = UrlSearchParams::new_with_str(&window.location().search()?)?;
        match query.get("bench") {
            Some(case) => run_bench(window, &case),
            None => start_engine(query.get("roll-out").and_then(|text| text.parse().ok())),
        }
    }

    /// Starts the worker; the page follows once it is ready. Messages before that would be lost.
    ///
    /// With `?roll-out=N`, a fresh cluster rolls out N replicas at once: for `cargo xtask bench`.
    fn start_engine(roll_out: Option<u32>) -> Result<(), JsValue> {
        let worker = spawn_worker()?;
        let mut waiting = Some(worker.clone());
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            match text_of(&data, "type").as_deref() {
                Some("ready") => {
                    if let Some(worker) = waiting.take() {
                        start_page(worker.clone());
                        if let Some(replicas) = roll_out {
                            order_roll_out(&worker, replicas);
                        }
                    }
                }
                Some("panic") => show_fatal(&text_of(&data, "message").unwrap_or_default()),
                _ => {}
            }
        });
        // Listeners of their own: the page is free to set the worker's `onmessage`.
        worker.add_event_listener_with_callback("message", on_message.as_ref().unchecked_ref())?;
        on_message.forget();

        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(|event: ErrorEvent| {
            show_fatal(&format!("The engine's worker failed: {}", event.message()));
        });
        worker.add_event_listener_with_callback("error", on_error.as_ref().unchecked_ref())?;
        on_error.forget();
        Ok(())
    }

    /// A module worker that loads the same glue and is given the page's own compiled module: under
    /// hashed file names the glue's default address of the Wasm file would be wrong.
    fn spawn_worker() -> Result<Worker, JsValue> {
        let glue = later::glue();
        let script = format!(
            "import init from {glue};\n\
             onmessage = ({{ data }}) => {{\n\
               onmessage = null;\n\
               init({{ module_or_path: data }}).then((program) => {{ globalThis.program = program; }}, (error) =>\n\
                 postMessage({{ type: 'panic', message: `The engine did not start: ${{error}}` }}));\n\
             }};\n",
            glue = js_sys::JSON::stringify(&glue.into())?
        );
        let options = BlobPropertyBag::new();
        options.set_type("text/javascript");
        let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&script.into()), &options)?;
        let address = Url::create_object_url_with_blob(&blob)?;

        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("engine");
        let worker = Worker::new_with_options(&address, &options)?;
        worker.post_message(&wasm_bindgen::module())?;
        Ok(worker)
    }

    /// What a user would do in the editor and the transport, for as many nodes as that many pods need.
    fn order_roll_out(worker: &Worker, replicas: u32) {
        let spec = ClusterSpec {
            nodes: replicas.div_ceil(PODS_A_NODE).max(3),
            ..ClusterSpec::default()
        };
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
             selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
             spec: {{containers: [{{name: nginx, image: nginx:1.29}}]}}\n"
        );
        // The page knows no such ticket and passes the answer over.
        let ticket = u32::MAX;
        for command in [
            Command::Reset(spec),
            Command::Speed(ROLL_OUT_SPEED),
            Command::Apply { ticket, text },
        ] {
            if let Ok(bytes) = postcard::to_stdvec(&command) {
                let buffer = js_sys::Uint8Array::from(bytes.as_slice()).buffer();
                if let Err(error) = worker.post_message(&buffer) {
                    web_sys::console::error_1(&error);
                }
            }
        }
    }

    /// `?bench` lists the cases, `?bench=CASE` runs one: its result is the page's whole text.
    fn run_bench(window: &Window, case: &str) -> Result<(), JsValue> {
        let performance = window.performance().ok_or("this browser has no clock")?;
        let text = if case.is_empty() {
            bench::cases().join("\n")
        } else {
            with_memory(&bench::run(case, &mut || performance.now()))
        };
        let body = window.document().and_then(|document| document.body());
        let body = body.ok_or("the document has no body")?;
        body.set_text_content(Some(&text));
        body.set_attribute("data-bench", "done")
    }

    /// Adds the size of this module's memory, which only grows: its end is its highest.
    fn with_memory(figures: &str) -> String {
        let memory = wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>();
        let bytes = memory
            .buffer()
            .unchecked_into::<js_sys::ArrayBuffer>()
            .byte_length();
        match serde_json::from_str(figures) {
            Ok(serde_json::Value::Object(mut figures)) => {
                figures.insert("memory_mib".to_owned(), (bytes / 1024 / 1024).into());
                serde_json::Value::Object(figures).to_string()
            }
            _ => figures.to_owned(),
        }
    }

    fn words(who: &str, panic: &PanicHookInfo<'_>) -> String {
        format!("{who} stopped: {panic}")
    }

    /// `{type, message}`.
    fn message(kind: &str, text: &str) -> JsValue {
        let object = Object::new();
        for (name, value) in [("type", kind), ("message", text)] {
            // Setting a property of a fresh plain object cannot fail.
            let _ = Reflect::set(&object, &name.into(), &value.into());
        }
        object.into()
    }

    /// A property of a message, if it is text. Other messages are buffers, and not for us.
    fn text_of(data: &JsValue, name: &str) -> Option<String> {
        data.is_object()
            .then(|| Reflect::get(data, &name.into()).ok())
            .flatten()?
            .as_string()
    }
}

#[cfg(target_arch = "wasm32")]
fn main() -> Result<(), wasm_bindgen::JsValue> {
    browser::run()
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This program runs in a browser: `cargo xtask serve` builds and serves it.");
}
