//! The EndpointSlice controller (`pkg/controller/endpointslice`): which pods
//! stand behind a service, in slices of at most a hundred.

pub(super) mod placing;
pub(super) mod ports;
pub(super) mod trigger;
pub(super) mod written;

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::errors;
use super::informers::{Informers, Seen, object_of};
use super::pace::Pace;
use super::pods;
use crate::api::core::ObjectReference;
use crate::api::status::ApiError;
use crate::api::{EndpointSlice, Key, ObjectMeta, Pod, Resource, Service};
use crate::apiserver::{DeleteOptions, WatchEvent};
use crate::client::{Applied, EventType};
use crate::controllers::owners;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions};
use placing::{Groups, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trigger::{LAST_CHANGE_TRIGGER_TIME, TriggerTimes};
use written::Written;

pub(super) const SERVICE_NAME: &str = "kubernetes.io/service-name";
pub(super) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
pub(super) const HEADLESS: &str = "service.kubernetes.io/headless";
const ZONE: &str = "topology.kubernetes.io/zone";

type Context<'a> = StepCtx<'a, Key>;

/// The EndpointSlice controller's own memory.
#[derive(Clone, Debug, Default)]
pub(super) struct EndpointSliceController {
    triggers: TriggerTimes,
    written: Written,
    pace: Pace,
}

impl Controller for EndpointSliceController {
    const NAME: &'static str = "endpoint-slice-controller";
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        match seen {
            Seen::Service(_) => desk.add(event.object.key(), ctx),
            Seen::Pod(change) => {
                for key in services_touched(change, informers) {
                    let delay = self.pace.delay(&key, ctx.now());
                    desk.add_after(key, delay, ctx);
                }
            }
            Seen::EndpointSlice(change) => {
                if let Some(service) = self.written.foreign_change(MANAGER, change) {
                    desk.add(service, ctx);
                }
            }
            _ => {}
        }
    }

    fn sync(
        &mut self,
        key: &Key,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        let Some(service) = informers.services.get(key) else {
            self.triggers.forget(key);
            self.written.forget(key);
            self.pace.forget(key);
            return Ok(Synced::Done);
        };
        let Some(selector) = selector(service) else {
            // Its endpoints are somebody else's affair.
            return Ok(Synced::Done);
        };
        if service.metadata.deletion_timestamp.is_some() {
            return Ok(Synced::Done);
        }
        let existing = self
            .written
            .slices(key, service.uid(), MANAGER, informers)?;
        let members: Vec<_> = informers.pods_with(service.namespace(), selector).collect();
        self.pace.looked(key, members.len(), ctx.now());
        let trigger = self.triggers.changed(key, service, &members);
        let mut desired = Groups::default();
        if !is_external(service) {
            for pod in members {
                if let Some(endpoint) = endpoint(service, pod, informers) {
                    desired.add(ports::of(service, pod), endpoint);
                }
            }
        }
        let plan = placing::plan(desired, &existing, labels(service), is_external(service));
        let outcome = self.carry_out(key, service, plan, trigger, ctx);
        if let Err(error) = &outcome {
            let message = format!(
                "Error updating Endpoint Slices for Service {key}: {}",
                errors::message(error)
            );
            let regarding = object_of(service);
            desk.event(
                ctx,
                &regarding,
                EventType::Warning,
                "FailedToUpdateEndpointSlices",
                &message,
            );
        }
        outcome.map(|()| Synced::Done)
    }
}

impl EndpointSliceController {
    fn carry_out(
        &mut self,
        key: &Key,
        service: &Arc<Service>,
        plan: Plan,
        trigger: Option<String>,
        ctx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        if plan.is_empty() {
            return Ok(());
        }
        explain(ctx, key, plan.describe());
        for mut slice in plan.create {
            slice.metadata = ObjectMeta {
                generate_name: Some(format!("{}-", service.name())),
                namespace: service.metadata.namespace.clone(),
                owner_references: Some(vec![owners::controller_reference(&**service)]),
                labels: slice.metadata.labels,
                ..ObjectMeta::default()
            };
            stamp(&mut slice, trigger.as_ref());
            match ctx.create(slice) {
                Ok(slice) => self.written.wrote(key, &slice),
                Err(error) if errors::is_namespace_terminating(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        for mut slice in plan.update {
            stamp(&mut slice, trigger.as_ref());
            let written = ctx.update(slice)?;
            self.written.wrote(key, &written);
        }
        for slice in plan.delete {
            let deleted = ctx.delete::<EndpointSlice>(&slice.key(), DeleteOptions::default());
            errors::ignore_not_found(deleted)?;
            self.written.deleted(key, slice.name());
        }
        Ok(())
    }
}

fn stamp(slice: &mut EndpointSlice, trigger: Option<&String>) {
    let annotations = slice.metadata.annotations.get_or_insert_default();
    match trigger {
        Some(time) => annotations.insert(LAST_CHANGE_TRIGGER_TIME.to_owned(), time.clone()),
        None => annotations.remove(LAST_CHANGE_TRIGGER_TIME),
    };
    if annotations.is_empty() {
        slice.metadata.annotations = None;
    }
}

pub(super) fn managed_by(slice: &EndpointSlice, manager: &str) -> bool {
    let labels = slice.metadata.labels.as_ref();
    let by = labels.and_then(|labels| labels.get(MANAGED_BY));
    by.is_some_and(|by| by == manager)
}

/// The selector of a service; none where it picks no pods.
pub(super) fn selector(service: &Service) -> Option<&BTreeMap<String, String>> {
    let spec = service.spec.as_ref()?;
    spec.selector.as_ref().filter(|pairs| !pairs.is_empty())
}

fn is_external(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.type_.as_deref()) == Some("ExternalName")
}

pub(super) fn is_headless(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.cluster_ip.as_deref()) == Some("None")
}

/// The service's own labels, and those that every slice carries.
fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    if is_headless(service) {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(SERVICE_NAME.to_owned(), service.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    labels
}

/// The services that a change of a pod may matter to: those that picked it and
/// those that pick it now (`GetServicesToUpdate`).
pub(super) fn services_touched(change: &Applied<Pod>, informers: &Informers) -> BTreeSet<Key> {
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let relabelled =
        before.map(|pod| &pod.metadata.labels) != after.map(|pod| &pod.metadata.labels);
    if let (Some(before), Some(after)) = (before, after)
        && !relabelled
        && !matters(before, after)
    {
        return BTreeSet::new();
    }
    let services = |pod: Option<&Pod>| match pod {
        Some(pod) => informers.services_of(pod.namespace(), pod.metadata.labels.as_ref()),
        None => BTreeSet::new(),
    };
    let mut touched = services(after.or(before));
    if relabelled {
        touched.extend(services(before));
    }
    touched
}

/// Whether a change of a pod changes its endpoint (`podEndpointsChanged`).
fn matters(before: &Pod, after: &Pod) -> bool {
    let host_name = |pod: &Pod| {
        let spec = pod.spec.as_ref();
        spec.map(|spec| (spec.hostname.clone(), spec.subdomain.clone()))
    };
    pods::is_ready(before) != pods::is_ready(after)
        || pods::is_terminating(before) != pods::is_terminating(after)
        || pods::is_terminal(before) != pods::is_terminal(after)
        || pods::pod_ip(before) != pods::pod_ip(after)
        || pods::node_name(before) != pods::node_name(after)
        || host_name(before) != host_name(after)
}

/// What stands for a pod in a slice; none while it has no address or after it
/// ended.
fn endpoint(service: &Service, pod: &Pod, informers: &Informers) -> Option<Endpoint> {
    let ip = pods::pod_ip(pod).filter(|_| !pods::is_terminal(pod))?;
    let serving = pods::is_ready(pod);
    let terminating = pods::is_terminating(pod);
    let spec = service.spec.as_ref();
    let early = spec.and_then(|spec| spec.publish_not_ready_addresses) == Some(true);
    let node = pods::node_name(pod);
    let zone = node.and_then(|node| {
        let node = informers.nodes.get(&Key::new("", node))?;
        node.metadata.labels.as_ref()?.get(ZONE).cloned()
    });
    Some(Endpoint {
        addresses: vec![ip.to_owned()],
        conditions: Some(EndpointConditions {
            ready: Some(early || (serving && !terminating)),
            serving: Some(serving),
            terminating: Some(terminating),
        }),
        hostname: host_name(service, pod),
        node_name: node.map(str::to_owned),
        target_ref: Some(reference(pod)),
        zone,
        ..Endpoint::default()
    })
}

/// The name under which a headless service answers for the pod alone.
pub(super) fn host_name(service: &Service, pod: &Pod) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let named = spec.hostname.clone().filter(|name| !name.is_empty())?;
    (spec.subdomain.as_deref() == Some(service.name())).then_some(named)
}

pub(super) fn reference(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".to_owned()),
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid.clone(),
        ..ObjectReference::default()
    }
}
