//! The one large button for newcomers: it makes something happen.

use crate::api::Key;
use crate::api::Kind;
use crate::page::app::{App, use_app, use_world};
use crate::page::first_steps::{FirstStep, next_step};
use crate::page::greeting::{WORDS, first_packet};
use crate::page::ui::{Panel, Toast, UiAction, UiHandle, use_ui};
use crate::session::protocol::{Answer, Command, Outcome, Subject};
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// How soon it is looked again whether the first packet can set out.
const GREET_MS: f64 = 600.0;

/// The button, with what it will do.
#[component]
pub fn FirstSteps() -> Html {
    let app = use_world(500);
    let ui = use_ui();
    let taken = use_state(|| 0_usize);
    let scenario_runs = !app.world().scenario.name.is_empty();
    // A scenario has its own next step.
    if scenario_runs {
        return html! {};
    }
    let Some(step) = next_step(&app.world(), *taken) else {
        return html! {};
    };
    let onclick = {
        let (app, ui, step, taken) = (app.clone(), ui.clone(), step.clone(), taken.clone());
        Callback::from(move |_: MouseEvent| {
            // The app is where the round begins.
            if step.manifest.is_none() {
                taken.set(*taken + 1);
            }
            take(&app, &ui, step.clone());
        })
    };
    html! {
        <div class="first" role="region" aria-label="Make something happen">
            <button type="button" class="first-button" {onclick}>
                <span class="first-title">{step.title}</span>
                <span class="first-words">{&step.words}</span>
            </button>
        </div>
    }
}

/// Sends the first packet, once, as soon as the cluster can carry one. A scenario
/// has its own beginning.
#[hook]
pub fn use_first_packet() {
    let app = use_app();
    let dispatch = use_ui().dispatcher();
    use_effect_with((), move |()| {
        let subscription = Rc::new(RefCell::new(None));
        let (held, greeter) = (subscription.clone(), app.clone());
        let greet = Callback::from(move |()| {
            let begun = !greeter.world().scenario.name.is_empty();
            let packet = first_packet(&greeter.world());
            if !begun && packet.is_none() {
                return;
            }
            held.borrow_mut().take();
            let Some(action) = packet.filter(|_| !begun) else {
                return;
            };
            let dispatch = dispatch.clone();
            greeter.act(action, move |answer| {
                if let Answer::Journey(_) = answer {
                    let text = WORDS.to_owned();
                    dispatch.dispatch(UiAction::Say(Some(Toast {
                        text,
                        refused: false,
                    })));
                }
            });
        });
        if greets() {
            *subscription.borrow_mut() = Some(app.subscribe(GREET_MS, greet));
        }
        move || drop(subscription.borrow_mut().take())
    });
}

/// Only the plain page greets: a link that asks for something shows that.
fn greets() -> bool {
    let search = web_sys::window().and_then(|window| window.location().search().ok());
    search.is_none_or(|search| search.is_empty())
}

fn take(app: &App, ui: &UiHandle, step: FirstStep) {
    if let Some(subject) = step.subject {
        ui.dispatch(UiAction::Select(Some(subject)));
    }
    let say = {
        let dispatch = ui.dispatcher();
        move |answer: Answer| {
            let (text, refused) = match answer {
                Answer::Done(text) => (text, false),
                Answer::Refused(text) => (text, true),
                Answer::Applied { outcomes, .. } => (applied(&outcomes), false),
                Answer::Journey(journey) => {
                    dispatch.dispatch(UiAction::Show(Panel::Journey));
                    (journey.summary.clone(), !journey.answered)
                }
                Answer::Checked(_) => return,
            };
            dispatch.dispatch(UiAction::Say(Some(Toast { text, refused })));
        }
    };
    match step.manifest {
        Some(text) => {
            let text = text.to_owned();
            ui.dispatch(UiAction::Select(Some(Subject::Object {
                kind: Kind::Deployment,
                key: Key::new("default", "web"),
            })));
            app.ask(|ticket| Command::Apply { ticket, text }, say);
        }
        None => {
            if let Some(action) = step.action {
                app.act(action, say);
            }
        }
    }
    let playing = app.world().clock.playing;
    if !playing {
        app.send(Command::Play(true));
    }
}

fn applied(outcomes: &[Outcome]) -> String {
    outcomes
        .iter()
        .map(|outcome| match outcome.error.as_str() {
            "" => format!("{} {} {}", outcome.kind, outcome.key, outcome.result),
            error => error.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}
