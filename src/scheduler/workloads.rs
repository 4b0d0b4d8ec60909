//! Services and workloads, as far as they say which pods belong together: pods
//! without spread constraints of their own are spread over nodes and zones by it
//! (`helper.DefaultSelector`).

use super::pod_info::PodInfo;
use super::selector::{Labels, Selector};
use crate::api::{Key, Kind, LabelSelector, Object};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Selectors of Services and of workloads.
#[derive(Clone, Debug, Default)]
pub(super) struct Workloads {
    services: BTreeMap<Key, Arc<Labels>>,
    owners: BTreeMap<(Kind, Key), Arc<Selector>>,
}

impl Workloads {
    /// The kinds that it wants to hear of.
    pub(super) const KINDS: [Kind; 4] = [
        Kind::Service,
        Kind::ReplicaSet,
        Kind::StatefulSet,
        Kind::ReplicationController,
    ];

    /// Takes in an object of one of these kinds.
    pub(super) fn take_in(&mut self, object: &Object, deleted: bool) {
        let key = object.key();
        if let Object::Service(service) = object {
            let spec = service.spec.as_ref();
            let selector = spec
                .and_then(|spec| spec.selector.clone())
                .unwrap_or_default();
            match deleted || selector.is_empty() {
                true => drop(self.services.remove(&key)),
                false => drop(self.services.insert(key, Arc::new(selector))),
            }
            return;
        }
        let at = (object.kind(), key);
        match selector_of(object).filter(|_| !deleted) {
            None => drop(self.owners.remove(&at)),
            Some(selector) => drop(self.owners.insert(at, Arc::new(selector))),
        }
    }

    /// Selects the pods that belong together with `pod`; empty where nothing says.
    pub(super) fn default_selector(&self, pod: &PodInfo) -> Selector {
        let mut labels = Labels::new();
        let namespace = &pod.key.namespace;
        let services = self.services.range(Key::new(namespace.clone(), "")..);
        for (_, selector) in services.take_while(|(key, _)| key.namespace == *namespace) {
            let own = pod.labels();
            if selector
                .iter()
                .all(|(key, value)| own.get(key) == Some(value))
            {
                labels.extend(
                    selector
                        .iter()
                        .map(|(key, value)| (key.clone(), value.clone())),
                );
            }
        }
        let mut selector = Selector::equal(&labels);
        if let Some(owner) = self.owner_selector(pod) {
            selector.and((**owner).clone());
        }
        selector
    }

    fn owner_selector(&self, pod: &PodInfo) -> Option<&Arc<Selector>> {
        let owners = pod.pod.metadata.owner_references.as_ref()?;
        let owner = owners.iter().find(|owner| owner.controller == Some(true))?;
        let kind = Kind::from_api_version(&owner.api_version, &owner.kind)?;
        let key = Key::new(pod.key.namespace.clone(), owner.name.as_str());
        self.owners.get(&(kind, key))
    }
}

fn selector_of(object: &Object) -> Option<Selector> {
    match object {
        Object::ReplicaSet(set) => {
            let spec = set.spec.as_ref()?;
            Some(Selector::of(Some(&spec.selector)))
        }
        Object::Other(Kind::ReplicationController, controller) => {
            let selector = controller.rest.get("spec")?.get("selector")?.clone();
            Some(Selector::equal(&serde_json::from_value(selector).ok()?))
        }
        Object::Other(_, set) => {
            let selector = set.rest.get("spec")?.get("selector")?.clone();
            let selector: LabelSelector = serde_json::from_value(selector).ok()?;
            Some(Selector::of(Some(&selector)))
        }
        _ => None,
    }
}
