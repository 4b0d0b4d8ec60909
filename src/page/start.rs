//! The interface's first moment on the main thread.

use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};
use yew::prelude::*;

/// What the page is made of.
#[derive(Properties, PartialEq)]
struct Props {
    engine: Worker,
}

/// Asks the engine who it is and shows the answer.
#[component]
fn App(props: &Props) -> Html {
    let answer = use_state(|| None::<String>);
    let engine = props.engine.clone();
    {
        let answer = answer.clone();
        use_effect_with((), move |()| {
            let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                if let Some(text) = event.data().as_string() {
                    answer.set(Some(text));
                }
            });
            engine.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
            if let Err(error) = engine.post_message(&"hello".into()) {
                web_sys::console::error_1(&error);
            }
            move || {
                engine.set_onmessage(None);
                drop(on_message);
            }
        });
    }
    let words = (*answer)
        .clone()
        .unwrap_or_else(|| "asking the engine…".to_owned());
    html! {
        <div class="shell">
            <header class="shell-header">
                <img class="shell-mark" src="mark.svg" alt="" width="24" height="24" />
                <h1 class="shell-name">{"tabernetes"}</h1>
                <p class="shell-status" role="status">{words}</p>
            </header>
            <main class="shell-stage"></main>
        </div>
    }
}

/// Starts the interface. The worker has said that it is ready.
pub fn start_page(worker: Worker) {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"));
    if let Some(root) = root {
        yew::Renderer::<App>::with_root_and_props(root, Props { engine: worker }).render();
    }
}
