//! An informer's cache: what a component knows of one kind, by way of its watch.

use crate::api::{Key, Name, Object, OwnerReference, Resource};
use crate::apiserver::WatchEvent;
use crate::sim::trace::Change;
use imbl::OrdMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// The objects of one kind as the watch has told them so far, which may lag
/// behind the store. Indexed by controller uid, and by node where they are pods.
#[derive(Clone, Debug)]
pub struct Cache<K: Resource> {
    shelf: Shelf,
    kind: PhantomData<K>,
}

impl<K: Resource> Default for Cache<K> {
    fn default() -> Self {
        Cache {
            shelf: Shelf::default(),
            kind: PhantomData,
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
        let before = self.shelf.apply(event);
        let before = before.as_ref().and_then(K::unwrap).cloned();
        Some(match event.change {
            // Handlers want the last known state where the cache missed it.
            Change::Deleted => Applied {
                before: before.or_else(|| Some(object.clone())),
                after: None,
            },
            _ => Applied {
                before,
                after: Some(object.clone()),
            },
        })
    }

    /// The object at `key`.
    pub fn get(&self, key: &Key) -> Option<&Arc<K>> {
        self.shelf.objects.get(key).and_then(K::unwrap)
    }

    /// Every object, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<K>> {
        self.shelf.objects.values().filter_map(K::unwrap)
    }

    /// Every object of a namespace, by name.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<K>> {
        self.shelf.in_namespace(namespace).filter_map(K::unwrap)
    }

    /// The objects whose controller has this uid, by key.
    pub fn controlled_by<'a>(&'a self, uid: &str) -> impl Iterator<Item = &'a Arc<K>> {
        let objects = self.shelf.by_owner.get(uid).into_iter();
        objects.flat_map(OrdMap::values).filter_map(K::unwrap)
    }

    /// The pods bound to a node, by key. Empty for other kinds.
    pub fn on_node<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a Arc<K>> {
        let objects = self.shelf.by_node.get(node).into_iter();
        objects.flat_map(OrdMap::values).filter_map(K::unwrap)
    }

    /// How many objects are known.
    pub fn len(&self) -> usize {
        self.shelf.objects.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.shelf.objects.is_empty()
    }
}

type Objects = OrdMap<Key, Object>;

/// What is behind the caches of all kinds, so that its code exists once.
#[derive(Clone, Debug, Default)]
struct Shelf {
    objects: Objects,
    by_owner: OrdMap<Name, Objects>,
    by_node: OrdMap<Name, Objects>,
}

impl Shelf {
    /// Takes in a change; answers what was known before.
    fn apply(&mut self, event: &WatchEvent) -> Option<Object> {
        let key = event.object.key();
        let before = self.objects.get(&key).cloned();
        let after = (event.change != Change::Deleted).then_some(&event.object);
        let indexes: [(&mut OrdMap<Name, Objects>, fn(&Object) -> Option<Name>); 2] = [
            (&mut self.by_owner, |object| {
                controller_uid_in(object.meta().owner_references.as_deref())
            }),
            (&mut self.by_node, node_of),
        ];
        for (index, place) in indexes {
            let was = before.as_ref().and_then(place);
            reindex(index, &key, was, after.and_then(place), after);
        }
        match after {
            Some(object) => self.objects.insert(key, object.clone()),
            None => self.objects.remove(&key),
        };
        before
    }

    fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects
            .range(Key::new(namespace, "")..)
            .take_while(move |(key, _)| &*key.namespace == namespace)
            .map(|(_, object)| object)
    }
}

/// Files an object under what it belongs to now, and no longer under what it
/// belonged to before.
fn reindex(
    index: &mut OrdMap<Name, Objects>,
    key: &Key,
    before: Option<Name>,
    after: Option<Name>,
    object: Option<&Object>,
) {
    if let Some(at) = before.filter(|before| after.as_ref() != Some(before))
        && let Some(objects) = index.get_mut(&at)
    {
        objects.remove(key);
        if objects.is_empty() {
            index.remove(&at);
        }
    }
    if let (Some(at), Some(object)) = (after, object) {
        index
            .entry(at)
            .or_default()
            .insert(key.clone(), object.clone());
    }
}

/// The uid of the owner that is marked as the controller.
pub fn controller_uid<K: Resource>(object: &K) -> Option<Name> {
    controller_uid_in(object.meta().owner_references.as_deref())
}

fn controller_uid_in(owners: Option<&[OwnerReference]>) -> Option<Name> {
    let owner = owners?
        .iter()
        .find(|owner| owner.controller == Some(true))?;
    Some(owner.uid.as_str().into())
}

fn node_of(object: &Object) -> Option<Name> {
    let pod = object.as_kind::<crate::api::Pod>()?;
    pod.spec.as_ref()?.node_name.as_deref().map(Name::from)
}
