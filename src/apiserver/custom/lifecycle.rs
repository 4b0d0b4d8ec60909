//! The life of a definition: its names are accepted, it is established, and when
//! it goes, its resources go first (upstream: the naming, establishing and
//! finalizing controllers inside kube-apiserver).

use super::definition::{Definition, condition};
use crate::api::{Key, Kind, Object, Time, Untyped};
use crate::apiserver::ApiServer;
use crate::etcd::StoreKey;
use crate::sim::{Cause, Instant};
use serde_json::{Value, json};
use std::sync::Arc;

/// Keeps a definition until its resources are gone.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// What the server says of a new definition before it looks at its names.
pub(in crate::apiserver) fn before_create(object: &mut Object) {
    let Object::Other(_, crd) = object else {
        return;
    };
    let rest = &mut Arc::make_mut(crd).rest;
    let mut stored = Value::Null;
    if let Some(Value::Object(spec)) = rest.get_mut("spec") {
        spec.entry("conversion")
            .or_insert_with(|| json!({"strategy": "None"}));
        if let Some(Value::Object(names)) = spec.get_mut("names") {
            let kind = names
                .get("kind")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if !kind.is_empty() {
                names
                    .entry("singular")
                    .or_insert_with(|| kind.to_lowercase().into());
                names
                    .entry("listKind")
                    .or_insert_with(|| format!("{kind}List").into());
            }
        }
        let versions = spec.get("versions").and_then(Value::as_array);
        let found = versions
            .into_iter()
            .flatten()
            .find(|it| it.get("storage") == Some(&true.into()));
        if let Some(name) = found.and_then(|version| version.get("name")) {
            stored = json!([name]);
        }
    }
    let names = json!({"plural": "", "kind": ""});
    let status = json!({"conditions": null, "acceptedNames": names, "storedVersions": stored});
    rest.insert("status".to_owned(), status);
}

/// Marks a definition that is deleted; its resources go before it.
pub(in crate::apiserver) fn before_delete(object: &mut Object, now: Instant) {
    let Object::Other(_, crd) = object else {
        return;
    };
    let crd = Arc::make_mut(crd);
    crd.metadata.deletion_timestamp = Some(Time(now.timestamp()));
    let finalizers = crd.metadata.finalizers.get_or_insert_default();
    if !finalizers.iter().any(|it| it == CLEANUP) {
        finalizers.push(CLEANUP.to_owned());
    }
    set_condition(
        crd,
        now,
        "Terminating",
        true,
        "InstanceDeletionPending",
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    );
}

fn set_condition(
    crd: &mut Untyped,
    now: Instant,
    kind: &str,
    holds: bool,
    reason: &str,
    message: &str,
) {
    let status = if holds { "True" } else { "False" };
    let condition = json!({
        "type": kind, "status": status, "lastTransitionTime": Time(now.timestamp()),
        "reason": reason, "message": message,
    });
    let Some(Value::Object(of)) = crd.rest.get_mut("status") else {
        return;
    };
    let conditions = of.entry("conditions").or_insert(Value::Null);
    if conditions.is_null() {
        *conditions = json!([]);
    }
    let Value::Array(list) = conditions else {
        return;
    };
    let found = list
        .iter_mut()
        .find(|it| it.get("type") == condition.get("type"));
    match found {
        Some(at) if at.get("status") == condition.get("status") => {
            if let Value::Object(at) = at {
                at.insert("reason".to_owned(), reason.into());
                at.insert("message".to_owned(), message.into());
            }
        }
        Some(at) => *at = condition,
        None => list.push(condition),
    }
}

impl ApiServer {
    /// Follows a change of a definition, or of a resource that a definition waits
    /// for.
    pub(in crate::apiserver) fn follow_definitions(&mut self, now: Instant, cause: Cause) {
        self.read_definitions();
        let keys: Vec<Key> = self
            .etcd()
            .range(Kind::CustomResourceDefinition, None)
            .map(|(key, _)| key.clone())
            .collect();
        // The names of one that goes are free for the others.
        for _ in 0..2 {
            for key in &keys {
                self.follow_definition(key, now, cause);
            }
            self.read_definitions();
        }
    }

    fn read_definitions(&mut self) {
        let all = self.etcd.range(Kind::CustomResourceDefinition, None);
        let definitions = all.filter_map(|(_, entry)| {
            let definition = Definition::of(&entry.object)?;
            let info = definition.kind.info();
            let at = (info.group.to_owned(), info.plural.to_owned());
            Some((at, Arc::new(definition)))
        });
        self.definitions.0 = definitions.collect();
    }

    fn follow_definition(&mut self, key: &Key, now: Instant, cause: Cause) {
        let at = StoreKey {
            kind: Kind::CustomResourceDefinition,
            key: key.clone(),
        };
        let Some(entry) = self.etcd.get(&at) else {
            return;
        };
        let (object, revision) = (entry.object.clone(), entry.mod_revision);
        let Object::Other(_, crd) = &object else {
            return;
        };
        let Some(definition) = Definition::of(&object) else {
            return;
        };
        let mut next = (**crd).clone();
        if definition.terminating {
            let left = self.delete_instances(definition.kind, now, cause);
            if left == 0 {
                if let Some(finalizers) = &mut next.metadata.finalizers {
                    finalizers.retain(|it| it != CLEANUP);
                }
                if next.metadata.finalizers.as_ref().is_none_or(Vec::is_empty) {
                    return self.put(at, revision, None, cause);
                }
            } else {
                set_condition(
                    &mut next,
                    now,
                    "Terminating",
                    true,
                    "InstanceDeletionInProgress",
                    "CustomResource deletion is in progress",
                );
            }
        } else {
            self.accept_names(&definition, &mut next, now);
        }
        if next != **crd {
            let object = Object::Other(Kind::CustomResourceDefinition, Arc::new(next));
            self.put(at, revision, Some(object), cause);
        }
    }

    fn put(&mut self, at: StoreKey, revision: u64, object: Option<Object>, cause: Cause) {
        let stamp = |object: &mut Object, revision: u64| {
            object.meta_mut().resource_version = Some(revision.to_string());
        };
        if let Ok(Some(write)) = self.etcd.txn(at, revision, object, stamp, cause) {
            self.watches.publish(&write);
        }
    }

    /// Deletes what is left of a kind; answers how many still wait for finalizers.
    fn delete_instances(&mut self, kind: Kind, now: Instant, cause: Cause) -> usize {
        let all: Vec<(StoreKey, u64, Object)> = self
            .etcd
            .range(kind, None)
            .map(|(key, entry)| {
                let key = key.clone();
                let at = StoreKey { kind, key };
                (at, entry.mod_revision, entry.object.clone())
            })
            .collect();
        let mut left = 0;
        for (at, revision, mut object) in all {
            let meta = object.meta_mut();
            if meta.finalizers.as_ref().is_none_or(Vec::is_empty) {
                self.put(at, revision, None, cause);
                continue;
            }
            left += 1;
            if meta.deletion_timestamp.is_none() {
                meta.deletion_timestamp = Some(Time(now.timestamp()));
                meta.deletion_grace_period_seconds = Some(0);
                self.put(at, revision, Some(object), cause);
            }
        }
        left
    }

    /// Names are first come, first served within a group.
    fn accept_names(&self, own: &Definition, crd: &mut Untyped, now: Instant) {
        let others: Vec<&Arc<Definition>> = self
            .definitions
            .served()
            .filter(|other| {
                other.kind != own.kind && other.kind.info().group == own.kind.info().group
            })
            .collect();
        let text = |names: &Value, key: &str| {
            let text = names.get(key).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let shorts = |names: &Value| -> Vec<String> {
            let list = names.get("shortNames").and_then(Value::as_array);
            let list = list.into_iter().flatten();
            list.filter_map(|it| it.as_str().map(str::to_owned))
                .collect()
        };
        let resource_taken = |name: &str| {
            others.iter().any(|other| {
                text(&other.names, "plural") == name
                    || text(&other.names, "singular") == name
                    || shorts(&other.names).iter().any(|it| it == name)
            })
        };
        let kind_taken = |name: &str| {
            others.iter().any(|other| {
                text(&other.names, "kind") == name || text(&other.names, "listKind") == name
            })
        };
        let mut conflict = None;
        let mut accepted = json!({"plural": "", "kind": ""});
        let mut take = |key: &str, value: Value, taken: Option<String>, reason: &str| match taken {
            Some(name) => {
                conflict = Some((reason.to_owned(), format!("{name:?} is already in use")))
            }
            None => accepted[key] = value,
        };
        for (key, reason) in [
            ("plural", "PluralConflict"),
            ("singular", "SingularConflict"),
        ] {
            let name = text(&own.names, key);
            let taken = resource_taken(&name).then(|| name.clone());
            take(key, name.into(), taken, reason);
        }
        let short = shorts(&own.names);
        if !short.is_empty() {
            let taken = short.iter().find(|name| resource_taken(name)).cloned();
            take("shortNames", short.into(), taken, "ShortNamesConflict");
        }
        for (key, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
            let name = text(&own.names, key);
            let taken = kind_taken(&name).then(|| name.clone());
            take(key, name.into(), taken, reason);
        }
        if let Some(categories) = own.names.get("categories") {
            accepted["categories"] = categories.clone();
        }
        if let Some(Value::Object(status)) = crd.rest.get_mut("status") {
            status.insert("acceptedNames".to_owned(), accepted);
        }
        let was = condition(crd, "Established") == Some("True");
        match conflict {
            None => {
                set_condition(
                    crd,
                    now,
                    "NamesAccepted",
                    true,
                    "NoConflicts",
                    "no conflicts found",
                );
                set_condition(
                    crd,
                    now,
                    "Established",
                    true,
                    "InitialNamesAccepted",
                    "the initial names have been accepted",
                );
            }
            Some((reason, message)) => {
                set_condition(crd, now, "NamesAccepted", false, &reason, &message);
                // Whoever was established stays so.
                if !was {
                    set_condition(
                        crd,
                        now,
                        "Established",
                        false,
                        "NotAccepted",
                        "not all names are accepted",
                    );
                }
            }
        }
        keep_stored(crd);
    }
}

/// Every version that was ever stored in is kept in mind.
fn keep_stored(crd: &mut Untyped) {
    let versions = crd.rest.get("spec").and_then(|spec| spec.get("versions"));
    let versions = versions.and_then(Value::as_array).into_iter().flatten();
    let mut stored = versions.filter(|it| it.get("storage") == Some(&Value::Bool(true)));
    let Some(name) = stored
        .next()
        .and_then(|version| version.get("name"))
        .cloned()
    else {
        return;
    };
    if let Some(Value::Array(list)) = crd
        .rest
        .get_mut("status")
        .and_then(|it| it.get_mut("storedVersions"))
        && !list.contains(&name)
    {
        list.push(name);
    }
}
