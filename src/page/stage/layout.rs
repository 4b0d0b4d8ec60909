//! Arranges the stage: everything gets its place, as `shape` has chosen, so that
//! all is in sight and as large as can be.

use super::geometry::Rect;
use super::level::Metrics;
use super::scene::{Bus, Card, Scene};
use super::shape::{
    BAND_W_MIN, BAND_W_MIN_TALL, Shape, choose, groups, left_of_content, stretch, widest,
};
use crate::sim::trace::Name;
use std::collections::BTreeMap;

/// What a node needs.
#[derive(Clone, Debug, PartialEq)]
pub struct CardPlan {
    /// Its name.
    pub node: Name,
    /// Its zone, or empty.
    pub zone: Name,
    /// Whether it stands first.
    pub control_plane: bool,
    /// Seats for pods.
    pub seats: usize,
    /// Seats for the cluster's own pods.
    pub system_seats: usize,
}

/// What is to be arranged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The nodes, in any order.
    pub cards: Vec<CardPlan>,
    /// Width of the screen in CSS pixels.
    pub width: f64,
    /// Height of the screen in CSS pixels.
    pub height: f64,
}

/// Below this ratio of width to height the outside world goes to the bottom.
const TALL_RATIO: f64 = 0.95;

/// Between the outside world's column and the trunk, and the trunk and the cards.
pub(super) const TRUNK_GAP: f64 = 18.0;

pub(super) const ZONE_LABEL_H: f64 = 18.0;

pub(super) const OUTSIDE_BOX_H: f64 = 52.0;

/// Arranges everything.
pub fn arrange(plan: &Plan) -> Scene {
    let tall = plan.width < plan.height * TALL_RATIO || plan.width < 560.0;
    let groups = groups(plan);
    let shape = stretch(plan, &groups, choose(plan, &groups, tall));
    build(plan, &groups, shape, tall)
}

fn build(plan: &Plan, groups: &[(Name, Vec<&CardPlan>)], shape: Shape, tall: bool) -> Scene {
    let metrics = shape.level.metrics();
    let left = left_of_content(metrics, tall);
    let cards_w = widest(groups, shape.beside) as f64 * (shape.card_w + shape.card_gap);
    let band = if tall { BAND_W_MIN_TALL } else { BAND_W_MIN };
    let content_w = cards_w.max(band).max(shape.w - left);
    let top = shape.band_h();
    let mut scene = Scene {
        level: shape.level,
        tall,
        bounds: Rect::default(),
        columns: shape.columns,
        slot_w: shape.slot_w,
        rows: shape.half_rows,
        etcd: Rect::default(),
        scheduler: Rect::default(),
        queue: Rect::default(),
        manager: Rect::default(),
        cells: Rect::default(),
        cloud: Rect::default(),
        api: Rect::default(),
        user: Rect::default(),
        client: Rect::default(),
        internet: Rect::default(),
        balancer: Rect::default(),
        trunk_x: left - TRUNK_GAP,
        cards: Vec::with_capacity(plan.cards.len()),
        buses: Vec::new(),
        zones: Vec::new(),
        index: BTreeMap::new(),
    };
    place_cards(&mut scene, groups, shape, left, top, content_w);
    place_band(&mut scene, &shape, left, content_w);
    let low = scene.buses.last().map_or(top, |bus| bus.y);
    place_outside(&mut scene, metrics, top, low, content_w);
    let mut bounds = scene.api;
    for rect in [
        scene.etcd,
        scene.scheduler,
        scene.manager,
        scene.cloud,
        scene.user,
        scene.client,
        scene.internet,
        scene.balancer,
    ]
    .iter()
    .chain(scene.cards.iter().map(|card| &card.rect))
    {
        bounds = bounds.union(rect);
    }
    bounds.h = bounds.h.max(low + 6.0 - bounds.y);
    scene.bounds = bounds;
    scene
}

fn place_cards(
    scene: &mut Scene,
    groups: &[(Name, Vec<&CardPlan>)],
    shape: Shape,
    left: f64,
    top: f64,
    content_w: f64,
) {
    let metrics = shape.level.metrics();
    let pitch = shape.card_w + shape.card_gap;
    // The cards stand in the middle of a wide control plane.
    let all = widest(groups, shape.beside) as f64 * pitch - shape.card_gap;
    let shift = ((content_w - all) / 2.0).max(0.0);
    let mut y = top;
    for (zone, cards) in groups {
        let zone_top = y;
        if !zone.is_empty() {
            y += ZONE_LABEL_H;
        }
        for row in cards.chunks(shape.beside.max(1)) {
            let bus_y = y + shape.card_h + metrics.row_gap / 2.0;
            let bus = scene.buses.len();
            for (column, plan) in row.iter().enumerate() {
                let rect = Rect::new(
                    left + shift + column as f64 * pitch,
                    y,
                    shape.card_w,
                    shape.card_h,
                );
                let card = card(plan, rect, bus, shape);
                scene.index.insert(plan.node.clone(), scene.cards.len());
                scene.cards.push(card);
            }
            let right = scene.cards.last().map_or(left, |card| card.eth0.center().x);
            scene.buses.push(Bus {
                y: bus_y,
                left: scene.trunk_x,
                right,
            });
            y += shape.card_h + metrics.row_gap;
        }
        if !zone.is_empty() {
            let width = cards.len().min(shape.beside) as f64 * pitch - shape.card_gap;
            let rect = Rect::new(
                left + shift,
                zone_top,
                width,
                y - zone_top - metrics.row_gap,
            );
            scene.zones.push((zone.clone(), rect));
        }
    }
}

fn card(plan: &CardPlan, rect: Rect, bus: usize, shape: Shape) -> Card {
    let metrics = shape.level.metrics();
    let head = Rect::new(rect.x, rect.y, rect.w, metrics.head);
    let foot = Rect::new(
        rect.x + metrics.pad,
        rect.bottom() - metrics.foot,
        rect.w - 2.0 * metrics.pad,
        metrics.foot,
    );
    let area = Rect::new(
        rect.x + metrics.pad - metrics.gutter / 2.0,
        head.bottom(),
        rect.w - 2.0 * metrics.pad + metrics.gutter / 2.0,
        foot.y - head.bottom(),
    );
    let hooks = Rect::new(
        foot.x + foot.w * 0.36,
        foot.y + foot.h * 0.38,
        foot.w * 0.64,
        foot.h * 0.29,
    );
    let proxy = Rect::new(foot.x, hooks.y, foot.w * 0.29, hooks.h);
    let eth_w = (foot.w * 0.3).clamp(6.0, 64.0);
    let tab_h = (metrics.foot * 0.22).clamp(3.0, 18.0);
    let eth0 = Rect::new(
        hooks.center().x - eth_w / 2.0,
        rect.bottom() - tab_h * 0.6,
        eth_w,
        tab_h,
    );
    let kubelet = Rect::new(
        rect.right() - metrics.pad - eth_w,
        rect.y - tab_h * 0.4,
        eth_w,
        tab_h,
    );
    Card {
        node: plan.node.clone(),
        rect,
        head,
        area,
        system_rows: plan.system_seats.div_ceil(shape.columns.max(1)),
        foot,
        bus,
        kubelet,
        riser_x: rect.right() + shape.card_gap / 2.0,
        proxy,
        hooks,
        eth0,
        bridge_y: foot.y + foot.h * 0.16,
    }
}

fn place_band(scene: &mut Scene, shape: &Shape, left: f64, content_w: f64) {
    let gap = 12.0;
    let h = shape.box_h;
    let row = |y: f64, parts: &[f64]| -> Vec<Rect> {
        let sum: f64 = parts.iter().sum();
        let free = content_w - gap * (parts.len() as f64 - 1.0);
        let mut x = left;
        parts
            .iter()
            .map(|part| {
                let rect = Rect::new(x, y, free * part / sum, h);
                x = rect.right() + gap;
                rect
            })
            .collect()
    };
    let rects = row(0.0, &[0.15, 0.36, 0.35, 0.14]);
    if let [etcd, scheduler, manager, cloud] = rects[..] {
        (scene.etcd, scene.scheduler) = (etcd, scheduler);
        (scene.manager, scene.cloud) = (manager, cloud);
    }
    let inner = |rect: &Rect, foot: f64| {
        Rect::new(
            rect.x + 8.0,
            rect.y + 28.0,
            rect.w - 16.0,
            rect.h - 28.0 - foot,
        )
    };
    scene.queue = inner(&scene.scheduler, 10.0);
    scene.cells = inner(&scene.manager, 22.0);
    let api_y = scene.manager.bottom() + shape.lead;
    scene.api = Rect::new(left, api_y, content_w, shape.level.metrics().bar_h);
}

fn place_outside(scene: &mut Scene, metrics: &Metrics, top: f64, low: f64, content_w: f64) {
    if scene.tall {
        let y = low + metrics.row_gap / 2.0 + 12.0;
        let w = (content_w - 36.0) / 4.0;
        let at = |n: f64| {
            Rect::new(
                scene.trunk_x + TRUNK_GAP + n * (w + 12.0),
                y,
                w,
                OUTSIDE_BOX_H,
            )
        };
        (scene.balancer, scene.internet, scene.client) = (at(0.0), at(1.0), at(2.0));
        scene.user = at(3.0);
        return;
    }
    let w = metrics.outside_w;
    let middle = scene.track_y();
    scene.user = Rect::new(0.0, middle - OUTSIDE_BOX_H / 2.0, w, OUTSIDE_BOX_H);
    let free = (low - top - 10.0 - 3.0 * OUTSIDE_BOX_H) / 2.0;
    let pitch = OUTSIDE_BOX_H + free.clamp(14.0, 60.0);
    let at = |n: f64| Rect::new(0.0, top + 10.0 + n * pitch, w, OUTSIDE_BOX_H);
    (scene.client, scene.internet, scene.balancer) = (at(0.0), at(1.0), at(2.0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::stage::level::Level;

    fn plan(nodes: usize, seats: usize, zones: usize, width: f64, height: f64) -> Plan {
        let cards = (0..nodes)
            .map(|n| CardPlan {
                node: format!("node-{n}").into(),
                zone: match zones {
                    0 => "".into(),
                    zones => format!("zone-{}", n % zones).into(),
                },
                control_plane: n == 0,
                seats,
                system_seats: 2,
            })
            .collect();
        Plan {
            cards,
            width,
            height,
        }
    }

    #[test]
    fn nothing_overlaps_and_nothing_is_left_out() {
        for (nodes, seats, zones, width, height) in [
            (1, 0, 0, 900.0, 600.0),
            (4, 3, 0, 1000.0, 700.0),
            (4, 3, 0, 390.0, 420.0),
            (7, 12, 3, 1200.0, 800.0),
            (61, 50, 0, 900.0, 600.0),
        ] {
            let scene = arrange(&plan(nodes, seats, zones, width, height));
            assert_eq!(scene.cards.len(), nodes);
            let boxes = [
                scene.etcd,
                scene.scheduler,
                scene.manager,
                scene.cloud,
                scene.api,
                scene.user,
                scene.client,
                scene.internet,
                scene.balancer,
            ];
            let all: Vec<Rect> = boxes
                .into_iter()
                .chain(scene.cards.iter().map(|card| card.rect))
                .collect();
            for (n, rect) in all.iter().enumerate() {
                for other in &all[n + 1..] {
                    assert!(
                        !rect.inset(0.01).meets(other),
                        "{nodes} nodes: {rect:?} {other:?}"
                    );
                }
            }
            for card in &scene.cards {
                for index in 0..seats {
                    let tile = scene.tile(card, false, index);
                    assert!(tile.bottom() <= card.foot.y + 0.01, "{tile:?} in {card:?}");
                    assert!(tile.right() <= card.rect.right(), "{tile:?} in {card:?}");
                    assert!(scene.wire_x(card, false, index) >= card.rect.x);
                }
            }
        }
    }

    #[test]
    fn detail_follows_the_room() {
        let level = |nodes, seats| arrange(&plan(nodes, seats, 0, 1100.0, 760.0)).level;
        assert_eq!(level(4, 3), Level::Tile);
        assert!(level(12, 20) >= Level::Chip);
        assert!(level(200, 50) >= Level::Dot);
    }

    #[test]
    fn a_phone_has_the_outside_world_below() {
        let scene = arrange(&plan(4, 3, 0, 390.0, 480.0));
        assert!(scene.tall);
        assert!(scene.client.y > scene.cards[3].rect.bottom());
    }

    #[test]
    fn nodes_stand_in_natural_order_with_the_control_plane_first() {
        let mut plan = plan(12, 1, 0, 900.0, 600.0);
        plan.cards.reverse();
        let scene = arrange(&plan);
        let names: Vec<&str> = scene.cards.iter().map(|card| &*card.node).collect();
        assert_eq!(names[0], "node-0");
        assert_eq!(names[2], "node-2");
        assert_eq!(names[11], "node-11");
    }
}
