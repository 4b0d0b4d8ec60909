//! The lines on which everything travels, and the zones that they run through.

use super::super::geometry::Point;
use super::super::ways;
use super::moves::dns_to_bar;
use super::pen::{Align, Face};
use super::wiring::PROXY_FOOT;
use super::{Frame, snap};
use crate::sim::Actor;

/// The lines on which everything travels, behind all else.
pub fn lines(frame: &Frame) {
    let (pen, palette, scene) = (frame.pen, frame.palette, &frame.director.scene);
    let project = |points: &[Point]| -> Vec<Point> {
        points
            .iter()
            .map(|point| snap(frame.view.point(*point)))
            .collect()
    };
    let controllers = &frame.world.controllers;
    let mut api: Vec<Vec<Point>> = [Actor::Scheduler, Actor::CloudController, Actor::User]
        .iter()
        .filter_map(|actor| ways::to_bar(scene, controllers, actor))
        .map(|way| project(&way))
        .collect();
    let middle = scene.track_y();
    for rect in [&scene.etcd, &scene.manager] {
        let x = rect.center().x;
        api.push(project(&[
            Point::new(x, rect.bottom()),
            Point::new(x, middle),
        ]));
    }
    if frame.view.zoom * scene.metrics().slot_h > 7.0 {
        api.extend(
            scene
                .cards
                .iter()
                .map(|card| project(&ways::riser(scene, card))),
        );
    }
    // Where kube-proxy is drawn, its line is; and CoreDNS has one.
    if frame.view.zoom * scene.metrics().foot >= PROXY_FOOT {
        let risers = scene
            .cards
            .iter()
            .map(|card| ways::proxy_riser(scene, card));
        api.extend(risers.map(|way| project(&way)));
        api.extend(dns_to_bar(frame).map(|way| project(&way)));
    }
    pen.alpha(0.45);
    pen.lines(api.iter().map(|line| &line[..]), &palette.api, 1.0, false);
    pen.alpha(1.0);
    underlay(frame, &project);
}

fn underlay(frame: &Frame, project: &dyn Fn(&[Point]) -> Vec<Point>) {
    let (pen, palette, scene) = (frame.pen, frame.palette, &frame.director.scene);
    let x = scene.trunk_x;
    let mut cables: Vec<Vec<Point>> = Vec::new();
    for bus in &scene.buses {
        cables.push(project(&[
            Point::new(bus.left, bus.y),
            Point::new(bus.right, bus.y),
        ]));
    }
    for card in &scene.cards {
        if let Some(bus) = scene.buses.get(card.bus) {
            let x = card.eth0.center().x;
            cables.push(project(&[
                Point::new(x, card.eth0.bottom()),
                Point::new(x, bus.y),
            ]));
        }
    }
    let low = scene
        .buses
        .last()
        .map_or(scene.internet.bottom(), |bus| bus.y);
    let outside = [&scene.internet, &scene.balancer];
    if scene.tall {
        let over = scene.internet.y - 10.0;
        let top = scene.buses.first().map_or(over, |bus| bus.y);
        cables.push(project(&[
            Point::new(x, top),
            Point::new(x, over),
            Point::new(scene.internet.center().x, over),
        ]));
        for rect in outside {
            let x = rect.center().x;
            cables.push(project(&[Point::new(x, over), Point::new(x, rect.y)]));
        }
        let y = scene.client.center().y;
        cables.push(project(&[
            Point::new(scene.internet.right(), y),
            Point::new(scene.client.x, y),
        ]));
    } else {
        let first = scene.buses.first().map_or(low, |bus| bus.y);
        let top = scene.internet.center().y.min(first);
        let bottom = low.max(scene.balancer.center().y);
        cables.push(project(&[Point::new(x, top), Point::new(x, bottom)]));
        for rect in outside {
            let y = rect.center().y;
            cables.push(project(&[Point::new(rect.right(), y), Point::new(x, y)]));
        }
        let x = scene.client.center().x;
        cables.push(project(&[
            Point::new(x, scene.client.bottom()),
            Point::new(x, scene.internet.y),
        ]));
    }
    pen.lines(
        cables.iter().map(|line| &line[..]),
        &palette.wire,
        1.6,
        false,
    );
    if let Some(bus) = scene.buses.first() {
        let at = frame.view.point(Point::new(bus.left + 8.0, bus.y));
        let size = (9.5 * frame.view.zoom).clamp(8.0, 11.0);
        let gap = scene.metrics().row_gap * frame.view.zoom;
        if gap > 24.0 {
            let at = Point::new(at.x, at.y + size * 0.85);
            pen.text(
                "underlay network",
                at,
                Face::Word,
                size,
                Align::Left,
                &palette.faint,
            );
        }
    }
}

pub(super) fn zones(frame: &Frame) {
    for (name, rect) in &frame.director.scene.zones {
        let rect = frame.view.rect(rect);
        let size = (12.0 * frame.view.zoom).clamp(9.0, 13.0);
        let at = Point::new(rect.x, rect.y + size * 0.7);
        let text = format!("zone {name}");
        frame.pen.text(
            &text,
            at,
            Face::Bold,
            size,
            Align::Left,
            &frame.palette.soft,
        );
    }
}
