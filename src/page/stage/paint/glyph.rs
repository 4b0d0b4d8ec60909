//! Glyphs of states: a form for each, so that colour is never alone.

use super::super::geometry::Point;
use super::palette::Palette;
use super::pen::{Align, Face, Pen};
use crate::session::protocol::PodState;

/// A cross.
pub fn cross(pen: &Pen, center: Point, radius: f64, color: &str, width: f64) {
    let r = radius * 0.75;
    let at = |x: f64, y: f64| Point::new(center.x + x * r, center.y + y * r);
    pen.lines(
        [
            [at(-1.0, -1.0), at(1.0, 1.0)].as_slice(),
            [at(1.0, -1.0), at(-1.0, 1.0)].as_slice(),
        ],
        color,
        width,
        false,
    );
}

/// A tick.
pub fn tick(pen: &Pen, center: Point, radius: f64, color: &str, width: f64) {
    let at = |x: f64, y: f64| Point::new(center.x + x * radius, center.y + y * radius);
    pen.line(
        &[at(-0.8, 0.0), at(-0.2, 0.6), at(0.8, -0.6)],
        color,
        width,
        false,
    );
}

/// The state of a pod. `back_off` is the part of a back-off that is still to
/// come, `phase` turns with time for what is being done.
pub fn pod(
    pen: &Pen,
    palette: &Palette,
    state: PodState,
    center: Point,
    radius: f64,
    back_off: f64,
) {
    let color = palette.pod(state);
    let width = (radius * 0.36).clamp(1.0, 2.6);
    let ring = radius - width / 2.0;
    match state {
        PodState::Running => {
            pen.ring(center, ring, 1.0, color, width, false);
            pen.disc(center, radius * 0.42, color);
        }
        PodState::Pending => pen.ring(center, ring, 1.0, color, width, true),
        PodState::Starting => {
            pen.ring(center, ring, 1.0, color, width * 0.7, false);
            pen.pie(center, ring, 0.5, color);
        }
        PodState::NotReady => pen.ring(center, ring, 0.72, color, width, false),
        PodState::BackOff => {
            pen.alpha(0.3);
            pen.ring(center, ring, 1.0, color, width, false);
            pen.alpha(1.0);
            pen.ring(center, ring, back_off, color, width, false);
        }
        PodState::Blocked => {
            pen.ring(center, ring, 1.0, color, width, false);
            let bar = [
                Point::new(center.x - ring * 0.55, center.y),
                Point::new(center.x + ring * 0.55, center.y),
            ];
            pen.line(&bar, color, width, false);
        }
        PodState::Succeeded => tick(pen, center, radius * 0.9, color, width * 1.1),
        PodState::Failed => cross(pen, center, radius * 0.95, color, width * 1.1),
        PodState::Terminating => {
            pen.ring(center, ring, 1.0, color, width * 0.7, true);
            let dash = [
                Point::new(center.x - ring * 0.5, center.y),
                Point::new(center.x + ring * 0.5, center.y),
            ];
            pen.line(&dash, color, width, false);
        }
        PodState::Unknown => {
            let size = radius * 2.2;
            pen.text("?", center, Face::Bold, size, Align::Center, color);
        }
    }
}
