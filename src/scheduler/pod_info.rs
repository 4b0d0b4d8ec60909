//! A pod as the scheduler sees it: everything that cycles ask for, read out once.

use super::node_info::TopologyKey;
use super::resources::Resources;
use super::selector::{Labels, Selector};
use crate::api::core::{Affinity, PodAffinityTerm, WeightedPodAffinityTerm};
use crate::api::{Key, Name, Pod, Resource};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// A port of the node that a pod asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HostPort {
    /// Number.
    pub(super) port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub(super) protocol: Name,
    /// Address of the node, `0.0.0.0` for all of them.
    pub(super) ip: Name,
}

const EVERY_ADDRESS: &str = "0.0.0.0";

impl HostPort {
    /// Whether both cannot be had on one node.
    pub(super) fn clashes(&self, other: &HostPort) -> bool {
        let same_address =
            self.ip == other.ip || &*self.ip == EVERY_ADDRESS || &*other.ip == EVERY_ADDRESS;
        self.port == other.port && self.protocol == other.protocol && same_address
    }
}

/// A term of pod affinity or anti-affinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodTerm {
    namespaces: BTreeSet<String>,
    namespace_selector: Option<Selector>,
    selector: Selector,
    /// The node label whose values are the places.
    pub(super) topology_key: TopologyKey,
}

impl PodTerm {
    fn of(term: &PodAffinityTerm, pod: &Pod) -> Self {
        let mut namespaces: BTreeSet<String> = term.namespaces.iter().flatten().cloned().collect();
        let namespace_selector = term.namespace_selector.as_ref();
        if namespaces.is_empty() && namespace_selector.is_none() {
            namespaces.insert(pod.namespace().to_owned());
        }
        let mut selector = Selector::of(term.label_selector.as_ref());
        selector.and(label_keys(term.match_label_keys.as_deref(), pod, true));
        selector.and(label_keys(term.mismatch_label_keys.as_deref(), pod, false));
        PodTerm {
            namespaces,
            namespace_selector: namespace_selector.map(|selector| Selector::of(Some(selector))),
            selector,
            topology_key: TopologyKey::of(&term.topology_key),
        }
    }

    /// Whether a pod of these labels is meant. `namespace_labels` are the labels
    /// of its namespace.
    pub(super) fn matches(&self, group: &Group, namespace_labels: &Labels) -> bool {
        let namespace = self.namespaces.contains(&*group.namespace)
            || self
                .namespace_selector
                .as_ref()
                .is_some_and(|selector| selector.matches(namespace_labels));
        namespace && self.selector.matches(&group.labels)
    }
}

impl PodTerm {
    /// Whether a pod of these labels may be meant, whatever the labels of its
    /// namespace.
    pub(super) fn may_match(&self, group: &Group) -> bool {
        let namespace =
            self.namespaces.contains(&*group.namespace) || self.namespace_selector.is_some();
        namespace && self.selector.matches(&group.labels)
    }
}

/// `matchLabelKeys`: the pod's own values of these keys are asked for too.
pub(super) fn label_keys(keys: Option<&[String]>, pod: &Pod, equal: bool) -> Selector {
    let labels = labels_of(pod);
    let mut selector = crate::api::LabelSelector::default();
    for key in keys.unwrap_or_default() {
        let Some(value) = labels.get(key) else {
            continue;
        };
        selector.match_expressions.get_or_insert_default().push(
            crate::api::meta::LabelSelectorRequirement {
                key: key.clone(),
                operator: if equal { "In" } else { "NotIn" }.to_owned(),
                values: Some(vec![value.clone()]),
            },
        );
    }
    Selector::of(Some(&selector))
}

/// The inter-pod affinity of a pod, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PodTerms {
    /// Must be near all of these.
    pub(super) required: Vec<PodTerm>,
    /// Must be near none of these.
    pub(super) required_anti: Vec<PodTerm>,
    /// Would like to be near these (positive) or far from them (negative).
    pub(super) preferred: Vec<(i64, PodTerm)>,
}

impl PodTerms {
    fn of(pod: &Pod) -> Self {
        let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
        let near = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
        let far = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        let terms = |terms: Option<&Vec<PodAffinityTerm>>| -> Vec<PodTerm> {
            terms
                .into_iter()
                .flatten()
                .map(|term| PodTerm::of(term, pod))
                .collect()
        };
        let weighted =
            |terms: Option<&Vec<WeightedPodAffinityTerm>>, sign: i64| -> Vec<(i64, PodTerm)> {
                terms
                    .into_iter()
                    .flatten()
                    .map(|term| {
                        (
                            sign * i64::from(term.weight),
                            PodTerm::of(&term.pod_affinity_term, pod),
                        )
                    })
                    .collect()
            };
        let mut preferred = weighted(
            near.and_then(|near| {
                near.preferred_during_scheduling_ignored_during_execution
                    .as_ref()
            }),
            1,
        );
        preferred.extend(weighted(
            far.and_then(|far| {
                far.preferred_during_scheduling_ignored_during_execution
                    .as_ref()
            }),
            -1,
        ));
        PodTerms {
            required: terms(near.and_then(|near| {
                near.required_during_scheduling_ignored_during_execution
                    .as_ref()
            })),
            required_anti: terms(far.and_then(|far| {
                far.required_during_scheduling_ignored_during_execution
                    .as_ref()
            })),
            preferred,
        }
    }

    /// Whether the pod has no such wishes.
    pub(super) fn is_empty(&self) -> bool {
        self.required.is_empty() && self.required_anti.is_empty() && self.preferred.is_empty()
    }
}

/// What pods look like to selectors. The pods of one ReplicaSet look all the same,
/// so that selectors are tried once a group and not once a pod.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Namespace.
    pub(super) namespace: Name,
    /// Labels.
    pub(super) labels: Labels,
    /// Their own inter-pod affinity.
    pub(super) terms: PodTerms,
    /// Tells groups of different affinity apart; empty for none.
    affinity: String,
}

impl Group {
    fn identity(&self) -> (&Name, &Labels, &String) {
        (&self.namespace, &self.labels, &self.affinity)
    }
}
impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}
impl Eq for Group {}
impl PartialOrd for Group {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Group {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.identity().cmp(&other.identity())
    }
}

/// A pod with what the scheduler needs of it.
#[derive(Clone, Debug)]
pub(super) struct PodInfo {
    /// The pod.
    pub(super) pod: Arc<Pod>,
    /// Its key.
    pub(super) key: Key,
    /// Its priority.
    pub(super) priority: i32,
    /// What it asks for.
    pub(super) request: Resources,
    /// CPU that it counts for in LeastAllocated.
    pub(super) floor_cpu_millis: i64,
    /// Memory that it counts for in LeastAllocated.
    pub(super) floor_memory: i64,
    /// Ports of the node that it asks for.
    pub(super) ports: Vec<HostPort>,
    /// What it looks like to selectors.
    pub(super) group: Arc<Group>,
}

impl PodInfo {
    /// Reads a pod.
    pub(super) fn of(pod: Arc<Pod>) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let floor = Resources::of_pod(&spec, true);
        let affinity = spec.affinity.as_ref().filter(|affinity| {
            affinity.pod_affinity.is_some() || affinity.pod_anti_affinity.is_some()
        });
        let group = Group {
            namespace: pod.namespace().into(),
            labels: labels_of(&*pod).clone(),
            terms: PodTerms::of(&pod),
            affinity: affinity.map(affinity_text).unwrap_or_default(),
        };
        PodInfo {
            key: pod.key(),
            priority: spec.priority.unwrap_or(0),
            request: Resources::of_pod(&spec, false),
            floor_cpu_millis: floor.cpu_millis,
            floor_memory: floor.memory,
            ports: host_ports(&spec),
            group: Arc::new(group),
            pod,
        }
    }

    /// Its labels.
    pub(super) fn labels(&self) -> &Labels {
        &self.group.labels
    }

    /// Whether it is being deleted.
    pub(super) fn is_terminating(&self) -> bool {
        self.pod.metadata.deletion_timestamp.is_some()
    }

    /// Whether a changed pod is the same to the scheduler: its status does not
    /// matter.
    pub(super) fn is_same(&self, pod: &Pod) -> bool {
        Arc::as_ptr(&self.pod) == std::ptr::from_ref(pod)
            || self.pod.uid() == pod.uid()
                && self.pod.metadata.deletion_timestamp == pod.metadata.deletion_timestamp
                && self.pod.metadata.labels == pod.metadata.labels
                && self.pod.spec == pod.spec
    }
}

fn affinity_text(affinity: &Affinity) -> String {
    serde_json::to_string(&(&affinity.pod_affinity, &affinity.pod_anti_affinity))
        .unwrap_or_default()
}

static NO_LABELS: LazyLock<Labels> = LazyLock::new(Labels::new);

/// The labels of an object, possibly none.
pub(super) fn labels_of<K: Resource>(object: &K) -> &Labels {
    object.meta().labels.as_ref().unwrap_or(&NO_LABELS)
}

fn host_ports(spec: &crate::api::core::PodSpec) -> Vec<HostPort> {
    let sidecars = spec
        .init_containers
        .iter()
        .flatten()
        .filter(|container| container.restart_policy.as_deref() == Some("Always"));
    spec.containers
        .iter()
        .chain(sidecars)
        .flat_map(|container| container.ports.iter().flatten())
        .filter_map(|port| {
            let number = port.host_port.filter(|port| *port > 0)?;
            let ip = port.host_ip.as_deref().filter(|ip| !ip.is_empty());
            Some(HostPort {
                port: number,
                protocol: port.protocol.as_deref().unwrap_or("TCP").into(),
                ip: ip.unwrap_or(EVERY_ADDRESS).into(),
            })
        })
        .collect()
}
