//! Deployments and ReplicaSets as the viewer sees them.

use super::{SYSTEM_NAMESPACE, label, name, owner_name};
use crate::api::core::PodSpec;
use crate::api::{Key, Kind, Name, ObjectMeta, Resource};
use crate::session::mirror::Mirror;
use crate::session::protocol::WorkloadView;

/// A Deployment, or a ReplicaSet.
pub(in crate::session) fn workload(mirror: &Mirror, kind: Kind, key: &Key) -> Option<WorkloadView> {
    match kind {
        Kind::Deployment => {
            let deployment = mirror.deployments.get(key)?;
            let status = deployment.status.clone().unwrap_or_default();
            let spec = deployment.spec.as_ref()?;
            let newest = mirror
                .replica_sets
                .controlled_by(deployment.uid())
                .max_by_key(|set| revision(&set.metadata));
            Some(WorkloadView {
                uid: deployment.uid().into(),
                kind,
                key: key.clone(),
                desired: spec.replicas.unwrap_or(1),
                current: status.replicas.unwrap_or(0),
                ready: status.ready_replicas.unwrap_or(0),
                updated: status.updated_replicas.unwrap_or(0),
                available: status.available_replicas.unwrap_or(0),
                images: images(spec.template.spec.as_ref()),
                revision: revision(&deployment.metadata),
                template_hash: newest
                    .and_then(|set| label(&set.metadata, "pod-template-hash"))
                    .unwrap_or_default()
                    .into(),
                owner: "".into(),
                system: &*key.namespace == SYSTEM_NAMESPACE,
            })
        }
        Kind::ReplicaSet => {
            let set = mirror.replica_sets.get(key)?;
            let status = set.status.clone().unwrap_or_default();
            let spec = set.spec.as_ref()?;
            let template = spec
                .template
                .as_ref()
                .and_then(|template| template.spec.as_ref());
            Some(WorkloadView {
                uid: set.uid().into(),
                kind,
                key: key.clone(),
                desired: spec.replicas.unwrap_or(1),
                current: status.replicas,
                ready: status.ready_replicas.unwrap_or(0),
                updated: status.replicas,
                available: status.available_replicas.unwrap_or(0),
                images: images(template),
                revision: revision(&set.metadata),
                template_hash: label(&set.metadata, "pod-template-hash")
                    .unwrap_or_default()
                    .into(),
                owner: owner_name(&set.metadata).unwrap_or_default(),
                system: &*key.namespace == SYSTEM_NAMESPACE,
            })
        }
        _ => None,
    }
}

fn images(spec: Option<&PodSpec>) -> Vec<Name> {
    spec.map(|spec| {
        spec.containers
            .iter()
            .map(|container| name(&container.image))
            .collect()
    })
    .unwrap_or_default()
}

fn revision(meta: &ObjectMeta) -> u32 {
    let annotations = meta.annotations.as_ref();
    let text = annotations.and_then(|map| map.get("deployment.kubernetes.io/revision"));
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
