//! What the editor does when something happens.

use super::field::{Calls, EditorModule, Field, Rich};
use super::keep::{self, Kept};
use super::{Deed, Manifest, Msg, Note, clipboard, files};
use crate::page::manifests::{
    Findings, Spot, outcomes_summary, pause_before_check, refusal, worth_a_look,
};
use crate::page::ui::{Toast, UiAction};
use crate::session::protocol::{Answer, Command, DiagnosticView, Outcome};
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

impl Manifest {
    /// The text, whichever field holds it.
    pub(super) fn field(&self) -> Option<Field<'_>> {
        match &self.rich {
            Some(rich) => Some(Field::Rich(rich)),
            None => self.area.cast::<HtmlTextAreaElement>().map(Field::Plain),
        }
    }

    pub(super) fn text(&self) -> String {
        let text = self.field().map(|field| field.text()).unwrap_or_default();
        self.bytes.set(text.len());
        text
    }

    pub(super) fn listen(&mut self, ctx: &Context<Self>) {
        let Some(place) = self.place.cast::<HtmlElement>() else {
            return;
        };
        let link = ctx.link();
        let bytes = self.bytes.clone();
        let drops = files::Drops {
            files: link.callback(Msg::Files),
            over: link.callback(Msg::Over),
            refused: link.callback(|why| Msg::Say(why, true)),
            length: Box::new(move || bytes.get()),
        };
        self.listeners = files::listen(&place, drops);
    }

    /// Puts the full editor in the plain field's place.
    pub(super) fn upgrade(
        &mut self,
        ctx: &Context<Self>,
        module: Result<EditorModule, JsValue>,
    ) -> bool {
        let made = module.and_then(|module| self.rich(ctx, &module));
        match made {
            Ok(rich) => {
                let area = self.area.cast::<HtmlTextAreaElement>();
                let spot = self.field().map(|field| field.spot()).unwrap_or_default();
                let document = web_sys::window().and_then(|window| window.document());
                let focused = document
                    .and_then(|document| document.active_element())
                    .zip(area)
                    .is_some_and(|(active, area)| active == **area);
                self.rich = Some(rich);
                if let Some(field) = self.field() {
                    field.place(spot);
                    if focused {
                        field.focus();
                    }
                }
                self.mark();
            }
            Err(error) => {
                web_sys::console::warn_1(&error);
                self.plain_for_good = true;
            }
        }
        true
    }

    pub(super) fn rich(&self, ctx: &Context<Self>, module: &EditorModule) -> Result<Rich, JsValue> {
        let parent = self
            .code
            .cast::<HtmlElement>()
            .ok_or("the panel was closed")?;
        let dark = self.ui.as_ref().is_none_or(|ui| !ui.light);
        let (edited, apply) = (ctx.link().clone(), ctx.link().clone());
        let calls = Calls {
            edited: Box::new(move || edited.send_message(Msg::Edited)),
            apply: Box::new(move || apply.send_message(Msg::Run(Deed::Apply))),
        };
        Rich::new(module, &parent, &self.text(), dark, calls)
    }

    pub(super) fn edited(&mut self, ctx: &Context<Self>) -> bool {
        let link = ctx.link().clone();
        let pause = pause_before_check(self.bytes.get());
        self.pause = Some(Timeout::new(pause, move || link.send_message(Msg::Check)));
        let noted = self.note.take().is_some();
        !std::mem::replace(&mut self.stale, true) || noted
    }

    /// Lets the text be looked at, and keeps it.
    pub(super) fn check(&mut self, ctx: &Context<Self>) -> bool {
        // This may run inside of the timeout: to drop it now would be too early.
        if let Some(pause) = self.pause.take() {
            pause.forget();
        }
        self.asked = self.asked.wrapping_add(1);
        let text = self.text();
        self.blank = text.trim().is_empty();
        self.kept_for_reload = keep::store(&text);
        if self.blank {
            return self.take_check(self.asked, Vec::new());
        }
        let (link, number) = (ctx.link().clone(), self.asked);
        self.app.ask(
            |ticket| Command::Check { ticket, text },
            move |answer| {
                if let Answer::Checked(found) = answer {
                    link.send_message(Msg::Checked(number, found));
                }
            },
        );
        true
    }

    pub(super) fn take_check(&mut self, number: u32, found: Vec<DiagnosticView>) -> bool {
        if number != self.asked {
            return false;
        }
        // What an apply was told is of the text before.
        if self.stale {
            self.told.clear();
        }
        self.stale = self.pause.is_some();
        self.checked = found;
        self.sort();
        true
    }

    pub(super) fn sort(&mut self) {
        self.findings = Findings::new(&self.checked, &self.told);
        self.mark();
    }

    pub(super) fn mark(&self) {
        if let Some(rich) = &self.rich {
            let Findings { problems, notes } = &self.findings;
            rich.mark(problems.iter().chain(notes));
        }
    }

    pub(super) fn run(&mut self, ctx: &Context<Self>, deed: Deed) -> bool {
        let text = self.text();
        if text.trim().is_empty() {
            let words = "Nothing to apply yet: write or paste a manifest, or choose an example.";
            return self.say(words.into(), true);
        }
        if let Some(why) = refusal("The text", text.len() as f64) {
            return self.say(why, true);
        }
        self.note = None;
        if self.stale {
            // The check comes first, so that its answer does not wipe out this one's.
            self.pause = None;
            self.check(ctx);
        }
        let link = ctx.link().clone();
        self.app.ask(
            |ticket| match deed {
                Deed::Apply => Command::Apply { ticket, text },
                Deed::Delete => Command::DeleteManifest { ticket, text },
            },
            move |answer| {
                if let Answer::Applied {
                    outcomes,
                    diagnostics,
                } = answer
                {
                    link.send_message(Msg::Ran(deed, outcomes, diagnostics));
                }
            },
        );
        true
    }

    pub(super) fn take_outcomes(
        &mut self,
        deed: Deed,
        outcomes: Vec<Outcome>,
        told: Vec<DiagnosticView>,
    ) -> bool {
        self.told = told;
        self.sort();
        self.outcomes = outcomes;
        let refused = self.outcomes.iter().any(|one| !one.error.is_empty());
        if self.outcomes.is_empty() {
            let nothing = match deed {
                Deed::Apply => "Nothing was applied",
                Deed::Delete => "Nothing was deleted",
            };
            let words = match self.findings.errors() {
                0 => format!("{nothing}: the text holds no document."),
                _ => format!("{nothing}: the text cannot be read. See the errors below."),
            };
            return self.say(words, true);
        }
        self.note = None;
        if !self.app.world().clock.playing && deed == Deed::Apply && !refused {
            let text = "Time is paused: press play, and the cluster acts on it.".into();
            let refused = false;
            self.note = Some(Note { text, refused });
        }
        if let Some(ui) = &self.ui
            && !refused
        {
            let text = outcomes_summary(&self.outcomes);
            ui.dispatch(UiAction::Say(Some(Toast { text, refused })));
            if deed == Deed::Apply
                && let Some(subject) = worth_a_look(&self.outcomes)
            {
                ui.dispatch(UiAction::Select(Some(subject)));
            }
        }
        true
    }

    /// Puts another text there; the one before can be brought back.
    pub(super) fn replace(&mut self, ctx: &Context<Self>, text: String) -> bool {
        let before = self.text();
        self.previous = (keep::worth_keeping(&before) && before != text).then_some(before);
        if let Some(field) = self.field() {
            field.set_text(&text);
            field.place(Spot::default());
        }
        self.bytes.set(text.len());
        self.note = None;
        self.outcomes.clear();
        self.told.clear();
        self.pause = None;
        self.stale = true;
        self.check(ctx);
        true
    }

    pub(super) fn copy(&mut self, ctx: &Context<Self>) -> bool {
        let (link, text) = (ctx.link().clone(), self.text());
        spawn_local(async move {
            let (words, refused) = match clipboard::copy(text).await {
                Ok(()) => ("Copied.", false),
                Err(why) => (why, true),
            };
            link.send_message(Msg::Say(words.into(), refused));
        });
        false
    }

    pub(super) fn say(&mut self, text: String, refused: bool) -> bool {
        self.note = Some(Note { text, refused });
        true
    }

    pub(super) fn keep(&self) {
        let Some(field) = self.field() else {
            return;
        };
        let text = field.text();
        keep::store(&text);
        keep::keep(Kept {
            text,
            spot: field.spot(),
            previous: self.previous.clone(),
            outcomes: self.outcomes.clone(),
            told: self.told.clone(),
        });
    }
}
