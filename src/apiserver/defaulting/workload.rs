//! Deployments and ReplicaSets.

use super::{pod, set_text};
use crate::api::{Deployment, ReplicaSet, core};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

const REVISION_HISTORY_LIMIT: i32 = 10;
const PROGRESS_DEADLINE_SECONDS: i32 = 600;
const ROLLING_UPDATE_SHARE: &str = "25%";

pub(super) fn deployment(deployment: &mut Deployment) {
    deployment.status.get_or_insert_default();
    let Some(spec) = &mut deployment.spec else {
        return;
    };
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit
        .get_or_insert(REVISION_HISTORY_LIMIT);
    spec.progress_deadline_seconds
        .get_or_insert(PROGRESS_DEADLINE_SECONDS);
    let strategy = spec.strategy.get_or_insert_default();
    set_text(&mut strategy.type_, "RollingUpdate");
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_default();
        let share = || IntOrString::String(ROLLING_UPDATE_SHARE.to_owned());
        rolling.max_surge.get_or_insert_with(share);
        rolling.max_unavailable.get_or_insert_with(share);
    }
    template(&mut spec.template);
}

pub(super) fn replica_set(set: &mut ReplicaSet) {
    set.status.get_or_insert_default();
    let Some(spec) = &mut set.spec else { return };
    spec.replicas.get_or_insert(1);
    if let Some(it) = &mut spec.template {
        template(it);
    }
}

fn template(template: &mut core::PodTemplateSpec) {
    template.metadata.get_or_insert_default();
    pod::pod_spec(template.spec.get_or_insert_default());
}
