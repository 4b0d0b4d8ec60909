//! Packets on the stage: the way behind and ahead, the capsule, and beside it what
//! the hop did to its headers.

use super::super::geometry::{Point, Rect};
use super::super::packets::Track;
use super::Frame;
use super::glyph;
use super::pen::{Align, Face, Pen};
use crate::api::Key;
use crate::page::headers::{self, FieldChange};
use crate::page::{hops, words};
use crate::sim::trace::{Hop, Journey, Site, Traffic, Verdict};

/// How long a header field takes to turn from its old value to the new one.
const FLIP_MS: f64 = 240.0;
/// Size of the words beside a packet.
const SIZE: f64 = 10.5;
/// Height of a line of them.
const ROW: f64 = 15.0;

/// Packets on their way.
pub(super) fn runs(frame: &Frame) {
    let director = frame.director;
    if director.following.is_some() {
        return;
    }
    for run in &director.motion.runs {
        let Some(track) = director.track(run) else {
            continue;
        };
        if frame.now >= run.start {
            trail(frame, &run.journey, track, run.elapsed(frame.now));
        }
    }
}

/// The journey that is looked at, and its packet at the hop.
pub(super) fn followed(frame: &Frame) {
    let (Some(following), Some(track)) = (&frame.director.following, frame.director.followed())
    else {
        return;
    };
    let Some(stop) = track.stop(following.leg, following.hop) else {
        return;
    };
    whole_way(frame, track, following.leg, &following.journey);
    let elapsed = match frame.director.motion.reduced {
        true => f64::INFINITY,
        false => frame.now - following.since,
    };
    let travels = stop.arrives - stop.sets_out;
    let ms = stop.sets_out + elapsed.min(travels);
    let at = track.at(ms).map_or(stop.point(), |at| at.0);
    if let Some(leg) = following.journey.legs.get(following.leg)
        && let Some(hop) = leg.hops.get(following.hop)
    {
        let at = frame.view.point(at);
        device(frame, hop, frame.palette.traffic(leg.traffic));
        capsule(frame, at, leg.traffic, hop, Some(elapsed - travels));
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
    let stands = match frame.director.motion.reduced {
        true => Some(f64::INFINITY),
        false => (ms >= stop.arrives).then_some(ms - stop.arrives),
    };
    capsule(frame, frame.view.point(at), leg.traffic, hop, stands);
}

/// The packet at a hop, where it has stood for so many milliseconds, or not yet.
fn capsule(frame: &Frame, at: Point, traffic: Traffic, hop: &Hop, stands: Option<f64>) {
    let (pen, palette) = (frame.pen, frame.palette);
    let color = palette.traffic(traffic);
    let name = hops::traffic(traffic).0;
    let w = 14.0 + 7.0 * name.len() as f64;
    let body = Rect::new(at.x - w / 2.0, at.y - 8.0, w, 16.0);
    pen.fill_rect(&body, 8.0, color);
    let middle = Point::new(at.x, at.y + 0.5);
    let on = &palette.on_traffic;
    pen.text(name, middle, Face::Bold, 10.0, Align::Center, on);
    let Some(stood) = stands else {
        return;
    };
    let died = matches!(hop.verdict, Verdict::Dropped | Verdict::Rejected);
    if died {
        glyph::cross(pen, at, 15.0, &palette.failed, 3.0);
    }
    plate(
        frame,
        at,
        hop,
        if died { &palette.failed } else { color },
        stood,
    );
}

/// Beside the packet: which stage of the way this is, and the header fields that it
/// changed. The new value turns up where the old one is struck out.
fn plate(frame: &Frame, at: Point, hop: &Hop, edge: &str, stood: f64) {
    let (pen, palette) = (frame.pen, frame.palette);
    let fate = match hop.verdict {
        Verdict::Dropped => " · dropped",
        Verdict::Rejected => " · rejected",
        Verdict::Delivered => " · delivered",
        Verdict::Forwarded | Verdict::Rewritten => "",
    };
    let title = format!("{}{fate}", hop.stage);
    let title = words::shorten(&title, 56);
    let changed = headers::rewritten(hop);
    let wide = |text: &str| Pen::width(Face::Mono, SIZE, text);
    let line = |field: &FieldChange| format!("{} {} → {}", field.name, field.before, field.after);
    let w = changed.iter().map(|field| wide(&line(field)));
    let w = w.fold(wide(&title), f64::max) + 16.0;
    let h = 20.0 + ROW * changed.len() as f64;
    let x = (at.x - w / 2.0).clamp(4.0, (frame.screen.w - w - 4.0).max(4.0));
    let over = at.y - 12.0 - h;
    let y = if over < 4.0 { at.y + 12.0 } else { over };
    let rect = Rect::new(x, y, w, h);
    pen.fill_rect(&rect, 6.0, &palette.stage);
    pen.stroke_rect(&rect, 6.0, edge, 1.2, false);
    let at = Point::new(x + 8.0, y + 10.5);
    pen.text(&title, at, Face::Mono, SIZE, Align::Left, &palette.text);
    for (row, field) in changed.iter().enumerate() {
        // One after the other, so that the eye can follow.
        let part = ((stood - FLIP_MS * row as f64) / FLIP_MS).clamp(0.0, 1.0);
        let at = Point::new(at.x, at.y + ROW * (row + 1) as f64);
        flip(frame, at, field, part);
    }
}

/// A field of which `part` of its change has happened.
fn flip(frame: &Frame, at: Point, field: &FieldChange, part: f64) {
    let (pen, palette) = (frame.pen, frame.palette);
    let wide = |text: &str| Pen::width(Face::Mono, SIZE, text);
    let write = |text: &str, x: f64, face: Face, color: &str| {
        pen.text(text, Point::new(x, at.y), face, SIZE, Align::Left, color);
    };
    write(&field.name, at.x, Face::Mono, &palette.faint);
    let old_x = at.x + wide(&format!("{} ", field.name));
    let old = if part < 0.5 {
        &palette.text
    } else {
        &palette.faint
    };
    write(&field.before, old_x, Face::Mono, old);
    let strike = wide(&field.before) * (part * 2.0).min(1.0);
    let strike = [Point::new(old_x, at.y), Point::new(old_x + strike, at.y)];
    pen.line(&strike, &palette.waiting, 1.2, false);
    let turned = (part - 0.5) * 2.0;
    if turned <= 0.0 {
        return;
    }
    let arrow_x = old_x + wide(&format!("{} ", field.before));
    write("→", arrow_x, Face::Mono, &palette.soft);
    pen.turned(at.y, turned, || {
        write(
            &field.after,
            arrow_x + wide("→ "),
            Face::MonoBold,
            &palette.waiting,
        );
    });
}
