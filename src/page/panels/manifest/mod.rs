//! The editor of manifests: write or paste, see what is wrong, apply.
//!
//! | module | what lives there |
//! |---|---|
//! | `field` | the text: a plain field, or the full editor once it has come |
//! | `found` | lists of what was found and of what became of it |
//! | `files` | files opened and dropped, text pasted |
//! | `keep` | what outlives the panel and the page |
//! | `reset` | a new cluster |
//! | `clipboard` | copying |
//! | `view` | how it all looks |

pub(super) mod clipboard;
mod field;
mod files;
mod found;
pub(super) mod keep;
mod reset;
mod view;

use crate::page::app::App;
use crate::page::examples::EXAMPLES;
use crate::page::manifests::{Findings, Spot, pause_before_check, refusal, worth_a_look};
use crate::page::ui::{Toast, UiAction, UiHandle};
use crate::session::protocol::{Answer, Command, DiagnosticView, Outcome};
use field::{Calls, EditorModule, Field, Rich};
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use keep::Kept;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

/// A line about what was done or why not.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Note {
    text: String,
    refused: bool,
}

/// What happens to the editor.
pub enum Msg {
    /// The interface's state changed.
    Ui(UiHandle),
    /// The full editor came, or did not.
    Loaded(Result<EditorModule, JsValue>),
    /// The user changed the text.
    Edited,
    /// It has not been changed for a while.
    Check,
    /// What the check of this number found.
    Checked(u32, Vec<DiagnosticView>),
    /// The user wants it applied, or deleted.
    Run(Deed),
    /// What became of it.
    Ran(Deed, Vec<Outcome>, Vec<DiagnosticView>),
    /// The user took the example of this number.
    Example(usize),
    /// Files to open.
    Files(Vec<File>),
    /// Their text, or why there is none.
    Opened(Result<String, String>),
    /// Files are held over the field.
    Over(bool),
    /// The user wants the text that was replaced.
    Restore,
    /// The user wants a copy.
    Copy,
    /// Something to say.
    Say(String, bool),
    /// To this line and column.
    Jump(u32, u32),
    /// The question about a new cluster is asked, or answered.
    Reset(bool),
}

/// What can be done with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// `kubectl apply -f`.
    Apply,
    /// `kubectl delete -f`.
    Delete,
}

/// The panel.
pub struct Manifest {
    app: App,
    ui: Option<UiHandle>,
    _context: Option<ContextHandle<UiHandle>>,
    area: NodeRef,
    code: NodeRef,
    place: NodeRef,
    file: NodeRef,
    rich: Option<Rich>,
    plain_for_good: bool,
    listeners: Vec<EventListener>,
    pause: Option<Timeout>,
    /// Bytes of the text when it was last looked at.
    bytes: Rc<Cell<usize>>,
    /// Number of the last check.
    asked: u32,
    /// The text has changed since what is shown was found.
    stale: bool,
    checked: Vec<DiagnosticView>,
    told: Vec<DiagnosticView>,
    findings: Findings,
    outcomes: Vec<Outcome>,
    note: Option<Note>,
    previous: Option<String>,
    blank: bool,
    kept_for_reload: bool,
    over: bool,
    resetting: bool,
}

impl Component for Manifest {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        // The handle to the app is the same for the page's whole life.
        let app = ctx.link().context::<App>(Callback::noop());
        let app = app.map(|(app, _)| app).unwrap_or_default();
        let context = ctx.link().context(ctx.link().callback(Msg::Ui));
        let (ui, context) = context.unzip();
        let kept = keep::recall();
        Manifest {
            app,
            ui,
            _context: context,
            area: NodeRef::default(),
            code: NodeRef::default(),
            place: NodeRef::default(),
            file: NodeRef::default(),
            rich: None,
            plain_for_good: false,
            listeners: Vec::new(),
            pause: None,
            bytes: Rc::new(Cell::new(kept.text.len())),
            asked: 0,
            stale: false,
            checked: Vec::new(),
            findings: Findings::new(&[], &kept.told),
            told: kept.told,
            outcomes: kept.outcomes,
            note: None,
            previous: kept.previous,
            blank: kept.text.trim().is_empty(),
            kept_for_reload: true,
            over: false,
            resetting: false,
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if !first {
            return;
        }
        let kept = keep::recall();
        if let Some(field) = self.field() {
            field.set_text(&kept.text);
            field.place(kept.spot);
        }
        self.listen(ctx);
        ctx.link().send_message(Msg::Check);
        let link = ctx.link().clone();
        spawn_local(async move { link.send_message(Msg::Loaded(field::load().await)) });
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Ui(ui) => {
                if let Some(rich) = &self.rich {
                    rich.set_dark(!ui.light);
                }
                self.ui = Some(ui);
                false
            }
            Msg::Loaded(module) => self.upgrade(ctx, module),
            Msg::Edited => self.edited(ctx),
            Msg::Check => self.check(ctx),
            Msg::Checked(number, found) => self.take_check(number, found),
            Msg::Run(deed) => self.run(ctx, deed),
            Msg::Ran(deed, outcomes, told) => self.take_outcomes(deed, outcomes, told),
            Msg::Example(number) => EXAMPLES
                .get(number)
                .is_some_and(|example| self.replace(ctx, example.text.to_owned())),
            Msg::Files(files) => {
                let link = ctx.link().clone();
                spawn_local(
                    async move { link.send_message(Msg::Opened(files::read(files).await)) },
                );
                false
            }
            Msg::Opened(Ok(text)) => self.replace(ctx, text),
            Msg::Opened(Err(why)) => self.say(why, true),
            Msg::Over(over) => std::mem::replace(&mut self.over, over) != over,
            Msg::Restore => match self.previous.take() {
                Some(text) => self.replace(ctx, text),
                None => false,
            },
            Msg::Copy => self.copy(ctx),
            Msg::Say(text, refused) => self.say(text, refused),
            Msg::Jump(line, column) => {
                if let Some(field) = self.field() {
                    field.focus();
                    field.place(Spot { line, column });
                }
                false
            }
            Msg::Reset(asked) => {
                self.resetting = asked;
                true
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        view::view(self, ctx.link())
    }

    fn destroy(&mut self, _ctx: &Context<Self>) {
        self.keep();
    }
}

impl Manifest {
    /// The text, whichever field holds it.
    fn field(&self) -> Option<Field<'_>> {
        match &self.rich {
            Some(rich) => Some(Field::Rich(rich)),
            None => self.area.cast::<HtmlTextAreaElement>().map(Field::Plain),
        }
    }

    fn text(&self) -> String {
        let text = self.field().map(|field| field.text()).unwrap_or_default();
        self.bytes.set(text.len());
        text
    }

    fn listen(&mut self, ctx: &Context<Self>) {
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
    fn upgrade(&mut self, ctx: &Context<Self>, module: Result<EditorModule, JsValue>) -> bool {
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

    fn rich(&self, ctx: &Context<Self>, module: &EditorModule) -> Result<Rich, JsValue> {
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

    fn edited(&mut self, ctx: &Context<Self>) -> bool {
        let link = ctx.link().clone();
        let pause = pause_before_check(self.bytes.get());
        self.pause = Some(Timeout::new(pause, move || link.send_message(Msg::Check)));
        let noted = self.note.take().is_some();
        !std::mem::replace(&mut self.stale, true) || noted
    }

    /// Lets the text be looked at, and keeps it.
    fn check(&mut self, ctx: &Context<Self>) -> bool {
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

    fn take_check(&mut self, number: u32, found: Vec<DiagnosticView>) -> bool {
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

    fn sort(&mut self) {
        self.findings = Findings::new(&self.checked, &self.told);
        self.mark();
    }

    fn mark(&self) {
        if let Some(rich) = &self.rich {
            let Findings { problems, notes } = &self.findings;
            rich.mark(problems.iter().chain(notes));
        }
    }

    fn run(&mut self, ctx: &Context<Self>, deed: Deed) -> bool {
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

    fn take_outcomes(
        &mut self,
        deed: Deed,
        outcomes: Vec<Outcome>,
        told: Vec<DiagnosticView>,
    ) -> bool {
        use crate::page::manifests::outcomes_summary;
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
    fn replace(&mut self, ctx: &Context<Self>, text: String) -> bool {
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

    fn copy(&mut self, ctx: &Context<Self>) -> bool {
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

    fn say(&mut self, text: String, refused: bool) -> bool {
        self.note = Some(Note { text, refused });
        true
    }

    fn keep(&self) {
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
