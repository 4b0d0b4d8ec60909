//! A new cluster: what kubeadm would have done.

use super::event::Event;
use super::{Cluster, ClusterSpec};
use crate::api::{Key, Kind, Node, Object, Pod};
use crate::apiserver::{Body, Request};
use crate::controllers::cloud::CloudController;
use crate::controllers::{self, ControllerManager};
use crate::network::{self, Network};
use crate::sim::Actor;
use crate::sim::trace::Verb;
use ipnet::Ipv4Net;
use serde::Deserialize;
use serde_json::Value;
use std::net::Ipv4Addr;

/// The manifests of this folder, read.
struct Manifests {
    objects: Vec<Object>,
    kube_proxy: Pod,
    static_pods: Vec<Pod>,
}

impl Manifests {
    fn read() -> Self {
        Manifests {
            objects: documents(include_str!("objects.yaml")),
            kube_proxy: pods(include_str!("kube-proxy.yaml")).remove(0),
            static_pods: pods(include_str!("static-pods.yaml")),
        }
    }
}

/// The manifests are a part of the program; a test reads them all.
fn documents(text: &str) -> Vec<Object> {
    serde_yaml::Deserializer::from_str(text)
        .filter_map(|document| {
            let value = Value::deserialize(document).ok()?;
            let kind =
                Kind::from_api_version(value["apiVersion"].as_str()?, value["kind"].as_str()?)?;
            Object::from_json(kind, value).ok()
        })
        .collect()
}

fn pods(text: &str) -> Vec<Pod> {
    documents(text)
        .iter()
        .filter_map(|object| object.as_kind::<Pod>())
        .map(|pod| (**pod).clone())
        .collect()
}

pub(super) fn new_controller_manager(spec: &ClusterSpec) -> ControllerManager {
    ControllerManager::new(controllers::Config {
        cluster_cidr: spec.cluster_cidr(),
        ..controllers::Config::default()
    })
}

/// Load balancers get their addresses out of TEST-NET-3 (RFC 5737).
pub(super) fn new_cloud_controller() -> CloudController {
    CloudController::new(Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24))
}

pub(super) fn new_network(spec: &ClusterSpec) -> Network {
    Network::with_config(network::Config {
        cluster_cidr: spec.cluster_cidr(),
        ..network::Config::default()
    })
}

/// Whether a node says that it is Ready.
#[cfg(test)]
pub(super) fn node_is_ready(cluster: &Cluster, name: &str) -> bool {
    let mut nodes = cluster.api().etcd().range(Kind::Node, None);
    nodes.any(|(key, entry)| *key.name == *name && is_ready(&entry.object))
}

/// Whether a node's or pod's condition Ready is true.
fn is_ready(object: &Object) -> bool {
    let (node, pod) = (object.as_kind::<Node>(), object.as_kind::<Pod>());
    let of_node = node.and_then(|node| node.status.as_ref()?.conditions.as_ref());
    let of_pod = pod.and_then(|pod| pod.status.as_ref()?.conditions.as_ref());
    let ready = |name: &str, status: &str| name == "Ready" && status == "True";
    of_node.is_some_and(|found| found.iter().any(|one| ready(&one.type_, &one.status)))
        || of_pod.is_some_and(|found| found.iter().any(|one| ready(&one.type_, &one.status)))
}

/// Whether every machine's node and every system pod is Ready.
pub(super) fn is_settled(cluster: &Cluster) -> bool {
    let etcd = cluster.api().etcd();
    let nodes = etcd.range(Kind::Node, None);
    let mut pods = etcd.range(Kind::Pod, Some("kube-system"));
    nodes.filter(|(_, entry)| is_ready(&entry.object)).count() == cluster.machines.len()
        && etcd.range(Kind::Pod, Some("kube-system")).count() > cluster.machines.len()
        && pods.all(|(_, entry)| is_ready(&entry.object))
}

impl Cluster {
    /// Makes the objects, plugs the machines in, starts every component.
    pub(super) fn bootstrap(&mut self) {
        let manifests = Manifests::read();
        for object in manifests.objects {
            self.create(object);
        }
        self.start_control_plane();
        let core = &mut self.core;
        core.step(Actor::CloudController, None, Event::Cloud, |ctx| {
            self.cloud.start(ctx)
        });
        core.step(Actor::CoreDns, None, Event::Dns, |ctx| {
            self.network.dns_mut().start(ctx)
        });
        for config in self.spec.node_configs(manifests.static_pods) {
            let mut proxy = manifests.kube_proxy.clone();
            proxy.spec.get_or_insert_default().node_name = Some(config.name.to_string());
            self.add_machine(config);
            self.create(Object::of(proxy));
        }
        self.core.send_deliveries();
    }

    /// What API server and controllers make by themselves, and nothing that
    /// runs in pods.
    pub(super) fn bootstrap_control_plane(&mut self) {
        for object in Manifests::read().objects {
            let own = matches!(object.kind(), Kind::Namespace | Kind::PriorityClass)
                || &*object.key().namespace == "default";
            if own {
                self.create(object);
            }
        }
        self.start_control_plane();
        self.core.send_deliveries();
    }

    fn start_control_plane(&mut self) {
        self.start_scheduler(None);
        self.start_controllers(None);
    }

    fn create(&mut self, object: Object) {
        let key = Key::new(object.key().namespace, "");
        let request =
            Request::new(Actor::World, Verb::Create, object.kind(), key).body(Body::Object(object));
        // A refusal stays in the trace; a test looks that there is none.
        let _ = self.core.api.handle(&mut self.core.sim, None, request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manifest_is_read() {
        let manifests = Manifests::read();
        let written = include_str!("objects.yaml").matches("\nkind: ").count();
        assert_eq!(manifests.objects.len(), written);
        assert_eq!(manifests.static_pods.len(), 4);
    }
}
