//! The scheduler's decision about a pod: every node with what the filters and
//! scores said.

use crate::page::plugins::{self, Fate, Row};
use crate::sim::trace::{Decision, NodeScore};
use std::sync::Arc;
use yew::prelude::*;

/// Nodes that are shown at once.
const ROWS_MAX: usize = 12;

/// What the table needs.
#[derive(Properties, PartialEq)]
pub struct DecisionProps {
    /// The decision.
    pub decision: Arc<Decision>,
}

/// The table.
#[component]
pub fn DecisionTable(props: &DecisionProps) -> Html {
    let decision = &props.decision;
    let all = use_state(|| false);
    let rows = plugins::rows(decision);
    let shown = match *all {
        true => rows.len(),
        false => rows.len().min(ROWS_MAX),
    };
    let toggle = {
        let all = all.clone();
        Callback::from(move |_: MouseEvent| all.set(!*all))
    };
    let unseen = (decision.nodes_total as usize).saturating_sub(rows.len());
    html! {
        <section class="decision">
            <h3>{"Scheduling"}<span class="inspect-count">{format!("attempt {}", decision.attempt)}</span></h3>
            <p class="decision-sentence">{plugins::sentence(decision)}</p>
            { reasons(decision) }
            <div class="decision-scroll" role="region" tabindex="0" aria-label="Scheduling by node">
                <table>
                    <caption class="hidden">{"Each node with what the scheduler's filters and scores said of it"}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{"Node"}</th>
                            <th scope="col">{"Filters"}</th>
                            <th scope="col" class="number">{"Score"}</th>
                        </tr>
                    </thead>
                    <tbody>{ for rows.iter().take(shown).map(line) }</tbody>
                </table>
            </div>
            if rows.len() > ROWS_MAX {
                <button type="button" class="button" onclick={toggle} aria-expanded={all.to_string()}>
                    {if *all { "Show fewer nodes".to_owned() } else { format!("Show all {} nodes", rows.len()) }}
                </button>
            }
            if unseen > 0 {
                <p class="soft">{format!("{unseen} more nodes were not looked at: enough had been found that fit.")}</p>
            }
            { scores(decision) }
        </section>
    }
}

/// How many nodes fell to which reason.
fn reasons(decision: &Decision) -> Html {
    let reasons = plugins::reasons(decision);
    if reasons.is_empty() {
        return html! {};
    }
    html! {
        <ul class="decision-reasons">
            { for reasons.into_iter().map(|(count, plugin, words)| html! {
                <li>
                    <span class="is-failed" aria-hidden="true">{"✕ "}</span>
                    <strong>{format!("{count} × {plugin}")}</strong>
                    {format!(": {words}")}
                    <span class="soft">{format!(" ({})", meaning(&plugin))}</span>
                </li>
            }) }
        </ul>
    }
}

fn meaning(plugin: &str) -> String {
    match plugins::meaning(plugin) {
        "" => "a plugin of the scheduler".into(),
        words => format!("it looks at: {words}"),
    }
}

fn line(row: &Row) -> Html {
    let (glyph, class, words) = match &row.fate {
        Fate::Chosen => ("★", "is-running", "chosen".to_owned()),
        Fate::Fits => ("✓", "is-running", "fits".to_owned()),
        Fate::RuledOut(plugin, reasons) => ("✕", "is-failed", format!("{plugin}: {reasons}")),
    };
    let chosen = row.fate == Fate::Chosen;
    html! {
        <tr class={classes!(chosen.then_some("decision-chosen"))}>
            <th scope="row">{&**row.node}</th>
            <td><span class={class} aria-hidden="true">{glyph}</span>{" "}{words}</td>
            <td class="number">{row.score.map_or("–".to_owned(), |score| score.total.to_string())}</td>
        </tr>
    }
}

/// Of which parts each score is the sum.
fn scores(decision: &Decision) -> Html {
    let scorers = plugins::scorers(decision);
    if scorers.is_empty() {
        return html! {};
    }
    let best: Vec<&NodeScore> = decision.scores.iter().take(ROWS_MAX).collect();
    html! {
        <details class="inspect-text" open={best.len() <= 4}>
            <summary>{"How the scores add up"}<span class="soft">{"raw → 0 to 100 × weight"}</span></summary>
            <div class="decision-scroll" role="region" tabindex="0" aria-label="Scores by plugin and node">
                <table class="scores">
                    <thead>
                        <tr>
                            <th scope="col">{"Plugin"}</th>
                            { for best.iter().map(|score| html! {
                                <th scope="col" class="number">{&*score.node}</th>
                            }) }
                        </tr>
                    </thead>
                    <tbody>
                        { for scorers.iter().map(|plugin| html! {
                            <tr>
                                <th scope="row" title={meaning(plugin)}>{&**plugin}</th>
                                { for best.iter().map(|score| part(score, plugin)) }
                            </tr>
                        }) }
                        <tr class="total">
                            <th scope="row">{"Total"}</th>
                            { for best.iter().map(|score| html! { <td class="number">{score.total}</td> }) }
                        </tr>
                    </tbody>
                </table>
            </div>
            <ul class="decision-meanings">
                { for scorers.iter().filter(|plugin| !plugins::meaning(plugin).is_empty()).map(|plugin| html! {
                    <li><strong>{&**plugin}</strong>{": "}{plugins::meaning(plugin)}</li>
                }) }
            </ul>
        </details>
    }
}

fn part(score: &NodeScore, plugin: &str) -> Html {
    let Some(part) = score.plugins.iter().find(|part| &*part.plugin == plugin) else {
        return html! { <td class="number">{"–"}</td> };
    };
    html! {
        <td class="number">
            <span class="soft">{format!("{} → {} × {} = ", part.raw, part.normalized, part.weight)}</span>
            {part.normalized.saturating_mul(part.weight)}
        </td>
    }
}
