//! POST of `/eviction`: a pod goes where its disruption budget lets it
//! (`pkg/registry/core/pod/storage/eviction.go`).

use super::delete::delete_options;
use super::storage::Call;
use super::{Body, DeleteOptions, Response};
use crate::api::selector::Selector;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, LabelSelector, Object, Pod};
use serde_json::{Value, json};
use std::sync::Arc;

const REFUSAL: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
const TWO_BUDGETS: &str = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
/// While the controller has not looked at a budget, clients wait so long.
const RETRY_SECONDS: i32 = 10;

/// A budget that counts the pod.
struct Budget {
    key: Key,
    object: Object,
    revision: u64,
}

impl Budget {
    fn number(&self, pointer: &str) -> i64 {
        let Object::Other(_, untyped) = &self.object else {
            return 0;
        };
        let status = untyped.rest.get("status");
        let number = status.and_then(|status| status.get(pointer)?.as_i64());
        number.unwrap_or(0)
    }

    fn spec(&self) -> &Value {
        match &self.object {
            Object::Other(_, untyped) => untyped.rest.get("spec").unwrap_or(&Value::Null),
            _ => &Value::Null,
        }
    }
}

impl Call<'_> {
    /// Pods only.
    pub(super) fn evict(mut self, body: Body) -> Response {
        if self.kind() != Kind::Pod {
            return Err(status::method_not_allowed());
        }
        let options = match body {
            Body::Empty => DeleteOptions::default(),
            body => delete_options(body)?,
        };
        let key = self.target.key.clone();
        let Object::Pod(pod) = self.stored()?.object.clone() else {
            return Err(status::not_found(Kind::Pod, &key.name));
        };
        if !is_free(&pod) {
            self.spend_budget(&pod)?;
        }
        let (object, _) = self.delete_one(&key, options)?;
        self.reply(object, true)
    }

    fn budgets_of(&self, pod: &Pod) -> Vec<Budget> {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let budgets = self
            .api
            .etcd
            .range(Kind::PodDisruptionBudget, Some(namespace));
        budgets
            .filter(|(_, entry)| selects(&entry.object, pod))
            .map(|(key, entry)| Budget {
                key: key.clone(),
                object: entry.object.clone(),
                revision: entry.mod_revision,
            })
            .collect()
    }

    fn spend_budget(&mut self, pod: &Pod) -> Result<(), ApiError> {
        let mut budgets = self.budgets_of(pod);
        let Some(budget) = budgets.pop() else {
            return Ok(());
        };
        if !budgets.is_empty() {
            return Err(status::internal(TWO_BUDGETS));
        }
        if !is_ready(pod) {
            let always =
                budget.spec()["unhealthyPodEvictionPolicy"].as_str() == Some("AlwaysAllow");
            let (desired, healthy) = (
                budget.number("desiredHealthy"),
                budget.number("currentHealthy"),
            );
            if always || (desired > 0 && healthy >= desired) {
                return Ok(());
            }
        }
        let name = budget.key.name.clone();
        let generation = budget.object.meta().generation.unwrap_or(0);
        if budget.number("observedGeneration") < generation {
            let why =
                format!("The disruption budget {name} is still being processed by the server.");
            let cause = status::cause_without_field("DisruptionBudget", why);
            return Err(status::too_many_requests(
                REFUSAL,
                RETRY_SECONDS,
                Some(cause),
            ));
        }
        let allowed = budget.number("disruptionsAllowed");
        if allowed < 0 {
            let why = "pdb disruptions allowed is negative";
            return Err(status::forbidden(Kind::PodDisruptionBudget, &name, why));
        }
        if allowed == 0 {
            let why = format!(
                "The disruption budget {name} needs {} healthy pods and has {} currently",
                budget.number("desiredHealthy"),
                budget.number("currentHealthy")
            );
            let cause = status::cause_without_field("DisruptionBudget", why);
            return Err(status::too_many_requests(REFUSAL, 0, Some(cause)));
        }
        self.count_disruption(budget, pod, allowed - 1)
    }

    /// One disruption less is allowed, and the pod is written down until its
    /// deletion is seen.
    fn count_disruption(
        &mut self,
        mut budget: Budget,
        pod: &Pod,
        left: i64,
    ) -> Result<(), ApiError> {
        let now = self.sim.now.timestamp().to_string();
        let name = pod.metadata.name.clone().unwrap_or_default();
        if let Object::Other(_, untyped) = &mut budget.object
            && let Some(Value::Object(status)) = Arc::make_mut(untyped).rest.get_mut("status")
        {
            status.insert("disruptionsAllowed".to_owned(), left.into());
            let disrupted = status.entry("disruptedPods").or_insert_with(|| json!({}));
            if let Value::Object(disrupted) = disrupted {
                disrupted.insert(name, now.clone().into());
            }
            if left == 0 {
                condition_false(status.get_mut("conditions"), &now);
            }
        }
        let (key, revision) = (budget.key, budget.revision);
        self.write_other(Kind::PodDisruptionBudget, key, revision, budget.object)?;
        Ok(())
    }
}

/// The budget is used up.
fn condition_false(conditions: Option<&mut Value>, now: &str) {
    let conditions = conditions.and_then(Value::as_array_mut).into_iter();
    for condition in conditions.flatten() {
        if condition["type"] == "DisruptionAllowed" && condition["status"] != "False" {
            condition["status"] = "False".into();
            condition["reason"] = "InsufficientPods".into();
            condition["lastTransitionTime"] = now.into();
        }
    }
}

fn selects(budget: &Object, pod: &Pod) -> bool {
    let Object::Other(_, untyped) = budget else {
        return false;
    };
    let selector = untyped
        .rest
        .get("spec")
        .and_then(|spec| spec.get("selector"));
    let Some(selector) = selector.filter(|selector| !selector.is_null()) else {
        return false;
    };
    let Ok(selector) = serde_json::from_value::<LabelSelector>(selector.clone()) else {
        return false;
    };
    Selector::from_label_selector(&selector).matches(pod.metadata.labels.as_ref())
}

/// Nothing is disrupted where a pod does not run, or goes anyway
/// (`canIgnorePDB`).
fn is_free(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed" | "Pending"))
        || pod.metadata.deletion_timestamp.is_some()
}

fn is_ready(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
