//! The panels around the stage. A panel is a component without properties: it
//! takes what it shows from [`use_world`](super::app::use_world) and
//! [`use_ui`](super::ui::use_ui).

mod events;
mod manifest;
mod scenario;

use super::ui::Panel;
use yew::prelude::*;

/// What a panel shows.
pub fn panel(panel: Panel) -> Html {
    match panel {
        Panel::Events => html! { <events::Events /> },
        Panel::Manifest => html! { <manifest::Manifest /> },
        Panel::Scenario => html! { <scenario::ScenarioPanel /> },
        Panel::Inspector | Panel::Journey | Panel::Charts => {
            html! {}
        }
    }
}

/// The header's slot for choosing a scenario.
pub fn scenario_picker() -> Html {
    html! { <scenario::Picker /> }
}
