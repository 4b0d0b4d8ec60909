//! What was found in the text and what became of it, as lists below the editor.

use crate::page::manifests::{Findings, outcome_line, outcomes_summary};
use crate::page::words::count;
use crate::session::protocol::{DiagnosticView, Outcome};
use yew::prelude::*;

/// Rows that are shown of one list; the rest is counted.
const ROWS_MAX: usize = 100;

#[derive(Properties, PartialEq)]
pub(super) struct FoundProps {
    /// What was found.
    pub findings: Findings,
    /// Takes the cursor to a line and column.
    pub jump: Callback<(u32, u32)>,
}

/// Errors and warnings, each a row that leads to its line; then what has no effect.
#[component]
pub(super) fn Found(props: &FoundProps) -> Html {
    let FoundProps { findings, jump } = props;
    let row = |one: &DiagnosticView| html! { <Row one={one.clone()} jump={jump.clone()} /> };
    html! {
        <>
            if !findings.problems.is_empty() {
                <ul class="found-list" aria-label="Problems">
                    { for findings.problems.iter().take(ROWS_MAX).map(row) }
                    { more(findings.problems.len()) }
                </ul>
            }
            if !findings.notes.is_empty() {
                <details class="found-notes">
                    <summary><span class="is-succeeded" aria-hidden="true">{"ℹ "}</span>{findings.notes_title()}</summary>
                    <p class="found-hint">{"Stored and shown as you wrote them; nothing in this simulation acts on them."}</p>
                    <ul class="found-list" aria-label={findings.notes_title()}>
                        { for findings.notes.iter().take(ROWS_MAX).map(row) }
                        { more(findings.notes.len()) }
                    </ul>
                </details>
            }
        </>
    }
}

fn more(all: usize) -> Html {
    match all.saturating_sub(ROWS_MAX) {
        0 => html! {},
        rest => html! { <li class="found-hint">{format!("and {rest} more")}</li> },
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    one: DiagnosticView,
    jump: Callback<(u32, u32)>,
}

#[component]
fn Row(props: &RowProps) -> Html {
    let one = &props.one;
    let (class, glyph, word) = match one.severity {
        2 => ("is-failed", "✕", "error"),
        1 => ("is-waiting", "▲", "warning"),
        _ => ("is-succeeded", "ℹ", "note"),
    };
    let onclick = {
        let (jump, place) = (props.jump.clone(), (one.line, one.column));
        Callback::from(move |_: MouseEvent| jump.emit(place))
    };
    html! {
        <li>
            <button type="button" class="found" {onclick}>
                <span class={classes!("found-mark", class)}>
                    <span aria-hidden="true">{glyph}</span>{" "}{word}
                </span>
                <span class="found-place">{format!("line {}, col {}", one.line, one.column)}</span>
                <span class="found-message">{&one.message}</span>
                if !one.fix.is_empty() {
                    <span class="found-fix">{&one.fix}</span>
                }
            </button>
        </li>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct OutcomesProps {
    /// What became of each document.
    pub outcomes: Vec<Outcome>,
    /// Takes the cursor to a line and column.
    pub jump: Callback<(u32, u32)>,
}

/// What became of each document, as kubectl prints it.
#[component]
pub(super) fn Outcomes(props: &OutcomesProps) -> Html {
    let OutcomesProps { outcomes, jump } = props;
    if outcomes.is_empty() {
        return html! {};
    }
    // What was refused is what one has to see.
    let refused = outcomes.iter().filter(|one| !one.error.is_empty());
    let done = outcomes.iter().filter(|one| one.error.is_empty());
    html! {
        <section class="outcomes" aria-label="What became of each document">
            <p class="outcomes-head">
                {format!("{}: {}", count(outcomes.len(), "document"), outcomes_summary(outcomes))}
            </p>
            <ul class="found-list">
                { for refused.chain(done).take(ROWS_MAX).map(|one| outcome(one, jump)) }
                { more(outcomes.len()) }
            </ul>
        </section>
    }
}

fn outcome(one: &Outcome, jump: &Callback<(u32, u32)>) -> Html {
    let refused = !one.error.is_empty();
    let onclick = {
        let (jump, line) = (jump.clone(), one.line);
        Callback::from(move |_: MouseEvent| jump.emit((line, 1)))
    };
    let (class, glyph) = match refused {
        true => ("is-failed", "✕"),
        false => ("is-running", "✓"),
    };
    html! {
        <li>
            <button type="button" class="outcome" {onclick}>
                <span class={class} aria-hidden="true">{glyph}</span>
                <span class="outcome-name">{outcome_line(one)}</span>
                <span class="found-place">{format!("line {}", one.line)}</span>
                if refused {
                    <span class="outcome-error"><span class="is-failed">{"refused: "}</span>{&one.error}</span>
                }
            </button>
        </li>
    }
}
