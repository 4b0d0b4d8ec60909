//! The canvas of the stage and the loop that draws it: a frame when something moves
//! or has changed, none when all is at rest.

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

/// The canvas and what is drawn on it.
pub(super) struct Screen {
    pub(super) app: App,
    pub(super) canvas: HtmlCanvasElement,
    pub(super) context: CanvasRenderingContext2d,
    pub(super) palette: Palette,
    pub(super) ratio: f64,
    pub(super) frame: Option<AnimationFrame>,
    pub(super) later: Option<Timeout>,
    pub(super) pointers: BTreeMap<i32, Point>,
    pub(super) moved: f64,
}

impl Screen {
    pub(super) fn new(app: App, canvas: HtmlCanvasElement) -> Option<Screen> {
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

    pub(super) fn resize(&mut self) {
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
