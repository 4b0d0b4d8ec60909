//! What the scheduler's plugins look at, and a decision as a table.

use crate::sim::trace::{Decision, Name, NodeScore};

/// What a plugin looks at, in a few words.
pub fn meaning(plugin: &str) -> &'static str {
    match plugin {
        "NodeName" => "whether the pod names another node",
        "NodeUnschedulable" => "whether the node is cordoned",
        "TaintToleration" => "taints of the node that the pod does not tolerate",
        "NodeAffinity" => "nodeSelector and node affinity against the node's labels",
        "NodePorts" => "host ports that are taken",
        "NodeResourcesFit" => "CPU, memory and pods that are free, against requests",
        "NodeResourcesBalancedAllocation" => "whether CPU and memory would be used evenly",
        "PodTopologySpread" => "how evenly such pods are spread over nodes and zones",
        "InterPodAffinity" => "pods that want to be near each other, or apart",
        "ImageLocality" => "whether the node has the image already",
        "VolumeBinding" | "VolumeZone" | "VolumeRestrictions" | "NodeVolumeLimits" => {
            "volumes that the pod wants"
        }
        "DefaultPreemption" => "whether pods of lower priority could make room",
        _ => "",
    }
}

/// What became of a node in a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It was chosen.
    Chosen,
    /// It fits.
    Fits,
    /// A plugin ruled it out: which, and why.
    RuledOut(Name, String),
}

/// A node's line in the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Node.
    pub node: &'a Name,
    /// What became of it.
    pub fate: Fate,
    /// How it scored, where it was scored.
    pub score: Option<&'a NodeScore>,
}

/// The table: the node chosen, then those that fit by their score, then those
/// ruled out by plugin.
pub fn rows(decision: &Decision) -> Vec<Row<'_>> {
    let score = |node: &Name| decision.scores.iter().find(|score| score.node == *node);
    let mut rows: Vec<Row> = decision
        .verdicts
        .iter()
        .map(|verdict| Row {
            node: &verdict.node,
            fate: match &verdict.rejected {
                Some(found) => Fate::RuledOut(found.plugin.clone(), found.reasons.join(", ")),
                None if decision.node.as_ref() == Some(&verdict.node) => Fate::Chosen,
                None => Fate::Fits,
            },
            score: score(&verdict.node),
        })
        .collect();
    rows.sort_by(|one, other| {
        let rank = |row: &Row| match &row.fate {
            Fate::Chosen => (0, 0, String::new()),
            Fate::Fits => (
                1,
                -row.score.map_or(i64::MIN + 1, |score| score.total),
                String::new(),
            ),
            Fate::RuledOut(plugin, reasons) => (2, 0, format!("{plugin} {reasons}")),
        };
        rank(one).cmp(&rank(other))
    });
    rows
}

/// The plugins that scored, in their order.
pub fn scorers(decision: &Decision) -> Vec<Name> {
    let first = decision.scores.first();
    let plugins = first.into_iter().flat_map(|score| &score.plugins);
    plugins.map(|part| part.plugin.clone()).collect()
}

/// How many nodes were ruled out for which reason, the most first:
/// `2: NodeResourcesFit, Insufficient cpu`.
pub fn reasons(decision: &Decision) -> Vec<(usize, Name, String)> {
    let mut counts: Vec<(usize, Name, String)> = Vec::new();
    for verdict in &decision.verdicts {
        let Some(found) = &verdict.rejected else {
            continue;
        };
        let words = found.reasons.join(", ");
        match counts
            .iter_mut()
            .find(|(_, plugin, reason)| *plugin == found.plugin && *reason == words)
        {
            Some((count, _, _)) => *count += 1,
            None => counts.push((1, found.plugin.clone(), words)),
        }
    }
    counts.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    counts
}

/// The decision in one sentence.
pub fn sentence(decision: &Decision) -> String {
    let looked = decision.verdicts.len();
    let fit = decision
        .verdicts
        .iter()
        .filter(|verdict| verdict.rejected.is_none())
        .count();
    match &decision.node {
        Some(node) => {
            let why = match (decision.scores.as_slice(), fit) {
                (_, 1) => "the only one that fits".to_owned(),
                ([best, second, ..], _) if best.total == second.total => {
                    format!(
                        "it shares the best score, {}, and its turn came first",
                        best.total
                    )
                }
                ([best, ..], _) if best.node == *node => format!("the best score, {}", best.total),
                _ => "it fits".to_owned(),
            };
            format!("{fit} of {looked} nodes fit. {node} was chosen: {why}.")
        }
        None if decision.message.is_empty() => format!("0 of {looked} nodes fit."),
        None => decision.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::trace::{NodeVerdict, PluginScore, PluginVerdict};

    fn decision() -> Decision {
        let out = |node: &str, plugin: &str, reason: &str| NodeVerdict {
            node: node.into(),
            rejected: Some(PluginVerdict {
                plugin: plugin.into(),
                reasons: vec![reason.into()],
                unresolvable: false,
            }),
        };
        let fits = |node: &str| NodeVerdict {
            node: node.into(),
            rejected: None,
        };
        let score = |node: &str, total| NodeScore {
            node: node.into(),
            total,
            plugins: vec![PluginScore {
                plugin: "NodeResourcesFit".into(),
                raw: total,
                normalized: total,
                weight: 1,
            }],
        };
        Decision {
            node: Some("node-3".into()),
            nodes_total: 5,
            verdicts: vec![
                out("control-plane", "TaintToleration", "untolerated taint"),
                out("node-1", "NodeResourcesFit", "Insufficient cpu"),
                fits("node-2"),
                fits("node-3"),
                out("node-4", "NodeResourcesFit", "Insufficient cpu"),
            ],
            scores: vec![score("node-3", 90), score("node-2", 80)],
            ..Decision::default()
        }
    }

    #[test]
    fn the_winner_comes_first_and_those_ruled_out_last() {
        let decision = decision();
        let names: Vec<&str> = rows(&decision).iter().map(|row| &**row.node).collect();
        assert_eq!(
            names,
            ["node-3", "node-2", "node-1", "node-4", "control-plane"]
        );
        assert_eq!(rows(&decision)[0].fate, Fate::Chosen);
        assert_eq!(scorers(&decision), ["NodeResourcesFit".into()]);
    }

    #[test]
    fn reasons_are_counted() {
        let counts: Vec<usize> = reasons(&decision())
            .iter()
            .map(|(count, ..)| *count)
            .collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn a_sentence_says_why_a_node_was_chosen() {
        let mut decision = decision();
        assert_eq!(
            sentence(&decision),
            "2 of 5 nodes fit. node-3 was chosen: the best score, 90."
        );
        decision.scores[1].total = 90;
        assert!(sentence(&decision).contains("its turn came first"));
        decision.node = None;
        decision.message = "0/5 nodes are available".into();
        assert_eq!(sentence(&decision), "0/5 nodes are available");
    }
}
