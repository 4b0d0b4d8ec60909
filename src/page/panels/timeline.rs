//! The timeline: what the user did and what broke, on a strip of virtual time. The
//! arrow keys go from mark to mark; a mark selects what it is about.

use crate::page::app::use_world;
use crate::page::strip::{self, Spot};
use crate::page::ui::{UiAction, use_ui};
use crate::page::words;
use crate::session::protocol::MarkSort;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

/// The strip.
#[component]
pub fn Timeline() -> Html {
    let app = use_world(500);
    let world = app.world();
    let now = world.clock.now;
    let begin = strip::begin(world.marks.iter().map(|mark| mark.at), now);
    let spots = strip::spots(&world.marks, begin, now);
    let last = spots.len().saturating_sub(1);
    html! {
        <section class="timeline" aria-label="Timeline">
            <span class="timeline-end">{words::clock(begin)}</span>
            <ol class="timeline-strip" {onkeydown}>
                { for spots.into_iter().enumerate().map(|(number, spot)| {
                    let key = spot.mark.at.0.to_string();
                    html! { <MarkButton {key} {spot} reachable={number == last} /> }
                }) }
            </ol>
            <span class="timeline-end timeline-now">{"now"}</span>
        </section>
    }
}

/// From mark to mark with the arrow keys: one stop of the Tab key for all.
fn onkeydown(event: KeyboardEvent) {
    let item = event
        .target_dyn_into::<Element>()
        .and_then(|button| button.parent_element());
    let Some(item) = item else { return };
    let next = match event.key().as_str() {
        "ArrowLeft" => item.previous_element_sibling(),
        "ArrowRight" => item.next_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    let button = next.and_then(|item| item.first_element_child());
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        // A button that cannot take the focus is no harm.
        let _ = button.focus();
    }
}

#[derive(Properties, PartialEq)]
struct MarkProps {
    spot: Spot,
    /// Whether the Tab key stops here.
    reachable: bool,
}

#[component]
fn MarkButton(props: &MarkProps) -> Html {
    let ui = use_ui();
    let spot = &props.spot;
    let (glyph, word) = strip::sign(spot.mark.sort);
    let others = match spot.count {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let title = format!(
        "{} · {word}: {}{others}",
        words::clock(spot.mark.at),
        spot.mark.text
    );
    let subject = spot.mark.subject.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        if let Some(subject) = &subject {
            ui.dispatch(UiAction::Select(Some(subject.clone())));
        }
    });
    let class = match spot.mark.sort {
        MarkSort::Crash | MarkSort::Node => "is-failed",
        MarkSort::Warning => "is-waiting",
        MarkSort::Packet => "is-packet",
        MarkSort::Placed => "is-running",
        MarkSort::User | MarkSort::Step => "is-deed",
    };
    html! {
        <li style={format!("left:{:.2}%", spot.at * 100.0)}>
            <button type="button" class={classes!("timeline-mark", class)} {onclick} title={title.clone()}
                aria-label={title} tabindex={if props.reachable { "0" } else { "-1" }}>
                {glyph}
            </button>
        </li>
    }
}
