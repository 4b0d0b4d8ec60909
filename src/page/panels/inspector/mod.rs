//! What is selected, looked at closely: what it is, why it is so, what was said
//! of it, its YAML, and what can be done to it.

mod actions;
mod decision;
mod sections;

use crate::page::app::{App, use_world, wall_now};
use crate::page::ui::{UiAction, use_ui};
use crate::page::words;
use crate::session::protocol::{Command, Detail, PodState, Subject};
use std::rc::Rc;
use yew::prelude::*;

/// The panel is written anew at most each so many milliseconds.
const INSPECT_MS: u32 = 300;
/// An answer that stays away (the cluster was made anew) is asked for again.
const ASK_AGAIN_MS: f64 = 1_000.0;
/// Suggestions while nothing is selected.
const SUGGESTIONS_MAX: usize = 6;

/// The parts of the inspector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Summary,
    Why,
    Events,
    Yaml,
}

impl Part {
    const ALL: [Part; 4] = [Part::Summary, Part::Why, Part::Events, Part::Yaml];

    fn title(self) -> &'static str {
        match self {
            Part::Summary => "Summary",
            Part::Why => "Why?",
            Part::Events => "Events",
            Part::Yaml => "YAML",
        }
    }
}

/// The inspector.
#[component]
pub fn Inspector() -> Html {
    let app = use_world(INSPECT_MS);
    let ui = use_ui();
    let part = use_state(|| Part::Summary);
    use_inspection(&app, ui.selection.clone());
    let Some(subject) = ui.selection.clone() else {
        return html! { <Nothing /> };
    };
    let detail = app
        .world()
        .detail
        .as_ref()
        .filter(|detail| detail.subject == subject)
        .map(|detail| Rc::new((**detail).clone()));
    let Some(detail) = detail else {
        return html! {
            <div class="inspect">
                <Head subject={subject.clone()} headline="" />
                <p class="panel-empty" role="status">{"Asking the engine…"}</p>
            </div>
        };
    };
    let set = {
        let part = part.setter();
        Callback::from(move |chosen| part.set(chosen))
    };
    html! {
        <div class="inspect" key={words::subject(&subject)}>
            <Head subject={subject.clone()} headline={detail.headline.clone()} />
            if !detail.gone {
                <actions::Actions subject={subject.clone()} />
            }
            <Parts shown={*part} events={detail.events.len()} {set} />
            <div class="inspect-part" role="tabpanel" id="inspect-panel" aria-labelledby={format!("inspect-tab-{}", part.title())}>
                { show(*part, &detail, &app) }
            </div>
        </div>
    }
}

fn show(part: Part, detail: &Rc<Detail>, app: &App) -> Html {
    let now = app.world().clock.now;
    match part {
        Part::Summary => html! { <sections::Summary detail={detail.clone()} {now} /> },
        Part::Why => {
            let decision = detail.decision.clone().or_else(|| match &detail.subject {
                Subject::Object { key, .. } => app.world().decisions.get(key).cloned(),
                Subject::Component(_) => None,
            });
            html! { <sections::Reasons detail={detail.clone()} {decision} /> }
        }
        Part::Events => html! { <sections::EventList detail={detail.clone()} {now} /> },
        Part::Yaml => html! { <sections::Yaml detail={detail.clone()} /> },
    }
}

/// Tells the engine what is looked at, as long as somebody looks.
#[hook]
fn use_inspection(app: &App, selection: Option<Subject>) {
    let asked = use_mut_ref(|| 0.0_f64);
    {
        let (app, asked) = (app.clone(), asked.clone());
        use_effect_with(selection.clone(), move |selection| {
            *asked.borrow_mut() = wall_now();
            app.send(Command::Inspect(selection.clone()));
        });
    }
    {
        let app = app.clone();
        use_effect_with((), move |()| move || app.send(Command::Inspect(None)));
    }
    let known = {
        let world = app.world();
        world.detail.as_ref().map(|detail| detail.subject.clone())
    };
    let now = wall_now();
    if selection.is_some() && known != selection && now - *asked.borrow() > ASK_AGAIN_MS {
        *asked.borrow_mut() = now;
        app.send(Command::Inspect(selection));
    }
}

#[derive(Properties, PartialEq)]
struct HeadProps {
    subject: Subject,
    headline: AttrValue,
}

#[component]
fn Head(props: &HeadProps) -> Html {
    let ui = use_ui();
    let close = Callback::from(move |_: MouseEvent| ui.dispatch(UiAction::Select(None)));
    let (kind, name) = match &props.subject {
        Subject::Object { kind, key } => (kind.info().kind.to_owned(), key.to_string()),
        Subject::Component(actor) => ("Component".to_owned(), words::actor(actor)),
    };
    html! {
        <header class="inspect-head">
            <p class="inspect-kind">{kind}</p>
            <button type="button" class="icon-button inspect-close" onclick={close}
                aria-label="Select nothing" title="Select nothing (Esc)">{"✕"}</button>
            <h2 class="inspect-name">{name}</h2>
            if !props.headline.is_empty() {
                <p class="inspect-headline">{&props.headline}</p>
            }
        </header>
    }
}

#[derive(Properties, PartialEq)]
struct PartsProps {
    shown: Part,
    events: usize,
    set: Callback<Part>,
}

/// The tabs: arrow keys move, as in every row of tabs.
#[component]
fn Parts(props: &PartsProps) -> Html {
    let onkeydown = {
        let (shown, set) = (props.shown, props.set.clone());
        Callback::from(move |event: KeyboardEvent| {
            let by = match event.key().as_str() {
                "ArrowRight" => 1,
                "ArrowLeft" => Part::ALL.len() - 1,
                _ => return,
            };
            event.prevent_default();
            let now = Part::ALL.iter().position(|part| *part == shown);
            let next = (now.unwrap_or(0) + by) % Part::ALL.len();
            if let Some(part) = Part::ALL.get(next) {
                set.emit(*part);
                super::focus(&format!("inspect-tab-{}", part.title()));
            }
        })
    };
    html! {
        <div class="inspect-tabs" role="tablist" aria-label="Parts of the inspector" {onkeydown}>
            { for Part::ALL.into_iter().map(|part| {
                let set = props.set.clone();
                let chosen = part == props.shown;
                html! {
                    <button type="button" class="tab" role="tab" id={format!("inspect-tab-{}", part.title())}
                        aria-selected={chosen.to_string()} aria-controls="inspect-panel"
                        tabindex={if chosen { "0" } else { "-1" }}
                        onclick={Callback::from(move |_: MouseEvent| set.emit(part))}>
                        {part.title()}
                        if part == Part::Events && props.events > 0 {
                            <span class="inspect-count">{props.events}</span>
                        }
                    </button>
                }
            }) }
        </div>
    }
}

/// While nothing is selected: what selecting does, and what is worth a look.
#[component]
fn Nothing() -> Html {
    let app = use_world(1_000);
    let world = app.world();
    let mut pods: Vec<_> = world.pods.values().filter(|pod| !pod.system).collect();
    let calm = |state| matches!(state, PodState::Running | PodState::Succeeded);
    pods.sort_by_key(|pod| (calm(pod.state), pod.key.clone()));
    let pod = |key: &crate::api::Key| Subject::Object {
        kind: crate::api::Kind::Pod,
        key: key.clone(),
    };
    let mut try_these: Vec<(String, Subject)> = pods
        .iter()
        .take(3)
        .map(|found| (words::pod_state(found.state).to_owned(), pod(&found.key)))
        .collect();
    try_these.extend(
        world
            .workloads
            .values()
            .filter(|workload| !workload.system && workload.owner.is_empty())
            .take(1)
            .map(|workload| {
                let key = workload.key.clone();
                let words = format!("{} of {} ready", workload.ready, workload.desired);
                (
                    words,
                    Subject::Object {
                        kind: workload.kind,
                        key,
                    },
                )
            }),
    );
    try_these.extend(
        world
            .nodes
            .values()
            .filter(|node| !node.control_plane)
            .take(1)
            .map(|node| {
                let words = format!("{} CPU requested", words::cpu(node.cpu_requested));
                let key = crate::api::Key::new("", node.name.clone());
                (
                    words,
                    Subject::Object {
                        kind: crate::api::Kind::Node,
                        key,
                    },
                )
            }),
    );
    try_these.push((
        "finds nodes for pods".into(),
        Subject::Component(crate::sim::Actor::Scheduler),
    ));
    try_these.truncate(SUGGESTIONS_MAX);
    html! {
        <div class="inspect inspect-empty">
            <p>{"Select a pod, node, service or component on the stage: here you see what it is, why it is so, what was said about it, and what you can do to it."}</p>
            <h3 class="inspect-title">{"Worth a look now"}</h3>
            <ul class="inspect-related">
                { for try_these.into_iter().map(|(words, subject)| html! {
                    <li><sections::SubjectLink {subject} /><span class="soft">{words}</span></li>
                }) }
            </ul>
        </div>
    }
}
