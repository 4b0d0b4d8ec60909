//! InterPodAffinity: pods near pods, or far from them. It holds both ways: pods
//! that are there already may not want the newcomer.

mod filter;
mod score;

pub(in crate::scheduler) use filter::InterPodAffinity;
pub(in crate::scheduler) use score::PreferredInterPodAffinity;

use crate::scheduler::node_info::NodeInfo;
use std::collections::BTreeMap;

/// Numbers by topology label and its value.
#[derive(Clone, Debug, Default)]
struct Places(BTreeMap<String, BTreeMap<String, i64>>);

impl Places {
    /// Adds to the place that the node is in, if it has that label.
    fn add(&mut self, key: &str, node: &NodeInfo, by: i64) {
        let Some(value) = node.labels().get(key) else {
            return;
        };
        if by == 0 {
            return;
        }
        let values = match self.0.get_mut(key) {
            Some(values) => values,
            None => self.0.entry(key.to_owned()).or_default(),
        };
        match values.get_mut(value) {
            Some(number) => *number += by,
            None => drop(values.insert(value.clone(), by)),
        }
    }

    /// The number of the place that the node is in; none where it has no such
    /// label.
    fn at(&self, key: &str, node: &NodeInfo) -> Option<i64> {
        let value = node.labels().get(key)?;
        let number = self.0.get(key).and_then(|values| values.get(value));
        Some(number.copied().unwrap_or(0))
    }

    /// The labels that play a part.
    fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    fn is_empty(&self) -> bool {
        self.0
            .values()
            .all(|values| values.values().all(|number| *number == 0))
    }
}
