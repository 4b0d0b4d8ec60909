//! An informer's cache: what a component knows of one kind, by way of its watch.

use crate::api::{Key, Name, Resource};
use crate::apiserver::WatchEvent;
use crate::sim::trace::Change;
use imbl::{OrdMap, OrdSet};
use std::sync::Arc;

/// The objects of one kind as the watch has told them so far, which may lag
/// behind the store. Indexed by controller uid, and by node where they are pods.
#[derive(Clone, Debug)]
pub struct Cache<K: Resource> {
    objects: OrdMap<Key, Arc<K>>,
    by_owner: OrdMap<Name, OrdSet<Key>>,
    by_node: OrdMap<Name, OrdSet<Key>>,
}

impl<K: Resource> Default for Cache<K> {
    fn default() -> Self {
        Cache {
            objects: OrdMap::new(),
            by_owner: OrdMap::new(),
            by_node: OrdMap::new(),
        }
    }
}

/// One change as a cache took it in: what handlers compare.
#[derive(Clone, Debug)]
pub struct Applied<K> {
    /// The object as it was known before.
    pub before: Option<Arc<K>>,
    /// The object now; none where it is gone.
    pub after: Option<Arc<K>>,
}

impl<K: Resource> Cache<K> {
    /// Takes in a change. None where the event is about another kind.
    pub fn apply(&mut self, event: &WatchEvent) -> Option<Applied<K>> {
        let object = K::unwrap(&event.object)?;
        let key = object.key();
        let before = self.objects.get(&key).cloned();
        if let Some(before) = &before {
            self.unindex(&key, before);
        }
        if event.change == Change::Deleted {
            self.objects.remove(&key);
            // Handlers want the last known state where the cache missed it.
            return Some(Applied {
                before: before.or_else(|| Some(object.clone())),
                after: None,
            });
        }
        self.index(&key, object);
        self.objects.insert(key, object.clone());
        Some(Applied {
            before,
            after: Some(object.clone()),
        })
    }

    /// The object at `key`.
    pub fn get(&self, key: &Key) -> Option<&Arc<K>> {
        self.objects.get(key)
    }

    /// Every object, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<K>> {
        self.objects.values()
    }

    /// Every object of a namespace, by name.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<K>> {
        self.objects
            .range(Key::new(namespace, "")..)
            .take_while(move |(key, _)| &*key.namespace == namespace)
            .map(|(_, object)| object)
    }

    /// The objects whose controller has this uid, by key.
    pub fn controlled_by<'a>(&'a self, uid: &str) -> impl Iterator<Item = &'a Arc<K>> {
        let keys = self.by_owner.get(uid);
        keys.into_iter()
            .flatten()
            .filter_map(|key| self.objects.get(key))
    }

    /// The pods bound to a node, by key. Empty for other kinds.
    pub fn on_node<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a Arc<K>> {
        let keys = self.by_node.get(node);
        keys.into_iter()
            .flatten()
            .filter_map(|key| self.objects.get(key))
    }

    /// How many objects are known.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    fn index(&mut self, key: &Key, object: &Arc<K>) {
        if let Some(uid) = controller_uid(&**object) {
            self.by_owner.entry(uid).or_default().insert(key.clone());
        }
        if let Some(node) = node_of(object) {
            self.by_node.entry(node).or_default().insert(key.clone());
        }
    }

    fn unindex(&mut self, key: &Key, object: &Arc<K>) {
        if let Some(uid) = controller_uid(&**object) {
            forget(&mut self.by_owner, &uid, key);
        }
        if let Some(node) = node_of(object) {
            forget(&mut self.by_node, &node, key);
        }
    }
}

fn forget(index: &mut OrdMap<Name, OrdSet<Key>>, at: &Name, key: &Key) {
    if let Some(keys) = index.get_mut(at) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(at);
        }
    }
}

/// The uid of the owner that is marked as the controller.
pub fn controller_uid<K: Resource>(object: &K) -> Option<Name> {
    let owners = object
        .meta()
        .owner_references
        .as_deref()
        .unwrap_or_default();
    owners
        .iter()
        .find(|owner| owner.controller == Some(true))
        .map(|owner| owner.uid.as_str().into())
}

fn node_of<K: Resource>(object: &Arc<K>) -> Option<Name> {
    let object = K::wrap(object.clone());
    let pod = object.as_kind::<crate::api::Pod>()?;
    pod.spec.as_ref()?.node_name.as_deref().map(Name::from)
}
