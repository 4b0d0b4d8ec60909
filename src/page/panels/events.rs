//! What happened, the latest first, as `kubectl get events` has it.

use crate::api::{Key, Kind};
use crate::page::app::use_world;
use crate::page::ui::{UiAction, use_ui};
use crate::page::words;
use crate::session::protocol::{EventView, Subject};
use yew::prelude::*;

/// Rows that are shown; older events are reached through what they are about.
const ROWS_MAX: usize = 120;

/// The list of events.
#[component]
pub fn Events() -> Html {
    let app = use_world(400);
    let world = app.world();
    if world.events.is_empty() {
        return html! { <p class="panel-empty">{"No events yet. They appear as components report what they do."}</p> };
    }
    html! {
        <ol class="events">
            { for world.events.iter().rev().take(ROWS_MAX).map(|event| html! { <Row event={event.clone()} /> }) }
        </ol>
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
