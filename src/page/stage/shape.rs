//! The choice of an arrangement: how much detail there is room for, and how many
//! cards and pods stand beside each other.

use super::layout::{CardPlan, OUTSIDE_BOX_H, Plan, TRUNK_GAP, ZONE_LABEL_H};
use super::level::{Level, Metrics};
use crate::sim::trace::Name;
use std::collections::BTreeMap;

/// The control plane needs so much width.
pub(super) const BAND_W_MIN: f64 = 620.0;

pub(super) const BAND_W_MIN_TALL: f64 = 348.0;

/// A further row of cards costs clarity: lines to the API server get longer. By
/// this much each of the first two may be worse in size.
const ROW_WORTH: f64 = 0.88;

/// Numbers that follow from one choice of detail and columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) level: Level,
    pub(super) columns: usize,
    pub(super) half_rows: usize,
    pub(super) beside: usize,
    pub(super) slot_w: f64,
    pub(super) card_w: f64,
    pub(super) card_h: f64,
    pub(super) card_gap: f64,
    pub(super) box_h: f64,
    pub(super) lead: f64,
    pub(super) w: f64,
    pub(super) h: f64,
    pub(super) zoom: f64,
}

impl Shape {
    pub(super) fn band_h(&self) -> f64 {
        self.box_h + 2.0 * self.lead + self.level.metrics().bar_h
    }
}

/// Nodes by zone, each in natural order; without zones all in one group.
pub(super) fn groups(plan: &Plan) -> Vec<(Name, Vec<&CardPlan>)> {
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

pub(super) fn choose(plan: &Plan, groups: &[(Name, Vec<&CardPlan>)], tall: bool) -> Shape {
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
pub(super) fn stretch(plan: &Plan, groups: &[(Name, Vec<&CardPlan>)], mut shape: Shape) -> Shape {
    let metrics = shape.level.metrics();
    let rows = rows_of(groups, shape.beside).max(1) as f64;
    let spare_h = (plan.height / shape.zoom - shape.h).max(0.0);
    let half = (metrics.slot_h + metrics.gap) / 2.0;
    let more = ((spare_h * 0.55 / rows).min(9.0 * half) / half).floor();
    shape.half_rows += more as usize;
    shape.card_h += more * half;
    let left = spare_h - more * half * rows;
    shape.box_h += (left * 0.45).min(56.0);
    shape.lead += (left * 0.22).min(26.0);
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

pub(super) fn widest(groups: &[(Name, Vec<&CardPlan>)], beside: usize) -> usize {
    groups
        .iter()
        .map(|(_, cards)| cards.len().min(beside))
        .max()
        .unwrap_or(1)
        .max(1)
}

pub(super) fn left_of_content(metrics: &Metrics, tall: bool) -> f64 {
    if tall {
        TRUNK_GAP
    } else {
        metrics.outside_w + 2.0 * TRUNK_GAP
    }
}
