//! Buttons for what can be done to a subject, with the answer beside them.

use crate::api::{Key, Kind};
use crate::page::app::{App, use_app};
use crate::page::draft::{destination_of, source_of};
use crate::page::ui::{Panel, UiAction, use_ui};
use crate::session::protocol::{Action, Answer, ContainerState, Subject};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// More replicas are asked for by typing a manifest.
const REPLICAS_MAX: i32 = 10_000;

/// What the buttons need.
#[derive(Properties, PartialEq)]
pub struct ActionProps {
    /// What they act on.
    pub subject: Subject,
}

/// What an action was answered: the words, and whether it was refused.
type Said = Option<(String, bool)>;

/// The buttons.
#[component]
pub fn Actions(props: &ActionProps) -> Html {
    let app = use_app();
    let said = use_state(|| Said::None);
    {
        let said = said.setter();
        use_effect_with(props.subject.clone(), move |_| said.set(None));
    }
    let Subject::Object { kind, key } = &props.subject else {
        return html! {};
    };
    let act = {
        let (app, said) = (app.clone(), said.setter());
        Callback::from(move |action: Action| {
            let said = said.clone();
            app.act(action, move |answer| {
                said.set(match answer {
                    Answer::Done(words) => Some((words, false)),
                    Answer::Refused(words) => Some((words, true)),
                    _ => None,
                });
            });
        })
    };
    html! {
        <div class="actions">
            <div class="action-row" role="group" aria-label="Actions">
                { match kind {
                    Kind::Pod => html! { <PodActions pod={key.clone()} act={act.clone()} /> },
                    Kind::Node => node_actions(&app, key, &act),
                    Kind::Deployment | Kind::ReplicaSet => html! {
                        <WorkloadActions kind={*kind} workload={key.clone()} act={act.clone()} />
                    },
                    _ => html! {},
                } }
                <SendButtons subject={props.subject.clone()} />
                if *kind != Kind::Node {
                    { button("Delete", "button button-danger", &act, Action::Delete { kind: *kind, key: key.clone() }) }
                }
            </div>
            <div role="status" aria-live="polite">
                if let Some((words, refused)) = &*said {
                    <p class={classes!("action-said", refused.then_some("action-refused"))}>
                        <span aria-hidden="true" class={if *refused { "is-failed" } else { "is-running" }}>
                            {if *refused { "✕ " } else { "✓ " }}
                        </span>
                        if *refused { {"Refused: "} }
                        {words}
                    </p>
                }
            </div>
        </div>
    }
}

fn button(label: &str, class: &'static str, act: &Callback<Action>, action: Action) -> Html {
    let act = act.clone();
    let onclick = Callback::from(move |_: MouseEvent| act.emit(action.clone()));
    html! { <button type="button" class={class} {onclick}>{label.to_owned()}</button> }
}

#[derive(Properties, PartialEq)]
struct PodProps {
    pod: Key,
    act: Callback<Action>,
}

#[component]
fn PodActions(props: &PodProps) -> Html {
    let app = use_app();
    let chosen = use_node_ref();
    let names: Vec<String> = app.world().pod(&props.pod).map_or(Vec::new(), |pod| {
        let running = |state| matches!(state, ContainerState::Running | ContainerState::Ready);
        let alive = pod.containers.iter().filter(|one| running(one.state));
        alive.map(|one| one.name.to_string()).collect()
    });
    let crash = {
        let (props_act, pod, chosen) = (props.act.clone(), props.pod.clone(), chosen.clone());
        Callback::from(move |_: MouseEvent| {
            let container = chosen
                .cast::<HtmlSelectElement>()
                .map_or(String::new(), |select| select.value());
            props_act.emit(Action::CrashContainer {
                pod: pod.clone(),
                container: container.as_str().into(),
            });
        })
    };
    html! {
        <span class="action-pair">
            if names.len() > 1 {
                <select ref={chosen} class="select" aria-label="Container to crash">
                    { for names.iter().map(|name| html! { <option value={name.clone()}>{name}</option> }) }
                </select>
            }
            <button type="button" class="button" onclick={crash} disabled={names.is_empty()}
                title="Kill the container's process: its kubelet starts it again, after a back-off">
                {"Crash container"}
            </button>
        </span>
    }
}

fn node_actions(app: &App, key: &Key, act: &Callback<Action>) -> Html {
    let node = key.name.clone();
    let (cordoned, powered) = app
        .world()
        .nodes
        .get(&node)
        .map_or((false, true), |seen| (seen.cordoned, seen.powered));
    let cordon = Action::Cordon {
        node: node.clone(),
        on: !cordoned,
    };
    let power = match powered {
        true => Action::StopNode { node },
        false => Action::StartNode { node },
    };
    html! {
        <>
            { button(if cordoned { "Uncordon" } else { "Cordon" }, "button", act, cordon) }
            { button(if powered { "Stop node" } else { "Start node" },
                if powered { "button button-danger" } else { "button" }, act, power) }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct WorkloadProps {
    kind: Kind,
    workload: Key,
    act: Callback<Action>,
}

#[component]
fn WorkloadActions(props: &WorkloadProps) -> Html {
    let app = use_app();
    let image = use_node_ref();
    let (desired, images) = {
        let world = app.world();
        let found = world
            .workloads
            .values()
            .find(|found| found.kind == props.kind && found.key == props.workload);
        found.map_or((0, Vec::new()), |found| {
            (found.desired, found.images.clone())
        })
    };
    let scale = |replicas: i32| Action::Scale {
        kind: props.kind,
        key: props.workload.clone(),
        replicas: replicas.clamp(0, REPLICAS_MAX),
    };
    let typed = {
        let (act, kind, key) = (props.act.clone(), props.kind, props.workload.clone());
        Callback::from(move |event: Event| {
            let input = event.target_dyn_into::<HtmlInputElement>();
            let Some(Ok(replicas)) = input.map(|input| input.value().trim().parse::<i32>()) else {
                return;
            };
            act.emit(Action::Scale {
                kind,
                key: key.clone(),
                replicas: replicas.clamp(0, REPLICAS_MAX),
            });
        })
    };
    let set_image = {
        let (act, key, image) = (props.act.clone(), props.workload.clone(), image.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let typed = image
                .cast::<HtmlInputElement>()
                .map_or(String::new(), |input| input.value());
            let typed = typed.trim();
            if !typed.is_empty() {
                act.emit(Action::SetImage {
                    deployment: key.clone(),
                    container: "".into(),
                    image: typed.to_owned(),
                });
            }
        })
    };
    let step = |by: i32, label: &'static str, sign: &'static str| {
        let (act, action) = (props.act.clone(), scale(desired.saturating_add(by)));
        let onclick = Callback::from(move |_: MouseEvent| act.emit(action.clone()));
        html! {
            <button type="button" class="button step" {onclick} aria-label={label}
                disabled={desired.saturating_add(by) < 0}>{sign}</button>
        }
    };
    html! {
        <>
            <span class="action-pair" role="group" aria-label="Replicas">
                <span class="soft">{"Replicas"}</span>
                { step(-1, "One replica fewer", "−") }
                <input class="field replicas" type="number" min="0" max={REPLICAS_MAX.to_string()}
                    aria-label="Replicas wanted" value={desired.to_string()} onchange={typed} />
                { step(1, "One replica more", "+") }
            </span>
            if props.kind == Kind::Deployment {
                { button("Restart", "button", &props.act, Action::RolloutRestart { deployment: props.workload.clone() }) }
                { button("Undo", "button", &props.act, Action::RolloutUndo { deployment: props.workload.clone() }) }
                <form class="action-pair action-wide" onsubmit={set_image}>
                    <input ref={image} class="field mono" type="text" aria-label="New image"
                        key={format!("{}", props.workload)}
                        placeholder={images.first().map_or("nginx:1.29".to_owned(), |image| image.to_string())} />
                    <button type="submit" class="button">{"Set image"}</button>
                </form>
            }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct SendProps {
    subject: Subject,
}

/// Buttons that put the subject into the packet form.
#[component]
fn SendButtons(props: &SendProps) -> Html {
    let ui = use_ui();
    let from = source_of(&props.subject);
    let to = destination_of(&props.subject);
    let go = |change: crate::page::draft::Draft| {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| {
            ui.dispatch(UiAction::Draft(change.clone()));
            ui.dispatch(UiAction::Show(Panel::Journey));
        })
    };
    html! {
        <>
            if let Some(from) = from {
                <button type="button" class="button" onclick={go(crate::page::draft::Draft {
                    from: Some(from), ..ui.draft.clone() })}>{"Send packet from here"}</button>
            }
            if let Some(to) = to {
                <button type="button" class="button" onclick={go(crate::page::draft::Draft {
                    to: Some(to), port: String::new(), ..ui.draft.clone() })}>{"Send packet here"}</button>
            }
        </>
    }
}
