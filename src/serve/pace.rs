//! How virtual time follows the wall's.

use crate::sim::Instant;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant as Wall;

/// The slowest and the fastest finite speed.
const SPEED_MIN: f64 = 0.01;
const SPEED_MAX: f64 = 100_000.0;
/// An engine that is further behind than this does not catch up: its clock runs
/// slower instead.
const LAG_MAX: Duration = Duration::from_millis(250);

/// How many virtual seconds a second takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many.
    Times(f64),
    /// As many as can be computed.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Speed::Max);
        }
        let number = text.trim_end_matches(['x', '×']).parse().ok();
        number.and_then(Speed::times).ok_or_else(|| {
            format!("a speed is \"max\" or a number from {SPEED_MIN} to {SPEED_MAX}")
        })
    }
}

impl Speed {
    /// A finite speed within bounds.
    pub fn times(number: f64) -> Option<Speed> {
        (SPEED_MIN..=SPEED_MAX)
            .contains(&number)
            .then_some(Speed::Times(number))
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Speed::Times(number) => write!(f, "{number}"),
            Speed::Max => f.write_str("max"),
        }
    }
}

/// The two clocks, tied together at one moment.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    speed: Speed,
    paused: bool,
    virtual_at: Instant,
    wall_at: Wall,
}

/// What the pace asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// Stand still.
    Stay,
    /// Go there.
    Until(Instant),
    /// Go as far as you can.
    Away,
}

impl Pace {
    pub(super) fn new(speed: Speed, now: Instant, wall: Wall) -> Self {
        Pace {
            speed,
            paused: false,
            virtual_at: now,
            wall_at: wall,
        }
    }

    pub(super) fn speed(&self) -> Speed {
        self.speed
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Ties the clocks together at this moment.
    pub(super) fn tie(&mut self, now: Instant, wall: Wall) {
        self.virtual_at = now;
        self.wall_at = wall;
    }

    pub(super) fn set(&mut self, speed: Speed, paused: bool, now: Instant, wall: Wall) {
        self.tie(now, wall);
        self.speed = speed;
        self.paused = paused;
    }

    pub(super) fn goal(&self, wall: Wall) -> Goal {
        match self.speed {
            _ if self.paused => Goal::Stay,
            Speed::Max => Goal::Away,
            Speed::Times(times) => {
                let passed = wall.duration_since(self.wall_at).mul_f64(times);
                Goal::Until(self.virtual_at + passed)
            }
        }
    }

    /// Lets the clock run slower where the engine is too far behind it.
    pub(super) fn forgive(&mut self, now: Instant, wall: Wall) {
        let (Goal::Until(goal), Speed::Times(times)) = (self.goal(wall), self.speed) else {
            return;
        };
        if goal.since(now) > LAG_MAX.mul_f64(times.max(1.0)) {
            self.tie(now, wall);
        }
    }

    /// How long it takes until virtual time is `at`.
    pub(super) fn wait(&self, at: Instant, wall: Wall) -> Option<Duration> {
        match (self.goal(wall), self.speed) {
            (Goal::Until(goal), Speed::Times(times)) => {
                let ahead = at.since(goal).as_secs_f64() / times;
                Some(Duration::from_secs_f64(ahead.min(3600.0)))
            }
            (Goal::Away, _) => Some(Duration::ZERO),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_at_the_speed_asked_for_and_stands_when_paused() {
        let wall = Wall::now();
        let later = wall + Duration::from_secs(2);
        let begun = Instant::from_secs(30);
        let mut pace = Pace::new(Speed::Times(10.0), begun, wall);
        assert_eq!(pace.goal(later), Goal::Until(Instant::from_secs(50)));
        let in_five = pace.wait(Instant::from_secs(100), later);
        assert_eq!(in_five, Some(Duration::from_secs(5)));
        pace.set(Speed::Times(10.0), true, Instant::from_secs(50), later);
        assert_eq!(pace.goal(later), Goal::Stay);
        pace.set(Speed::Max, false, Instant::from_secs(50), later);
        assert_eq!(pace.goal(later), Goal::Away);
    }

    #[test]
    fn an_engine_that_is_late_owes_nothing() {
        let wall = Wall::now();
        let later = wall + Duration::from_secs(60);
        let mut pace = Pace::new(Speed::Times(1.0), Instant::ZERO, wall);
        pace.forgive(Instant::from_secs(10), later);
        assert_eq!(pace.goal(later), Goal::Until(Instant::from_secs(10)));
    }

    #[test]
    fn speeds_are_read_as_people_write_them() {
        assert_eq!("10".parse(), Ok(Speed::Times(10.0)));
        assert_eq!("2.5x".parse(), Ok(Speed::Times(2.5)));
        assert_eq!("max".parse(), Ok(Speed::Max));
        for wrong in ["0", "-1", "fast", "inf", "NaN"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }
}
