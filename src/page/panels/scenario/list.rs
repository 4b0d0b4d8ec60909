//! The panel while no scenario runs: which there are, and one click to begin.

use super::catalogue::{Lesson, lessons};
use super::welcome::Welcome;
use crate::page::app::use_app;
use crate::page::words::count;
use crate::session::protocol::Command;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(super) struct ListProps {
    /// Why the one that was asked for did not begin, or empty.
    pub trouble: String,
}

/// The list.
#[component]
pub(super) fn List(props: &ListProps) -> Html {
    let app = use_app();
    let dismiss = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.send(Command::ScenarioLeave))
    };
    html! {
        <section class="scenario" aria-label="Scenarios">
            if !props.trouble.is_empty() {
                <p class="scenario-trouble" role="alert">
                    <span class="is-failed"><span aria-hidden="true">{"✕ "}</span>{"The scenario did not begin: "}</span>
                    {&props.trouble}{". Choose one of these. "}
                    <button type="button" class="link" onclick={dismiss}>{"Dismiss"}</button>
                </p>
            }
            <Welcome />
            <h2 class="scenario-heading">{"Scenarios"}</h2>
            <p class="scenario-hint">{"Each begins a new cluster and explains what happens in it, step by step."}</p>
            <ol class="lessons">
                { for lessons().iter().enumerate().map(|(index, lesson)| html! {
                    <Row lesson={lesson.clone()} first={index == 0} />
                }) }
            </ol>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    lesson: Lesson,
    first: bool,
}

#[component]
fn Row(props: &RowProps) -> Html {
    let app = use_app();
    let lesson = &props.lesson;
    let onclick = {
        let name = lesson.name;
        Callback::from(move |_: MouseEvent| app.send(Command::Scenario(name.to_owned())))
    };
    html! {
        <li class="lesson">
            <h3 class="lesson-title">{&lesson.title}</h3>
            <p class="lesson-goal">{&lesson.goal}</p>
            <span class="lesson-steps">{count(lesson.steps, "step")}</span>
            <button type="button" class={classes!("button", "lesson-start", props.first.then_some("button-call"))} {onclick}
                aria-label={format!("Start: {}", lesson.title)}>{"Start"}</button>
        </li>
    }
}
