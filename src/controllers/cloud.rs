//! cloud-controller-manager's service controller
//! (`k8s.io/cloud-provider/controllers/service`): gives services of type
//! LoadBalancer an address outside the cluster.

use super::desk::{Controller, Desk, Step, StepCtx, Synced, Worker, explain};
use super::errors;
use super::informers::{Informers, Seen, object_of};
use crate::api::core::{LoadBalancerIngress, LoadBalancerStatus};
use crate::api::status::{ApiError, conflict};
use crate::api::{Key, Kind, Resource, Service};
use crate::apiserver::{Selection, WatchEvent};
use crate::client::{Ctx, EventType};
use crate::sim::{Actor, Instant};
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// Until a cloud has set a load balancer up. Real ones take half a minute and
/// more.
const SET_UP: Duration = Duration::from_secs(2);

/// What wakes the cloud controller.
pub type Timer = Step<Key>;

/// cloud-controller-manager.
#[derive(Clone, Debug)]
pub struct CloudController {
    informers: Informers,
    worker: Worker<ServiceController>,
}

impl CloudController {
    /// A controller that gives addresses out of `range` (by default
    /// 203.0.113.0/24, the documentation's range).
    pub fn new(range: Ipv4Net) -> Self {
        let logic = ServiceController {
            range,
            given: BTreeMap::new(),
            ready: BTreeMap::new(),
        };
        CloudController {
            informers: Informers::default(),
            worker: Worker::new(logic),
        }
    }

    /// Begins its watch.
    pub fn start(&mut self, ctx: &mut Ctx<'_, Timer>) {
        ctx.watch(Selection::all(Kind::Service));
    }

    /// Takes in what the watch brings.
    pub fn on_watch(&mut self, events: Vec<WatchEvent>, ctx: &mut Ctx<'_, Timer>) {
        for event in events {
            ctx.cause = event.cause;
            let seen = self.informers.apply(&event);
            self.worker
                .observe(&event, &seen, &self.informers, ctx, |step| step);
        }
    }

    /// Does one bounded piece of work.
    pub fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Timer>) {
        self.worker.step(timer, &self.informers, ctx, |step| step);
    }
}

impl Default for CloudController {
    fn default() -> Self {
        CloudController::new(Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24))
    }
}

#[derive(Clone, Debug)]
struct ServiceController {
    range: Ipv4Net,
    given: BTreeMap<Key, Ipv4Addr>,
    /// When each load balancer will be set up.
    ready: BTreeMap<Key, Instant>,
}

type Context<'a> = StepCtx<'a, Key>;

impl Controller for ServiceController {
    const NAME: &'static str = "service-lb-controller";
    const EVENT_SOURCE: &'static str = "service-controller";
    type Item = Key;

    fn actor() -> Actor {
        Actor::CloudController
    }

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        let Seen::Service(change) = seen else {
            return;
        };
        let key = event.object.key();
        match &change.after {
            // Another cloud's memory: an address that was given before we began.
            Some(service) if !self.given.contains_key(&key) => {
                if let Some(ip) = present_ip(service) {
                    self.given.insert(key.clone(), ip);
                }
            }
            Some(_) => {}
            None => {
                self.given.remove(&key);
                self.ready.remove(&key);
            }
        }
        desk.add(key, ctx);
    }

    fn sync(
        &mut self,
        key: &Key,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        let Some(service) = informers.services.get(key) else {
            return Ok(Synced::Done);
        };
        if wants_load_balancer(service) {
            self.ensure(key, service, desk, ctx)
        } else {
            self.clean_up(key, service, desk, ctx)
        }
    }
}

fn wants_load_balancer(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    let balanced = spec.is_some_and(|spec| {
        spec.type_.as_deref() == Some("LoadBalancer") && spec.load_balancer_class.is_none()
    });
    balanced && service.metadata.deletion_timestamp.is_none()
}

fn has_finalizer(service: &Service) -> bool {
    let finalizers = service.metadata.finalizers.iter().flatten();
    finalizers
        .into_iter()
        .any(|finalizer| finalizer == FINALIZER)
}

fn present_ip(service: &Service) -> Option<Ipv4Addr> {
    let status = service.status.as_ref()?.load_balancer.as_ref()?;
    let first = status.ingress.as_ref()?.first()?;
    first.ip.as_deref()?.parse().ok()
}

impl ServiceController {
    fn ensure(
        &mut self,
        key: &Key,
        service: &Arc<Service>,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        if present_ip(service).is_some() {
            return Ok(Synced::Done);
        }
        if !has_finalizer(service) {
            explain(ctx, key, "is of type LoadBalancer: asks the cloud for one");
            tell(
                desk,
                ctx,
                service,
                "EnsuringLoadBalancer",
                "Ensuring load balancer",
            );
            let mut held = Service::clone(service);
            held.meta_mut()
                .finalizers
                .get_or_insert_default()
                .push(FINALIZER.to_owned());
            ctx.update(held)?;
            self.ready.insert(key.clone(), ctx.now() + SET_UP);
            desk.add_after(key.clone(), SET_UP, ctx);
            return Ok(Synced::Done);
        }
        let now = ctx.now();
        let ready = *self.ready.entry(key.clone()).or_insert(now + SET_UP);
        if ready > now {
            desk.add_after(key.clone(), ready.since(now), ctx);
            return Ok(Synced::Done);
        }
        let Some(ip) = self.allocate(key, service) else {
            let message =
                "Error syncing load balancer: failed to ensure load balancer: no address is free";
            desk.event(
                ctx,
                &object_of(service),
                EventType::Warning,
                "SyncLoadBalancerFailed",
                message,
            );
            return Err(conflict(Kind::Service, &key.name, "no address is free"));
        };
        explain(
            ctx,
            key,
            format!("the cloud's load balancer is set up: {ip}"),
        );
        let mut balanced = Service::clone(service);
        balanced.status.get_or_insert_default().load_balancer = Some(LoadBalancerStatus {
            ingress: Some(vec![LoadBalancerIngress {
                ip: Some(ip.to_string()),
                ip_mode: Some("VIP".to_owned()),
                ..LoadBalancerIngress::default()
            }]),
        });
        ctx.update_status(balanced)?;
        tell(
            desk,
            ctx,
            service,
            "EnsuredLoadBalancer",
            "Ensured load balancer",
        );
        Ok(Synced::Done)
    }

    /// The address asked for, if it is ours to give and free; else the first free.
    fn allocate(&mut self, key: &Key, service: &Service) -> Option<Ipv4Addr> {
        if let Some(ip) = self.given.get(key) {
            return Some(*ip);
        }
        let taken = |ip: &Ipv4Addr| self.given.values().any(|given| given == ip);
        let spec = service.spec.as_ref();
        let wished = spec.and_then(|spec| spec.load_balancer_ip.as_deref());
        let wished = wished.and_then(|text| text.parse::<Ipv4Addr>().ok());
        let wished = wished.filter(|ip| self.range.contains(ip) && !taken(ip));
        let ip = wished.or_else(|| self.range.hosts().find(|ip| !taken(ip)))?;
        self.given.insert(key.clone(), ip);
        Some(ip)
    }

    fn clean_up(
        &mut self,
        key: &Key,
        service: &Arc<Service>,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        if !has_finalizer(service) {
            return Ok(Synced::Done);
        }
        explain(
            ctx,
            key,
            "needs no load balancer any more: gives it back to the cloud",
        );
        tell(
            desk,
            ctx,
            service,
            "DeletingLoadBalancer",
            "Deleting load balancer",
        );
        self.given.remove(key);
        self.ready.remove(key);
        let mut released = Service::clone(service);
        if present_ip(service).is_some() {
            released.status.get_or_insert_default().load_balancer =
                Some(LoadBalancerStatus::default());
            released = Service::clone(&*ctx.update_status(released)?);
        }
        if let Some(finalizers) = &mut released.meta_mut().finalizers {
            finalizers.retain(|finalizer| finalizer != FINALIZER);
            if finalizers.is_empty() {
                released.meta_mut().finalizers = None;
            }
        }
        errors::ignore_not_found(ctx.update(released).map(drop))?;
        tell(
            desk,
            ctx,
            service,
            "DeletedLoadBalancer",
            "Deleted load balancer",
        );
        Ok(Synced::Done)
    }
}

fn tell(
    desk: &mut Desk<Key>,
    ctx: &mut Context<'_>,
    service: &Arc<Service>,
    reason: &str,
    message: &str,
) {
    desk.event(ctx, &object_of(service), EventType::Normal, reason, message);
}
