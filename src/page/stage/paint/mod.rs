//! Draws the stage on a canvas, one frame from what the director holds. Painters
//! work in CSS pixels and show what there is room for.

mod band;
mod cables;
mod cards;
mod glyph;
mod heads;
mod moves;
mod packets;
mod palette;
mod pen;
mod pods;
mod wiring;

pub use palette::Palette;
pub use pen::Pen;

use super::camera::View;
use super::director::Director;
use super::geometry::{Point, Rect};
use super::hit::Target;
use super::motion::{MESSAGE_MS, SHAKE_MS};
use crate::api::Kind;
use crate::page::state::World;
use crate::session::protocol::{PodView, Subject};
use crate::sim::trace::Name;
use crate::sim::{Actor, Instant};
use pen::{Align, Face};
use std::collections::BTreeSet;

/// Pods smaller than this get no rings of their own.
const RING_PIXELS_MIN: f64 = 7.0;

/// Everything that one frame is drawn from.
pub struct Frame<'a> {
    /// The pen.
    pub pen: &'a Pen<'a>,
    /// The colours.
    pub palette: &'a Palette,
    /// The cluster.
    pub world: &'a World,
    /// The stage.
    pub director: &'a Director,
    /// What is seen.
    pub view: View,
    /// The canvas in pixels.
    pub screen: Rect,
    /// Wall time in milliseconds.
    pub now: f64,
    /// Virtual time.
    pub virtual_now: Instant,
}

/// A point on the middle of a pixel, so that hairlines are sharp.
fn snap(point: Point) -> Point {
    Point::new(point.x.round() + 0.5, point.y.round() + 0.5)
}

impl Frame<'_> {
    /// Draws what stands: it costs the most and changes the least.
    pub fn draw_ground(&self) {
        self.pen.fill_rect(&self.screen, 0.0, &self.palette.stage);
        cables::lines(self);
        band::draw(self);
        for card in &self.director.scene.cards {
            cards::draw(self, card);
        }
    }

    /// Draws what moves, and the marks of what is looked at, over it.
    pub fn draw_moves(&self) {
        self.pen.clear(&self.screen);
        self.marks();
        moves::draw(self);
    }

    /// What is selected and what is under the pointer.
    fn marks(&self) {
        let scene = &self.director.scene;
        if let Some(Subject::Object {
            kind: Kind::Node,
            key,
        }) = &self.director.selection
            && let Some(card) = scene.card(&key.name)
        {
            self.brackets(&self.view.rect(&card.rect));
        }
        if let Some(Subject::Component(actor)) = &self.director.selection {
            let rect = match actor {
                Actor::Kubelet(node) => scene.card(node).map(|card| card.kubelet),
                Actor::KubeProxy(node) => scene.card(node).map(|card| card.proxy),
                _ => None,
            };
            if let Some(rect) = rect {
                self.brackets(&self.view.rect(&rect));
            }
        }
        self.highlight_relations();
        if let Some(rect) = self.hovered() {
            self.pen
                .stroke_rect(&self.view.rect(&rect), 6.0, &self.palette.soft, 1.2, false);
        }
    }

    /// The pods of the selected workload or service.
    fn highlight_relations(&self) {
        let Some(Subject::Object { kind, key }) = &self.director.selection else {
            return;
        };
        let scene = &self.director.scene;
        let belongs: Box<dyn Fn(&PodView) -> bool> = match kind {
            Kind::Service => {
                let service = self
                    .world
                    .services
                    .values()
                    .find(|service| service.key == *key);
                let Some(service) = service else {
                    return;
                };
                Box::new(|pod| service.endpoints.contains(&pod.uid))
            }
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job => {
                Box::new(|pod| pod.workload == key.name && pod.key.namespace == key.namespace)
            }
            Kind::ReplicaSet => Box::new(|pod| {
                pod.key.namespace == key.namespace && pod.key.name.starts_with(&*key.name)
            }),
            _ => return,
        };
        let pods = self.world.pods.values().filter(|pod| belongs(pod));
        let color = &self.palette.select;
        if self.view.zoom * scene.slot_w.min(scene.metrics().slot_h) < RING_PIXELS_MIN {
            // Too small for rings of their own: the nodes that hold them are told.
            let nodes: BTreeSet<&Name> = pods.filter_map(|pod| pod.node.as_ref()).collect();
            let cards = nodes.into_iter().filter_map(|node| scene.card(node));
            let rects: Vec<Rect> = cards.map(|card| self.view.rect(&card.rect)).collect();
            return self.pen.stroke_rects(&rects, 3.0, color, 1.2);
        }
        let around = |pod: &PodView| {
            let rect = self.director.pod_rect(&pod.uid, self.now)?;
            let rect = self.view.rect(&rect);
            // Small pods stand close: their rings must not meet.
            Some(rect.inset(-(rect.w * 0.1).clamp(0.5, 3.0)))
        };
        let rects: Vec<Rect> = pods.filter_map(around).collect();
        self.pen.stroke_rects(&rects, 8.0, color, 1.2);
    }

    fn hovered(&self) -> Option<Rect> {
        let scene = &self.director.scene;
        match self.director.hover.as_ref()? {
            Target::Pod(uid) => self.director.pod_rect(uid, self.now),
            Target::Node(node) => Some(scene.card(node)?.rect),
            _ => None,
        }
    }

    /// Whether this is selected.
    fn selected(&self, subject: &Subject) -> bool {
        self.director.selection.as_ref() == Some(subject)
    }

    fn is_selected_pod(&self, pod: &PodView) -> bool {
        matches!(&self.director.selection,
            Some(Subject::Object { kind: Kind::Pod, key }) if *key == pod.key)
    }

    /// Whether a component has a message on the way or something to say.
    fn active(&self, who: &Actor) -> bool {
        let motion = &self.director.motion;
        let near = |message: &super::motion::Message| {
            let part = (self.now - message.start) / MESSAGE_MS;
            let window = if message.call { 0.0..0.35 } else { 0.7..1.0 };
            !message.quiet && message.actor == *who && window.contains(&part)
        };
        motion.messages.iter().any(near)
            || motion
                .notes
                .get(who)
                .is_some_and(|note| note.start <= self.now)
    }

    /// How far a pod is shaken aside at this moment.
    fn shake(&self, pod: &PodView) -> f64 {
        let motion = &self.director.motion;
        match motion.shakes.get(&pod.key) {
            Some(start) if !motion.reduced && self.now >= *start => {
                let part = (self.now - start) / SHAKE_MS;
                (part * 18.8).sin() * 3.0 * (1.0 - part)
            }
            _ => 0.0,
        }
    }

    /// The mark of what is selected: four corners, as a viewfinder has them.
    fn brackets(&self, rect: &Rect) {
        let rect = rect.inset(-3.5);
        let arm = (rect.w.min(rect.h) * 0.3).clamp(3.0, 12.0);
        let corner = |x: f64, y: f64, dx: f64, dy: f64| {
            [
                Point::new(x + dx * arm, y),
                Point::new(x, y),
                Point::new(x, y + dy * arm),
            ]
        };
        let corners = [
            corner(rect.x, rect.y, 1.0, 1.0),
            corner(rect.right(), rect.y, -1.0, 1.0),
            corner(rect.x, rect.bottom(), 1.0, -1.0),
            corner(rect.right(), rect.bottom(), -1.0, -1.0),
        ];
        self.pen.lines(
            corners.iter().map(|line| &line[..]),
            &self.palette.select,
            2.0,
            false,
        );
    }

    /// Words on a small plate.
    fn pill(&self, rect: &Rect, text: &str, size: f64, color: &str) {
        self.pen.fill_rect(rect, 6.0, &self.palette.stage);
        self.pen.stroke_rect(rect, 6.0, color, 1.2, false);
        let at = Point::new(rect.center().x, rect.center().y + 0.5);
        let face = if size < 11.0 { Face::Mono } else { Face::Bold };
        self.pen
            .text(text, at, face, size, Align::Center, &self.palette.text);
    }
}
