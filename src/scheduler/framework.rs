//! What a plugin is. A plugin is made anew for each pod from what its PreFilter
//! or PreScore would compute; one that has nothing to say about a pod is not made
//! at all (upstream's `Skip`).

use super::node_info::NodeInfo;
use super::pod_info::PodInfo;
use crate::api::Name;
use std::sync::{Arc, LazyLock};

/// The highest score after normalisation (`MaxNodeScore`).
pub(super) const MAX_NODE_SCORE: i64 = 100;

/// The plugins of the default profile, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PluginId {
    SchedulingGates,
    NodeUnschedulable,
    NodeName,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    PodTopologySpread,
    InterPodAffinity,
    NodeResourcesBalancedAllocation,
    ImageLocality,
}

static NAMES: LazyLock<[Name; 11]> = LazyLock::new(|| {
    [
        "SchedulingGates",
        "NodeUnschedulable",
        "NodeName",
        "TaintToleration",
        "NodeAffinity",
        "NodePorts",
        "NodeResourcesFit",
        "PodTopologySpread",
        "InterPodAffinity",
        "NodeResourcesBalancedAllocation",
        "ImageLocality",
    ]
    .map(Arc::from)
});

impl PluginId {
    /// All of them, in order.
    pub(super) const ALL: [PluginId; 11] = [
        PluginId::SchedulingGates,
        PluginId::NodeUnschedulable,
        PluginId::NodeName,
        PluginId::TaintToleration,
        PluginId::NodeAffinity,
        PluginId::NodePorts,
        PluginId::NodeResourcesFit,
        PluginId::PodTopologySpread,
        PluginId::InterPodAffinity,
        PluginId::NodeResourcesBalancedAllocation,
        PluginId::ImageLocality,
    ];

    /// Its upstream name, shared.
    pub(super) fn name(self) -> Name {
        NAMES[self as usize].clone()
    }

    /// Its weight in the default profile (`getDefaultPlugins`).
    pub(super) fn weight(self) -> i64 {
        match self {
            PluginId::TaintToleration => 3,
            PluginId::NodeAffinity | PluginId::PodTopologySpread | PluginId::InterPodAffinity => 2,
            _ => 1,
        }
    }
}

/// A set of plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PluginSet(u16);

impl PluginSet {
    /// Adds one.
    pub(super) fn insert(&mut self, plugin: PluginId) {
        self.0 |= 1 << plugin as u16;
    }

    /// Whether it holds `plugin`.
    pub(super) fn contains(self, plugin: PluginId) -> bool {
        self.0 & (1 << plugin as u16) != 0
    }

    /// The plugins it holds, in order.
    pub(super) fn iter(self) -> impl Iterator<Item = PluginId> {
        PluginId::ALL
            .into_iter()
            .filter(move |plugin| self.contains(*plugin))
    }

    /// Whether it holds none.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<PluginId> for PluginSet {
    fn from_iter<I: IntoIterator<Item = PluginId>>(plugins: I) -> Self {
        let mut set = PluginSet::default();
        plugins.into_iter().for_each(|plugin| set.insert(plugin));
        set
    }
}

/// A plugin's no to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    /// Upstream's words, one a reason.
    pub(super) reasons: Vec<Name>,
    /// Whether removing pods from the node could not help either
    /// (`UnschedulableAndUnresolvable`).
    pub(super) unresolvable: bool,
}

impl Rejected {
    /// A no that removing pods could turn into a yes.
    pub(super) fn resolvable(reason: &Name) -> Self {
        Rejected {
            reasons: vec![reason.clone()],
            unresolvable: false,
        }
    }

    /// A no for good, as far as this node is concerned.
    pub(super) fn unresolvable(reason: &Name) -> Self {
        Rejected {
            reasons: vec![reason.clone()],
            unresolvable: true,
        }
    }
}

/// The filter of one plugin for one pod.
pub(super) trait Filter {
    /// Whether the pod may go to the node.
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected>;

    /// Takes in that a pod has left a node or come to it while a preemption is
    /// tried out (`AddPod`, `RemovePod`).
    fn pod_moved(&mut self, _pod: &PodInfo, _node: &NodeInfo, _added: bool) {}
}

/// The score of one plugin for one pod.
pub(super) trait Score {
    /// How well the node suits, before normalisation.
    fn score(&self, node: &NodeInfo) -> i64;

    /// Brings the scores of all nodes into 0 to [`MAX_NODE_SCORE`]. The nodes are
    /// those that were scored, in the same order.
    fn normalize(&self, _nodes: &[&NodeInfo], _scores: &mut [i64]) {}
}

/// Scales scores so that the highest is [`MAX_NODE_SCORE`]; with `reverse` the
/// lowest raw score becomes the highest (`DefaultNormalizeScore`).
pub(super) fn default_normalize(scores: &mut [i64], reverse: bool) {
    let highest = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        *score = match (highest, reverse) {
            (0, true) => MAX_NODE_SCORE,
            (0, false) => *score,
            (highest, false) => MAX_NODE_SCORE * *score / highest,
            (highest, true) => MAX_NODE_SCORE - MAX_NODE_SCORE * *score / highest,
        };
    }
}

/// A shared text; plugins keep their reasons in statics of this type.
pub(super) type Words = LazyLock<Name>;

/// Declares a reason as a shared text.
macro_rules! words {
    ($($name:ident = $text:literal;)*) => {
        $(static $name: $crate::scheduler::framework::Words =
            std::sync::LazyLock::new(|| std::sync::Arc::from($text));)*
    };
}
pub(super) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalisation_scales_to_a_hundred() {
        for (raw, reverse, expected) in [
            (vec![1, 100, 0], false, vec![1, 100, 0]),
            (vec![0, 0], false, vec![0, 0]),
            (vec![0, 0], true, vec![100, 100]),
            (vec![2, 1, 0], true, vec![0, 50, 100]),
            (vec![3, 1], false, vec![100, 33]),
        ] {
            let mut scores = raw.clone();
            default_normalize(&mut scores, reverse);
            assert_eq!(scores, expected, "{raw:?}");
        }
    }

    #[test]
    fn plugins_carry_their_upstream_names_and_weights() {
        assert_eq!(&*PluginId::ImageLocality.name(), "ImageLocality");
        assert_eq!(&*PluginId::NodeResourcesFit.name(), "NodeResourcesFit");
        assert_eq!(PluginId::TaintToleration.weight(), 3);
        let set: PluginSet = [PluginId::NodeName].into_iter().collect();
        assert!(set.contains(PluginId::NodeName) && !set.contains(PluginId::NodePorts));
    }
}
