//! An informer's cache: what a component knows of one kind, by way of its watch.

use crate::api::{Key, Kind, Name, Resource};
use crate::apiserver::WatchEvent;
use crate::sim::trace::Change;
use imbl::OrdMap;
use std::sync::Arc;

/// The objects of one kind as the watch has told them so far, which may lag
/// behind the store. Indexed by controller uid; pods also by node, or by namespace
/// where they have no controller; events by what they are about.
#[derive(Clone, Debug)]
pub struct Cache<K: Resource> {
    objects: OrdMap<Key, Arc<K>>,
    by_owner: Index<Name, K>,
    alone: Index<Name, K>,
    by_node: Index<Name, K>,
    by_regarding: Index<Regarding, K>,
}

type Index<I, K> = OrdMap<I, OrdMap<Key, Arc<K>>>;

/// Kind and key of what an event is about.
type Regarding = (Name, Key);

impl<K: Resource> Default for Cache<K> {
    fn default() -> Self {
        Cache {
            objects: OrdMap::new(),
            by_owner: OrdMap::new(),
            alone: OrdMap::new(),
            by_node: OrdMap::new(),
            by_regarding: OrdMap::new(),
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

impl<K: Resource> Applied<K> {
    /// Whether the change is one of what `of` tells of the object; an object that
    /// is not there tells nothing.
    pub fn differs<'a, T: PartialEq>(&'a self, of: impl Fn(&'a K) -> Option<T>) -> bool {
        let told = |object: &'a Option<Arc<K>>| object.as_deref().and_then(&of);
        told(&self.before) != told(&self.after)
    }
}

impl<K: Resource> Cache<K> {
    /// Takes in a change. None where the event is about another kind.
    pub fn apply(&mut self, event: &WatchEvent) -> Option<Applied<K>> {
        let object = K::unwrap(&event.object)?;
        let key = object.key();
        let before = self.objects.get(&key).cloned();
        if event.change == Change::Deleted {
            self.index(&key, before.as_ref(), None);
            self.objects.remove(&key);
            // Handlers want the last known state where the cache missed it.
            return Some(Applied {
                before: before.or_else(|| Some(object.clone())),
                after: None,
            });
        }
        self.index(&key, before.as_ref(), Some(object));
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
        self.by_owner.get(uid).into_iter().flat_map(OrdMap::values)
    }

    /// The pods of a namespace that have no controller, by key. Empty for other
    /// kinds.
    pub fn without_controller<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a Arc<K>> {
        self.alone
            .get(namespace)
            .into_iter()
            .flat_map(OrdMap::values)
    }

    /// The pods bound to a node, by key. Empty for other kinds.
    pub fn on_node<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a Arc<K>> {
        self.by_node.get(node).into_iter().flat_map(OrdMap::values)
    }

    /// The events about an object, by key. Empty for other kinds.
    pub fn regarding<'a>(&'a self, kind: &str, about: &Key) -> impl Iterator<Item = &'a Arc<K>> {
        self.by_regarding
            .get(&(kind.into(), about.clone()))
            .into_iter()
            .flat_map(OrdMap::values)
    }

    /// How many objects are known.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    fn index(&mut self, key: &Key, before: Option<&Arc<K>>, after: Option<&Arc<K>>) {
        let owner = |object: Option<&Arc<K>>| object.and_then(|object| controller_uid(&**object));
        let (was, is) = (owner(before), owner(after));
        let alone = |object: Option<&Arc<K>>, owner: &Option<Name>| {
            object
                .filter(|_| K::KIND == Kind::Pod && owner.is_none())
                .map(|_| key.namespace.clone())
        };
        let (was_alone, is_alone) = (alone(before, &was), alone(after, &is));
        reindex(&mut self.alone, key, was_alone, is_alone, after);
        reindex(&mut self.by_owner, key, was, is, after);
        let node = |object: Option<&Arc<K>>| object.and_then(node_of);
        reindex(&mut self.by_node, key, node(before), node(after), after);
        let about = |object: Option<&Arc<K>>| object.and_then(regarding_of);
        reindex(
            &mut self.by_regarding,
            key,
            about(before),
            about(after),
            after,
        );
    }
}

/// Files an object under what it belongs to now, and no longer under what it
/// belonged to before.
fn reindex<I: Ord + Clone, K>(
    index: &mut Index<I, K>,
    key: &Key,
    before: Option<I>,
    after: Option<I>,
    object: Option<&Arc<K>>,
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

fn regarding_of<K: Resource>(object: &Arc<K>) -> Option<Regarding> {
    let object = K::wrap(object.clone());
    let about = &object.as_kind::<crate::api::Event>()?.involved_object;
    let text = |field: &Option<String>| Name::from(field.as_deref().unwrap_or_default());
    let key = Key::new(text(&about.namespace), text(&about.name));
    Some((text(&about.kind), key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Event, Object};
    use serde_json::json;

    fn event(change: Change, name: &str, about: &str) -> WatchEvent {
        let value = json!({
            "metadata": {"name": name, "namespace": "default"},
            "involvedObject": {"kind": "Pod", "namespace": "default", "name": about},
        });
        WatchEvent {
            change,
            object: Object::from_json(Kind::Event, value).expect("an event"),
            revision: 1,
            cause: None,
        }
    }

    #[test]
    fn events_are_found_by_what_they_are_about() {
        let mut cache: Cache<Event> = Cache::default();
        for (change, name, about) in [
            (Change::Added, "e1", "web"),
            (Change::Added, "e2", "other"),
            (Change::Added, "e3", "web"),
            (Change::Deleted, "e1", "web"),
        ] {
            cache.apply(&event(change, name, about));
        }
        let found = |kind: &str, about: &str| {
            let about = Key::new("default", about);
            let events = cache.regarding(kind, &about);
            events
                .map(|event| event.name().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("Pod", "web"), ["e3"]);
        assert_eq!(found("Pod", "other"), ["e2"]);
        assert!(found("Node", "web").is_empty());
    }
}
