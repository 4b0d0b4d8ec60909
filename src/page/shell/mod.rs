//! What stands around the stage: header, docks, sheet, the list for screen
//! readers, announcements.

mod announce;
mod docks;
mod first;
mod header;
mod help;
mod later;
mod list;
mod transport;

use super::app::use_app;
use super::panels;
use super::stage::input::writes;
use super::stage::view::StageView;
use super::start::window_width;
use super::ui::{Dock, UiAction, use_ui};
use crate::session::protocol::Command;
use gloo::events::EventListener;
use later::Later;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// The page.
#[component]
pub fn Shell() -> Html {
    let ui = use_ui();
    use_window_width();
    use_theme(ui.light);
    use_keys();
    first::use_first_packet();
    let narrow = ui.narrow;
    html! {
        <div class={classes!("page", narrow.then_some("page-narrow"))}>
            <a class="skip" href="#cluster-list">{"Skip to the list of the cluster"}</a>
            <header::Header />
            if narrow {
                <main class="page-main" aria-label="Cluster">
                    <StageView />
                    <Later turn=2><list::ClusterList /></Later>
                </main>
                <first::FirstSteps />
                {panels::timeline()}
                <docks::Sheet />
            } else {
                <div class="page-middle">
                    <docks::DockView dock={Dock::Left} />
                    <div class="page-center">
                        <main class="page-main" aria-label="Cluster">
                            <StageView />
                            <Later turn=3><list::ClusterList /></Later>
                        </main>
                        {panels::timeline()}
                        <docks::DockView dock={Dock::Below} />
                    </div>
                    <docks::DockView dock={Dock::Right} />
                </div>
            }
            <announce::Announcer />
            <announce::ToastView />
            if ui.help {
                <help::Help />
            }
        </div>
    }
}

#[hook]
fn use_window_width() {
    let dispatch = use_ui().dispatcher();
    use_effect_with((), move |()| {
        let listener = web_sys::window().map(|window| {
            EventListener::new(&window, "resize", move |_| {
                dispatch.dispatch(UiAction::Window(window_width()));
            })
        });
        move || drop(listener)
    });
}

#[hook]
fn use_theme(light: bool) {
    // While rendering: the stage reads its colours in an effect, and effects of
    // those below run before one that stood here.
    use_memo(light, |light| {
        let theme = if *light { "light" } else { "dark" };
        let root = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.document_element());
        if let Some(root) = root {
            // A known attribute name is always valid.
            let _ = root.set_attribute("data-theme", theme);
        }
    });
}

/// Space plays and pauses, a full stop steps, a question mark explains.
#[hook]
fn use_keys() {
    let app = use_app();
    let dispatch = use_ui().dispatcher();
    use_effect_with((), move |()| {
        let listener = web_sys::window().map(|window| {
            EventListener::new(&window, "keydown", move |event| {
                let Some(event) = event.dyn_ref::<web_sys::KeyboardEvent>() else {
                    return;
                };
                if event.ctrl_key() || event.meta_key() || event.alt_key() || writes(event) {
                    return;
                }
                let on_button = event
                    .target()
                    .is_some_and(|target| target.has_type::<web_sys::HtmlButtonElement>());
                match event.key().as_str() {
                    " " if !on_button => {
                        let playing = app.world().clock.playing;
                        app.send(Command::Play(!playing));
                    }
                    "." => app.send(Command::Step),
                    "?" => dispatch.dispatch(UiAction::Help(true)),
                    "Escape" => {
                        dispatch.dispatch(UiAction::Help(false));
                        dispatch.dispatch(UiAction::Step(None));
                        dispatch.dispatch(UiAction::Select(None));
                    }
                    _ => return,
                }
                event.prevent_default();
            })
        });
        move || drop(listener)
    });
}
