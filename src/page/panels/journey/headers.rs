//! A packet's headers at a hop, layer by layer, with what changed.

use crate::page::headers::{self, Fate, FieldChange, LayerChange};
use crate::sim::trace::Hop;
use yew::prelude::*;

/// What the table needs.
#[derive(Properties, PartialEq)]
pub struct HeaderProps {
    /// The hop.
    pub hop: Hop,
}

/// The layers from the outside in.
#[component]
pub fn Headers(props: &HeaderProps) -> Html {
    let layers = headers::changes(&props.hop);
    if layers.is_empty() {
        return html! {};
    }
    let same = layers.iter().all(|layer| layer.fate == Fate::Kept);
    let asks = layers.iter().any(|layer| &*layer.protocol == "ARP");
    let words = match (same, asks) {
        (true, _) => "unchanged here",
        (false, true) => "the question → its answer",
        (false, false) => "changed here",
    };
    html! {
        <details class="inspect-text headers" open={!same}>
            <summary>{"Headers"}<span class="soft">{words}</span></summary>
            { for layers.iter().map(show) }
        </details>
    }
}

fn mark(fate: Fate) -> (&'static str, &'static str, &'static str) {
    match fate {
        Fate::Kept => ("", "", ""),
        Fate::Changed => ("✎", "changed", "fate-changed"),
        Fate::Added => ("+", "put on here", "fate-added"),
        Fate::Removed => ("−", "taken off here", "fate-removed"),
    }
}

fn show(layer: &LayerChange) -> Html {
    let (glyph, word, class) = mark(layer.fate);
    let whole = matches!(layer.fate, Fate::Added | Fate::Removed);
    html! {
        <div class={classes!("layer", whole.then_some(class))}>
            <h4>
                {&*layer.protocol}
                if whole { <span class="layer-mark">{format!("{glyph} {word}")}</span> }
            </h4>
            <dl class="fields">{ for layer.fields.iter().map(field) }</dl>
        </div>
    }
}

fn field(field: &FieldChange) -> Html {
    let (glyph, word, class) = mark(field.fate);
    html! {
        <>
            <dt>{&*field.name}</dt>
            <dd class={class}>
                if field.fate == Fate::Changed {
                    <span class="layer-mark" title={word}><span aria-hidden="true">{glyph}</span><span class="hidden">{"changed from"}</span></span>
                    <del>{&field.before}</del>
                    <span aria-hidden="true">{" → "}</span><span class="hidden">{" to "}</span>
                    <ins>{&field.after}</ins>
                } else if field.after.is_empty() {
                    {&field.before}
                } else {
                    {&field.after}
                }
            </dd>
        </>
    }
}
