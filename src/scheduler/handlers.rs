//! Changes on their way into cache and queue (`eventhandlers.go`).

use super::budgets::Budgets;
use super::hints::Happened;
use super::node_info::NodeInfo;
use super::pod_info::{PodInfo, labels_of};
use super::queue::is_gated;
use super::{SCHEDULER_NAME, Scheduler};
use crate::api::{Node, Object, Pod, Resource};
use crate::apiserver::WatchEvent;
use crate::sim::trace::Change;
use crate::sim::{Cause, Instant};
use std::sync::Arc;

impl Scheduler {
    /// Takes one change in.
    pub(super) fn take_in(&mut self, event: &WatchEvent, now: Instant) {
        let deleted = event.change == Change::Deleted;
        match &event.object {
            Object::Pod(pod) if deleted || is_finished(pod) => self.pod_gone(pod, event.cause, now),
            Object::Pod(pod) if node_of(pod).is_some() => self.pod_placed(pod, event.cause, now),
            Object::Pod(pod) => self.pod_waits(pod, event.cause, now),
            Object::Node(node) if deleted => {
                self.cache.remove_node(node.name());
                self.happened(&Happened::NodeGone, event.cause, now);
            }
            Object::Node(node) => self.node_changed(node, event.cause, now),
            Object::Namespace(namespace) => {
                let name = namespace.name().into();
                match deleted {
                    true => drop(self.cache.namespaces.remove(&name)),
                    false => {
                        let labels = Arc::new(labels_of(&**namespace).clone());
                        self.cache.namespaces.insert(name, labels);
                    }
                }
            }
            other if other.kind() == Budgets::KIND => self.cache.budgets.take_in(other, deleted),
            other => self.cache.workloads.take_in(other, deleted),
        }
    }

    fn pod_gone(&mut self, pod: &Arc<Pod>, cause: Cause, now: Instant) {
        self.queue.remove(&pod.key());
        self.cache.forget_nomination(&pod.key());
        if let Some(gone) = self.cache.remove_pod(&pod.key()) {
            self.happened(&Happened::PodGone(gone), cause, now);
        }
    }

    fn pod_placed(&mut self, pod: &Arc<Pod>, cause: Cause, now: Instant) {
        let key = pod.key();
        self.queue.remove(&key);
        let known = self.cache.pod(&key).cloned();
        let assumed = self.cache.is_assumed(&key);
        if !assumed && known.as_ref().is_some_and(|known| known.is_same(pod)) {
            return;
        }
        let info = Arc::new(PodInfo::of(pod.clone()));
        let node = node_of(pod).unwrap_or_default();
        self.cache.add_pod(info.clone(), node);
        let shrunk = known.filter(|known| asks_less(&info, known));
        if let Some(before) = shrunk {
            self.happened(&Happened::PodGone(before), cause, now);
        }
        self.happened(&Happened::PodPlaced(info), cause, now);
    }

    fn pod_waits(&mut self, pod: &Arc<Pod>, cause: Cause, now: Instant) {
        let spec = pod.spec.as_ref();
        let scheduler = spec.and_then(|spec| spec.scheduler_name.as_deref());
        if scheduler.is_some_and(|name| !name.is_empty() && name != SCHEDULER_NAME) {
            return;
        }
        let key = pod.key();
        // The binding is on its way; the watch only lags.
        if self.cache.is_assumed(&key) {
            return;
        }
        let info = Arc::new(PodInfo::of(pod.clone()));
        let Some(waiting) = self.queue.get(&key) else {
            self.queue.add(info, now, cause);
            return;
        };
        let was = waiting.info.clone();
        if was.pod.uid() != pod.uid() || is_gated(&was) && !is_gated(&info) {
            self.queue.add(info, now, cause);
            return;
        }
        self.queue.update(&info);
        if asks_less(&info, &was) || wishes_changed(&info, &was) {
            self.queue.requeue(&key, now, cause);
        }
    }

    fn node_changed(&mut self, node: &Arc<Node>, cause: Cause, now: Instant) {
        let before = self.cache.node(node.name()).cloned();
        if before.as_ref().is_some_and(|before| is_same(before, node)) {
            return;
        }
        self.cache.set_node(node);
        let Some(after) = self.cache.node(node.name()).cloned() else {
            return;
        };
        let happened = match before {
            None => Happened::NodeAdded(after),
            Some(before) => Happened::NodeChanged { before, after },
        };
        self.happened(&happened, cause, now);
    }

    /// Moves on the pods that it may help.
    fn happened(&mut self, happened: &Happened, cause: Cause, now: Instant) {
        let plugins = happened.interested();
        for key in &self.queue.parked_by(plugins) {
            let helps = self.queue.get(key).is_some_and(|pod| {
                let mut against = plugins
                    .iter()
                    .filter(|plugin| pod.rejected_by.contains(**plugin));
                pod.rejected_by.is_empty()
                    || against.any(|plugin| happened.may_help(*plugin, &pod.info))
            });
            if helps {
                self.queue.requeue(key, now, cause);
            }
        }
    }
}

fn node_of(pod: &Pod) -> Option<&str> {
    let node = pod.spec.as_ref()?.node_name.as_deref();
    node.filter(|name| !name.is_empty())
}

fn is_finished(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Whether nothing of a node changed that a plugin looks at. (Heartbeats change
/// conditions only.)
fn is_same(known: &NodeInfo, node: &Node) -> bool {
    let before = &known.node;
    let status = |node: &Node| {
        let status = node.status.clone().unwrap_or_default();
        (status.allocatable, status.images)
    };
    labels_of(&**before) == labels_of(node)
        && before.spec == node.spec
        && status(before) == status(node)
}

fn asks_less(now: &PodInfo, before: &PodInfo) -> bool {
    now.request.cpu_millis < before.request.cpu_millis || now.request.memory < before.request.memory
}

fn wishes_changed(now: &PodInfo, before: &PodInfo) -> bool {
    let wishes = |pod: &PodInfo| {
        let spec = pod.pod.spec.as_ref();
        spec.map(|spec| (spec.tolerations.clone(), spec.node_selector.clone()))
    };
    now.labels() != before.labels() || wishes(now) != wishes(before)
}
