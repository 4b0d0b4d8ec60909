//! What the user of a test world does and sees.

use super::World;
use crate::api::core::NodeCondition;
use crate::api::status::ApiError;
use crate::api::{
    Deployment, Key, Lease, MicroTime, Namespace, Node, ObjectMeta, Pod, Resource, Time,
};
use crate::apiserver::{DeleteOptions, Propagation};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

impl World {
    pub(in crate::controllers) fn create<K: Resource>(&mut self, mut value: Value) -> Arc<K> {
        value["apiVersion"] = K::KIND.api_version().into();
        value["kind"] = K::KIND.info().kind.into();
        if K::KIND.info().namespaced && value["metadata"]["namespace"].is_null() {
            value["metadata"]["namespace"] = "default".into();
        }
        for pod_spec in ["/spec", "/spec/template/spec"] {
            if let Some(spec) = value.pointer_mut(pod_spec)
                && spec["containers"].is_array()
                && spec["terminationGracePeriodSeconds"].is_null()
            {
                spec["terminationGracePeriodSeconds"] = 30.into();
            }
        }
        let object: K = serde_json::from_value(value).expect("an object");
        self.user(|ctx| ctx.create(object)).expect("created")
    }

    /// Changes an object as the user.
    pub(in crate::controllers) fn edit<K: Resource>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut K),
    ) {
        self.try_edit(name, change).expect("edited");
    }

    fn try_edit<K: Resource>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut K),
    ) -> Result<Arc<K>, ApiError> {
        let key = key::<K>(name);
        self.user(|ctx| {
            let mut object = K::clone(&*ctx.get::<K>(&key)?);
            change(&mut object);
            ctx.update(object)
        })
    }

    pub(in crate::controllers) fn get<K: Resource>(&mut self, name: &str) -> Option<Arc<K>> {
        let key = key::<K>(name);
        self.user(|ctx| ctx.get::<K>(&key)).ok()
    }

    pub(in crate::controllers) fn list<K: Resource>(&mut self) -> Vec<Arc<K>> {
        self.user(|ctx| ctx.list::<K>("")).expect("a list")
    }

    pub(in crate::controllers) fn delete<K: Resource>(&mut self, name: &str) {
        self.delete_with::<K>(name, None);
    }

    pub(in crate::controllers) fn delete_with<K: Resource>(
        &mut self,
        name: &str,
        propagation: Option<Propagation>,
    ) {
        let key = key::<K>(name);
        let options = DeleteOptions {
            propagation,
            ..DeleteOptions::default()
        };
        self.user(|ctx| ctx.delete::<K>(&key, options))
            .expect("deleted");
    }

    /// A node that is ready, with its lease.
    pub(in crate::controllers) fn add_node(&mut self, name: &str) {
        if self.get::<Namespace>("kube-node-lease").is_none() {
            self.create::<Namespace>(json!({"metadata": {"name": "kube-node-lease"}}));
        }
        self.create::<Node>(json!({"metadata": {"name": name}}));
        self.set_ready(name, "True", "KubeletReady");
        let lease = json!({
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name}
        });
        self.create::<Lease>(lease);
    }

    /// Writes a node's Ready condition as its kubelet does.
    pub(in crate::controllers) fn set_ready(&mut self, name: &str, status: &str, reason: &str) {
        let now = Time(self.sim.now.timestamp());
        let condition = NodeCondition {
            type_: "Ready".to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            last_heartbeat_time: Some(now.clone()),
            last_transition_time: Some(now),
            ..NodeCondition::default()
        };
        let key = key::<Node>(name);
        self.user(|ctx| {
            let mut node = Node::clone(&*ctx.get::<Node>(&key)?);
            node.status.get_or_insert_default().conditions = Some(vec![condition]);
            ctx.update_status(node)
        })
        .expect("written");
    }

    /// Lets time pass while these nodes renew their leases every five seconds.
    pub(in crate::controllers) fn run_with(&mut self, nodes: &[&str], seconds: u64) {
        for _ in 0..seconds.div_ceil(5) {
            for name in nodes {
                let key = Key::new("kube-node-lease", *name);
                let now = MicroTime(self.sim.now.timestamp_micro());
                self.user(|ctx| {
                    let mut lease = Lease::clone(&*ctx.get::<Lease>(&key)?);
                    lease.spec.get_or_insert_default().renew_time = Some(now);
                    ctx.update(lease)
                })
                .expect("renewed");
            }
            self.run(Duration::from_secs(5));
        }
    }

    /// A Deployment with one container and these changes to its spec.
    pub(in crate::controllers) fn deploy(&mut self, name: &str, replicas: i32, spec: Value) {
        let mut full = json!({
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}
            },
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "registry.k8s.io/pause:3.1"}]}
            }
        });
        merge(&mut full, spec);
        self.create::<Deployment>(json!({"metadata": {"name": name}, "spec": full}));
    }

    pub(in crate::controllers) fn set_image(&mut self, name: &str, image: &str) {
        self.edit::<Deployment>(name, |deployment| {
            let spec = deployment.spec.as_mut().expect("a spec");
            let pod = spec.template.spec.as_mut().expect("a pod spec");
            pod.containers[0].image = Some(image.to_owned());
        });
    }

    /// Changes the metadata of a Deployment's template.
    pub(in crate::controllers) fn edit_template(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut ObjectMeta),
    ) {
        self.edit::<Deployment>(name, |deployment| {
            let spec = deployment.spec.as_mut().expect("a spec");
            change(spec.template.metadata.get_or_insert_default());
        });
    }

    pub(in crate::controllers) fn scale(&mut self, name: &str, replicas: i32) {
        self.edit::<Deployment>(name, |deployment| {
            deployment.spec.as_mut().expect("a spec").replicas = Some(replicas);
        });
    }

    /// Names of the pods that are not on their way out, by key.
    pub(in crate::controllers) fn active_pods(&mut self) -> Vec<Arc<Pod>> {
        let mut pods = self.list::<Pod>();
        pods.retain(|pod| crate::controllers::pods::is_active(pod));
        pods
    }

    /// Messages of the events with this reason, in order of time.
    pub(in crate::controllers) fn events(&mut self, reason: &str) -> Vec<String> {
        let mut events = self.list::<crate::api::Event>();
        events.retain(|event| event.reason.as_deref() == Some(reason));
        events.sort_by_key(|event| {
            let revision = event.metadata.resource_version.as_deref();
            revision.and_then(|text| text.parse::<u64>().ok())
        });
        let message = |event: &Arc<crate::api::Event>| event.message.clone();
        events.iter().filter_map(message).collect()
    }
}

fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

fn key<K: Resource>(name: &str) -> Key {
    match K::KIND.info().namespaced {
        true => Key::new("default", name),
        false => Key::new("", name),
    }
}
