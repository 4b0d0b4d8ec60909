//! The form that sends a packet: source, destination, port.

use crate::page::app::{use_app, use_world};
use crate::page::draft::{self, Draft, End};
use crate::page::state::World;
use crate::page::ui::{UiAction, use_ui};
use crate::session::protocol::{
    Action, Answer, Destination, PodState, PodView, ServiceView, Source,
};
use crate::sim::trace::Journey;
use std::sync::Arc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// Pods that the form lists; others are picked on the stage.
const PODS_MAX: usize = 200;

/// What the form needs.
#[derive(Properties, PartialEq)]
pub struct FormProps {
    /// Gets the way of the packet that was sent.
    pub on_sent: Callback<Arc<Journey>>,
}

/// The form.
#[component]
pub fn PacketForm(props: &FormProps) -> Html {
    let app = use_world(1_000);
    let ui = use_ui();
    let refused = use_state(|| None::<String>);
    let draft = ui.draft.clone();
    let change = {
        let dispatch = ui.dispatcher();
        Callback::from(move |draft: Draft| dispatch.dispatch(UiAction::Draft(draft)))
    };
    let onsubmit = {
        let (app, draft, refused) = (app.clone(), draft.clone(), refused.setter());
        let (on_sent, sender) = (props.on_sent.clone(), use_app());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let packet = match draft.request() {
                Ok(_) if !draft.still_there(&app.world()) => {
                    return refused.set(Some("That pod or node is gone. Choose another.".into()));
                }
                Ok(packet) => packet,
                Err(words) => return refused.set(Some(words.into())),
            };
            let (refused, on_sent) = (refused.clone(), on_sent.clone());
            sender.act(Action::Send(packet), move |answer| match answer {
                Answer::Journey(journey) => {
                    refused.set(None);
                    on_sent.emit(journey);
                }
                Answer::Refused(words) => refused.set(Some(words)),
                _ => {}
            });
        })
    };
    let world = app.world();
    html! {
        <form class="packet-form" {onsubmit} aria-label="Send a packet">
            <Sources draft={draft.clone()} change={change.clone()} choices={sources(&world)} />
            <Destinations draft={draft.clone()} change={change.clone()} choices={destinations(&world, &draft)} />
            { host_and_port(&draft, &change) }
            <div class="packet-buttons">
                <button type="submit" class="button button-call">{"Send"}</button>
                { pick_button(&draft, &change) }
            </div>
            <div role="status" aria-live="polite">
                if let Some(end) = draft.picking {
                    <p class="soft">{ match end {
                        End::From => "Click where it starts: a pod or a node. Esc ends this.",
                        End::To => "Now click where it goes: a pod or a Service.",
                    } }</p>
                } else if let Some(words) = &*refused {
                    <p class="action-said action-refused"><span class="is-failed" aria-hidden="true">{"✕ "}</span>{words}</p>
                }
            </div>
        </form>
    }
}

fn pick_button(draft: &Draft, change: &Callback<Draft>) -> Html {
    let picks = draft.picking.is_some();
    let next = Draft {
        picking: if picks { None } else { Some(End::From) },
        ..draft.clone()
    };
    let change = change.clone();
    let onclick = Callback::from(move |_: MouseEvent| change.emit(next.clone()));
    html! {
        <button type="button" class="button" {onclick} aria-pressed={picks.to_string()}>
            {if picks { "Stop picking" } else { "Pick on the stage" }}
        </button>
    }
}

fn host_and_port(draft: &Draft, change: &Callback<Draft>) -> Html {
    let port = {
        let (draft, change) = (draft.clone(), change.clone());
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                let port = input.value();
                change.emit(Draft {
                    port,
                    ..draft.clone()
                });
            }
        })
    };
    let host = {
        let (draft, change) = (draft.clone(), change.clone());
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                let to = Some(Destination::Host(input.value()));
                change.emit(Draft {
                    to,
                    ..draft.clone()
                });
            }
        })
    };
    html! {
        <>
            if let Some(Destination::Host(typed)) = &draft.to {
                <label class="packet-field">
                    <span>{"Host"}</span>
                    <input class="field mono" type="text" value={typed.clone()} oninput={host}
                        placeholder="web.default, 10.96.0.10, localhost" autocapitalize="off" spellcheck="false" />
                </label>
            }
            <label class="packet-field">
                <span>{"Port"}</span>
                <input class="field mono packet-port" type="text" inputmode="numeric" value={draft.port.clone()}
                    oninput={port} placeholder="its first" />
            </label>
        </>
    }
}

/// One choice: value and label.
type Choice = (String, String);
/// Choices under a heading.
type Choices = Vec<(&'static str, Vec<Choice>)>;

#[derive(Properties, PartialEq)]
struct EndProps {
    draft: Draft,
    change: Callback<Draft>,
    choices: Choices,
}

#[component]
fn Sources(props: &EndProps) -> Html {
    let (draft, change) = (props.draft.clone(), props.change.clone());
    let now = draft.from.as_ref().map(draft::source_value);
    let choose = Callback::from(move |value: String| {
        let from = draft::parse_source(&value);
        change.emit(Draft {
            from,
            picking: None,
            ..draft.clone()
        });
    });
    html! { <Choose label="From" {now} choices={props.choices.clone()} {choose} /> }
}

#[component]
fn Destinations(props: &EndProps) -> Html {
    let (draft, change) = (props.draft.clone(), props.change.clone());
    let now = draft.to.as_ref().map(draft::destination_value);
    let choose = Callback::from(move |value: String| {
        let to = draft::parse_destination(&value);
        change.emit(Draft {
            to,
            picking: None,
            port: String::new(),
            ..draft.clone()
        });
    });
    html! { <Choose label="To" {now} choices={props.choices.clone()} {choose} /> }
}

#[derive(Properties, PartialEq)]
struct ChooseProps {
    label: &'static str,
    now: Option<String>,
    choices: Choices,
    choose: Callback<String>,
}

#[component]
fn Choose(props: &ChooseProps) -> Html {
    let choose = props.choose.clone();
    let onchange = Callback::from(move |event: Event| {
        if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
            choose.emit(select.value());
        }
    });
    let listed = |value: &str| {
        let mut all = props.choices.iter().flat_map(|(_, choices)| choices);
        all.any(|(other, _)| other == value)
    };
    // Picked on the stage, and not in the list: system pods, the 201st pod.
    let besides = props.now.as_deref().filter(|value| !listed(value));
    html! {
        <label class="packet-field">
            <span>{props.label}</span>
            <select class="select" {onchange}>
                <option value="" selected={props.now.is_none()} disabled={true}>{"Choose…"}</option>
                if let Some(value) = besides {
                    <option value={value.to_owned()} selected={true}>{value.to_owned()}</option>
                }
                { for props.choices.iter().filter(|(_, choices)| !choices.is_empty()).map(|(title, choices)| html! {
                    <optgroup label={*title}>
                        { for choices.iter().map(|(value, label)| html! {
                            <option value={value.clone()} selected={props.now.as_ref() == Some(value)}>{label}</option>
                        }) }
                    </optgroup>
                }) }
            </select>
        </label>
    }
}

fn running(world: &World) -> Vec<&PodView> {
    let alive =
        |pod: &&PodView| !pod.system && matches!(pod.state, PodState::Running | PodState::NotReady);
    let mut pods: Vec<&PodView> = world.pods.values().filter(alive).collect();
    pods.sort_by(|one, other| one.key.cmp(&other.key));
    pods.truncate(PODS_MAX);
    pods
}

fn pod_label(pod: &PodView) -> String {
    match &pod.node {
        Some(node) => format!("{} (on {node})", pod.key),
        None => pod.key.to_string(),
    }
}

fn sources(world: &World) -> Choices {
    let value = |from: &Source| draft::source_value(from);
    let pods = running(world).into_iter().map(|pod| {
        let from = Source::Pod {
            pod: pod.key.clone(),
            container: "".into(),
        };
        (value(&from), pod_label(pod))
    });
    let nodes = world.nodes.keys().take(PODS_MAX);
    let nodes = nodes.map(|node| (value(&Source::Node(node.clone())), node.to_string()));
    vec![
        (
            "Outside",
            vec![(
                value(&Source::Outside),
                "a client outside the cluster".into(),
            )],
        ),
        ("Pods", pods.collect()),
        ("Nodes", nodes.collect()),
    ]
}

fn destinations(world: &World, draft: &Draft) -> Choices {
    let value = |to: &Destination| draft::destination_value(to);
    let mut services: Vec<&ServiceView> = world.services.values().collect();
    services.sort_by(|one, other| (one.system, &one.key).cmp(&(other.system, &other.key)));
    let by_name = services.iter().map(|service| {
        let label = format!("{} ({})", service.key, service.service_type);
        (value(&Destination::Service(service.key.clone())), label)
    });
    // One node stands for all: the port is open on each.
    let powered = |node: &&crate::session::protocol::NodeView| node.powered && !node.control_plane;
    let doors: Vec<_> = world.nodes.values().filter(powered).take(4).collect();
    let node_ports = services
        .iter()
        .filter(|service| matches!(&*service.service_type, "NodePort" | "LoadBalancer"))
        .flat_map(|service| {
            doors.iter().map(|node| {
                let to = Destination::NodePort {
                    service: service.key.clone(),
                    node: node.name.clone(),
                };
                (value(&to), format!("{} at {}", service.key, node.name))
            })
        });
    let pods = running(world)
        .into_iter()
        .map(|pod| (value(&Destination::Pod(pod.key.clone())), pod_label(pod)));
    let typed = match &draft.to {
        Some(to @ Destination::Host(_)) => value(to),
        _ => value(&Destination::Host(String::new())),
    };
    vec![
        ("Services", by_name.collect()),
        ("Node ports", node_ports.collect()),
        ("Pods", pods.collect()),
        ("Typed", vec![(typed, "a name or address…".into())]),
    ]
}
