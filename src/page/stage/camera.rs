//! Which part of the stage is seen, and how large.

use super::geometry::{Point, Rect, ease_out};

/// How far one may zoom in, in pixels a unit.
pub const ZOOM_MAX: f64 = 24.0;
/// How far one may zoom out, relative to everything fitting.
const ZOOM_OUT_MAX: f64 = 0.5;
/// A small cluster is not blown up beyond this when it is fitted.
const FIT_ZOOM_MAX: f64 = 1.6;
/// How long a change of view by key or button takes, in milliseconds.
const MOVE_MS: f64 = 240.0;
/// Room left around everything when it is fitted, in pixels.
const FIT_MARGIN: f64 = 14.0;

/// A view: the point of the stage in the upper left corner and pixels a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Stage coordinates of the upper left corner.
    pub origin: Point,
    /// Pixels a unit.
    pub zoom: f64,
}

impl View {
    /// Where a point of the stage is on the screen.
    pub fn point(&self, point: Point) -> Point {
        Point::new(
            (point.x - self.origin.x) * self.zoom,
            (point.y - self.origin.y) * self.zoom,
        )
    }

    /// Where a rectangle of the stage is on the screen.
    pub fn rect(&self, rect: &Rect) -> Rect {
        let corner = self.point(Point::new(rect.x, rect.y));
        Rect::new(corner.x, corner.y, rect.w * self.zoom, rect.h * self.zoom)
    }

    /// Which point of the stage is at a point of the screen.
    pub fn unproject(&self, point: Point) -> Point {
        Point::new(
            point.x / self.zoom + self.origin.x,
            point.y / self.zoom + self.origin.y,
        )
    }
}

/// The camera: its view, and where it is going.
#[derive(Clone, Debug)]
pub struct Camera {
    view: View,
    goal: Option<(View, View, f64)>,
    /// Whether it keeps everything in sight, until the user moves it.
    pub follows: bool,
    width: f64,
    height: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Camera {
            view: View {
                origin: Point::default(),
                zoom: 1.0,
            },
            goal: None,
            follows: true,
            width: 1.0,
            height: 1.0,
        }
    }
}

impl Camera {
    /// The view at this moment.
    pub fn view(&self) -> View {
        self.view
    }

    /// Tells the size of the screen in CSS pixels.
    pub fn resize(&mut self, width: f64, height: f64) {
        self.width = width.max(1.0);
        self.height = height.max(1.0);
    }

    /// Size of the screen in CSS pixels.
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// The view that shows all of `bounds`.
    pub fn fitting(&self, bounds: &Rect) -> View {
        let margin = FIT_MARGIN.min(self.width / 20.0);
        let zoom = ((self.width - 2.0 * margin) / bounds.w.max(1.0))
            .min((self.height - 2.0 * margin) / bounds.h.max(1.0))
            .clamp(0.001, FIT_ZOOM_MAX);
        let left = bounds.x - (self.width / zoom - bounds.w) / 2.0;
        let top = bounds.y - (self.height / zoom - bounds.h) / 2.0;
        View {
            origin: Point::new(left, top),
            zoom,
        }
    }

    /// Shows everything, at once or in a short move, and keeps to it.
    pub fn fit(&mut self, bounds: &Rect, now: f64, at_once: bool) {
        self.follows = true;
        self.go(self.fitting(bounds), now, at_once);
    }

    /// Shows `rect` large, as when something is looked for.
    pub fn focus(&mut self, rect: &Rect, now: f64, at_once: bool) {
        self.follows = false;
        let mut view = self.fitting(rect);
        view.zoom = view.zoom.min(FIT_ZOOM_MAX);
        self.go(view, now, at_once);
    }

    fn go(&mut self, view: View, now: f64, at_once: bool) {
        if at_once {
            self.view = view;
            self.goal = None;
        } else if self.goal.is_none_or(|(_, to, _)| to != view) && self.view != view {
            self.goal = Some((self.view, view, now));
        }
    }

    /// Moves the picture by so many pixels.
    pub fn pan(&mut self, dx: f64, dy: f64) {
        self.follows = false;
        self.goal = None;
        self.view.origin.x -= dx / self.view.zoom;
        self.view.origin.y -= dy / self.view.zoom;
    }

    /// Zooms by `factor` about a point of the screen, which stays where it is.
    pub fn zoom(&mut self, factor: f64, at: Point, bounds: &Rect) {
        self.follows = false;
        self.goal = None;
        let least = self.fitting(bounds).zoom * ZOOM_OUT_MAX;
        let fixed = self.view.unproject(at);
        self.view.zoom = (self.view.zoom * factor).clamp(least.min(ZOOM_MAX), ZOOM_MAX);
        self.view.origin = Point::new(
            fixed.x - at.x / self.view.zoom,
            fixed.y - at.y / self.view.zoom,
        );
    }

    /// Keeps some of `bounds` on the screen, so that nobody is lost.
    pub fn keep_in_sight(&mut self, bounds: &Rect) {
        let (w, h) = (self.width / self.view.zoom, self.height / self.view.zoom);
        let keep = |origin: f64, size: f64, low: f64, span: f64| {
            let least = low - size * 0.75;
            let most = low + span - size * 0.25;
            origin.clamp(least.min(most), most.max(least))
        };
        self.view.origin.x = keep(self.view.origin.x, w, bounds.x, bounds.w);
        self.view.origin.y = keep(self.view.origin.y, h, bounds.y, bounds.h);
    }

    /// Moves on to the moment `now`; says whether it still moves.
    pub fn tick(&mut self, now: f64) -> bool {
        let Some((from, to, since)) = self.goal else {
            return false;
        };
        let part = ease_out((now - since) / MOVE_MS);
        if part >= 1.0 {
            self.view = to;
            self.goal = None;
            return false;
        }
        // Zoom geometrically: equal steps look equal.
        self.view = View {
            origin: from.origin.toward(to.origin, part),
            zoom: from.zoom * (to.zoom / from.zoom).powf(part),
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        let mut camera = Camera::default();
        camera.resize(800.0, 600.0);
        camera
    }

    #[test]
    fn fitting_shows_everything_in_the_middle() {
        let camera = camera();
        let bounds = Rect::new(-100.0, 50.0, 2000.0, 700.0);
        let seen = camera.fitting(&bounds).rect(&bounds);
        assert!(seen.x >= 0.0 && seen.right() <= 800.0);
        assert!(seen.y >= 0.0 && seen.bottom() <= 600.0);
        assert!((seen.center().x - 400.0).abs() < 1e-6);
        assert!((seen.center().y - 300.0).abs() < 1e-6);
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let mut camera = camera();
        let bounds = Rect::new(0.0, 0.0, 1000.0, 1000.0);
        camera.fit(&bounds, 0.0, true);
        let at = Point::new(200.0, 120.0);
        let before = camera.view().unproject(at);
        camera.zoom(2.0, at, &bounds);
        let after = camera.view().unproject(at);
        assert!(before.distance(after) < 1e-9);
        assert!(!camera.follows);
    }

    #[test]
    fn nobody_pans_into_emptiness() {
        let mut camera = camera();
        let bounds = Rect::new(0.0, 0.0, 1000.0, 1000.0);
        camera.fit(&bounds, 0.0, true);
        camera.pan(1e6, -1e6);
        camera.keep_in_sight(&bounds);
        let seen = camera.view().rect(&bounds);
        assert!(seen.meets(&Rect::new(0.0, 0.0, 800.0, 600.0)));
    }

    #[test]
    fn a_move_ends_at_its_goal() {
        let mut camera = camera();
        let bounds = Rect::new(0.0, 0.0, 1000.0, 1000.0);
        camera.fit(&bounds, 0.0, false);
        assert!(camera.tick(100.0));
        assert!(!camera.tick(1000.0));
        assert_eq!(camera.view(), camera.fitting(&bounds));
    }
}
