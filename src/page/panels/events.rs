//! What happened, the latest first, as `kubectl get events` has it.

use crate::api::{Key, Kind};
use crate::page::app::use_world;
use crate::page::ui::{UiAction, use_ui};
use crate::page::words;
use crate::session::protocol::{EventView, Subject};
use yew::prelude::*;

/// Rows that are shown at first: while much happens, all of them are new at every
/// turn, and each costs the browser a layout.
const ROWS: usize = 24;
/// So many more at each wish for older ones.
const ROWS_MORE: usize = 60;
/// The list is written anew at most each so many milliseconds.
const EVENTS_MS: u32 = 500;

/// The list of events.
#[component]
pub fn Events() -> Html {
    let app = use_world(EVENTS_MS);
    let rows = use_state(|| ROWS);
    let world = app.world();
    if world.events.is_empty() {
        return html! { <p class="panel-empty">{"No events yet. They appear as components report what they do."}</p> };
    }
    let left = world.events.len().saturating_sub(*rows);
    let older = {
        let rows = rows.clone();
        Callback::from(move |_: MouseEvent| rows.set(*rows + ROWS_MORE))
    };
    html! {
        <>
        <ol class="events">
            { for world.events.iter().rev().take(*rows).zip((0..=world.events_told).rev()).map(|(event, number)| {
                // By its number a row stays the same while newer ones come above it.
                html! { <Row key={number.to_string()} event={event.clone()} /> }
            }) }
        </ol>
        if left > 0 {
            <p class="events-older">
                <button type="button" class="button" onclick={older}>{"Show older events"}</button>
                <span class="soft">{format!("{left} more")}</span>
            </p>
        }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    event: EventView,
}

#[component]
fn Row(props: &RowProps) -> Html {
    let ui = use_ui();
    let event = &props.event;
    let kind = Kind::ALL
        .iter()
        .find(|kind| kind.info().kind == &*event.kind);
    let select = kind.map(|kind| {
        let subject = Subject::Object {
            kind: *kind,
            key: Key::clone(&event.key),
        };
        Callback::from(move |_: MouseEvent| {
            ui.dispatch(UiAction::Select(Some(subject.clone())));
        })
    });
    html! {
        <li class={classes!("event", event.warning.then_some("event-warning"))}>
            <span class="event-time">{words::clock(event.at)}</span>
            <span class="event-reason">{if event.warning { "⚠ " } else { "" }}{&*event.reason}</span>
            <button type="button" class="link" onclick={select}>{format!("{}/{}", event.kind.to_lowercase(), event.key.name)}</button>
            <span class="event-message">{&*event.message}{if event.count > 1 { format!(" (×{})", event.count) } else { String::new() }}</span>
            <span class="event-source">{&*event.source}</span>
        </li>
    }
}
