//! DELETE: at once, with grace, or once finalizers are gone
//! (`registry/generic/registry/store.go`, `registry/rest/delete.go`).

use super::storage::Call;
use super::{Body, DeleteOptions, Propagation, Reply, Response, custom, strategy, warnings};
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, Time};
use std::time::Duration;

/// Keeps an owner until its dependents are gone.
const FOREGROUND_FINALIZER: &str = "foregroundDeletion";
/// Keeps an owner until its dependents have let go of it.
const ORPHAN_FINALIZER: &str = "orphan";

/// What grace does to this deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grace {
    /// The kind knows no grace, or it is over.
    None,
    /// The object was marked (anew); so many seconds are left to it.
    Given(i64),
    /// It was marked before, and this call does not shorten the time.
    Pending,
}

impl Call<'_> {
    pub(super) fn delete(mut self, body: Body) -> Response {
        let options = delete_options(body)?;
        if self.kind() == Kind::Namespace {
            return self.delete_namespace(options);
        }
        if self.kind() == Kind::Job && options.propagation.is_none() {
            self.warnings.push(warnings::JOB_ORPHANS.to_owned());
        }
        if self.kind() == Kind::CustomResourceDefinition {
            return self.delete_definition(options);
        }
        let key = self.target.key.clone();
        if self.kind() == Kind::PriorityClass && key.name.starts_with("system-") {
            let why = "this is a system priority class and cannot be deleted";
            return Err(status::forbidden(Kind::PriorityClass, &key.name, why));
        }
        let (object, at_once) = self.delete_one(&key, options)?;
        if at_once && !strategy::returns_deleted(self.kind()) {
            return self.done(object);
        }
        self.reply(object, false)
    }

    /// Its resources go first.
    fn delete_definition(mut self, options: DeleteOptions) -> Response {
        let entry = self.stored()?;
        let (mut object, revision) = (entry.object.clone(), entry.mod_revision);
        check_preconditions(self.kind(), &object, &options)?;
        if object.meta().deletion_timestamp.is_none() {
            custom::before_delete(&mut object, self.sim.now);
            object = self.write(self.target.key.clone(), revision, object)?;
        }
        self.reply(object, false)
    }

    pub(super) fn delete_collection(mut self, body: Body) -> Response {
        if matches!(self.kind(), Kind::Namespace) {
            return Err(status::method_not_allowed());
        }
        let options = delete_options(body)?;
        let filter = self.filter()?;
        let revision = self.api.etcd.revision();
        let items = self.selected(&filter);
        for object in &items {
            // Whoever is gone meanwhile is as good as deleted.
            match self.delete_one(&object.key(), options.clone()) {
                Err(error) if error.code != Some(404) => return Err(error),
                _ => {}
            }
        }
        Ok(Reply::List {
            kind: self.kind(),
            items,
            revision,
            continue_token: String::new(),
            remaining: None,
        })
    }

    /// Deletes one object as far as that goes now. Answers it as it is after,
    /// and whether it is gone.
    pub(super) fn delete_one(
        &mut self,
        key: &Key,
        mut options: DeleteOptions,
    ) -> Result<(Object, bool), ApiError> {
        let kind = self.kind();
        let entry = self
            .present(key)
            .ok_or_else(|| status::not_found(kind, &key.name))?;
        let (mut object, revision) = (entry.object.clone(), entry.mod_revision);
        check_preconditions(kind, &object, &options)?;
        options.grace_period_seconds = options
            .grace_period_seconds
            .map(|seconds| if seconds < 0 { 1 } else { seconds });
        let old = object.clone();
        let grace = self.begin_grace(&mut object, &options);
        if grace == Grace::Pending {
            let gone = strategy::returns_deleted(kind);
            return Ok((object, !gone));
        }
        let finalizers_changed = set_gc_finalizers(&mut object, &options);
        let held = has_finalizers(&object);
        if grace == Grace::None && !held && !finalizers_changed {
            self.remove(key.clone(), revision)?;
            return Ok((object, true));
        }
        if grace == Grace::None && held {
            self.mark_as_deleting(&mut object);
        }
        let (object, revision) = match object == old {
            true => (object, revision),
            false => {
                let written = self.write(key.clone(), revision, object)?;
                (written, self.api.etcd.revision())
            }
        };
        if held || matches!(grace, Grace::Given(seconds) if seconds > 0) {
            return Ok((object, false));
        }
        self.remove(key.clone(), revision)?;
        Ok((object, true))
    }

    /// `rest.BeforeDelete`: pods are given time, everything else is not.
    fn begin_grace(&mut self, object: &mut Object, options: &DeleteOptions) -> Grace {
        let meta = object.meta();
        let wanted = options.grace_period_seconds;
        if let Some(deleted) = &meta.deletion_timestamp {
            let left = meta.deletion_grace_period_seconds.unwrap_or(0);
            let shorter = wanted.filter(|wanted| *wanted < left);
            return match (left, shorter) {
                (0, _) => Grace::None,
                (_, None) => Grace::Pending,
                (left, Some(seconds)) => {
                    let at = deleted.0 - Duration::from_secs(left.unsigned_abs())
                        + Duration::from_secs(seconds.unsigned_abs());
                    let meta = object.meta_mut();
                    meta.deletion_timestamp = Some(Time(at));
                    meta.deletion_grace_period_seconds = Some(seconds);
                    Grace::Given(seconds)
                }
            };
        }
        let Some(seconds) = pod_grace(object, wanted) else {
            return Grace::None;
        };
        let at = self.sim.now + Duration::from_secs(seconds.unsigned_abs());
        let meta = object.meta_mut();
        meta.deletion_timestamp = Some(Time(at.timestamp()));
        meta.deletion_grace_period_seconds = Some(seconds);
        count_generation(object);
        Grace::Given(seconds)
    }

    /// `markAsDeleting`: finalizers hold an object that knows no grace.
    fn mark_as_deleting(&mut self, object: &mut Object) {
        let now = self.sim.now.timestamp();
        let meta = object.meta_mut();
        let first = meta.deletion_timestamp.is_none();
        if meta.deletion_timestamp.as_ref().is_none_or(|at| at.0 > now) {
            meta.deletion_timestamp = Some(Time(now));
        }
        meta.deletion_grace_period_seconds = Some(0);
        if first {
            count_generation(object);
        }
    }
}

/// The options that a body carries.
pub(super) fn delete_options(body: Body) -> Result<DeleteOptions, ApiError> {
    match body {
        Body::Empty => Ok(DeleteOptions::default()),
        Body::Delete(options) => Ok(options),
        _ => Err(status::bad_request("the body must be DeleteOptions")),
    }
}

fn count_generation(object: &mut Object) {
    let meta = object.meta_mut();
    meta.generation = meta.generation.map(|generation| generation + 1);
}

fn has_finalizers(object: &Object) -> bool {
    let finalizers = object.meta().finalizers.as_ref();
    finalizers.is_some_and(|finalizers| !finalizers.is_empty())
}

/// Seconds that a pod is given: its own unless the caller says otherwise; none
/// where nothing runs (`podStrategy.CheckGracefulDelete`).
fn pod_grace(object: &Object, wanted: Option<i64>) -> Option<i64> {
    let Object::Pod(pod) = object else {
        return None;
    };
    let spec = pod.spec.as_ref();
    let own = spec.and_then(|spec| spec.termination_grace_period_seconds);
    let node = spec
        .and_then(|spec| spec.node_name.as_deref())
        .unwrap_or_default();
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    if node.is_empty() || matches!(phase, Some("Failed" | "Succeeded")) {
        return Some(0);
    }
    let seconds = wanted.or(own).unwrap_or(0);
    Some(if seconds < 0 { 1 } else { seconds })
}

/// What becomes of dependents is told to the garbage collector by finalizers.
/// Answers whether they changed.
fn set_gc_finalizers(object: &mut Object, options: &DeleteOptions) -> bool {
    let kind = object.kind();
    let present = object.meta().finalizers.clone().unwrap_or_default();
    let has = |name: &str| present.iter().any(|finalizer| finalizer == name);
    let wanted = match options.propagation {
        Some(Propagation::Orphan) => Some(ORPHAN_FINALIZER),
        Some(Propagation::Foreground) => Some(FOREGROUND_FINALIZER),
        Some(Propagation::Background) => None,
        None if has(ORPHAN_FINALIZER) => Some(ORPHAN_FINALIZER),
        None if has(FOREGROUND_FINALIZER) => Some(FOREGROUND_FINALIZER),
        // batch/v1 Jobs without a policy leave their pods behind.
        None if kind == Kind::Job => Some(ORPHAN_FINALIZER),
        None => None,
    };
    if present.is_empty() && wanted.is_none() {
        return false;
    }
    let ours = |name: &str| name == ORPHAN_FINALIZER || name == FOREGROUND_FINALIZER;
    let mut finalizers: Vec<String> = present
        .iter()
        .filter(|finalizer| !ours(finalizer))
        .cloned()
        .collect();
    finalizers.extend(wanted.map(str::to_owned));
    let changed = finalizers.len() != present.len() || finalizers.iter().any(|f| !has(f));
    if changed {
        object.meta_mut().finalizers = Some(finalizers).filter(|list| !list.is_empty());
    }
    changed
}

pub(super) fn check_preconditions(
    kind: Kind,
    object: &Object,
    options: &DeleteOptions,
) -> Result<(), ApiError> {
    let meta = object.meta();
    let (name, of_kind) = (meta.name.as_deref().unwrap_or_default(), kind.info().kind);
    let uid = meta.uid.as_deref().unwrap_or_default();
    if let Some(wanted) = options.uid.as_deref().filter(|wanted| *wanted != uid) {
        let why = format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
        );
        return Err(status::conflict_on(of_kind, name, &why));
    }
    let version = meta.resource_version.as_deref().unwrap_or_default();
    let wanted = options.resource_version.as_deref();
    if let Some(wanted) = wanted.filter(|wanted| *wanted != version) {
        let why = format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({version}). The object might have been modified"
        );
        return Err(status::conflict_on(of_kind, name, &why));
    }
    Ok(())
}
