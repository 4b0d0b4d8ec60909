//! Keeps the stage: who sits where, how it is arranged, what moves, and when it
//! has to be drawn again.

use super::camera::Camera;
use super::geometry::{Rect, ease_out};
use super::hit::Target;
use super::layout::{CardPlan, Plan, arrange};
use super::motion::{APPEAR_MS, FLIGHT_MS, Motion, Run};
use super::packets::{Track, track};
use super::scene::Scene;
use super::seats::Seats;
use crate::page::state::{Changes, World};
use crate::session::protocol::{PodState, Subject};
use crate::sim::RecordId;
use crate::sim::trace::{Journey, Name};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How soon the picture must be drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Not before something changes.
    Rest,
    /// A few times a second: a ring counts down.
    Slow,
    /// At the next frame.
    Full,
}

/// A journey that is looked at hop by hop.
#[derive(Clone, Debug)]
pub struct Following {
    /// The journey.
    pub journey: Arc<Journey>,
    /// Number of the leg.
    pub leg: usize,
    /// Number of the hop in the leg.
    pub hop: usize,
    /// When the packet was sent on to this hop, in milliseconds.
    pub since: f64,
}

/// The stage.
#[derive(Clone, Debug)]
pub struct Director {
    /// Who sits where.
    pub seats: Seats,
    /// How it is arranged.
    pub scene: Scene,
    /// What is seen of it.
    pub camera: Camera,
    /// What moves.
    pub motion: Motion,
    /// What is under the pointer.
    pub hover: Option<Target>,
    /// What is selected.
    pub selection: Option<Subject>,
    /// The journey that is looked at.
    pub following: Option<Following>,
    /// Whether everything got another place, and the eye has to be led over.
    pub rearranged: bool,
    plan: Plan,
    tracks: BTreeMap<RecordId, Track>,
    followed: Option<Track>,
    dirty: bool,
    counting: bool,
}

impl Default for Director {
    fn default() -> Self {
        let plan = Plan {
            cards: Vec::new(),
            width: 800.0,
            height: 600.0,
        };
        Director {
            seats: Seats::default(),
            scene: arrange(&plan),
            camera: Camera::default(),
            motion: Motion::default(),
            hover: None,
            selection: None,
            following: None,
            rearranged: false,
            plan,
            tracks: BTreeMap::new(),
            followed: None,
            dirty: true,
            counting: false,
        }
    }
}

/// Records of the last two seconds (at speed 1) are shown as motion.
const RECENT_SECONDS: f64 = 2.0;

impl Director {
    /// Tells the size of the screen in CSS pixels.
    pub fn resize(&mut self, width: f64, height: f64, now: f64) {
        self.camera.resize(width, height);
        self.plan.width = width;
        self.plan.height = height;
        self.arrange(now);
    }

    /// Takes in what an update changed.
    pub fn changed(&mut self, world: &World, changes: &Changes, now: f64) {
        self.dirty = true;
        if changes.whole {
            self.seats = Seats::default();
            self.motion.clear();
            self.tracks.clear();
            self.plan.cards.clear();
        }
        // What is long past (after a reset, a skip) is told by lists, not by motion.
        let speed = world.clock.speed_reached.clamp(1.0, 1000.0);
        let recent = std::time::Duration::from_secs_f64(RECENT_SECONDS * speed);
        let since = world.clock.now - recent;
        if !changes.whole {
            let first = changes.records.partition_point(|record| record.at < since);
            self.motion.schedule(&changes.records[first..], speed, now);
            self.motion.schedule_bundles(&changes.bundles, now);
        }
        let queued = self.seats.used(None, false);
        let mut from = Vec::new();
        for pod in &changes.gone {
            if let Some(rect) = self.rect_of_seat(&pod.uid, queued)
                && pod.node.is_some()
                && !changes.whole
            {
                self.motion.haunt(pod.clone(), rect, now);
            }
            self.seats.leave(&pod.uid);
            self.motion.flights.remove(&pod.uid);
        }
        for uid in &changes.moved {
            let Some(pod) = world.pods.get(uid) else {
                continue;
            };
            let old = self.rect_of_seat(uid, queued);
            self.seats.sit(pod);
            let came_with_the_cluster = pod.system && old.is_none();
            if !changes.whole && !came_with_the_cluster {
                from.push((uid.clone(), old));
            }
        }
        let planned = self.planned(world);
        if planned != self.plan.cards {
            self.plan.cards = planned;
            self.arrange(now);
            self.rearranged = !changes.whole;
        }
        for (uid, old) in from {
            self.fly(world, &uid, old, now);
        }
        self.counting = world
            .pods
            .values()
            .any(|pod| matches!(pod.state, PodState::BackOff));
    }

    fn fly(&mut self, world: &World, uid: &Name, old: Option<Rect>, now: f64) {
        let Some(pod) = world.pods.get(uid) else {
            return;
        };
        if pod.node.is_none() {
            let start = self.motion.created_at(&pod.key, now);
            let from = self.door();
            self.motion.fly(uid, from, start, APPEAR_MS);
            return;
        }
        let start = self.motion.placed_at(&pod.key, now);
        let waiting = || self.scene.queue_cell(self.motion.flights.len() % 8, 8);
        let from = old.unwrap_or_else(waiting);
        self.motion.fly(uid, from, start, FLIGHT_MS);
    }

    /// Where new pods come from: the API server, under the scheduler.
    fn door(&self) -> Rect {
        let x = self.scene.scheduler.center().x;
        let y = self.scene.api.center().y;
        Rect::new(x - 8.0, y - 4.0, 16.0, 8.0)
    }

    /// What each node needs. Room once given is kept until less than half of it is
    /// needed, so that the stage stands still.
    fn planned(&self, world: &World) -> Vec<CardPlan> {
        let most = |system: bool| {
            world
                .nodes
                .keys()
                .map(|node| self.seats.used(Some(node), system))
                .max()
                .unwrap_or(0)
        };
        let had = self.plan.cards.iter().map(|card| card.seats).max();
        let needed = most(false);
        let seats = match had {
            Some(had) if needed <= had && needed * 2 > had => had,
            _ => needed.next_multiple_of(if needed > 12 { 6 } else { 2 }),
        };
        world
            .nodes
            .values()
            .map(|node| CardPlan {
                node: node.name.clone(),
                zone: node.zone.clone(),
                control_plane: node.control_plane,
                seats: match node.control_plane {
                    // Its taint keeps most pods away.
                    true => self.seats.used(Some(&node.name), false),
                    false => seats,
                },
                system_seats: self.seats.used(Some(&node.name), true),
            })
            .collect()
    }

    fn arrange(&mut self, now: f64) {
        self.scene = arrange(&self.plan);
        self.tracks.clear();
        self.followed = None;
        self.dirty = true;
        if self.camera.follows {
            self.camera.fit(&self.scene.bounds.clone(), now, true);
        }
    }

    /// Shows everything.
    pub fn fit(&mut self, now: f64) {
        let bounds = self.scene.bounds;
        self.camera.fit(&bounds, now, self.motion.reduced);
        self.dirty = true;
    }

    /// Looks at a journey's hop, or no more.
    pub fn follow(&mut self, following: Option<Following>) {
        self.following = following;
        self.followed = None;
        self.dirty = true;
    }

    /// Something that is drawn has changed.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// Moves on to the moment `now`; says how soon to draw, and this time whether.
    pub fn tick(&mut self, world: &World, now: f64) -> (bool, Pace) {
        self.prepare_tracks(world);
        let tracks = &self.tracks;
        let lasts = |run: &Run| tracks.get(&run.id).map_or(0.0, |track| track.lasts + 600.0);
        let moved = self.motion.moves();
        self.motion.tick(now, lasts);
        let glides = self.camera.tick(now);
        let steps = self
            .following
            .as_ref()
            .is_some_and(|following| now < following.since + 1_000.0);
        let draw = std::mem::take(&mut self.dirty) || moved || glides || steps;
        let pace = if self.motion.moves() || glides || steps {
            Pace::Full
        } else if self.counting && world.clock.playing {
            Pace::Slow
        } else {
            Pace::Rest
        };
        (draw, pace)
    }

    fn prepare_tracks(&mut self, world: &World) {
        for run in &self.motion.runs {
            if !self.tracks.contains_key(&run.id) {
                let laid = track(&self.scene, &self.seats, world, &run.journey);
                self.tracks.insert(run.id, laid);
            }
        }
        let runs = &self.motion.runs;
        self.tracks
            .retain(|id, _| runs.iter().any(|run| run.id == *id));
        if let Some(following) = &self.following
            && self.followed.is_none()
        {
            self.followed = Some(track(&self.scene, &self.seats, world, &following.journey));
        }
    }

    /// The way of a packet that is on the way.
    pub fn track(&self, run: &Run) -> Option<&Track> {
        self.tracks.get(&run.id)
    }

    /// The way of the journey that is looked at.
    pub fn followed(&self) -> Option<&Track> {
        self.followed.as_ref()
    }

    fn rect_of_seat(&self, uid: &str, queued: usize) -> Option<Rect> {
        self.scene.seat(self.seats.of(uid)?, queued)
    }

    /// Where a pod is at the moment `now`.
    pub fn pod_rect(&self, uid: &str, now: f64) -> Option<Rect> {
        let seat = self.rect_of_seat(uid, self.seats.used(None, false))?;
        Some(match self.motion.flights.get(uid) {
            Some(flight) => {
                let part = ease_out((now - flight.start) / flight.lasts);
                flight.from.toward(&seat, part)
            }
            None => seat,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;
    use crate::session::protocol::Update;

    fn staged() -> (World, Director) {
        let mut world = World::default();
        let mut director = Director::default();
        director.resize(1100.0, 760.0, 0.0);
        let changes = world.apply(&mut fixture::small());
        director.changed(&world, &changes, 0.0);
        (world, director)
    }

    #[test]
    fn a_placed_pod_flies_from_the_queue_to_its_node() {
        let (mut world, mut director) = staged();
        let uid = "uid-g5h6j";
        let waiting = director.pod_rect(uid, 0.0).unwrap_or_default();
        assert!(director.scene.queue.meets(&waiting));
        let mut pod = world.pods[uid].clone();
        pod.node = Some("node-1".into());
        let changes = world.apply(&mut Update {
            pods: vec![pod],
            ..Update::default()
        });
        director.changed(&world, &changes, 1_000.0);
        assert_eq!(director.pod_rect(uid, 1_000.0), Some(waiting));
        let landed = director.pod_rect(uid, 9_000.0).unwrap_or_default();
        let card = director.scene.card("node-1").map(|card| card.rect);
        assert!(card.is_some_and(|card| card.meets(&landed)));
    }

    #[test]
    fn a_lost_pod_leaves_a_ghost_and_the_stage_comes_to_rest() {
        let (mut world, mut director) = staged();
        let changes = world.apply(&mut Update {
            clock: world.clock,
            pods_gone: vec!["uid-x2x9z".into()],
            ..Update::default()
        });
        director.changed(&world, &changes, 0.0);
        assert_eq!(director.motion.ghosts.len(), 1);
        assert_eq!(director.tick(&world, 10.0), (true, Pace::Full));
        director.tick(&world, 9_000.0);
        let (draw, pace) = director.tick(&world, 9_001.0);
        assert!(!draw);
        assert_eq!(pace, Pace::Slow, "a back-off ring still counts down");
    }

    #[test]
    fn the_stage_stands_still_when_a_few_pods_come_and_go() {
        let (mut world, mut director) = staged();
        let before = director.scene.bounds;
        let pod = fixture::pod("new", "web", Some("node-3"));
        let changes = world.apply(&mut Update {
            pods: vec![pod],
            pods_gone: vec!["uid-x2x9z".into()],
            ..Update::default()
        });
        director.changed(&world, &changes, 0.0);
        assert_eq!(director.scene.bounds, before);
    }
}
