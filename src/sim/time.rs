//! Instants of virtual time.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// Where instant zero lies: 2026-01-05 09:00:00 UTC, in seconds since 1970.
pub const EPOCH_UNIX_SECONDS: i64 = 1_767_603_600;

/// One microsecond.
pub const MICROSECOND: Duration = Duration::from_micros(1);
/// One millisecond.
pub const MILLISECOND: Duration = Duration::from_millis(1);
/// One second.
pub const SECOND: Duration = Duration::from_secs(1);

/// Nanoseconds of virtual time since the cluster was made.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Instant(pub u64);

impl Instant {
    /// The beginning.
    pub const ZERO: Instant = Instant(0);
    /// The end of representable time (584 years).
    pub const MAX: Instant = Instant(u64::MAX);

    /// `seconds` after the beginning.
    pub const fn from_secs(seconds: u64) -> Self {
        Instant(seconds.saturating_mul(1_000_000_000))
    }

    /// Seconds since the beginning.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Time passed since `earlier`; zero when `earlier` lies ahead.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The calendar time that objects carry. Kubernetes writes whole seconds
    /// (`metav1.Time`), so the fraction is cut.
    pub fn timestamp(self) -> jiff::Timestamp {
        let seconds = EPOCH_UNIX_SECONDS.saturating_add((self.0 / 1_000_000_000) as i64);
        jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX)
    }

    /// The calendar time with microseconds (`metav1.MicroTime`, used by leases
    /// and events).
    pub fn timestamp_micro(self) -> jiff::Timestamp {
        let micros = EPOCH_UNIX_SECONDS
            .saturating_mul(1_000_000)
            .saturating_add((self.0 / 1_000) as i64);
        jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX)
    }

    /// The instant of a calendar time; zero for times before the beginning.
    pub fn from_timestamp(time: jiff::Timestamp) -> Self {
        let nanos = time.as_nanosecond() - i128::from(EPOCH_UNIX_SECONDS) * 1_000_000_000;
        Instant(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Instant(self.0.saturating_add(nanos))
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, duration: Duration) -> Instant {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Instant(self.0.saturating_sub(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_time_round_trips_at_whole_seconds() {
        let instant = Instant::from_secs(90);
        assert_eq!(instant.timestamp().to_string(), "2026-01-05T09:01:30Z");
        assert_eq!(Instant::from_timestamp(instant.timestamp()), instant);
    }

    #[test]
    fn times_before_the_beginning_are_zero() {
        assert_eq!(
            Instant::from_timestamp(jiff::Timestamp::UNIX_EPOCH),
            Instant::ZERO
        );
        assert_eq!(Instant::ZERO - SECOND, Instant::ZERO);
    }
}
