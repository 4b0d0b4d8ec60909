//! POST of an object.

use super::storage::Call;
use super::{
    Body, Response, Version, admission, custom, defaulting, strategy, validation, warnings,
};
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, ObjectMeta, Time};

/// How often a generated name is drawn anew when it is taken
/// (`maxNameGenerationCreateAttempts` is 8 in all).
const NAME_ATTEMPTS_MAX: u32 = 8;
/// Random characters behind a `generateName`.
const SUFFIX_LENGTH: usize = 5;
/// A generated name is cut to leave room for its suffix
/// (`names.maxNameLength` is 63).
const PREFIX_LENGTH_MAX: usize = 63 - SUFFIX_LENGTH;

impl Call<'_> {
    pub(super) fn create(mut self, body: Body) -> Response {
        let mut object = self.read_object(body)?;
        self.place(object.meta_mut())?;
        defaulting::apply(&mut object);
        if self.kind() == Kind::CustomResourceDefinition {
            custom::before_create(&mut object);
        }
        self.create_object(object)
    }

    /// Creates an object that has been read, placed and defaulted.
    pub(super) fn create_object(mut self, mut object: Object) -> Response {
        if let Some((definition, _)) = self.served()
            && definition.terminating
        {
            let name = object.meta().name.as_deref().unwrap_or_default();
            let why = "create not allowed while custom resource definition is terminating";
            return Err(status::forbidden(self.kind(), name, why));
        }
        if !self.owners_known {
            self.track(&mut object, None);
        }
        admission::on_create(&mut self, &mut object)?;
        let meta = object.meta_mut();
        meta.deletion_timestamp = None;
        meta.deletion_grace_period_seconds = None;
        meta.self_link = None;
        self.fill_system_fields(object.meta_mut());
        strategy::prepare_for_create(&mut object, self.sim.now);
        if self.kind() == Kind::CustomResourceDefinition {
            custom::before_create(&mut object);
        }
        let meta = object.meta();
        if !matches!(meta.resource_version.as_deref(), None | Some("" | "0")) {
            return Err(status::internal(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        let mut causes = self.service_family_causes(&object, None);
        if causes.is_empty() {
            causes = validation::create(&object);
            causes.extend(self.custom_causes(&object, None));
        }
        if self.options.version == Version::EventsV1 {
            causes.extend(validation::new_event(&object, None));
        }
        let name = object.meta().name.as_deref().unwrap_or_default();
        if !causes.is_empty() {
            return Err(status::invalid(self.kind(), name, causes));
        }
        if name.is_empty() {
            return Err(name_required(&self));
        }
        self.warnings.extend(warnings::on_create(&object));
        admission::validate(&mut self, &object, None)?;
        self.admit_new(object)
    }

    /// Takes addresses and ports, and writes. What was taken is given back where
    /// the name is not free.
    fn admit_new(mut self, mut object: Object) -> Response {
        if let Object::Service(service) = &mut object {
            let dry_run = self.options.dry_run;
            let service = std::sync::Arc::make_mut(service);
            self.api
                .services
                .allocate(service, None, &mut self.sim.chance, dry_run)?;
        }
        let key = object.key();
        let refused = self.present(&key).map(|taken| {
            let kind = self.kind();
            match &taken.object.meta().deletion_timestamp {
                Some(_) => status::being_deleted(kind, &key.name),
                None if generated(object.meta()) => status::generate_name_conflict(kind, &key.name),
                None => status::already_exists(kind, &key.name),
            }
        });
        if let Some(error) = refused {
            if let (Object::Service(service), false) = (&object, self.options.dry_run) {
                self.api.services.release(service);
            }
            return Err(error);
        }
        object.meta_mut().resource_version = None;
        let object = self.write(key, 0, object)?;
        self.reply(object, true)
    }

    /// Puts an object where its path says (`EnsureObjectNamespaceMatchesRequestNamespace`).
    pub(super) fn place(&self, meta: &mut ObjectMeta) -> Result<(), ApiError> {
        if !self.kind().info().namespaced {
            meta.namespace = None;
            return Ok(());
        }
        let wanted = &*self.target.key.namespace;
        match meta.namespace.as_deref() {
            Some(found) if found == wanted => Ok(()),
            None | Some("") => {
                meta.namespace = Some(wanted.to_owned());
                Ok(())
            }
            Some(_) => Err(namespace_mismatch()),
        }
    }

    fn fill_system_fields(&mut self, meta: &mut ObjectMeta) {
        meta.uid = Some(self.sim.chance.uuid());
        meta.creation_timestamp = Some(Time(self.sim.now.timestamp()));
        if meta.name.as_deref().unwrap_or_default().is_empty() {
            let prefix = meta.generate_name.as_deref().unwrap_or_default();
            meta.name = self.generate_name(prefix, meta);
        }
    }

    fn generate_name(&mut self, prefix: &str, meta: &ObjectMeta) -> Option<String> {
        if prefix.is_empty() {
            return None;
        }
        let prefix: String = prefix.chars().take(PREFIX_LENGTH_MAX).collect();
        let mut name = String::new();
        for _ in 0..NAME_ATTEMPTS_MAX {
            name = format!("{prefix}{}", self.sim.chance.suffix(SUFFIX_LENGTH));
            let namespace = meta.namespace.as_deref().unwrap_or_default();
            if self.present(&Key::new(namespace, name.as_str())).is_none() {
                break;
            }
        }
        Some(name)
    }
}

fn generated(meta: &ObjectMeta) -> bool {
    let prefix = meta.generate_name.as_deref().unwrap_or_default();
    let name = meta.name.as_deref().unwrap_or_default();
    !prefix.is_empty() && name.len() == prefix.len() + SUFFIX_LENGTH && name.starts_with(prefix)
}

fn name_required(call: &Call<'_>) -> ApiError {
    let message = "Required value: name or generateName is required";
    let cause = status::cause("FieldValueRequired", "metadata.name", message);
    status::invalid(call.kind(), "", vec![cause])
}

/// 400: body and path name different namespaces.
pub(super) fn namespace_mismatch() -> ApiError {
    status::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    )
}
