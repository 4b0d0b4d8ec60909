//! When each node was last heard of.

use super::{MONITOR_PERIOD, condition, condition_status, taints};
use crate::api::{Lease, Name, Node, Resource};
use crate::sim::Instant;
use imbl::{OrdMap, OrdSet, Vector};
use std::sync::Arc;
use std::time::Duration;

/// `--node-monitor-grace-period`.
pub(super) const GRACE: Duration = Duration::from_secs(50);
/// `--node-startup-grace-period`: for nodes that have yet to say anything.
const STARTUP_GRACE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
struct Known {
    ready: String,
    heartbeat: Option<jiff::Timestamp>,
    renewed: Option<jiff::Timestamp>,
    deadline: Instant,
}

/// Every node's health, and the order in which they would be missed.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    nodes: OrdMap<Name, Known>,
    deadlines: OrdSet<(Instant, Name)>,
    /// Not ready, or still tainted though ready.
    unready: OrdSet<Name>,
    new: OrdSet<Name>,
    gone: Vector<Arc<Node>>,
    /// When the next period begins: what comes now is noticed then.
    next_period: Instant,
}

impl Health {
    pub(super) fn period_begins(&mut self, now: Instant) {
        self.next_period = now + MONITOR_PERIOD;
    }

    /// A node's lease was renewed.
    pub(super) fn renewed(&mut self, lease: &Lease) {
        let renewed = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.renew_time.as_ref());
        let renewed = renewed.map(|time| time.0);
        let Some(known) = self.nodes.get_mut(lease.name()) else {
            return;
        };
        if known.renewed < renewed {
            known.renewed = renewed;
            self.heard_of(lease.name(), GRACE);
        }
    }

    /// A node came or changed.
    pub(super) fn sees(&mut self, node: &Node) {
        let name: Name = node.name().into();
        let ready = condition(node, "Ready");
        let heartbeat = ready
            .and_then(|ready| ready.last_heartbeat_time.as_ref())
            .map(|time| time.0);
        let status = condition_status(node, "Ready")
            .unwrap_or("Unknown")
            .to_owned();
        match self.nodes.get_mut(&name) {
            Some(known) => {
                known.ready = status;
                if known.heartbeat != heartbeat {
                    known.heartbeat = heartbeat;
                    self.heard_of(&name, GRACE);
                }
            }
            None => {
                let known = Known {
                    ready: status,
                    heartbeat,
                    renewed: None,
                    deadline: Instant::MAX,
                };
                self.nodes.insert(name.clone(), known);
                self.new.insert(name.clone());
                let grace = if ready.is_some() {
                    GRACE
                } else {
                    STARTUP_GRACE
                };
                self.heard_of(&name, grace);
            }
        }
        let tainted = [taints::NOT_READY, taints::UNREACHABLE]
            .iter()
            .any(|key| taints::has(node, key, taints::NO_EXECUTE));
        if self.is_ready(&name) && !tainted {
            self.unready.remove(&name);
        } else {
            self.unready.insert(name);
        }
    }

    pub(super) fn leaves(&mut self, node: &Arc<Node>) {
        let name: Name = node.name().into();
        if let Some(known) = self.nodes.remove(&name) {
            self.deadlines.remove(&(known.deadline, name.clone()));
        }
        self.unready.remove(&name);
        if self.new.remove(&name).is_none() {
            self.gone.push_back(node.clone());
        }
    }

    fn heard_of(&mut self, name: &str, grace: Duration) {
        let deadline = self.next_period + grace;
        self.set_deadline(name, deadline);
    }

    fn set_deadline(&mut self, name: &str, deadline: Instant) {
        let Some(known) = self.nodes.get_mut(name) else {
            return;
        };
        self.deadlines.remove(&(known.deadline, Name::from(name)));
        known.deadline = deadline;
        self.deadlines.insert((deadline, name.into()));
    }

    /// The nodes whose deadline is over; they are not named again until they are
    /// heard of.
    pub(super) fn take_silent(&mut self, now: Instant) -> Vec<Name> {
        let mut silent = Vec::new();
        while let Some((deadline, name)) = self.deadlines.get_min().cloned() {
            if deadline >= now {
                break;
            }
            self.deadlines.remove(&(deadline, name.clone()));
            silent.push(name);
        }
        silent
    }

    pub(super) fn try_again(&mut self, name: &str, now: Instant) {
        self.set_deadline(name, now);
    }

    /// The node was declared unknown; the watch will say so too.
    pub(super) fn is_silent(&mut self, name: &str) {
        if let Some(known) = self.nodes.get_mut(name) {
            known.ready = "Unknown".to_owned();
        }
        self.unready.insert(name.into());
    }

    pub(super) fn is_ready(&self, name: &str) -> bool {
        self.ready_status(name) == "True"
    }

    pub(super) fn ready_status(&self, name: &str) -> &str {
        self.nodes
            .get(name)
            .map_or("Unknown", |known| known.ready.as_str())
    }

    pub(super) fn unready(&self) -> Vec<Name> {
        self.unready.iter().cloned().collect()
    }

    pub(super) fn take_new(&mut self) -> OrdSet<Name> {
        std::mem::take(&mut self.new)
    }

    pub(super) fn take_gone(&mut self) -> Vector<Arc<Node>> {
        std::mem::take(&mut self.gone)
    }

    /// After all nodes were silent at once, it was probably ourselves who could
    /// not hear: each gets its grace anew.
    pub(super) fn forgive_all(&mut self, now: Instant) {
        let names: Vec<Name> = self.nodes.keys().cloned().collect();
        for name in names {
            self.set_deadline(&name, now + GRACE);
        }
    }
}
