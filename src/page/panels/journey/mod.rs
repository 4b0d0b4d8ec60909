//! The way of a packet: a form that sends one, and its hops one by one.

mod form;
mod headers;
mod steps;

use crate::page::app::use_world;
use crate::page::ui::{Stepping, UiAction, use_ui};
use crate::sim::trace::Journey;
use std::sync::Arc;
use web_sys::HtmlSelectElement;
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
        Callback::from(move |event: Event| {
            let select = event.target_dyn_into::<HtmlSelectElement>();
            let number = select.and_then(|select| select.value().parse::<usize>().ok());
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
                <label class="journey-past">
                    <span class="soft">{"Sent before"}</span>
                    <select class="select" onchange={on_past}>
                        { for past.iter().enumerate().map(|(number, journey)| {
                            let same = shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, journey) || **shown == **journey);
                            html! {
                                <option value={number.to_string()} selected={same}>
                                    {format!("{} {}", if journey.answered { "✓" } else { "✕" }, journey.title)}
                                </option>
                            }
                        }) }
                    </select>
                </label>
            }
            if let Some(journey) = shown {
                <steps::Steps {journey} />
            } else {
                <p class="panel-empty">{"No packet yet. Send one from a pod to a Service: first it asks DNS for the name, then iptables turns the virtual address into a pod's, then it crosses bridges and cables. You see every hop."}</p>
            }
        </div>
    }
}
