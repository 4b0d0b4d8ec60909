//! The panel while a scenario runs: what is to be seen in this step, what is
//! expected of it, and the way on.

use super::address::link_to;
use super::catalogue::{after, lesson};
use crate::page::app::use_world;
use crate::page::panels::manifest::clipboard;
use crate::page::ui::{Toast, UiAction, use_ui};
use crate::session::protocol::{Command, ScenarioView};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(super) struct RunningProps {
    /// As the engine tells it.
    pub view: ScenarioView,
}

/// The scenario.
#[component]
pub(super) fn Running(props: &RunningProps) -> Html {
    let view = &props.view;
    let title = view.steps.get(view.step).cloned().unwrap_or_default();
    html! {
        <section class="scenario" aria-label={format!("Scenario: {}", view.title)}>
            <h2 class="scenario-heading">{&view.title}</h2>
            <p class="scenario-goal">{&view.goal}</p>
            <Progress view={view.clone()} />
            <h3 class="scenario-step" aria-live="polite">
                <span class="scenario-number">{format!("Step {} of {}", view.step + 1, view.steps.len())}</span>
                {title}
            </h3>
            <div class="scenario-words">
                { for view.words.iter().map(|words| html! { <p>{words}</p> }) }
            </div>
            <Expectations list={view.expectations.clone()} />
            <Onward view={view.clone()} />
            <Around name={view.name.clone()} />
        </section>
    }
}

/// A mark for each step: done, on, to come. The words beside it say the same.
#[component]
fn Progress(props: &RunningProps) -> Html {
    let view = &props.view;
    let mark = |(index, title): (usize, &String)| {
        let class = if index < view.step || view.finished {
            "progress-done"
        } else if index == view.step {
            "progress-on"
        } else {
            "progress-to-come"
        };
        html! { <li {class} title={title.clone()} /> }
    };
    html! { <ol class="progress" aria-hidden="true">{ for view.steps.iter().enumerate().map(mark) }</ol> }
}

#[derive(Properties, PartialEq)]
struct ExpectationsProps {
    list: Vec<(String, bool)>,
}

/// The checklist that ticks itself.
#[component]
fn Expectations(props: &ExpectationsProps) -> Html {
    let app = use_world(500);
    if props.list.is_empty() {
        return html! {};
    }
    let met = props.list.iter().filter(|(_, met)| *met).count();
    let paused = !app.world().clock.playing && met < props.list.len();
    let play = Callback::from(move |_: MouseEvent| app.send(Command::Play(true)));
    let item = |(text, met): &(String, bool)| {
        let (class, glyph, word) = match met {
            true => ("is-running", "✓", "done: "),
            false => ("is-waiting", "○", "not yet: "),
        };
        html! {
            <li class={classes!("expectation", met.then_some("expectation-met"))}>
                <span class={class} aria-hidden="true">{glyph}</span>
                <span><span class="hidden">{word}</span>{text}</span>
            </li>
        }
    };
    html! {
        <div class="expectations">
            <ul aria-label="What to expect">{ for props.list.iter().map(item) }</ul>
            <p class="hidden" role="status" aria-live="polite">
                {format!("{met} of {} expectations came true", props.list.len())}
            </p>
            if paused {
                <p class="scenario-hint">
                    {"Time is paused. "}<button type="button" class="link" onclick={play}>{"Play"}</button>
                </p>
            }
        </div>
    }
}

/// The button that goes on; before everything came true it only skips.
#[component]
fn Onward(props: &RunningProps) -> Html {
    let app = use_world(1_000);
    let view = &props.view;
    let send = |command: Command| {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.send(command.clone()))
    };
    let last = view.step + 1 >= view.steps.len();
    let met = view.expectations.iter().all(|(_, met)| *met);
    if last && !view.finished {
        return html! {};
    }
    if last {
        return html! {
            <div class="onward">
                <p class="onward-done"><span class="is-running" aria-hidden="true">{"✓ "}</span>
                    {"That was the last step. The cluster is yours: go on playing with it."}</p>
                if let Some(next) = after(&view.name) {
                    <button type="button" class="button button-call onward-button"
                        onclick={send(Command::Scenario(next.name.to_owned()))}>
                        {format!("Next scenario: {}", next.title)}
                    </button>
                }
                <button type="button" class="button onward-button" onclick={send(Command::ScenarioLeave)}>
                    {"Done"}
                </button>
            </div>
        };
    }
    let next = send(Command::ScenarioNext);
    html! {
        <div class="onward">
            if met {
                <button type="button" class="button button-call onward-button" onclick={next}>{&view.next}</button>
            } else {
                <button type="button" class="button onward-button" onclick={next}
                    title="Goes on before everything above came true">{format!("Skip: {}", view.next)}</button>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct AroundProps {
    name: String,
}

/// Again, share, leave.
#[component]
fn Around(props: &AroundProps) -> Html {
    let app = use_world(1_000);
    let ui = use_ui();
    let send = |command: Command| {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.send(command.clone()))
    };
    let known = lesson(&props.name);
    let share = {
        let dispatch = ui.dispatcher();
        let link = known.and_then(|lesson| link_to(lesson.name));
        Callback::from(move |_: MouseEvent| {
            let (dispatch, link) = (dispatch.clone(), link.clone().unwrap_or_default());
            spawn_local(async move {
                let (text, refused) = match clipboard::copy(link).await {
                    Ok(()) => ("Link copied".to_owned(), false),
                    Err(why) => (why.to_owned(), true),
                };
                dispatch.dispatch(UiAction::Say(Some(Toast { text, refused })));
            });
        })
    };
    html! {
        <div class="around">
            if let Some(lesson) = known {
                <button type="button" class="button"
                    onclick={send(Command::Scenario(lesson.name.to_owned()))}>{"Start again"}</button>
                <button type="button" class="button" onclick={share}>{"Copy link"}</button>
            }
            <button type="button" class="button" title="The cluster stays as it is"
                onclick={send(Command::ScenarioLeave)}>{"Leave"}</button>
        </div>
    }
}
