//! Who manages which fields: `metadata.managedFields`, read and written (upstream:
//! `apimachinery/pkg/util/managedfields`).

use super::set::Set;
use crate::api::Time;
use crate::api::meta::{FieldsV1, ManagedFieldsEntry};
use crate::sim::order::Order as _;
use std::collections::BTreeMap;

/// How many managers of the operation Update keep an entry of their own
/// (`DefaultMaxUpdateManagers`).
const UPDATE_MANAGERS_MAX: usize = 10;
const ANCIENT: &str = "ancient-changes";
const FIELDS_V1: &str = "FieldsV1";

/// Whoever writes, and how. Ordered as conflicts are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Manager {
    /// Its name.
    pub name: String,
    /// Whether by apply, rather than by an update.
    pub applies: bool,
    /// In which version.
    pub api_version: String,
    /// Through which subresource, or empty.
    pub subresource: String,
}

impl Manager {
    /// As messages of conflicts name it.
    pub fn shown(&self) -> String {
        let mut text = format!("{:?}", self.name);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if !self.applies {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

/// What a manager has, since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Its fields.
    pub set: Set,
    /// When it last took some.
    pub time: Option<Time>,
}

/// Every manager of an object with its share.
pub type Owners = BTreeMap<Manager, Share>;

/// Reads entries whose fields are known; nothing where one is not as the server
/// writes it.
pub fn read(entries: &[ManagedFieldsEntry]) -> Option<Owners> {
    let mut owners = Owners::new();
    for entry in entries {
        let applies = match entry.operation.as_deref() {
            Some("Apply") => true,
            Some("Update") => false,
            _ => return None,
        };
        let set = Set::from_json(&entry.fields_v1.as_ref()?.0)?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let manager = Manager {
            name: text(&entry.manager),
            applies,
            api_version: text(&entry.api_version),
            subresource: text(&entry.subresource),
        };
        let time = entry.time.clone();
        owners.insert(manager, Share { set, time });
    }
    Some(owners)
}

/// Writes the entries in the server's order.
pub fn write(owners: &Owners) -> Option<Vec<ManagedFieldsEntry>> {
    let mut sorted: Vec<(&Manager, &Share)> = owners.iter().collect();
    sorted.order_by_key(|(manager, share)| {
        let seconds = share.time.as_ref().map_or(0, |time| time.0.as_second());
        let Manager {
            name,
            applies,
            api_version,
            subresource,
        } = manager;
        (!applies, seconds, name, api_version, subresource)
    });
    let entries: Vec<ManagedFieldsEntry> = sorted
        .into_iter()
        .map(|(manager, share)| ManagedFieldsEntry {
            manager: Some(manager.name.clone()),
            operation: Some(if manager.applies { "Apply" } else { "Update" }.to_owned()),
            api_version: Some(manager.api_version.clone()),
            time: share.time.clone(),
            fields_type: Some(FIELDS_V1.to_owned()),
            fields_v1: Some(FieldsV1(share.set.to_json())),
            subresource: Some(manager.subresource.clone()).filter(|it| !it.is_empty()),
        })
        .collect();
    (!entries.is_empty()).then_some(entries)
}

/// Puts the oldest updates together where there are too many.
pub fn cap(owners: &mut Owners) {
    let mut updates: Vec<Manager> = owners
        .keys()
        .filter(|manager| !manager.applies && manager.subresource.is_empty())
        .cloned()
        .collect();
    if updates.len() <= UPDATE_MANAGERS_MAX {
        return;
    }
    let second = |manager: &Manager| {
        let share = owners.get(manager);
        let time = share.and_then(|share| share.time.as_ref());
        time.map_or(0, |time| time.0.as_second())
    };
    updates.order_by_key(|manager| (second(manager), manager.clone()));
    let versions: std::collections::BTreeSet<&str> =
        updates.iter().map(|it| it.api_version.as_str()).collect();
    let room = UPDATE_MANAGERS_MAX.saturating_sub(versions.len()).max(1);
    let too_many = updates.len() - room;
    for manager in updates.iter().take(too_many) {
        let Some(share) = owners.remove(manager) else {
            continue;
        };
        let bucket = Manager {
            name: ANCIENT.to_owned(),
            ..manager.clone()
        };
        let joined = match owners.remove(&bucket) {
            Some(before) => Share {
                set: before.set.union(&share.set),
                time: share.time,
            },
            None => share,
        };
        owners.insert(bucket, joined);
    }
}
