//! DefaultStorageClass, DefaultIngressClass and StorageObjectInUseProtection.

use super::name_of;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, Untyped, quantity};
use crate::apiserver::storage::Call;
use serde_json::Value;

const DEFAULT_CLASS: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];
const CLAIM_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const DEFAULT_INGRESS_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
const INGRESS_CLASS: &str = "kubernetes.io/ingress.class";

/// The newest object of `kind` that is annotated as the default.
fn default_of(call: &Call<'_>, kind: Kind, annotations: &[&str]) -> Option<String> {
    let is_default = |object: &Object| {
        let own = object.meta().annotations.as_ref();
        own.is_some_and(|own| {
            annotations
                .iter()
                .any(|name| own.get(*name).is_some_and(|value| value == "true"))
        })
    };
    let mut found: Vec<&Object> = call
        .api
        .etcd
        .range(kind, None)
        .map(|(_, entry)| &entry.object)
        .filter(|object| is_default(object))
        .collect();
    // The first by name of the newest.
    found.sort_by_key(|object| {
        let created = object.meta().creation_timestamp.as_ref().map(|at| at.0);
        (std::cmp::Reverse(created), object.meta().name.clone())
    });
    found.first().and_then(|object| object.meta().name.clone())
}

/// Gives claims and Ingresses that name no class the default one.
pub(super) fn set_class(call: &Call<'_>, kind: Kind, object: &mut Untyped) {
    let (field, annotation) = match kind {
        Kind::PersistentVolumeClaim => ("storageClassName", CLAIM_CLASS),
        Kind::Ingress => ("ingressClassName", INGRESS_CLASS),
        _ => return,
    };
    let annotated = object.metadata.annotations.as_ref();
    if annotated.is_some_and(|annotations| annotations.contains_key(annotation)) {
        return;
    }
    let Some(Value::Object(spec)) = object.rest.get_mut("spec") else {
        return;
    };
    if spec.get(field).is_some_and(|class| !class.is_null()) {
        return;
    }
    let class = match kind {
        Kind::Ingress => default_of(call, Kind::IngressClass, &[DEFAULT_INGRESS_CLASS]),
        _ => default_of(call, Kind::StorageClass, &DEFAULT_CLASS),
    };
    if let Some(class) = class {
        spec.insert(field.to_owned(), class.into());
    }
}

/// PersistentVolumeClaimResize: a claim grows only where its class lets it.
pub(super) fn validate_growth(
    call: &Call<'_>,
    claim: &Object,
    old: Option<&Object>,
) -> Result<(), ApiError> {
    let size = |object: &Object| match object {
        Object::Other(_, claim) => {
            let spec = claim.rest.get("spec");
            let text = spec.and_then(|spec| spec.pointer("/resources/requests/storage"));
            quantity::parse(text?.as_str()?).ok()
        }
        _ => None,
    };
    let grows = old.is_some_and(|old| size(claim) > size(old));
    if !grows {
        return Ok(());
    }
    let class = match claim {
        Object::Other(_, claim) => claim.rest.get("spec").and_then(|spec| {
            let name = spec.get("storageClassName")?.as_str()?;
            call.look_up(Kind::StorageClass, Key::new("", name))
        }),
        _ => None,
    };
    let expands = class.is_some_and(|entry| match &entry.object {
        Object::Other(_, class) => {
            class.rest.get("allowVolumeExpansion") == Some(&Value::Bool(true))
        }
        _ => false,
    });
    if expands {
        return Ok(());
    }
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    let name = name_of(claim.meta());
    Err(status::forbidden(Kind::PersistentVolumeClaim, name, why))
}

/// What is in use does not go: a finalizer holds it.
pub(super) fn protect(kind: Kind, object: &mut Untyped) {
    let finalizer = match kind {
        Kind::PersistentVolumeClaim => "kubernetes.io/pvc-protection",
        Kind::PersistentVolume => "kubernetes.io/pv-protection",
        Kind::VolumeAttributesClass => "kubernetes.io/vac-protection",
        _ => return,
    };
    let finalizers = object.metadata.finalizers.get_or_insert_default();
    if !finalizers.iter().any(|known| known == finalizer) {
        finalizers.push(finalizer.to_owned());
    }
}
