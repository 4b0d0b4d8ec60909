//! InterPodAffinity: pods near pods, or far from them. It holds both ways: pods
//! that are there already may not want the newcomer.

mod filter;
mod score;

pub(in crate::scheduler) use filter::InterPodAffinity;
pub(in crate::scheduler) use score::PreferredInterPodAffinity;

use crate::scheduler::node_info::{NodeInfo, TopologyKey};
use std::collections::BTreeMap;

/// Numbers by topology label and its value.
#[derive(Clone, Debug, Default)]
struct Places(BTreeMap<TopologyKey, BTreeMap<String, i64>>);

impl Places {
    /// Adds to the place that the node is in, if it has that label.
    fn add(&mut self, key: &TopologyKey, node: &NodeInfo, by: i64) {
        let Some(value) = node.place(key) else {
            return;
        };
        if by == 0 {
            return;
        }
        let values = match self.0.get_mut(key) {
            Some(values) => values,
            None => self.0.entry(key.clone()).or_default(),
        };
        match values.get_mut(value) {
            Some(number) => *number += by,
            None => drop(values.insert(value.to_owned(), by)),
        }
    }

    /// The number of the place that the node is in; none where it has no such
    /// label.
    fn at(&self, key: &TopologyKey, node: &NodeInfo) -> Option<i64> {
        let value = node.place(key)?;
        let number = self.0.get(key).and_then(|values| values.get(value));
        Some(number.copied().unwrap_or(0))
    }

    /// The labels that play a part.
    fn keys(&self) -> impl Iterator<Item = &TopologyKey> {
        self.0.keys()
    }

    fn is_empty(&self) -> bool {
        self.0
            .values()
            .all(|values| values.values().all(|number| *number == 0))
    }
}
