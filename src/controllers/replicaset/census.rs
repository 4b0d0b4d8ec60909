//! How many pods each set has, in which state: kept up with every change of a
//! pod, so that a look at a set of a thousand pods need not look at each.
//!
//! **Invariant:** a set's count is what a recount of its pods would give
//! (`Tally::of`).

use super::status::{Counts, Standing, Tally};
use crate::api::{Name, Pod, ReplicaSet, Resource};
use crate::client::Applied;
use crate::controllers::informers::Informers;
use crate::controllers::{labels, owners};
use crate::sim::Instant;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The counts of every set that was looked at, by its uid.
#[derive(Clone, Debug, Default)]
pub(super) struct Census {
    sets: BTreeMap<Name, Counted>,
}

/// What one set's pods came to.
#[derive(Clone, Debug)]
struct Counted {
    /// By this version of the set its pods were judged.
    set: Arc<ReplicaSet>,
    /// Pods that the set controls, in whatever state.
    members: usize,
    /// Those among them whose labels its selector no longer picks.
    strangers: usize,
    counts: Counts,
}

impl Counted {
    fn new(set: &Arc<ReplicaSet>) -> Self {
        Counted {
            set: set.clone(),
            members: 0,
            strangers: 0,
            counts: Counts::default(),
        }
    }

    fn add(&mut self, pod: &Pod) {
        self.members += 1;
        self.strangers += usize::from(is_stranger(&self.set, pod));
        self.counts.add(Standing::of(&self.set, pod));
    }

    fn remove(&mut self, pod: &Pod) {
        self.members = self.members.saturating_sub(1);
        let stranger = usize::from(is_stranger(&self.set, pod));
        self.strangers = self.strangers.saturating_sub(stranger);
        self.counts.remove(Standing::of(&self.set, pod));
    }
}

impl Census {
    /// A pod changed: it counts otherwise now, perhaps elsewhere.
    pub(super) fn pod_changed(&mut self, change: &Applied<Pod>) {
        let before = change.before.as_deref();
        let after = change.after.as_deref();
        if let Some(pod) = before
            && let Some(counted) = self.counted(pod)
        {
            counted.remove(pod);
        }
        if let Some(pod) = after
            && let Some(counted) = self.counted(pod)
        {
            counted.add(pod);
        }
    }

    fn counted(&mut self, pod: &Pod) -> Option<&mut Counted> {
        let owner = owners::controller_of(pod)?;
        self.sets.get_mut(owner.uid.as_str())
    }

    /// Members and tally of a set; none where one of its pods is to be released,
    /// and each has to be looked at.
    pub(super) fn of(
        &mut self,
        set: &Arc<ReplicaSet>,
        informers: &Informers,
        now: Instant,
    ) -> Option<(usize, Tally)> {
        let known = self.sets.get(set.uid());
        if known.is_none_or(|known| known.set.spec != set.spec) {
            let mut counted = Counted::new(set);
            for pod in informers.pods.controlled_by(set.uid()) {
                counted.add(pod);
            }
            self.sets.insert(set.uid().into(), counted);
        }
        let counted = self
            .sets
            .get(set.uid())
            .filter(|counted| counted.strangers == 0)?;
        Some((counted.members, counted.counts.as_of(now)))
    }

    /// A set is gone.
    pub(super) fn forget(&mut self, uid: &str) {
        self.sets.remove(uid);
    }
}

fn is_stranger(set: &ReplicaSet, pod: &Pod) -> bool {
    let selector = set.spec.as_ref().map(|spec| &spec.selector);
    !selector.is_some_and(|selector| labels::matches(selector, pod.metadata.labels.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Kind, Object};
    use crate::apiserver::WatchEvent;
    use crate::controllers::informers::Seen;
    use crate::sim::trace::Change;
    use serde_json::{Value, json};

    fn set(min_ready_seconds: i32) -> Arc<ReplicaSet> {
        let value = json!({
            "metadata": {"name": "web", "namespace": "default", "uid": "s1"},
            "spec": {
                "minReadySeconds": min_ready_seconds,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web", "tier": "front"}}},
            },
        });
        let object = Object::from_json(Kind::ReplicaSet, value).expect("a set");
        object.as_kind::<ReplicaSet>().expect("a set").clone()
    }

    fn pod(name: &str, owner: &str, more: &Value) -> Value {
        let mut pod = json!({
            "metadata": {
                "name": name,
                "namespace": "default",
                "labels": {"app": "web", "tier": "front"},
                "ownerReferences": [{
                    "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web",
                    "uid": owner, "controller": true,
                }],
            },
            "status": {"phase": "Running"},
        });
        json_patch::merge(&mut pod, more);
        pod
    }

    fn ready(at: &str) -> Value {
        json!({"status": {"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": at},
        ]}})
    }

    #[test]
    fn counts_follow_every_change() {
        let gone = json!({"metadata": {"deletionTimestamp": "2026-01-05T09:00:30Z"}});
        let unlabeled = json!({"metadata": {"labels": {"tier": null}}});
        let failed = json!({"status": {"phase": "Failed"}});
        let steps = [
            (Change::Added, "a", "s1", json!({})),
            (Change::Added, "b", "s1", ready("2026-01-05T09:00:05Z")),
            (Change::Added, "c", "other", json!({})),
            (Change::Modified, "a", "s1", ready("2026-01-05T09:00:59Z")),
            (Change::Modified, "c", "s1", unlabeled),
            (Change::Modified, "b", "s1", gone),
            (Change::Modified, "a", "s1", failed),
            (Change::Modified, "c", "other", json!({})),
            (Change::Deleted, "b", "s1", json!({})),
        ];
        for min_ready in [0, 10] {
            let set = set(min_ready);
            let (mut informers, mut census) = (Informers::default(), Census::default());
            for (change, name, owner, more) in &steps {
                let object = Object::from_json(Kind::Pod, pod(name, owner, more));
                let event = WatchEvent {
                    change: *change,
                    object: object.expect("a pod"),
                    revision: 1,
                    cause: None,
                };
                if let Seen::Pod(change) = informers.apply(&event) {
                    census.pod_changed(&change);
                }
                let now = Instant::from_secs(60);
                let pods: Vec<_> = informers.pods.controlled_by("s1").cloned().collect();
                let recount = (pods.len(), Tally::of(&set, &pods, now));
                assert_eq!(census.of(&set, &informers, now), Some(recount), "{name}");
            }
        }
    }

    #[test]
    fn a_pod_that_the_selector_no_longer_picks_is_told() {
        let set = set(0);
        let (mut informers, mut census) = (Informers::default(), Census::default());
        let other = json!({"metadata": {"labels": {"app": "other"}}});
        for (more, counted) in [(json!({}), true), (other, false)] {
            let object = Object::from_json(Kind::Pod, pod("a", "s1", &more));
            let event = WatchEvent {
                change: Change::Modified,
                object: object.expect("a pod"),
                revision: 1,
                cause: None,
            };
            if let Seen::Pod(change) = informers.apply(&event) {
                census.pod_changed(&change);
            }
            let found = census.of(&set, &informers, Instant::ZERO);
            assert_eq!(found.is_some(), counted);
        }
    }
}
