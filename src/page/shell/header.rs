//! The header: who we are, scenario, transport, theme, help.

use super::first::FirstSteps;
use super::later::Later;
use super::transport::Transport;
use crate::page::panels;
use crate::page::ui::{UiAction, use_ui};
use yew::prelude::*;

/// Under this name the browser remembers the theme.
const THEME_KEY: &str = "tabernetes.theme";

/// The header.
#[component]
pub fn Header() -> Html {
    let ui = use_ui();
    let light = ui.light;
    let on_theme = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| {
            let theme = if ui.light { "dark" } else { "light" };
            let storage = web_sys::window().and_then(|window| window.local_storage().ok()?);
            if let Some(storage) = storage {
                // Where storage is forbidden, the choice holds until the page is left.
                let _ = storage.set_item(THEME_KEY, theme);
            }
            ui.dispatch(UiAction::Light(!ui.light));
        })
    };
    let on_help = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(UiAction::Help(!ui.help)))
    };
    html! {
        <header class="header">
            <div class="header-name">
                <Mark />
                <h1>{"tabernetes"}</h1>
            </div>
            <div class="header-scenario"><Later turn=1>{panels::scenario_picker()}</Later></div>
            if !ui.narrow {
                <FirstSteps />
            }
            <Transport />
            <div class="header-end">
                <button type="button" class="icon-button" onclick={on_theme}
                    aria-label={if light { "Dark theme" } else { "Light theme" }}
                    title={if light { "Dark theme" } else { "Light theme" }}>
                    <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
                        <circle cx="10" cy="10" r="6.5" fill="none" stroke="currentColor" stroke-width="1.6" />
                        <path d="M10 3.5a6.500 6.500 0 0 1 0 13z" fill="currentColor" />
                    </svg>
                </button>
                <button type="button" class="icon-button" onclick={on_help}
                    aria-label="What do I see?" title="What do I see? (?)" aria-expanded={ui.help.to_string()}>
                    <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
                        <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.6" />
                        <path d="M7.900 8.100a2.100 2.100 0 1 1 3 1.900c-.7.4-.9.7-.9 1.400M10 13.600v.2"
                            fill="none" stroke="currentColor" stroke-width="1.600" stroke-linecap="round" />
                    </svg>
                </button>
            </div>
        </header>
    }
}

/// Our own mark: a tab of the browser that holds a small cluster.
#[component]
fn Mark() -> Html {
    html! {
        <svg class="mark" viewBox="0 0 24 24" width="26" height="26" fill="none" aria-hidden="true"
            stroke-linecap="round" stroke-linejoin="round">
            <path class="mark-tab" stroke-width="1.7"
                d="M3 8.500V6.500a2 2 0 0 1 2-2h4l1.500 2H19a2 2 0 0 1 2 2V17.500a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z" />
            <path class="mark-wire" stroke-width="1.5" d="M12 10.200v2.300l-4 2.800M12 12.500l4 2.800" />
            <circle class="mark-door" cx="12" cy="10" r="1.500" />
            <circle class="mark-node" cx="7.800" cy="15.600" r="1.500" />
            <circle class="mark-node" cx="16.200" cy="15.600" r="1.500" />
        </svg>
    }
}
