//! Arranges the stage: chooses how much detail there is room for and how many
//! cards stand beside each other, so that everything is in sight and as large as
//! can be.

use super::geometry::Rect;
use super::level::{Level, Metrics};
use super::scene::{Bus, Card, Scene};
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
/// The control plane needs so much width.
const BAND_W_MIN: f64 = 620.0;
const BAND_W_MIN_TALL: f64 = 348.0;
/// Between the outside world's column and the trunk, and the trunk and the cards.
const TRUNK_GAP: f64 = 20.0;
const ZONE_LABEL_H: f64 = 18.0;
const OUTSIDE_BOX_H: f64 = 52.0;

/// Numbers that follow from one choice of detail and columns.
#[derive(Clone, Copy, Debug)]
struct Shape {
    level: Level,
    columns: usize,
    half_rows: usize,
    beside: usize,
    slot_w: f64,
    card_w: f64,
    card_h: f64,
    card_gap: f64,
    box_h: f64,
    lead: f64,
    w: f64,
    h: f64,
    zoom: f64,
}

impl Shape {
    fn band_h(&self) -> f64 {
        self.box_h + 2.0 * self.lead + self.level.metrics().bar_h
    }
}

/// A further row of cards costs clarity: lines to the API server get longer. By
/// this much each of the first two may be worse in size.
const ROW_WORTH: f64 = 0.88;

/// Arranges everything.
pub fn arrange(plan: &Plan) -> Scene {
    let tall = plan.width < plan.height * TALL_RATIO || plan.width < 560.0;
    let groups = groups(plan);
    let shape = stretch(plan, &groups, choose(plan, &groups, tall));
    build(plan, &groups, shape, tall)
}

/// Nodes by zone, each in natural order; without zones all in one group.
fn groups(plan: &Plan) -> Vec<(Name, Vec<&CardPlan>)> {
    let mut groups: BTreeMap<(bool, Name), Vec<&CardPlan>> = BTreeMap::new();
    let zoned = plan.cards.iter().any(|card| !card.zone.is_empty());
    for card in &plan.cards {
        let alone = zoned && card.zone.is_empty();
        groups
            .entry((!alone, card.zone.clone()))
            .or_default()
            .push(card);
    }
    for cards in groups.values_mut() {
        cards.sort_by_key(|card| (!card.control_plane, card.node.len(), card.node.clone()));
    }
    groups
        .into_iter()
        .map(|((_, zone), cards)| (zone, cards))
        .collect()
}

fn choose(plan: &Plan, groups: &[(Name, Vec<&CardPlan>)], tall: bool) -> Shape {
    let mut best = None;
    for level in Level::ALL {
        let shape = best_of_level(plan, groups, level, tall);
        let enough = shape.zoom >= level.zoom_wanted();
        best = Some(shape);
        if enough {
            break;
        }
    }
    best.unwrap_or_else(|| best_of_level(plan, groups, Level::Speck, tall))
}

fn best_of_level(
    plan: &Plan,
    groups: &[(Name, Vec<&CardPlan>)],
    level: Level,
    tall: bool,
) -> Shape {
    let metrics = level.metrics();
    let seats = plan.cards.iter().map(|card| card.seats).max().unwrap_or(0);
    let seats = seats.max(metrics.seats_min);
    let ideal = (seats as f64 * (metrics.slot_h / metrics.slot_w) * 1.5)
        .sqrt()
        .round() as usize;
    let least = ((metrics.card_w_min - 2.0 * metrics.pad) / (metrics.slot_w + metrics.gutter))
        .round() as usize;
    let mut best: Option<(f64, Shape)> = None;
    for columns in [ideal.saturating_sub(1), ideal, ideal + 1, ideal + 3] {
        let columns = columns.max(least).max(1);
        for beside in 1..=plan.cards.len().clamp(1, 96) {
            let shape = measure(plan, groups, level, columns, beside, tall);
            let worth = worth(groups, &shape);
            if best.is_none_or(|(least, _)| worth > least * 1.0001) {
                best = Some((worth, shape));
            }
        }
    }
    best.map_or_else(|| measure(plan, groups, level, 1, 1, tall), |best| best.1)
}

fn measure(
    plan: &Plan,
    groups: &[(Name, Vec<&CardPlan>)],
    level: Level,
    columns: usize,
    beside: usize,
    tall: bool,
) -> Shape {
    let metrics = level.metrics();
    let half_rows = plan
        .cards
        .iter()
        .map(|card| {
            let seats = card.seats.max(if card.control_plane {
                0
            } else {
                metrics.seats_min
            });
            card.system_seats.div_ceil(columns) + 2 * seats.div_ceil(columns)
        })
        .max()
        .unwrap_or(2);
    let half = (metrics.slot_h + metrics.gap) / 2.0;
    let card_w = (2.0 * metrics.pad
        + columns as f64 * (metrics.slot_w + metrics.gutter)
        + metrics.gutter / 2.0)
        .max(metrics.card_w_min);
    let card_h = metrics.head + half_rows as f64 * half + metrics.foot;
    let rows = rows_of(groups, beside);
    let labels = groups.iter().filter(|(zone, _)| !zone.is_empty()).count();
    let widest = widest(groups, beside);
    let cards_w = widest as f64 * (card_w + metrics.card_gap);
    let band = if tall { BAND_W_MIN_TALL } else { BAND_W_MIN };
    let mut shape = Shape {
        level,
        columns,
        half_rows,
        beside,
        slot_w: metrics.slot_w,
        card_w,
        card_h,
        card_gap: metrics.card_gap,
        box_h: metrics.box_h,
        lead: metrics.lead,
        w: left_of_content(metrics, tall) + cards_w.max(band),
        h: 0.0,
        zoom: 1.0,
    };
    shape.h = shape.band_h()
        + rows as f64 * (card_h + metrics.row_gap)
        + labels as f64 * ZONE_LABEL_H
        + if tall { OUTSIDE_BOX_H + 12.0 } else { 0.0 };
    shape.zoom = (plan.width / shape.w).min(plan.height / shape.h);
    shape
}

fn rows_of(groups: &[(Name, Vec<&CardPlan>)], beside: usize) -> usize {
    groups
        .iter()
        .map(|(_, cards)| cards.len().div_ceil(beside.max(1)))
        .sum()
}

fn worth(groups: &[(Name, Vec<&CardPlan>)], shape: &Shape) -> f64 {
    let more = rows_of(groups, shape.beside).saturating_sub(groups.len());
    shape.zoom * ROW_WORTH.powi(more.min(2) as i32)
}

/// Gives away the room that is left: height to pods, boxes and leads, width to pods
/// and the gaps between cards.
fn stretch(plan: &Plan, groups: &[(Name, Vec<&CardPlan>)], mut shape: Shape) -> Shape {
    let metrics = shape.level.metrics();
    let rows = rows_of(groups, shape.beside).max(1) as f64;
    let spare_h = (plan.height / shape.zoom - shape.h).max(0.0);
    let half = (metrics.slot_h + metrics.gap) / 2.0;
    let more = ((spare_h * 0.5 / rows).min(6.0 * half) / half).floor();
    shape.half_rows += more as usize;
    shape.card_h += more * half;
    let left = spare_h - more * half * rows;
    shape.box_h += (left * 0.45).min(40.0);
    shape.lead += (left * 0.2).min(22.0);
    let spare_w = (plan.width / shape.zoom - shape.w).max(0.0);
    let widest = widest(groups, shape.beside);
    let each = spare_w / widest as f64;
    let wider = (each * 0.7 / shape.columns as f64).min(metrics.slot_w * 0.4);
    shape.slot_w += wider;
    shape.card_w += wider * shape.columns as f64;
    shape.card_gap += (each * 0.25).min(metrics.card_gap);
    shape.w += spare_w.min(shape.w * 0.35);
    shape
}

fn widest(groups: &[(Name, Vec<&CardPlan>)], beside: usize) -> usize {
    groups
        .iter()
        .map(|(_, cards)| cards.len().min(beside))
        .max()
        .unwrap_or(1)
        .max(1)
}

fn left_of_content(metrics: &Metrics, tall: bool) -> f64 {
    if tall {
        TRUNK_GAP
    } else {
        metrics.outside_w + 2.0 * TRUNK_GAP
    }
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
