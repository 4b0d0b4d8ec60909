//! What is under the pointer.

use super::geometry::{Point, Rect};
use super::scene::{Card, Scene};
use super::seats::Seats;
use crate::api::{Key, Kind};
use crate::page::state::World;
use crate::session::protocol::Subject;
use crate::sim::Actor;
use crate::sim::trace::Name;

/// A part of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The bridge `cni0`.
    Bridge,
    /// Netfilter hooks and routes.
    Hooks,
    /// The node's network card.
    Eth0,
}

/// Something on the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A pod, by uid.
    Pod(Name),
    /// A node.
    Node(Name),
    /// A part of a node.
    Part(Name, Part),
    /// A component.
    Component(Actor),
    /// etcd.
    Etcd,
    /// The client outside.
    Client,
    /// What lies between the client and the cluster.
    Internet,
    /// The cloud's load balancer.
    Balancer,
}

impl Target {
    /// What is selected by a click on it.
    pub fn subject(&self, world: &World) -> Option<Subject> {
        match self {
            Target::Pod(uid) => Some(Subject::Object {
                kind: Kind::Pod,
                key: world.pods.get(uid)?.key.clone(),
            }),
            Target::Node(node) | Target::Part(node, _) => Some(Subject::Object {
                kind: Kind::Node,
                key: Key::new("", node.clone()),
            }),
            Target::Component(actor) => Some(Subject::Component(actor.clone())),
            // etcd is no client of the door: its pod stands for it.
            Target::Etcd => world
                .pods
                .values()
                .find(|pod| pod.system && pod.key.name.starts_with("etcd"))
                .map(|pod| Subject::Object {
                    kind: Kind::Pod,
                    key: pod.key.clone(),
                }),
            Target::Client | Target::Internet | Target::Balancer => None,
        }
    }

    /// Whether a subject is this.
    pub fn is(&self, subject: &Subject, world: &World) -> bool {
        !matches!(self, Target::Part(..)) && self.subject(world).as_ref() == Some(subject)
    }
}

/// What is at a point of the stage; `slack` is how far beside it one may point, in
/// units.
pub fn at(scene: &Scene, seats: &Seats, world: &World, point: Point, slack: f64) -> Option<Target> {
    let near = |rect: &Rect| rect.inset(-slack).contains(point);
    for card in &scene.cards {
        if near(&card.rect) || near(&card.kubelet) || near(&card.eth0) {
            return Some(on_card(scene, seats, card, point, slack));
        }
    }
    let total = seats.used(None, false);
    if near(&scene.queue) {
        for (index, uid) in seats.sitting(None, false) {
            if scene.queue_cell(index, total).contains(point) {
                return Some(Target::Pod(uid.clone()));
            }
        }
    }
    if near(&scene.cells) {
        let names = &world.controllers;
        for (index, name) in names.iter().enumerate() {
            if scene.controller_cell(index, names.len()).contains(point) {
                return Some(Target::Component(Actor::Controller(name.clone())));
            }
        }
    }
    let boxes = [
        (&scene.etcd, Target::Etcd),
        (&scene.scheduler, Target::Component(Actor::Scheduler)),
        (
            &scene.manager,
            Target::Component(Actor::Controller("kube-controller-manager".into())),
        ),
        (&scene.cloud, Target::Component(Actor::CloudController)),
        (&scene.api, Target::Component(Actor::ApiServer)),
        (&scene.user, Target::Component(Actor::User)),
        (&scene.client, Target::Client),
        (&scene.internet, Target::Internet),
        (&scene.balancer, Target::Balancer),
    ];
    boxes
        .into_iter()
        .find(|(rect, _)| near(rect))
        .map(|(_, target)| target)
}

fn on_card(scene: &Scene, seats: &Seats, card: &Card, point: Point, slack: f64) -> Target {
    let near = |rect: &Rect| rect.inset(-slack).contains(point);
    let node = card.node.clone();
    if near(&card.kubelet) {
        return Target::Component(Actor::Kubelet(node));
    }
    if near(&card.eth0) {
        return Target::Part(node, Part::Eth0);
    }
    if let Some(uid) = pod_on_card(scene, seats, card, point) {
        return Target::Pod(uid);
    }
    if near(&card.proxy) {
        return Target::Component(Actor::KubeProxy(node));
    }
    if near(&card.hooks) {
        return Target::Part(node, Part::Hooks);
    }
    if (point.y - card.bridge_y).abs() < 5.0 + slack && card.foot.contains(point) {
        return Target::Part(node, Part::Bridge);
    }
    Target::Node(node)
}

fn pod_on_card(scene: &Scene, seats: &Seats, card: &Card, point: Point) -> Option<Name> {
    let metrics = scene.metrics();
    let half = (metrics.slot_h + metrics.gap) / 2.0;
    let column = ((point.x - card.area.x) / (scene.slot_w + metrics.gutter)).floor();
    let row = ((point.y - card.area.y) / half).floor();
    if column < 0.0 || row < 0.0 || column as usize >= scene.columns {
        return None;
    }
    let (column, row) = (column as usize, row as usize);
    let (system, row) = match row.checked_sub(card.system_rows) {
        None => (true, row),
        Some(row) => (false, row / 2),
    };
    let index = row * scene.columns + column;
    let tile = scene.tile(card, system, index);
    if !tile.inset(-metrics.gap / 2.0).contains(point) {
        return None;
    }
    seats.at(Some(&card.node), system, index).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;
    use crate::page::stage::director::Director;

    #[test]
    fn every_pod_is_found_under_its_own_tile() {
        for mut update in [fixture::small(), fixture::large(40, 30)] {
            let mut world = World::default();
            let mut director = Director::default();
            director.resize(1100.0, 760.0, 0.0);
            let changes = world.apply(&mut update);
            director.changed(&world, &changes, 0.0);
            for uid in world.pods.keys() {
                let rect = director.pod_rect(uid, f64::MAX);
                let center = rect.map(|rect| rect.center()).unwrap_or_default();
                let found = at(&director.scene, &director.seats, &world, center, 0.0);
                assert_eq!(found, Some(Target::Pod(uid.clone())));
            }
        }
    }

    #[test]
    fn parts_of_a_node_select_the_node() {
        let world = World::default();
        let target = Target::Part("node-1".into(), Part::Hooks);
        let subject = target.subject(&world);
        assert_eq!(subject, Target::Node("node-1".into()).subject(&world));
    }
}
