//! The header's choice of a scenario. It is always there, so it also keeps the
//! page in step with the scenario: the panel, the address, the selection.

use super::address;
use super::catalogue::{lesson, lessons};
use super::welcome;
use crate::page::app::use_world;
use crate::page::start::window_width;
use crate::page::ui::{Panel, UiAction, use_ui};
use crate::session::protocol::{Command, ScenarioView};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// From this width on, the stage keeps half of it beside two docks.
const WELCOME_WIDTH: f64 = 1400.0;

/// The choice.
#[component]
pub(crate) fn Picker() -> Html {
    let app = use_world(500);
    let view = app.world().scenario.clone();
    let narrow = use_ui().narrow;
    use_address(&view);
    use_selection(&view);
    use_welcome();
    // A narrow header has no room for it; the panel has the same list.
    if narrow {
        return html! {};
    }
    let onchange = {
        let app = app.clone();
        Callback::from(move |event: Event| {
            let Some(select) = event.target_dyn_into::<HtmlSelectElement>() else {
                return;
            };
            let name = select.value();
            app.send(match lesson(&name) {
                Some(lesson) => Command::Scenario(lesson.name.to_owned()),
                None => Command::ScenarioLeave,
            });
        })
    };
    let running = view.name.as_str();
    html! {
        <select class="select scenario-picker" aria-label="Scenario" {onchange}>
            <option value="" selected={lesson(running).is_none()}>
                {if running.is_empty() { "Scenarios" } else { "No scenario" }}
            </option>
            { for lessons().iter().map(|lesson| html! {
                <option value={lesson.name} selected={lesson.name == running}>{&lesson.title}</option>
            }) }
        </select>
    }
}

/// Lets a newcomer see the welcome where there is room beside the stage.
#[hook]
fn use_welcome() {
    let dispatch = use_ui().dispatcher();
    use_effect_with((), move |()| {
        if window_width() >= WELCOME_WIDTH && !welcome::is_hidden() {
            dispatch.dispatch(UiAction::Show(Panel::Scenario));
        }
    });
}

/// Shows the panel when a scenario begins, and names it in the address.
#[hook]
fn use_address(view: &ScenarioView) {
    let dispatch = use_ui().dispatcher();
    let before = use_mut_ref(String::new);
    let trouble = view.name.is_empty() && !view.goal.is_empty();
    use_effect_with((view.name.clone(), trouble), move |(name, trouble)| {
        let was = std::mem::replace(&mut *before.borrow_mut(), name.clone());
        if !name.is_empty() {
            address::name_scenario(lesson(name).map(|lesson| lesson.name));
        } else if !was.is_empty() {
            address::name_scenario(None);
        }
        if *trouble || !name.is_empty() {
            dispatch.dispatch(UiAction::Show(Panel::Scenario));
        }
    });
}

/// Selects what a step is about, once a step.
#[hook]
fn use_selection(view: &ScenarioView) {
    let ui = use_ui();
    let selected = use_mut_ref(|| None::<(String, usize)>);
    let told = (view.name.clone(), view.step, view.select.clone());
    use_effect_with(told, move |(name, step, select)| {
        let this = Some((name.clone(), *step));
        if *selected.borrow() == this {
            return;
        }
        let Some(subject) = select else {
            // Another step: what is selected later is selected anew.
            *selected.borrow_mut() = None;
            return;
        };
        *selected.borrow_mut() = this;
        ui.dispatch(UiAction::Select(Some(subject.clone())));
        if ui.narrow {
            // One sheet holds all panels there: the words stay in it.
            ui.dispatch(UiAction::Show(Panel::Scenario));
        }
    });
}
