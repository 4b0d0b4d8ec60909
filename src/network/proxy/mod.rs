//! kube-proxy: watches Services and EndpointSlices and writes its node's rules
//! (mode iptables).

pub mod endpoints;
#[cfg(test)]
mod golden;
mod names;
pub mod port;
pub mod rules;
mod shared;

pub use names::{ChainNames, endpoint_chain};
pub use shared::SharedRules;

use super::Network;
use super::netfilter::ServiceRules;
use crate::api::{EndpointSlice, Key, Kind, Name, Node, Object, Resource, Service};
use crate::apiserver::{Selection, WatchEvent};
use crate::client::{Applied, Cache, Ctx};
use crate::sim::trace::What;
use crate::sim::{Cause, Instant, MILLISECOND, SECOND};
use endpoints::Here;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Shortest time between two syncs (`--iptables-min-sync-period`).
const MIN_SYNC_PERIOD: Duration = SECOND;
/// Services whose rules one step computes; the rest follows in the next.
const SERVICES_PER_STEP: usize = 128;
/// The label by which a slice names its Service.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";
/// The label by which a Service asks for another proxy.
const OTHER_PROXY_LABEL: &str = "service.kubernetes.io/service-proxy-name";
/// The label of a node's zone.
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

/// kube-proxy's own timers.
#[derive(Clone, Debug, PartialEq)]
pub enum Timer {
    /// Write the rules of what changed.
    Sync,
}

/// The kube-proxy of one node.
#[derive(Clone, Debug)]
pub struct KubeProxy {
    here: Here,
    services: Cache<Service>,
    slices: Cache<EndpointSlice>,
    slices_of: BTreeMap<Key, BTreeSet<Key>>,
    changed: BTreeMap<Key, Cause>,
    sync_set: bool,
    last_sync: Option<Instant>,
}

impl KubeProxy {
    /// The kube-proxy of `node`.
    pub fn new(node: impl Into<Name>) -> Self {
        let node = node.into();
        KubeProxy {
            here: Here {
                node,
                ..Here::default()
            },
            services: Cache::default(),
            slices: Cache::default(),
            slices_of: BTreeMap::new(),
            changed: BTreeMap::new(),
            sync_set: false,
            last_sync: None,
        }
    }

    /// Begins its watches and writes the chains that are always there. After a
    /// reboot it begins with empty memory.
    pub fn start(&mut self, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        *self = KubeProxy::new(self.here.node.clone());
        if let Some(ruleset) = net.ruleset_mut(&self.here.node) {
            ruleset.start_kube_proxy();
        }
        self.here.ip = net.node(&self.here.node).map(|node| node.wire.ip);
        ctx.watch(Selection {
            name: Some(self.here.node.clone()),
            ..Selection::all(Kind::Node)
        });
        ctx.watch(Selection::all(Kind::Service));
        ctx.watch(Selection::all(Kind::EndpointSlice));
        self.request_sync(ctx);
    }

    /// Notes which Services changed.
    pub fn on_watch(
        &mut self,
        events: Vec<WatchEvent>,
        ctx: &mut Ctx<'_, Timer>,
        _net: &mut Network,
    ) {
        for event in &events {
            match &event.object {
                Object::Service(service) => {
                    self.services.apply(event);
                    self.note(service.key(), event.cause);
                }
                Object::EndpointSlice(_) => self.take_slice(event),
                Object::Node(node) => self.take_node(node, event.cause),
                _ => {}
            }
        }
        if !self.changed.is_empty() {
            self.request_sync(ctx);
        }
    }

    /// Writes the rules of what changed.
    pub fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        let Timer::Sync = timer;
        self.sync_set = false;
        self.write_base(net);
        let keys: Vec<Key> = self
            .changed
            .keys()
            .take(SERVICES_PER_STEP)
            .cloned()
            .collect();
        for key in keys {
            if let Some(Some(cause)) = self.changed.remove(&key) {
                ctx.cause = Some(cause);
            }
            self.sync_service(&key, ctx.now(), net);
        }
        if !self.changed.is_empty() {
            self.sync_set = true;
            ctx.after(MILLISECOND, Timer::Sync);
            return;
        }
        self.last_sync = Some(ctx.now());
        let Some(ruleset) = net.ruleset(&self.here.node) else {
            return;
        };
        let written = What::RulesWritten {
            node: self.here.node.clone(),
            rules: ruleset.nat_rule_count(),
        };
        ctx.trace(written);
    }

    #[cfg(test)]
    pub(super) fn take_for_test(&mut self, event: &WatchEvent, net: &mut Network) {
        match &event.object {
            Object::Service(service) => {
                self.services.apply(event);
                self.note(service.key(), None);
            }
            _ => self.take_slice(event),
        }
        for key in std::mem::take(&mut self.changed).keys() {
            self.sync_service(key, Instant::ZERO, net);
        }
    }

    /// The chains that are always there, where they are not yet: the node may
    /// have been connected only after kube-proxy started.
    fn write_base(&self, net: &mut Network) {
        if let Some(ruleset) = net.ruleset_mut(&self.here.node)
            && !ruleset.has_kube_proxy()
        {
            ruleset.start_kube_proxy();
        }
    }

    fn note(&mut self, service: Key, cause: Cause) {
        self.changed.entry(service).or_insert(cause);
    }

    fn take_slice(&mut self, event: &WatchEvent) {
        let Some(Applied { before, after }) = self.slices.apply(event) else {
            return;
        };
        let of = |slice: &Option<Arc<EndpointSlice>>| {
            let slice = slice.as_ref()?;
            let labels = slice.metadata.labels.as_ref()?;
            let service = labels.get(SERVICE_NAME_LABEL)?;
            Some((Key::new(slice.namespace(), service.as_str()), slice.key()))
        };
        if let Some((service, slice)) = of(&before) {
            if let Some(slices) = self.slices_of.get_mut(&service) {
                slices.remove(&slice);
            }
            self.note(service, event.cause);
        }
        if let Some((service, slice)) = of(&after) {
            let slices = self.slices_of.entry(service.clone()).or_default();
            slices.insert(slice);
            self.note(service, event.cause);
        }
    }

    /// A node that moved to another zone may use other endpoints.
    fn take_node(&mut self, node: &Node, cause: Cause) {
        let labels = node.metadata.labels.as_ref();
        let zone = labels.and_then(|labels| labels.get(ZONE_LABEL));
        let zone: Name = zone.map(String::as_str).unwrap_or_default().into();
        if zone == self.here.zone {
            return;
        }
        self.here.zone = zone;
        let services: Vec<Key> = self.services.iter().map(|service| service.key()).collect();
        for service in services {
            self.note(service, cause);
        }
    }

    fn request_sync(&mut self, ctx: &mut Ctx<'_, Timer>) {
        if self.sync_set {
            return;
        }
        self.sync_set = true;
        let earliest = self.last_sync.map(|last| last + MIN_SYNC_PERIOD);
        ctx.at(earliest.unwrap_or(ctx.now()), Timer::Sync);
    }

    fn sync_service(&self, key: &Key, now: Instant, net: &mut Network) {
        let rules = self.rules_of(key, net);
        let Some(node) = net.node_mut(&self.here.node) else {
            return;
        };
        node.rules.set_service(key, &rules);
        rules
            .iter()
            .for_each(|port| node.conntrack.clean_udp(port, now));
    }

    fn rules_of(&self, key: &Key, net: &mut Network) -> Vec<Arc<ServiceRules>> {
        let Some(service) = self.services.get(key) else {
            net.shared_rules.forget(key);
            return Vec::new();
        };
        let labels = service.metadata.labels.as_ref();
        if labels.is_some_and(|labels| labels.contains_key(OTHER_PROXY_LABEL)) {
            return Vec::new();
        }
        let keys = self.slices_of.get(key).into_iter().flatten();
        let slices: Vec<Arc<EndpointSlice>> = keys
            .filter_map(|slice| self.slices.get(slice).cloned())
            .collect();
        let cluster_cidr = net.config.cluster_cidr;
        net.shared_rules
            .rules(key, service, slices, &self.here, cluster_cidr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::ApiServer;
    use crate::network::journey::fixture::event;
    use crate::network::{Config, NodeWire};
    use crate::sim::{Actor, Sim};
    use serde_json::{Value, json};
    use std::net::Ipv4Addr;

    fn world(nodes: u8) -> (Sim, ApiServer, Network, Vec<KubeProxy>) {
        let mut net = Network::with_config(Config::default());
        let mut proxies = Vec::new();
        for number in 1..=nodes {
            let name: Name = format!("node-{number}").into();
            net.add_node(&NodeWire {
                name: name.clone(),
                ip: Ipv4Addr::new(172, 18, 0, 2 + number),
                pod_cidr: format!("10.244.{number}.0/24").parse().ok(),
            });
            proxies.push(KubeProxy::new(name));
        }
        (Sim::new(1), ApiServer::new(), net, proxies)
    }

    fn objects(spec: Value) -> Vec<WatchEvent> {
        let service = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec});
        let slice = json!({"metadata": {"name": "web-1", "namespace": "shop",
                "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4", "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
            "endpoints": [{"addresses": ["10.244.1.2"], "nodeName": "node-1"}]});
        vec![
            event(Kind::Service, service),
            event(Kind::EndpointSlice, slice),
        ]
    }

    #[test]
    fn changes_are_written_at_most_once_a_second() {
        let (mut sim, mut api, mut net, mut proxies) = world(1);
        let proxy = proxies.first_mut().expect("a proxy");
        let actor = Actor::KubeProxy("node-1".into());
        let mut timers = Vec::new();
        let mut step =
            |sim: &mut Sim,
             act: &mut dyn FnMut(&mut KubeProxy, &mut Ctx<'_, Timer>, &mut Network)| {
                let mut ctx = Ctx::new(sim, &mut api, actor.clone(), None);
                act(proxy, &mut ctx, &mut net);
                timers.extend(ctx.into_timers());
            };
        step(&mut sim, &mut |proxy, ctx, net| proxy.start(ctx, net));
        step(&mut sim, &mut |proxy, ctx, net| {
            proxy.on_timer(Timer::Sync, ctx, net)
        });
        let spec = json!({"clusterIP": "10.96.0.17", "ports": [{"port": 80, "protocol": "TCP"}]});
        sim.now = sim.now + MILLISECOND;
        step(&mut sim, &mut |proxy, ctx, net| {
            proxy.on_watch(objects(spec.clone()), ctx, net)
        });
        let times: Vec<u64> = timers.iter().map(|(at, _, _)| at.0).collect();
        assert_eq!(times, [0, 1_000_000_000]);
    }

    #[test]
    fn nodes_share_rules_that_do_not_depend_on_them() {
        let cases = [
            (
                json!({"clusterIP": "10.96.0.17", "ports": [{"port": 80, "protocol": "TCP"}]}),
                true,
            ),
            (
                json!({"clusterIP": "10.96.0.17", "internalTrafficPolicy": "Local", "ports": [{"port": 80, "protocol": "TCP"}]}),
                false,
            ),
        ];
        for (spec, shared) in cases {
            let (_, _, mut net, mut proxies) = world(2);
            let events = objects(spec);
            for proxy in &mut proxies {
                proxy.write_base(&mut net);
                events
                    .iter()
                    .for_each(|event| proxy.take_for_test(event, &mut net));
            }
            let rules = |node: &str| {
                net.ruleset(node)
                    .and_then(|rules| rules.services().next().cloned())
            };
            let (Some(one), Some(two)) = (rules("node-1"), rules("node-2")) else {
                panic!("no rules");
            };
            assert_eq!(Arc::ptr_eq(&one, &two), shared);
        }
    }
}
