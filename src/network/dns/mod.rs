//! DNS: CoreDNS (what its pods answer), messages, and how a resolver turns a
//! name into questions.

mod message;
pub mod outside;
mod resolv;
mod zone;

pub use message::{Answer, Data, Message, Rcode, RecordType, Response};
pub use resolv::ResolvConf;

use crate::api::{EndpointSlice, Key, Kind, Object, Resource, Service};
use crate::apiserver::{Selection, WatchEvent};
use crate::client::{Cache, Ctx};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The label by which a slice names its Service.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// CoreDNS has no timers: it only follows its watches.
#[derive(Clone, Debug, PartialEq)]
pub enum Timer {}

/// What all replicas of CoreDNS know. Questions reach it only as packets that
/// arrive at the socket of a running replica.
#[derive(Clone, Debug, Default)]
pub struct CoreDns {
    services: Cache<Service>,
    slices: Cache<EndpointSlice>,
    slices_of: BTreeMap<Key, BTreeSet<Key>>,
    by_ip: BTreeMap<Ipv4Addr, Key>,
}

impl CoreDns {
    /// One that knows nothing yet.
    pub fn new() -> Self {
        CoreDns::default()
    }

    /// Begins its watches.
    pub fn start(&mut self, ctx: &mut Ctx<'_, Timer>) {
        ctx.watch(Selection::all(Kind::Service));
        ctx.watch(Selection::all(Kind::EndpointSlice));
    }

    /// Takes changes in; answers are right from then on.
    pub fn on_watch(&mut self, events: Vec<WatchEvent>, _ctx: &mut Ctx<'_, Timer>) {
        events.iter().for_each(|event| self.take(event));
    }

    /// Never called.
    pub fn on_timer(&mut self, timer: Timer, _ctx: &mut Ctx<'_, Timer>) {
        match timer {}
    }

    pub(super) fn take(&mut self, event: &WatchEvent) {
        match &event.object {
            Object::Service(_) => self.take_service(event),
            Object::EndpointSlice(_) => self.take_slice(event),
            _ => {}
        }
    }

    fn take_service(&mut self, event: &WatchEvent) {
        let Some(applied) = self.services.apply(event) else {
            return;
        };
        if let Some(ip) = applied.before.as_deref().and_then(cluster_ip) {
            self.by_ip.remove(&ip);
        }
        if let Some(service) = applied.after
            && let Some(ip) = cluster_ip(&service)
        {
            self.by_ip.insert(ip, service.key());
        }
    }

    fn take_slice(&mut self, event: &WatchEvent) {
        let Some(applied) = self.slices.apply(event) else {
            return;
        };
        let service_of = |slice: &EndpointSlice| {
            let labels = slice.metadata.labels.as_ref()?;
            let name = labels.get(SERVICE_NAME_LABEL)?;
            Some(Key::new(slice.namespace(), name.as_str()))
        };
        if let Some(slice) = &applied.before
            && let Some(service) = service_of(slice)
            && let Some(slices) = self.slices_of.get_mut(&service)
        {
            slices.remove(&slice.key());
        }
        if let Some(slice) = &applied.after
            && let Some(service) = service_of(slice)
        {
            self.slices_of
                .entry(service)
                .or_default()
                .insert(slice.key());
        }
    }

    /// The address that the cloud gave a Service's load balancer.
    pub fn load_balancer_ip(&self, service: &Key) -> Option<Ipv4Addr> {
        let service = self.services.get(service)?;
        let balancer = service.status.as_ref()?.load_balancer.as_ref()?;
        balancer
            .ingress
            .as_ref()?
            .first()?
            .ip
            .as_deref()?
            .parse()
            .ok()
    }

    /// A Service that it knows.
    pub fn service(&self, key: &Key) -> Option<&Service> {
        self.services.get(key).map(|service| &**service)
    }
}

fn cluster_ip(service: &Service) -> Option<Ipv4Addr> {
    service.spec.as_ref()?.cluster_ip.as_deref()?.parse().ok()
}
