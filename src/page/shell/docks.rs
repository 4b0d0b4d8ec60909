//! Docks beside and below the stage, and the sheet of a narrow screen.

use super::later::Later;
use crate::page::panels;
use crate::page::ui::{Dock, Panel, UiAction, use_ui};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, PointerEvent};
use yew::prelude::*;

/// By this many pixels a key moves the edge of a dock.
const KEY_STEP: f64 = 24.0;

#[derive(Properties, PartialEq)]
struct TabsProps {
    panels: Rc<[Panel]>,
    shown: Panel,
    open: bool,
    id: &'static str,
}

/// A row of tabs, one panel each.
#[component]
fn Tabs(props: &TabsProps) -> Html {
    let ui = use_ui();
    let row = use_node_ref();
    let on_key = {
        let (panels, shown, ui, row) = (props.panels.clone(), props.shown, ui.clone(), row.clone());
        Callback::from(move |event: KeyboardEvent| {
            let by = match event.key().as_str() {
                "ArrowRight" => 1,
                "ArrowLeft" => panels.len().saturating_sub(1),
                _ => return,
            };
            let here = panels.iter().position(|panel| *panel == shown).unwrap_or(0);
            let next = (here + by) % panels.len().max(1);
            if let Some(panel) = panels.get(next) {
                ui.dispatch(UiAction::Show(*panel));
            }
            let button = row
                .cast::<HtmlElement>()
                .and_then(|row| row.children().item(next as u32))
                .and_then(|child| child.dyn_into::<HtmlElement>().ok());
            if let Some(button) = button {
                // Without focus the tab is shown all the same.
                let _ = button.focus();
            }
        })
    };
    html! {
        <div class="tabs" role="tablist" ref={row} onkeydown={on_key}>
            { for props.panels.iter().map(|panel| {
                let selected = *panel == props.shown;
                let (ui, panel) = (ui.clone(), *panel);
                html! {
                    <button type="button" role="tab" class="tab"
                        id={format!("{}-tab-{}", props.id, panel.title())}
                        aria-selected={selected.to_string()}
                        aria-controls={(selected && props.open).then(|| format!("{}-panel", props.id))}
                        tabindex={if selected { "0" } else { "-1" }}
                        onclick={Callback::from(move |_| ui.dispatch(UiAction::Show(panel)))}>
                        {panel.title()}
                    </button>
                }
            }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct DockProps {
    /// Which edge.
    pub dock: Dock,
}

/// A dock with its tabs and the panel that is shown.
#[component]
pub fn DockView(props: &DockProps) -> Html {
    let ui = use_ui();
    let dock = props.dock;
    let state = *ui.dock(dock);
    let (id, panels, turn): (&'static str, &[Panel], u32) = match dock {
        Dock::Left => ("left", &Panel::LEFT, 4),
        Dock::Right => ("right", &Panel::RIGHT, 5),
        Dock::Below => ("below", &Panel::BELOW, 6),
    };
    let fold = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(UiAction::Fold(dock)))
    };
    let style = match (dock, state.open) {
        (_, false) => String::new(),
        (Dock::Below, true) => format!("height:{:.0}px", state.size),
        (_, true) => format!("width:{:.0}px", state.size),
    };
    let label = if state.open { "Fold" } else { "Unfold" };
    let arrow = match (dock, state.open) {
        (Dock::Left, true) | (Dock::Right, false) => "‹",
        (Dock::Left, false) | (Dock::Right, true) => "›",
        (Dock::Below, true) => "⌄",
        (Dock::Below, false) => "⌃",
    };
    let names = panels.iter().map(|panel| panel.title()).collect::<Vec<_>>();
    html! {
        <section class={classes!("dock", format!("dock-{id}"), (!state.open).then_some("dock-folded"))}
            style={style} aria-label={names.join(" and ")}>
            if state.open {
                <Edge dock={dock} />
            }
            <div class="dock-head">
                <Tabs panels={Rc::from(panels)} shown={state.panel} open={state.open} id={id} />
                <button type="button" class="fold" onclick={fold}
                    aria-label={format!("{label} {}", names.join(" and "))}
                    title={label} aria-expanded={state.open.to_string()}>{arrow}</button>
            </div>
            if state.open {
                <div class="dock-body" id={format!("{id}-panel")} role="tabpanel" tabindex="0"
                    aria-labelledby={format!("{id}-tab-{}", state.panel.title())}>
                    <Later {turn}>{panels::panel(state.panel)}</Later>
                </div>
            }
        </section>
    }
}

/// The edge of a dock that can be dragged.
#[component]
fn Edge(props: &DockProps) -> Html {
    let ui = use_ui();
    let dock = props.dock;
    let held = use_mut_ref(|| None::<(f64, f64)>);
    let place = move |event: &PointerEvent| match dock {
        Dock::Below => f64::from(event.client_y()),
        _ => f64::from(event.client_x()),
    };
    let direction = if dock == Dock::Left { 1.0 } else { -1.0 };
    let on_down = {
        let (held, ui) = (held.clone(), ui.clone());
        Callback::from(move |event: PointerEvent| {
            *held.borrow_mut() = Some((place(&event), ui.dock(dock).size));
            if let Some(edge) = event.target_dyn_into::<HtmlElement>() {
                // Without capture the edge is dragged while the pointer is on it.
                let _ = edge.set_pointer_capture(event.pointer_id());
            }
        })
    };
    let on_move = {
        let (held, ui) = (held.clone(), ui.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some((from, size)) = *held.borrow() {
                let by = (place(&event) - from) * direction;
                ui.dispatch(UiAction::Resize(dock, size + by));
            }
        })
    };
    let on_up = Callback::from(move |_: PointerEvent| *held.borrow_mut() = None);
    let on_key = {
        let ui = ui.clone();
        Callback::from(move |event: KeyboardEvent| {
            let by = match event.key().as_str() {
                "ArrowLeft" | "ArrowUp" => -KEY_STEP,
                "ArrowRight" | "ArrowDown" => KEY_STEP,
                _ => return,
            };
            event.prevent_default();
            let size = ui.dock(dock).size + by * direction;
            ui.dispatch(UiAction::Resize(dock, size));
        })
    };
    let (orientation, most) = match dock {
        Dock::Below => ("horizontal", "600"),
        _ => ("vertical", "900"),
    };
    html! {
        <div class="edge" role="separator" tabindex="0" aria-orientation={orientation}
            aria-label="Size of the panel" aria-valuenow={format!("{:.0}", ui.dock(dock).size)}
            aria-valuemin="120" aria-valuemax={most}
            onpointerdown={on_down} onpointermove={on_move} onpointerup={on_up} onkeydown={on_key} />
    }
}

/// The sheet of a narrow screen: every panel, one at a time.
#[component]
pub fn Sheet() -> Html {
    let ui = use_ui();
    let fold = {
        let ui = ui.clone();
        Callback::from(move |_: MouseEvent| ui.dispatch(UiAction::FoldSheet))
    };
    let label = if ui.sheet_open {
        "Fold the panels"
    } else {
        "Unfold the panels"
    };
    html! {
        <section class={classes!("sheet", (!ui.sheet_open).then_some("sheet-folded"))} aria-label="Panels">
            <div class="dock-head">
                <Tabs panels={Rc::from(&Panel::ALL[..])} shown={ui.sheet} open={ui.sheet_open} id="sheet" />
                <button type="button" class="fold" onclick={fold} aria-label={label} title={label}
                    aria-expanded={ui.sheet_open.to_string()}>
                    {if ui.sheet_open { "⌄" } else { "⌃" }}
                </button>
            </div>
            if ui.sheet_open {
                <div class="dock-body" id="sheet-panel" role="tabpanel" tabindex="0"
                    aria-labelledby={format!("sheet-tab-{}", ui.sheet.title())}>
                    <Later turn=4>{panels::panel(ui.sheet)}</Later>
                </div>
            }
        </section>
    }
}
