//! The ways of API messages: from every component to the API server's bar, along
//! it, and for writes on to etcd.

use super::geometry::{Point, Rect};
use super::scene::{Card, Scene};
use crate::sim::Actor;
use crate::sim::trace::Name;
use std::collections::BTreeSet;

/// The way from a component to the bar: its last point lies on the bar's track. None for actors that have no place on the stage.
pub fn to_bar(scene: &Scene, controllers: &BTreeSet<Name>, actor: &Actor) -> Option<Vec<Point>> {
    let bar = scene.track_y();
    let down = |x: f64, y: f64| vec![Point::new(x, y), Point::new(x, bar)];
    Some(match actor {
        Actor::Scheduler => down(scene.scheduler.center().x, scene.scheduler.bottom()),
        Actor::CloudController => down(scene.cloud.center().x, scene.cloud.bottom()),
        Actor::Controller(name) => {
            let index = controllers.iter().position(|other| other == name);
            let cell = scene.controller_cell(index.unwrap_or(0), controllers.len().max(1));
            down(cell.center().x, cell.center().y)
        }
        Actor::User if scene.tall => {
            let x = scene.user.right() - 6.0;
            vec![
                Point::new(x, scene.user.y),
                Point::new(scene.bounds.right(), scene.user.y - 6.0),
                Point::new(scene.bounds.right(), bar),
                Point::new(scene.api.right() - 4.0, bar),
            ]
        }
        Actor::User => vec![
            Point::new(scene.user.right(), bar),
            Point::new(scene.api.x + 10.0, bar),
        ],
        Actor::Kubelet(node) => riser(scene, scene.card(node)?),
        Actor::KubeProxy(node) => proxy_riser(scene, scene.card(node)?),
        Actor::ApiServer | Actor::CoreDns | Actor::World => return None,
    })
}

/// The line from a kubelet up to the bar.
pub fn riser(scene: &Scene, card: &Card) -> Vec<Point> {
    let bar = scene.track_y();
    let x = card.kubelet.center().x;
    if card.bus == 0 {
        return vec![Point::new(x, card.kubelet.y), Point::new(x, bar)];
    }
    let over = card.rect.y - scene.metrics().row_gap * 0.22;
    vec![
        Point::new(x, card.kubelet.y),
        Point::new(x, over),
        Point::new(card.riser_x, over),
        Point::new(card.riser_x, bar),
    ]
}

/// The line from a node's kube-proxy up beside its card to the bar.
pub fn proxy_riser(scene: &Scene, card: &Card) -> Vec<Point> {
    let y = card.proxy.center().y;
    let x = card.rect.x - scene.metrics().card_gap * 0.3;
    vec![
        Point::new(card.proxy.x, y),
        Point::new(x, y),
        Point::new(x, scene.track_y()),
    ]
}

/// The way from a pod that is itself a client of the API server (CoreDNS) to the
/// bar: out of its card and up beside it.
pub fn pod_to_bar(scene: &Scene, card: &Card, tile: &Rect) -> Vec<Point> {
    let y = tile.center().y;
    vec![
        Point::new(tile.right(), y),
        Point::new(card.riser_x, y),
        Point::new(card.riser_x, scene.track_y()),
    ]
}

/// The way of a call: to the bar, and for a write along it to etcd.
pub fn call(
    scene: &Scene,
    controllers: &BTreeSet<Name>,
    actor: &Actor,
    write: bool,
) -> Option<Vec<Point>> {
    Some(onward(scene, to_bar(scene, controllers, actor)?, write))
}

/// A way to the bar, led on to etcd for a write.
pub fn onward(scene: &Scene, mut way: Vec<Point>, write: bool) -> Vec<Point> {
    if write {
        let x = scene.etcd.center().x;
        way.push(Point::new(x, scene.track_y()));
        way.push(Point::new(x, scene.etcd.bottom()));
    }
    way
}

/// The way of a delivery: from where the API server takes changes from etcd, along
/// the bar, to the watcher.
pub fn delivery(scene: &Scene, controllers: &BTreeSet<Name>, actor: &Actor) -> Option<Vec<Point>> {
    Some(back(scene, to_bar(scene, controllers, actor)?))
}

/// The way of a delivery to whoever has this way to the bar.
pub fn back(scene: &Scene, mut way: Vec<Point>) -> Vec<Point> {
    way.push(Point::new(scene.etcd.center().x, scene.track_y()));
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::stage::layout::{CardPlan, Plan, arrange};

    fn scene() -> Scene {
        arrange(&Plan {
            cards: (0..9)
                .map(|n| CardPlan {
                    node: format!("node-{n}").into(),
                    zone: "".into(),
                    control_plane: false,
                    seats: 4,
                    system_seats: 1,
                })
                .collect(),
            width: 700.0,
            height: 700.0,
        })
    }

    #[test]
    fn all_ways_lead_through_the_bar() {
        let scene = scene();
        let controllers = BTreeSet::from(["deployment-controller".into()]);
        let bar = scene.track_y();
        for actor in [
            Actor::User,
            Actor::Scheduler,
            Actor::CloudController,
            Actor::Controller("deployment-controller".into()),
            Actor::Kubelet("node-0".into()),
            Actor::Kubelet("node-8".into()),
            Actor::KubeProxy("node-5".into()),
        ] {
            let read = call(&scene, &controllers, &actor, false).unwrap_or_default();
            assert_eq!(read.last().map(|point| point.y), Some(bar), "{actor:?}");
            let write = call(&scene, &controllers, &actor, true).unwrap_or_default();
            assert_eq!(
                write.last().map(|point| point.y),
                Some(scene.etcd.bottom()),
                "{actor:?}"
            );
            let told = delivery(&scene, &controllers, &actor).unwrap_or_default();
            assert_eq!(told.first().map(|point| point.y), Some(bar));
            assert_eq!(told.last(), read.first());
        }
        assert!(call(&scene, &controllers, &Actor::Kubelet("x".into()), true).is_none());
    }
}
