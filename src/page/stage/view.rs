//! The stage as a component: one canvas, drawn outside of the components' own
//! rendering, with pointer, wheel and keys.

use super::camera::View;
use super::director::{Following, Pace};
use super::geometry::{Point, Rect};
use super::hit::{self, Target};
use super::paint::{Frame, Palette, Pen};
use crate::page::app::{App, use_app, wall_now};
use crate::page::glossary;
use crate::page::ui::{UiAction, UiHandle, use_ui};
use gloo::events::{EventListener, EventListenerOptions};
use gloo::render::AnimationFrame;
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{
    CanvasRenderingContext2d, Element, HtmlCanvasElement, PointerEvent, ResizeObserver, WheelEvent,
};
use yew::prelude::*;

/// How long until the next frame when only a ring counts down.
const SLOW_MS: u32 = 200;
/// A pointer that moves less than this many pixels clicks.
const CLICK_SLACK: f64 = 5.0;

/// What is under the pointer, in words.
#[derive(Clone, Debug, PartialEq)]
struct Tip {
    at: Point,
    title: String,
    facts: String,
    meaning: &'static str,
}

/// The canvas and what is drawn on it.
struct Screen {
    app: App,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    palette: Palette,
    ratio: f64,
    frame: Option<AnimationFrame>,
    later: Option<Timeout>,
    pointers: BTreeMap<i32, Point>,
    moved: f64,
}

type Shared = Rc<RefCell<Screen>>;

impl Screen {
    fn new(app: App, canvas: HtmlCanvasElement) -> Option<Screen> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let palette = Palette::read(&canvas);
        Some(Screen {
            app,
            canvas,
            context,
            palette,
            ratio: 1.0,
            frame: None,
            later: None,
            pointers: BTreeMap::new(),
            moved: 0.0,
        })
    }

    fn resize(&mut self) {
        let parent = self.canvas.parent_element();
        let Some(rect) = parent.map(|parent| parent.get_bounding_client_rect()) else {
            return;
        };
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        // More than three physical pixels a pixel cannot be seen.
        self.ratio = ratio.clamp(1.0, 3.0);
        self.canvas
            .set_width((rect.width() * self.ratio).round() as u32);
        self.canvas
            .set_height((rect.height() * self.ratio).round() as u32);
        self.app
            .stage()
            .resize(&self.app.world(), rect.width(), rect.height(), wall_now());
    }

    fn draw(&mut self, now: f64) {
        let _ = self
            .context
            .set_transform(self.ratio, 0.0, 0.0, self.ratio, 0.0, 0.0);
        let pen = Pen::new(&self.context);
        let stage = self.app.stage();
        let world = self.app.world();
        let (width, height) = stage.camera.size();
        let frame = Frame {
            pen: &pen,
            palette: &self.palette,
            world: &world,
            director: &stage,
            view: stage.camera.view(),
            screen: Rect::new(0.0, 0.0, width, height),
            now,
            virtual_now: world.now(self.app.silence()),
        };
        frame.draw();
    }
}

/// Asks for a frame, once.
fn request(screen: &Shared) {
    let mut state = screen.borrow_mut();
    if state.frame.is_some() {
        return;
    }
    state.later = None;
    let again = screen.clone();
    state.frame = Some(gloo::render::request_animation_frame(move |_| {
        frame(&again);
    }));
}

fn frame(screen: &Shared) {
    let now = wall_now();
    let pace = {
        let mut state = screen.borrow_mut();
        // This runs inside the frame's own callback: it is dropped at the end.
        let done = state.frame.take();
        let (draw, pace) = state.app.tick(now);
        if draw || pace == Pace::Slow {
            state.draw(now);
        }
        drop(state);
        if let Some(done) = done {
            Timeout::new(0, move || drop(done)).forget();
        }
        pace
    };
    match pace {
        Pace::Rest => {}
        Pace::Full => request(screen),
        Pace::Slow => {
            let again = screen.clone();
            let later = Timeout::new(SLOW_MS, move || {
                if let Some(later) = again.borrow_mut().later.take() {
                    later.forget();
                }
                request(&again);
            });
            screen.borrow_mut().later = Some(later);
        }
    }
}

/// What the stage's listeners keep alive.
struct Setup {
    _listeners: Vec<EventListener>,
    observer: ResizeObserver,
    _on_resize: Closure<dyn FnMut()>,
    app: App,
}

impl Drop for Setup {
    fn drop(&mut self) {
        self.observer.disconnect();
        self.app.set_waker(None);
    }
}

/// The stage.
#[component]
pub fn StageView() -> Html {
    let app = use_app();
    let ui = use_ui();
    let canvas = use_node_ref();
    let tip = use_state(|| None::<Tip>);
    let screen = use_mut_ref(|| None::<Shared>);
    {
        let (app, canvas, screen) = (app.clone(), canvas.clone(), screen.clone());
        let (dispatch, tip) = (ui.dispatcher(), tip.setter());
        use_effect_with((), move |()| {
            let setup = canvas
                .cast::<HtmlCanvasElement>()
                .and_then(|canvas| Screen::new(app, canvas))
                .and_then(|state| {
                    let shared = Rc::new(RefCell::new(state));
                    *screen.borrow_mut() = Some(shared.clone());
                    let select = Callback::from(move |target| dispatch.dispatch(target));
                    let show = Callback::from(move |words| tip.set(words));
                    set_up(&shared, select, show)
                });
            move || drop(setup)
        });
    }
    use_mirror(app.clone(), ui.clone(), screen.clone());
    html! {
        <div class="stage">
            <canvas ref={canvas} class="stage-canvas" tabindex="0" role="img"
                aria-label="Picture of the cluster. The list of everything on it follows."
                aria-keyshortcuts="F + -" />
            <Zoom screen={ScreenRef(screen)} />
            if let Some(tip) = &*tip {
                <div class="tip" style={place(&app, tip.at)} role="presentation">
                    <strong>{&tip.title}</strong>
                    if !tip.facts.is_empty() {
                        <span class="tip-facts">{&tip.facts}</span>
                    }
                    <span>{tip.meaning}</span>
                </div>
            }
        </div>
    }
}

/// Tells the stage what the interface's state says.
#[hook]
fn use_mirror(app: App, ui: UiHandle, screen: Rc<RefCell<Option<Shared>>>) {
    let (one, two) = (app.clone(), app);
    use_effect_with(ui.selection.clone(), move |selection| {
        {
            let mut stage = one.stage();
            stage.selection = selection.clone();
            stage.touch();
        }
        one.wake();
    });
    use_effect_with(ui.stepping.clone(), move |stepping| {
        let following = stepping.as_ref().map(|stepping| Following {
            journey: stepping.journey.clone(),
            leg: stepping.leg,
            hop: stepping.hop,
            since: wall_now(),
        });
        two.stage().follow(following);
        two.wake();
    });
    use_effect_with(ui.light, move |_| {
        let shared = screen.borrow().clone();
        if let Some(shared) = shared {
            {
                let mut state = shared.borrow_mut();
                state.palette = Palette::read(&state.canvas);
                state.app.stage().touch();
            }
            request(&shared);
        }
    });
}

/// Where the tip stands: beside the pointer, inside the stage.
fn place(app: &App, at: Point) -> String {
    let (width, height) = app.stage().camera.size();
    let horizontal = match at.x > width - 280.0 {
        true => format!("right:{:.0}px", width - at.x + 14.0),
        false => format!("left:{:.0}px", at.x + 14.0),
    };
    let vertical = match at.y > height - 120.0 {
        true => format!("bottom:{:.0}px", height - at.y + 10.0),
        false => format!("top:{:.0}px", at.y + 16.0),
    };
    format!("{horizontal};{vertical}")
}

fn set_up(
    screen: &Shared,
    select: Callback<UiAction>,
    show: Callback<Option<Tip>>,
) -> Option<Setup> {
    let (app, canvas) = {
        let state = screen.borrow();
        (state.app.clone(), state.canvas.clone())
    };
    let waker = screen.clone();
    app.set_waker(Some(Box::new(move || request(&waker))));
    let resized = screen.clone();
    let on_resize = Closure::<dyn FnMut()>::new(move || {
        resized.borrow_mut().resize();
        request(&resized);
    });
    let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
    observer.observe(&canvas.parent_element()?);
    let mut listeners = pointer_listeners(screen, &canvas, select, show);
    listeners.push(wheel_listener(screen, &canvas));
    listeners.push(key_listener(screen)?);
    listeners.push(font_listener(screen)?);
    {
        let mut state = screen.borrow_mut();
        state.resize();
        let reduced = "(prefers-reduced-motion: reduce)";
        let reduced = web_sys::window()?.match_media(reduced).ok().flatten();
        state.app.stage().motion.reduced = reduced.is_some_and(|list| list.matches());
    }
    request(screen);
    Some(Setup {
        _listeners: listeners,
        observer,
        _on_resize: on_resize,
        app,
    })
}

/// Text drawn before the typefaces are there is drawn again.
fn font_listener(screen: &Shared) -> Option<EventListener> {
    let fonts = web_sys::window()?.document()?.fonts();
    let screen = screen.clone();
    Some(EventListener::new(&fonts, "loadingdone", move |_| {
        screen.borrow().app.stage().touch();
        request(&screen);
    }))
}

fn position(canvas: &Element, x: i32, y: i32) -> Point {
    let rect = canvas.get_bounding_client_rect();
    Point::new(f64::from(x) - rect.x(), f64::from(y) - rect.y())
}

fn pointer_listeners(
    screen: &Shared,
    canvas: &HtmlCanvasElement,
    select: Callback<UiAction>,
    show: Callback<Option<Tip>>,
) -> Vec<EventListener> {
    let listen = |kind: &'static str, act: Box<dyn Fn(&Shared, &PointerEvent, Point)>| {
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
                if clicked {
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

fn wheel_listener(screen: &Shared, canvas: &HtmlCanvasElement) -> EventListener {
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

fn key_listener(screen: &Shared) -> Option<EventListener> {
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

fn fit(screen: &Shared) {
    screen.borrow().app.stage().fit(wall_now());
    request(screen);
}

fn zoom_by(screen: &Shared, factor: f64) {
    {
        let state = screen.borrow();
        let mut stage = state.app.stage();
        let bounds = stage.scene.bounds;
        let (width, height) = stage.camera.size();
        let middle = Point::new(width / 2.0, height / 2.0);
        stage.camera.zoom(factor, middle, &bounds);
        stage.camera.keep_in_sight(&bounds);
        stage.touch();
    }
    request(screen);
}

/// The screen, as a property.
#[derive(Clone)]
struct ScreenRef(Rc<RefCell<Option<Shared>>>);

impl PartialEq for ScreenRef {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct ZoomProps {
    screen: ScreenRef,
}

/// The buttons in the corner.
#[component]
fn Zoom(props: &ZoomProps) -> Html {
    let button = |act: fn(&Shared)| {
        let screen = props.screen.clone();
        Callback::from(move |_: MouseEvent| {
            let shared = screen.0.borrow().clone();
            if let Some(shared) = shared {
                act(&shared);
            }
        })
    };
    html! {
        <div class="stage-zoom" role="group" aria-label="View">
            <button type="button" onclick={button(|screen| zoom_by(screen, 1.4))}
                aria-label="Zoom in" title="Zoom in (+)">{"+"}</button>
            <button type="button" onclick={button(|screen| zoom_by(screen, 1.0 / 1.4))}
                aria-label="Zoom out" title="Zoom out (-)">{"−"}</button>
            <button type="button" onclick={button(fit)}
                aria-label="Show everything" title="Show everything (F)">{"⤢"}</button>
        </div>
    }
}
