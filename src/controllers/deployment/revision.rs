//! The annotations by which sets remember their place in history.

use super::bounds;
use crate::api::{Deployment, ReplicaSet, Resource};

const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations that are the Deployment's own and not handed to its sets.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
];
/// Longest history kept in the annotation, in characters.
const HISTORY_LENGTH_MAX: usize = 2000;

fn annotation<'a>(set: &'a ReplicaSet, name: &str) -> Option<&'a str> {
    let annotations = set.metadata.annotations.as_ref()?;
    annotations.get(name).map(String::as_str)
}

/// A set's revision; zero where it has none.
pub(super) fn of(set: &ReplicaSet) -> i64 {
    let text = annotation(set, REVISION);
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The Deployment's count when the set was last sized.
pub(super) fn desired_replicas(set: &ReplicaSet) -> Option<i32> {
    annotation(set, DESIRED_REPLICAS)?.parse().ok()
}

/// The Deployment's greatest count, surge included, when the set was last sized.
pub(super) fn max_replicas(set: &ReplicaSet) -> Option<i32> {
    annotation(set, MAX_REPLICAS)?.parse().ok()
}

/// Writes the present bounds onto a set; answers whether that changed anything.
pub(super) fn set_bounds(set: &mut ReplicaSet, deployment: &Deployment) -> bool {
    let desired = bounds::replicas(deployment);
    let most = desired.saturating_add(bounds::max_surge(deployment));
    let annotations = set.meta_mut().annotations.get_or_insert_default();
    let mut changed = false;
    for (name, value) in [(DESIRED_REPLICAS, desired), (MAX_REPLICAS, most)] {
        let value = value.to_string();
        if annotations.get(name) != Some(&value) {
            annotations.insert(name.to_owned(), value);
            changed = true;
        }
    }
    changed
}

/// Gives the set of the present template its annotations
/// (`SetNewReplicaSetAnnotations`); answers whether any changed.
pub(super) fn annotate(
    set: &mut ReplicaSet,
    deployment: &Deployment,
    revision: i64,
    existed: bool,
) -> bool {
    let mut changed = copy_annotations(set, deployment);
    let known = annotation(set, REVISION).map(str::to_owned);
    if of(set) < revision {
        let annotations = set.meta_mut().annotations.get_or_insert_default();
        annotations.insert(REVISION.to_owned(), revision.to_string());
        if let Some(known) = known {
            let history = annotations.remove(REVISION_HISTORY).unwrap_or_default();
            annotations.insert(REVISION_HISTORY.to_owned(), extended(&history, &known));
        }
        changed = true;
    }
    if !existed && set_bounds(set, deployment) {
        changed = true;
    }
    changed
}

fn extended(history: &str, revision: &str) -> String {
    if history.is_empty() {
        return revision.to_owned();
    }
    let mut entries: Vec<&str> = history.split(',').collect();
    entries.push(revision);
    let mut text = entries.join(",");
    while text.len() > HISTORY_LENGTH_MAX && entries.len() > 1 {
        entries.remove(0);
        text = entries.join(",");
    }
    text
}

fn copy_annotations(set: &mut ReplicaSet, deployment: &Deployment) -> bool {
    let mut changed = false;
    let source = deployment.metadata.annotations.iter().flatten();
    for (name, value) in source.filter(|(name, _)| !NOT_COPIED.contains(&name.as_str())) {
        let annotations = set.meta_mut().annotations.get_or_insert_default();
        if annotations.get(name) != Some(value) {
            annotations.insert(name.clone(), value.clone());
            changed = true;
        }
    }
    changed
}

/// Writes the revision of the present template onto the Deployment; answers
/// whether that changed it.
pub(super) fn set_on_deployment(deployment: &mut Deployment, revision: i64) -> bool {
    let annotations = deployment.metadata.annotations.get_or_insert_default();
    let value = revision.to_string();
    if annotations.get(REVISION) == Some(&value) {
        return false;
    }
    annotations.insert(REVISION.to_owned(), value);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_comes_back_remembers_its_revisions() {
        let deployment = Deployment::default();
        let mut set = ReplicaSet::default();
        assert!(annotate(&mut set, &deployment, 1, false));
        assert!(!annotate(&mut set, &deployment, 1, true));
        assert!(annotate(&mut set, &deployment, 3, true));
        assert!(annotate(&mut set, &deployment, 5, true));
        assert_eq!(of(&set), 5);
        assert_eq!(annotation(&set, REVISION_HISTORY), Some("1,3"));
    }
}
