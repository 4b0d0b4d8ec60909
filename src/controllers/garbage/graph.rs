//! Who owns whom, by uid, as the watches tell it.

use super::{FOREGROUND, Look, ORPHAN, has_finalizer, owner_key, uid};
use crate::api::{Key, Kind, Name, Object};
use std::collections::{BTreeMap, BTreeSet};

/// Uids that are known to be gone, remembered at most; beyond it the memory
/// begins anew.
const ABSENT_MAX: usize = 500;

/// One object.
#[derive(Clone, Debug)]
pub(super) struct Vertex {
    pub(super) kind: Kind,
    pub(super) key: Key,
    /// Uids of its owners, and whether it blocks their deletion.
    owners: BTreeMap<Name, bool>,
    /// Nobody has seen it yet: only those that name it as their owner.
    pub(super) is_virtual: bool,
    /// It has a deletion timestamp.
    pub(super) going: bool,
    /// It goes once nothing is left that it owns.
    pub(super) waits_for_dependents: bool,
}

/// All objects that own or are owned, or may come to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    vertices: BTreeMap<Name, Vertex>,
    dependents: BTreeMap<Name, BTreeSet<Name>>,
    absent: BTreeSet<String>,
}

impl Graph {
    pub(super) fn get(&self, uid: &str) -> Option<&Vertex> {
        self.vertices.get(uid)
    }

    pub(super) fn dependents(&self, uid: &str) -> Vec<Name> {
        let dependents = self.dependents.get(uid).into_iter().flatten();
        dependents.cloned().collect()
    }

    pub(super) fn has_dependents(&self, uid: &str) -> bool {
        self.dependents
            .get(uid)
            .is_some_and(|dependents| !dependents.is_empty())
    }

    /// The dependents that keep their owner waiting.
    pub(super) fn blocking_dependents(&self, uid: &str) -> Vec<Name> {
        let blocks = |dependent: &Name| {
            let vertex = self.vertices.get(dependent);
            vertex.is_some_and(|vertex| vertex.owners.get(uid) == Some(&true))
        };
        let dependents = self.dependents.get(uid).into_iter().flatten();
        dependents
            .filter(|dependent| blocks(dependent))
            .cloned()
            .collect()
    }

    pub(super) fn is_known_absent(&self, uid: &str) -> bool {
        self.absent.contains(uid)
    }

    pub(super) fn note_absent(&mut self, uid: &str) {
        if self.absent.len() >= ABSENT_MAX {
            self.absent = BTreeSet::new();
        }
        self.absent.insert(uid.to_owned());
    }

    /// An object came or changed. Answers what to look at therefore.
    pub(super) fn put(&mut self, object: &Object) -> Vec<Look> {
        let id: Name = uid(object).into();
        if id.is_empty() {
            return Vec::new();
        }
        let mut looks = Vec::new();
        let before = self.vertices.get(&id).cloned();
        let owners = self.link(&id, object, before.as_ref(), &mut looks);
        let going = object.meta().deletion_timestamp.is_some();
        let waits = going && has_finalizer(object, FOREGROUND);
        let waited = before
            .as_ref()
            .is_some_and(|vertex| vertex.waits_for_dependents);
        let vertex = Vertex {
            kind: object.kind(),
            key: object.key(),
            owners,
            is_virtual: false,
            going,
            waits_for_dependents: waits,
        };
        self.vertices.insert(id.clone(), vertex);
        if going && has_finalizer(object, ORPHAN) {
            looks.push(Look::Orphan(id));
        } else if waits && !waited {
            looks.extend(self.dependents(&id).into_iter().map(Look::Delete));
            looks.push(Look::Delete(id));
        }
        looks
    }

    /// Ties an object to its owners of now and unties it from those of before.
    fn link(
        &mut self,
        id: &Name,
        object: &Object,
        before: Option<&Vertex>,
        looks: &mut Vec<Look>,
    ) -> BTreeMap<Name, bool> {
        let namespace = object.meta().namespace.as_deref().unwrap_or_default();
        let references = object
            .meta()
            .owner_references
            .as_deref()
            .unwrap_or_default();
        let mut owners = BTreeMap::new();
        for reference in references {
            let owner: Name = reference.uid.as_str().into();
            let blocks = reference.block_owner_deletion == Some(true);
            self.dependents
                .entry(owner.clone())
                .or_default()
                .insert(id.clone());
            if let Some(known) = self.vertices.get(&owner) {
                // One that waits wants to know of everything it owns.
                if known.waits_for_dependents {
                    looks.push(Look::Delete(owner.clone()));
                }
            } else if let Some(kind) =
                Kind::from_api_version(&reference.api_version, &reference.kind)
            {
                let vertex = Vertex {
                    kind,
                    key: owner_key(kind, reference, namespace),
                    owners: BTreeMap::new(),
                    is_virtual: true,
                    going: false,
                    waits_for_dependents: false,
                };
                self.vertices.insert(owner.clone(), vertex);
                // Whether it is there at all has to be asked.
                looks.push(Look::Delete(owner.clone()));
            }
            owners.insert(owner, blocks);
        }
        let Some(before) = before else {
            return owners;
        };
        for (owner, blocked) in &before.owners {
            if !owners.contains_key(owner) {
                self.untie(owner, id);
            }
            // The owner may have waited for just this.
            let unblocked = *blocked && owners.get(owner) != Some(&true);
            if unblocked
                && self
                    .vertices
                    .get(owner)
                    .is_some_and(|vertex| vertex.waits_for_dependents)
            {
                looks.push(Look::Delete(owner.clone()));
            }
        }
        if before.owners != owners && !before.is_virtual {
            looks.push(Look::Delete(id.clone()));
        }
        owners
    }

    fn untie(&mut self, owner: &Name, dependent: &Name) {
        if let Some(dependents) = self.dependents.get_mut(owner) {
            dependents.remove(dependent);
            if dependents.is_empty() {
                self.dependents.remove(owner);
            }
        }
    }

    /// An object is gone. Answers what to look at therefore: what it owned, and
    /// owners that waited for it.
    pub(super) fn remove(&mut self, uid: &str) -> Vec<Look> {
        let id: Name = uid.into();
        let Some(vertex) = self.vertices.remove(&id) else {
            return Vec::new();
        };
        self.note_absent(uid);
        let mut looks: Vec<Look> = self.dependents(&id).into_iter().map(Look::Delete).collect();
        self.dependents.remove(&id);
        for owner in vertex.owners.keys() {
            self.untie(owner, &id);
            if self
                .vertices
                .get(owner)
                .is_some_and(|owner| owner.waits_for_dependents)
            {
                looks.push(Look::Delete(owner.clone()));
            }
        }
        looks
    }
}
