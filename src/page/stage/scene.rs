//! Where everything stands: the geometry of one arrangement of the stage.

use super::geometry::{Point, Rect};
use super::level::{Level, Metrics};
use super::seats::Seat;
use crate::sim::trace::Name;
use std::collections::BTreeMap;

/// How far down a tile its cable begins, as a part of its height: beside the
/// containers.
pub const SOCKET: f64 = 0.72;

/// One arrangement.
#[derive(Clone, Debug)]
pub struct Scene {
    /// How much things get to show.
    pub level: Level,
    /// Whether it is made for a narrow, high screen.
    pub tall: bool,
    /// All of it.
    pub bounds: Rect,
    /// Columns of pods on each card.
    pub columns: usize,
    /// Width of a pod.
    pub slot_w: f64,
    /// Half rows of pods on each card, for the spacing of wires.
    pub rows: usize,
    /// etcd.
    pub etcd: Rect,
    /// The scheduler.
    pub scheduler: Rect,
    /// The part of it where pods wait.
    pub queue: Rect,
    /// The controller manager.
    pub manager: Rect,
    /// The part of it where the controllers stand.
    pub cells: Rect,
    /// The cloud's controller manager.
    pub cloud: Rect,
    /// The API server.
    pub api: Rect,
    /// Whoever sits before the page.
    pub user: Rect,
    /// A client outside the cluster.
    pub client: Rect,
    /// What lies between it and the cluster.
    pub internet: Rect,
    /// The cloud's load balancer.
    pub balancer: Rect,
    /// Where the cable from outside runs down, past the rows.
    pub trunk_x: f64,
    /// The nodes.
    pub cards: Vec<Card>,
    /// The underlay, a line a row.
    pub buses: Vec<Bus>,
    /// Zone labels: name and the rectangle of the zone's cards.
    pub zones: Vec<(Name, Rect)>,
    pub(super) index: BTreeMap<Name, usize>,
}

/// The underlay's line under a row of cards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bus {
    /// Its height.
    pub y: f64,
    /// Where it begins.
    pub left: f64,
    /// Where it ends.
    pub right: f64,
}

/// A node's card.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The node.
    pub node: Name,
    /// All of it.
    pub rect: Rect,
    /// Name, state and meters.
    pub head: Rect,
    /// The pods.
    pub area: Rect,
    /// Half rows that the cluster's own pods take up.
    pub system_rows: usize,
    /// The wiring.
    pub foot: Rect,
    /// Which of the underlay's lines it hangs on.
    pub bus: usize,
    /// The kubelet's tab on the upper edge.
    pub kubelet: Rect,
    /// Where the line from the kubelet to the API server runs up.
    pub riser_x: f64,
    /// kube-proxy.
    pub proxy: Rect,
    /// The netfilter hooks and the routes.
    pub hooks: Rect,
    /// The network card, on the lower edge.
    pub eth0: Rect,
    /// Height of the bridge's line.
    pub bridge_y: f64,
}

impl Card {
    /// The bridge's line: from where to where.
    pub fn bridge(&self) -> (Point, Point) {
        (
            Point::new(self.foot.x, self.bridge_y),
            Point::new(self.foot.right(), self.bridge_y),
        )
    }
}

impl Scene {
    /// Its sizes.
    pub fn metrics(&self) -> &'static Metrics {
        self.level.metrics()
    }

    /// The height of the track on the API server's bar where messages travel.
    pub fn track_y(&self) -> f64 {
        self.api.y + self.api.h * 0.76
    }

    /// A node's card.
    pub fn card(&self, node: &str) -> Option<&Card> {
        self.cards.get(*self.index.get(node)?)
    }

    /// The tile of a pod that sits on a node.
    pub fn tile(&self, card: &Card, system: bool, index: usize) -> Rect {
        let metrics = self.metrics();
        let half = (metrics.slot_h + metrics.gap) / 2.0;
        let (row, column) = (index / self.columns.max(1), index % self.columns.max(1));
        let x = card.area.x + metrics.gutter + column as f64 * (self.slot_w + metrics.gutter);
        if system {
            let y = card.area.y + row as f64 * half;
            return Rect::new(x, y, self.slot_w, half - metrics.gap);
        }
        let y = card.area.y + (card.system_rows + 2 * row) as f64 * half;
        Rect::new(x, y, self.slot_w, metrics.slot_h)
    }

    /// Where a pod's veth wire runs down to the bridge.
    pub fn wire_x(&self, card: &Card, system: bool, index: usize) -> f64 {
        let metrics = self.metrics();
        let rows = self.rows.max(1);
        let row = index / self.columns.max(1) + if system { 0 } else { card.system_rows };
        let beside = (metrics.gutter * 0.3).min(3.0);
        let step = ((metrics.gutter - 2.0 * beside) / rows as f64).clamp(0.0, 3.0);
        // Upper rows take the outer tracks, so that no stub crosses a wire.
        let track = rows.saturating_sub(1).saturating_sub(row) as f64;
        self.tile(card, system, index).x - beside - step * track
    }

    /// The cell of the `index`th of `total` pods in the scheduler's queue.
    pub fn queue_cell(&self, index: usize, total: usize) -> Rect {
        let metrics = self.metrics();
        let like = match self.level {
            Level::Tile => (metrics.slot_w * 0.8, 26.0),
            _ => (metrics.slot_w.max(20.0), metrics.slot_h.max(12.0)),
        };
        pack(&self.queue, index, total, like.0, like.1, 4.0)
    }

    /// The cell of the `index`th of `total` controllers.
    pub fn controller_cell(&self, index: usize, total: usize) -> Rect {
        pack(&self.cells, index, total, 104.0, 17.0, 4.0)
    }

    /// Where a seated pod's tile is.
    pub fn seat(&self, seat: &Seat, queue_length: usize) -> Option<Rect> {
        match &seat.node {
            None => Some(self.queue_cell(seat.index, queue_length)),
            Some(node) => {
                let card = self.card(node)?;
                Some(self.tile(card, seat.system, seat.index))
            }
        }
    }
}

/// The `index`th of `total` cells that fill `area` in rows; as large as wished
/// where they fit, else smaller, so that all fit.
pub fn pack(area: &Rect, index: usize, total: usize, w: f64, h: f64, gap: f64) -> Rect {
    let total = total.max(index + 1);
    let mut scale = 1.0_f64;
    let mut columns = 1;
    // Each round makes the cells a sixth smaller: 40 rounds reach 1/1,500.
    for _ in 0..40 {
        let (cell_w, cell_h) = ((w * scale).min(area.w), (h * scale).min(area.h));
        columns = (((area.w + gap * scale) / (cell_w + gap * scale)).floor() as usize).max(1);
        let rows = total.div_ceil(columns);
        if rows as f64 * (cell_h + gap * scale) - gap * scale <= area.h + 1e-6 {
            break;
        }
        scale *= 0.84;
    }
    let (cell_w, cell_h) = ((w * scale).min(area.w), (h * scale).min(area.h));
    let (row, column) = (index / columns, index % columns);
    Rect::new(
        area.x + column as f64 * (cell_w + gap * scale),
        area.y + row as f64 * (cell_h + gap * scale),
        cell_w,
        cell_h,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_shrink_until_all_fit() {
        let area = Rect::new(10.0, 20.0, 300.0, 60.0);
        for total in [1, 5, 40, 700, 9_000] {
            let last = pack(&area, total - 1, total, 90.0, 26.0, 4.0);
            assert!(last.right() <= area.right() + 0.01, "{total}: {last:?}");
            assert!(last.bottom() <= area.bottom() + 0.01, "{total}: {last:?}");
            assert!(last.w > 0.0 && last.h > 0.0);
        }
        assert_eq!(pack(&area, 0, 1, 90.0, 26.0, 4.0).w, 90.0);
    }
}
