//! `/ephemeralcontainers` and `/resize`: a part of a pod that is written where
//! the rest is kept (`pkg/registry/core/pod/strategy.go`).

use crate::api::core::{Container, PodSpec};
use crate::api::{Object, Pod};
use std::sync::Arc;

/// The old pod with `change` made to its spec.
fn changed(object: &mut Object, old: &Object, change: impl FnOnce(&mut PodSpec, &Pod)) {
    let (Object::Pod(new), Object::Pod(old)) = (&mut *object, old) else {
        return;
    };
    let version = new.metadata.resource_version.clone();
    let managed = new.metadata.managed_fields.clone();
    let mut pod = Pod::clone(old);
    change(pod.spec.get_or_insert_default(), new);
    pod.metadata.resource_version = version;
    pod.metadata.managed_fields = managed;
    if pod.spec != old.spec {
        let generation = pod.metadata.generation.unwrap_or(0);
        pod.metadata.generation = Some(generation + 1);
    }
    *new = Arc::new(pod);
}

/// Everything but the ephemeral containers stays.
pub(super) fn keep_but_ephemeral(object: &mut Object, old: &Object) {
    changed(object, old, |spec, wanted| {
        let wanted = wanted.spec.as_ref();
        spec.ephemeral_containers = wanted
            .and_then(|spec| spec.ephemeral_containers.clone())
            .filter(|containers| !containers.is_empty());
    });
}

/// Everything but what containers may use stays.
pub(super) fn keep_but_resources(object: &mut Object, old: &Object) {
    changed(object, old, |spec, wanted| {
        let Some(wanted) = &wanted.spec else { return };
        take_resources(&mut spec.containers, &wanted.containers);
        if let (Some(own), Some(wanted)) = (&mut spec.init_containers, &wanted.init_containers) {
            take_resources(own, wanted);
        }
        spec.resources.clone_from(&wanted.resources);
    });
}

fn take_resources(own: &mut [Container], wanted: &[Container]) {
    for container in own {
        let same = wanted.iter().find(|wanted| wanted.name == container.name);
        if let Some(wanted) = same {
            container.resources.clone_from(&wanted.resources);
            container.resize_policy.clone_from(&wanted.resize_policy);
        }
    }
}
