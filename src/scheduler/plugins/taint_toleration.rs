//! TaintToleration: taints keep pods out (NoSchedule, NoExecute) or away
//! (PreferNoSchedule), save those that tolerate them.

use super::node_unschedulable::tolerations_of;
use super::tolerations::tolerates;
use crate::api::core::{Taint, Toleration};
use crate::scheduler::framework::{Filter, Rejected, Score, default_normalize, words};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

words! {
    UNTOLERATED = "node(s) had untolerated taint(s)";
}

/// The plugin for one pod.
pub(in crate::scheduler) struct TaintToleration<'a> {
    tolerations: &'a [Toleration],
}

impl<'a> TaintToleration<'a> {
    /// For `pod`.
    pub(in crate::scheduler) fn new(pod: &'a PodInfo) -> Self {
        TaintToleration {
            tolerations: tolerations_of(pod),
        }
    }

    fn tolerates(&self, taint: &Taint) -> bool {
        tolerates(self.tolerations, taint)
    }
}

impl Filter for TaintToleration<'_> {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected> {
        let keeps_out =
            |taint: &&Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
        match node
            .taints()
            .iter()
            .filter(keeps_out)
            .all(|taint| self.tolerates(taint))
        {
            true => Ok(()),
            false => Err(Rejected::unresolvable(&UNTOLERATED)),
        }
    }
}

impl Score for TaintToleration<'_> {
    /// How many taints would rather not have the pod.
    fn score(&self, node: &NodeInfo) -> i64 {
        let soft = node
            .taints()
            .iter()
            .filter(|taint| taint.effect == "PreferNoSchedule");
        soft.filter(|taint| !self.tolerates(taint)).count() as i64
    }

    fn normalize(&self, _nodes: &[&NodeInfo], scores: &mut [i64]) {
        default_normalize(scores, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{info, pod};
    use serde_json::json;

    fn tainted(effects: &[(&str, &str)]) -> NodeInfo {
        let taints: Vec<_> = effects
            .iter()
            .map(|(key, effect)| json!({"key": key, "effect": effect}))
            .collect();
        info("n1", json!({"spec": {"taints": taints}}))
    }

    #[test]
    fn hard_taints_filter_and_soft_ones_score() {
        let plain = pod("p", json!({"containers": []}));
        let tolerant = pod(
            "p",
            json!({"containers": [], "tolerations": [{"key": "a", "operator": "Exists"}]}),
        );
        for (taints, pod, fits, score) in [
            (vec![], &plain, true, 0),
            (vec![("a", "NoSchedule")], &plain, false, 0),
            (vec![("a", "NoExecute")], &plain, false, 0),
            (
                vec![("a", "PreferNoSchedule"), ("b", "PreferNoSchedule")],
                &plain,
                true,
                2,
            ),
            (vec![("a", "NoSchedule")], &tolerant, true, 0),
            (
                vec![("a", "PreferNoSchedule"), ("b", "PreferNoSchedule")],
                &tolerant,
                true,
                1,
            ),
            (
                vec![("a", "NoSchedule"), ("b", "NoExecute")],
                &tolerant,
                false,
                0,
            ),
        ] {
            let plugin = TaintToleration::new(pod);
            let node = tainted(&taints);
            assert_eq!(plugin.filter(&node).is_ok(), fits, "{taints:?}");
            assert_eq!(plugin.score(&node), score, "{taints:?}");
        }
        let mut scores = [0, 2, 1];
        TaintToleration::new(&plain).normalize(&[], &mut scores);
        assert_eq!(scores, [100, 0, 50]);
    }
}
