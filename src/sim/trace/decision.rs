//! A scheduling decision with every plugin's verdict on every node.

use super::Name;
use serde::{Deserialize, Serialize};

/// What the scheduler thought about one pod in one cycle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Namespace of the pod.
    pub namespace: Name,
    /// Name of the pod.
    pub pod: Name,
    /// How many cycles this pod has had, this one included.
    pub attempt: u32,
    /// The node chosen, or none.
    pub node: Option<Name>,
    /// The message of the `FailedScheduling` event, or empty.
    pub message: String,
    /// Nodes in the cluster.
    pub nodes_total: u32,
    /// What the filters said, node by node, in the order they were looked at.
    /// Nodes that were not looked at (percentageOfNodesToScore) are absent.
    pub verdicts: Vec<NodeVerdict>,
    /// How the nodes that fit scored, the best first.
    pub scores: Vec<NodeScore>,
}

/// What the filters said about one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeVerdict {
    /// Node.
    pub node: Name,
    /// The plugin that ruled the node out, or none where all passed. Filters run
    /// in order and stop at the first that fails, as upstream.
    pub rejected: Option<PluginVerdict>,
}

/// Why one plugin ruled a node out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginVerdict {
    /// Plugin (`NodeResourcesFit`).
    pub plugin: Name,
    /// Its reasons in upstream's words (`Insufficient cpu`).
    pub reasons: Vec<Name>,
    /// Whether removing other pods could not help either.
    pub unresolvable: bool,
}

/// How one node scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeScore {
    /// Node.
    pub node: Name,
    /// Sum of the weighted scores.
    pub total: i64,
    /// The parts of the sum.
    pub plugins: Vec<PluginScore>,
}

/// One plugin's part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginScore {
    /// Plugin.
    pub plugin: Name,
    /// As the plugin gave it.
    pub raw: i64,
    /// After NormalizeScore: 0 to 100.
    pub normalized: i64,
    /// The plugin's weight.
    pub weight: i64,
}
