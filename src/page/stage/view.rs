//! The stage as a component: one canvas, drawn outside of the components' own
//! rendering.

use super::director::Following;
use super::geometry::Point;
use super::input::{Tip, key_listener, pointer_listeners, wheel_listener};
use super::paint::Palette;
use super::screen::{Screen, Shared, fit, request, zoom_by};
use crate::page::app::{App, use_app, use_world, wall_now};
use crate::page::ui::{UiAction, UiHandle, use_ui};
use gloo::events::EventListener;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlCanvasElement, ResizeObserver};
use yew::prelude::*;

/// How soon the corner's buttons notice that the picture was moved.
const ZOOM_MS: u32 = 400;

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
    let (canvas, fading, upper) = (use_node_ref(), use_node_ref(), use_node_ref());
    let tip = use_state(|| None::<Tip>);
    let screen = use_mut_ref(|| None::<Shared>);
    {
        let (app, screen) = (app.clone(), screen.clone());
        let (canvas, fading, upper) = (canvas.clone(), fading.clone(), upper.clone());
        let (dispatch, tip) = (ui.dispatcher(), tip.setter());
        use_effect_with((), move |()| {
            let setup = canvas
                .cast::<HtmlCanvasElement>()
                .zip(fading.cast::<HtmlCanvasElement>())
                .zip(upper.cast::<HtmlCanvasElement>())
                .and_then(|((canvas, fading), upper)| Screen::new(app, canvas, fading, upper))
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
            <canvas ref={fading} class="stage-canvas stage-fading" aria-hidden="true" />
            <canvas ref={upper} class="stage-canvas stage-moves" aria-hidden="true" />
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
    let app = use_world(ZOOM_MS);
    let narrow = use_ui().narrow;
    // On a narrow screen fingers zoom, and the way back is offered when needed.
    if narrow && app.stage().camera.follows {
        return html! {};
    }
    html! {
        <div class="stage-zoom" role="group" aria-label="View">
            if !narrow {
                <button type="button" onclick={button(|screen| zoom_by(screen, 1.4))}
                    aria-label="Zoom in" title="Zoom in (+)">{"+"}</button>
                <button type="button" onclick={button(|screen| zoom_by(screen, 1.0 / 1.4))}
                    aria-label="Zoom out" title="Zoom out (-)">{"−"}</button>
            }
            <button type="button" onclick={button(fit)}
                aria-label="Show everything" title="Show everything (F)">{"⤢"}</button>
        </div>
    }
}
