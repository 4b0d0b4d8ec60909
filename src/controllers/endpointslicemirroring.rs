//! The EndpointSlice mirroring controller
//! (`pkg/controller/endpointslicemirroring`): Endpoints that a user wrote for a
//! service without selector are copied into slices, which is what proxies read.

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::endpointslice::placing::{self, Groups, Plan};
use super::endpointslice::trigger::LAST_CHANGE_TRIGGER_TIME;
use super::endpointslice::written::Written;
use super::endpointslice::{self, HEADLESS, MANAGED_BY, SERVICE_NAME};
use super::informers::{Informers, Seen};
use super::{errors, owners};
use crate::api::core::{EndpointAddress, EndpointSubset};
use crate::api::status::ApiError;
use crate::api::{EndpointSlice, Endpoints, Key, ObjectMeta, Resource};
use crate::apiserver::{DeleteOptions, WatchEvent};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use std::collections::BTreeMap;
use std::sync::Arc;

const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Addresses copied from one subset (`--mirroring-max-endpoints-per-subset`).
const ADDRESSES_MAX: usize = 1000;

/// The mirroring controller's own memory.
#[derive(Clone, Debug, Default)]
pub(super) struct MirroringController {
    written: Written,
}

impl Controller for MirroringController {
    const NAME: &'static str = "endpoint-slice-mirroring-controller";
    /// A service, and the Endpoints of its name.
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) {
        match seen {
            Seen::Endpoints(change) => {
                let mirrored = |endpoints: &Option<Arc<Endpoints>>| {
                    endpoints
                        .as_ref()
                        .is_some_and(|endpoints| is_to_mirror(endpoints))
                };
                if mirrored(&change.before) || mirrored(&change.after) {
                    desk.add(event.object.key(), ctx);
                }
            }
            Seen::Service(change)
                if change.differs(|service| Some(endpointslice::selector(service).is_some())) =>
            {
                desk.add(event.object.key(), ctx);
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
        _: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) -> Result<Synced, ApiError> {
        let Some(endpoints) = informers.endpoints.get(key) else {
            // Its slices go with it, as what is owned does.
            self.written.forget(key);
            return Ok(Synced::Done);
        };
        let existing = self
            .written
            .slices(key, endpoints.uid(), MANAGER, informers)?;
        let service = informers.services.get(key);
        let unselected = service.filter(|service| endpointslice::selector(service).is_none());
        let mut desired = Groups::default();
        if unselected.is_some() && is_to_mirror(endpoints) {
            for subset in endpoints.subsets.iter().flatten() {
                copy(subset, &mut desired);
            }
        }
        let plan = placing::plan(desired, &existing, labels(endpoints), true);
        self.carry_out(key, endpoints, plan, ctx)?;
        Ok(Synced::Done)
    }
}

impl MirroringController {
    fn carry_out(
        &mut self,
        key: &Key,
        endpoints: &Arc<Endpoints>,
        plan: Plan,
        ctx: &mut StepCtx<'_, Key>,
    ) -> Result<(), ApiError> {
        if plan.is_empty() {
            return Ok(());
        }
        explain(
            ctx,
            key,
            format!("mirrors hand-written Endpoints; {}", plan.describe()),
        );
        for mut slice in plan.create {
            slice.metadata = ObjectMeta {
                generate_name: Some(format!("{}-", endpoints.name())),
                namespace: endpoints.metadata.namespace.clone(),
                owner_references: Some(vec![owners::controller_reference(&**endpoints)]),
                labels: slice.metadata.labels,
                annotations: annotations(endpoints),
                ..ObjectMeta::default()
            };
            match ctx.create(slice) {
                Ok(slice) => self.written.wrote(key, &slice),
                Err(error) if errors::is_namespace_terminating(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        for mut slice in plan.update {
            slice.metadata.annotations = annotations(endpoints);
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

/// What a controller wrote, or what elects a leader, is not mirrored.
fn is_to_mirror(endpoints: &Endpoints) -> bool {
    let labels = endpoints.metadata.labels.as_ref();
    let skipped = labels
        .and_then(|labels| labels.get(SKIP))
        .is_some_and(|skip| skip == "true");
    let annotations = endpoints.metadata.annotations.as_ref();
    !skipped && annotations.is_none_or(|annotations| !annotations.contains_key(LEADER))
}

fn copy(subset: &EndpointSubset, desired: &mut Groups) {
    let ports: Vec<EndpointPort> = subset
        .ports
        .iter()
        .flatten()
        .map(|port| EndpointPort {
            name: Some(port.name.clone().unwrap_or_default()),
            port: Some(port.port),
            protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
            app_protocol: port.app_protocol.clone(),
        })
        .collect();
    let ready = subset
        .addresses
        .iter()
        .flatten()
        .map(|address| (address, true));
    let unready = subset
        .not_ready_addresses
        .iter()
        .flatten()
        .map(|address| (address, false));
    let ipv4 =
        |(address, _): &(&EndpointAddress, bool)| address.ip.parse::<std::net::Ipv4Addr>().is_ok();
    for (address, ready) in ready.chain(unready).filter(ipv4).take(ADDRESSES_MAX) {
        desired.add(ports.clone(), endpoint(address, ready));
    }
}

fn endpoint(address: &EndpointAddress, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(ready),
            ..EndpointConditions::default()
        }),
        hostname: address.hostname.clone().filter(|name| !name.is_empty()),
        node_name: address.node_name.clone(),
        target_ref: address.target_ref.clone(),
        ..Endpoint::default()
    }
}

fn labels(endpoints: &Endpoints) -> BTreeMap<String, String> {
    let mut labels = endpoints.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    labels.insert(SERVICE_NAME.to_owned(), endpoints.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    labels
}

fn annotations(endpoints: &Endpoints) -> Option<BTreeMap<String, String>> {
    let mut annotations = endpoints.metadata.annotations.clone().unwrap_or_default();
    annotations.remove(LAST_APPLIED);
    annotations.remove(LAST_CHANGE_TRIGGER_TIME);
    Some(annotations).filter(|annotations| !annotations.is_empty())
}
