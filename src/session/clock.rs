//! The transport: how far virtual time is let run.

use super::protocol::ClockView;
use crate::cluster::Cluster;
use crate::sim::Instant;
use std::time::Duration;

/// The slowest and the fastest finite speed.
const SPEED_MIN: f64 = 0.1;
const SPEED_MAX: f64 = 1000.0;

/// Where the engine cannot keep up, no more than this is owed: the viewer's
/// clock slows down instead of jumping.
const OWED_WALL_SECONDS_MAX: f64 = 0.1;

/// How far a step goes at unlimited speed before events are counted again.
const UNLIMITED_STRIDE: Duration = Duration::from_secs(1);

/// How quickly the measured speed follows, by wall second.
const MEASURE_SECONDS: f64 = 0.5;

#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub playing: bool,
    speed: f64,
    reached: f64,
    /// Virtual time may run up to here.
    goal: Instant,
    /// A skip that is under way ends here.
    skip_to: Option<Instant>,
    /// Where virtual time stood when the speed was measured last.
    measured: Instant,
}

impl Clock {
    /// A clock that runs at the speed of the wall's from `now` on.
    pub(super) fn at(now: Instant) -> Self {
        Clock {
            playing: true,
            speed: 1.0,
            reached: 1.0,
            goal: now,
            skip_to: None,
            measured: now,
        }
    }

    /// The same transport for a new cluster.
    pub(super) fn restarted(&self, now: Instant) -> Self {
        Clock {
            playing: self.playing,
            speed: self.speed,
            ..Clock::at(now)
        }
    }

    pub(super) fn set_speed(&mut self, speed: f64) {
        self.speed = match speed {
            speed if speed == f64::INFINITY => speed,
            speed if speed.is_finite() => speed.clamp(SPEED_MIN, SPEED_MAX),
            _ => 1.0,
        };
    }

    pub(super) fn skip(&mut self, cluster: &Cluster, seconds: f64) {
        if seconds.is_finite() && seconds > 0.0 {
            self.skip_to = Some(cluster.now() + Duration::from_secs_f64(seconds.min(86_400.0)));
        }
    }

    pub(super) fn stop_at(&mut self, now: Instant) {
        self.goal = now;
        self.skip_to = None;
    }

    /// `wall_seconds` is what passed since the last call; zero where the viewer
    /// only goes on with what is owed. True where the budget was spent before
    /// the goal.
    pub(super) fn advance(
        &mut self,
        cluster: &mut Cluster,
        wall_seconds: f64,
        budget: u32,
    ) -> bool {
        let begun = cluster.now();
        let behind = match self.skip_to {
            Some(until) => self.run_skip(cluster, until, budget),
            None if !self.playing => false,
            None if self.speed == f64::INFINITY => {
                cluster.advance(begun + UNLIMITED_STRIDE, budget);
                self.goal = cluster.now();
                true
            }
            None => self.run_paced(cluster, wall_seconds, budget),
        };
        self.measure(cluster.now(), wall_seconds);
        behind
    }

    fn run_skip(&mut self, cluster: &mut Cluster, until: Instant, budget: u32) -> bool {
        let reached = cluster.advance(until, budget).reached;
        self.goal = cluster.now();
        if reached {
            self.skip_to = None;
        }
        !reached
    }

    fn run_paced(&mut self, cluster: &mut Cluster, wall_seconds: f64, budget: u32) -> bool {
        let now = cluster.now();
        let step = Duration::from_secs_f64((wall_seconds * self.speed).max(0.0));
        let owed_max =
            Duration::from_secs_f64(OWED_WALL_SECONDS_MAX.max(wall_seconds) * self.speed);
        self.goal = (self.goal.max(now) + step).min(now + owed_max);
        !cluster.advance(self.goal, budget).reached
    }

    fn measure(&mut self, now: Instant, wall_seconds: f64) {
        if wall_seconds > 0.0 {
            let speed = now.since(self.measured).as_secs_f64() / wall_seconds;
            let weight = (wall_seconds / MEASURE_SECONDS).min(1.0);
            self.reached += (speed - self.reached) * weight;
            self.measured = now;
        }
    }

    pub(super) fn view(&self, cluster: &Cluster) -> ClockView {
        ClockView {
            now: cluster.now(),
            playing: self.playing,
            speed: self.speed,
            speed_reached: self.reached,
            revision: cluster.api().etcd().revision(),
        }
    }
}
