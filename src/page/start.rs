//! The interface's first moment on the main thread.

use super::app::App;
use super::fixture;
use super::later;
use super::shell::Shell;
use super::ui::Ui;
use crate::session::protocol::{Command, Update};
use gloo::timers::callback::{Interval, Timeout};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{UrlSearchParams, Window, Worker};
use yew::prelude::*;

/// How long the start has processor and line for itself.
const START_MILLISECONDS: u32 = 1_500;

/// What the page is made of.
#[derive(Properties, PartialEq)]
struct Props {
    app: App,
}

/// The root: gives the shared handle and the interface's state to all below.
#[component]
fn Root(props: &Props) -> Html {
    let ui = use_reducer(|| Ui::new(window_width(), is_light()));
    html! {
        <ContextProvider<App> context={props.app.clone()}>
            <ContextProvider<UseReducerHandle<Ui>> context={ui}>
                <Shell />
            </ContextProvider<UseReducerHandle<Ui>>>
        </ContextProvider<App>>
    }
}

/// Width of the window in CSS pixels.
pub fn window_width() -> f64 {
    web_sys::window()
        .and_then(|window| window.inner_width().ok())
        .and_then(|width| width.as_f64())
        .unwrap_or(1200.0)
}

fn is_light() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element())
        .and_then(|root| root.get_attribute("data-theme"))
        .is_some_and(|theme| theme == "light")
}

/// Starts the interface. The worker has said that it is ready.
pub fn start_page(worker: Worker) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let root = window
        .document()
        .and_then(|document| document.get_element_by_id("app"));
    let Some(root) = root else {
        return;
    };
    // What stood there while the engine started has done its duty.
    root.set_inner_html("");
    let app = App::default();
    match query(&window, "demo") {
        Some(demo) => {
            worker.terminate();
            show_demo(&app, &demo);
        }
        None => {
            app.connect(worker.clone());
            fetch_the_rest(window.clone(), worker);
            if let Some(name) = query(&window, "scenario") {
                app.send(Command::Scenario(name));
            }
        }
    }
    yew::Renderer::<Root>::with_root_and_props(root, Props { app }).render();
}

/// Fetches what the first load left out, once the start is over.
fn fetch_the_rest(window: Window, engine: Worker) {
    let fetch = move || {
        spawn_local(async move {
            if let Err(error) = later::fetch(window, engine).await {
                web_sys::console::warn_1(&error);
            }
        });
    };
    Timeout::new(START_MILLISECONDS, fetch).forget();
}

fn query(window: &Window, name: &str) -> Option<String> {
    let search = window.location().search().ok()?;
    UrlSearchParams::new_with_str(&search).ok()?.get(name)
}

/// `?demo=small`, `?demo=200x50`: a made-up cluster without an engine, to look at
/// the page itself.
fn show_demo(app: &App, demo: &str) {
    let words = "A made-up cluster without an engine, to look at the page itself.";
    web_sys::console::info_1(&JsValue::from_str(words));
    if let Some((nodes, pods)) = demo.split_once('x')
        && let (Ok(nodes), Ok(pods)) = (nodes.parse(), pods.parse())
    {
        return app.receive(fixture::large(nodes, pods));
    }
    app.receive(fixture::small());
    let moving = app.clone();
    let mut first = 0;
    Interval::new(6_000, move || {
        let clock = moving.world().clock;
        first += 100;
        moving.receive(Update {
            clock,
            records: fixture::records(first, clock.now),
            ..Update::default()
        });
    })
    .forget();
}
