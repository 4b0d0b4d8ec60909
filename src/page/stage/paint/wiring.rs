//! The foot of a node card: veths, bridge, hooks, network card.

use super::super::geometry::{Point, Rect};
use super::super::scene::{Card, SOCKET};
use super::pen::{Align, Face, Pen};
use super::{Frame, snap};
use crate::page::words;
use crate::session::protocol::NodeView;

/// A foot of so many pixels has room for kube-proxy, the hooks and their names.
pub(super) const PROXY_FOOT: f64 = 34.0;

pub(super) fn wiring(frame: &Frame, card: &Card, node: &NodeView) {
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
    if foot.h >= PROXY_FOOT {
        let proxy = frame.view.rect(&card.proxy);
        box_with(frame, &hooks, "netfilter · routes");
        box_with(frame, &proxy, "kube-proxy");
        // kube-proxy writes the rules of the hooks.
        let y = hooks.center().y;
        let arrow = [Point::new(proxy.right(), y), Point::new(hooks.x, y)];
        pen.line(&arrow, &palette.wire, 1.0, true);
        let size = (foot.h * 0.13).clamp(8.0, 11.0);
        if proxy.y - from.y >= size * 1.5 {
            let at = Point::new(from.x, from.y + size * 0.85);
            pen.text("cni0", at, Face::Mono, size, Align::Left, &palette.faint);
        }
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
            let y = tile.y + tile.h * SOCKET;
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
    if rect.h >= 7.5 && Pen::room(Face::Mono, size, rect.w - 5.0) >= words.len() {
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
