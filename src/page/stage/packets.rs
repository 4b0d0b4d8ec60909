//! The ways of packets: which line a packet travels between two stops of its
//! journey, and when it is where.

use super::geometry::{Point, along, length};
use super::scene::{Card, SOCKET, Scene};
use super::seats::Seats;
use crate::api::Key;
use crate::page::state::World;
use crate::sim::trace::{Journey, Place, Site};

/// Pixels a millisecond along a wire: slow enough to follow.
const SPEED: f64 = 0.34;
/// A short wire takes this long at least, in milliseconds.
const WIRE_MS_MIN: f64 = 90.0;
/// A long wire takes this long at most.
const WIRE_MS_MAX: f64 = 900.0;
/// How long a packet pauses at each stop, in milliseconds.
const STOP_MS: f64 = 260.0;

/// One stop of a journey on the stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// Number of the leg.
    pub leg: usize,
    /// Number of the hop in the leg.
    pub hop: usize,
    /// The way to here from the stop before; its last point is the stop itself.
    pub way: Vec<Point>,
    /// When the packet sets out to here, in milliseconds since the beginning.
    pub sets_out: f64,
    /// When it arrives.
    pub arrives: f64,
}

impl Stop {
    /// Where it is.
    pub fn point(&self) -> Point {
        self.way.last().copied().unwrap_or_default()
    }
}

/// A journey's way over the stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// All stops in order.
    pub stops: Vec<Stop>,
    /// How long it takes, in milliseconds.
    pub lasts: f64,
}

impl Track {
    /// The packet `ms` after the beginning: where, and at or before which stop.
    pub fn at(&self, ms: f64) -> Option<(Point, &Stop)> {
        let next = self.stops.partition_point(|stop| stop.arrives <= ms);
        let Some(stop) = self.stops.get(next) else {
            return self.stops.last().map(|stop| (stop.point(), stop));
        };
        if ms < stop.sets_out
            && let Some(before) = next.checked_sub(1).and_then(|n| self.stops.get(n))
        {
            return Some((before.point(), before));
        }
        let part = (ms - stop.sets_out) / (stop.arrives - stop.sets_out).max(1.0);
        Some((along(&stop.way, part * length(&stop.way)), stop))
    }

    /// The stop of a hop.
    pub fn stop(&self, leg: usize, hop: usize) -> Option<&Stop> {
        self.stops
            .iter()
            .find(|stop| stop.leg == leg && stop.hop == hop)
    }
}

/// Where a place is, and how one gets away from it.
#[derive(Clone, Debug)]
struct Anchor<'a> {
    site: Site,
    card: Option<&'a Card>,
    point: Point,
    wire_x: f64,
}

/// Lays a journey over the stage.
pub fn track(scene: &Scene, seats: &Seats, world: &World, journey: &Journey) -> Track {
    let mut track = Track::default();
    let mut time = 0.0;
    let mut before: Option<Anchor> = None;
    for (leg, part) in journey.legs.iter().enumerate() {
        for (hop, stop) in part.hops.iter().enumerate() {
            let Some(here) = anchor(scene, seats, world, &stop.place, before.as_ref()) else {
                continue;
            };
            let way = match &before {
                None => vec![here.point],
                Some(before) => connect(scene, before, &here),
            };
            let wire = match length(&way) {
                0.0 => 0.0,
                length => (length / SPEED).clamp(WIRE_MS_MIN, WIRE_MS_MAX),
            };
            track.stops.push(Stop {
                leg,
                hop,
                way,
                sets_out: time,
                arrives: time + wire,
            });
            time += wire + STOP_MS;
            before = Some(here);
        }
    }
    track.lasts = time;
    track
}

fn anchor<'a>(
    scene: &'a Scene,
    seats: &Seats,
    world: &World,
    place: &Place,
    before: Option<&Anchor<'a>>,
) -> Option<Anchor<'a>> {
    let card = place.node.as_ref().and_then(|node| scene.card(node));
    let make = |point: Point, wire_x: f64| Anchor {
        site: place.site,
        card,
        point,
        wire_x,
    };
    let Some(card) = card else {
        let point = match place.site {
            Site::LoadBalancer => scene.balancer.center(),
            Site::Client => scene.client.center(),
            // The cable: below the card that the packet comes from.
            _ => match before.and_then(|before| before.card) {
                Some(card) => Point::new(card.eth0.center().x, scene.buses.get(card.bus)?.y),
                None => scene.internet.center(),
            },
        };
        let mut anchor = make(point, point.x);
        if matches!(place.site, Site::Underlay) {
            anchor.card = before.and_then(|before| before.card);
        }
        return Some(anchor);
    };
    let pod = pod_at(world, place);
    let tile = pod.and_then(|uid| {
        let seat = seats.of(uid)?;
        let tile = scene.tile(card, seat.system, seat.index);
        Some((tile, scene.wire_x(card, seat.system, seat.index)))
    });
    let hooks = card.hooks.center();
    Some(match (place.site, tile) {
        // The first container's cell, beside the socket of the pod's cable.
        (Site::Process | Site::Loopback, Some((tile, wire))) => {
            let inside = tile.x + (tile.w * 0.3).min(16.0);
            make(Point::new(inside, tile.y + tile.h * SOCKET), wire)
        }
        (Site::PodEth0, Some((tile, wire))) => {
            make(Point::new(tile.x, tile.y + tile.h * SOCKET), wire)
        }
        (Site::Veth, Some((_, wire))) => make(Point::new(wire, card.bridge_y - 7.0), wire),
        (Site::Bridge, _) => {
            let x = match before {
                Some(before) if before.card == Some(card) => match before.site {
                    Site::Veth => before.point.x,
                    Site::PodEth0 => before.wire_x,
                    _ => hooks.x,
                },
                _ => hooks.x,
            };
            make(Point::new(x, card.bridge_y), x)
        }
        (Site::NodeEth0 | Site::Underlay, _) => make(card.eth0.center(), hooks.x),
        // A process of the node itself: straight above the hooks.
        (Site::Process, None) => make(Point::new(hooks.x, card.head.bottom()), hooks.x),
        _ => make(hooks, hooks.x),
    })
}

/// The uid of the pod that a place belongs to: by its name, or by its veth.
fn pod_at<'w>(world: &'w World, place: &Place) -> Option<&'w str> {
    if let Some(name) = &place.pod {
        let (namespace, name) = name.split_once('/')?;
        return world
            .pod_uids
            .get(&Key::new(namespace, name))
            .map(|uid| &**uid);
    }
    if place.site != Site::Veth {
        return None;
    }
    world
        .pods
        .values()
        .find(|pod| pod.veth == place.device && pod.node == place.node)
        .map(|pod| &*pod.uid)
}

fn connect(scene: &Scene, from: &Anchor, to: &Anchor) -> Vec<Point> {
    if from.point == to.point {
        return vec![to.point];
    }
    let inside = |anchor: &Anchor| anchor.card.map(|card| card.node.clone());
    let on_cable = |anchor: &Anchor| anchor.site == Site::Underlay || anchor.card.is_none();
    let mut way = vec![from.point];
    if inside(from) == inside(to) && !on_cable(from) && !on_cable(to) {
        match (from.site, to.site) {
            // The pair: down beside the pods, or up again.
            (Site::PodEth0, Site::Veth) | (Site::Veth, Site::PodEth0) => {
                let y = if from.site == Site::PodEth0 { from } else { to }.point.y;
                way.push(Point::new(from.wire_x, y));
            }
            (Site::Bridge, Site::PodEth0) => {
                way.push(Point::new(to.wire_x, from.point.y));
                way.push(Point::new(to.wire_x, to.point.y));
            }
            (Site::PodEth0, Site::Bridge) => way.push(Point::new(from.wire_x, from.point.y)),
            (Site::Bridge, Site::Veth) => way.push(Point::new(to.wire_x, from.point.y)),
            (Site::Veth, Site::Stack) | (Site::Stack, Site::Veth) => {
                if let Some(card) = from.card {
                    way.push(Point::new(from.point.x, card.bridge_y));
                    way.push(Point::new(to.point.x, card.bridge_y));
                }
            }
            (Site::Bridge, Site::Stack) => way.push(Point::new(to.point.x, from.point.y)),
            _ => {}
        }
    } else {
        way.extend(over_cable(scene, from, to));
    }
    way.push(to.point);
    way.dedup();
    way
}

/// Between cards, or between a card and the outside, along the underlay.
fn over_cable(scene: &Scene, from: &Anchor, to: &Anchor) -> Vec<Point> {
    let bus = |anchor: &Anchor| {
        let card = anchor.card?;
        let line = scene.buses.get(card.bus)?;
        Some((Point::new(card.eth0.center().x, line.y), card.bus))
    };
    match (bus(from), bus(to)) {
        (Some((a, row)), Some((b, other))) if row == other => vec![a, b],
        (Some((a, _)), Some((b, _))) => {
            vec![
                a,
                Point::new(scene.trunk_x, a.y),
                Point::new(scene.trunk_x, b.y),
                b,
            ]
        }
        (Some((a, _)), None) => {
            let mut way = vec![a, Point::new(scene.trunk_x, a.y)];
            way.extend(outward(scene, to));
            way
        }
        (None, Some((b, _))) => {
            let mut way = outward(scene, from);
            way.reverse();
            way.push(Point::new(scene.trunk_x, b.y));
            way.push(b);
            way
        }
        (None, None) => vec![],
    }
}

/// From the trunk to something outside.
fn outward(scene: &Scene, to: &Anchor) -> Vec<Point> {
    let rect = match to.site {
        Site::LoadBalancer => &scene.balancer,
        _ => &scene.internet,
    };
    match scene.tall {
        true => vec![
            Point::new(scene.trunk_x, rect.y - 10.0),
            Point::new(rect.center().x, rect.y - 10.0),
            rect.center(),
        ],
        false => vec![Point::new(scene.trunk_x, rect.center().y), rect.center()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;
    use crate::page::stage::director::Director;

    fn staged() -> (World, Director) {
        let mut world = World::default();
        let mut director = Director::default();
        director.resize(1100.0, 760.0, 0.0);
        let changes = world.apply(&mut fixture::small());
        director.changed(&world, &changes, 0.0);
        (world, director)
    }

    #[test]
    fn a_packet_crosses_from_node_to_node_along_the_wires() {
        let (world, director) = staged();
        let journey = fixture::journey();
        let track = track(&director.scene, &director.seats, &world, &journey);
        let hops: usize = journey.legs.iter().map(|leg| leg.hops.len()).sum();
        assert_eq!(track.stops.len(), hops);
        // Wires run straight up, down, left or right, except inside a pod.
        for stop in &track.stops {
            let place = &journey.legs[stop.leg].hops[stop.hop].place;
            if matches!(place.site, Site::Process | Site::PodEth0) {
                continue;
            }
            for pair in stop.way.windows(2) {
                let straight =
                    (pair[0].x - pair[1].x).abs() < 0.01 || (pair[0].y - pair[1].y).abs() < 0.01;
                assert!(straight, "{place:?} {:?}", stop.way);
            }
        }
        // A way begins where the one before it ended.
        for pair in track.stops.windows(2) {
            assert_eq!(pair[1].way.first().copied(), Some(pair[0].point()));
        }
    }

    #[test]
    fn a_packet_pauses_at_each_stop() {
        let (world, director) = staged();
        let track = track(
            &director.scene,
            &director.seats,
            &world,
            &fixture::journey(),
        );
        let second = &track.stops[1];
        assert_eq!(
            track.at(second.arrives + 1.0).map(|at| at.0),
            Some(second.point())
        );
        assert_eq!(
            track.at(second.arrives + STOP_MS - 1.0).map(|at| at.0),
            Some(second.point())
        );
        let last = track.stops.last().map(Stop::point);
        assert_eq!(track.at(f64::MAX).map(|at| at.0), last);
    }
}
