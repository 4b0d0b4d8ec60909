//! Static pods: from manifests on the node, with or without an API server. What
//! the API server shows of them are mirrors.

use super::NodeConfig;
use super::Timer;
use super::host::Host;
use super::runtime;
use super::worker::PodWorker;
use crate::api::core::Toleration;
use crate::api::{Name, OwnerReference, Pod, Resource};
use crate::client::Ctx;
use std::sync::Arc;

const CONFIG_HASH: &str = "kubernetes.io/config.hash";
const CONFIG_SEEN: &str = "kubernetes.io/config.seen";
const CONFIG_SOURCE: &str = "kubernetes.io/config.source";
const CONFIG_MIRROR: &str = "kubernetes.io/config.mirror";

/// Whether a pod of the API server only shows a static pod.
pub(super) fn is_mirror(pod: &Pod) -> bool {
    let annotations = pod.metadata.annotations.as_ref();
    annotations.is_some_and(|annotations| annotations.contains_key(CONFIG_MIRROR))
}

/// Workers for the manifests of the node.
pub(super) fn workers(config: &NodeConfig) -> Vec<PodWorker> {
    let pods = config.static_pods.iter();
    pods.map(|manifest| {
        let (hash, pod) = local(manifest, config);
        PodWorker::new(hash, Arc::new(pod), true)
    })
    .collect()
}

/// The manifest as the kubelet takes it in: named for the node, bound to it,
/// tolerating everything that would evict it.
fn local(manifest: &Pod, config: &NodeConfig) -> (Name, Pod) {
    let mut pod = manifest.clone();
    let text = serde_json::to_string(manifest).unwrap_or_default();
    let hash = runtime::fingerprint(&format!("{}{text}", config.name));
    let hash = hash.get(..32).unwrap_or_default().to_owned();
    let name = format!("{}-{}", manifest.name(), config.name);
    let meta = &mut pod.metadata;
    meta.name = Some(name);
    meta.namespace.get_or_insert_with(|| "default".to_owned());
    meta.uid = Some(hash.clone());
    let annotations = meta.annotations.get_or_insert_default();
    annotations.insert(CONFIG_HASH.to_owned(), hash.clone());
    annotations.insert(CONFIG_SOURCE.to_owned(), "file".to_owned());
    let spec = pod.spec.get_or_insert_default();
    spec.node_name = Some(config.name.to_string());
    spec.tolerations.get_or_insert_default().push(Toleration {
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        ..Toleration::default()
    });
    (hash.into(), pod)
}

impl Host {
    /// Keeps the mirror of a static pod in the API server.
    pub(super) fn keep_mirror(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        if let Some(api) = worker.api.clone() {
            if api.metadata.deletion_timestamp.is_none() {
                return;
            }
            // Deleting a mirror does not touch the pod: it comes back.
            self.delete_now(&api.key(), api.uid(), ctx);
            worker.api = None;
            worker.written = None;
        }
        let Some(node) = self.node.clone() else {
            return;
        };
        let mut mirror = (*worker.pod).clone();
        mirror.metadata.uid = None;
        let annotations = mirror.metadata.annotations.get_or_insert_default();
        annotations.insert(CONFIG_MIRROR.to_owned(), worker.uid.to_string());
        annotations.insert(
            CONFIG_SEEN.to_owned(),
            self.started_at.timestamp_micro().to_string(),
        );
        mirror.metadata.owner_references = Some(vec![OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Node".to_owned(),
            name: self.config.name.to_string(),
            uid: node.uid().to_owned(),
            controller: Some(true),
            block_owner_deletion: None,
        }]);
        match ctx.create(mirror) {
            Ok(stored) => worker.api = Some(stored),
            Err(_) => {
                let key = worker.key.clone();
                worker.api = ctx.get::<Pod>(&key).ok();
            }
        }
    }
}
