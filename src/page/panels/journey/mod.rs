//! The way of a packet: a form that sends one, and its hops one by one.

mod choose;
mod form;
mod headers;
mod steps;

use crate::page::app::use_world;
use crate::page::ui::{Stepping, UiAction, use_ui};
use crate::sim::trace::Journey;
use std::sync::Arc;
use yew::prelude::*;

/// The panel is written anew at most each so many milliseconds.
const JOURNEY_MS: u32 = 1_000;
/// Journeys that can be gone back to.
const PAST_MAX: usize = 30;

/// The panel.
#[component]
pub fn JourneyPanel() -> Html {
    let app = use_world(JOURNEY_MS);
    let ui = use_ui();
    let chosen = use_state(|| None::<Arc<Journey>>);
    let past: Vec<Arc<Journey>> = {
        let world = app.world();
        let latest = world.journeys.iter().rev().take(PAST_MAX);
        latest.map(|(_, journey)| journey.clone()).collect()
    };
    let stepping = ui
        .stepping
        .as_ref()
        .map(|stepping| stepping.journey.clone());
    {
        // The one that was stepped through stays when the stepping ends.
        let chosen = chosen.setter();
        use_effect_with(stepping.clone(), move |stepping| {
            if let Some(journey) = stepping {
                chosen.set(Some(journey.clone()));
            }
        });
    }
    let shown = stepping
        .or_else(|| (*chosen).clone())
        .or_else(|| past.first().cloned());
    let on_sent = {
        let (chosen, dispatch) = (chosen.setter(), ui.dispatcher());
        Callback::from(move |journey: Arc<Journey>| {
            // The packet flies once over the stage; then one looks hop by hop.
            dispatch.dispatch(UiAction::Step(None));
            chosen.set(Some(journey));
        })
    };
    let on_past = {
        let (chosen, dispatch, past) = (chosen.setter(), ui.dispatcher(), past.clone());
        Callback::from(move |value: String| {
            let number = value.parse::<usize>().ok();
            let Some(journey) = number.and_then(|number| past.get(number)) else {
                return;
            };
            chosen.set(Some(journey.clone()));
            let stepping = Stepping {
                journey: journey.clone(),
                leg: 0,
                hop: 0,
            };
            dispatch.dispatch(UiAction::Step(Some(stepping)));
        })
    };
    html! {
        <div class="journey">
            <form::PacketForm {on_sent} />
            if past.len() > 1 {
                <div class="journey-past">
                    <choose::Choose label="Sent" now={shown.as_ref().and_then(|shown| number_of(&past, shown))}
                        choices={vec![("", titles(&past))]} choose={on_past} />
                </div>
            }
            if let Some(journey) = shown {
                <steps::Steps {journey} />
            } else {
                <p class="panel-empty">{"No packet yet. Send one from a pod to a Service: first it asks DNS for the name, then iptables turns the virtual address into a pod's, then it crosses bridges and cables. You see every hop."}</p>
            }
        </div>
    }
}

/// Each journey with its number, the latest first.
fn titles(past: &[Arc<Journey>]) -> Vec<choose::Choice> {
    let glyph = |journey: &Journey| if journey.answered { "✓" } else { "✕" };
    past.iter()
        .enumerate()
        .map(|(number, journey)| {
            let title = format!("{} {}", glyph(journey), journey.title);
            (number.to_string(), title)
        })
        .collect()
}

fn number_of(past: &[Arc<Journey>], shown: &Arc<Journey>) -> Option<String> {
    let same = |journey: &Arc<Journey>| Arc::ptr_eq(journey, shown) || **journey == **shown;
    past.iter().position(same).map(|number| number.to_string())
}
