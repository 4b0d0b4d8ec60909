//! PATCH: the object's JSON is patched, read again, and written as by a PUT.

use super::storage::Call;
use super::{Body, PatchType, Response, custom, defaulting, validation};
use crate::api::decode::{self, Decoded, Strictness};
use crate::api::patch::{self, PatchError};
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object, schema};
use serde_json::Value;

impl Call<'_> {
    pub(super) fn patch(mut self, body: Body) -> Response {
        let Body::Patch(patch_type, patch) = body else {
            return Err(status::bad_request("the request has no patch"));
        };
        if patch_type == PatchType::Apply {
            return self.apply(patch);
        }
        let strictness = Strictness::of_option(&self.options.field_validation)?;
        let entry = self.stored()?;
        let (old, revision) = (entry.object.clone(), entry.mod_revision);
        let version = self.options.version;
        let document = version.from_stored(self.kind(), old.to_json());
        let patched = apply_patch(self.kind(), patch_type, &document, &patch)?;
        let patched = version.to_stored(self.kind(), patched);
        let decoded = self
            .same_type(&patched)
            .and_then(|()| self.decode_patched(&patched, strictness))
            .map_err(|why| invalid_patch(patch_type, &patch, &patched, &why))?;
        self.warnings.extend(decoded.warnings);
        let mut object: Object = decoded.object;
        self.check_name(&object)?;
        self.place(object.meta_mut())?;
        defaulting::apply(&mut object);
        self.finish_update(object, old, revision)
    }
}

impl Call<'_> {
    /// What came out of a patch, as an object.
    pub(super) fn decode_patched(
        &self,
        patched: &Value,
        strictness: Strictness,
    ) -> Result<Decoded, String> {
        match self.served() {
            Some((definition, served)) => {
                custom::read_patched(&definition, &served, patched, strictness)
            }
            None => {
                let written = &self.options.written;
                decode::decode_patched(self.kind(), patched, strictness, written)
            }
        }
    }

    fn same_type(&self, patched: &Value) -> Result<(), String> {
        match self.kind().custom() {
            Some(_) => Ok(()),
            None => same_type(self.kind(), patched),
        }
    }
}

/// No patch makes another kind of an object.
fn same_type(kind: Kind, patched: &Value) -> Result<(), String> {
    let text = |key: &str| patched.get(key).and_then(Value::as_str).unwrap_or_default();
    let (version, named) = (text("apiVersion"), text("kind"));
    if version == kind.api_version() && named == kind.info().kind {
        return Ok(());
    }
    decode::check_type(kind, patched)
}

/// The document with the patch applied to it.
pub(super) fn apply_patch(
    kind: Kind,
    patch_type: PatchType,
    document: &Value,
    patch: &Value,
) -> Result<Value, ApiError> {
    let outcome = match patch_type {
        PatchType::Json => patch::json(document, patch),
        PatchType::Merge => patch::merge(document, patch),
        PatchType::Strategic if kind.custom().is_some() => {
            return Err(status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
            ));
        }
        PatchType::Strategic => patch::strategic::apply(schema::of_kind(kind), document, patch),
        PatchType::Apply => patch::merge(document, patch),
    };
    outcome.map_err(|error| match error {
        PatchError::Malformed(message) => status::bad_request(message),
        PatchError::Rejected => status::rejected(),
        PatchError::Internal(message) => status::internal(message),
    })
}

/// 422: what came out of the patch is no object of the kind.
fn invalid_patch(patch_type: PatchType, patch: &Value, patched: &Value, why: &str) -> ApiError {
    let (value, why) = match patch_type {
        PatchType::Strategic => (decode::go_text(patch), unrecognized(why)),
        _ => (go_document(patched), why.to_owned()),
    };
    let message = format!("Invalid value: {value:?}: {why}");
    let cause = status::cause("FieldValueInvalid", "patch", message);
    status::invalid_input("", "", "", vec![cause])
}

/// Metadata in the order of its type: patching leaves its text as it was.
const METADATA_FIELDS: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];
/// And of the entries of `managedFields`.
const MANAGED_FIELDS: [&str; 7] = [
    "manager",
    "operation",
    "apiVersion",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
];

/// A patched document as upstream prints it.
pub(super) fn go_document(document: &Value) -> String {
    let Value::Object(map) = document else {
        return document.to_string();
    };
    let members: Vec<String> = map
        .iter()
        .map(|(key, value)| {
            let text = match key.as_str() {
                "metadata" => metadata_text(value),
                _ => value.to_string(),
            };
            format!("{}:{text}", Value::from(key.as_str()))
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

fn metadata_text(metadata: &Value) -> String {
    let Value::Object(map) = metadata else {
        return metadata.to_string();
    };
    let known = METADATA_FIELDS
        .iter()
        .filter_map(|field| Some((*field, map.get(*field)?)));
    let others = map
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .filter(|(key, _)| !METADATA_FIELDS.contains(key));
    let members: Vec<String> = known
        .chain(others)
        .map(|(key, value)| {
            let text = match key {
                "managedFields" => validation::ordered_json(value, &MANAGED_FIELDS),
                _ => value.to_string(),
            };
            format!("{}:{text}", Value::from(key))
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Strategic patches are converted without JSON, so only the type is named.
fn unrecognized(why: &str) -> String {
    match why
        .strip_prefix("json: ")
        .and_then(|why| why.rsplit_once(" of type "))
    {
        Some((_, wanted)) => format!("unrecognized type: {wanted}"),
        None => why.to_owned(),
    }
}
