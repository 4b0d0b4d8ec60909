//! The head of a node card: name, state, meters, and words of the moment.

use super::super::geometry::{Point, Rect};
use super::super::scene::Card;
use super::Frame;
use super::glyph;
use super::pen::{Align, Face, Pen};
use crate::page::words;
use crate::session::protocol::{NodeState, NodeView};

pub(super) fn head(frame: &Frame, card: &Card, node: &NodeView) {
    let (pen, palette) = (frame.pen, frame.palette);
    let rect = frame.view.rect(&card.head);
    if rect.h < 9.0 {
        return;
    }
    let pad = (rect.w * 0.04).clamp(3.0, 12.0);
    let least = if rect.w < 80.0 { 7.5 } else { 9.0 };
    let size = (rect.h * 0.22).clamp(least, 15.0).min(rect.h * 0.8);
    let rows = rect.h >= 30.0;
    let y = if rows {
        rect.y + rect.h * 0.27
    } else {
        rect.center().y
    };
    let state = state_words(frame, node);
    let color = match (node.powered, node.state) {
        (false, NodeState::Ready) => &palette.failed,
        (_, state) => palette.node(state),
    };
    // The state: a glyph always (but for a small card when all is well), words
    // where there is room.
    let calm = node.powered && node.state == NodeState::Ready;
    let bare = calm && rect.w < 80.0;
    let glyph_r = (size * 0.36).max(2.6);
    let at = Point::new(rect.x + pad + glyph_r, y);
    match (node.powered, node.state) {
        _ if bare => {}
        (true, NodeState::Ready) => pen.disc(at, glyph_r, color),
        (true, NodeState::NotReady) => pen.ring(at, glyph_r, 0.7, color, 1.6, false),
        (true, NodeState::Unknown) => {
            pen.text("?", at, Face::Bold, size, Align::Center, color);
        }
        (false, _) => glyph::cross(pen, at, glyph_r, color, 1.8),
    }
    let left = if bare {
        rect.x + pad
    } else {
        at.x + glyph_r + 5.0
    };
    let name_w = Pen::width(Face::MonoBold, size, &node.name);
    let room = Pen::room(Face::MonoBold, size, rect.right() - pad - left);
    let name = words::shorten_front(&node.name, room);
    pen.text(
        &name,
        Point::new(left, y),
        Face::MonoBold,
        size,
        Align::Left,
        &palette.text,
    );
    let small = (size * 0.8).clamp(8.5, 12.0);
    let free = rect.right() - pad - left - name_w - 12.0;
    if rows {
        let line = rect.y + rect.h * 0.52;
        let room = Pen::room(Face::Word, small, rect.w - 2.0 * pad);
        let remarks = remarks(node);
        let all = match remarks.is_empty() {
            true => state.clone(),
            false => format!("{state} · {remarks}"),
        };
        let at = Point::new(rect.x + pad, line);
        let shown = words::shorten(&all, room);
        let color = if calm { &palette.soft } else { color };
        pen.text(&shown, at, Face::Word, small, Align::Left, color);
        meters(frame, node, &rect, pad, small, used_pods(frame, card));
    } else if free > Pen::width(Face::Word, small, "110") {
        let at = Point::new(rect.right() - pad, y);
        let pods = used_pods(frame, card).to_string();
        pen.text(&pods, at, Face::Word, small, Align::Right, &palette.soft);
    }
}

fn used_pods(frame: &Frame, card: &Card) -> usize {
    let seats = &frame.director.seats;
    seats.sitting(Some(&card.node), false).count() + seats.sitting(Some(&card.node), true).count()
}

fn state_words(frame: &Frame, node: &NodeView) -> String {
    let word = words::node_state(node.state);
    if node.powered && node.state != NodeState::Unknown {
        return word.to_owned();
    }
    let age = frame.world.heartbeats.get(&node.name).map(|at| {
        let seconds = frame.virtual_now.since(*at).as_secs();
        format!("last heartbeat {} ago", words::age(seconds))
    });
    let power = (!node.powered).then(|| "no power".to_owned());
    let parts: Vec<String> = match node.state {
        // Only the world knows yet: the API still believes in it.
        NodeState::Ready => power
            .into_iter()
            .chain([format!("API says {word}")])
            .collect(),
        _ => [word.to_owned()].into_iter().chain(power).collect(),
    };
    parts.into_iter().chain(age).collect::<Vec<_>>().join(" · ")
}

fn remarks(node: &NodeView) -> String {
    let mut parts = Vec::new();
    if node.cordoned {
        parts.push("cordoned".to_owned());
    }
    for taint in &node.taints {
        let (key, effect) = taint.rsplit_once(':').unwrap_or((taint, ""));
        let key = key.rsplit('/').next().unwrap_or(key);
        if key != "unschedulable" {
            parts.push(format!("{key}:{effect}"));
        }
    }
    parts.join(" · ")
}

fn meters(frame: &Frame, node: &NodeView, rect: &Rect, pad: f64, size: f64, pods: usize) {
    let (pen, palette) = (frame.pen, frame.palette);
    let part = |used: f64, all: f64| {
        if all > 0.0 {
            (used / all).clamp(0.0, 1.0)
        } else {
            0.0
        }
    };
    let values = [
        (
            "CPU",
            part(node.cpu_requested as f64, node.cpu_allocatable as f64),
            format!(
                "{}/{}",
                words::cpu(node.cpu_requested),
                words::cpu(node.cpu_allocatable)
            ),
        ),
        (
            "mem",
            part(node.memory_requested as f64, node.memory_allocatable as f64),
            format!(
                "{}/{}",
                words::bytes(node.memory_requested),
                words::bytes(node.memory_allocatable)
            ),
        ),
        (
            "pods",
            part(pods as f64, f64::from(node.pods_allocatable)),
            format!("{pods}/{}", node.pods_allocatable),
        ),
    ];
    let gap = pad;
    let w = (rect.w - 2.0 * pad - 2.0 * gap) / 3.0;
    let size = (size * 0.92).clamp(8.0, 11.0);
    let with_words = rect.h >= 46.0 && w >= 44.0;
    for (n, (name, part, text)) in values.iter().enumerate() {
        let x = rect.x + pad + n as f64 * (w + gap);
        let y = rect.bottom() - rect.h * 0.1;
        let bar = Rect::new(x, y - 1.5, w, 3.0);
        if with_words {
            let at = Point::new(x, y - 3.0 - size * 0.75);
            let full = format!("{name} {text}");
            let shown = match Pen::width(Face::Word, size, &full) <= w - 1.0 {
                true => full.as_str(),
                false => text.as_str(),
            };
            pen.text(shown, at, Face::Word, size, Align::Left, &palette.faint);
        }
        pen.fill_rect(&bar, 1.5, &palette.line);
        let color = if *part > 0.9 {
            &palette.waiting
        } else {
            &palette.soft
        };
        let filled = Rect::new(x, bar.y, w * part, bar.h);
        pen.fill_rect(&filled, 1.5, color);
    }
}

/// Words of the moment about the node: why it was ruled out, how it scored.
pub(super) fn note(frame: &Frame, card: &Card) {
    let Some(note) = frame.director.motion.node_notes.get(&card.node) else {
        return;
    };
    let rect = frame.view.rect(&card.head);
    if note.start > frame.now || rect.h < 9.0 {
        return;
    }
    let color = if note.against {
        &frame.palette.failed
    } else {
        &frame.palette.running
    };
    let size = 10.5;
    let sign = if note.against { "✕ " } else { "" };
    // Upstream's words for a list of nodes; here it is one.
    let words = note.text.strip_prefix("node(s) ").unwrap_or(&note.text);
    let room = Pen::room(Face::Bold, size, rect.w - 20.0);
    let text = format!("{sign}{words}");
    let text = words::shorten(&text, room);
    let w = Pen::width(Face::Bold, size, &text) + 16.0;
    let y = rect.y + rect.h * 0.64;
    let pill = Rect::new(rect.center().x - w / 2.0, y - 10.0, w, 20.0);
    frame.pill(&pill, &text, size, color);
}
