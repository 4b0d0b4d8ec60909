//! Which of the nodes that fit is the best (`prioritizeNodes`).

use super::cache::Cache;
use super::cycle::DETAILED_NODES_MAX;
use super::framework::{PluginId, Score};
use super::node_info::NodeInfo;
use super::plugins::image_locality::ImageLocality;
use super::plugins::inter_pod_affinity::PreferredInterPodAffinity;
use super::plugins::node_affinity::PreferredNodeAffinity;
use super::plugins::node_resources_balanced_allocation::NodeResourcesBalancedAllocation;
use super::plugins::node_resources_fit::NodeResourcesFit;
use super::plugins::pod_topology_spread::PreferredSpread;
use super::plugins::taint_toleration::TaintToleration;
use super::pod_info::PodInfo;
use crate::api::Name;
use crate::sim::order::Order as _;
use crate::sim::trace::{Decision, NodeScore, PluginScore};

/// In larger clusters than [`DETAILED_NODES_MAX`] so many scores are told, the best.
pub(super) const SCORES_MAX: usize = 10;

type Scores<'a> = Vec<(PluginId, Box<dyn Score + 'a>)>;

fn scorers<'a>(pod: &'a PodInfo, cache: &'a Cache, nodes: &[&NodeInfo]) -> Scores<'a> {
    let mut scorers: Scores<'a> = vec![(
        PluginId::TaintToleration,
        Box::new(TaintToleration::new(pod)),
    )];
    if let Some(plugin) = PreferredNodeAffinity::new(pod) {
        scorers.push((PluginId::NodeAffinity, Box::new(plugin)));
    }
    scorers.push((
        PluginId::NodeResourcesFit,
        Box::new(NodeResourcesFit::new(pod)),
    ));
    if let Some(plugin) = PreferredSpread::new(pod, cache, nodes) {
        scorers.push((PluginId::PodTopologySpread, Box::new(plugin)));
    }
    if let Some(plugin) = PreferredInterPodAffinity::new(pod, cache) {
        scorers.push((PluginId::InterPodAffinity, Box::new(plugin)));
    }
    if let Some(plugin) = NodeResourcesBalancedAllocation::new(pod) {
        scorers.push((PluginId::NodeResourcesBalancedAllocation, Box::new(plugin)));
    }
    scorers.push((
        PluginId::ImageLocality,
        Box::new(ImageLocality::new(pod, cache)),
    ));
    scorers
}

/// Scores the nodes and takes the best.
pub(super) fn prioritize(
    pod: &PodInfo,
    cache: &Cache,
    nodes: &[&NodeInfo],
    decision: &mut Decision,
) -> Option<Name> {
    let columns: Vec<(PluginId, Vec<i64>, Vec<i64>)> = scorers(pod, cache, nodes)
        .iter()
        .map(|(plugin, scorer)| {
            let raw: Vec<i64> = nodes.iter().map(|node| scorer.score(node)).collect();
            let mut normalized = raw.clone();
            scorer.normalize(nodes, &mut normalized);
            (*plugin, raw, normalized)
        })
        .collect();
    let totals: Vec<i64> = (0..nodes.len())
        .map(|row| {
            columns
                .iter()
                .map(|(plugin, _, scores)| scores[row] * plugin.weight())
                .sum()
        })
        .collect();
    let best = first_of_heap(&totals)?;
    let mut ranking: Vec<usize> = (0..nodes.len()).collect();
    ranking.order_by_key(|row| (std::cmp::Reverse(totals[*row]), *row != best, *row));
    if cache.node_count() > DETAILED_NODES_MAX {
        ranking.truncate(SCORES_MAX);
    }
    let part =
        |row: usize, (plugin, raw, normalized): &(PluginId, Vec<i64>, Vec<i64>)| PluginScore {
            plugin: plugin.name(),
            raw: raw[row],
            normalized: normalized[row],
            weight: plugin.weight(),
        };
    decision.scores = ranking
        .into_iter()
        .map(|row| NodeScore {
            node: nodes[row].name.clone(),
            total: totals[row],
            plugins: columns.iter().map(|column| part(row, column)).collect(),
        })
        .collect();
    nodes.get(best).map(|node| node.name.clone())
}

/// The row that upstream takes among equals: it makes a heap of the scores (Go's
/// `container/heap`) and takes its top, which is mostly the first of the best.
fn first_of_heap(totals: &[i64]) -> Option<usize> {
    let mut heap: Vec<usize> = (0..totals.len()).collect();
    for root in (0..heap.len() / 2).rev() {
        let mut at = root;
        loop {
            let left = 2 * at + 1;
            if left >= heap.len() {
                break;
            }
            let right_wins = left + 1 < heap.len() && totals[heap[left + 1]] > totals[heap[left]];
            let child = if right_wins { left + 1 } else { left };
            if totals[heap[child]] <= totals[heap[at]] {
                break;
            }
            heap.swap(at, child);
            at = child;
        }
    }
    heap.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_the_heap_is_mostly_the_first_of_the_best() {
        for (totals, top) in [
            (vec![], None),
            (vec![5], Some(0)),
            (vec![5, 5, 5], Some(0)),
            (vec![1, 5, 5], Some(1)),
            (vec![1, 1, 5, 5], Some(3)),
        ] {
            assert_eq!(first_of_heap(&totals), top, "{totals:?}");
        }
    }
}
