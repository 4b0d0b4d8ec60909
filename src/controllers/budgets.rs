//! Disruption budgets: how many pods may be evicted now
//! (`pkg/controller/disruption`).

use super::desk::{Controller, Desk, StepCtx, Synced};
use super::informers::{Informers, Seen};
use super::{labels, owners, pods, untyped};
use crate::api::status::ApiError;
use crate::api::{Key, Kind, LabelSelector, Name, Pod, ReplicaSet, Untyped};
use crate::apiserver::{Subresource, WatchEvent};
use crate::sim::trace::Change;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// An eviction whose pod is still there by then did not happen
/// (`DeletionTimeout`).
const EVICTION_MAX: Duration = Duration::from_secs(120);

/// The controller, with the selectors of each namespace's budgets.
#[derive(Clone, Debug, Default)]
pub(super) struct DisruptionController {
    budgets: BTreeMap<Name, BTreeMap<Key, LabelSelector>>,
}

impl Controller for DisruptionController {
    const NAME: &'static str = "disruption-controller";
    const EVENT_SOURCE: &'static str = "controllermanager";
    /// A budget.
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) {
        let key = event.object.key();
        match (event.object.kind(), seen) {
            (Kind::PodDisruptionBudget, _) => {
                let of_namespace = self.budgets.entry(key.namespace.clone()).or_default();
                if event.change == Change::Deleted {
                    of_namespace.remove(&key);
                    return;
                }
                let budget = untyped::untyped(&event.object);
                let selector = budget.and_then(|budget| selector_of(budget));
                of_namespace.insert(key.clone(), selector.unwrap_or_default());
                desk.add(key, ctx);
            }
            (_, Seen::Pod(change)) => {
                let Some(of_namespace) = self.budgets.get(&key.namespace) else {
                    return;
                };
                let pods = [&change.before, &change.after];
                for (budget, selector) in of_namespace {
                    let concerned = pods
                        .into_iter()
                        .flatten()
                        .any(|pod| labels::matches(selector, pod.metadata.labels.as_ref()));
                    if concerned {
                        desk.add(budget.clone(), ctx);
                    }
                }
            }
            _ => {}
        }
    }

    fn sync(
        &mut self,
        key: &Key,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) -> Result<Synced, ApiError> {
        let Some(budget) = untyped::get(Kind::PodDisruptionBudget, key, ctx)? else {
            return Ok(Synced::Done);
        };
        let selector = selector_of(&budget).unwrap_or_default();
        let selected = select(&selector, &key.namespace, informers, ctx)?;
        let (expected, desired) = wanted(&budget, &selected, informers);
        let (disrupted, recheck) = disrupted_pods(&budget, informers, &key.namespace, ctx);
        let healthy = selected
            .iter()
            .filter(|pod| {
                let name = pod.metadata.name.as_deref().unwrap_or_default();
                pod.metadata.deletion_timestamp.is_none()
                    && !disrupted.contains_key(name)
                    && pods::is_ready(pod)
            })
            .count() as i64;
        if let Some(delay) = recheck {
            desk.add_after(key.clone(), delay, ctx);
        }
        let counts = Counts {
            expected,
            desired,
            healthy,
        };
        write(&budget, &counts, disrupted, ctx)?;
        Ok(Synced::Done)
    }
}

struct Counts {
    expected: i64,
    desired: i64,
    healthy: i64,
}

fn selector_of(budget: &Untyped) -> Option<LabelSelector> {
    serde_json::from_value(untyped::spec(budget).get("selector")?.clone()).ok()
}

fn select(
    selector: &LabelSelector,
    namespace: &str,
    informers: &Informers,
    ctx: &mut StepCtx<'_, Key>,
) -> Result<Vec<Arc<Pod>>, ApiError> {
    let labels = selector.match_labels.clone().unwrap_or_default();
    let mut found: Vec<Arc<Pod>> = match labels.is_empty() {
        true => ctx.list::<Pod>(namespace)?,
        false => informers.pods_with(namespace, &labels).cloned().collect(),
    };
    found.retain(|pod| labels::matches(selector, pod.metadata.labels.as_ref()));
    Ok(found)
}

/// A number, or a share of `whole` rounded up.
fn scaled(value: &Value, whole: i64) -> i64 {
    match value {
        Value::Number(number) => number.as_i64().unwrap_or(0),
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (whole * percent + 99) / 100
        }
        _ => 0,
    }
}

/// How many pods there should be, and how many of them healthy
/// (`getExpectedPodCount`).
fn wanted(budget: &Untyped, selected: &[Arc<Pod>], informers: &Informers) -> (i64, i64) {
    let spec = untyped::spec(budget);
    let (most, least) = (&spec["maxUnavailable"], &spec["minAvailable"]);
    if !most.is_null() {
        let expected = scale_of(selected, informers);
        return (expected, (expected - scaled(most, expected)).max(0));
    }
    match least {
        Value::Number(_) => (selected.len() as i64, scaled(least, 0)),
        Value::String(_) => {
            let expected = scale_of(selected, informers);
            (expected, scaled(least, expected))
        }
        _ => (0, 0),
    }
}

/// The replicas that the controllers of these pods want in all.
fn scale_of(selected: &[Arc<Pod>], informers: &Informers) -> i64 {
    let mut counted = BTreeSet::new();
    let mut total = 0;
    for pod in selected {
        let Some((key, _)) = owners::controller_key::<ReplicaSet, _>(&**pod) else {
            continue;
        };
        let Some(set) = informers.replica_sets.get(&key) else {
            continue;
        };
        let above = owners::controller_key::<crate::api::Deployment, _>(&**set);
        let deployment = above.and_then(|(key, _)| informers.deployments.get(&key));
        let (uid, replicas) = match deployment {
            Some(deployment) => (
                deployment.metadata.uid.clone(),
                deployment.spec.as_ref().and_then(|spec| spec.replicas),
            ),
            None => (
                set.metadata.uid.clone(),
                set.spec.as_ref().and_then(|spec| spec.replicas),
            ),
        };
        if counted.insert(uid) {
            total += i64::from(replicas.unwrap_or(1));
        }
    }
    total
}

/// Evictions whose pods are still to go, and when to look again.
fn disrupted_pods(
    budget: &Untyped,
    informers: &Informers,
    namespace: &str,
    ctx: &StepCtx<'_, Key>,
) -> (BTreeMap<String, Value>, Option<Duration>) {
    let status = budget.rest.get("status");
    let written = status.and_then(|status| status.get("disruptedPods"));
    let written = written.and_then(Value::as_object).into_iter().flatten();
    let (mut left, mut recheck) = (BTreeMap::new(), None::<Duration>);
    let now = ctx.now().timestamp();
    for (name, since) in written {
        let pod = informers.pods.get(&Key::new(namespace, name.as_str()));
        if pod.is_none_or(|pod| pod.metadata.deletion_timestamp.is_some()) {
            continue;
        }
        let since = since
            .as_str()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let Some(since) = since else { continue };
        let passed = now.as_second() - since.as_second();
        let rest = EVICTION_MAX.as_secs() as i64 - passed;
        if rest <= 0 {
            continue;
        }
        let rest = Duration::from_secs(rest.unsigned_abs());
        recheck = Some(recheck.map_or(rest, |known| known.min(rest)));
        left.insert(name.clone(), since.to_string().into());
    }
    (left, recheck)
}

fn write(
    budget: &Arc<Untyped>,
    counts: &Counts,
    disrupted: BTreeMap<String, Value>,
    ctx: &mut StepCtx<'_, Key>,
) -> Result<(), ApiError> {
    let allowed = match counts.expected <= 0 {
        true => 0,
        false => (counts.healthy - counts.desired).max(0),
    };
    let generation = budget.metadata.generation.unwrap_or(0);
    let now = ctx.now().timestamp().to_string();
    let mut written = (**budget).clone();
    let Some(status) = untyped::status_mut(&mut written) else {
        return Ok(());
    };
    let conditions = status.get("conditions").cloned().unwrap_or_default();
    status.insert(
        "conditions".to_owned(),
        condition(conditions, allowed > 0, generation, &now),
    );
    status.insert("observedGeneration".to_owned(), generation.into());
    status.insert("currentHealthy".to_owned(), counts.healthy.into());
    status.insert("desiredHealthy".to_owned(), counts.desired.into());
    status.insert("expectedPods".to_owned(), counts.expected.into());
    status.insert("disruptionsAllowed".to_owned(), allowed.into());
    match disrupted.is_empty() {
        true => drop(status.remove("disruptedPods")),
        false => drop(status.insert("disruptedPods".to_owned(), json!(disrupted))),
    }
    if written != **budget {
        untyped::put(Kind::PodDisruptionBudget, written, Subresource::Status, ctx)?;
    }
    Ok(())
}

/// The conditions with `DisruptionAllowed` as it is now.
fn condition(conditions: Value, allowed: bool, generation: i64, now: &str) -> Value {
    let (status, reason) = match allowed {
        true => ("True", "SufficientPods"),
        false => ("False", "InsufficientPods"),
    };
    let mut list = match conditions {
        Value::Array(list) => list,
        _ => Vec::new(),
    };
    let known = list
        .iter_mut()
        .find(|condition| condition["type"] == "DisruptionAllowed");
    match known {
        Some(known) => {
            if known["status"] != status {
                known["lastTransitionTime"] = now.into();
            }
            known["status"] = status.into();
            known["reason"] = reason.into();
            known["observedGeneration"] = generation.into();
        }
        None => list.push(json!({
            "type": "DisruptionAllowed",
            "status": status,
            "observedGeneration": generation,
            "lastTransitionTime": now,
            "reason": reason,
            "message": "",
        })),
    }
    Value::Array(list)
}
