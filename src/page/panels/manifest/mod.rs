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
//! | `work` | what is done when something happens |
//! | `view` | how it all looks |

pub(super) mod clipboard;
mod field;
mod files;
mod found;
pub(super) mod keep;
mod reset;
mod view;
mod work;

use crate::page::app::App;
use crate::page::examples::EXAMPLES;
use crate::page::manifests::{Findings, Spot};
use crate::page::ui::UiHandle;
use crate::session::protocol::{DiagnosticView, Outcome};
use field::{EditorModule, Rich};
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;
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
