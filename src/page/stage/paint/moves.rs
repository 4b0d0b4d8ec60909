//! What moves: messages, pods on their way, ghosts, packets.

use super::super::geometry::{Point, Rect, along, length};
use super::super::motion::{GHOST_MS, MESSAGE_MS, Message};
use super::super::packets::Track;
use super::super::ways;
use super::Frame;
use super::cards::draw_pod;
use super::glyph;
use super::pen::{Align, Face, Pen};
use crate::api::Key;
use crate::page::words;
use crate::session::protocol::{PodState, PodView};
use crate::sim::Actor;
use crate::sim::trace::{Hop, Journey, Site, Traffic, Verdict};

/// With more loud messages than this, words would cover each other.
const WORDS_MAX: usize = 7;

/// Draws everything that moves, on top of the rest.
pub fn draw(frame: &Frame) {
    ghosts(frame);
    messages(frame);
    flights(frame);
    runs(frame);
    followed(frame);
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
fn dns_to_bar(frame: &Frame) -> Option<Vec<Point>> {
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

fn runs(frame: &Frame) {
    let director = frame.director;
    if director.following.is_some() {
        return;
    }
    for run in &director.motion.runs {
        let Some(track) = director.track(run) else {
            continue;
        };
        if frame.now >= run.start {
            trail(frame, &run.journey, track, frame.now - run.start);
        }
    }
}

fn followed(frame: &Frame) {
    let (Some(following), Some(track)) = (&frame.director.following, frame.director.followed())
    else {
        return;
    };
    let Some(stop) = track.stop(following.leg, following.hop) else {
        return;
    };
    whole_way(frame, track, following.leg, &following.journey);
    let ms = match frame.director.motion.reduced {
        true => stop.arrives,
        false => (stop.sets_out + frame.now - following.since).min(stop.arrives),
    };
    let at = track.at(ms).map_or(stop.point(), |at| at.0);
    if let Some(leg) = following.journey.legs.get(following.leg)
        && let Some(hop) = leg.hops.get(following.hop)
    {
        let at = frame.view.point(at);
        device(frame, hop, frame.palette.traffic(leg.traffic));
        capsule(frame, at, leg.traffic, hop, true);
    }
}

/// Outlines what decides at a hop.
fn device(frame: &Frame, hop: &Hop, color: &str) {
    let scene = &frame.director.scene;
    let card = hop.place.node.as_ref().and_then(|node| scene.card(node));
    let rect = match (hop.place.site, card) {
        (Site::Client, _) => scene.client,
        (Site::LoadBalancer, _) => scene.balancer,
        (Site::Stack, Some(card)) => card.hooks,
        (Site::NodeEth0, Some(card)) => card.eth0,
        (Site::Bridge, Some(card)) => {
            let (from, to) = card.bridge();
            Rect::new(from.x, from.y - 4.0, to.x - from.x, 8.0)
        }
        (_, Some(_)) => {
            let pod = hop.place.pod.as_ref().and_then(|name| name.split_once('/'));
            let key = pod.map(|(namespace, name)| Key::new(namespace, name));
            let uid = key.and_then(|key| frame.world.pod_uids.get(&key));
            match uid.and_then(|uid| frame.director.pod_rect(uid, frame.now)) {
                Some(rect) => rect,
                None => return,
            }
        }
        _ => scene.internet,
    };
    let rect = frame.view.rect(&rect).inset(-3.0);
    frame.pen.stroke_rect(&rect, 7.0, color, 2.0, false);
}

/// The whole way of a leg, thin, so that one sees what is to come.
fn whole_way(frame: &Frame, track: &Track, leg: usize, journey: &Journey) {
    let traffic = journey
        .legs
        .get(leg)
        .map_or(Traffic::Tcp, |leg| leg.traffic);
    let ways: Vec<Vec<Point>> = track
        .stops
        .iter()
        .filter(|stop| stop.leg == leg)
        .map(|stop| {
            stop.way
                .iter()
                .map(|point| frame.view.point(*point))
                .collect()
        })
        .collect();
    frame.pen.alpha(0.7);
    let lines = ways.iter().map(|way| &way[..]);
    frame
        .pen
        .lines(lines, frame.palette.traffic(traffic), 2.4, false);
    frame.pen.alpha(1.0);
}

/// A packet at `ms` on its way, with the line that it has just travelled.
fn trail(frame: &Frame, journey: &Journey, track: &Track, ms: f64) {
    let Some((at, stop)) = track.at(ms) else {
        return;
    };
    let Some(leg) = journey.legs.get(stop.leg) else {
        return;
    };
    let Some(hop) = leg.hops.get(stop.hop) else {
        return;
    };
    let color = frame.palette.traffic(leg.traffic);
    let passed: Vec<Vec<Point>> = track
        .stops
        .iter()
        .filter(|other| other.leg == stop.leg && other.arrives <= ms)
        .map(|other| {
            other
                .way
                .iter()
                .map(|point| frame.view.point(*point))
                .collect()
        })
        .collect();
    frame.pen.alpha(0.5);
    frame
        .pen
        .lines(passed.iter().map(|way| &way[..]), color, 1.8, false);
    frame.pen.alpha(1.0);
    let standing = ms >= stop.arrives;
    capsule(frame, frame.view.point(at), leg.traffic, hop, standing);
}

fn capsule(frame: &Frame, at: Point, traffic: Traffic, hop: &Hop, standing: bool) {
    let (pen, palette) = (frame.pen, frame.palette);
    let color = palette.traffic(traffic);
    let name = match traffic {
        Traffic::Tcp => "TCP",
        Traffic::Udp => "UDP",
        Traffic::Icmp => "ICMP",
        Traffic::Dns => "DNS",
        Traffic::Arp => "ARP",
    };
    let w = 14.0 + 7.0 * name.len() as f64;
    let body = Rect::new(at.x - w / 2.0, at.y - 8.0, w, 16.0);
    pen.fill_rect(&body, 8.0, color);
    pen.text(
        name,
        Point::new(at.x, at.y + 0.5),
        Face::Bold,
        10.0,
        Align::Center,
        &palette.on_traffic,
    );
    let died = matches!(hop.verdict, Verdict::Dropped | Verdict::Rejected);
    if died && standing {
        glyph::cross(pen, at, 15.0, &palette.failed, 3.0);
    }
    if !standing {
        return;
    }
    let changed = match hop.verdict {
        Verdict::Rewritten => changes(hop),
        Verdict::Dropped => Some("dropped".to_owned()),
        Verdict::Rejected => Some("rejected".to_owned()),
        Verdict::Delivered => Some("delivered".to_owned()),
        Verdict::Forwarded => None,
    };
    let text = match changed {
        Some(changed) => format!("{} · {changed}", hop.stage),
        None => hop.stage.to_string(),
    };
    let text = words::shorten(&text, 56);
    let w = Pen::width(Face::Mono, 10.5, &text) + 14.0;
    let x = (at.x - w / 2.0).clamp(4.0, (frame.screen.w - w - 4.0).max(4.0));
    let pill = Rect::new(x, at.y - 32.0, w, 20.0);
    let edge = if died { &palette.failed } else { color };
    frame.pill(&pill, &text, 10.5, edge);
}

/// The first header field that a hop changed: `dst 10.96.0.17 → 10.244.1.4`.
fn changes(hop: &Hop) -> Option<String> {
    for (before, after) in hop.before.iter().zip(&hop.after) {
        for (old, new) in before.fields.iter().zip(&after.fields) {
            let shown = matches!(&*old.name, "dst" | "src" | "dport" | "sport");
            if shown
                && old.name == new.name
                && old.value != new.value
                && before.protocol != "Ethernet".into()
            {
                return Some(format!("{} {} → {}", old.name, old.value, new.value));
            }
        }
    }
    None
}
