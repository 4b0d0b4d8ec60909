//! The control plane and the outside world.

use super::super::geometry::{Point, Rect};
use super::cables::zones;
use super::cards::draw_pod;
use super::pen::{Align, Face, Pen};
use super::{Frame, snap};
use crate::page::words;
use crate::session::protocol::Subject;
use crate::sim::Actor;

/// Zones, control plane and outside world.
pub fn draw(frame: &Frame) {
    zones(frame);
    api_server(frame);
    etcd(frame);
    scheduler(frame);
    manager(frame);
    let scene = &frame.director.scene;
    let cloud = plain(
        frame,
        &scene.cloud,
        "cloud controller",
        &Actor::CloudController,
    );
    sub(frame, &cloud, "gives addresses to load balancers");
    let user = plain(frame, &scene.user, "you", &Actor::User);
    sub(frame, &user, "kubectl");
    outside(frame, &scene.client, "client", "outside");
    outside(frame, &scene.internet, "internet", "router");
    let addresses: Vec<&str> = frame
        .world
        .services
        .values()
        .filter(|service| !service.external_ip.is_empty())
        .map(|service| &*service.external_ip)
        .collect();
    let words = match addresses[..] {
        [] => "no address".to_owned(),
        [one] => one.to_owned(),
        _ => words::count(addresses.len(), "address").replace("addresss", "addresses"),
    };
    outside(frame, &scene.balancer, "load balancer", &words);
}

/// A box with its title; gives its rectangle in pixels.
fn plain(frame: &Frame, rect: &Rect, title: &str, who: &Actor) -> Rect {
    let (pen, palette) = (frame.pen, frame.palette);
    let rect = frame.view.rect(rect);
    let active = frame.active(who);
    pen.fill_rect(&rect, 8.0, &palette.surface);
    let edge = if active { &palette.api } else { &palette.line };
    pen.stroke_rect(&rect, 8.0, edge, if active { 1.6 } else { 1.0 }, false);
    title_of(frame, &rect, title);
    if frame.selected(&Subject::Component(who.clone())) {
        frame.brackets(&rect);
    }
    rect
}

fn title_of(frame: &Frame, rect: &Rect, title: &str) {
    let size = (13.0 * frame.view.zoom).clamp(9.0, 14.0);
    let pad = 8.0_f64.min(rect.w * 0.08);
    let room = Pen::room(Face::Bold, size, rect.w - 1.5 * pad);
    let short = match title {
        "controller manager" => "controllers",
        "cloud controller" => "cloud",
        "load balancer" => "balancer",
        title => title,
    };
    let title = if title.chars().count() <= room {
        title
    } else {
        short
    };
    // A small box has small words rather than half of one.
    let fitting = (rect.w - 1.5 * pad) / Pen::width(Face::Bold, 1.0, title).max(1.0);
    let size = size.min(fitting.max(7.0));
    let room = Pen::room(Face::Bold, size, rect.w - 1.5 * pad);
    let title = words::shorten(title, room.max(3));
    let at = Point::new(rect.x + pad, rect.y + size * 1.15);
    frame.pen.text(
        &title,
        at,
        Face::Bold,
        size,
        Align::Left,
        &frame.palette.text,
    );
}

/// Words under the title, broken into the lines that fit.
fn sub(frame: &Frame, rect: &Rect, text: &str) {
    let size = (10.5 * frame.view.zoom).clamp(8.0, 12.0);
    let room = Pen::room(Face::Word, size, rect.w - 14.0);
    if room < text.split(' ').map(str::len).max().unwrap_or(0) {
        return;
    }
    let mut y = rect.y + (13.0 * frame.view.zoom).clamp(9.0, 14.0) * 2.0 + size * 0.6;
    for line in wrap(text, room) {
        if y + size * 0.5 > rect.bottom() {
            return;
        }
        let at = Point::new(rect.x + 8.0_f64.min(rect.w * 0.08), y);
        frame.pen.text(
            &line,
            at,
            Face::Word,
            size,
            Align::Left,
            &frame.palette.soft,
        );
        y += size * 1.3;
    }
}

fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(words::shorten(word, room.max(1)).into_owned()),
        }
    }
    lines
}

fn outside(frame: &Frame, rect: &Rect, title: &str, words: &str) {
    let rect = frame.view.rect(rect);
    frame.pen.fill_rect(&rect, 8.0, &frame.palette.stage);
    frame
        .pen
        .stroke_rect(&rect, 8.0, &frame.palette.wire, 1.0, true);
    title_of(frame, &rect, title);
    sub(frame, &rect, words);
}

fn api_server(frame: &Frame) {
    let (pen, palette) = (frame.pen, frame.palette);
    let rect = frame.view.rect(&frame.director.scene.api);
    pen.fill_rect(&rect, 6.0, &palette.surface);
    pen.alpha(0.16);
    pen.fill_rect(&rect, 6.0, &palette.api);
    pen.alpha(1.0);
    pen.stroke_rect(&rect, 6.0, &palette.api, 1.2, false);
    let size = (13.0 * frame.view.zoom).clamp(9.0, 14.0);
    let scene = &frame.director.scene;
    let track = [
        Point::new(scene.api.x + 10.0, scene.track_y()),
        Point::new(scene.api.right() - 10.0, scene.track_y()),
    ];
    let track = track.map(|point| snap(frame.view.point(point)));
    pen.alpha(0.6);
    pen.line(&track, &palette.api, 1.2, false);
    pen.alpha(1.0);
    let y = rect.y + rect.h * 0.38;
    let at = Point::new(rect.x + 12.0, y);
    pen.text(
        "API server",
        at,
        Face::Bold,
        size,
        Align::Left,
        &palette.text,
    );
    let small = size * 0.84;
    let words_w = Pen::width(Face::Bold, size, "API server") + 20.0;
    let motto = "every change goes through here";
    let revision = format!("revision {}", frame.world.clock.revision);
    let revision_w = Pen::width(Face::Mono, small, &revision);
    if words_w + Pen::width(Face::Word, small, motto) + revision_w + 40.0 < rect.w {
        let at = Point::new(rect.x + words_w, y);
        pen.text(motto, at, Face::Word, small, Align::Left, &palette.soft);
    }
    let at = Point::new(rect.right() - 12.0, y);
    pen.text(
        &revision,
        at,
        Face::Mono,
        small,
        Align::Right,
        &palette.soft,
    );
    if frame.selected(&Subject::Component(Actor::ApiServer)) {
        frame.brackets(&rect);
    }
}

fn etcd(frame: &Frame) {
    let scene = &frame.director.scene;
    let rect = frame.view.rect(&scene.etcd);
    let (pen, palette) = (frame.pen, frame.palette);
    pen.fill_rect(&rect, 8.0, &palette.surface);
    pen.stroke_rect(&rect, 8.0, &palette.line, 1.0, false);
    title_of(frame, &rect, "etcd");
    sub(frame, &rect, "keeps every object");
    // A stack of discs, as stores are drawn.
    let w = (rect.w * 0.5).min(46.0 * frame.view.zoom);
    let h = rect.h * 0.1;
    let bottom = rect.bottom() - rect.h * 0.1;
    if rect.h > 70.0 && rect.w > 60.0 {
        for n in 0..3 {
            let plate = Rect::new(
                rect.right() - w - 10.0,
                bottom - h - f64::from(n) * (h + 2.0),
                w,
                h,
            );
            pen.alpha(0.35 + 0.2 * f64::from(n));
            pen.fill_rect(&plate, h / 2.0, &palette.api);
        }
        pen.alpha(1.0);
    }
}

fn scheduler(frame: &Frame) {
    let director = frame.director;
    let scene = &director.scene;
    let rect = plain(frame, &scene.scheduler, "scheduler", &Actor::Scheduler);
    let (pen, palette) = (frame.pen, frame.palette);
    let total = director.seats.used(None, false);
    let waiting = director.seats.sitting(None, false).count();
    let size = (10.5 * frame.view.zoom).clamp(8.0, 12.0);
    let y = rect.y + (13.0 * frame.view.zoom).clamp(9.0, 14.0) * 1.15;
    let right = Point::new(rect.right() - 8.0, y);
    let title_w = Pen::width(
        Face::Bold,
        (13.0 * frame.view.zoom).clamp(9.0, 14.0),
        "scheduler",
    ) + 24.0;
    let label = match waiting {
        0 => "queue empty".to_owned(),
        n => format!("{} waiting", words::count(n, "pod")),
    };
    if title_w + Pen::width(Face::Word, size, &label) < rect.w {
        pen.text(&label, right, Face::Word, size, Align::Right, &palette.soft);
    }
    let queue = frame.view.rect(&scene.queue);
    pen.alpha(0.6);
    pen.stroke_rect(
        &Rect::new(queue.x - 3.0, queue.y - 3.0, queue.w + 6.0, queue.h + 6.0),
        6.0,
        &palette.line,
        1.0,
        true,
    );
    pen.alpha(1.0);
    for (index, uid) in director.seats.sitting(None, false) {
        if director.motion.flights.contains_key(uid) {
            continue;
        }
        let cell = frame.view.rect(&scene.queue_cell(index, total));
        if let Some(pod) = frame.world.pods.get(uid) {
            draw_pod(frame, pod, &cell, false);
        }
    }
    component_note(frame, &rect, &Actor::Scheduler, waiting == 0);
}

/// What the component last said, at its foot.
fn component_note(frame: &Frame, rect: &Rect, who: &Actor, room: bool) {
    let Some(note) = frame.director.motion.notes.get(who) else {
        return;
    };
    if note.start > frame.now || !room {
        return;
    }
    let size = (10.5 * frame.view.zoom).clamp(8.5, 12.0);
    let fits = Pen::room(Face::Word, size, rect.w - 24.0);
    let text = words::shorten(&note.text, fits);
    let color = if note.against {
        &frame.palette.waiting
    } else {
        &frame.palette.text
    };
    let at = Point::new(rect.center().x, rect.bottom() - rect.h * 0.32);
    frame
        .pen
        .text(&text, at, Face::Word, size, Align::Center, color);
}

fn manager(frame: &Frame) {
    let scene = &frame.director.scene;
    let who = Actor::Controller("kube-controller-manager".into());
    plain(frame, &scene.manager, "controller manager", &who);
    let (pen, palette) = (frame.pen, frame.palette);
    let names = &frame.world.controllers;
    for (index, name) in names.iter().enumerate() {
        let rect = frame.view.rect(&scene.controller_cell(index, names.len()));
        let actor = Actor::Controller(name.clone());
        let active = frame.active(&actor);
        pen.fill_rect(&rect, 3.0, &palette.raised);
        if active {
            pen.alpha(0.3);
            pen.fill_rect(&rect, 3.0, &palette.api);
            pen.alpha(1.0);
        }
        let edge = if active { &palette.api } else { &palette.line };
        pen.stroke_rect(&rect, 3.0, edge, 1.0, false);
        let size = (rect.h * 0.62).clamp(6.0, 11.5);
        if rect.h > 8.0 {
            let short = short_controller(name);
            let room = Pen::room(Face::Word, size, rect.w - 8.0);
            let color = if active { &palette.text } else { &palette.soft };
            let text = words::shorten(short, room);
            let at = Point::new(rect.x + 5.0, rect.center().y + 0.5);
            pen.text(&text, at, Face::Word, size, Align::Left, color);
        }
        if frame.selected(&Subject::Component(actor)) {
            frame.brackets(&rect);
        }
    }
    said(frame);
}

/// What a controller last did, at the foot of the manager's box.
fn said(frame: &Frame) {
    let motion = &frame.director.motion;
    let latest = motion
        .notes
        .iter()
        .filter(|(who, note)| matches!(who, Actor::Controller(_)) && note.start <= frame.now)
        .max_by(|a, b| a.1.start.total_cmp(&b.1.start));
    let Some((Actor::Controller(name), note)) = latest else {
        return;
    };
    let rect = frame.view.rect(&frame.director.scene.manager);
    if rect.h < 80.0 || note.text.is_empty() {
        return;
    }
    let size = (10.5 * frame.view.zoom).clamp(8.5, 12.0);
    let room = Pen::room(Face::Word, size, rect.w - 14.0);
    let text = format!("{}: {}", short_controller(name), note.text);
    let text = words::shorten(&text, room);
    let at = Point::new(rect.x + 8.0, rect.bottom() - size);
    frame.pen.text(
        &text,
        at,
        Face::Word,
        size,
        Align::Left,
        &frame.palette.text,
    );
}

fn short_controller(name: &str) -> &str {
    name.strip_suffix("-controller").unwrap_or(name)
}
