//! A journey's hops: grouped by leg and by node, with buttons and keys that step.

use super::headers::Headers;
use crate::page::ui::{Stepping, UiAction, use_ui};
use crate::page::words;
use crate::page::{headers, hops};
use crate::sim::trace::{Hop, Journey, Leg, Verdict};
use std::sync::Arc;
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// What the list needs.
#[derive(Properties, PartialEq)]
pub struct StepsProps {
    /// The journey.
    pub journey: Arc<Journey>,
}

fn row_id(leg: usize, hop: usize) -> String {
    format!("hop-{leg}-{hop}")
}

/// The list.
#[component]
pub fn Steps(props: &StepsProps) -> Html {
    let ui = use_ui();
    let journey = &props.journey;
    let now = ui
        .stepping
        .as_ref()
        .filter(|stepping| stepping.journey == *journey)
        .map(|stepping| (stepping.leg, stepping.hop));
    use_effect_with(now, |now| {
        if let Some((leg, hop)) = now {
            reveal(&row_id(*leg, *hop));
        }
    });
    let go = {
        let (dispatch, journey) = (ui.dispatcher(), journey.clone());
        Callback::from(move |to: Option<(usize, usize)>| {
            dispatch.dispatch(UiAction::Step(to.map(|(leg, hop)| Stepping {
                journey: journey.clone(),
                leg,
                hop,
            })));
        })
    };
    // Keys can come faster than the page is rendered.
    let current = use_mut_ref(|| now);
    *current.borrow_mut() = now;
    let onkeydown = {
        let (go, journey) = (go.clone(), journey.clone());
        Callback::from(move |event: KeyboardEvent| {
            let by = match event.key().as_str() {
                "ArrowDown" | "ArrowRight" => 1,
                "ArrowUp" | "ArrowLeft" => -1,
                "Home" => isize::MIN,
                "End" => isize::MAX,
                _ => return,
            };
            event.prevent_default();
            let next = step(&journey, *current.borrow(), by);
            *current.borrow_mut() = Some(next);
            go.emit(Some(next));
        })
    };
    let (glyph, class) = match journey.answered {
        true => ("✓", "is-running"),
        false => ("✕", "is-failed"),
    };
    html! {
        <section class="steps" aria-label="The packet's way" {onkeydown}>
            <p class="steps-title">{&journey.title}</p>
            <p class="steps-summary" role="status">
                <span class={class} aria-hidden="true">{glyph}</span>{" "}{&journey.summary}
            </p>
            <Bar journey={journey.clone()} {now} go={go.clone()} />
            { for journey.legs.iter().enumerate().map(|(number, leg)| show_leg(number, leg, now, &go)) }
        </section>
    }
}

/// One step from here; the first step leads to the first hop.
fn step(journey: &Journey, now: Option<(usize, usize)>, by: isize) -> (usize, usize) {
    match now {
        Some((leg, hop)) => hops::walk(journey, leg, hop, by),
        None if by == isize::MAX => hops::walk(journey, 0, 0, by),
        None => (0, 0),
    }
}

#[derive(Properties, PartialEq)]
struct BarProps {
    journey: Arc<Journey>,
    now: Option<(usize, usize)>,
    go: Callback<Option<(usize, usize)>>,
}

/// The buttons that step.
#[component]
fn Bar(props: &BarProps) -> Html {
    let (number, count) = match props.now {
        Some((leg, hop)) => {
            let (number, count) = hops::number(&props.journey, leg, hop);
            (number + 1, count)
        }
        None => (0, hops::number(&props.journey, 0, 0).1),
    };
    let to = |by: isize| {
        let (journey, now, go) = (props.journey.clone(), props.now, props.go.clone());
        Callback::from(move |_: MouseEvent| go.emit(Some(step(&journey, now, by))))
    };
    let leave = {
        let go = props.go.clone();
        Callback::from(move |_: MouseEvent| go.emit(None))
    };
    html! {
        <div class="steps-bar" role="group" aria-label="Step through the hops">
            <button type="button" class="button" onclick={to(-1)} disabled={number <= 1}
                aria-label="Hop before" title="Hop before (←)">{"←"}</button>
            <span class="steps-number" aria-live="polite">
                {if number == 0 { words::count(count, "hop") } else { format!("hop {number} of {count}") }}
            </span>
            <button type="button" class="button" onclick={to(1)} disabled={number >= count}
                aria-label={if number == 0 { "Step through: first hop" } else { "Next hop" }} title="Next hop (→)">
                {if number == 0 { "Step through →" } else { "→" }}
            </button>
            if number > 0 {
                <button type="button" class="button" onclick={leave}>{"Done"}</button>
            }
        </div>
    }
}

fn show_leg(
    number: usize,
    leg: &Leg,
    now: Option<(usize, usize)>,
    go: &Callback<Option<(usize, usize)>>,
) -> Html {
    let (protocol, class) = hops::traffic(leg.traffic);
    // A name may take several questions: only the leg that matters is unfolded.
    let open = match now {
        Some((leg, _)) => leg == number,
        None => hops::worth_a_look(leg),
    };
    let ended = leg.hops.last().map(|hop| hops::verdict(hop.verdict));
    html! {
        <details class="leg" {open}>
            <summary>
                <h2 class="leg-title">
                    <span class={classes!("leg-traffic", class)}>{protocol}</span>
                    {hops::leg(leg.kind)}
                    if let Some((glyph, word, class)) = ended {
                        <span class={class} title={word}>
                            <span aria-hidden="true">{glyph}</span><span class="hidden">{word}</span>
                        </span>
                    }
                    <span class="inspect-count">{words::count(leg.hops.len(), "hop")}</span>
                </h2>
            </summary>
            <p class="leg-line mono">{&leg.title}</p>
            { for hops::groups(leg).into_iter().map(|group| html! {
                <>
                    <h3 class="leg-place">{&group.place}<span class="soft">{group.role}</span></h3>
                    <ol class="hops" start={(group.hops.start + 1).to_string()}>
                        { for group.hops.clone().filter_map(|hop| Some((hop, leg.hops.get(hop)?))).map(|(hop, shown)| {
                            row((number, hop), shown, now == Some((number, hop)), go)
                        }) }
                    </ol>
                </>
            }) }
        </details>
    }
}

fn row(here: (usize, usize), hop: &Hop, open: bool, go: &Callback<Option<(usize, usize)>>) -> Html {
    let (glyph, word, class) = hops::verdict(hop.verdict);
    let onclick = {
        let go = go.clone();
        Callback::from(move |_: MouseEvent| go.emit(if open { None } else { Some(here) }))
    };
    html! {
        <li class={classes!("hop", open.then_some("hop-open"))} key={row_id(here.0, here.1)}>
            <button type="button" class="hop-row" id={row_id(here.0, here.1)} {onclick}
                aria-expanded={open.to_string()} aria-current={open.then_some("step")}>
                <span class={classes!("hop-glyph", class)} title={word}>
                    <span aria-hidden="true">{glyph}</span><span class="hidden">{word}</span>
                </span>
                <span class="hop-place">{hops::place(&hop.place)}</span>
                <span class="hop-stage">{if *hop.stage == *hops::place(&hop.place) { "" } else { &*hop.stage }}</span>
                <span class="hop-why">{&hop.why}</span>
            </button>
            if open {
                <div class="hop-more">
                    <p class="soft">{format!("{}: {}. {}", hops::place(&hop.place), hops::meaning(hop.place.site), verdict_sentence(hop))}</p>
                    if !hop.rule.is_empty() {
                        <details class="inspect-text" open={true}>
                            <summary>{"What decided"}</summary>
                            <pre tabindex="0" aria-label="The rule or entry that decided">{&hop.rule}</pre>
                        </details>
                    }
                    <Headers hop={hop.clone()} />
                    if let Some(capture) = &hop.capture {
                        <details class="inspect-text">
                            <summary>
                                {"The frame, as tcpdump catches it here"}
                                <span class="soft">{words::count(capture.frame.len(), "byte")}</span>
                            </summary>
                            <pre tabindex="0" aria-label="Bytes of the frame">{headers::hex_dump(&capture.frame)}</pre>
                        </details>
                    }
                </div>
            }
        </li>
    }
}

fn verdict_sentence(hop: &Hop) -> &'static str {
    match hop.verdict {
        Verdict::Forwarded => "The packet goes on.",
        Verdict::Rewritten => "The packet goes on, changed.",
        Verdict::Delivered => "The packet has arrived.",
        Verdict::Dropped => "The packet dies here; nobody is told.",
        Verdict::Rejected => "The packet is refused here, and its sender is told.",
    }
}

/// Brings a row into sight within its panel, and moves the focus along if it was
/// on another row.
fn reveal(id: &str) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let Some(row) = document.get_element_by_id(id) else {
        return;
    };
    let on_row = document
        .active_element()
        .is_some_and(|element| element.id().starts_with("hop-"));
    if on_row && let Some(row) = row.dyn_ref::<web_sys::HtmlElement>() {
        // A row that cannot take the focus is no harm.
        let _ = row.focus();
    }
    let body = row.closest(".dock-body").ok().flatten();
    let Some(body) = body else {
        return;
    };
    let item = row.parent_element().unwrap_or_else(|| row.clone());
    let (seen, item) = (
        body.get_bounding_client_rect(),
        item.get_bounding_client_rect(),
    );
    let margin = 48.0;
    let by = if item.top() < seen.top() + margin {
        item.top() - seen.top() - margin
    } else if item.bottom() > seen.bottom() {
        // Its head must stay in sight, however long it is.
        (item.bottom() - seen.bottom()).min(item.top() - seen.top() - margin)
    } else {
        return;
    };
    body.set_scroll_top(body.scroll_top() + by.round() as i32);
}
