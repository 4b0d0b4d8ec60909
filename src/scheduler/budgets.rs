//! PodDisruptionBudgets, as far as preemption asks for them.

use super::pod_info::PodInfo;
use super::selector::Selector;
use crate::api::{Key, Kind, LabelSelector, Object};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The budgets of the cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Budgets(BTreeMap<Key, Arc<Budget>>);

#[derive(Clone, Debug)]
struct Budget {
    selector: Selector,
    allowed: i64,
    /// Pods that are being evicted already and counted so.
    disrupted: Vec<String>,
}

impl Budgets {
    /// The kind that it wants to hear of.
    pub(super) const KIND: Kind = Kind::PodDisruptionBudget;

    /// Takes in a budget.
    pub(super) fn take_in(&mut self, object: &Object, deleted: bool) {
        let Object::Other(Budgets::KIND, budget) = object else {
            return;
        };
        let field = |part: &str, name: &str| {
            budget
                .rest
                .get(part)
                .and_then(|part| part.get(name))
                .cloned()
        };
        let selector: Option<LabelSelector> =
            field("spec", "selector").and_then(|value| serde_json::from_value(value).ok());
        let allowed = field("status", "disruptionsAllowed").and_then(|value| value.as_i64());
        let disrupted = match field("status", "disruptedPods") {
            Some(Value::Object(pods)) => pods.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let selector = Selector::of(selector.as_ref());
        match deleted || selector.is_empty() {
            true => drop(self.0.remove(&object.key())),
            false => drop(self.0.insert(
                object.key(),
                Arc::new(Budget {
                    selector,
                    allowed: allowed.unwrap_or(0),
                    disrupted,
                }),
            )),
        }
    }

    /// Splits pods into those whose loss would break a budget and the others, in
    /// their order.
    pub(super) fn split(&self, pods: &[Arc<PodInfo>]) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
        let mut left: BTreeMap<&Key, i64> = BTreeMap::new();
        pods.iter().cloned().partition(|pod| {
            let mut breaks = false;
            for (key, budget) in &self.0 {
                let known = budget.disrupted.iter().any(|name| **name == *pod.key.name);
                if key.namespace != pod.key.namespace
                    || known
                    || !budget.selector.matches(pod.labels())
                {
                    continue;
                }
                let left = left.entry(key).or_insert(budget.allowed);
                *left -= 1;
                breaks |= *left < 0;
            }
            breaks
        })
    }
}
