//! The timeline's marks on a strip: how long a time it shows, and which marks
//! stand too close to each other to be told apart.

use crate::session::protocol::{Mark, MarkSort};
use crate::sim::Instant;
use std::time::Duration;

/// The strip shows at least so long a time.
const SPAN_MIN: Duration = Duration::from_secs(60);
/// It shows at most so long a time; what is older is in the list of events.
const SPAN_MAX: Duration = Duration::from_secs(900);
/// Marks closer than this part of the strip are one.
const CLOSE: f64 = 0.012;

/// Marks that stand together.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Place on the strip, 0 to 1.
    pub at: f64,
    /// The most telling of them, the latest of its sort.
    pub mark: Mark,
    /// How many there are.
    pub count: usize,
}

/// When the strip begins: at the oldest mark, within bounds.
pub fn begin(marks: impl IntoIterator<Item = Instant>, now: Instant) -> Instant {
    let oldest = marks.into_iter().find(|at| *at >= now - SPAN_MAX);
    oldest.unwrap_or(now).min(now - SPAN_MIN)
}

/// The marks since `begin` as spots, oldest first. `marks` come oldest first.
pub fn spots<'a>(
    marks: impl IntoIterator<Item = &'a Mark>,
    begin: Instant,
    now: Instant,
) -> Vec<Spot> {
    let span = now.since(begin).as_secs_f64().max(1e-9);
    let mut spots: Vec<Spot> = Vec::new();
    for mark in marks
        .into_iter()
        .filter(|mark| mark.at >= begin && mark.at <= now)
    {
        let at = mark.at.since(begin).as_secs_f64() / span;
        match spots.last_mut() {
            Some(last) if at - last.at < CLOSE => {
                last.count += 1;
                if weight(mark.sort) >= weight(last.mark.sort) {
                    last.mark = mark.clone();
                }
            }
            _ => spots.push(Spot {
                at,
                mark: mark.clone(),
                count: 1,
            }),
        }
    }
    spots
}

/// What a user looks for first: their own deeds, then what broke.
fn weight(sort: MarkSort) -> u8 {
    match sort {
        MarkSort::Step => 6,
        MarkSort::User => 5,
        MarkSort::Node => 4,
        MarkSort::Crash => 3,
        MarkSort::Packet => 2,
        MarkSort::Warning => 1,
        MarkSort::Placed => 0,
    }
}

/// Glyph and word of a sort of mark.
pub fn sign(sort: MarkSort) -> (&'static str, &'static str) {
    match sort {
        MarkSort::User => ("●", "you"),
        MarkSort::Placed => ("▾", "placed"),
        MarkSort::Crash => ("✕", "crash"),
        MarkSort::Node => ("■", "node"),
        MarkSort::Packet => ("◆", "packet"),
        MarkSort::Step => ("▸", "step"),
        MarkSort::Warning => ("⚠", "warning"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(seconds: u64, sort: MarkSort) -> Mark {
        Mark {
            at: Instant::from_secs(seconds),
            sort,
            text: "".into(),
            subject: None,
        }
    }

    #[test]
    fn the_strip_begins_at_its_oldest_mark_within_bounds() {
        let now = Instant::from_secs(2000);
        let begin = |seconds: &[u64]| begin(seconds.iter().map(|at| Instant::from_secs(*at)), now);
        assert_eq!(begin(&[]), Instant::from_secs(1940));
        assert_eq!(begin(&[1990]), Instant::from_secs(1940));
        assert_eq!(begin(&[3, 1500, 1990]), Instant::from_secs(1500));
    }

    #[test]
    fn marks_that_stand_together_are_one_with_a_count() {
        let (begin, now) = (Instant::from_secs(0), Instant::from_secs(100));
        let marks = [
            mark(50, MarkSort::User),
            mark(51, MarkSort::Placed),
            mark(80, MarkSort::Crash),
        ];
        let spots = spots(&marks, begin, now);
        let told: Vec<_> = spots
            .iter()
            .map(|spot| (spot.mark.sort, spot.count))
            .collect();
        assert_eq!(told, [(MarkSort::User, 2), (MarkSort::Crash, 1)]);
    }
}
