//! The panels around the stage. A panel is a component without properties: it
//! takes what it shows from [`use_world`](super::app::use_world) and
//! [`use_ui`](super::ui::use_ui).

mod charts;
mod events;
mod inspector;
mod journey;
mod manifest;
mod scenario;
mod timeline;

use super::ui::Panel;
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// What a panel shows.
pub fn panel(panel: Panel) -> Html {
    match panel {
        Panel::Events => html! { <events::Events /> },
        Panel::Manifest => html! { <manifest::Manifest /> },
        Panel::Scenario => html! { <scenario::ScenarioPanel /> },
        Panel::Inspector => html! { <inspector::Inspector /> },
        Panel::Journey => html! { <journey::JourneyPanel /> },
        Panel::Charts => html! { <charts::Charts /> },
    }
}

/// The strip between the stage and the panels below it: the timeline. On a narrow
/// screen it stands above the sheet.
pub fn timeline() -> Html {
    html! { <timeline::Timeline /> }
}

/// The header's slot for choosing a scenario.
pub fn scenario_picker() -> Html {
    html! { <scenario::Picker /> }
}

/// Moves the focus to the element of this id.
fn focus(id: &str) {
    let element = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id(id))
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        // An element that cannot take the focus is no harm.
        let _ = element.focus();
    }
}
