//! The script that spoke for the recorded nodes: nodes annotated
//! `sim/node: "true"` are Ready, their pods run at once and end as their
//! annotations say (`sim/ready`, `sim/term-delay`).

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tabernetes::api::{Key, Kind, Node, Object, Pod};
use tabernetes::apiserver::{Body, DeleteOptions, PatchType, Request, Subresource};
use tabernetes::cluster::Cluster;
use tabernetes::sim::trace::Verb;
use tabernetes::sim::{Actor, Instant};

/// Seconds between two heartbeats of a node.
const HEARTBEAT_SECONDS: u64 = 10;

/// From a pod's binding to its start.
const START_TAKES: Duration = Duration::from_millis(500);

/// What the script remembers.
#[derive(Default)]
pub struct FakeKubelet {
    heartbeats: BTreeMap<String, Instant>,
    /// When it saw a pod first, by uid.
    seen: BTreeMap<String, Instant>,
    addresses: u32,
}

fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    let annotations = object.meta().annotations.as_ref()?;
    annotations.get(name).map(String::as_str)
}

impl FakeKubelet {
    /// Looks at its nodes and pods once.
    pub fn look(&mut self, cluster: &mut Cluster) {
        let etcd = cluster.api().etcd();
        let nodes: Vec<String> = etcd
            .range(Kind::Node, None)
            .filter(|(_, entry)| annotation(&entry.object, "sim/node") == Some("true"))
            .map(|(key, _)| key.name.to_string())
            .collect();
        if nodes.is_empty() {
            return;
        }
        let pods: Vec<Object> = etcd
            .range(Kind::Pod, None)
            .map(|(_, entry)| entry.object.clone())
            .filter(|object| {
                let pod = object.as_kind::<Pod>();
                let node = pod.and_then(|pod| pod.spec.as_ref()?.node_name.clone());
                node.is_some_and(|node| nodes.contains(&node))
            })
            .collect();
        for node in nodes {
            self.beat(cluster, &node);
        }
        for pod in &pods {
            self.sync(cluster, pod);
        }
    }

    fn beat(&mut self, cluster: &mut Cluster, node: &str) {
        let now = cluster.now();
        let last = self.heartbeats.get(node);
        if last.is_some_and(|last| now.since(*last).as_secs() < HEARTBEAT_SECONDS) {
            return;
        }
        self.heartbeats.insert(node.to_owned(), now);
        let present = cluster
            .api()
            .etcd()
            .range(Kind::Node, None)
            .find(|(key, _)| &*key.name == node)
            .and_then(|(_, entry)| entry.object.as_kind::<Node>().cloned());
        let ready = present.is_some_and(|node| {
            let status = node.status.as_ref();
            let mut conditions = status
                .and_then(|s| s.conditions.as_ref())
                .into_iter()
                .flatten();
            conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
        });
        let time = now.timestamp().to_string();
        let mut condition = json!({"type": "Ready", "status": "True", "reason": "KubeletReady",
            "message": "fake", "lastHeartbeatTime": time});
        if !ready {
            condition["lastTransitionTime"] = time.into();
        }
        let patch = json!({"status": {"conditions": [condition]}});
        status_patch(cluster, Kind::Node, Key::new("", node), patch);
    }

    fn sync(&mut self, cluster: &mut Cluster, object: &Object) {
        let Some(pod) = object.as_kind::<Pod>() else {
            return;
        };
        let meta = &pod.metadata;
        let key = object.key();
        if let Some(deleted) = &meta.deletion_timestamp {
            let grace = meta.deletion_grace_period_seconds.unwrap_or(0);
            let begun = deleted.0.as_second() - grace;
            let delay = annotation(object, "sim/term-delay").unwrap_or("0");
            let Ok(delay) = delay.parse::<f64>() else {
                return;
            };
            let gone = cluster.now().timestamp().as_second() - begun;
            if grace > 0 && gone as f64 >= delay {
                let options = DeleteOptions {
                    grace_period_seconds: Some(0),
                    ..DeleteOptions::default()
                };
                let request = Request::new(Actor::World, Verb::Delete, Kind::Pod, key)
                    .body(Body::Delete(options));
                let _ = cluster.request(request);
            }
            return;
        }
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        if phase != Some("Pending") || annotation(object, "sim/start-delay") == Some("never") {
            return;
        }
        let uid = meta.uid.clone().unwrap_or_default();
        let first = *self.seen.entry(uid).or_insert(cluster.now());
        if cluster.now().since(first) < START_TAKES {
            return;
        }
        self.addresses += 1;
        let patch = self.running(
            cluster,
            pod,
            annotation(object, "sim/ready") != Some("false"),
        );
        status_patch(cluster, Kind::Pod, key, patch);
    }

    fn running(&self, cluster: &Cluster, pod: &Pod, ready: bool) -> Value {
        let time = cluster.now().timestamp().to_string();
        let truth = if ready { "True" } else { "False" };
        let condition = |name: &str, status: &str| json!({"type": name, "status": status, "lastProbeTime": null, "lastTransitionTime": time});
        let conditions = [
            condition("PodReadyToStartContainers", "True"),
            condition("Initialized", "True"),
            condition("Ready", truth),
            condition("ContainersReady", truth),
        ];
        let ip = format!("10.244.77.{}", self.addresses);
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        let statuses: Vec<Value> = containers
            .map(|container| {
                let image = container.image.as_deref().unwrap_or_default();
                let bare = image.split(':').next().unwrap_or_default();
                json!({
                    "name": container.name,
                    "image": format!("docker.io/library/{image}"),
                    "imageID": format!("docker.io/library/{bare}@sha256:{}", "0".repeat(64)),
                    "containerID": format!("containerd://{}", "1".repeat(64)),
                    "ready": ready, "started": true, "restartCount": 0,
                    "state": {"running": {"startedAt": time}}, "lastState": {},
                })
            })
            .collect();
        json!({"status": {
            "phase": "Running", "conditions": conditions, "startTime": time,
            "hostIP": "192.168.77.1", "hostIPs": [{"ip": "192.168.77.1"}],
            "podIP": ip, "podIPs": [{"ip": ip}], "containerStatuses": statuses,
        }})
    }
}

fn status_patch(cluster: &mut Cluster, kind: Kind, key: Key, patch: Value) {
    let request = Request::new(Actor::World, Verb::Patch, kind, key)
        .subresource(Subresource::Status)
        .body(Body::Patch(PatchType::Strategic, patch));
    let _ = cluster.request(request);
}
