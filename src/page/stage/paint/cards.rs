//! Node cards: name, state, meters, pods and wiring.

use super::super::geometry::{Point, Rect};
use super::super::scene::Card;
use super::glyph;
use super::pen::{Align, Face, Pen};
use super::pods::{self, Look};
use super::{Frame, snap};
use crate::page::words;
use crate::session::protocol::{NodeState, NodeView, PodState, PodView};

/// Draws a node with everything on it, if any of it is in sight.
pub fn draw(frame: &Frame, card: &Card) {
    let rect = frame.view.rect(&card.rect);
    let reach = Rect::new(rect.x - 20.0, rect.y - 20.0, rect.w + 40.0, rect.h + 40.0);
    if !reach.meets(&frame.screen) {
        return;
    }
    let Some(node) = frame.world.nodes.get(&card.node) else {
        return;
    };
    let pen = frame.pen;
    let dead = !node.powered;
    let radius = (rect.w * 0.03).clamp(1.0, 10.0);
    let back = if dead {
        &frame.palette.stage
    } else {
        &frame.palette.surface
    };
    pen.fill_rect(&rect, radius, back);
    let ruled_out = frame.director.motion.node_notes.get(&card.node);
    let ruled_out = ruled_out.filter(|note| note.start <= frame.now && note.against);
    let (edge, dashed) = match (dead, node.state, ruled_out) {
        (_, _, Some(_)) => (&frame.palette.failed, false),
        (true, ..) | (_, NodeState::Unknown, _) => (&frame.palette.gone, true),
        (_, NodeState::NotReady, _) => (&frame.palette.waiting, true),
        _ => (&frame.palette.line, false),
    };
    pen.stroke_rect(&rect, radius, edge, 1.0, dashed);
    if rect.w < 26.0 {
        return density(frame, card, &rect);
    }
    wiring(frame, card, node);
    pods_of(frame, card, node);
    head(frame, card, node);
    note(frame, card);
}

/// Too small for pods: health as a filled share of the card.
fn density(frame: &Frame, card: &Card, rect: &Rect) {
    let mut counts = [0usize; 3];
    for (_, uid) in frame.director.seats.sitting(Some(&card.node), false) {
        let Some(pod) = frame.world.pods.get(uid) else {
            continue;
        };
        counts[match pod.state {
            PodState::Running | PodState::Succeeded => 0,
            PodState::BackOff | PodState::Blocked | PodState::Failed => 2,
            _ => 1,
        }] += 1;
    }
    let total = counts.iter().sum::<usize>().max(1) as f64;
    let palette = frame.palette;
    let inner = rect.inset(1.0);
    let mut y = inner.bottom();
    for (count, color) in counts
        .iter()
        .zip([&palette.running, &palette.waiting, &palette.failed])
    {
        let h = inner.h * *count as f64 / total;
        y -= h;
        frame
            .pen
            .fill_rect(&Rect::new(inner.x, y, inner.w, h), 0.0, color);
    }
}

fn pods_of(frame: &Frame, card: &Card, node: &NodeView) {
    let director = frame.director;
    let sample = frame.view.rect(&director.scene.tile(card, false, 0));
    let dark = !node.powered || node.state == NodeState::Unknown;
    // Specks are drawn by colour, all of one state at once.
    let specks = sample.w < 9.0;
    let mut by_state: [Vec<Rect>; 10] = Default::default();
    for system in [true, false] {
        for (index, uid) in director.seats.sitting(Some(&card.node), system) {
            if director.motion.flights.contains_key(uid) {
                continue;
            }
            let rect = frame.view.rect(&director.scene.tile(card, system, index));
            if !rect.meets(&frame.screen) {
                continue;
            }
            let Some(pod) = frame.world.pods.get(uid) else {
                continue;
            };
            if specks && !system {
                by_state[pod.state as usize % 10].push(rect);
                continue;
            }
            draw_pod(frame, pod, &rect, dark);
        }
    }
    if specks {
        draw_specks(frame, &by_state, dark);
    }
}

fn draw_specks(frame: &Frame, by_state: &[Vec<Rect>; 10], dark: bool) {
    use PodState::*;
    let states = [
        Pending,
        Starting,
        Running,
        NotReady,
        BackOff,
        Blocked,
        Succeeded,
        Failed,
        Terminating,
        Unknown,
    ];
    frame.pen.alpha(if dark { 0.5 } else { 1.0 });
    for state in states {
        let rects = &by_state[state as usize % 10];
        let Some(first) = rects.first() else {
            continue;
        };
        let color = frame.palette.pod(state);
        let radius = if first.w < 3.5 { 0.0 } else { first.w * 0.3 };
        frame.pen.fill_rects(rects, radius, color);
        // Trouble is told by form too: a hole in the middle.
        if first.w >= 4.0 && !matches!(state, Running | Succeeded) {
            let holes: Vec<Rect> = rects.iter().map(|rect| rect.inset(rect.w * 0.3)).collect();
            frame.pen.fill_rects(&holes, 0.0, &frame.palette.surface);
        }
    }
    frame.pen.alpha(1.0);
}

/// Draws one pod where it is now.
pub fn draw_pod(frame: &Frame, pod: &PodView, rect: &Rect, dark: bool) {
    let look = Look {
        old: frame.world.outdated(pod),
        dark,
        shake: frame.shake(pod),
        now: frame.virtual_now,
    };
    pods::draw(frame.pen, frame.palette, pod, rect, look);
    if frame.is_selected_pod(pod) {
        frame.brackets(rect);
    }
}

fn head(frame: &Frame, card: &Card, node: &NodeView) {
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
            let shown = match Pen::width(Face::Word, size, &full) <= w + 4.0 {
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

fn wiring(frame: &Frame, card: &Card, node: &NodeView) {
    let (pen, palette) = (frame.pen, frame.palette);
    let foot = frame.view.rect(&card.foot);
    let kubelet = frame.view.rect(&card.kubelet);
    let eth0 = frame.view.rect(&card.eth0);
    if foot.h < 9.0 {
        tab(frame, &eth0, "", &palette.wire);
        return;
    }
    let dead = !node.powered;
    pen.alpha(if dead { 0.45 } else { 1.0 });
    let (from, to) = card.bridge();
    let (from, to) = (frame.view.point(from), frame.view.point(to));
    veths(frame, card);
    pen.line(&[snap(from), snap(to)], &palette.wire, 2.0, false);
    let hooks = frame.view.rect(&card.hooks);
    let middle = hooks.center().x;
    let down = |y1: f64, y2: f64| [Point::new(middle, y1), Point::new(middle, y2)];
    pen.line(&down(from.y, hooks.y), &palette.wire, 1.4, false);
    pen.line(&down(hooks.bottom(), eth0.y), &palette.wire, 1.4, false);
    if foot.h >= 34.0 {
        let proxy = frame.view.rect(&card.proxy);
        box_with(frame, &hooks, "netfilter · routes");
        box_with(frame, &proxy, "kube-proxy");
        // kube-proxy writes the rules of the hooks.
        let y = hooks.center().y;
        let arrow = [Point::new(proxy.right(), y), Point::new(hooks.x, y)];
        pen.line(&arrow, &palette.wire, 1.0, true);
        let size = (foot.h * 0.13).clamp(8.0, 11.0);
        let at = Point::new(from.x, from.y + size * 0.85);
        pen.text("cni0", at, Face::Mono, size, Align::Left, &palette.faint);
        let ip_at = Point::new(foot.x, eth0.y + size * 0.1);
        let room = Pen::room(Face::Mono, size, eth0.x - 4.0 - ip_at.x);
        if room >= node.ip.len() {
            pen.text(
                &node.ip,
                ip_at,
                Face::Mono,
                size,
                Align::Left,
                &palette.faint,
            );
        }
    } else {
        pen.stroke_rect(&hooks, 2.0, &palette.wire, 1.0, false);
    }
    tab(frame, &eth0, "eth0", &palette.wire);
    tab(frame, &kubelet, "kubelet", &palette.api);
    pen.alpha(1.0);
}

/// The wires from the pods down to the bridge.
fn veths(frame: &Frame, card: &Card) {
    let director = frame.director;
    let scene = &director.scene;
    let tile = frame.view.rect(&scene.tile(card, false, 0));
    if tile.h < 12.0 {
        return;
    }
    let mut lines = Vec::new();
    for system in [true, false] {
        for (index, uid) in director.seats.sitting(Some(&card.node), system) {
            let wired = frame
                .world
                .pods
                .get(uid)
                .is_some_and(|pod| !pod.veth.is_empty());
            if !wired || director.motion.flights.contains_key(uid) {
                continue;
            }
            let tile = scene.tile(card, system, index);
            let x = scene.wire_x(card, system, index);
            let y = tile.y + tile.h * 0.8;
            lines.push([
                snap(frame.view.point(Point::new(tile.x, y))),
                snap(frame.view.point(Point::new(x, y))),
                snap(frame.view.point(Point::new(x, card.bridge_y))),
            ]);
        }
    }
    let lines = lines.iter().map(|line| &line[..]);
    frame.pen.lines(lines, &frame.palette.wire, 1.0, false);
}

fn box_with(frame: &Frame, rect: &Rect, words: &str) {
    let (pen, palette) = (frame.pen, frame.palette);
    pen.fill_rect(rect, 4.0, &palette.raised);
    pen.stroke_rect(rect, 4.0, &palette.line, 1.0, false);
    let size = (rect.h * 0.46).clamp(7.0, 11.5);
    if Pen::room(Face::Word, size, rect.w - 6.0) >= words.chars().count() {
        pen.text(
            words,
            rect.center(),
            Face::Word,
            size,
            Align::Center,
            &palette.soft,
        );
    } else if let Some(short) = words.split([' ', '-']).next_back() {
        let room = Pen::room(Face::Word, size, rect.w - 4.0);
        let short = words::shorten(short, room);
        pen.text(
            &short,
            rect.center(),
            Face::Word,
            size,
            Align::Center,
            &palette.soft,
        );
    }
}

/// A tab on the card's edge.
fn tab(frame: &Frame, rect: &Rect, words: &str, edge: &str) {
    let (pen, palette) = (frame.pen, frame.palette);
    if rect.w < 22.0 {
        pen.fill_rect(rect, 1.0, edge);
        return;
    }
    pen.fill_rect(rect, 4.0, &palette.raised);
    pen.stroke_rect(rect, 4.0, edge, 1.0, false);
    let size = (rect.h * 0.62).clamp(7.0, 11.0);
    if Pen::room(Face::Mono, size, rect.w) >= words.len() {
        pen.text(
            words,
            rect.center(),
            Face::Mono,
            size,
            Align::Center,
            &palette.soft,
        );
    }
}

/// Words of the moment about the node: why it was ruled out, how it scored.
fn note(frame: &Frame, card: &Card) {
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
    let y = rect.y + rect.h * 0.52;
    let pill = Rect::new(rect.center().x - w / 2.0, y - 10.0, w, 20.0);
    frame.pill(&pill, &text, size, color);
}
