//! The Endpoints controller (`pkg/controller/endpoint`): the older list of a
//! service's addresses, all in one object, at most a thousand.

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::endpointslice::trigger::{LAST_CHANGE_TRIGGER_TIME, TriggerTimes};
use super::endpointslice::{self, HEADLESS};
use super::informers::{Informers, Seen};
use super::pace::Pace;
use super::{errors, pods};
use crate::api::core::{EndpointAddress, EndpointPort, EndpointSubset};
use crate::api::status::ApiError;
use crate::api::{Endpoints, Key, ObjectMeta, Pod, Resource, Service};
use crate::apiserver::{DeleteOptions, WatchEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const MANAGED_BY: (&str, &str) = ("endpoints.kubernetes.io/managed-by", "endpoint-controller");
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// Addresses an object holds at most (`maxCapacity`).
const ADDRESSES_MAX: usize = 1000;

/// The Endpoints controller's own memory.
#[derive(Clone, Debug, Default)]
pub(super) struct EndpointsController {
    triggers: TriggerTimes,
    pace: Pace,
}

impl Controller for EndpointsController {
    const NAME: &'static str = "endpoint-controller";
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) {
        match seen {
            Seen::Service(_) => desk.add(event.object.key(), ctx),
            Seen::Pod(change) => {
                for key in endpointslice::services_touched(change, informers) {
                    let delay = self.pace.delay(&key, ctx.now());
                    desk.add_after(key, delay, ctx);
                }
            }
            // Somebody deleted what should be there.
            Seen::Endpoints(change) if change.after.is_none() => desk.add(event.object.key(), ctx),
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
        let Some(service) = informers.services.get(key) else {
            self.triggers.forget(key);
            self.pace.forget(key);
            return delete_left_over(key, informers, ctx);
        };
        let Some(selector) = endpointslice::selector(service) else {
            return Ok(Synced::Done);
        };
        let members: Vec<_> = informers.pods_with(service.namespace(), selector).collect();
        self.pace.looked(key, members.len(), ctx.now());
        let trigger = self.triggers.changed(key, service, &members);
        let mut subsets = subsets(service, &members);
        let truncated = truncate(&mut subsets);
        let known = informers.endpoints.get(key);
        let wanted = compose(service, known, subsets, truncated, trigger);
        if known.is_some_and(|known| same(known, &wanted)) {
            return Ok(Synced::Done);
        }
        explain(ctx, key, describe(&wanted));
        write(known.is_some(), wanted, ctx)
    }
}

fn write(exists: bool, wanted: Endpoints, ctx: &mut StepCtx<'_, Key>) -> Result<Synced, ApiError> {
    let written = match exists {
        true => ctx.update(wanted),
        false => ctx.create(wanted),
    };
    match written {
        Err(error) if errors::is_namespace_terminating(&error) => Ok(Synced::Done),
        Err(error) => Err(error),
        Ok(_) => Ok(Synced::Done),
    }
}

fn delete_left_over(
    key: &Key,
    informers: &Informers,
    ctx: &mut StepCtx<'_, Key>,
) -> Result<Synced, ApiError> {
    // Only its own: a service without selector may have left its user's.
    let ours = informers.endpoints.get(key).is_some_and(|endpoints| {
        let labels = endpoints.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(MANAGED_BY.0)).is_some()
    });
    if ours {
        explain(ctx, key, "the service is gone: deletes its Endpoints");
        errors::ignore_not_found(ctx.delete::<Endpoints>(key, DeleteOptions::default()))?;
    }
    Ok(Synced::Done)
}

fn describe(endpoints: &Endpoints) -> String {
    let subsets = endpoints.subsets.iter().flatten();
    let (mut ready, mut unready) = (0, 0);
    for subset in subsets {
        ready += subset.addresses.as_ref().map_or(0, Vec::len);
        unready += subset.not_ready_addresses.as_ref().map_or(0, Vec::len);
    }
    format!("writes {ready} ready and {unready} unready addresses")
}

type Port = (String, i32, String, Option<String>);
/// Address, pod, and whether it is ready: by this addresses are the same.
type Place = (String, String, bool);

/// One subset for the ports that the same addresses have, each sorted
/// (`RepackSubsets`).
fn subsets(service: &Service, members: &[&Arc<Pod>]) -> Vec<EndpointSubset> {
    let spec = service.spec.as_ref();
    let early = spec.and_then(|spec| spec.publish_not_ready_addresses) == Some(true);
    let portless = spec.is_none_or(|spec| spec.ports.as_ref().is_none_or(Vec::is_empty));
    let mut addresses: BTreeMap<Place, EndpointAddress> = BTreeMap::new();
    let mut by_port: BTreeMap<Option<Port>, BTreeSet<Place>> = BTreeMap::new();
    for pod in members {
        let hidden = pods::is_terminal(pod) || (pods::is_terminating(pod) && !early);
        let Some(ip) = pods::pod_ip(pod).filter(|_| !hidden) else {
            continue;
        };
        let ready = early || pods::is_ready(pod);
        let place = (ip.to_owned(), pod.uid().to_owned(), ready);
        if portless {
            by_port.entry(None).or_default().insert(place.clone());
        }
        for port in endpointslice::ports::of(service, pod) {
            let (Some(name), Some(number), Some(protocol)) = (port.name, port.port, port.protocol)
            else {
                continue;
            };
            let port = (name, number, protocol, port.app_protocol);
            by_port.entry(Some(port)).or_default().insert(place.clone());
        }
        addresses.insert(place, address(service, pod, ip));
    }
    let mut by_places: BTreeMap<BTreeSet<Place>, Vec<Port>> = BTreeMap::new();
    for (port, places) in by_port {
        by_places.entry(places).or_default().extend(port);
    }
    by_places
        .into_iter()
        .map(|(places, ports)| subset(&places, ports, &addresses))
        .collect()
}

fn address(service: &Service, pod: &Pod, ip: &str) -> EndpointAddress {
    EndpointAddress {
        ip: ip.to_owned(),
        hostname: endpointslice::host_name(service, pod),
        node_name: pods::node_name(pod).map(str::to_owned),
        target_ref: Some(endpointslice::reference(pod)),
    }
}

fn subset(
    places: &BTreeSet<Place>,
    ports: Vec<Port>,
    addresses: &BTreeMap<Place, EndpointAddress>,
) -> EndpointSubset {
    let of = |wanted: bool| {
        let places = places.iter().filter(|(.., ready)| *ready == wanted);
        let list: Vec<_> = places
            .filter_map(|place| addresses.get(place).cloned())
            .collect();
        Some(list).filter(|list| !list.is_empty())
    };
    let port = |(name, port, protocol, app_protocol): Port| EndpointPort {
        name: Some(name).filter(|name| !name.is_empty()),
        port,
        protocol: Some(protocol),
        app_protocol,
    };
    let ports: Vec<_> = ports.into_iter().map(port).collect();
    EndpointSubset {
        addresses: of(true),
        not_ready_addresses: of(false),
        ports: Some(ports).filter(|ports| !ports.is_empty()),
    }
}

/// Cuts to capacity, unready addresses first; answers whether anything was cut.
fn truncate(subsets: &mut Vec<EndpointSubset>) -> bool {
    let length = |addresses: &Option<Vec<EndpointAddress>>| addresses.as_ref().map_or(0, Vec::len);
    let ready: usize = subsets.iter().map(|subset| length(&subset.addresses)).sum();
    let unready: usize = subsets
        .iter()
        .map(|subset| length(&subset.not_ready_addresses))
        .sum();
    if ready + unready <= ADDRESSES_MAX {
        return false;
    }
    let mut ready_left = ready.min(ADDRESSES_MAX);
    let mut unready_left = ADDRESSES_MAX - ready_left;
    let cut = |addresses: &mut Option<Vec<EndpointAddress>>, left: &mut usize| {
        if let Some(list) = addresses {
            list.truncate(*left);
            *left -= list.len();
            if list.is_empty() {
                *addresses = None;
            }
        }
    };
    for subset in subsets.iter_mut() {
        cut(&mut subset.addresses, &mut ready_left);
        cut(&mut subset.not_ready_addresses, &mut unready_left);
    }
    subsets.retain(|subset| subset.addresses.is_some() || subset.not_ready_addresses.is_some());
    true
}

fn compose(
    service: &Service,
    known: Option<&Arc<Endpoints>>,
    subsets: Vec<EndpointSubset>,
    truncated: bool,
    trigger: Option<String>,
) -> Endpoints {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    if endpointslice::is_headless(service) {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned());
    let mut metadata = match known {
        Some(known) => known.metadata.clone(),
        None => ObjectMeta {
            name: service.metadata.name.clone(),
            namespace: service.metadata.namespace.clone(),
            ..ObjectMeta::default()
        },
    };
    let mut annotations = metadata.annotations.take().unwrap_or_default();
    annotations.remove(LAST_CHANGE_TRIGGER_TIME);
    annotations.remove(OVER_CAPACITY);
    if let Some(time) = trigger {
        annotations.insert(LAST_CHANGE_TRIGGER_TIME.to_owned(), time);
    }
    if truncated {
        annotations.insert(OVER_CAPACITY.to_owned(), "truncated".to_owned());
    }
    metadata.annotations = Some(annotations).filter(|annotations| !annotations.is_empty());
    metadata.labels = Some(labels);
    Endpoints {
        metadata,
        subsets: Some(subsets).filter(|subsets| !subsets.is_empty()),
    }
}

/// Nothing but the trigger time differs.
fn same(known: &Endpoints, wanted: &Endpoints) -> bool {
    let capacity = |endpoints: &Endpoints| {
        let annotations = endpoints.metadata.annotations.as_ref();
        annotations.and_then(|annotations| annotations.get(OVER_CAPACITY).cloned())
    };
    known.subsets.as_deref().unwrap_or_default() == wanted.subsets.as_deref().unwrap_or_default()
        && known.metadata.labels == wanted.metadata.labels
        && capacity(known) == capacity(wanted)
}
