//! The text itself: a plain field from the first moment, in its place the full
//! editor once its module has come.

use crate::page::manifests::{Spot, spot_at, units_before};
use crate::session::protocol::DiagnosticView;
use js_sys::{Array, Object, Promise, Reflect};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlElement, HtmlTextAreaElement};

/// What a screen reader calls the field.
pub(super) const LABEL: &str = "Manifests, YAML or JSON";

#[wasm_bindgen]
extern "C" {
    /// The module (web/editor.js).
    pub type EditorModule;

    /// Its editor.
    type CodeEditor;

    #[wasm_bindgen(catch, js_namespace = tabernetes, js_name = editor)]
    fn import_editor() -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn create(
        this: &EditorModule,
        parent: &HtmlElement,
        options: &Object,
    ) -> Result<CodeEditor, JsValue>;

    #[wasm_bindgen(method, js_name = getDoc)]
    fn text(this: &CodeEditor) -> String;

    #[wasm_bindgen(method, js_name = setDoc)]
    fn set_text(this: &CodeEditor, text: &str);

    #[wasm_bindgen(method, js_name = setDiagnostics)]
    fn set_diagnostics(this: &CodeEditor, list: &Array);

    #[wasm_bindgen(method, js_name = setDark)]
    fn set_dark(this: &CodeEditor, dark: bool);

    #[wasm_bindgen(method)]
    fn focus(this: &CodeEditor);

    #[wasm_bindgen(method, js_name = revealLine)]
    fn reveal(this: &CodeEditor, line: u32, column: u32);

    #[wasm_bindgen(method)]
    fn destroy(this: &CodeEditor);
}

/// Fetches the full editor.
pub(super) async fn load() -> Result<EditorModule, JsValue> {
    let module = JsFuture::from(import_editor()?).await?;
    Ok(module.unchecked_into())
}

/// What the field calls back.
pub(super) struct Calls {
    /// The user changed the text.
    pub edited: Box<dyn Fn()>,
    /// The user wants it applied.
    pub apply: Box<dyn Fn()>,
}

/// The full editor.
pub(super) struct Rich {
    editor: CodeEditor,
    spot: Rc<Cell<Spot>>,
    _edited: Closure<dyn FnMut()>,
    _apply: Closure<dyn FnMut()>,
    _cursor: Closure<dyn FnMut(u32, u32)>,
}

impl Rich {
    /// Puts the editor into `parent`, with this text.
    pub(super) fn new(
        module: &EditorModule,
        parent: &HtmlElement,
        text: &str,
        dark: bool,
        calls: Calls,
    ) -> Result<Self, JsValue> {
        let spot = Rc::new(Cell::new(Spot::default()));
        let Calls { edited, apply } = calls;
        let edited = Closure::<dyn FnMut()>::new(edited);
        let apply = Closure::<dyn FnMut()>::new(apply);
        let cursor = {
            let spot = spot.clone();
            Closure::<dyn FnMut(u32, u32)>::new(move |line, column| {
                spot.set(Spot { line, column });
            })
        };
        let options = object(&[
            ("doc", text.into()),
            ("dark", dark.into()),
            ("label", LABEL.into()),
            ("onEdit", edited.as_ref().clone()),
            ("onSave", apply.as_ref().clone()),
            ("onCursor", cursor.as_ref().clone()),
        ]);
        Ok(Rich {
            editor: module.create(parent, &options)?,
            spot,
            _edited: edited,
            _apply: apply,
            _cursor: cursor,
        })
    }

    /// Follows the page's theme.
    pub(super) fn set_dark(&self, dark: bool) {
        self.editor.set_dark(dark);
    }

    /// Marks what was found at its place.
    pub(super) fn mark<'a>(&self, found: impl Iterator<Item = &'a DiagnosticView>) {
        let list: Array = found
            .map(|one| {
                let severity = match one.severity {
                    2 => "error",
                    1 => "warning",
                    _ => "info",
                };
                let message = match one.fix.as_str() {
                    "" => one.message.clone(),
                    fix => format!("{}\n{fix}", one.message),
                };
                object(&[
                    ("fromLine", one.line.into()),
                    ("fromCol", one.column.into()),
                    ("toLine", one.end_line.into()),
                    ("toCol", one.end_column.into()),
                    ("severity", severity.into()),
                    ("message", message.into()),
                ])
            })
            .collect();
        self.editor.set_diagnostics(&list);
    }
}

impl Drop for Rich {
    fn drop(&mut self) {
        self.editor.destroy();
    }
}

fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// Whichever of the two is there.
pub(super) enum Field<'a> {
    /// The plain one.
    Plain(HtmlTextAreaElement),
    /// The full one.
    Rich(&'a Rich),
}

impl Field<'_> {
    /// The whole text.
    pub(super) fn text(&self) -> String {
        match self {
            Field::Plain(area) => area.value(),
            Field::Rich(rich) => rich.editor.text(),
        }
    }

    /// Puts another text there.
    pub(super) fn set_text(&self, text: &str) {
        match self {
            Field::Plain(area) => area.set_value(text),
            Field::Rich(rich) => rich.editor.set_text(text),
        }
    }

    /// Where the cursor is.
    pub(super) fn spot(&self) -> Spot {
        match self {
            Field::Plain(area) => {
                let units = area.selection_start().ok().flatten().unwrap_or_default();
                spot_at(&area.value(), units)
            }
            Field::Rich(rich) => rich.spot.get(),
        }
    }

    /// Puts the cursor there and brings it into view.
    pub(super) fn place(&self, spot: Spot) {
        match self {
            Field::Plain(area) => {
                let text = area.value();
                let units = units_before(&text, spot);
                // Without a selection the line is in view all the same.
                let _ = area.set_selection_range(units, units);
                let lines = text.split('\n').count().max(1) as f64;
                let line_height = f64::from(area.scroll_height()) / lines;
                let top = f64::from(spot.line.saturating_sub(1)) * line_height;
                let middle = f64::from(area.client_height()) / 2.0;
                area.set_scroll_top((top - middle).max(0.0) as i32);
            }
            Field::Rich(rich) => rich.editor.reveal(spot.line, spot.column),
        }
    }

    /// Gives it the keyboard.
    pub(super) fn focus(&self) {
        match self {
            // Without focus the text is there all the same.
            Field::Plain(area) => drop(area.focus()),
            Field::Rich(rich) => rich.editor.focus(),
        }
    }
}
