//! The node lifecycle controller (`pkg/controller/nodelifecycle`): notices nodes
//! that went silent, says so in their conditions and taints.
//!
//! **Invariant:** a monitor period costs as much as there are nodes that fell
//! silent or are not ready, not as many as there are nodes: silence is found by
//! an index of deadlines.

mod health;
pub(super) mod taints;
mod zones;

use super::desk::{Controller, Desk, Step, StepCtx, Synced, explain};
use super::informers::{Informers, Seen, object_of};
use super::{errors, pods};
use crate::api::core::NodeCondition;
use crate::api::status::ApiError;
use crate::api::{Key, Name, Node, Pod, Resource, Time};
use crate::apiserver::WatchEvent;
use crate::client::{Applied, EventType};
use health::Health;
use std::sync::Arc;
use std::time::Duration;
use zones::Zones;

/// `--node-monitor-period`.
const MONITOR_PERIOD: Duration = Duration::from_secs(5);
const LEASE_NAMESPACE: &str = "kube-node-lease";
/// Conditions that nobody can vouch for once the kubelet is silent.
const UNKNOWN_WHEN_SILENT: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// What there is to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// The taints of a node that follow from its conditions.
    Node(Key),
    /// A pod that was bound to a node which may not be ready.
    Pod(Key),
    /// The nodes of a zone that wait for their eviction taint.
    Zone(Name),
}

/// The controller's memory of its nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeLifecycleController {
    health: Health,
    zones: Zones,
}

type Context<'a> = StepCtx<'a, Look>;

/// The status of a node's condition.
pub(super) fn condition_status<'a>(node: &'a Node, kind: &str) -> Option<&'a str> {
    condition(node, kind).map(|condition| condition.status.as_str())
}

fn condition<'a>(node: &'a Node, kind: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == kind)
}

impl Controller for NodeLifecycleController {
    const NAME: &'static str = "node-lifecycle-controller";
    const EVENT_SOURCE: &'static str = "node-controller";
    type Item = Look;

    fn start(&mut self, _: &mut Desk<Look>, ctx: &mut Context<'_>) {
        self.health.period_begins(ctx.now());
        ctx.after(MONITOR_PERIOD, Step::Tick);
    }

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        informers: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) {
        match seen {
            Seen::Lease(change) => {
                if let Some(lease) = &change.after
                    && lease.namespace() == LEASE_NAMESPACE
                {
                    self.health.renewed(lease);
                }
            }
            Seen::Node(change) => self.node_changed(&event.object.key(), change, desk, ctx),
            Seen::Pod(change) => {
                let node = |pod: &Option<Arc<Pod>>| {
                    pod.as_ref()
                        .and_then(|pod| pods::node_name(pod).map(Name::from))
                };
                let bound =
                    node(&change.after).filter(|name| node(&change.before).as_ref() != Some(name));
                let unready = bound.and_then(|name| informers.nodes.get(&Key::new("", name)));
                if unready
                    .and_then(|node| condition_status(node, "Ready"))
                    .is_some_and(|status| status != "True")
                {
                    desk.add(Look::Pod(event.object.key()), ctx);
                }
            }
            _ => {}
        }
    }

    fn sync(
        &mut self,
        look: &Look,
        informers: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        match look {
            Look::Node(key) => {
                if let Some(node) = informers.nodes.get(key) {
                    taints::follow_conditions(node, ctx)?;
                }
            }
            Look::Pod(key) => {
                if let Some(pod) = informers.pods.get(key) {
                    mark_pod_unready(pod, desk, ctx)?;
                }
            }
            Look::Zone(zone) => self.taint_zone(zone, informers, desk, ctx),
        }
        Ok(Synced::Done)
    }

    fn tick(&mut self, informers: &Informers, desk: &mut Desk<Look>, ctx: &mut Context<'_>) {
        ctx.cause = None;
        ctx.after(MONITOR_PERIOD, Step::Tick);
        self.health.period_begins(ctx.now());
        self.greet(informers, desk, ctx);
        for name in self.health.take_silent(ctx.now()) {
            ctx.cause = None;
            if let Some(node) = informers.nodes.get(&Key::new("", name.clone())) {
                self.fall_silent(node, informers, desk, ctx);
            }
        }
        for name in self.health.unready() {
            ctx.cause = None;
            if let Some(node) = informers.nodes.get(&Key::new("", name.clone())) {
                self.judge_eviction(&name, node, ctx);
            }
        }
        ctx.cause = None;
        self.judge_zones(informers, ctx);
        for zone in self.zones.waiting() {
            self.taint_zone(&zone, informers, desk, ctx);
        }
    }
}

impl NodeLifecycleController {
    fn node_changed(
        &mut self,
        key: &Key,
        change: &Applied<Node>,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) {
        let Some(node) = &change.after else {
            self.zones.leave(&key.name);
            if let Some(node) = &change.before {
                self.health.leaves(node);
            }
            return;
        };
        self.health.sees(node);
        self.zones.place(node, self.health.is_ready(&key.name));
        desk.add(Look::Node(key.clone()), ctx);
    }

    /// Says once of each node that it came or went.
    fn greet(&mut self, informers: &Informers, desk: &mut Desk<Look>, ctx: &mut Context<'_>) {
        for name in self.health.take_new() {
            if let Some(node) = informers.nodes.get(&Key::new("", name.clone())) {
                let message = format!("Node {name} event: Registered Node {name} in Controller");
                desk.event(
                    ctx,
                    &object_of(node),
                    EventType::Normal,
                    "RegisteredNode",
                    &message,
                );
            }
        }
        for node in self.health.take_gone() {
            let name = node.name();
            let message = format!("Node {name} event: Removing Node {name} from Controller");
            desk.event(
                ctx,
                &object_of(&node),
                EventType::Normal,
                "RemovingNode",
                &message,
            );
        }
    }

    /// Nothing came from a node for the whole grace period.
    fn fall_silent(
        &mut self,
        node: &Arc<Node>,
        informers: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) {
        let was = condition_status(node, "Ready").map(str::to_owned);
        let Some(silent) = silenced(node, ctx.now()) else {
            return;
        };
        let seconds = health::GRACE.as_secs();
        explain(
            ctx,
            &node.name(),
            format!("no lease renewal and no status for {seconds} s: Ready becomes Unknown"),
        );
        if ctx.update_status(silent).is_err() {
            // Somebody wrote the node meanwhile; the next period looks again.
            self.health.try_again(node.name(), ctx.now());
            return;
        }
        self.health.is_silent(node.name());
        self.zones.place(node, false);
        if was.as_deref() != Some("True") {
            return;
        }
        let message = format!("Node {} status is now: NodeNotReady", node.name());
        desk.event(
            ctx,
            &object_of(node),
            EventType::Normal,
            "NodeNotReady",
            &message,
        );
        for pod in informers.pods.on_node(node.name()) {
            if mark_pod_unready(pod, desk, ctx).is_err() {
                desk.add_rate_limited(Look::Pod(pod.key()), ctx);
            }
        }
    }

    /// Whether a node should carry a taint that evicts its pods
    /// (`processTaintBaseEviction`).
    fn judge_eviction(&mut self, name: &Name, node: &Arc<Node>, ctx: &mut Context<'_>) {
        let (wanted, other) = match self.health.ready_status(name) {
            "True" => {
                self.zones.recover(name);
                // What fails now is tried again in the next period.
                let _ = taints::remove_evicting(node, ctx);
                return;
            }
            "False" => (taints::NOT_READY, taints::UNREACHABLE),
            _ => (taints::UNREACHABLE, taints::NOT_READY),
        };
        if taints::has(node, other, taints::NO_EXECUTE) {
            let _ = taints::swap_evicting(node, wanted, other, ctx);
        } else if !taints::has(node, wanted, taints::NO_EXECUTE) {
            self.zones.wait_for_taint(name);
        }
    }

    /// Where most of a zone fails at once, evicting its pods makes things worse
    /// (`handleDisruption`).
    fn judge_zones(&mut self, informers: &Informers, ctx: &mut Context<'_>) {
        let judged = self.zones.judge();
        for outcome in judged.changes {
            explain(ctx, &outcome.zone, outcome.sentence);
        }
        if judged.all_disrupted_now {
            for node in informers.nodes.iter() {
                let _ = taints::remove_evicting(node, ctx);
            }
        }
        if judged.all_disrupted_no_more {
            self.health.forgive_all(ctx.now());
        }
    }

    /// Gives waiting nodes of a zone their eviction taint, as fast as the zone's
    /// state allows.
    fn taint_zone(
        &mut self,
        zone: &Name,
        informers: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) {
        while let Some(name) = self.zones.next_to_taint(zone, ctx.now()) {
            let Some(node) = informers.nodes.get(&Key::new("", name.clone())) else {
                continue;
            };
            let (wanted, other) = match self.health.ready_status(&name) {
                "True" => continue,
                "False" => (taints::NOT_READY, taints::UNREACHABLE),
                _ => (taints::UNREACHABLE, taints::NOT_READY),
            };
            if taints::swap_evicting(node, wanted, other, ctx).is_err() {
                self.zones.wait_for_taint(&name);
                break;
            }
        }
        if let Some(wait) = self.zones.wait(zone, ctx.now()) {
            desk.add_after(Look::Zone(zone.clone()), wait, ctx);
        }
    }
}

/// The node with its conditions unknown; none where they are already.
fn silenced(node: &Arc<Node>, now: crate::sim::Instant) -> Option<Node> {
    let mut silent = Node::clone(node);
    let created = node.metadata.creation_timestamp.clone();
    let conditions = silent
        .status
        .get_or_insert_default()
        .conditions
        .get_or_insert_default();
    let mut changed = false;
    for kind in UNKNOWN_WHEN_SILENT {
        match conditions
            .iter_mut()
            .find(|condition| condition.type_ == kind)
        {
            Some(condition) if condition.status == "Unknown" => continue,
            Some(condition) => {
                condition.status = "Unknown".to_owned();
                condition.reason = Some("NodeStatusUnknown".to_owned());
                condition.message = Some("Kubelet stopped posting node status.".to_owned());
                condition.last_transition_time = Some(Time(now.timestamp()));
            }
            None => conditions.push(NodeCondition {
                type_: kind.to_owned(),
                status: "Unknown".to_owned(),
                reason: Some("NodeStatusNeverUpdated".to_owned()),
                message: Some("Kubelet never posted node status.".to_owned()),
                last_heartbeat_time: created.clone(),
                last_transition_time: Some(Time(now.timestamp())),
            }),
        }
        changed = true;
    }
    changed.then_some(silent)
}

/// A pod on a silent node may run or not: nobody should send it anything
/// (`MarkPodsNotReady`).
fn mark_pod_unready(
    pod: &Arc<Pod>,
    desk: &mut Desk<Look>,
    ctx: &mut Context<'_>,
) -> Result<(), ApiError> {
    if !pods::is_ready(pod) {
        return Ok(());
    }
    let mut unready = Pod::clone(pod);
    let now = Time(ctx.now().timestamp());
    let status = unready.status.get_or_insert_default();
    for condition in status.conditions.iter_mut().flatten() {
        if condition.type_ == "Ready" {
            condition.status = "False".to_owned();
            condition.last_transition_time = Some(now.clone());
        }
    }
    desk.event(
        ctx,
        &object_of(pod),
        EventType::Warning,
        "NodeNotReady",
        "Node is not ready",
    );
    errors::ignore_not_found(ctx.update_status(unready).map(drop))
}
