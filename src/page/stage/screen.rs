//! The canvases of the stage and the loop that draws them: a frame when something
//! moves or has changed, none when all is at rest. What stands has a canvas of its
//! own under what moves: where there is so much of it that drawing takes long, it
//! is drawn less often, and motion stays smooth.

use super::camera::View;
use super::director::Pace;
use super::geometry::{Point, Rect};
use super::paint::{Frame, Palette, Pen};
use crate::page::app::{App, wall_now};
use gloo::render::AnimationFrame;
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// How long until the next frame when only a ring counts down.
const SLOW_MS: u32 = 200;

pub(super) type Shared = Rc<RefCell<Screen>>;

/// The ground may take this part of the time.
const GROUND_SHARE: f64 = 0.2;
/// A ground that is drawn in so many milliseconds is drawn at every frame.
const GROUND_CHEAP_MS: f64 = 4.0;
/// The ground never lags by more.
const GROUND_LAG_MS_MAX: f64 = 250.0;

/// How long the ground as it was fades (stage.css knows it too).
const FADE_MS: f64 = 240.0;

/// The canvases and what is drawn on them.
pub(super) struct Screen {
    pub(super) app: App,
    /// The lower canvas, of what stands.
    pub(super) canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    /// The upper canvas, of what moves.
    upper: HtmlCanvasElement,
    upper_context: CanvasRenderingContext2d,
    /// Between them: the ground as it was, while it fades.
    fading: HtmlCanvasElement,
    fades: u32,
    faded: f64,
    /// The view of the ground that is drawn.
    shown: Option<View>,
    /// The ground is not drawn again before this moment, if it can wait.
    ground_due: f64,
    /// Whether the ground has changed since it was drawn.
    ground_stale: bool,
    pub(super) palette: Palette,
    pub(super) ratio: f64,
    pub(super) frame: Option<AnimationFrame>,
    pub(super) later: Option<Timeout>,
    pub(super) pointers: BTreeMap<i32, Point>,
    pub(super) moved: f64,
}

impl Screen {
    pub(super) fn new(
        app: App,
        canvas: HtmlCanvasElement,
        fading: HtmlCanvasElement,
        upper: HtmlCanvasElement,
    ) -> Option<Screen> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let upper_context = upper.get_context("2d").ok()??.dyn_into().ok()?;
        let palette = Palette::read(&canvas);
        Some(Screen {
            app,
            canvas,
            context,
            upper,
            upper_context,
            fading,
            fades: 0,
            faded: f64::MIN,
            shown: None,
            ground_due: 0.0,
            ground_stale: true,
            palette,
            ratio: 1.0,
            frame: None,
            later: None,
            pointers: BTreeMap::new(),
            moved: 0.0,
        })
    }

    pub(super) fn resize(&mut self) {
        let parent = self.canvas.parent_element();
        let Some(rect) = parent.map(|parent| parent.get_bounding_client_rect()) else {
            return;
        };
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        // More than three physical pixels a pixel cannot be seen.
        self.ratio = ratio.clamp(1.0, 3.0);
        for canvas in [&self.canvas, &self.upper] {
            canvas.set_width((rect.width() * self.ratio).round() as u32);
            canvas.set_height((rect.height() * self.ratio).round() as u32);
        }
        // A canvas of a new size is empty.
        self.ground_due = 0.0;
        self.ground_stale = true;
        self.app
            .stage()
            .resize(rect.width(), rect.height(), wall_now());
    }

    fn draw(&mut self, now: f64) {
        let ground = self.ground_stale && now >= self.ground_due;
        if ground {
            self.app.stage().motion.land(now);
            self.fade(now);
        }
        {
            let stage = self.app.stage();
            let world = self.app.world();
            let (width, height) = stage.camera.size();
            let paint = |context: &CanvasRenderingContext2d, draw: fn(&Frame<'_>)| {
                let ratio = self.ratio;
                // Finite numbers are always a valid transformation.
                let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
                let pen = Pen::new(context);
                draw(&Frame {
                    pen: &pen,
                    palette: &self.palette,
                    world: &world,
                    director: &stage,
                    view: stage.camera.view(),
                    screen: Rect::new(0.0, 0.0, width, height),
                    now,
                    virtual_now: world.now(self.app.silence()),
                });
            };
            if ground {
                paint(&self.context, |frame| frame.draw_ground());
            }
            paint(&self.upper_context, |frame| frame.draw_moves());
        }
        if ground {
            let took = wall_now() - now;
            let rest = match took <= GROUND_CHEAP_MS {
                true => 0.0,
                false => (took / GROUND_SHARE).min(GROUND_LAG_MS_MAX),
            };
            self.ground_stale = false;
            self.shown = Some(self.app.stage().camera.view());
            self.ground_due = now + rest;
        }
    }
}

impl Screen {
    /// Lays the ground as it was over the new arrangement, and lets it fade.
    fn fade(&mut self, now: f64) {
        let rearranged = std::mem::take(&mut self.app.stage().rearranged);
        let again = now < self.faded + FADE_MS;
        if !rearranged || again || self.shown.is_none() || self.app.stage().motion.reduced {
            return;
        }
        let (width, height) = (self.canvas.width(), self.canvas.height());
        self.fading.set_width(width);
        self.fading.set_height(height);
        let context = self.fading.get_context("2d").ok().flatten();
        let context = context.and_then(|it| it.dyn_into::<CanvasRenderingContext2d>().ok());
        let copied = context.is_some_and(|context| {
            let copied = context.draw_image_with_html_canvas_element(&self.canvas, 0.0, 0.0);
            copied.is_ok()
        });
        if copied {
            self.faded = now;
            self.fades = self.fades.wrapping_add(1);
            // Another name begins the animation anew.
            let turn = if self.fades.is_multiple_of(2) {
                "even"
            } else {
                "odd"
            };
            self.fading
                .set_class_name(&format!("stage-canvas stage-fading stage-fading-{turn}"));
        }
    }
}

/// Asks for a frame, once.
pub(super) fn request(screen: &Shared) {
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
        let draw = draw || pace == Pace::Slow;
        state.ground_stale |= draw;
        // The picture follows the hand, whatever it costs.
        let view = state.app.stage().camera.view();
        if state.shown != Some(view) {
            state.ground_due = 0.0;
        }
        if draw || state.ground_stale {
            state.draw(now);
        }
        let pace = match state.ground_stale {
            true => Pace::Full,
            false => pace,
        };
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

pub(super) fn fit(screen: &Shared) {
    screen.borrow().app.stage().fit(wall_now());
    request(screen);
}

pub(super) fn zoom_by(screen: &Shared, factor: f64) {
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
