//! What moves: messages, pods on their way, ghosts; packets have a file of their own.

use super::super::geometry::{Point, Rect, along, length};
use super::super::motion::{GHOST_MS, MESSAGE_MS, Message};
use super::super::ways;
use super::Frame;
use super::cards::draw_pod;
use super::glyph;
use super::packets;
use super::pen::{Align, Face, Pen};
use crate::session::protocol::{PodState, PodView};
use crate::sim::Actor;

/// With more loud messages than this, words would cover each other.
const WORDS_MAX: usize = 7;

/// Draws everything that moves, on top of the rest.
pub fn draw(frame: &Frame) {
    ghosts(frame);
    messages(frame);
    flights(frame);
    unflown(frame);
    packets::runs(frame);
    packets::followed(frame);
}

fn ghosts(frame: &Frame) {
    for ghost in &frame.director.motion.ghosts {
        let rect = frame.view.rect(&ghost.rect);
        if rect.w < 6.0 || !rect.meets(&frame.screen) {
            continue;
        }
        let part = (frame.now - ghost.born) / GHOST_MS;
        frame.pen.alpha((1.0 - part).clamp(0.0, 1.0) * 0.8);
        let radius = (rect.h * 0.14).clamp(2.0, 9.0);
        frame
            .pen
            .stroke_rect(&rect, radius, &frame.palette.gone, 1.2, true);
        let center = Point::new(rect.right() - rect.h * 0.3, rect.y + rect.h * 0.3);
        glyph::cross(
            frame.pen,
            center,
            (rect.h * 0.14).min(6.0),
            &frame.palette.gone,
            1.4,
        );
        frame.pen.alpha(1.0);
    }
}

fn flights(frame: &Frame) {
    for (uid, flight) in &frame.director.motion.flights {
        let (Some(pod), Some(rect)) = (
            frame.world.pods.get(uid),
            frame.director.pod_rect(uid, frame.now),
        ) else {
            continue;
        };
        // Before its creation has been shown it is not there yet.
        if pod.node.is_none() && frame.now < flight.start {
            continue;
        }
        let rect = frame.view.rect(&rect);
        if frame.now >= flight.start || pod.node.is_none() {
            draw_pod(frame, pod, &rect, false);
            continue;
        }
        // Its binding has not been shown yet: it still waits.
        let mut waiting = pod.clone();
        waiting.state = PodState::Pending;
        waiting.node = None;
        draw_pod(frame, &waiting, &rect, false);
    }
}

/// What the eye could not have followed, as a number.
fn unflown(frame: &Frame) {
    let (count, _) = frame.director.motion.unflown;
    if count == 0 {
        return;
    }
    let text = format!("+{count} more");
    let w = Pen::width(Face::Bold, 11.0, &text) + 16.0;
    let queue = frame.view.rect(&frame.director.scene.queue);
    let middle = queue.center();
    let pill = Rect::new(middle.x - w / 2.0, middle.y - 10.0, w, 20.0);
    frame.pill(&pill, &text, 11.0, &frame.palette.waiting);
}

fn messages(frame: &Frame) {
    let scene = &frame.director.scene;
    let controllers = &frame.world.controllers;
    let on_the_way = |message: &&Message| message.start <= frame.now;
    let list = &frame.director.motion.messages;
    let loud = list
        .iter()
        .filter(on_the_way)
        .filter(|message| !message.quiet)
        .count();
    for (lane, message) in list.iter().filter(on_the_way).enumerate() {
        let to_bar = match message.actor {
            Actor::CoreDns => dns_to_bar(frame),
            _ => ways::to_bar(scene, controllers, &message.actor),
        };
        let Some(to_bar) = to_bar else {
            continue;
        };
        let way = match message.call {
            true => ways::onward(scene, to_bar, message.write),
            false => ways::back(scene, to_bar),
        };
        let part = match frame.director.motion.reduced {
            // Without movement it stands at its end for as long.
            true => 1.0,
            false => (frame.now - message.start) / MESSAGE_MS,
        };
        let at = frame.view.point(along(&way, part * length(&way)));
        draw_message(frame, message, at, loud <= WORDS_MAX, lane);
    }
}

/// All replicas of CoreDNS are one actor; the first that is placed stands for them.
pub(super) fn dns_to_bar(frame: &Frame) -> Option<Vec<Point>> {
    let scene = &frame.director.scene;
    let is_dns = |pod: &&PodView| pod.system && pod.key.name.starts_with("coredns");
    let pods = frame.world.pods.values().filter(is_dns);
    let (card, uid) = pods
        .filter_map(|pod| Some((scene.card(pod.node.as_ref()?)?, &pod.uid)))
        .next()?;
    let tile = frame.director.pod_rect(uid, frame.now)?;
    Some(ways::pod_to_bar(scene, card, &tile))
}

fn draw_message(frame: &Frame, message: &Message, at: Point, with_words: bool, lane: usize) {
    let (pen, palette) = (frame.pen, frame.palette);
    let color = if message.failed {
        &palette.failed
    } else {
        &palette.api
    };
    let many = f64::from(message.count).ln_1p();
    let radius = if message.quiet {
        2.2
    } else {
        3.6 + many.min(4.0)
    };
    if message.quiet {
        pen.alpha(0.65);
    }
    match message.call {
        true => pen.disc(at, radius, color),
        // What is told is hollow, what is asked is full.
        false => {
            pen.disc(at, radius, &palette.stage);
            pen.ring(at, radius - 0.7, 1.0, color, 1.6, false);
        }
    }
    pen.alpha(1.0);
    if message.failed {
        glyph::cross(pen, at, radius + 2.0, color, 1.6);
    }
    if message.quiet || !with_words && message.count < 2 {
        return;
    }
    let mut text = match message.verb {
        "" => message.resource.to_string(),
        verb => format!("{verb} {}", message.resource),
    };
    if !with_words {
        text.clear();
    }
    if message.count > 1 {
        text = format!("{text} ×{}", message.count);
    }
    let size = 10.5;
    let w = Pen::width(Face::Word, size, &text) + 8.0;
    let x = match at.x + radius + 4.0 + w > frame.screen.w {
        true => at.x - radius - 4.0 - w,
        false => at.x + radius + 4.0,
    };
    // On the bar's track words go above and below it in turn.
    let track = frame
        .view
        .point(Point::new(0.0, frame.director.scene.track_y()))
        .y;
    let aside = match (at.y - track).abs() < 2.0 {
        true => {
            (30.0 * frame.view.zoom).max(18.0) * if lane.is_multiple_of(2) { 0.72 } else { -1.0 }
        }
        false => 0.0,
    };
    let at = Point::new(at.x, at.y + aside);
    let back = Rect::new(x, at.y - 8.0, w, 16.0);
    pen.alpha(0.86);
    pen.fill_rect(&back, 4.0, &palette.stage);
    pen.alpha(1.0);
    let at = Point::new(x + 4.0, at.y + 0.5);
    pen.text(text.trim(), at, Face::Word, size, Align::Left, color);
}
