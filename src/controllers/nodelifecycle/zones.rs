//! Zones: how many of their nodes fail, and how fast nodes may be given the taint
//! that evicts.

use crate::api::{Name, Node, Resource};
use crate::sim::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// `--node-eviction-rate` 0.1: one node in ten seconds.
const TAINT_EVERY: Duration = Duration::from_secs(10);
/// `--secondary-node-eviction-rate` 0.01, in large zones that partly fail.
const TAINT_EVERY_SLOW: Duration = Duration::from_secs(100);
/// `--large-cluster-size-threshold`.
const LARGE_ZONE: usize = 50;
/// `--unhealthy-zone-threshold`, in percent.
const UNHEALTHY_PERCENT: usize = 55;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Normal,
    Partial,
    Full,
}

#[derive(Clone, Debug, Default)]
struct Zone {
    ready: BTreeSet<Name>,
    unready: BTreeSet<Name>,
    state: State,
    waiting: BTreeSet<Name>,
    next_taint: Instant,
}

impl Zone {
    /// `ComputeZoneState`.
    fn judge(&self) -> State {
        let (ready, unready) = (self.ready.len(), self.unready.len());
        if ready == 0 && unready > 0 {
            return State::Full;
        }
        if unready > 2 && unready * 100 >= UNHEALTHY_PERCENT * (ready + unready) {
            return State::Partial;
        }
        State::Normal
    }

    fn size(&self) -> usize {
        self.ready.len() + self.unready.len()
    }

    /// Time between two taints; none where none may be set.
    fn pace(&self) -> Option<Duration> {
        match self.state {
            State::Normal | State::Full => Some(TAINT_EVERY),
            State::Partial if self.size() > LARGE_ZONE => Some(TAINT_EVERY_SLOW),
            State::Partial => None,
        }
    }
}

/// A zone whose state changed.
#[derive(Clone, Debug)]
pub(super) struct ZoneChange {
    pub(super) zone: Name,
    pub(super) sentence: String,
}

/// What a look at all zones found.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    pub(super) changes: Vec<ZoneChange>,
    pub(super) all_disrupted_now: bool,
    pub(super) all_disrupted_no_more: bool,
}

/// All zones.
#[derive(Clone, Debug, Default)]
pub(super) struct Zones {
    /// Few, whatever the cluster's size.
    zones: BTreeMap<Name, Zone>,
    by_node: BTreeMap<Name, Name>,
    all_disrupted: bool,
}

/// `GetZoneKey`: region and zone; empty where a node names neither.
fn zone_of(node: &Node) -> Name {
    let labels = node.metadata.labels.as_ref();
    let label = |name: &str| {
        labels
            .and_then(|labels| labels.get(name))
            .map_or("", String::as_str)
    };
    let (region, zone) = (
        label("topology.kubernetes.io/region"),
        label("topology.kubernetes.io/zone"),
    );
    match (region, zone) {
        ("", "") => "".into(),
        _ => format!("{region}:{zone}").into(),
    }
}

impl Zones {
    /// A node is in its zone, ready or not.
    pub(super) fn place(&mut self, node: &Node, ready: bool) {
        let name: Name = node.name().into();
        let zone = zone_of(node);
        if self.by_node.get(&name).is_some_and(|known| *known != zone) {
            self.leave(&name);
        }
        self.by_node.insert(name.clone(), zone.clone());
        let zone = self.zones.entry(zone).or_default();
        if ready {
            zone.unready.remove(&name);
            zone.ready.insert(name);
        } else {
            zone.ready.remove(&name);
            zone.unready.insert(name);
        }
    }

    pub(super) fn leave(&mut self, name: &Name) {
        let Some(zone_name) = self.by_node.remove(name) else {
            return;
        };
        if let Some(zone) = self.zones.get_mut(&zone_name) {
            zone.ready.remove(name);
            zone.unready.remove(name);
            zone.waiting.remove(name);
            if zone.size() == 0 {
                self.zones.remove(&zone_name);
            }
        }
    }

    fn zone_mut(&mut self, node: &Name) -> Option<&mut Zone> {
        let zone = self.by_node.get(node)?;
        self.zones.get_mut(zone)
    }

    pub(super) fn wait_for_taint(&mut self, node: &Name) {
        if let Some(zone) = self.zone_mut(node) {
            zone.waiting.insert(node.clone());
        }
    }

    pub(super) fn recover(&mut self, node: &Name) {
        if let Some(zone) = self.zone_mut(node) {
            zone.waiting.remove(node);
        }
    }

    /// Zones in which nodes wait for their taint.
    pub(super) fn waiting(&self) -> Vec<Name> {
        let waiting = self
            .zones
            .iter()
            .filter(|(_, zone)| !zone.waiting.is_empty());
        waiting.map(|(name, _)| name.clone()).collect()
    }

    /// Takes the next node to taint, if one waits and the pace allows.
    pub(super) fn next_to_taint(&mut self, zone: &Name, now: Instant) -> Option<Name> {
        if self.all_disrupted {
            return None;
        }
        let zone = self.zones.get_mut(zone)?;
        let pace = zone.pace()?;
        if zone.next_taint > now {
            return None;
        }
        let node = zone.waiting.first().cloned()?;
        zone.waiting.remove(&node);
        zone.next_taint = now + pace;
        Some(node)
    }

    /// How long until the next node may be tainted, if one waits.
    pub(super) fn wait(&self, zone: &Name, now: Instant) -> Option<Duration> {
        let zone = self
            .zones
            .get(zone)
            .filter(|zone| !zone.waiting.is_empty())?;
        zone.pace().filter(|_| !self.all_disrupted)?;
        Some(zone.next_taint.since(now)).filter(|wait| !wait.is_zero())
    }

    /// Judges all zones anew.
    pub(super) fn judge(&mut self) -> Judged {
        let mut judged = Judged::default();
        let all =
            !self.zones.is_empty() && self.zones.values().all(|zone| zone.judge() == State::Full);
        judged.all_disrupted_now = all && !self.all_disrupted;
        judged.all_disrupted_no_more = !all && self.all_disrupted;
        self.all_disrupted = all;
        for (name, zone) in self.zones.iter_mut() {
            let state = zone.judge();
            if state == zone.state {
                continue;
            }
            zone.state = state;
            let sentence = describe(zone, all);
            judged.changes.push(ZoneChange {
                zone: name.clone(),
                sentence,
            });
        }
        judged
    }
}

fn describe(zone: &Zone, all: bool) -> String {
    let count = format!(
        "{} of {} nodes are not ready",
        zone.unready.len(),
        zone.size()
    );
    match (zone.state, all, zone.pace()) {
        (_, true, _) => format!("{count}, everywhere: evicts nothing until one is"),
        (State::Normal, ..) => format!("{count}: evicts at the usual pace"),
        (State::Full, ..) => format!("{count}, other zones have some: evicts at the usual pace"),
        (State::Partial, _, Some(_)) => format!("{count}: evicts slowly"),
        (State::Partial, _, None) => format!("{count}, most of a small zone: evicts nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> Node {
        let mut node = Node::default();
        node.metadata.name = Some(name.to_owned());
        node
    }

    #[test]
    fn a_zone_that_mostly_fails_is_left_alone() {
        let mut zones = Zones::default();
        for (name, ready) in [("a", true), ("b", false), ("c", false)] {
            zones.place(&node(name), ready);
            zones.wait_for_taint(&name.into());
        }
        zones.judge();
        let zone: Name = "".into();
        assert!(zones.next_to_taint(&zone, Instant::ZERO).is_some());
        // One in ten seconds.
        assert!(zones.next_to_taint(&zone, Instant::ZERO).is_none());
        zones.place(&node("d"), false);
        zones.judge();
        assert!(zones.next_to_taint(&zone, Instant::from_secs(20)).is_none());
    }

    #[test]
    fn all_nodes_at_once_are_not_believed() {
        let mut zones = Zones::default();
        zones.place(&node("a"), false);
        zones.wait_for_taint(&"a".into());
        assert!(zones.judge().all_disrupted_now);
        assert!(
            zones
                .next_to_taint(&"".into(), Instant::from_secs(20))
                .is_none()
        );
        zones.place(&node("a"), true);
        assert!(zones.judge().all_disrupted_no_more);
    }
}
