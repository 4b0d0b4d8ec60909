//! The trace as the viewer gets it: single records while there are few, counts
//! where there are many.

use super::marks;
use super::protocol::{Bundle, MarkSort, RECORDS_PER_UPDATE_MAX, Update};
use crate::api::Name;
use crate::cluster::Cluster;
use crate::sim::trace::{Record, RecordId, Verb, What};
use crate::sim::{Actor, Instant};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How much of the trace the viewer has been told.
#[derive(Clone, Debug, Default)]
pub(super) struct Reel {
    told: RecordId,
}

/// Marks in one update.
const MARKS_MAX: usize = 64;
/// Placements in one update with a mark each; more of them share one.
const PLACED_MAX: usize = 6;
/// Decisions in one update. Each weighs as much as there are nodes; whoever looks
/// at a pod gets its decision with the detail.
const DECISIONS_MAX: usize = 24;

impl Reel {
    pub(super) fn write_records(&mut self, cluster: &Cluster, update: &mut Update) {
        let fresh: Vec<&Arc<Record>> = cluster.trace().since(self.told).collect();
        self.told = cluster.trace().next_id();
        let mut bundles: BTreeMap<(Actor, bool, Name), (u32, Instant)> = BTreeMap::new();
        // What is rare and tells most is kept first.
        let singles = fresh
            .iter()
            .filter(|record| traffic(record).is_none())
            .count();
        let mut room = RECORDS_PER_UPDATE_MAX.saturating_sub(singles);
        let mut single_room = RECORDS_PER_UPDATE_MAX;
        let mut decision_room = DECISIONS_MAX;
        let mut placed = Vec::new();
        for record in fresh {
            match marks::of(record) {
                Some(mark) if mark.sort == MarkSort::Placed => placed.push(mark),
                Some(mark) if update.marks.len() < MARKS_MAX => update.marks.push(mark),
                _ => {}
            }
            match traffic(record) {
                None if matches!(record.what, What::Scheduling(_)) && decision_room == 0 => {}
                None if matches!(record.what, What::Scheduling(_)) && single_room > 0 => {
                    decision_room -= 1;
                    single_room -= 1;
                    update.records.push(record.clone());
                }
                None if single_room > 0 => {
                    single_room -= 1;
                    update.records.push(record.clone());
                }
                None => {}
                Some((_, _, Traffic::Silent)) => {}
                Some((_, _, Traffic::Single)) if room > 0 => {
                    room -= 1;
                    update.records.push(record.clone());
                }
                Some((call, resource, _)) => {
                    let sort = (record.actor.clone(), call, resource.clone());
                    let (count, at) = bundles.entry(sort).or_default();
                    *count += 1;
                    *at = record.at;
                }
            }
        }
        update.marks.extend(marks::together(placed, PLACED_MAX));
        update.marks.sort_by_key(|mark| mark.at);
        update.bundles = bundles
            .into_iter()
            .map(|((actor, call, resource), (count, at))| Bundle {
                actor,
                call,
                resource,
                count,
                at,
            })
            .collect();
    }
}

enum Traffic {
    /// Worth a movement of its own.
    Single,
    /// Steady background: heartbeats.
    Background,
    /// Reads leave nothing to see.
    Silent,
}

/// Whether a record is a call (true) or a delivery (false), and about what.
fn traffic(record: &Record) -> Option<(bool, &Name, Traffic)> {
    match &record.what {
        What::Call {
            verb: Verb::Get | Verb::List | Verb::Watch,
            resource,
            ..
        } => Some((true, resource, Traffic::Silent)),
        What::Call { resource, .. } => Some((true, resource, weight(resource))),
        What::Delivered { resource, .. } => Some((false, resource, weight(resource))),
        _ => None,
    }
}

fn weight(resource: &str) -> Traffic {
    match resource {
        "leases" | "events" => Traffic::Background,
        _ => Traffic::Single,
    }
}
