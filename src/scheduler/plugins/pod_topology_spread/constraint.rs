//! A spread constraint, parsed, and what it counts.

use crate::api::core::TopologySpreadConstraint;
use crate::scheduler::cache::Cache;
use crate::scheduler::framework::Filter;
use crate::scheduler::node_info::{GroupId, NodeInfo, TopologyKey};
use crate::scheduler::plugins::node_affinity::NodeAffinity;
use crate::scheduler::plugins::taint_toleration::TaintToleration;
use crate::scheduler::pod_info::{PodInfo, label_keys};
use crate::scheduler::selector::Selector;

/// What a constraint asks for.
#[derive(Clone, Debug)]
pub(super) struct Constraint {
    pub(super) max_skew: i64,
    pub(super) topology_key: TopologyKey,
    pub(super) min_domains: usize,
    pub(super) selector: Selector,
    honor_affinity: bool,
    honor_taints: bool,
    /// The groups of pods that are counted, in order.
    groups: Vec<GroupId>,
}

impl Constraint {
    fn of(one: &TopologySpreadConstraint, pod: &PodInfo, cache: &Cache) -> Self {
        let mut selector = Selector::of(one.label_selector.as_ref());
        selector.and(label_keys(one.match_label_keys.as_deref(), &pod.pod, true));
        let mut constraint = Constraint {
            max_skew: i64::from(one.max_skew),
            topology_key: TopologyKey::of(&one.topology_key),
            min_domains: usize::try_from(one.min_domains.unwrap_or(1)).unwrap_or(1),
            selector,
            honor_affinity: one.node_affinity_policy.as_deref() != Some("Ignore"),
            honor_taints: one.node_taints_policy.as_deref() == Some("Honor"),
            groups: Vec::new(),
        };
        constraint.find_groups(pod, cache);
        constraint
    }

    fn find_groups(&mut self, pod: &PodInfo, cache: &Cache) {
        // An empty selector counts no pods (`countPodsMatchSelector`).
        if self.selector.is_empty() {
            return;
        }
        let found = cache.groups().filter(|(_, group)| {
            group.namespace == pod.key.namespace && self.selector.matches(&group.labels)
        });
        self.groups = found.map(|(id, _)| id).collect();
    }

    /// How many pods on the node are counted; those being deleted are not.
    pub(super) fn count(&self, node: &NodeInfo) -> i64 {
        let counted = |id: &GroupId| self.groups.binary_search(id).is_ok();
        let groups = node.groups.iter().filter(|(id, _)| counted(id));
        groups.map(|(_, count)| count.all - count.terminating).sum()
    }

    /// Whether the node counts at all (`nodeAffinityPolicy`, `nodeTaintsPolicy`).
    pub(super) fn includes(&self, node: &NodeInfo, wishes: &Wishes<'_>) -> bool {
        let wanted = !self.honor_affinity
            || wishes
                .affinity
                .as_ref()
                .is_none_or(|affinity| affinity.matches(node));
        wanted && (!self.honor_taints || wishes.tolerations.filter(node).is_ok())
    }
}

/// What the pod itself asks of nodes.
pub(super) struct Wishes<'a> {
    affinity: Option<NodeAffinity<'a>>,
    tolerations: TaintToleration<'a>,
}

impl<'a> Wishes<'a> {
    pub(super) fn new(pod: &'a PodInfo) -> Self {
        Wishes {
            affinity: NodeAffinity::new(pod),
            tolerations: TaintToleration::new(pod),
        }
    }
}

fn own(pod: &PodInfo) -> &[TopologySpreadConstraint] {
    let spec = pod.pod.spec.as_ref();
    spec.and_then(|spec| spec.topology_spread_constraints.as_deref())
        .unwrap_or_default()
}

/// Whether the pod has constraints of its own, of either kind.
pub(super) fn has_own(pod: &PodInfo) -> bool {
    !own(pod).is_empty()
}

/// The pod's own constraints of one kind (`DoNotSchedule`, `ScheduleAnyway`).
pub(super) fn own_constraints(pod: &PodInfo, cache: &Cache, kind: &str) -> Vec<Constraint> {
    let wanted = own(pod).iter().filter(|one| one.when_unsatisfiable == kind);
    wanted.map(|one| Constraint::of(one, pod, cache)).collect()
}

/// The constraints of pods that have none (`systemDefaultConstraints`), where
/// anything says which pods belong together.
pub(super) fn default_constraints(pod: &PodInfo, cache: &Cache) -> Vec<Constraint> {
    let selector = cache.workloads.default_selector(pod);
    if selector.is_empty() {
        return Vec::new();
    }
    [(TopologyKey::Hostname, 3), (TopologyKey::Zone, 5)]
        .map(|(topology_key, max_skew)| {
            let mut constraint = Constraint {
                max_skew,
                topology_key,
                min_domains: 1,
                selector: selector.clone(),
                honor_affinity: true,
                honor_taints: false,
                groups: Vec::new(),
            };
            constraint.find_groups(pod, cache);
            constraint
        })
        .into()
}

/// Whether the node has the labels of all constraints.
pub(super) fn has_all_labels(node: &NodeInfo, constraints: &[Constraint]) -> bool {
    constraints
        .iter()
        .all(|one| node.place(&one.topology_key).is_some())
}
