//! A node with the pods on it and their sums, kept up to date pod by pod.

use super::pod_info::{HostPort, PodInfo, labels_of};
use super::resources::Resources;
use super::selector::Labels;
use crate::api::core::Taint;
use crate::api::{Key, Name, Node, Resource};
use std::collections::BTreeMap;
use std::sync::Arc;

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// A label whose values are places to spread pods over. The two usual ones are
/// told apart once, and not at every node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TopologyKey {
    /// Single nodes.
    Hostname,
    /// Zones.
    Zone,
    /// Any other label.
    Label(String),
}

impl TopologyKey {
    /// The key of that label.
    pub(super) fn of(label: &str) -> Self {
        match label {
            HOSTNAME => TopologyKey::Hostname,
            ZONE => TopologyKey::Zone,
            label => TopologyKey::Label(label.to_owned()),
        }
    }
}

/// Names a group of pods that look the same, see [`super::pod_info::Group`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupId(pub(super) u32);

/// How many pods of a group are on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct GroupCount {
    /// All of them.
    pub(super) all: i64,
    /// Those of them that are being deleted.
    pub(super) terminating: i64,
}

/// A node and what is on it.
#[derive(Clone, Debug)]
pub(super) struct NodeInfo {
    /// Its name.
    pub(super) name: Name,
    /// The node; absent while only its pods are known.
    pub(super) node: Arc<Node>,
    /// Whether the node itself is known.
    pub(super) known: bool,
    hostname: Option<Name>,
    zone: Option<Name>,
    /// What pods may use.
    pub(super) allocatable: Resources,
    /// What its pods ask for.
    pub(super) requested: Resources,
    /// CPU of its pods for LeastAllocated.
    pub(super) floor_cpu_millis: i64,
    /// Memory of its pods for LeastAllocated.
    pub(super) floor_memory: i64,
    /// The pods on it, assumed ones included.
    pub(super) pods: BTreeMap<Key, Arc<PodInfo>>,
    /// How many pods of each group are on it.
    pub(super) groups: BTreeMap<GroupId, GroupCount>,
    /// How many pods of each priority are on it.
    priorities: BTreeMap<i32, usize>,
    /// Ports that its pods hold.
    pub(super) ports: Vec<HostPort>,
    /// Images on it by name, with their size.
    pub(super) images: Arc<BTreeMap<String, i64>>,
}

impl NodeInfo {
    /// A node of which nothing but the name is known.
    pub(super) fn unknown(name: Name) -> Self {
        NodeInfo {
            name,
            node: Arc::default(),
            known: false,
            hostname: None,
            zone: None,
            allocatable: Resources::default(),
            requested: Resources::default(),
            floor_cpu_millis: 0,
            floor_memory: 0,
            pods: BTreeMap::new(),
            groups: BTreeMap::new(),
            priorities: BTreeMap::new(),
            ports: Vec::new(),
            images: Arc::default(),
        }
    }

    /// Takes in the node, or that it is gone.
    pub(super) fn set_node(&mut self, node: Option<&Arc<Node>>) {
        self.known = node.is_some();
        self.node = node.cloned().unwrap_or_default();
        let status = self.node.status.as_ref();
        self.allocatable = Resources::of(status.and_then(|status| status.allocatable.as_ref()));
        let label = |key: &str| self.labels().get(key).map(|value| value.as_str().into());
        (self.hostname, self.zone) = (label(HOSTNAME), label(ZONE));
        self.images = Arc::new(images_of(&self.node));
    }

    /// Its labels.
    pub(super) fn labels(&self) -> &Labels {
        labels_of(&*self.node)
    }

    /// The place that it is in, if it is in any.
    pub(super) fn place(&self, key: &TopologyKey) -> Option<&str> {
        match key {
            TopologyKey::Hostname => self.hostname.as_deref(),
            TopologyKey::Zone => self.zone.as_deref(),
            TopologyKey::Label(label) => self.labels().get(label).map(String::as_str),
        }
    }

    /// Its taints.
    pub(super) fn taints(&self) -> &[Taint] {
        let spec = self.node.spec.as_ref();
        spec.and_then(|spec| spec.taints.as_deref())
            .unwrap_or_default()
    }

    /// Whether it is cordoned.
    pub(super) fn is_unschedulable(&self) -> bool {
        let spec = self.node.spec.as_ref();
        spec.and_then(|spec| spec.unschedulable).unwrap_or(false)
    }

    /// Where it stands in the order of nodes: region and zone, or nothing
    /// (`GetZoneKey`).
    pub(super) fn tree_zone(&self) -> String {
        let label = |name: &str, beta: &str| {
            let labels = self.labels();
            labels
                .get(name)
                .or_else(|| labels.get(beta))
                .cloned()
                .unwrap_or_default()
        };
        let region = label(
            "topology.kubernetes.io/region",
            "failure-domain.beta.kubernetes.io/region",
        );
        let zone = label(
            "topology.kubernetes.io/zone",
            "failure-domain.beta.kubernetes.io/zone",
        );
        match (region.as_str(), zone.as_str()) {
            ("", "") => String::new(),
            _ => format!("{region}:\0:{zone}"),
        }
    }

    /// The lowest priority among its pods.
    pub(super) fn lowest_priority(&self) -> Option<i32> {
        self.priorities.keys().next().copied()
    }

    /// Puts a pod on it.
    pub(super) fn add_pod(&mut self, pod: &Arc<PodInfo>, group: GroupId) {
        self.requested.add(&pod.request);
        self.floor_cpu_millis = self.floor_cpu_millis.saturating_add(pod.floor_cpu_millis);
        self.floor_memory = self.floor_memory.saturating_add(pod.floor_memory);
        self.ports.extend(pod.ports.iter().cloned());
        *self.priorities.entry(pod.priority).or_default() += 1;
        let count = self.groups.entry(group).or_default();
        count.all += 1;
        count.terminating += i64::from(pod.is_terminating());
        self.pods.insert(pod.key.clone(), pod.clone());
    }

    /// Takes a pod off it.
    pub(super) fn remove_pod(&mut self, pod: &PodInfo, group: GroupId) {
        if self.pods.remove(&pod.key).is_none() {
            return;
        }
        self.requested.subtract(&pod.request);
        self.floor_cpu_millis = self.floor_cpu_millis.saturating_sub(pod.floor_cpu_millis);
        self.floor_memory = self.floor_memory.saturating_sub(pod.floor_memory);
        for port in &pod.ports {
            if let Some(at) = self.ports.iter().position(|held| held == port) {
                self.ports.swap_remove(at);
            }
        }
        if let Some(count) = self.priorities.get_mut(&pod.priority) {
            *count -= 1;
            if *count == 0 {
                self.priorities.remove(&pod.priority);
            }
        }
        if let Some(count) = self.groups.get_mut(&group) {
            count.all -= 1;
            count.terminating -= i64::from(pod.is_terminating());
            if count.all <= 0 {
                self.groups.remove(&group);
            }
        }
    }
}

fn images_of(node: &Node) -> BTreeMap<String, i64> {
    let status = node.status.as_ref();
    let images = status.and_then(|status| status.images.as_ref());
    images
        .into_iter()
        .flatten()
        .flat_map(|image| {
            let size = image.size_bytes.unwrap_or(0);
            image
                .names
                .iter()
                .flatten()
                .map(move |name| (name.clone(), size))
        })
        .collect()
}

/// The name of a node object, shared.
pub(super) fn node_name(node: &Node) -> Name {
    node.name().into()
}
