//! Publishes the cluster's root certificate in each namespace as ConfigMap
//! `kube-root-ca.crt` (`pkg/controller/certificates/rootcacertpublisher`).

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::errors;
use super::informers::{Informers, Seen};
use crate::api::status::ApiError;
use crate::api::{ConfigMap, Key, ObjectMeta, Resource};
use crate::apiserver::WatchEvent;
use std::collections::BTreeMap;

const NAME: &str = "kube-root-ca.crt";
const DESCRIPTION: (&str, &str) = (
    "kubernetes.io/description",
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
     endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
     guaranteed across distributions of Kubernetes clusters.",
);
/// A self-signed certificate whose key was thrown away: nothing here is signed.
const ROOT_CA: &str = include_str!("root-ca.crt");

/// The publisher; all it knows is in the caches.
#[derive(Clone, Debug, Default)]
pub(super) struct RootCaPublisher;

impl Controller for RootCaPublisher {
    const NAME: &'static str = "root-ca-certificate-publisher";
    /// A namespace.
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) {
        // Its own creation tells it nothing.
        let touched = |seen: &Seen| match seen {
            Seen::ConfigMap(change) => change.before.is_some() && &*event.object.key().name == NAME,
            _ => false,
        };
        desk.add_namespace(event, seen, touched, ctx);
    }

    fn sync(
        &mut self,
        namespace: &Key,
        informers: &Informers,
        _: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) -> Result<Synced, ApiError> {
        let going = informers.namespaces.get(namespace);
        if going.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()) {
            return Ok(Synced::Done);
        }
        let key = Key::new(namespace.name.clone(), NAME);
        let data = BTreeMap::from([("ca.crt".to_owned(), ROOT_CA.to_owned())]);
        let Some(known) = informers.config_maps.get(&key) else {
            explain(
                ctx,
                namespace,
                format!("has no ConfigMap {NAME}: creates it"),
            );
            return created(ctx.create(compose(&key, data)).map(drop));
        };
        let annotations = known.metadata.annotations.as_ref();
        let described = annotations.and_then(|annotations| annotations.get(DESCRIPTION.0));
        if known.data.as_ref() == Some(&data) && described.is_some_and(|text| text == DESCRIPTION.1)
        {
            return Ok(Synced::Done);
        }
        explain(
            ctx,
            namespace,
            format!("ConfigMap {NAME} was changed: restores it"),
        );
        let mut restored = ConfigMap::clone(known);
        restored.data = Some(data);
        restored.binary_data = None;
        let annotations = restored.meta_mut().annotations.get_or_insert_default();
        annotations.insert(DESCRIPTION.0.to_owned(), DESCRIPTION.1.to_owned());
        ctx.update(restored)?;
        Ok(Synced::Done)
    }
}

fn compose(key: &Key, data: BTreeMap<String, String>) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(NAME.to_owned()),
            namespace: Some(key.namespace.to_string()),
            annotations: Some(BTreeMap::from([(
                DESCRIPTION.0.to_owned(),
                DESCRIPTION.1.to_owned(),
            )])),
            ..ObjectMeta::default()
        },
        data: Some(data),
        ..ConfigMap::default()
    }
}

/// That it is there already, or that the namespace goes, is as well.
pub(super) fn created(result: Result<(), ApiError>) -> Result<Synced, ApiError> {
    match result {
        Err(error)
            if !errors::is_already_exists(&error) && !errors::is_namespace_terminating(&error) =>
        {
            Err(error)
        }
        _ => Ok(Synced::Done),
    }
}
