//! Namespaces end in two phases: DELETE marks them `Terminating`, and they go
//! once the namespace controller has emptied them and taken its finalizer out of
//! the spec by way of `/finalize`.

use super::delete::check_preconditions;
use super::storage::Call;
use super::strategy;
use super::update::keep_metadata;
use super::{Body, DeleteOptions, Response};
use crate::api::status;
use crate::api::{Kind, Object, Time};
use std::sync::Arc;

/// Namespaces that cannot be deleted (admission plugin NamespaceLifecycle).
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Call<'_> {
    pub(super) fn delete_namespace(mut self, options: DeleteOptions) -> Response {
        let key = self.target.key.clone();
        if IMMORTAL.contains(&&*key.name) {
            let why = "this namespace may not be deleted";
            return Err(status::forbidden(Kind::Namespace, &key.name, why));
        }
        let entry = self.stored()?;
        let (object, revision) = (entry.object.clone(), entry.mod_revision);
        check_preconditions(Kind::Namespace, &object, &options)?;
        let Object::Namespace(mut namespace) = object.clone() else {
            return Err(status::not_found(Kind::Namespace, &key.name));
        };
        let now = self.sim.now.timestamp();
        if namespace.metadata.deletion_timestamp.is_none() {
            let namespace_now = Arc::make_mut(&mut namespace);
            namespace_now.metadata.deletion_timestamp = Some(Time(now));
            let status = namespace_now.status.get_or_insert_default();
            status.phase = Some("Terminating".to_owned());
            let object = self.write(key, revision, Object::Namespace(namespace))?;
            return self.reply(object, false);
        }
        let finalizers = namespace
            .spec
            .as_ref()
            .and_then(|spec| spec.finalizers.as_ref());
        if finalizers.is_some_and(|finalizers| !finalizers.is_empty()) {
            return self.reply(object, false);
        }
        let (object, gone) = self.delete_one(&key, options)?;
        match gone {
            true => self.done(object),
            false => self.reply(object, false),
        }
    }

    /// PUT of `/finalize`: only the finalizers in the spec are taken from it.
    pub(super) fn finalize(mut self, body: Body) -> Response {
        if self.kind() != Kind::Namespace {
            return Err(status::method_not_allowed());
        }
        let wanted = self.read_object(body)?;
        self.check_name(&wanted)?;
        let entry = self.stored()?;
        let (old, revision) = (entry.object.clone(), entry.mod_revision);
        let (Object::Namespace(wanted), Object::Namespace(present)) = (&wanted, &old) else {
            return Err(status::bad_request("the body must be a Namespace"));
        };
        let version = &wanted.metadata.resource_version;
        if version.is_some() && *version != present.metadata.resource_version {
            let name = &self.target.key.name;
            return Err(status::conflict(
                Kind::Namespace,
                name,
                status::OBJECT_MODIFIED,
            ));
        }
        // Everything is taken from the body but the status.
        let mut next = Object::Namespace(wanted.clone());
        keep_metadata(&mut next, &old);
        strategy::label_with_its_name(&mut next);
        let Object::Namespace(mut namespace) = next else {
            return Err(status::bad_request("the body must be a Namespace"));
        };
        let finished = Arc::make_mut(&mut namespace);
        finished.status.clone_from(&present.status);
        finished.metadata.resource_version = present.metadata.resource_version.clone();
        let key = self.target.key.clone();
        if ends(&namespace) {
            self.remove(key, revision)?;
            return self.reply(Object::Namespace(namespace), false);
        }
        let object = self.write(key, revision, Object::Namespace(namespace))?;
        self.reply(object, false)
    }
}

fn ends(namespace: &crate::api::Namespace) -> bool {
    let held = |list: Option<&Vec<String>>| list.is_some_and(|list| !list.is_empty());
    namespace.metadata.deletion_timestamp.is_some()
        && !held(namespace.metadata.finalizers.as_ref())
        && !held(
            namespace
                .spec
                .as_ref()
                .and_then(|spec| spec.finalizers.as_ref()),
        )
}
