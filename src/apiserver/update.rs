//! PUT, and the second half of PATCH.

use super::create::namespace_mismatch;
use super::storage::Call;
use super::{
    Body, Response, Subresource, Version, admission, apply, custom, defaulting, strategy,
    validation,
};
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
use std::sync::Arc;

impl Call<'_> {
    pub(super) fn update(mut self, body: Body) -> Response {
        let mut object = self.read_object(body)?;
        self.check_name(&object)?;
        self.place(object.meta_mut())?;
        defaulting::apply(&mut object);
        let subresource = self.target.subresource;
        let Some(entry) = self.present(&self.target.key) else {
            if strategy::creates_on_update(self.kind()) && subresource == Subresource::None {
                let wanted = object.meta().uid.as_deref().unwrap_or_default();
                if !wanted.is_empty() {
                    let why = uid_mismatch(self.kind(), &self, wanted, "");
                    let name = &self.target.key.name;
                    return Err(status::conflict(self.kind(), name, &why));
                }
                object.meta_mut().resource_version = None;
                return self.create_object(object);
            }
            return Err(status::not_found(self.kind(), &self.target.key.name));
        };
        let (old, revision) = (entry.object.clone(), entry.mod_revision);
        check_uid_precondition(&self, &object, &old)?;
        self.finish_update(object, old, revision)
    }

    /// From the old and the new object to the answer: optimistic concurrency,
    /// what callers may not change, validation, and the write unless nothing
    /// changed.
    pub(super) fn finish_update(
        mut self,
        mut object: Object,
        old: Object,
        revision: u64,
    ) -> Response {
        self.check_revision(&mut object, revision)?;
        if !self.owners_known {
            self.track(&mut object, Some(&old));
        }
        let subresource = self.target.subresource;
        // The version is the present one from here on, asked for or not.
        object.meta_mut().resource_version = old.meta().resource_version.clone();
        keep_metadata(&mut object, &old);
        admission::on_update(&mut object, &old);
        strategy::prepare_for_update(&mut object, &old, subresource);
        // An update without a version is one of the present version.
        object.meta_mut().resource_version = old.meta().resource_version.clone();
        let mut causes = match subresource {
            Subresource::None => self.service_family_causes(&object, Some(&old)),
            _ => Vec::new(),
        };
        if causes.is_empty() {
            causes = self.update_causes(&object, &old);
        }
        if !causes.is_empty() {
            let name = &self.target.key.name;
            return Err(status::invalid(self.kind(), name, causes));
        }
        if subresource != Subresource::Status && object != old {
            admission::validate(&mut self, &object, Some(&old))?;
        }
        if let (Object::Service(service), Object::Service(before), Subresource::None) =
            (&mut object, &old, subresource)
        {
            let dry_run = self.options.dry_run;
            let service = Arc::make_mut(service);
            self.api
                .services
                .allocate(service, Some(before), &mut self.sim.chance, dry_run)?;
        }
        let key = self.target.key.clone();
        if ends_with_this_update(&object, &old) {
            self.remove(key, revision)?;
            return self.reply(object, false);
        }
        if is_same(&mut object, &old) {
            return self.reply(old, false);
        }
        let object = self.write(key, revision, object)?;
        self.reply(object, false)
    }

    /// What forbids this update.
    fn update_causes(&self, object: &Object, old: &Object) -> Vec<StatusCause> {
        let mut causes = match self.target.subresource {
            Subresource::Status | Subresource::Approval => validation::update_status(object, old),
            Subresource::EphemeralContainers => validation::update_part(object, old, false),
            Subresource::Resize => validation::update_part(object, old, true),
            _ => validation::update(object, old),
        };
        if self.options.version == Version::EventsV1 {
            causes.extend(validation::new_event(object, Some(old)));
        }
        causes.extend(self.custom_causes(object, Some(old)));
        causes
    }

    /// What forbids a definition, or what one forbids.
    pub(super) fn custom_causes(&self, object: &Object, old: Option<&Object>) -> Vec<StatusCause> {
        match self.served() {
            _ if self.kind() == Kind::CustomResourceDefinition => custom::check(object, old),
            Some((_, served)) => custom::validate(&served, object, old),
            None => Vec::new(),
        }
    }

    /// What contradicts itself in the addresses of a Service is told before
    /// anything else (`initIPFamilyFields`).
    pub(super) fn service_family_causes(
        &self,
        object: &Object,
        old: Option<&Object>,
    ) -> Vec<StatusCause> {
        match object {
            Object::Service(service) => {
                let old = old.and_then(|old| old.as_kind::<Service>());
                validation::service_families(service, old.map(|old| &**old))
            }
            _ => Vec::new(),
        }
    }

    /// The body must name the object that the path names.
    pub(super) fn check_name(&self, object: &Object) -> Result<(), ApiError> {
        let wanted = &*self.target.key.name;
        let found = object.meta().name.as_deref().unwrap_or_default();
        if found.is_empty() {
            return Err(status::bad_request(format!(
                "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
            )));
        }
        if found != wanted {
            return Err(status::bad_request(format!(
                "the name of the object ({found}) does not match the name on the URL ({wanted})"
            )));
        }
        let namespace = object.meta().namespace.as_deref().unwrap_or_default();
        if self.kind().info().namespaced
            && !namespace.is_empty()
            && namespace != &*self.target.key.namespace
        {
            return Err(namespace_mismatch());
        }
        Ok(())
    }

    /// Optimistic concurrency: the version that was read must be the present one.
    fn check_revision(&self, object: &mut Object, present: u64) -> Result<(), ApiError> {
        let wanted = match object.meta().resource_version.as_deref() {
            None | Some("") => 0,
            Some(text) => text.parse::<u64>().map_err(|_| {
                status::internal(format!(
                    "strconv.ParseUint: parsing {text:?}: invalid syntax"
                ))
            })?,
        };
        let name = &self.target.key.name;
        let needed = !strategy::allows_unconditional_update(self.kind())
            && self.target.subresource != Subresource::Scale;
        if wanted == 0 && needed {
            let message = "Invalid value: 0: must be specified for an update";
            let cause = status::cause("FieldValueInvalid", "metadata.resourceVersion", message);
            return Err(status::invalid_resource(self.kind(), name, vec![cause]));
        }
        if wanted != 0 && wanted != present {
            return Err(status::conflict(self.kind(), name, status::OBJECT_MODIFIED));
        }
        Ok(())
    }
}

/// What no update changes, whatever it says (`rest.BeforeUpdate`).
pub(super) fn keep_metadata(object: &mut Object, old: &Object) {
    let before = old.meta();
    let meta = object.meta_mut();
    meta.generation = before.generation;
    meta.creation_timestamp = before.creation_timestamp.clone();
    meta.deletion_timestamp = before.deletion_timestamp.clone();
    if meta.uid.as_deref().unwrap_or_default().is_empty() {
        meta.uid = before.uid.clone();
    }
    if before.deletion_grace_period_seconds.is_none()
        || meta.deletion_grace_period_seconds.is_none()
    {
        meta.deletion_grace_period_seconds = before.deletion_grace_period_seconds;
    }
    meta.self_link = None;
}

/// Whether nothing would change; when somebody last took a field does not count.
fn is_same(object: &mut Object, old: &Object) -> bool {
    let before = &old.meta().managed_fields;
    if !apply::same_owners(object.meta().managed_fields.as_deref(), before.as_deref()) {
        return false;
    }
    let now = std::mem::replace(&mut object.meta_mut().managed_fields, before.clone());
    let same = object == old;
    object.meta_mut().managed_fields = now;
    same
}

/// The last finalizer of an object that is being deleted went: so does the
/// object (`ShouldDeleteDuringUpdate`).
fn ends_with_this_update(object: &Object, old: &Object) -> bool {
    let meta = object.meta();
    let before = old.meta();
    let held =
        |finalizers: &Option<Vec<String>>| finalizers.as_ref().is_some_and(|f| !f.is_empty());
    if meta.deletion_timestamp.is_none() || held(&meta.finalizers) {
        return false;
    }
    if before.deletion_grace_period_seconds.unwrap_or(0) != 0 {
        return false;
    }
    match object {
        Object::Namespace(namespace) => {
            let spec = namespace.spec.as_ref();
            !held(&spec.and_then(|spec| spec.finalizers.clone()))
        }
        _ => true,
    }
}

/// PUT with a uid means only the object with this uid.
fn check_uid_precondition(call: &Call<'_>, object: &Object, old: &Object) -> Result<(), ApiError> {
    let wanted = object.meta().uid.as_deref().unwrap_or_default();
    let found = old.meta().uid.as_deref().unwrap_or_default();
    if wanted.is_empty() || wanted == found {
        return Ok(());
    }
    let why = uid_mismatch(call.kind(), call, wanted, found);
    Err(status::conflict(call.kind(), &call.target.key.name, &why))
}

/// Where etcd keeps a kind: by its plural, with a few old names.
fn registry(kind: Kind) -> String {
    let info = kind.info();
    match kind {
        Kind::Service => "services/specs".to_owned(),
        Kind::Endpoints => "services/endpoints".to_owned(),
        Kind::Node => "minions".to_owned(),
        Kind::ReplicationController => "controllers".to_owned(),
        Kind::Ingress => "ingress".to_owned(),
        Kind::CustomResourceDefinition | Kind::APIService => {
            format!("{}/{}", info.group, info.plural)
        }
        _ => info.plural.to_owned(),
    }
}

/// The storage layer's words for a uid that is not the object's.
pub(super) fn uid_mismatch(kind: Kind, call: &Call<'_>, wanted: &str, found: &str) -> String {
    let key = call.target.key.to_string();
    format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}",
        registry(kind)
    )
}
