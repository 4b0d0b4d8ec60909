//! An informer's cache: what a component knows of one kind, by way of its watch.

use crate::api::{Key, Name, Object, OwnerReference, Resource};
use crate::apiserver::WatchEvent;
use crate::sim::trace::Change;
use imbl::OrdMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// The objects of one kind as the watch has told them so far, which may lag
/// behind the store. Indexed by controller uid; pods also by node, or by namespace
/// where they have no controller; events by what they are about.
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
        let place = Place::Controller(uid.into());
        self.shelf.at(&place).filter_map(K::unwrap)
    }

    /// The pods of a namespace that have no controller, by key. Empty for other
    /// kinds.
    pub fn without_controller<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a Arc<K>> {
        let place = Place::Alone(namespace.into());
        self.shelf.at(&place).filter_map(K::unwrap)
    }

    /// The pods bound to a node, by key. Empty for other kinds.
    pub fn on_node<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a Arc<K>> {
        let place = Place::Node(node.into());
        self.shelf.at(&place).filter_map(K::unwrap)
    }

    /// The events about an object, by key. Empty for other kinds.
    pub fn regarding<'a>(&'a self, kind: &str, about: &Key) -> impl Iterator<Item = &'a Arc<K>> {
        let place = Place::Regarding(kind.into(), about.clone());
        self.shelf.at(&place).filter_map(K::unwrap)
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
    places: OrdMap<Place, Objects>,
}

/// Where an object is found without knowing its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Under the uid of its controller.
    Controller(Name),
    /// Among the pods of a namespace that have no controller.
    Alone(Name),
    /// Among the pods of a node.
    Node(Name),
    /// Among the events about the object of this kind and key.
    Regarding(Name, Key),
}

impl Place {
    /// The places where an object is found.
    fn of(object: &Object) -> [Option<Place>; 2] {
        let controller = controller_of(object.meta().owner_references.as_deref());
        let alone = controller.is_none();
        let controller = controller.map(Place::Controller);
        match object {
            Object::Pod(pod) => {
                let alone = alone.then(|| Place::Alone(object.key().namespace));
                let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
                [
                    controller.or(alone),
                    node.map(|node| Place::Node(node.into())),
                ]
            }
            Object::Event(event) => {
                let about = &event.involved_object;
                let text =
                    |field: &Option<String>| Name::from(field.as_deref().unwrap_or_default());
                let key = Key::new(text(&about.namespace), text(&about.name));
                [controller, Some(Place::Regarding(text(&about.kind), key))]
            }
            _ => [controller, None],
        }
    }
}

impl Shelf {
    /// Takes in a change; answers what was known before.
    fn apply(&mut self, event: &WatchEvent) -> Option<Object> {
        let key = event.object.key();
        let after = (event.change != Change::Deleted).then_some(&event.object);
        let before = match after {
            Some(object) => self.objects.insert(key.clone(), object.clone()),
            None => self.objects.remove(&key),
        };
        let was = before.as_ref().map(Place::of).unwrap_or_default();
        let is = after.map(Place::of).unwrap_or_default();
        for place in was
            .iter()
            .flatten()
            .filter(|place| !is.iter().flatten().any(|it| it == *place))
        {
            self.leave(place, &key);
        }
        if let Some(object) = after {
            for place in is.into_iter().flatten() {
                let objects = self.places.entry(place).or_default();
                objects.insert(key.clone(), object.clone());
            }
        }
        before
    }

    fn leave(&mut self, place: &Place, key: &Key) {
        if let Some(objects) = self.places.get_mut(place) {
            objects.remove(key);
            if objects.is_empty() {
                self.places.remove(place);
            }
        }
    }

    fn at(&self, place: &Place) -> impl Iterator<Item = &Object> + use<'_> {
        self.places.get(place).into_iter().flat_map(OrdMap::values)
    }

    fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects
            .range(Key::new(namespace, "")..)
            .take_while(move |(key, _)| &*key.namespace == namespace)
            .map(|(_, object)| object)
    }
}

/// The uid of the owner that is marked as the controller.
pub fn controller_uid<K: Resource>(object: &K) -> Option<Name> {
    controller_of(object.meta().owner_references.as_deref())
}

fn controller_of(owners: Option<&[OwnerReference]>) -> Option<Name> {
    let owner = owners?
        .iter()
        .find(|owner| owner.controller == Some(true))?;
    Some(owner.uid.as_str().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Event, Kind};
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
