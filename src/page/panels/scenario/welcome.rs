//! What a newcomer sees first: three things to try, one click each.

use crate::api::{Key, Kind};
use crate::page::app::{App, use_world};
use crate::page::examples::PACKET_PAIR;
use crate::page::panels::manifest::keep::{put, storage};
use crate::page::state::World;
use crate::page::ui::{Panel, Toast, UiAction, UiHandle, use_ui};
use crate::session::protocol::{Action, Answer, Command, PodState, PodView, Subject};
use yew::prelude::*;

/// Under this name the browser remembers that the welcome was hidden.
const HIDDEN_KEY: &str = "tabernetes.welcomed";

/// Whether it was hidden, now or in an earlier visit.
pub(super) fn is_hidden() -> bool {
    storage().is_some_and(|storage| matches!(storage.get_item(HIDDEN_KEY), Ok(Some(_))))
}

/// The welcome, until it is hidden.
#[component]
pub(super) fn Welcome() -> Html {
    let app = use_world(1_000);
    let ui = use_ui();
    let hidden = use_state(is_hidden);
    if *hidden {
        return html! {};
    }
    let hide = {
        let hidden = hidden.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(storage) = storage() {
                // Where storage is forbidden, it comes again with the next visit.
                let _ = storage.set_item(HIDDEN_KEY, "1");
            }
            hidden.set(true);
        })
    };
    let packet = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| {
            app.send(Command::Scenario("life-of-a-packet".to_owned()));
        })
    };
    let editor = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| {
            put(PACKET_PAIR.text);
            ui.dispatch(UiAction::Show(Panel::Manifest));
        })
    };
    let victim = victim(&app.world()).map(|pod| pod.key.clone());
    let kill = {
        let (app, ui, victim) = (app.clone(), ui.clone(), victim.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(pod) = &victim {
                crash(&app, &ui, pod.clone());
            }
        })
    };
    html! {
        <section class="welcome" aria-label="Three things to try">
            <p class="welcome-words">
                {"A whole Kubernetes cluster runs in this tab. Nothing leaves it. Three things to try:"}
            </p>
            <ol class="welcome-list">
                { thing("Follow a packet", "from a pod to a pod on another node, hop by hop", packet, true) }
                { thing("Write a manifest", "an example opens in the editor: read it, change it, apply it", editor, true) }
                { match &victim {
                    Some(pod) => thing("Kill a container", &format!("in {}: its kubelet starts it again", pod.name), kill, true),
                    None => thing("Kill a container", "as soon as a pod runs", kill, false),
                } }
            </ol>
            <button type="button" class="link welcome-hide" onclick={hide}>{"Hide this"}</button>
        </section>
    }
}

fn thing(title: &str, words: &str, onclick: Callback<MouseEvent>, can: bool) -> Html {
    html! {
        <li>
            <button type="button" class="welcome-thing" {onclick} disabled={!can}>
                <span class="welcome-title">{title.to_owned()}</span>
                <span class="welcome-detail">{words.to_owned()}</span>
            </button>
        </li>
    }
}

/// A pod of the user's, or else one that the cluster can spare for a moment.
fn victim(world: &World) -> Option<&PodView> {
    let mut running = world
        .pods
        .values()
        .filter(|pod| pod.state == PodState::Running);
    running
        .clone()
        .find(|pod| !pod.system)
        .or_else(|| running.find(|pod| &*pod.workload == "coredns"))
}

fn crash(app: &App, ui: &UiHandle, pod: Key) {
    ui.dispatch(UiAction::Select(Some(Subject::Object {
        kind: Kind::Pod,
        key: pod.clone(),
    })));
    let dispatch = ui.dispatcher();
    let action = Action::CrashContainer {
        pod,
        container: "".into(),
    };
    app.act(action, move |answer| {
        let (text, refused) = match answer {
            Answer::Done(text) => (text, false),
            Answer::Refused(text) => (text, true),
            _ => return,
        };
        dispatch.dispatch(UiAction::Say(Some(Toast { text, refused })));
    });
    let playing = app.world().clock.playing;
    if !playing {
        app.send(Command::Play(true));
    }
}
