//! POST of `/binding`: a pod gets its node
//! (`pkg/registry/core/pod/storage/storage.go`, `assignPod`).

use super::storage::Call;
use super::update::uid_mismatch;
use super::{Body, Response};
use crate::api::core::PodCondition;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, Pod, Time};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Labels of the node that its pods get (admission plugin PodTopologyLabels).
const TOPOLOGY_LABELS: [&str; 2] = [
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

/// What a Binding says.
#[derive(Default)]
struct Binding {
    node: String,
    /// Only the pod with this uid, where it is not empty.
    uid: String,
    annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

impl Call<'_> {
    pub(super) fn bind(mut self, body: Body) -> Response {
        if self.kind() != Kind::Pod {
            return Err(status::method_not_allowed());
        }
        let binding = self.read_binding(body)?;
        let entry = self.stored()?;
        let (object, revision) = (entry.object.clone(), entry.mod_revision);
        let Object::Pod(mut pod) = object else {
            return Err(status::not_found(Kind::Pod, &self.target.key.name));
        };
        if let Some(why) = unbindable(&pod) {
            let name = &self.target.key.name;
            return Err(status::conflict_on("pods/binding", name, &why));
        }
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        if !binding.uid.is_empty() && binding.uid != uid {
            let why = uid_mismatch(Kind::Pod, &self, &binding.uid, uid);
            return Err(status::conflict(Kind::Pod, &self.target.key.name, &why));
        }
        let topology = self.topology_of(&binding.node);
        let now = Time(self.sim.now.timestamp());
        assign(Arc::make_mut(&mut pod), binding, topology, now);
        let key = self.target.key.clone();
        let object = self.write(key, revision, Object::Pod(pod))?;
        self.reply(object, true)
    }

    fn read_binding(&self, body: Body) -> Result<Binding, ApiError> {
        let value = match body {
            Body::Binding(node) if !node.is_empty() => {
                return Ok(Binding {
                    node: node.to_string(),
                    ..Binding::default()
                });
            }
            Body::Json(value) => value,
            _ => Value::Null,
        };
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        let name = text("/metadata/name").unwrap_or_default();
        if !name.is_empty() && name != &*self.target.key.name {
            return Err(status::bad_request(
                "name in URL does not match name in Binding object",
            ));
        }
        if let Some(kind) = text("/target/kind").filter(|kind| !matches!(*kind, "" | "Node")) {
            return Err(status::internal(format!(
                "target.kind: Unsupported value: {kind:?}: supported values: \"Node\", \"<empty>\""
            )));
        }
        let node = text("/target/name").unwrap_or_default();
        if node.is_empty() {
            return Err(status::internal("target.name: Required value"));
        }
        let map = |pointer: &str| -> BTreeMap<String, String> {
            value
                .pointer(pointer)
                .and_then(|map| serde_json::from_value(map.clone()).ok())
                .unwrap_or_default()
        };
        Ok(Binding {
            node: node.to_owned(),
            uid: text("/metadata/uid").unwrap_or_default().to_owned(),
            annotations: map("/metadata/annotations"),
            labels: map("/metadata/labels"),
        })
    }

    fn topology_of(&self, node: &str) -> Vec<(String, String)> {
        let Some(entry) = self.look_up(Kind::Node, Key::new("", node)) else {
            return Vec::new();
        };
        let labels = entry.object.meta().labels.as_ref();
        TOPOLOGY_LABELS
            .iter()
            .filter_map(|label| {
                let value = labels?.get(*label)?;
                Some(((*label).to_owned(), value.clone()))
            })
            .collect()
    }
}

fn unbindable(pod: &Pod) -> Option<String> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    if pod.metadata.deletion_timestamp.is_some() {
        return Some(format!(
            "pod {name} is being deleted, cannot be assigned to a host"
        ));
    }
    let spec = pod.spec.as_ref()?;
    if let Some(node) = spec.node_name.as_deref().filter(|node| !node.is_empty()) {
        return Some(format!("pod {name} is already assigned to node {node:?}"));
    }
    let gates = spec.scheduling_gates.as_ref();
    gates
        .is_some_and(|gates| !gates.is_empty())
        .then(|| format!("pod {name} has non-empty .spec.schedulingGates"))
}

fn assign(pod: &mut Pod, binding: Binding, topology: Vec<(String, String)>, now: Time) {
    pod.spec.get_or_insert_default().node_name = Some(binding.node);
    if !binding.annotations.is_empty() {
        let annotations = pod.metadata.annotations.get_or_insert_default();
        annotations.extend(binding.annotations);
    }
    let labels: Vec<(String, String)> = topology.into_iter().chain(binding.labels).collect();
    if !labels.is_empty() {
        pod.metadata.labels.get_or_insert_default().extend(labels);
    }
    let conditions = pod
        .status
        .get_or_insert_default()
        .conditions
        .get_or_insert_default();
    let scheduled = PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "True".to_owned(),
        last_transition_time: Some(now),
        ..PodCondition::default()
    };
    match conditions
        .iter_mut()
        .find(|condition| condition.type_ == scheduled.type_)
    {
        Some(condition) => *condition = scheduled,
        None => conditions.push(scheduled),
    }
}
