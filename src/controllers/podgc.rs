//! The pod garbage collector (`pkg/controller/podgc`): pods that nobody else
//! would ever remove.

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::informers::{Informers, Seen};
use super::{disruption, errors, pods};
use crate::api::status::ApiError;
use crate::api::{Key, Name, Node, Pod, Resource};
use crate::apiserver::{DeleteOptions, WatchEvent};
use crate::client::Applied;
use crate::sim::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// `gcCheckPeriod`.
const PERIOD: Duration = Duration::from_secs(20);
/// How long a node must be absent before its pods are given up
/// (`quarantineTime`).
const QUARANTINE: Duration = Duration::from_secs(40);
/// `--terminated-pod-gc-threshold`.
const TERMINATED_MAX: usize = 12_500;
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// What the collector keeps an eye on, so that a period costs only as much as
/// there is to collect.
#[derive(Clone, Debug, Default)]
pub(super) struct PodGcController {
    /// Ended pods, oldest first.
    terminated: BTreeSet<(Option<jiff::Timestamp>, Key)>,
    /// Deleted before they were ever bound.
    unbound_deleted: BTreeSet<Key>,
    /// Nodes that pods are bound to and that do not exist; since when it is known.
    absent_nodes: BTreeMap<Name, Instant>,
    out_of_service: BTreeSet<Name>,
}

impl Controller for PodGcController {
    const NAME: &'static str = "pod-garbage-collector";
    type Item = Key;

    fn start(&mut self, _: &mut Desk<Key>, ctx: &mut StepCtx<'_, Key>) {
        ctx.after(PERIOD, super::Step::Tick);
    }

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        informers: &Informers,
        _: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) {
        match seen {
            Seen::Pod(change) => self.pod_changed(&event.object.key(), change, informers),
            Seen::Node(change) => self.node_changed(&event.object.key(), change, informers),
            _ => {}
        }
        let _ = ctx;
    }

    fn sync(
        &mut self,
        _: &Key,
        _: &Informers,
        _: &mut Desk<Key>,
        _: &mut StepCtx<'_, Key>,
    ) -> Result<Synced, ApiError> {
        Ok(Synced::Done)
    }

    fn tick(&mut self, informers: &Informers, _: &mut Desk<Key>, ctx: &mut StepCtx<'_, Key>) {
        ctx.cause = None;
        ctx.after(PERIOD, super::Step::Tick);
        self.collect_terminated(informers, ctx);
        self.collect_out_of_service(informers, ctx);
        self.collect_orphaned(informers, ctx);
        self.collect_unbound(informers, ctx);
    }
}

impl PodGcController {
    fn pod_changed(&mut self, key: &Key, change: &Applied<Pod>, informers: &Informers) {
        if let Some(before) = change.before.as_ref().filter(|pod| pods::is_terminal(pod)) {
            self.terminated.remove(&(created(before), key.clone()));
        }
        self.unbound_deleted.remove(key);
        let Some(pod) = &change.after else {
            return;
        };
        if pods::is_terminal(pod) && !pods::is_terminating(pod) {
            self.terminated.insert((created(pod), key.clone()));
        }
        match pods::node_name(pod) {
            None if pods::is_terminating(pod) => drop(self.unbound_deleted.insert(key.clone())),
            Some(node) if informers.nodes.get(&Key::new("", node)).is_none() => {
                self.absent_nodes.entry(node.into()).or_insert(Instant::MAX);
            }
            _ => {}
        }
    }

    fn node_changed(&mut self, key: &Key, change: &Applied<Node>, informers: &Informers) {
        let Some(node) = &change.after else {
            self.out_of_service.remove(&key.name);
            if informers.pods.on_node(&key.name).next().is_some() {
                self.absent_nodes.insert(key.name.clone(), Instant::MAX);
            }
            return;
        };
        self.absent_nodes.remove(&key.name);
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
        if taints
            .into_iter()
            .flatten()
            .any(|taint| taint.key == OUT_OF_SERVICE)
        {
            self.out_of_service.insert(key.name.clone());
        } else {
            self.out_of_service.remove(&key.name);
        }
    }

    fn collect_terminated(&mut self, informers: &Informers, ctx: &mut StepCtx<'_, Key>) {
        let surplus = self.terminated.len().saturating_sub(TERMINATED_MAX);
        if surplus == 0 {
            return;
        }
        explain(
            ctx,
            &"terminated",
            format!(
                "{} ended pods: deletes the {surplus} oldest",
                self.terminated.len()
            ),
        );
        let oldest: Vec<_> = self
            .terminated
            .iter()
            .take(surplus)
            .map(|(_, key)| key.clone())
            .collect();
        for key in oldest {
            if let Some(pod) = informers.pods.get(&key) {
                force_delete(pod, "", ctx);
            }
        }
    }

    /// Pods on nodes that an administrator declared lost.
    fn collect_out_of_service(&mut self, informers: &Informers, ctx: &mut StepCtx<'_, Key>) {
        for name in self.out_of_service.clone() {
            let ready = informers
                .nodes
                .get(&Key::new("", name.clone()))
                .is_some_and(|node| {
                    super::nodelifecycle::condition_status(node, "Ready") == Some("True")
                });
            let lost = informers
                .pods
                .on_node(&name)
                .filter(|pod| pods::is_terminating(pod));
            for pod in lost.filter(|_| !ready) {
                explain(
                    ctx,
                    &pod.key(),
                    format!("node {name} is out of service: force-deletes the pod"),
                );
                force_delete(pod, "", ctx);
            }
        }
    }

    fn collect_orphaned(&mut self, informers: &Informers, ctx: &mut StepCtx<'_, Key>) {
        let now = ctx.now();
        for (name, since) in self.absent_nodes.clone() {
            if since == Instant::MAX {
                self.absent_nodes.insert(name, now);
                continue;
            }
            if now.since(since) < QUARANTINE {
                continue;
            }
            let node = Key::new("", name.clone());
            let exists =
                !matches!(ctx.get::<Node>(&node), Err(error) if errors::is_not_found(&error));
            if !exists {
                for pod in informers.pods.on_node(&name) {
                    explain(
                        ctx,
                        &pod.key(),
                        format!("node {name} no longer exists: fails and deletes the pod"),
                    );
                    force_delete(pod, "PodGC: node no longer exists", ctx);
                }
            }
            if exists || informers.pods.on_node(&name).next().is_none() {
                self.absent_nodes.remove(&name);
            }
        }
    }

    fn collect_unbound(&mut self, informers: &Informers, ctx: &mut StepCtx<'_, Key>) {
        for key in self.unbound_deleted.clone() {
            if let Some(pod) = informers.pods.get(&key) {
                explain(
                    ctx,
                    &key,
                    "deleted before it was bound: force-deletes the pod",
                );
                force_delete(pod, "", ctx);
            }
        }
    }
}

fn created(pod: &Pod) -> Option<jiff::Timestamp> {
    pod.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

/// Deletes a pod without waiting for its kubelet, which may be gone. One that has
/// not ended is marked as failed first.
fn force_delete(pod: &Arc<Pod>, why: &str, ctx: &mut StepCtx<'_, Key>) {
    if !pods::is_terminal(pod) {
        let mut failed = Pod::clone(pod);
        failed.status.get_or_insert_default().phase = Some("Failed".to_owned());
        if !why.is_empty() {
            disruption::mark(&mut failed, "DeletionByPodGC", why, ctx.now());
        }
        // What fails now comes again with the next period.
        if ctx.update_status(failed).is_err() {
            return;
        }
    }
    let options = DeleteOptions {
        grace_period_seconds: Some(0),
        ..DeleteOptions::default()
    };
    let _ = ctx.delete::<Pod>(&pod.key(), options);
}
