//! Server-side apply, and who manages which field of every object (upstream:
//! `structured-merge-diff/merge` and `apimachinery/pkg/util/managedfields`).
//!
//! What a component writes is noted by its name alone, without fields: nobody
//! pays for sets that nobody asks for. Where a user has written to an object, or
//! asks for one, the sets are worked out: [`shown`] and [`Call::track`].

mod last_applied;
mod owners;
mod set;
mod tree;

use super::storage::Call;
use super::{Response, Subresource, defaulting, strategy};
use crate::api::decode::Strictness;
use crate::api::meta::{ManagedFieldsEntry, StatusCause};
use crate::api::schema::tree::Place;
use crate::api::schema::{self, TypeId};
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object, Time};
use crate::sim::Actor;
use owners::{Manager, Owners, Share};
use serde_json::{Value, json};
use set::Set;

/// The manager of what was there before anybody applied.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// A client that names itself by no means.
const UNKNOWN: &str = "unknown";

/// Who writes, as `managedFields` name it.
pub(super) fn manager_of(caller: &Actor, asked: &str) -> String {
    let name = match caller {
        Actor::User if asked.is_empty() => UNKNOWN,
        Actor::User => asked,
        Actor::ApiServer => "kube-apiserver",
        Actor::Scheduler => "kube-scheduler",
        Actor::Controller(_) => "kube-controller-manager",
        Actor::CloudController => "cloud-controller-manager",
        Actor::Kubelet(_) => "kubelet",
        Actor::KubeProxy(_) => "kube-proxy",
        Actor::CoreDns => "coredns",
        Actor::World => UNKNOWN,
    };
    name.to_owned()
}

/// The schema of what a request writes.
struct Schema {
    kind: Kind,
    /// None for custom resources.
    id: Option<TypeId>,
    /// Of custom resources.
    custom: Value,
    api_version: String,
}

impl Schema {
    fn of(kind: Kind, api_version: String) -> Schema {
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let id = schema::of_version(group, version, kind.info().kind);
        Schema {
            kind,
            id,
            custom: Value::Null,
            api_version,
        }
    }

    fn place(&self) -> Place<'_> {
        match self.id {
            Some(id) => Place::of(id),
            None if self.custom.is_null() => Place::Deduced,
            None => Place::Custom(&self.custom),
        }
    }

    /// An object as Go writes it, without what nobody manages.
    fn form(&self, mut value: Value) -> Value {
        if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
            metadata.remove("managedFields");
        }
        let mut value = match self.id {
            Some(id) => schema::judge(id, &value, true).value,
            None => value,
        };
        if let Value::Object(map) = &mut value {
            map.remove("apiVersion");
            map.remove("kind");
        }
        value
    }
}

/// What no manager has (`stripMeta`).
fn nobodys() -> Set {
    Set::of(&[
        "f:apiVersion",
        "f:kind",
        "f:metadata",
        "f:metadata.f:name",
        "f:metadata.f:namespace",
        "f:metadata.f:creationTimestamp",
        "f:metadata.f:selfLink",
        "f:metadata.f:uid",
        "f:metadata.f:clusterName",
        "f:metadata.f:generation",
        "f:metadata.f:managedFields",
        "f:metadata.f:resourceVersion",
    ])
}

/// What an endpoint does not write (`GetResetFields`).
fn reset_fields(kind: Kind, subresource: Subresource) -> Set {
    match (subresource, kind) {
        (Subresource::Status, Kind::Deployment) => Set::of(&["f:spec", "f:metadata.f:labels"]),
        (Subresource::Status, Kind::Pod) => Set::of(&[
            "f:spec",
            "f:metadata.f:deletionTimestamp",
            "f:metadata.f:ownerReferences",
        ]),
        (Subresource::Status, Kind::CustomResourceDefinition) => Set::of(&["f:spec", "f:metadata"]),
        (Subresource::Status, _) => Set::of(&["f:spec"]),
        (_, kind) if strategy::has_status(kind) => Set::of(&["f:status"]),
        _ => Set::default(),
    }
}

/// Entries that name a manager and leave its fields to be worked out.
fn is_noted(entries: &[ManagedFieldsEntry]) -> bool {
    entries.iter().any(|entry| entry.fields_v1.is_none())
}

/// The sets of managers that were only noted: whoever writes the status has it,
/// the first of the others has the rest.
fn worked_out(object: &Object) -> Owners {
    let entries = object.meta().managed_fields.as_deref().unwrap_or_default();
    if !is_noted(entries) {
        return owners::read(entries).unwrap_or_default();
    }
    let schema = Schema::of(object.kind(), object.kind().api_version());
    let place = schema.place();
    let empty = schema.form(json!({}));
    let all = tree::compare(&place, &empty, &schema.form(object.to_json())).added;
    let all = all.difference(&nobodys());
    let status = Set::of(&["f:status"]);
    let mut owners = Owners::new();
    for is_status in [false, true] {
        let mut of_part = entries
            .iter()
            .filter(|entry| entry.subresource.is_some() == is_status);
        let Some(entry) = of_part.next() else {
            continue;
        };
        let set = match is_status {
            true => all.within_trees(&status),
            false => all.without_trees(&status),
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let manager = Manager {
            name: text(&entry.manager),
            applies: false,
            api_version: text(&entry.api_version),
            subresource: text(&entry.subresource),
        };
        if !set.is_empty() {
            let time = entry.time.clone();
            owners.insert(manager, Share { set, time });
        }
    }
    owners
}

/// An object as a client that asks for it alone sees it: with the fields of every
/// manager.
pub fn shown(object: &Object) -> Value {
    let entries = object.meta().managed_fields.as_deref().unwrap_or_default();
    let mut value = object.to_json();
    if is_noted(entries)
        && let Some(entries) = owners::write(&worked_out(object))
        && let Some(Value::Object(metadata)) = value.get_mut("metadata")
    {
        let entries = serde_json::to_value(entries).unwrap_or_default();
        metadata.insert("managedFields".to_owned(), entries);
    }
    value
}

/// Whether two lists of entries say the same, but for their times.
pub(super) fn same_owners(
    a: Option<&[ManagedFieldsEntry]>,
    b: Option<&[ManagedFieldsEntry]>,
) -> bool {
    let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
    let timeless = |entry: &ManagedFieldsEntry| ManagedFieldsEntry {
        time: None,
        ..entry.clone()
    };
    let all = |entries: &[ManagedFieldsEntry]| {
        let mut entries: Vec<ManagedFieldsEntry> = entries.iter().map(timeless).collect();
        use crate::sim::order::Order as _;
        entries.order_by_key(|entry| {
            let ManagedFieldsEntry {
                manager,
                operation,
                api_version,
                subresource,
                ..
            } = entry;
            (
                manager.clone(),
                operation.clone(),
                api_version.clone(),
                subresource.clone(),
            )
        });
        entries
    };
    a.len() == b.len() && all(a) == all(b)
}

impl Call<'_> {
    fn manager(&self, applies: bool) -> Manager {
        Manager {
            name: manager_of(self.caller, &self.options.field_manager),
            applies,
            api_version: self.options.version.api_version(self.kind()),
            subresource: self.target.subresource.name().to_owned(),
        }
    }

    fn schema(&self) -> Schema {
        let version = self.options.version.api_version(self.kind());
        let custom = self.served().map(|(_, served)| served.schema);
        Schema {
            custom: custom.unwrap_or_default(),
            ..Schema::of(self.kind(), version)
        }
    }

    fn form(&self, schema: &Schema, object: &Object) -> Value {
        let value = self
            .options
            .version
            .from_stored(schema.kind, object.to_json());
        schema.form(value)
    }

    /// Writes down who manages the fields of an object that is about to be
    /// written; `old` is what was there.
    pub(super) fn track(&self, object: &mut Object, old: Option<&Object>) {
        let given = object.meta_mut().managed_fields.take();
        let before = old.and_then(|old| old.meta().managed_fields.as_deref());
        let by_user = *self.caller == Actor::User;
        let noted = before.is_some_and(is_noted);
        if !by_user && (old.is_none() || noted) {
            object.meta_mut().managed_fields = self.noted(before);
            return;
        }
        let mut owners = match given.as_deref() {
            // Asked to forget.
            Some([entry])
                if *entry == ManagedFieldsEntry::default() && !self.through_subresource() =>
            {
                Owners::new()
            }
            Some(entries) if !entries.is_empty() && !self.through_subresource() => {
                match owners::read(entries) {
                    Some(owners) if !owners.is_empty() => owners,
                    _ => old.map(worked_out).unwrap_or_default(),
                }
            }
            _ => old.map(worked_out).unwrap_or_default(),
        };
        // What is not tracked from its beginning is not tracked.
        if !owners.is_empty() || old.is_none() {
            self.update_owners(object, old, &mut owners);
        }
        object.meta_mut().managed_fields = owners::write(&owners);
    }

    fn through_subresource(&self) -> bool {
        self.target.subresource != Subresource::None
    }

    /// The note of a component's write.
    fn noted(&self, before: Option<&[ManagedFieldsEntry]>) -> Option<Vec<ManagedFieldsEntry>> {
        let mut entries = before.unwrap_or_default().to_vec();
        let name = manager_of(self.caller, "");
        let subresource = Some(self.target.subresource.name()).filter(|name| !name.is_empty());
        let time = Some(Time(self.sim.now.timestamp()));
        let known = entries.iter_mut().find(|entry| {
            entry.manager.as_deref() == Some(&name) && entry.subresource.as_deref() == subresource
        });
        match known {
            Some(entry) => entry.time = time,
            None => entries.push(ManagedFieldsEntry {
                manager: Some(name),
                operation: Some("Update".to_owned()),
                api_version: Some(self.kind().api_version()),
                time,
                subresource: subresource.map(str::to_owned),
                ..ManagedFieldsEntry::default()
            }),
        }
        Some(entries)
    }

    fn update_owners(&self, object: &Object, old: Option<&Object>, owners: &mut Owners) {
        let schema = self.schema();
        let new = self.form(&schema, object);
        let live = match old {
            Some(old) => self.form(&schema, old),
            None if schema.id.is_some() => schema.form(json!({})),
            None => json!({ "metadata": {} }),
        };
        let reset = reset_fields(self.kind(), self.target.subresource);
        let manager = self.manager(false);
        let taken = take(&schema.place(), &live, &new, &reset, owners);
        self.give(owners, manager, taken);
        owners::cap(owners);
    }

    /// When fields are taken now; nobody writes that down of a scale.
    fn now(&self) -> Option<Time> {
        let of_scale = self.target.subresource == Subresource::Scale;
        (!of_scale).then(|| Time(self.sim.now.timestamp()))
    }

    /// Adds fields to a manager's own.
    fn give(&self, owners: &mut Owners, manager: Manager, set: Set) {
        if set.is_empty() {
            return;
        }
        let before = owners.remove(&manager).map(|share| share.set);
        let share = Share {
            set: before.unwrap_or_default().union(&set),
            time: self.now(),
        };
        owners.insert(manager, share);
    }

    /// PATCH with `application/apply-patch+yaml`.
    pub(super) fn apply(mut self, config: Value) -> Response {
        self.check_apply(&config)?;
        Strictness::of_option(&self.options.field_validation)?;
        let present = self.present(&self.target.key);
        let stored = present.map(|entry| (entry.object.clone(), entry.mod_revision));
        if stored.is_none() && self.through_subresource() {
            return Err(status::not_found(self.kind(), &self.target.key.name));
        }
        let old = stored.as_ref().map(|(object, _)| object);
        let (merged, owners) = self.apply_to(old, config)?;
        let merged = self.options.version.to_stored(self.kind(), merged);
        let decoded = self
            .decode_patched(&merged, Strictness::Ignore)
            .map_err(status::internal)?;
        let mut object = decoded.object;
        self.check_name(&object)?;
        self.place(object.meta_mut())?;
        defaulting::apply(&mut object);
        object.meta_mut().managed_fields = owners::write(&owners);
        self.owners_known = true;
        match stored {
            Some((old, revision)) => self.finish_update(object, old, revision),
            None => {
                if let Some(uid) = object.meta().uid.as_deref().filter(|uid| !uid.is_empty()) {
                    let why = format!(
                        "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                    );
                    return Err(status::conflict(self.kind(), &self.target.key.name, &why));
                }
                object.meta_mut().resource_version = None;
                self.create_object(object)
            }
        }
    }

    /// What the body must be before anything is looked up.
    pub(super) fn check_apply(&self, config: &Value) -> Result<(), ApiError> {
        let text = |key: &str| config.get(key).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("apiVersion"), text("kind"));
        let expected = self.options.version.api_version(self.kind());
        if version != expected || kind != self.kind().info().kind {
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            return Err(status::bad_request(format!(
                "invalid object type: {group}/{version}, Kind={kind}"
            )));
        }
        let managed = config.pointer("/metadata/managedFields");
        if managed.is_some_and(|managed| !managed.is_null()) {
            return Err(status::bad_request("metadata.managedFields must be nil"));
        }
        Ok(())
    }

    /// The object with a configuration applied, and who manages it then.
    fn apply_to(&self, old: Option<&Object>, config: Value) -> Result<(Value, Owners), ApiError> {
        let schema = self.schema();
        let live = match old {
            Some(old) => self.form(&schema, old),
            None if schema.id.is_some() => schema.form(json!({})),
            None => json!({ "metadata": {} }),
        };
        let faults = tree::check(&schema.place(), &config);
        if !faults.is_empty() {
            return Err(untyped(&schema, &config, &faults));
        }
        let mut owners = old.map(worked_out).unwrap_or_default();
        if owners.is_empty() && old.is_some() {
            self.claim_before(&schema, &live, &mut owners);
        }
        let force = self.options.force == Some(true);
        let name = self.options.field_manager.as_str();
        let last_applied = old.and_then(last_applied::read);
        let mut applied = self.applied(&schema, &live, &config, owners.clone(), force);
        if let (Err(conflicts), "kubectl", Some(last)) = (&applied, name, &last_applied) {
            let allowed =
                last_applied::unchanged(&schema.place(), &schema.form(last.clone()), &live);
            let left = conflicts.without(&allowed);
            applied = match left.is_empty() {
                true => self.applied(&schema, &live, &config, owners, true),
                false => Err(left),
            };
        }
        let (mut merged, owners) = applied.map_err(Conflicts::refusal)?;
        if name == "kubectl" && last_applied.is_some() {
            last_applied::write(&mut merged, &config);
        }
        if let Value::Object(map) = &mut merged {
            map.insert("apiVersion".to_owned(), schema.api_version.clone().into());
            map.insert("kind".to_owned(), self.kind().info().kind.into());
        }
        Ok((merged, owners))
    }

    /// What nobody is known to manage belonged to somebody before.
    fn claim_before(&self, schema: &Schema, live: &Value, owners: &mut Owners) {
        let empty = schema.form(json!({}));
        let set = take(&schema.place(), &empty, live, &Set::default(), owners);
        let manager = Manager {
            name: BEFORE_FIRST_APPLY.to_owned(),
            applies: false,
            api_version: schema.api_version.clone(),
            subresource: String::new(),
        };
        self.give(owners, manager, set);
    }

    /// `Updater.Apply`.
    fn applied(
        &self,
        schema: &Schema,
        live: &Value,
        config: &Value,
        mut owners: Owners,
        force: bool,
    ) -> Result<(Value, Owners), Conflicts> {
        let place = schema.place();
        let reset = reset_fields(self.kind(), self.target.subresource);
        let manager = self.manager(true);
        let before = owners.clone();
        let last = owners.remove(&manager);
        let mut merged = tree::merge(&place, live, config);
        if let Value::Object(map) = &mut merged {
            map.remove("apiVersion");
            map.remove("kind");
        }
        let set = tree::fields(&place, config);
        let set = set.without_trees(&reset);
        let time = last.as_ref().and_then(|share| share.time.clone());
        owners.insert(manager.clone(), Share { set, time });
        if let Some(last) = &last {
            merged = prune(&place, merged, &owners, &last.set);
        }
        if let Some(share) = owners.get_mut(&manager) {
            share.set = share.set.difference(&nobodys());
        }
        let compared = tree::compare(&place, live, &merged).without_trees(&reset);
        let touched = compared.modified.union(&compared.added);
        let conflicts: Vec<(Manager, Set)> = owners
            .iter()
            .filter(|(other, _)| **other != manager)
            .map(|(other, share)| (other.clone(), share.set.intersection(&touched)))
            .filter(|(_, set)| !set.is_empty())
            .collect();
        if !force && !conflicts.is_empty() {
            return Err(Conflicts(conflicts));
        }
        let lost = touched.union(&compared.removed);
        for (other, share) in &mut owners {
            if *other != manager {
                share.set = share.set.difference(&lost);
            }
        }
        owners.retain(|_, share| !share.set.is_empty());
        let same = |a: &Owners, b: &Owners| {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, share)| b.get(key).is_some_and(|it| it.set == share.set))
        };
        if (!compared.is_same() || !same(&before, &owners))
            && let Some(share) = owners.get_mut(&manager)
        {
            share.time = self.now();
        }
        Ok((merged, owners))
    }
}

/// `Updater.Update`: others lose what changed; what is left for the writer.
fn take(place: &Place<'_>, live: &Value, new: &Value, reset: &Set, owners: &mut Owners) -> Set {
    let compared = tree::compare(place, live, new).without_trees(reset);
    let touched = compared.modified.union(&compared.added);
    let lost = touched.union(&compared.removed);
    for share in owners.values_mut() {
        share.set = share.set.difference(&lost);
    }
    owners.retain(|_, share| !share.set.is_empty());
    touched.difference(&nobodys())
}

/// Removes what its manager applied last time, does not apply now, and nobody
/// else has.
fn prune(place: &Place<'_>, merged: Value, owners: &Owners, last: &Set) -> Value {
    let whole = |set: &Set| tree::with_fields_above(place, set);
    let last = whole(last);
    let all = whole(&tree::fields(place, &merged));
    let pruned = tree::remove(place, &merged, &last);
    let kept = whole(&tree::fields(place, &pruned));
    let owned = owners
        .values()
        .fold(nobodys(), |all, share| all.union(&share.set));
    let gone = all.difference(&kept.union(&whole(&owned)));
    let pruned = tree::remove(place, &merged, &gone);
    // Only what was applied may go.
    let kept = whole(&tree::fields(place, &pruned));
    let gone = all.difference(&kept).intersection(&last);
    tree::remove(place, &merged, &gone)
}

/// Who has fields that an apply wants to change.
struct Conflicts(Vec<(Manager, Set)>);

impl Conflicts {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn without(&self, allowed: &Set) -> Conflicts {
        let left = self
            .0
            .iter()
            .map(|(manager, set)| (manager.clone(), set.difference(allowed)));
        Conflicts(left.filter(|(_, set)| !set.is_empty()).collect())
    }

    /// 409 with every conflict.
    fn refusal(self) -> ApiError {
        let mut causes = Vec::new();
        let mut lines = Vec::new();
        for (manager, set) in &self.0 {
            let shown = manager.shown();
            lines.push(format!("conflicts with {shown}:"));
            for path in set.paths() {
                lines.push(format!("- {path}"));
                causes.push(StatusCause {
                    reason: Some("FieldManagerConflict".to_owned()),
                    message: Some(format!("conflict with {shown}")),
                    field: Some(path),
                });
            }
        }
        let message = match causes.as_slice() {
            [cause] => format!(
                "Apply failed with 1 conflict: {}: {}",
                cause.message.as_deref().unwrap_or_default(),
                cause.field.as_deref().unwrap_or_default()
            ),
            causes => format!(
                "Apply failed with {} conflicts: {}",
                causes.len(),
                lines.join("\n")
            ),
        };
        status::apply_conflict(message, causes)
    }
}

/// 500: the configuration is not of its schema.
fn untyped(schema: &Schema, config: &Value, faults: &[String]) -> ApiError {
    let text = |pointer: &str| {
        config
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let faults = match faults {
        [fault] => fault.clone(),
        faults => format!("errors:\n  {}", faults.join("\n  ")),
    };
    let version = match schema.api_version.contains('/') {
        true => schema.api_version.clone(),
        false => format!("/{}", schema.api_version),
    };
    status::internal(format!(
        "failed to create typed patch object ({}/{}; {version}, Kind={}): {faults}",
        text("/metadata/namespace"),
        text("/metadata/name"),
        schema.kind.info().kind,
    ))
}

#[cfg(test)]
mod tests;
