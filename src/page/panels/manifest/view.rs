//! How the editor looks.

use super::field::LABEL;
use super::found::{Found, Outcomes};
use super::reset::Reset;
use super::{Deed, Manifest, Msg, files};
use crate::page::examples::EXAMPLES;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::html::Scope;
use yew::prelude::*;

/// What a file chooser offers.
const FILES: &str = ".yaml,.yml,.json,.txt,application/yaml,application/json,text/plain";

/// The whole panel.
pub(super) fn view(manifest: &Manifest, link: &Scope<Manifest>) -> Html {
    let jump = link.callback(|(line, column)| Msg::Jump(line, column));
    html! {
        <section class="manifest" aria-label="Manifest editor">
            { bar(manifest, link) }
            if manifest.resetting {
                <Reset done={link.callback(|()| Msg::Reset(false))} />
            }
            { field(manifest, link) }
            <div class="manifest-below">
                { status(manifest, link) }
                <Outcomes outcomes={manifest.outcomes.clone()} jump={jump.clone()} />
                <Found findings={manifest.findings.clone()} {jump} />
            </div>
        </section>
    }
}

/// The keys that apply.
fn apply_keys() -> &'static str {
    let agent = web_sys::window()
        .and_then(|window| window.navigator().user_agent().ok())
        .unwrap_or_default();
    if agent.contains("Mac") {
        "⌘⏎"
    } else {
        "Ctrl ⏎"
    }
}

fn bar(manifest: &Manifest, link: &Scope<Manifest>) -> Html {
    let chooser = manifest.file.clone();
    let open = Callback::from(move |_: MouseEvent| {
        if let Some(input) = chooser.cast::<HtmlInputElement>() {
            input.click();
        }
    });
    let resetting = manifest.resetting;
    html! {
        <div class="manifest-bar">
            <button type="button" class="button button-call" onclick={link.callback(|_| Msg::Run(Deed::Apply))}>
                {"Apply "}<kbd aria-hidden="true">{apply_keys()}</kbd>
            </button>
            <button type="button" class="button" title="Delete every object of this text"
                onclick={link.callback(|_| Msg::Run(Deed::Delete))}>{"Delete"}</button>
            <button type="button" class="button" aria-expanded={resetting.to_string()}
                aria-controls={resetting.then_some("manifest-reset")}
                onclick={link.callback(move |_| Msg::Reset(!resetting))}>{"Reset cluster"}</button>
            <span class="manifest-bar-end">
                { examples(link) }
                <button type="button" class="button" onclick={open}>{"Open file"}</button>
                <input ref={manifest.file.clone()} type="file" hidden=true multiple=true accept={FILES}
                    aria-label="Open file" onchange={link.batch_callback(chosen)} />
                <button type="button" class="button" onclick={link.callback(|_| Msg::Copy)}>{"Copy"}</button>
            </span>
        </div>
    }
}

fn chosen(event: Event) -> Option<Msg> {
    let input = event.target_dyn_into::<HtmlInputElement>()?;
    let found = files::list(input.files());
    // The same file can be chosen again.
    input.set_value("");
    (!found.is_empty()).then_some(Msg::Files(found))
}

fn examples(link: &Scope<Manifest>) -> Html {
    let on_change = link.batch_callback(|event: Event| {
        let select = event.target_dyn_into::<HtmlSelectElement>()?;
        let number = select.value().parse().ok()?;
        select.set_value("");
        Some(Msg::Example(number))
    });
    html! {
        <select class="select" aria-label="Examples" onchange={on_change}>
            <option value="" selected=true>{"Examples"}</option>
            { for EXAMPLES.iter().enumerate().map(|(number, example)| html! {
                <option value={number.to_string()}>{example.title}</option>
            }) }
        </select>
    }
}

fn field(manifest: &Manifest, link: &Scope<Manifest>) -> Html {
    let rich = manifest.rich.is_some();
    let on_key = link.batch_callback(|event: KeyboardEvent| {
        let applies = event.key() == "Enter" && (event.ctrl_key() || event.meta_key());
        applies.then(|| {
            event.prevent_default();
            Msg::Run(Deed::Apply)
        })
    });
    html! {
        <div class={classes!("manifest-place", manifest.over.then_some("manifest-over"))} ref={manifest.place.clone()}>
            <textarea ref={manifest.area.clone()} class="manifest-plain" hidden={rich} aria-label={LABEL}
                spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off"
                placeholder="Paste YAML or JSON here, drop a file, or choose an example."
                oninput={link.callback(|_| Msg::Edited)} onkeydown={on_key} />
            <div ref={manifest.code.clone()} class="manifest-code" hidden={!rich} />
            if manifest.over {
                <p class="manifest-drop">{"Drop to open"}</p>
            }
        </div>
    }
}

/// One line, said aloud when it changes: what the text is found to be.
fn status(manifest: &Manifest, link: &Scope<Manifest>) -> Html {
    let findings = &manifest.findings;
    let (class, glyph, words) = match (manifest.blank, findings.errors()) {
        (true, _) => ("is-gone", "○", "Nothing written yet.".to_owned()),
        (_, 0) if findings.problems.is_empty() => ("is-running", "✓", findings.summary()),
        (_, 0) => ("is-waiting", "▲", findings.summary()),
        _ => ("is-failed", "✕", findings.summary()),
    };
    html! {
        <>
            <p class={classes!("manifest-status", manifest.stale.then_some("manifest-stale"))} role="status" aria-live="polite">
                <span class={class} aria-hidden="true">{glyph}</span>{" "}{words}
                if let Some(note) = &manifest.note {
                    <span class={classes!("manifest-note", note.refused.then_some("is-failed"))}>
                        {if note.refused { " ✕ " } else { " " }}{&note.text}
                    </span>
                }
            </p>
            <p class="manifest-hint manifest-keys">{"Tab indents; Esc, then Tab leaves the editor."}</p>
            if manifest.previous.is_some() {
                <p class="manifest-hint">
                    <button type="button" class="link" onclick={link.callback(|_| Msg::Restore)}>
                        {"Bring back the text before"}
                    </button>
                </p>
            }
            if manifest.plain_for_good {
                <p class="manifest-hint">
                    {"The full editor could not be loaded; this plain one checks and applies all the same."}
                </p>
            }
            if !manifest.kept_for_reload && !manifest.blank {
                <p class="manifest-hint">{"The browser does not keep this text across a reload: it is too long, or storage is off."}</p>
            }
        </>
    }
}
