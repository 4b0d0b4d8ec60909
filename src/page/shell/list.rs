//! The stage as a list: the same facts in words, for keyboard and screen reader.

use crate::api::{Key, Kind};
use crate::page::app::{use_app, use_world};
use crate::page::state::World;
use crate::page::ui::{UiAction, UiHandle, use_ui};
use crate::page::words;
use crate::session::protocol::{NodeView, PodState, PodView, Subject};
use crate::sim::trace::Name;
use crate::sim::{Actor, Instant};
use std::collections::BTreeMap;
use yew::prelude::*;

/// The list is written anew at most each so many milliseconds.
const LIST_MS: u32 = 700;
/// The same for a large cluster.
const LIST_LARGE_MS: u32 = 2_000;
/// With more pods in the cluster, the list names those in trouble and counts the
/// others; a node's own pods are in the inspector.
const PODS_MAX: usize = 150;
/// Of those in trouble, so many a node are named.
const TROUBLE_MAX: usize = 5;

/// The list.
#[component]
pub fn ClusterList() -> Html {
    let large = use_app().world().pods.len() > PODS_MAX;
    let app = use_world(if large { LIST_LARGE_MS } else { LIST_MS });
    let ui = use_ui();
    let world = app.world();
    let mut by_node: BTreeMap<Option<Name>, Vec<&PodView>> = BTreeMap::new();
    for pod in world.pods.values() {
        by_node.entry(pod.node.clone()).or_default().push(pod);
    }
    let waiting = by_node.get(&None).map(Vec::as_slice).unwrap_or_default();
    html! {
        <div class="cluster-list" id="cluster-list" tabindex="-1" role="region" aria-label="The cluster as a list">
            <h2>{"Control plane"}</h2>
            <ul>
                { component(&ui, Actor::ApiServer, format!("API server, revision {}", world.clock.revision)) }
                { component(&ui, Actor::Scheduler, format!("Scheduler, {} waiting", words::count(waiting.len(), "pod"))) }
                { for world.controllers.iter().map(|name| component(&ui, Actor::Controller(name.clone()), name.to_string())) }
                { component(&ui, Actor::CloudController, "Cloud controller manager".into()) }
            </ul>
            if !waiting.is_empty() {
                <h2>{"Pods without a node"}</h2>
                { pods(&ui, waiting, large, world.clock.now) }
            }
            <h2>{"Nodes"}</h2>
            <ul>
                { for world.nodes.values().map(|node| {
                    let here = by_node.get(&Some(node.name.clone())).map(Vec::as_slice).unwrap_or_default();
                    node_item(&ui, &world, node, here, large)
                }) }
            </ul>
            <h2>{"Services"}</h2>
            <ul>
                { for world.services.values().map(|service| {
                    let text = format!("Service {}, {}, address {}, {} ready",
                        service.key, service.service_type, service.cluster_ip,
                        words::count(service.endpoints.len(), "endpoint"));
                    item(&ui, Subject::Object { kind: Kind::Service, key: service.key.clone() }, text)
                }) }
            </ul>
            <h2>{"Workloads"}</h2>
            <ul>
                { for world.workloads.values().filter(|workload| workload.owner.is_empty()).map(|workload| {
                    let text = format!("{} {}, {} of {} ready", workload.kind.info().kind, workload.key,
                        workload.ready, workload.desired);
                    item(&ui, Subject::Object { kind: workload.kind, key: workload.key.clone() }, text)
                }) }
            </ul>
        </div>
    }
}

fn component(ui: &UiHandle, actor: Actor, text: String) -> Html {
    item(ui, Subject::Component(actor), text)
}

fn item(ui: &UiHandle, subject: Subject, text: String) -> Html {
    html! { <li>{button(ui, subject, text)}</li> }
}

fn button(ui: &UiHandle, subject: Subject, text: String) -> Html {
    let pressed = ui.selection.as_ref() == Some(&subject);
    let ui = ui.clone();
    let select = Callback::from(move |_: MouseEvent| {
        ui.dispatch(UiAction::Select(Some(subject.clone())));
    });
    html! {
        <button type="button" aria-pressed={pressed.to_string()} onclick={select}>{text}</button>
    }
}

fn node_item(
    ui: &UiHandle,
    world: &World,
    node: &NodeView,
    here: &[&PodView],
    large: bool,
) -> Html {
    let mut text = format!("Node {}, {}", node.name, words::node_state(node.state));
    if !node.powered {
        text.push_str(", no power");
    }
    if node.cordoned {
        text.push_str(", cordoned");
    }
    if let (false, Some(at)) = (node.powered, world.heartbeats.get(&node.name)) {
        let seconds = world.clock.now.since(*at).as_secs();
        text.push_str(&format!(", last heartbeat {} ago", words::age(seconds)));
    }
    text.push_str(&format!(
        ", CPU {} of {} requested, memory {} of {}, {}",
        words::cpu(node.cpu_requested),
        words::cpu(node.cpu_allocatable),
        words::bytes(node.memory_requested),
        words::bytes(node.memory_allocatable),
        words::count(here.len(), "pod"),
    ));
    let subject = Subject::Object {
        kind: Kind::Node,
        key: Key::new("", node.name.clone()),
    };
    html! {
        <li>
            {button(ui, subject, text)}
            {pods(ui, here, large, world.clock.now)}
        </li>
    }
}

fn pods(ui: &UiHandle, pods: &[&PodView], large: bool, now: Instant) -> Html {
    let troubled = |pod: &&&PodView| pod.state != PodState::Running;
    let shown: Vec<&&PodView> = match large {
        true => pods.iter().filter(troubled).take(TROUBLE_MAX).collect(),
        false => pods.iter().collect(),
    };
    let left = pods.len() - shown.len();
    let running = pods.iter().filter(|pod| !troubled(pod)).count();
    html! {
        <ul>
            { for shown.into_iter().map(|pod| html! {
                <li key={&*pod.uid}>
                    {button(ui, Subject::Object { kind: Kind::Pod, key: pod.key.clone() }, pod_words(pod, now))}
                </li>
            }) }
            if left > 0 {
                <li key="rest">{format!("{} in all, {running} running and ready", words::count(pods.len(), "pod"))}</li>
            }
        </ul>
    }
}

/// The ring's countdown in words.
fn back_off_words(pod: &PodView, now: Instant) -> Option<String> {
    let ends = pod.containers.iter().filter_map(|one| one.back_off);
    let (until, seconds) = ends.max_by_key(|(until, _)| *until)?;
    Some(match until.since(now).as_secs_f64().ceil() as u64 {
        0 => ", back-off is over: it starts again".to_owned(),
        left => format!(
            ", back-off {}: again in {}",
            words::age(u64::from(seconds)),
            words::age(left)
        ),
    })
}

fn pod_words(pod: &PodView, now: Instant) -> String {
    let mut text = format!("Pod {}, {}", pod.key, words::pod_state(pod.state));
    if pod.restarts > 0 {
        text.push_str(&format!(
            ", {}",
            words::count(pod.restarts as usize, "restart")
        ));
    }
    text.push_str(&back_off_words(pod, now).unwrap_or_default());
    let containers = pod.containers.iter().map(|container| {
        format!(
            "{} {}",
            container.name,
            words::container_state(container.state)
        )
    });
    let containers: Vec<String> = containers.collect();
    text.push_str(&format!(", containers: {}", containers.join(", ")));
    text
}
