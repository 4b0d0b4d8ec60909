//! The inspector's parts: facts and conditions, questions and answers, events,
//! YAML.

use super::decision::DecisionTable;
use crate::page::ui::{UiAction, use_ui};
use crate::page::words;
use crate::session::protocol::{ConditionView, Detail, Subject};
use crate::sim::Instant;
use crate::sim::trace::Decision;
use gloo::timers::callback::Timeout;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

/// Related subjects of one relation that are shown at once.
const RELATED_MAX: usize = 12;
/// How long a button says that it has copied.
const COPIED_MS: u32 = 1_500;

/// What all parts need.
#[derive(Properties, PartialEq)]
pub struct PartProps {
    /// What is shown.
    pub detail: Rc<Detail>,
    /// Virtual time.
    #[prop_or_default]
    pub now: Instant,
    /// The scheduler's decision, if there is one.
    #[prop_or_default]
    pub decision: Option<Arc<Decision>>,
}

/// Facts, conditions, what belongs with it, and longer texts.
#[component]
pub fn Summary(props: &PartProps) -> Html {
    let detail = &props.detail;
    html! {
        <>
            if !detail.facts.is_empty() {
                <dl class="facts">
                    { for detail.facts.iter().map(|(name, value)| html! {
                        <><dt>{name}</dt><dd>{value}</dd></>
                    }) }
                </dl>
            }
            if !detail.conditions.is_empty() {
                <h3 class="inspect-title">{"Conditions"}</h3>
                <ul class="conditions">
                    { for detail.conditions.iter().map(|condition| condition_row(condition, props.now)) }
                </ul>
            }
            { related(detail) }
            { for detail.texts.iter().map(|(title, text)| html! {
                <details class="inspect-text">
                    <summary>{title}<span class="soft">{words::count(text.lines().count(), "line")}</span></summary>
                    <pre tabindex="0" aria-label={title.clone()}>{text}</pre>
                </details>
            }) }
        </>
    }
}

/// Whether a condition is as one wishes; `True` is bad news for some.
fn is_good(condition: &ConditionView) -> bool {
    let bad_when_true = condition.name.ends_with("Pressure")
        || matches!(
            &*condition.name,
            "NetworkUnavailable" | "ReplicaFailure" | "DisruptionTarget" | "PodResizePending"
        );
    match &*condition.status {
        "True" => !bad_when_true,
        "False" => bad_when_true,
        _ => false,
    }
}

fn condition_row(condition: &ConditionView, now: Instant) -> Html {
    let (glyph, class) = match (&*condition.status, is_good(condition)) {
        ("Unknown", _) => ("?", "is-gone"),
        (_, true) => ("✓", "is-running"),
        (_, false) => ("✕", "is-failed"),
    };
    let words = match (condition.reason.as_str(), condition.message.as_str()) {
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    };
    html! {
        <li class="condition">
            <span class={class} aria-hidden="true">{glyph}</span>
            <span class="condition-name">{&condition.name}</span>
            <span class="condition-status">{&condition.status}</span>
            <span class="soft condition-since">
                { condition.since.map(|since| format!("for {}", words::age(now.since(since).as_secs()))) }
            </span>
            if !words.is_empty() {
                <span class="condition-words">{words}</span>
            }
        </li>
    }
}

fn related(detail: &Detail) -> Html {
    let mut relations: BTreeMap<&str, Vec<&Subject>> = BTreeMap::new();
    for (relation, subject) in &detail.related {
        relations.entry(relation).or_default().push(subject);
    }
    html! {
        { for relations.into_iter().map(|(relation, subjects)| {
            let link = |subject: &&Subject| html! {
                <li><SubjectLink subject={(*subject).clone()} /></li>
            };
            let (first, rest) = subjects.split_at(subjects.len().min(RELATED_MAX));
            html! {
                <>
                    <h3 class="inspect-title">{capital(relation)}<span class="inspect-count">{subjects.len()}</span></h3>
                    <ul class="inspect-related">{ for first.iter().map(link) }</ul>
                    if !rest.is_empty() {
                        <details class="inspect-text">
                            <summary>{format!("{} more", rest.len())}</summary>
                            <ul class="inspect-related">{ for rest.iter().map(link) }</ul>
                        </details>
                    }
                </>
            }
        }) }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// What [`SubjectLink`] needs.
#[derive(Properties, PartialEq)]
pub struct LinkProps {
    /// Where it leads.
    pub subject: Subject,
}

/// A subject's name that selects it.
#[component]
pub fn SubjectLink(props: &LinkProps) -> Html {
    let ui = use_ui();
    let subject = props.subject.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        ui.dispatch(UiAction::Select(Some(subject.clone())));
    });
    html! {
        <button type="button" class="link subject-link" {onclick}>{words::subject(&props.subject)}</button>
    }
}

/// Questions with answers, and the scheduler's table.
#[component]
pub fn Reasons(props: &PartProps) -> Html {
    let detail = &props.detail;
    if detail.why.is_empty() && props.decision.is_none() {
        return html! { <p class="panel-empty">{"Nothing to explain: it is as its spec wants it."}</p> };
    }
    html! {
        <>
            { for detail.why.iter().map(|why| html! {
                <section class="why">
                    <h3>{&why.question}</h3>
                    <ul>{ for why.answer.iter().map(|line| html! { <li>{line}</li> }) }</ul>
                </section>
            }) }
            if let Some(decision) = &props.decision {
                <DecisionTable decision={decision.clone()} />
            }
        </>
    }
}

/// The subject's events, the latest first.
#[component]
pub fn EventList(props: &PartProps) -> Html {
    let detail = &props.detail;
    if detail.events.is_empty() {
        return html! { <p class="panel-empty">{"No events about it. Kubernetes forgets them after an hour."}</p> };
    }
    html! {
        <ol class="own-events">
            { for detail.events.iter().map(|event| html! {
                <li class={classes!("own-event", event.warning.then_some("event-warning"))}>
                    <span class="event-time" title={words::clock(event.at)}>
                        {format!("{} ago", words::age(props.now.since(event.at).as_secs()))}
                    </span>
                    <span class="event-reason">
                        if event.warning { <span aria-label="Warning">{"⚠ "}</span> }
                        {&*event.reason}
                        if event.count > 1 { <span class="soft">{format!(" ×{}", event.count)}</span> }
                    </span>
                    <span class="event-source">{&*event.source}</span>
                    <span class="own-event-message">{&*event.message}</span>
                </li>
            }) }
        </ol>
    }
}

/// The object as `kubectl get -o yaml` prints it.
#[component]
pub fn Yaml(props: &PartProps) -> Html {
    let text = &props.detail.yaml;
    if text.is_empty() {
        return html! { <p class="panel-empty">{"It has no YAML: it is no object of the API."}</p> };
    }
    html! {
        <div class="yaml">
            <CopyButton text={text.clone()} />
            <pre tabindex="0" aria-label="YAML">{text}</pre>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct CopyProps {
    text: AttrValue,
}

/// Copies a text; says whether that worked.
#[component]
fn CopyButton(props: &CopyProps) -> Html {
    let said = use_state(|| None::<bool>);
    let onclick = {
        let (text, said) = (props.text.clone(), said.setter());
        Callback::from(move |_: MouseEvent| {
            let Some(window) = web_sys::window() else {
                return;
            };
            let promise = window.navigator().clipboard().write_text(&text);
            let said = said.clone();
            spawn_local(async move {
                said.set(Some(JsFuture::from(promise).await.is_ok()));
                Timeout::new(COPIED_MS, move || said.set(None)).forget();
            });
        })
    };
    let label = match *said {
        None => "Copy",
        Some(true) => "✓ Copied",
        Some(false) => "✕ Not allowed here: select and copy",
    };
    html! {
        <button type="button" class="button copy" {onclick}><span aria-live="polite">{label}</span></button>
    }
}
