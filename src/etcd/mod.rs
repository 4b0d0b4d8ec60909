//! The store: every version of every object, one revision a write, as etcd keeps
//! them. It knows nothing of what the objects mean.
//!
//! **Invariant:** only `apiserver` writes here.
//! **Invariant:** revisions are gap-free: revision n+1 is the next write after n.

use crate::api::{Key, Kind, Object};
use crate::sim::Cause;
use imbl::{OrdMap, Vector};
use std::sync::Arc;

/// The latest revisions kept in history; older ones are compacted away. Real
/// clusters compact by time (five minutes); the bound keeps memory bounded.
pub const HISTORY_REVISIONS_MAX: usize = 10_000;

/// Where an object lies: `/registry/KIND/NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreKey {
    /// Kind.
    pub kind: Kind,
    /// Namespace and name.
    pub key: Key,
}

/// The present version of one object.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The object. Shared, never bytes: the page has no use for an encoding.
    pub object: Object,
    /// Revision that created it.
    pub create_revision: u64,
    /// Revision that wrote this version.
    pub mod_revision: u64,
    /// 1 for the first version.
    pub version: u64,
}

/// One write in the history.
#[derive(Clone, Debug)]
pub struct Write {
    /// Its revision.
    pub revision: u64,
    /// Where.
    pub key: StoreKey,
    /// The object before, or none where this write created it.
    pub before: Option<Object>,
    /// The object after, or none where this write deleted it.
    pub after: Option<Object>,
    /// The trace record of the call that wrote it.
    pub cause: Cause,
}

/// Why a transaction or a read was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The compared revision is not the present one (0: there is no such key).
    Conflict {
        /// The present revision of the key, or 0.
        found: u64,
    },
    /// The revision asked for is older than the oldest kept.
    Compacted {
        /// The oldest revision that can be asked for.
        oldest: u64,
    },
    /// The revision asked for lies ahead.
    Future,
}

/// The store.
#[derive(Clone, Debug, Default)]
pub struct Etcd {
    revision: u64,
    compacted: u64,
    current: OrdMap<StoreKey, Entry>,
    history: Vector<Arc<Write>>,
}

impl Etcd {
    /// The revision of the latest write.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The present version at `key`.
    pub fn get(&self, key: &StoreKey) -> Option<&Entry> {
        self.current.get(key)
    }

    /// Every present object of `kind`, in `namespace` or in all, by key.
    pub fn range<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Key, &'a Entry)> {
        let first = StoreKey {
            kind,
            key: Key::new(namespace.unwrap_or_default(), ""),
        };
        self.current
            .range(first..)
            .take_while(move |(at, _)| {
                at.kind == kind && namespace.is_none_or(|namespace| &*at.key.namespace == namespace)
            })
            .map(|(at, entry)| (&at.key, entry))
    }

    /// Writes `object` (or deletes, with none) if the key's present revision is
    /// `compare` (0: the key must not exist). Answers the new revision. `stamp`
    /// is handed the revision before the object is stored, to write it into
    /// `metadata.resourceVersion`.
    pub fn txn(
        &mut self,
        key: StoreKey,
        compare: u64,
        object: Option<Object>,
        stamp: impl FnOnce(&mut Object, u64),
        cause: Cause,
    ) -> Result<u64, StoreError> {
        let before = self.current.get(&key).cloned();
        let found = before.as_ref().map_or(0, |entry| entry.mod_revision);
        if found != compare {
            return Err(StoreError::Conflict { found });
        }
        if before.is_none() && object.is_none() {
            return Ok(self.revision);
        }
        self.revision += 1;
        let revision = self.revision;
        let after = object.map(|mut object| {
            stamp(&mut object, revision);
            object
        });
        match &after {
            Some(object) => {
                let entry = Entry {
                    object: object.clone(),
                    create_revision: before
                        .as_ref()
                        .map_or(revision, |entry| entry.create_revision),
                    mod_revision: revision,
                    version: before.as_ref().map_or(1, |entry| entry.version + 1),
                };
                self.current.insert(key.clone(), entry);
            }
            None => {
                self.current.remove(&key);
            }
        }
        let before = before.map(|entry| entry.object);
        self.history.push_back(Arc::new(Write {
            revision,
            key,
            before,
            after,
            cause,
        }));
        if self.history.len() > HISTORY_REVISIONS_MAX {
            self.history.pop_front();
            self.compacted = revision - HISTORY_REVISIONS_MAX as u64;
        }
        Ok(revision)
    }

    /// Every write after `revision`, in order.
    pub fn writes_after(
        &self,
        revision: u64,
    ) -> Result<impl Iterator<Item = &Arc<Write>>, StoreError> {
        if revision < self.compacted {
            return Err(StoreError::Compacted {
                oldest: self.compacted,
            });
        }
        if revision > self.revision {
            return Err(StoreError::Future);
        }
        let skip = (revision - self.compacted) as usize;
        Ok(self.history.iter().skip(skip))
    }
}
