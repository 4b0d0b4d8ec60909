//! Back-off of one thing that fails again and again
//! (`k8s.io/client-go/util/flowcontrol.Backoff`).

use crate::sim::Instant;
use std::time::Duration;

/// First delay.
pub(super) const BACK_OFF_BASE: Duration = Duration::from_secs(10);
/// Longest delay (`MaxContainerBackOff`, `imageBackOff`).
pub(super) const BACK_OFF_MAX: Duration = Duration::from_secs(300);
/// A failure this long after the last attempt begins anew: twice the longest delay.
const BACK_OFF_RESET: Duration = Duration::from_secs(600);

/// Delays of 10 s doubling to 300 s; forgotten after ten quiet minutes.
#[derive(Clone, Debug, Default)]
pub(super) struct BackOff {
    entry: Option<(Duration, Instant)>,
}

impl BackOff {
    /// Until when to wait after a failure at `failed`, and how long this
    /// back-off is in all. None: no need to wait.
    pub(super) fn waiting(&self, failed: Instant, now: Instant) -> Option<(Instant, Duration)> {
        let (delay, updated) = self.entry?;
        if failed.since(updated) > BACK_OFF_RESET {
            return None;
        }
        let until = failed + delay;
        (now < until).then_some((until, delay))
    }

    /// Until when to wait since the entry was last renewed.
    pub(super) fn waiting_since_update(&self, now: Instant) -> Option<(Instant, Duration)> {
        let (_, updated) = self.entry?;
        self.waiting(updated, now)
    }

    /// Notes one more attempt after a failure.
    pub(super) fn next(&mut self, failed: Instant, now: Instant) {
        let delay = match self.entry {
            Some((delay, updated)) if failed.since(updated) <= BACK_OFF_RESET => {
                (delay * 2).min(BACK_OFF_MAX)
            }
            _ => BACK_OFF_BASE,
        };
        self.entry = Some((delay, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_five_minutes_and_are_forgotten_after_ten() {
        let mut back_off = BackOff::default();
        let mut now = Instant::from_secs(1);
        assert_eq!(back_off.waiting(now, now), None);
        let mut delays = Vec::new();
        for _ in 0..7 {
            back_off.next(now, now);
            let (until, delay) = back_off.waiting(now, now).unwrap();
            delays.push(delay.as_secs());
            now = until;
        }
        assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(back_off.waiting(now + BACK_OFF_RESET * 2, now), None);
        back_off.next(now + BACK_OFF_RESET * 2, now);
        assert_eq!(back_off.waiting(now, now).unwrap().1, BACK_OFF_BASE);
    }
}
