//! The store: every version of every object, one revision a write, as etcd keeps
//! them. It knows nothing of what the objects mean.
//!
//! **Invariant:** only `apiserver` writes here.
//! **Invariant:** revisions are gap-free: revision n+1 is the next write after n.
//! **Invariant:** a key is attached to one lease at most, and a lease names only
//! keys that exist.

mod lease;

pub use lease::LeaseId;

use crate::api::{Key, Kind, Object};
use crate::sim::{Cause, Instant};
use imbl::{OrdMap, Vector};
use lease::Leases;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

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
    /// The lease it ends with.
    pub lease: Option<LeaseId>,
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
    /// There is no such lease (any more).
    LeaseNotFound,
}

/// The store.
#[derive(Clone, Debug, Default)]
pub struct Etcd {
    revision: u64,
    compacted: u64,
    current: OrdMap<StoreKey, Entry>,
    history: Vector<Arc<Write>>,
    leases: Leases,
}

impl Etcd {
    /// The revision of the latest write.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The oldest revision that can still be read.
    pub fn compacted(&self) -> u64 {
        self.compacted
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.current.len()
    }

    /// Whether there are no objects.
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
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

    /// Every object of `kind`, in `namespace` or in all, by key, as they were at
    /// `revision`: the present ones with later writes taken back.
    pub fn range_at(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<Vec<Object>, StoreError> {
        let later: Vec<&Arc<Write>> = self.writes_after(revision)?.collect();
        let mut objects: BTreeMap<&Key, &Object> = self
            .range(kind, namespace)
            .map(|(key, entry)| (key, &entry.object))
            .collect();
        for write in later.into_iter().rev() {
            let Write { key, before, .. } = &**write;
            let selected = key.kind == kind
                && namespace.is_none_or(|namespace| &*key.key.namespace == namespace);
            match before {
                _ if !selected => {}
                Some(before) => drop(objects.insert(&key.key, before)),
                None => drop(objects.remove(&key.key)),
            }
        }
        Ok(objects.into_values().cloned().collect())
    }

    /// Writes `object` (or deletes, with none) if the key's present revision is
    /// `compare` (0: the key must not exist). Answers the write; none where a key
    /// that does not exist was to be deleted. `stamp` is handed the revision
    /// before the object is stored, to write it into `metadata.resourceVersion`.
    /// An object keeps the lease it has.
    pub fn txn(
        &mut self,
        key: StoreKey,
        compare: u64,
        object: Option<Object>,
        stamp: impl FnOnce(&mut Object, u64),
        cause: Cause,
    ) -> Result<Option<Arc<Write>>, StoreError> {
        let present = self.current.get(&key);
        let found = present.map_or(0, |entry| entry.mod_revision);
        if found != compare {
            return Err(StoreError::Conflict { found });
        }
        if present.is_none() && object.is_none() {
            return Ok(None);
        }
        self.revision += 1;
        let revision = self.revision;
        let after = object.map(|mut object| {
            stamp(&mut object, revision);
            object
        });
        let before = match &after {
            Some(object) => self.put(&key, revision, object.clone()),
            None => self.take(&key),
        };
        let write = Arc::new(Write {
            revision,
            key,
            before,
            after,
            cause,
        });
        self.remember(write.clone());
        Ok(Some(write))
    }

    fn put(&mut self, key: &StoreKey, revision: u64, object: Object) -> Option<Object> {
        if let Some(entry) = self.current.get_mut(key) {
            entry.mod_revision = revision;
            entry.version += 1;
            return Some(std::mem::replace(&mut entry.object, object));
        }
        let entry = Entry {
            object,
            create_revision: revision,
            mod_revision: revision,
            version: 1,
            lease: None,
        };
        self.current.insert(key.clone(), entry);
        None
    }

    fn take(&mut self, key: &StoreKey) -> Option<Object> {
        let entry = self.current.remove(key)?;
        if let Some(lease) = entry.lease {
            self.leases.detach(lease, key);
        }
        Some(entry.object)
    }

    fn remember(&mut self, write: Arc<Write>) {
        self.history.push_back(write);
        if self.history.len() > HISTORY_REVISIONS_MAX {
            self.compact(self.revision - HISTORY_REVISIONS_MAX as u64);
        }
    }

    /// Forgets the history up to and including `revision`. The present versions
    /// stay.
    pub fn compact(&mut self, revision: u64) {
        let upto = revision.min(self.revision);
        while self
            .history
            .front()
            .is_some_and(|write| write.revision <= upto)
        {
            self.history.pop_front();
        }
        self.compacted = self.compacted.max(upto);
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
        // By index: the vector's own iterator would walk all that it skips.
        Ok((skip..self.history.len()).filter_map(|at| self.history.get(at)))
    }

    /// A lease that ends `ttl` from `now` unless it is kept alive.
    pub fn grant(&mut self, ttl: Duration, now: Instant) -> LeaseId {
        self.leases.grant(ttl, now)
    }

    /// Begins a lease's time anew.
    pub fn keep_alive(&mut self, lease: LeaseId, now: Instant) -> Result<(), StoreError> {
        self.leases.keep_alive(lease, now)
    }

    /// Lets `key` end with `lease` instead of with the lease it had.
    pub fn attach(&mut self, lease: LeaseId, key: &StoreKey) -> Result<(), StoreError> {
        let entry = self
            .current
            .get_mut(key)
            .ok_or(StoreError::Conflict { found: 0 })?;
        self.leases.attach(lease, key)?;
        if let Some(old) = entry.lease.replace(lease).filter(|old| *old != lease) {
            self.leases.detach(old, key);
        }
        Ok(())
    }

    /// When the next lease ends.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.leases.next_expiry()
    }

    /// Ends a lease at once. Answers its keys, for the caller to delete.
    pub fn revoke(&mut self, lease: LeaseId) -> Vec<StoreKey> {
        let keys = self.leases.revoke(lease);
        self.release(&keys);
        keys
    }

    /// Ends the leases whose time is up. Answers their keys, for the caller to
    /// delete: deletions are writes like any other and have watchers.
    pub fn expire(&mut self, now: Instant) -> Vec<StoreKey> {
        let keys = self.leases.expire(now);
        self.release(&keys);
        keys
    }

    fn release(&mut self, keys: &[StoreKey]) {
        for key in keys {
            if let Some(entry) = self.current.get_mut(key) {
                entry.lease = None;
            }
        }
    }
}

#[cfg(test)]
mod tests;
