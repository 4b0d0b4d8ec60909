//! Beginning anew, with another cluster. The first click shows what it will be,
//! the second does it.

use crate::page::app::use_world;
use crate::page::ui::{Toast, UiAction, use_ui};
use crate::page::words::count;
use crate::session::protocol::{ClusterSpec, Command};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Worker nodes that can be asked for here.
const NODES: std::ops::RangeInclusive<u32> = 1..=200;
/// Zones that can be asked for here.
const ZONES: std::ops::RangeInclusive<u32> = 0..=9;

#[derive(Properties, PartialEq)]
pub(super) struct ResetProps {
    /// The question is answered, either way.
    pub done: Callback<()>,
}

/// The question.
#[component]
pub(super) fn Reset(props: &ResetProps) -> Html {
    let app = use_world(1_000);
    let ui = use_ui();
    let nodes = use_state(|| ClusterSpec::default().nodes.to_string());
    let zones = use_state(|| ClusterSpec::default().zones.to_string());
    let first = use_node_ref();
    {
        let first = first.clone();
        use_effect_with((), move |()| {
            if let Some(input) = first.cast::<HtmlInputElement>() {
                // Without focus it can be clicked.
                let _ = input.focus();
            }
        });
    }
    let spec = read(&nodes, &zones);
    let pods = app.world().pods.values().filter(|pod| !pod.system).count();
    let confirm = {
        let (app, ui, spec, done) = (app.clone(), ui.clone(), spec.clone(), props.done.clone());
        Callback::from(move |_: MouseEvent| {
            let Ok(spec) = &spec else { return };
            app.send(Command::Reset(spec.clone()));
            ui.dispatch(UiAction::Select(None));
            let text = format!(
                "A new cluster with {}",
                count(spec.nodes as usize, "worker node")
            );
            let refused = false;
            ui.dispatch(UiAction::Say(Some(Toast { text, refused })));
            done.emit(());
        })
    };
    let keep = {
        let done = props.done.clone();
        Callback::from(move |_: MouseEvent| done.emit(()))
    };
    let typed = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                state.set(input.value());
            }
        })
    };
    let cost = match pods {
        0 => "The cluster holds no pods of yours.".to_owned(),
        pods => format!(
            "{} and all that happened are thrown away; your text stays.",
            count(pods, "pod")
        ),
    };
    html! {
        <div class="reset" id="manifest-reset" role="group" aria-label="A new cluster">
            <label>{"Worker nodes "}
                <input ref={first} class="reset-number" type="number" min="1" max="200" inputmode="numeric"
                    value={(*nodes).clone()} oninput={typed(&nodes)}
                    aria-describedby="manifest-reset-words" />
            </label>
            <label>{"Zones "}
                <input class="reset-number" type="number" min="0" max="9" inputmode="numeric"
                    value={(*zones).clone()} oninput={typed(&zones)}
                    aria-describedby="manifest-reset-words" />
            </label>
            <p class="reset-words" id="manifest-reset-words">
                { match &spec { Ok(_) => cost, Err(why) => (*why).to_owned() } }
            </p>
            <button type="button" class="button button-danger" disabled={spec.is_err()} onclick={confirm}>
                {"Confirm: new cluster"}
            </button>
            <button type="button" class="button" onclick={keep}>{"Keep this one"}</button>
        </div>
    }
}

fn read(nodes: &str, zones: &str) -> Result<ClusterSpec, &'static str> {
    let within = |text: &str, range: &std::ops::RangeInclusive<u32>| {
        let number: u32 = text.trim().parse().ok()?;
        range.contains(&number).then_some(number)
    };
    let nodes = within(nodes, &NODES).ok_or("Worker nodes: a number from 1 to 200")?;
    let zones =
        within(zones, &ZONES).ok_or("Zones: a number from 0 to 9; with 0, no zone labels")?;
    Ok(ClusterSpec {
        nodes,
        zones,
        ..ClusterSpec::default()
    })
}
