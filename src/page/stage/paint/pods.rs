//! Pods: tile, chip, dot or speck, by the pixels that there are.

use super::super::geometry::{Point, Rect};
use super::super::scene::SOCKET;
use super::glyph;
use super::palette::Palette;
use super::pen::{Align, Face, Pen};
use crate::page::words;
use crate::session::protocol::{ContainerView, PodState, PodView};
use crate::sim::Instant;

/// How a pod is to be drawn, besides its view.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Whether it is of an older revision than its workload's newest.
    pub old: bool,
    /// Whether its node is without power or does not report.
    pub dark: bool,
    /// Sideways shift in pixels, while it shakes.
    pub shake: f64,
    /// Virtual time.
    pub now: Instant,
}

/// Draws a pod in `rect` (pixels).
pub fn draw(pen: &Pen, palette: &Palette, pod: &PodView, rect: &Rect, look: Look) {
    let rect = Rect::new(rect.x + look.shake, rect.y, rect.w, rect.h);
    if pod.system && pod.node.is_some() {
        return system(pen, palette, pod, &rect, look);
    }
    if look.dark {
        pen.alpha(0.5);
    }
    if rect.w >= 58.0 && rect.h >= 20.0 {
        tile(pen, palette, pod, &rect, look);
    } else if rect.w >= 9.0 && rect.h >= 9.0 {
        chip(pen, palette, pod, &rect, look);
    } else {
        pen.fill_rect(&rect, rect.w * 0.3, palette.pod(pod.state));
    }
    pen.alpha(1.0);
}

/// The part of the longest back-off that is still to come, and its seconds.
pub fn back_off(pod: &PodView, now: Instant) -> Option<(f64, u64)> {
    pod.containers
        .iter()
        .filter_map(|container| container.back_off)
        .max_by_key(|(until, _)| *until)
        .map(|(until, seconds)| {
            let left = until.since(now).as_secs_f64();
            (
                (left / f64::from(seconds.max(1))).min(1.0),
                left.ceil() as u64,
            )
        })
}

fn outline(pen: &Pen, palette: &Palette, pod: &PodView, rect: &Rect, radius: f64) {
    let color = palette.pod(pod.state);
    let (width, dashed) = match pod.state {
        PodState::Running | PodState::Succeeded => (1.0, false),
        PodState::Pending | PodState::Terminating | PodState::Unknown => (1.0, true),
        PodState::Starting | PodState::NotReady => (1.2, false),
        PodState::BackOff | PodState::Blocked | PodState::Failed => (1.6, false),
    };
    pen.stroke_rect(rect, radius, color, width, dashed);
}

fn tile(pen: &Pen, palette: &Palette, pod: &PodView, rect: &Rect, look: Look) {
    let radius = (rect.h * 0.14).clamp(3.0, 9.0);
    let scale = (rect.h / 42.0).clamp(0.55, 1.5);
    pen.fill_rect(rect, radius, &palette.raised);
    if look.old {
        hatch(pen, palette, rect, radius);
    }
    outline(pen, palette, pod, rect, radius);
    let tall = rect.h >= 28.0;
    let first = if tall {
        rect.y + rect.h * 0.31
    } else {
        rect.center().y
    };
    let glyph_r = (5.6 * scale).clamp(3.6, 9.0);
    let back = back_off(pod, look.now).unwrap_or((0.0, 0));
    let glyph_at = Point::new(rect.x + 5.0 + glyph_r + 2.0 * scale, first);
    glyph::pod(pen, palette, pod.state, glyph_at, glyph_r, back.0);
    let size = (11.5 * scale).clamp(8.5, 15.0);
    let left = glyph_at.x + glyph_r + 5.0 * scale;
    let room = Pen::room(Face::MonoBold, size, rect.right() - 5.0 - left);
    let (name, tail) = words::pod_name(pod);
    let shown = words::shorten(name, room);
    let at = Point::new(left, first + 0.5);
    pen.text(&shown, at, Face::MonoBold, size, Align::Left, &palette.text);
    let used = shown.chars().count() + 1;
    if !tail.is_empty() && room >= used + 5 {
        let x = left + Pen::width(Face::Mono, size, &shown) + size * 0.5;
        let tail = words::shorten(tail, room - used);
        let at = Point::new(x, first + 0.5);
        pen.text(
            &tail,
            at,
            Face::Mono,
            size - 1.0,
            Align::Left,
            &palette.faint,
        );
    }
    if tall {
        second_row(pen, palette, pod, rect, scale, back.1);
    }
}

fn second_row(pen: &Pen, palette: &Palette, pod: &PodView, rect: &Rect, scale: f64, left: u64) {
    let y = rect.y + rect.h * SOCKET;
    let cell = (9.0 * scale).clamp(6.0, 14.0);
    let mut x = rect.x + 6.0 + 1.6 * scale;
    let note = note_of(pod, left);
    let size = (10.0 * scale).clamp(8.0, 13.0);
    let note_w = Pen::width(Face::Word, size, &note);
    for container in &pod.containers {
        let side = if container.init { cell * 0.66 } else { cell };
        if x + side > rect.right() - note_w - 12.0 {
            break;
        }
        let at = Rect::new(x, y - side / 2.0, side, side);
        container_cell(pen, palette, container, &at);
        x += side + 3.0 * scale;
    }
    let at = Point::new(rect.right() - 6.0, y + 0.5);
    let color = match pod.state {
        PodState::Running | PodState::Succeeded => &palette.soft,
        state => palette.pod(state),
    };
    pen.text(&note, at, Face::Word, size, Align::Right, color);
}

/// The few words at the tile's foot: what it waits for, and restarts.
fn note_of(pod: &PodView, left: u64) -> String {
    let words = match pod.state {
        PodState::BackOff => match left {
            0 => "restarting".to_owned(),
            left => format!("again in {}", words::age(left)),
        },
        PodState::Running => String::new(),
        PodState::NotReady => "not ready".to_owned(),
        PodState::Starting => "starting".to_owned(),
        PodState::Blocked => words::shorten(&pod.status, 12).into_owned(),
        PodState::Terminating => "ending".to_owned(),
        PodState::Unknown => "unknown".to_owned(),
        PodState::Failed => "failed".to_owned(),
        PodState::Succeeded => "done".to_owned(),
        PodState::Pending => "pending".to_owned(),
    };
    match (pod.restarts, words.is_empty()) {
        (0, _) => words,
        (restarts, true) => format!("↻{restarts}"),
        (restarts, false) => format!("{words} ↻{restarts}"),
    }
}

fn container_cell(pen: &Pen, palette: &Palette, container: &ContainerView, at: &Rect) {
    use crate::session::protocol::ContainerState::*;
    let color = palette.container(container.state);
    match container.state {
        Ready | Completed => pen.fill_rect(at, 2.0, color),
        Running => {
            pen.stroke_rect(at, 2.0, color, 1.2, false);
            let half = Rect::new(at.x, at.center().y, at.w, at.h / 2.0);
            pen.fill_rect(&half, 1.0, color);
        }
        Waiting => pen.stroke_rect(at, 2.0, color, 1.2, true),
        Failed | BackOff => {
            pen.stroke_rect(at, 2.0, color, 1.4, false);
            glyph::cross(pen, at.center(), at.w * 0.36, color, 1.4);
        }
    }
}

/// Old revisions are hatched.
fn hatch(pen: &Pen, palette: &Palette, rect: &Rect, radius: f64) {
    pen.clipped(rect, radius, || {
        let mut lines = Vec::new();
        let mut x = rect.x - rect.h;
        while x < rect.right() {
            lines.push([Point::new(x, rect.bottom()), Point::new(x + rect.h, rect.y)]);
            x += 7.0;
        }
        pen.lines(
            lines.iter().map(|line| &line[..]),
            &palette.line,
            1.6,
            false,
        );
    });
}

/// A chip narrower than this has no room for a glyph beside its name.
const PLAIN_W: f64 = 16.0;

/// Whether a pod is a plain chip when it is of the newest revision: too small for
/// a glyph, and all is well. The form alone says so.
pub fn is_plain(pod: &PodView, rect: &Rect) -> bool {
    pod.state == PodState::Running && !pod.system && rect.w < PLAIN_W && rect.h < 20.0
}

/// How round a chip is.
pub fn chip_radius(rect: &Rect) -> f64 {
    (rect.h * 0.2).clamp(2.0, 6.0)
}

fn chip(pen: &Pen, palette: &Palette, pod: &PodView, rect: &Rect, look: Look) {
    let radius = chip_radius(rect);
    if rect.w < PLAIN_W {
        if pod.state == PodState::Running && !look.old {
            return pen.fill_rect(rect, radius, palette.pod(pod.state));
        }
        outline(pen, palette, pod, rect, radius);
        let r = rect.w.min(rect.h) * 0.3;
        let back = back_off(pod, look.now).map_or(0.0, |back| back.0);
        return glyph::pod(pen, palette, pod.state, rect.center(), r, back);
    }
    pen.fill_rect(rect, radius, &palette.raised);
    if look.old {
        hatch(pen, palette, rect, radius);
    }
    outline(pen, palette, pod, rect, radius);
    let r = (rect.h * 0.27).min(7.0);
    let back = back_off(pod, look.now).map_or(0.0, |back| back.0);
    let wide = rect.w > rect.h * 1.4;
    let x = if wide {
        rect.x + 4.0 + r
    } else {
        rect.center().x
    };
    glyph::pod(
        pen,
        palette,
        pod.state,
        Point::new(x, rect.center().y),
        r,
        back,
    );
    if wide {
        let size = (rect.h * 0.42).clamp(7.0, 11.0);
        let left = x + r + 3.0;
        let room = Pen::room(Face::Mono, size, rect.right() - 2.0 - left);
        if room >= 2 {
            let (name, _) = words::pod_name(pod);
            let short: String = name.chars().take(room).collect();
            let at = Point::new(left, rect.center().y + 0.5);
            pen.text(&short, at, Face::Mono, size, Align::Left, &palette.text);
        }
    }
}

/// The cluster's own pods: there, but quiet.
fn system(pen: &Pen, palette: &Palette, pod: &PodView, rect: &Rect, look: Look) {
    let calm = pod.state == PodState::Running;
    if rect.w < 40.0 || rect.h < 9.0 {
        pen.alpha(if look.dark { 0.3 } else { 0.6 });
        let color = if calm {
            &palette.faint
        } else {
            palette.pod(pod.state)
        };
        pen.fill_rect(rect, 1.5, color);
        return pen.alpha(1.0);
    }
    if look.dark {
        pen.alpha(0.5);
    }
    let radius = 4.0;
    match calm {
        true => pen.stroke_rect(rect, radius, &palette.line, 1.0, false),
        false => outline(pen, palette, pod, rect, radius),
    }
    let r = (rect.h * 0.22).clamp(2.4, 6.0);
    let middle = rect.center().y;
    let at = Point::new(rect.x + 5.0 + r, middle);
    let back = back_off(pod, look.now).map_or(0.0, |back| back.0);
    glyph::pod(pen, palette, pod.state, at, r, back);
    let size = (rect.h * 0.56).clamp(8.0, 13.0);
    let left = at.x + r + 4.0;
    let room = Pen::room(Face::Mono, size, rect.right() - 3.0 - left);
    let (name, _) = words::pod_name(pod);
    // The family name may go first where room is short.
    let name = match name.chars().count() > room {
        true => name.strip_prefix("kube-").unwrap_or(name),
        false => name,
    };
    let name = words::shorten(name, room);
    let at = Point::new(left, middle + 0.5);
    pen.text(&name, at, Face::Mono, size, Align::Left, &palette.soft);
    pen.alpha(1.0);
}
