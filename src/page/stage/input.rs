//! Pointer, wheel and keys on the stage.

use super::camera::View;
use super::geometry::Point;
use super::hit::{self, Target};
use super::screen::{Shared, fit, request, zoom_by};
use crate::page::app::{App, wall_now};
use crate::page::glossary;
use crate::page::ui::{Panel, Stepping, UiAction};
use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlCanvasElement, PointerEvent, WheelEvent};
use yew::Callback;

/// A pointer that moves less than this many pixels clicks.
const CLICK_SLACK: f64 = 5.0;

/// A click this near to a packet is meant for it.
const PACKET_SLACK: f64 = 22.0;

/// What is under the pointer, in words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tip {
    pub(super) at: Point,
    pub(super) title: String,
    pub(super) facts: String,
    pub(super) meaning: &'static str,
}

/// What a pointer's event does, at its place on the canvas.
type PointerAct = Box<dyn Fn(&Shared, &PointerEvent, Point)>;

pub(super) fn pointer_listeners(
    screen: &Shared,
    canvas: &HtmlCanvasElement,
    select: Callback<UiAction>,
    show: Callback<Option<Tip>>,
) -> Vec<EventListener> {
    let listen = |kind: &'static str, act: PointerAct| {
        let screen = screen.clone();
        EventListener::new(canvas, kind, move |event| {
            if let Some(event) = event.dyn_ref::<PointerEvent>() {
                let at = {
                    let state = screen.borrow();
                    position(&state.canvas, event.client_x(), event.client_y())
                };
                act(&screen, event, at);
            }
        })
    };
    let hide = show.clone();
    let away = show.clone();
    vec![
        listen(
            "pointerdown",
            Box::new(move |screen, event, at| {
                let mut state = screen.borrow_mut();
                // A pointer that is already gone cannot be captured; that is no harm.
                let _ = state.canvas.set_pointer_capture(event.pointer_id());
                state.pointers.insert(event.pointer_id(), at);
                state.moved = 0.0;
                hide.emit(None);
            }),
        ),
        listen(
            "pointermove",
            Box::new(move |screen, event, at| pointer_moves(screen, event, at, &show)),
        ),
        listen(
            "pointerup",
            Box::new(move |screen, event, at| {
                let clicked = {
                    let mut state = screen.borrow_mut();
                    state.pointers.remove(&event.pointer_id());
                    state.pointers.is_empty() && state.moved < CLICK_SLACK
                };
                if clicked && let Some(stepping) = packet_at(&screen.borrow().app, at) {
                    select.emit(UiAction::Step(Some(stepping)));
                    select.emit(UiAction::Show(Panel::Journey));
                } else if clicked {
                    let subject = {
                        let state = screen.borrow();
                        let slack = if event.pointer_type() == "touch" {
                            8.0
                        } else {
                            2.0
                        };
                        let world = state.app.world();
                        target_at(&state.app, at, slack).and_then(|found| found.subject(&world))
                    };
                    select.emit(UiAction::Select(subject));
                }
            }),
        ),
        listen(
            "pointercancel",
            Box::new(|screen, event, _| {
                screen.borrow_mut().pointers.remove(&event.pointer_id());
            }),
        ),
        listen(
            "pointerleave",
            Box::new(move |screen, _, _| {
                screen.borrow().app.stage().hover = None;
                away.emit(None);
            }),
        ),
    ]
}

fn position(canvas: &Element, x: i32, y: i32) -> Point {
    let rect = canvas.get_bounding_client_rect();
    Point::new(f64::from(x) - rect.x(), f64::from(y) - rect.y())
}

/// The packet on its way under the pointer, at the hop where it is.
fn packet_at(app: &App, at: Point) -> Option<Stepping> {
    let stage = app.stage();
    let now = wall_now();
    stage.motion.runs.iter().rev().find_map(|run| {
        let (point, stop) = stage.track(run)?.at(run.elapsed(now))?;
        let near = stage.camera.view().point(point).distance(at) < PACKET_SLACK;
        near.then(|| Stepping {
            journey: run.journey.clone(),
            leg: stop.leg,
            hop: stop.hop,
        })
    })
}

fn target_at(app: &App, at: Point, slack: f64) -> Option<Target> {
    let stage = app.stage();
    let view: View = stage.camera.view();
    hit::at(
        &stage.scene,
        &stage.seats,
        &app.world(),
        view.unproject(at),
        slack / view.zoom,
    )
}

fn pointer_moves(screen: &Shared, event: &PointerEvent, at: Point, show: &Callback<Option<Tip>>) {
    let mut state = screen.borrow_mut();
    let Some(before) = state.pointers.get(&event.pointer_id()).copied() else {
        drop(state);
        return hover(screen, at, show);
    };
    let others: Vec<Point> = state
        .pointers
        .iter()
        .filter(|(id, _)| **id != event.pointer_id())
        .map(|(_, point)| *point)
        .collect();
    state.pointers.insert(event.pointer_id(), at);
    state.moved += before.distance(at);
    if state.moved < CLICK_SLACK {
        return;
    }
    {
        let mut stage = state.app.stage();
        let bounds = stage.scene.bounds;
        match others.first() {
            None => stage.camera.pan(at.x - before.x, at.y - before.y),
            Some(other) => {
                // Two fingers: each moves the picture by half, and apart is larger.
                let pinch = at.distance(*other) / before.distance(*other).max(1.0);
                stage.camera.zoom(pinch, at.toward(*other, 0.5), &bounds);
                stage
                    .camera
                    .pan((at.x - before.x) / 2.0, (at.y - before.y) / 2.0);
            }
        }
        stage.camera.keep_in_sight(&bounds);
        stage.touch();
    }
    drop(state);
    request(screen);
}

fn hover(screen: &Shared, at: Point, show: &Callback<Option<Tip>>) {
    let found = {
        let state = screen.borrow();
        let found = target_at(&state.app, at, 2.0);
        let mut stage = state.app.stage();
        if stage.hover == found {
            return;
        }
        stage.hover = found.clone();
        stage.touch();
        drop(stage);
        let world = state.app.world();
        found.map(|target| {
            let (title, facts, meaning) = glossary::explain(&world, &target);
            Tip {
                at,
                title,
                facts,
                meaning,
            }
        })
    };
    show.emit(found);
    request(screen);
}

pub(super) fn wheel_listener(screen: &Shared, canvas: &HtmlCanvasElement) -> EventListener {
    let screen = screen.clone();
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(canvas, "wheel", options, move |event| {
        let Some(event) = event.dyn_ref::<WheelEvent>() else {
            return;
        };
        event.prevent_default();
        let state = screen.borrow();
        let at = position(&state.canvas, event.client_x(), event.client_y());
        {
            let mut stage = state.app.stage();
            let bounds = stage.scene.bounds;
            let (dx, dy) = (event.delta_x(), event.delta_y());
            // A mouse wheel steps in large whole numbers, straight up and down;
            // anything else is two fingers on a pad.
            let fingers = dx != 0.0 || (dy.abs() < 40.0 && event.delta_mode() == 0);
            if event.ctrl_key() || event.meta_key() {
                stage.camera.zoom((-dy * 0.01).exp(), at, &bounds);
            } else if fingers {
                stage.camera.pan(-dx, -dy);
            } else {
                let step = if event.delta_mode() == 0 {
                    dy / 100.0
                } else {
                    dy / 3.0
                };
                stage
                    .camera
                    .zoom(1.18_f64.powf(-step.clamp(-4.0, 4.0)), at, &bounds);
            }
            stage.camera.keep_in_sight(&bounds);
            stage.touch();
        }
        drop(state);
        request(&screen);
    })
}

pub(super) fn key_listener(screen: &Shared) -> Option<EventListener> {
    let screen = screen.clone();
    let window = web_sys::window()?;
    Some(EventListener::new(&window, "keydown", move |event| {
        let Some(event) = event.dyn_ref::<web_sys::KeyboardEvent>() else {
            return;
        };
        if event.ctrl_key() || event.meta_key() || event.alt_key() || writes(event) {
            return;
        }
        let on_stage = event
            .target()
            .is_some_and(|target| target.has_type::<HtmlCanvasElement>());
        let pan = |dx: f64, dy: f64| {
            let state = screen.borrow();
            let mut stage = state.app.stage();
            stage.camera.pan(dx, dy);
            let bounds = stage.scene.bounds;
            stage.camera.keep_in_sight(&bounds);
            stage.touch();
        };
        match event.key().as_str() {
            "f" | "F" | "0" => fit(&screen),
            "+" | "=" => zoom_by(&screen, 1.3),
            "-" => zoom_by(&screen, 1.0 / 1.3),
            "ArrowLeft" if on_stage => pan(60.0, 0.0),
            "ArrowRight" if on_stage => pan(-60.0, 0.0),
            "ArrowUp" if on_stage => pan(0.0, 60.0),
            "ArrowDown" if on_stage => pan(0.0, -60.0),
            _ => return,
        }
        event.prevent_default();
        request(&screen);
    }))
}

/// Whether a key goes into a field or an editor.
pub fn writes(event: &web_sys::KeyboardEvent) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .and_then(|element| {
            element
                .closest("input, textarea, select, [contenteditable], [role=slider], .cm-editor")
                .ok()
        })
        .flatten()
        .is_some()
}
