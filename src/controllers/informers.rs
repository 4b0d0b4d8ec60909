//! The shared informers: one cache a kind for all controllers, with the indexes
//! that keep every event's work away from the size of the cluster.

use super::labels::LabelIndex;
use crate::api::{
    ConfigMap, Deployment, EndpointSlice, Endpoints, Key, Kind, Lease, Namespace, Node, Object,
    Pod, ReplicaSet, Resource, Service, ServiceAccount,
};
use crate::apiserver::WatchEvent;
use crate::client::{Applied, Cache};
use std::sync::Arc;

/// A change, typed, as the caches took it in.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    Pod(Applied<Pod>),
    Node(Applied<Node>),
    Namespace(Applied<Namespace>),
    Deployment,
    ReplicaSet(Applied<ReplicaSet>),
    Service(Applied<Service>),
    Endpoints(Applied<Endpoints>),
    EndpointSlice(Applied<EndpointSlice>),
    ServiceAccount(Applied<ServiceAccount>),
    ConfigMap(Applied<ConfigMap>),
    Lease(Applied<Lease>),
    /// A kind without a cache here.
    Other,
}

/// What the controllers know of the cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Informers {
    pub(super) pods: Cache<Pod>,
    pub(super) pods_by_label: LabelIndex,
    pub(super) nodes: Cache<Node>,
    pub(super) namespaces: Cache<Namespace>,
    pub(super) deployments: Cache<Deployment>,
    pub(super) replica_sets: Cache<ReplicaSet>,
    pub(super) services: Cache<Service>,
    /// Services by the pairs of their selectors.
    pub(super) services_by_selector: LabelIndex,
    pub(super) endpoints: Cache<Endpoints>,
    pub(super) endpoint_slices: Cache<EndpointSlice>,
    pub(super) service_accounts: Cache<ServiceAccount>,
    pub(super) config_maps: Cache<ConfigMap>,
    pub(super) leases: Cache<Lease>,
}

impl Informers {
    /// Takes in a change.
    pub(super) fn apply(&mut self, event: &WatchEvent) -> Seen {
        match event.object.kind() {
            Kind::Pod => self.apply_pod(event),
            Kind::Service => self.apply_service(event),
            Kind::Node => wrap(self.nodes.apply(event), Seen::Node),
            Kind::Namespace => wrap(self.namespaces.apply(event), Seen::Namespace),
            Kind::Deployment => {
                self.deployments.apply(event);
                Seen::Deployment
            }
            Kind::ReplicaSet => wrap(self.replica_sets.apply(event), Seen::ReplicaSet),
            Kind::Endpoints => wrap(self.endpoints.apply(event), Seen::Endpoints),
            Kind::EndpointSlice => wrap(self.endpoint_slices.apply(event), Seen::EndpointSlice),
            Kind::ServiceAccount => wrap(self.service_accounts.apply(event), Seen::ServiceAccount),
            Kind::ConfigMap => wrap(self.config_maps.apply(event), Seen::ConfigMap),
            Kind::Lease => wrap(self.leases.apply(event), Seen::Lease),
            _ => Seen::Other,
        }
    }

    fn apply_pod(&mut self, event: &WatchEvent) -> Seen {
        let Some(applied) = self.pods.apply(event) else {
            return Seen::Other;
        };
        let labels = |pod: &Arc<Pod>| pod.metadata.labels.clone();
        let before = applied.before.as_ref();
        let after = applied.after.as_ref();
        // Almost every change of a pod leaves its labels alone.
        if before.map(|pod| &pod.metadata.labels) != after.map(|pod| &pod.metadata.labels) {
            let key = event.object.key();
            if let Some(labels) = before.and_then(labels) {
                self.pods_by_label.remove(&key, &labels);
            }
            if let Some(labels) = after.and_then(labels) {
                self.pods_by_label.insert(&key, &labels);
            }
        }
        Seen::Pod(applied)
    }

    fn apply_service(&mut self, event: &WatchEvent) -> Seen {
        let Some(applied) = self.services.apply(event) else {
            return Seen::Other;
        };
        let key = event.object.key();
        let selector = |service: &Arc<Service>| {
            service
                .spec
                .as_ref()
                .and_then(|spec| spec.selector.clone())
                .unwrap_or_default()
        };
        if let Some(before) = &applied.before {
            self.services_by_selector.remove(&key, &selector(before));
        }
        if let Some(after) = &applied.after {
            self.services_by_selector.insert(&key, &selector(after));
        }
        Seen::Service(applied)
    }

    /// The pods of `namespace` that carry every one of these labels.
    pub(super) fn pods_with<'a>(
        &'a self,
        namespace: &'a str,
        labels: &'a std::collections::BTreeMap<String, String>,
    ) -> impl Iterator<Item = &'a Arc<Pod>> {
        self.pods_by_label
            .candidates(namespace, labels)
            .filter_map(|key| self.pods.get(key))
            .filter(move |pod| super::labels::carries(pod.metadata.labels.as_ref(), labels))
    }

    /// The services whose selector picks a pod with these labels.
    pub(super) fn services_of(
        &self,
        namespace: &str,
        labels: Option<&std::collections::BTreeMap<String, String>>,
    ) -> std::collections::BTreeSet<Key> {
        let mut found = std::collections::BTreeSet::new();
        for (name, value) in labels.into_iter().flatten() {
            for key in self.services_by_selector.with(namespace, name, value) {
                let picks = self.services.get(key).is_some_and(|service| {
                    let selector = service
                        .spec
                        .as_ref()
                        .and_then(|spec| spec.selector.as_ref());
                    selector.is_some_and(|selector| super::labels::carries(labels, selector))
                });
                if picks {
                    found.insert(key.clone());
                }
            }
        }
        found
    }
}

fn wrap<K: Resource>(applied: Option<Applied<K>>, seen: impl FnOnce(Applied<K>) -> Seen) -> Seen {
    applied.map_or(Seen::Other, seen)
}

/// The object as events name it.
pub(super) fn object_of<K: Resource>(object: &Arc<K>) -> Object {
    K::wrap(object.clone())
}
