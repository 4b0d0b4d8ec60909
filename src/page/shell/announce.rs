//! What is said aloud: important events for those who cannot see the stage, and a
//! line about what was done.

use crate::page::app::use_world;
use crate::page::ui::{UiAction, use_ui};
use crate::session::protocol::MarkSort;
use crate::sim::Instant;
use gloo::timers::callback::Timeout;
use yew::prelude::*;

/// Announcements come no more often than this, in milliseconds.
const ANNOUNCE_MS: u32 = 2_500;
/// No more of them at once; the rest is counted.
const ANNOUNCE_MAX: usize = 3;
/// How long a line about what was done stays.
const TOAST_MS: u32 = 5_000;

/// The live region.
#[component]
pub fn Announcer() -> Html {
    let app = use_world(ANNOUNCE_MS);
    let said = use_mut_ref(|| Instant::ZERO);
    let words = {
        let world = app.world();
        let since = *said.borrow();
        let news: Vec<&str> = world
            .marks
            .iter()
            .rev()
            .take_while(|mark| mark.at > since)
            .filter(|mark| mark.sort != MarkSort::Placed)
            .map(|mark| &*mark.text)
            .collect();
        // A new cluster begins its time anew.
        *said.borrow_mut() = world.marks.back().map_or(Instant::ZERO, |mark| mark.at);
        let more = news.len().saturating_sub(ANNOUNCE_MAX);
        let mut lines: Vec<String> = news
            .iter()
            .take(ANNOUNCE_MAX)
            .rev()
            .map(|line| (*line).to_owned())
            .collect();
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines.join(". ")
    };
    html! { <div class="hidden" role="status" aria-live="polite">{words}</div> }
}

/// The line about what was done or why not.
#[component]
pub fn ToastView() -> Html {
    let ui = use_ui();
    {
        let dispatch = ui.dispatcher();
        use_effect_with(ui.toast.clone(), move |toast| {
            let timeout = toast
                .is_some()
                .then(|| Timeout::new(TOAST_MS, move || dispatch.dispatch(UiAction::Say(None))));
            move || drop(timeout)
        });
    }
    html! {
        <div class="toast-place" role="status" aria-live="polite">
            if let Some(toast) = &ui.toast {
                <p class={classes!("toast", toast.refused.then_some("toast-refused"))}>
                    <span aria-hidden="true">{if toast.refused { "✕ " } else { "✓ " }}</span>
                    {&toast.text}
                </p>
            }
        </div>
    }
}
