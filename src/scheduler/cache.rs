//! What the scheduler knows of nodes and the pods on them. A change costs work in
//! proportion to itself: there is no snapshot a cycle.

use super::budgets::Budgets;
use super::node_info::{GroupId, NodeInfo, node_name};
use super::pod_info::{Group, PodInfo};
use super::selector::Labels;
use super::workloads::Workloads;
use crate::api::{Key, Name, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A pod that has a node.
#[derive(Clone, Debug)]
struct Placed {
    pod: Arc<PodInfo>,
    slot: usize,
    group: GroupId,
    /// Whether only the scheduler itself has said so as yet.
    assumed: bool,
}

/// Nodes, the pods on them, and what both are indexed by.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache {
    slots: Vec<Option<Arc<NodeInfo>>>,
    free: Vec<usize>,
    by_name: BTreeMap<Name, usize>,
    /// Nodes by zone, in the order in which they came.
    zones: Vec<(String, Vec<usize>)>,
    /// The nodes in the order in which cycles look at them.
    order: Arc<Vec<usize>>,
    pods: BTreeMap<Key, Placed>,
    groups: BTreeMap<GroupId, Arc<Group>>,
    group_ids: BTreeMap<Arc<Group>, (GroupId, usize)>,
    next_group: u32,
    /// How many nodes hold each image.
    images: BTreeMap<String, i64>,
    /// How many pods with required anti-affinity, and with any inter-pod
    /// affinity, are on nodes.
    with_affinity: usize,
    /// Disruption budgets.
    pub(super) budgets: Budgets,
    /// Pods that room is being made for, with their node.
    nominated: BTreeMap<Key, (Name, Arc<PodInfo>)>,
    /// Services and workloads.
    pub(super) workloads: Workloads,
    /// Labels of namespaces.
    pub(super) namespaces: BTreeMap<Name, Arc<Labels>>,
}

impl Cache {
    /// The nodes in the order in which cycles look at them: zone by zone in turn,
    /// in each the oldest first (`nodeTree.list`).
    pub(super) fn order(&self) -> Arc<Vec<usize>> {
        self.order.clone()
    }

    /// How many nodes there are.
    pub(super) fn node_count(&self) -> usize {
        self.order.len()
    }

    /// The node in a slot.
    pub(super) fn slot(&self, slot: usize) -> Option<&Arc<NodeInfo>> {
        self.slots.get(slot).and_then(Option::as_ref)
    }

    /// The known node of that name.
    pub(super) fn node(&self, name: &str) -> Option<&Arc<NodeInfo>> {
        let slot = *self.by_name.get(name)?;
        self.slot(slot).filter(|node| node.known)
    }

    /// The slot of the known node of that name.
    pub(super) fn slot_of_node(&self, name: &str) -> Option<usize> {
        let slot = *self.by_name.get(name)?;
        self.slot(slot).filter(|node| node.known).map(|_| slot)
    }

    /// Every known node, in order.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Arc<NodeInfo>> {
        self.order.iter().filter_map(|slot| self.slot(*slot))
    }

    /// Every group of pods that are on nodes.
    pub(super) fn groups(&self) -> impl Iterator<Item = (GroupId, &Arc<Group>)> {
        self.groups.iter().map(|(id, group)| (*id, group))
    }

    /// How many nodes hold an image.
    pub(super) fn nodes_with_image(&self, image: &str) -> i64 {
        self.images.get(image).copied().unwrap_or(0)
    }

    /// Whether any pod on a node has inter-pod affinity.
    pub(super) fn any_affinity(&self) -> bool {
        self.with_affinity > 0
    }

    /// The labels of a namespace.
    pub(super) fn namespace_labels(&self, namespace: &str) -> Arc<Labels> {
        self.namespaces.get(namespace).cloned().unwrap_or_default()
    }

    /// Promises a node to a pod, or takes the promise back.
    pub(super) fn nominate(&mut self, pod: &Arc<PodInfo>, node: Option<&Name>) {
        match node {
            Some(node) => drop(
                self.nominated
                    .insert(pod.key.clone(), (node.clone(), pod.clone())),
            ),
            None => drop(self.nominated.remove(&pod.key)),
        }
    }

    /// Takes back what was promised to the pod of that key.
    pub(super) fn forget_nomination(&mut self, key: &Key) {
        self.nominated.remove(key);
    }

    /// The node that was promised to a pod.
    pub(super) fn nominated_node(&self, key: &Key) -> Option<Name> {
        self.nominated.get(key).map(|(node, _)| node.clone())
    }

    /// The pods that a node was promised to and that `pod` has to let pass: those of
    /// the same or a higher priority.
    pub(super) fn promised(&self, node: &Name, pod: &PodInfo) -> Vec<Arc<PodInfo>> {
        let promised = self.nominated.values().filter(|(name, other)| {
            name == node && other.key != pod.key && other.priority >= pod.priority
        });
        promised.map(|(_, other)| other.clone()).collect()
    }

    /// The pods of lower priority that a node was promised to.
    pub(super) fn promised_below(&self, node: &Name, priority: i32) -> Vec<Arc<PodInfo>> {
        let promised = self.nominated.values();
        let below = promised.filter(|(name, other)| name == node && other.priority < priority);
        below.map(|(_, other)| other.clone()).collect()
    }

    /// Takes in a node, new or changed.
    pub(super) fn set_node(&mut self, node: &Arc<Node>) {
        let slot = self.slot_of(&node_name(node));
        let before = self.slot(slot).cloned();
        self.change(slot, |info| info.set_node(Some(node)));
        let Some(after) = self.slot(slot).cloned() else {
            return;
        };
        let zone_before = before
            .as_ref()
            .filter(|node| node.known)
            .map(|node| node.tree_zone());
        if let Some(before) = &before {
            self.count_images(before, -1);
        }
        self.count_images(&after, 1);
        let zone = after.tree_zone();
        if zone_before.as_ref() != Some(&zone) {
            if let Some(before) = zone_before {
                self.leave_zone(slot, &before);
            }
            match self.zones.iter_mut().find(|(name, _)| *name == zone) {
                Some((_, nodes)) => nodes.push(slot),
                None => self.zones.push((zone, vec![slot])),
            }
            self.reorder();
        }
    }

    /// Takes in that a node is gone. Its pods stay known until they are gone too.
    pub(super) fn remove_node(&mut self, name: &str) {
        let Some(slot) = self.by_name.get(name).copied() else {
            return;
        };
        if let Some(before) = self.slot(slot).cloned().filter(|node| node.known) {
            self.count_images(&before, -1);
            self.leave_zone(slot, &before.tree_zone());
            self.reorder();
        }
        self.change(slot, |info| info.set_node(None));
        self.release_if_empty(slot);
    }

    /// Puts a pod on a node because the API server says so. Answers whether that
    /// is news: not where it confirms what was assumed.
    pub(super) fn add_pod(&mut self, pod: Arc<PodInfo>, node: &str) -> bool {
        let known = self.pods.get(&pod.key);
        let confirms = known.is_some_and(|placed| {
            let same_node = self
                .slot(placed.slot)
                .is_some_and(|info| &*info.name == node);
            placed.assumed && same_node
        });
        self.remove_pod(&pod.key);
        self.place(pod, node, false);
        !confirms
    }

    /// Puts a pod on a node before the API server has said so.
    pub(super) fn assume(&mut self, pod: Arc<PodInfo>, node: &str) {
        self.nominated.remove(&pod.key);
        self.remove_pod(&pod.key);
        self.place(pod, node, true);
    }

    /// Takes a pod off its node.
    pub(super) fn remove_pod(&mut self, key: &Key) -> Option<Arc<PodInfo>> {
        let placed = self.pods.remove(key)?;
        self.change(placed.slot, |info| {
            info.remove_pod(&placed.pod, placed.group)
        });
        self.with_affinity -= usize::from(!placed.pod.group.terms.is_empty());
        self.unref_group(&placed.pod.group);
        self.release_if_empty(placed.slot);
        Some(placed.pod)
    }

    /// The pod of that key on its node.
    pub(super) fn pod(&self, key: &Key) -> Option<&Arc<PodInfo>> {
        self.pods.get(key).map(|placed| &placed.pod)
    }

    /// The group of a pod on a node.
    pub(super) fn group_of(&self, key: &Key) -> Option<GroupId> {
        self.pods.get(key).map(|placed| placed.group)
    }

    /// Whether a pod is only assumed to be on a node.
    pub(super) fn is_assumed(&self, key: &Key) -> bool {
        self.pods.get(key).is_some_and(|placed| placed.assumed)
    }

    fn place(&mut self, pod: Arc<PodInfo>, node: &str, assumed: bool) {
        let slot = self.slot_of(&node.into());
        let group = self.ref_group(&pod.group);
        self.with_affinity += usize::from(!pod.group.terms.is_empty());
        self.change(slot, |info| info.add_pod(&pod, group));
        let placed = Placed {
            pod,
            slot,
            group,
            assumed,
        };
        self.pods.insert(placed.pod.key.clone(), placed);
    }

    fn change(&mut self, slot: usize, change: impl FnOnce(&mut NodeInfo)) {
        if let Some(Some(info)) = self.slots.get_mut(slot) {
            change(Arc::make_mut(info));
        }
    }

    fn slot_of(&mut self, name: &Name) -> usize {
        if let Some(slot) = self.by_name.get(name) {
            return *slot;
        }
        let info = Some(Arc::new(NodeInfo::unknown(name.clone())));
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = info;
                slot
            }
            None => {
                self.slots.push(info);
                self.slots.len() - 1
            }
        };
        self.by_name.insert(name.clone(), slot);
        slot
    }

    fn release_if_empty(&mut self, slot: usize) {
        let Some(info) = self
            .slot(slot)
            .filter(|info| !info.known && info.pods.is_empty())
        else {
            return;
        };
        let name = info.name.clone();
        self.by_name.remove(&name);
        self.slots[slot] = None;
        self.free.push(slot);
    }

    fn ref_group(&mut self, group: &Arc<Group>) -> GroupId {
        if let Some((id, pods)) = self.group_ids.get_mut(group) {
            *pods += 1;
            return *id;
        }
        let id = GroupId(self.next_group);
        self.next_group = self.next_group.wrapping_add(1);
        self.group_ids.insert(group.clone(), (id, 1));
        self.groups.insert(id, group.clone());
        id
    }

    fn unref_group(&mut self, group: &Arc<Group>) {
        if let Some((id, pods)) = self.group_ids.get_mut(group) {
            *pods -= 1;
            if *pods == 0 {
                let id = *id;
                self.groups.remove(&id);
                self.group_ids.remove(group);
            }
        }
    }

    fn count_images(&mut self, node: &NodeInfo, by: i64) {
        for name in node.images.keys() {
            let count = self.images.entry(name.clone()).or_insert(0);
            *count += by;
            if *count <= 0 {
                self.images.remove(name);
            }
        }
    }

    fn leave_zone(&mut self, slot: usize, zone: &str) {
        if let Some((_, nodes)) = self.zones.iter_mut().find(|(name, _)| name == zone) {
            nodes.retain(|node| *node != slot);
        }
        self.zones.retain(|(_, nodes)| !nodes.is_empty());
    }

    fn reorder(&mut self) {
        let longest = self
            .zones
            .iter()
            .map(|(_, nodes)| nodes.len())
            .max()
            .unwrap_or(0);
        let turns = (0..longest).flat_map(|turn| {
            self.zones
                .iter()
                .filter_map(move |(_, nodes)| nodes.get(turn))
        });
        self.order = Arc::new(turns.copied().collect());
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{node, pod};
    use super::*;
    use serde_json::json;

    fn names(cache: &Cache) -> Vec<String> {
        cache.nodes().map(|node| node.name.to_string()).collect()
    }

    #[test]
    fn nodes_come_zone_by_zone_in_turn() {
        let mut cache = Cache::default();
        for (name, zone) in [("n1", "a"), ("n2", "a"), ("n3", "b"), ("n4", "a")] {
            cache.set_node(&node(
                name,
                json!({"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}}),
            ));
        }
        assert_eq!(names(&cache), ["n1", "n3", "n2", "n4"]);
        cache.remove_node("n1");
        assert_eq!(names(&cache), ["n2", "n3", "n4"]);
        cache.set_node(&node("n1", json!({})));
        assert_eq!(names(&cache), ["n2", "n3", "n1", "n4"]);
    }

    #[test]
    fn sums_follow_the_pods() {
        let mut cache = Cache::default();
        let web = pod(
            "web",
            json!({"containers": [{"name": "c",
            "ports": [{"containerPort": 80, "hostPort": 80}],
            "resources": {"requests": {"cpu": "1"}}}]}),
        );
        // The pod may be heard of before its node.
        assert!(cache.add_pod(web.clone(), "n1"));
        assert_eq!(cache.node_count(), 0);
        cache.set_node(&node("n1", json!({})));
        let info = cache.node("n1").expect("a node");
        assert_eq!(info.requested.cpu_millis, 1000);
        assert_eq!((info.floor_cpu_millis, info.ports.len()), (1000, 1));
        assert_eq!(cache.groups().count(), 1);
        cache.remove_node("n1");
        assert!(cache.node("n1").is_none());
        cache.set_node(&node("n1", json!({})));
        cache.remove_pod(&web.key);
        let info = cache.node("n1").expect("a node");
        assert_eq!(
            (info.requested.cpu_millis, info.pods.len(), info.ports.len()),
            (0, 0, 0)
        );
        assert_eq!(cache.groups().count(), 0);
    }

    #[test]
    fn an_assumed_pod_is_confirmed_or_moved() {
        let mut cache = Cache::default();
        let web = pod("web", json!({"containers": [{"name": "c"}]}));
        cache.assume(web.clone(), "n1");
        assert!(cache.is_assumed(&web.key));
        assert!(!cache.add_pod(web.clone(), "n1"), "confirms");
        assert!(!cache.is_assumed(&web.key));
        cache.assume(web.clone(), "n1");
        assert!(cache.add_pod(web.clone(), "n2"), "went elsewhere");
    }
}
