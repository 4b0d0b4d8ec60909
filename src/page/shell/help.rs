//! What one sees: the legend, with every state and kind of traffic.

use crate::page::ui::{UiAction, use_ui};
use yew::prelude::*;

/// State, form, meaning.
const STATES: [(&str, &str, &str); 7] = [
    ("running", "◉", "running and ready"),
    ("waiting", "◌", "pending: waits for a node"),
    (
        "waiting",
        "◐",
        "starting, or running but not ready (open ring)",
    ),
    (
        "failed",
        "◔",
        "crashed: the ring counts down to the restart",
    ),
    ("failed", "✕", "failed"),
    ("succeeded", "✓", "succeeded"),
    (
        "gone",
        "?",
        "terminating (dashed), or unknown: its node does not report",
    ),
];

const TRAFFIC: [(&str, &str); 5] = [
    ("api", "API calls (full) and watch events (hollow)"),
    ("tcp", "TCP"),
    ("udp", "UDP"),
    ("icmp", "ICMP"),
    ("dns", "DNS"),
];

const KEYS: [(&str, &str); 7] = [
    ("space", "play, pause"),
    (".", "step to the next event"),
    ("F", "show everything"),
    ("+ −", "zoom; or wheel, pinch"),
    ("drag", "move the picture; or arrow keys on it"),
    ("click", "select"),
    ("Esc", "select nothing, close"),
];

/// The legend.
#[component]
pub fn Help() -> Html {
    let ui = use_ui();
    let close = Callback::from(move |_: MouseEvent| ui.dispatch(UiAction::Help(false)));
    html! {
        <section class="help" aria-label="What do I see?">
            <div class="help-head">
                <h2>{"What do I see?"}</h2>
                <button type="button" class="icon-button" onclick={close} aria-label="Close">{"✕"}</button>
            </div>
            <p>
                {"A Kubernetes cluster that runs in this tab. Above, the control plane: every change is a call to the "}
                <b>{"API server"}</b>
                {", which keeps it in etcd and tells all who watch. Below, the nodes: each "}<b>{"kubelet"}</b>
                {" runs the pods placed on its node. At a node's foot is its wiring: every pod hangs on the bridge "}
                <code>{"cni0"}</code>{", then come the kernel's rules, then "}<code>{"eth0"}</code>
                {" and the network between the nodes."}
            </p>
            <div class="help-columns">
                <div>
                    <h3>{"Pods"}</h3>
                    <ul>
                        { for STATES.iter().map(|(color, form, meaning)| html! {
                            <li><span class={classes!("help-mark", format!("is-{color}"))} aria-hidden="true">{*form}</span>{*meaning}</li>
                        }) }
                        <li><span class="help-mark help-hatch" aria-hidden="true"></span>{"hatched: an old revision"}</li>
                    </ul>
                </div>
                <div>
                    <h3>{"What moves"}</h3>
                    <ul>
                        { for TRAFFIC.iter().map(|(color, meaning)| html! {
                            <li><span class={classes!("help-mark", format!("is-{color}"))} aria-hidden="true">{"●"}</span>{*meaning}</li>
                        }) }
                        <li><span class="help-mark is-failed" aria-hidden="true">{"✕"}</span>{"a packet died here"}</li>
                    </ul>
                </div>
                <div>
                    <h3>{"Keys"}</h3>
                    <dl>
                        { for KEYS.iter().map(|(key, meaning)| html! {
                            <><dt><kbd>{*key}</kbd></dt><dd>{*meaning}</dd></>
                        }) }
                    </dl>
                </div>
            </div>
        </section>
    }
}
