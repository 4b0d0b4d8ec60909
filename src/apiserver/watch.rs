//! Watches: who wants to hear of what, and what waits for whom.
//!
//! **Invariant:** a watcher sees every change it selected, once, in the order of
//! revisions.

use super::read::Filter;
use crate::api::{Kind, Name, Object, Resource};
use crate::api::{Pod, meta};
use crate::etcd::{Etcd, StoreError, Write};
use crate::sim::trace::Change;
use crate::sim::{Actor, Cause};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Names a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatcherId(pub u64);

/// What a watch is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Kind.
    pub kind: Kind,
    /// One namespace, or all.
    pub namespace: Option<Name>,
    /// One object by name (`metadata.name`), or all.
    pub name: Option<Name>,
    /// Pods of one node (`spec.nodeName`), or all. Indexed, so that a thousand
    /// kubelets do not each look at every pod.
    pub node: Option<Name>,
    /// What else objects must have (labels, fields), or anything.
    pub filter: Option<Filter>,
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what is there now, each as `ADDED`.
    Present,
    /// With the changes after a revision.
    After(u64),
}

impl Selection {
    /// Every object of a kind.
    pub fn all(kind: Kind) -> Self {
        Selection {
            kind,
            namespace: None,
            name: None,
            node: None,
            filter: None,
        }
    }

    /// The pods bound to `node`: what a kubelet watches.
    pub fn pods_of_node(node: impl Into<Name>) -> Self {
        Selection {
            node: Some(node.into()),
            ..Selection::all(Kind::Pod)
        }
    }

    fn holds(&self, object: &Object) -> bool {
        let meta = object.meta();
        let is = |wanted: &Option<Name>, found: &Option<String>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| found.as_deref() == Some(wanted))
        };
        self.kind == object.kind()
            && is(&self.namespace, &meta.namespace)
            && is(&self.name, &meta.name)
            && self
                .node
                .as_deref()
                .is_none_or(|node| pod_node(object) == Some(node))
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(object))
    }
}

fn pod_node(object: &Object) -> Option<&str> {
    Pod::unwrap(object)?.spec.as_ref()?.node_name.as_deref()
}

/// One change on its way to a watcher.
#[derive(Clone, Debug)]
pub struct WatchEvent {
    /// How the object changed, from where the watcher stands: an object that
    /// begins to be selected is `Added`, one that ceases to be is `Deleted`.
    pub change: Change,
    /// The object after the change; the last version where it was deleted.
    pub object: Object,
    /// Revision of the change.
    pub revision: u64,
    /// The record of the call that made it.
    pub cause: Cause,
}

#[derive(Clone, Debug)]
struct Watcher {
    owner: Actor,
    selection: Selection,
    waiting: VecDeque<WatchEvent>,
}

/// All watches, indexed by node (of pods), by name, or else by kind: each is in
/// one index.
#[derive(Clone, Debug, Default)]
pub(super) struct Hub {
    watchers: BTreeMap<WatcherId, Watcher>,
    by_kind: BTreeMap<Kind, BTreeSet<WatcherId>>,
    by_name: BTreeMap<(Kind, Name), BTreeSet<WatcherId>>,
    by_node: BTreeMap<Name, BTreeSet<WatcherId>>,
    woken: BTreeSet<WatcherId>,
    /// The latest change of each kind: what bookmarks name.
    latest: BTreeMap<Kind, u64>,
    next: u64,
}

impl Hub {
    pub(super) fn add(
        &mut self,
        etcd: &Etcd,
        owner: Actor,
        selection: Selection,
        start: Start,
    ) -> Result<WatcherId, StoreError> {
        let waiting = match start {
            Start::Present => present(etcd, &selection),
            Start::After(revision) => etcd
                .writes_after(revision)?
                .filter_map(|write| seen_by(&selection, write, &mut None))
                .collect(),
        };
        let id = WatcherId(self.next);
        self.next += 1;
        if !waiting.is_empty() {
            self.woken.insert(id);
        }
        let index = match (&selection.node, &selection.name) {
            (Some(node), _) => self.by_node.entry(node.clone()).or_default(),
            (None, Some(name)) => {
                let named = (selection.kind, name.clone());
                self.by_name.entry(named).or_default()
            }
            (None, None) => self.by_kind.entry(selection.kind).or_default(),
        };
        index.insert(id);
        self.watchers.insert(
            id,
            Watcher {
                owner,
                selection,
                waiting,
            },
        );
        Ok(id)
    }

    pub(super) fn remove(&mut self, id: WatcherId) {
        let Some(watcher) = self.watchers.remove(&id) else {
            return;
        };
        self.woken.remove(&id);
        let Selection {
            kind, name, node, ..
        } = watcher.selection;
        let index = match (node, name) {
            (Some(node), _) => self.by_node.get_mut(&node),
            (None, Some(name)) => self.by_name.get_mut(&(kind, name)),
            (None, None) => self.by_kind.get_mut(&kind),
        };
        if let Some(index) = index {
            index.remove(&id);
        }
    }

    pub(super) fn remove_all(&mut self, owner: &Actor) {
        let of_owner = self
            .watchers
            .iter()
            .filter(|(_, watcher)| watcher.owner == *owner);
        let ids: Vec<WatcherId> = of_owner.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.remove(id));
    }

    pub(super) fn take(&mut self, id: WatcherId) -> Vec<WatchEvent> {
        self.watchers
            .get_mut(&id)
            .map(|watcher| watcher.waiting.drain(..).collect())
            .unwrap_or_default()
    }

    pub(super) fn take_woken(&mut self) -> Vec<WatcherId> {
        std::mem::take(&mut self.woken).into_iter().collect()
    }

    pub(super) fn owner(&self, id: WatcherId) -> Option<&Actor> {
        self.watchers.get(&id).map(|watcher| &watcher.owner)
    }

    /// The revision of the latest change of a kind, or 0.
    pub(super) fn latest(&self, kind: Kind) -> u64 {
        self.latest.get(&kind).copied().unwrap_or(0)
    }

    /// Brings one write to everyone who selected it.
    pub(super) fn publish(&mut self, write: &Write) {
        self.latest.insert(write.key.kind, write.revision);
        let Hub {
            watchers,
            by_kind,
            by_name,
            by_node,
            woken,
            ..
        } = self;
        let mut tombstone = None;
        let mut bring = |id: WatcherId| {
            let Some(watcher) = watchers.get_mut(&id) else {
                return;
            };
            if let Some(event) = seen_by(&watcher.selection, write, &mut tombstone) {
                watcher.waiting.push_back(event);
                woken.insert(id);
            }
        };
        let named = (write.key.kind, write.key.key.name.clone());
        let of_kind = by_kind.get(&write.key.kind).into_iter().flatten();
        let of_name = by_name.get(&named).into_iter().flatten();
        of_kind.chain(of_name).copied().for_each(&mut bring);
        let node_of =
            |object: &Option<Object>| object.as_ref().and_then(pod_node).map(str::to_owned);
        let (before, after) = (node_of(&write.before), node_of(&write.after));
        let other = before.filter(|before| after.as_ref() != Some(before));
        for node in after.iter().chain(&other) {
            let ids = by_node.get(node.as_str()).into_iter().flatten();
            ids.copied().for_each(&mut bring);
        }
    }
}

/// All that is selected now, as `ADDED`.
fn present(etcd: &Etcd, selection: &Selection) -> VecDeque<WatchEvent> {
    etcd.range(selection.kind, selection.namespace.as_deref())
        .filter(|(_, entry)| selection.holds(&entry.object))
        .map(|(_, entry)| WatchEvent {
            change: Change::Added,
            object: entry.object.clone(),
            revision: entry.mod_revision,
            cause: None,
        })
        .collect()
}

/// The write as a watcher with this selection sees it.
fn seen_by(
    selection: &Selection,
    write: &Write,
    tombstone: &mut Option<Object>,
) -> Option<WatchEvent> {
    let before = write
        .before
        .as_ref()
        .filter(|object| selection.holds(object));
    let after = write
        .after
        .as_ref()
        .filter(|object| selection.holds(object));
    let (change, object) = match (before, after) {
        (None, None) => return None,
        (None, Some(after)) => (Change::Added, after.clone()),
        (Some(_), Some(after)) => (Change::Modified, after.clone()),
        (Some(before), None) => {
            let last = tombstone.get_or_insert_with(|| last_version(before, write));
            (Change::Deleted, last.clone())
        }
    };
    Some(WatchEvent {
        change,
        object,
        revision: write.revision,
        cause: write.cause,
    })
}

/// A deleted object is delivered as it last was, with the revision of the
/// deletion.
fn last_version(before: &Object, write: &Write) -> Object {
    let mut object = before.clone();
    let meta: &mut meta::ObjectMeta = object.meta_mut();
    meta.resource_version = Some(write.revision.to_string());
    object
}
