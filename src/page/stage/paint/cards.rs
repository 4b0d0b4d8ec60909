//! Node cards and the pods on them.

use super::super::geometry::Rect;
use super::super::scene::Card;
use super::Frame;
use super::heads::{head, note};
use super::pods::{self, Look};
use super::wiring::wiring;
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
    let mut calm = Vec::new();
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
            if pods::is_plain(pod, &rect)
                && !frame.is_selected_pod(pod)
                && !frame.world.outdated(pod)
            {
                calm.push(rect);
                continue;
            }
            draw_pod(frame, pod, &rect, dark);
        }
    }
    if let Some(first) = calm.first() {
        frame.pen.alpha(if dark { 0.5 } else { 1.0 });
        let radius = pods::chip_radius(first);
        frame.pen.fill_rects(&calm, radius, &frame.palette.running);
        frame.pen.alpha(1.0);
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
