//! The rules of one node: the chains that are always there, and those of each
//! Service port.

use super::base::{Base, BaseOptions, Chains};
use super::rule::Rule;
use crate::api::{Key, Name};
use crate::network::Protocol;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// All rules about one port of one Service, as kube-proxy writes them on a node.
/// Shared between nodes where they are equal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceRules {
    /// `namespace/name:port`, kube-proxy's own name for it.
    pub name: Name,
    /// Its part of nat `KUBE-SERVICES`.
    pub services: Vec<Rule>,
    /// Its part of nat `KUBE-NODEPORTS`.
    pub node_ports: Vec<Rule>,
    /// Its part of filter `KUBE-SERVICES`.
    pub filter_services: Vec<Rule>,
    /// Its part of filter `KUBE-EXTERNAL-SERVICES`.
    pub filter_external: Vec<Rule>,
    /// Its part of filter `KUBE-PROXY-FIREWALL`.
    pub filter_firewall: Vec<Rule>,
    /// Its part of filter `KUBE-NODEPORTS`.
    pub filter_node_ports: Vec<Rule>,
    /// Its own chains in nat (`KUBE-SVC-…`, `KUBE-SEP-…`).
    pub chains: Chains,
    /// The addresses that it answers for.
    pub ips: Vec<Ipv4Addr>,
    /// Those of them that a cloud's load balancer holds.
    pub load_balancer_ips: Vec<Ipv4Addr>,
    /// Protocol.
    pub protocol: Protocol,
    /// Port at those addresses.
    pub port: u16,
    /// Port at every node; zero for none.
    pub node_port: u16,
    /// `healthCheckNodePort` and how many endpoints this node has.
    pub health_check: Option<(u16, usize)>,
    /// Where packets can end up from this node: address and port.
    pub endpoints: Vec<(Ipv4Addr, u16)>,
}

impl ServiceRules {
    /// How many rules it has in nat.
    pub fn nat_rules(&self) -> usize {
        let chained: usize = self.chains.values().map(Vec::len).sum();
        self.services.len() + self.node_ports.len() + chained
    }
}

/// The rules of one node.
#[derive(Clone, Debug)]
pub struct Ruleset {
    options: BaseOptions,
    base: Arc<Base>,
    services: BTreeMap<Name, Arc<ServiceRules>>,
    by_service: BTreeMap<Key, Vec<Name>>,
    by_ip: BTreeMap<Ipv4Addr, BTreeSet<Name>>,
    by_node_port: BTreeMap<(Protocol, u16), BTreeSet<Name>>,
    nat_rules: usize,
}

impl Ruleset {
    /// The rules of a node where nobody knows of a Service yet.
    pub fn new(options: BaseOptions) -> Self {
        Ruleset {
            options,
            base: Arc::new(Base::new(&options)),
            services: BTreeMap::new(),
            by_service: BTreeMap::new(),
            by_ip: BTreeMap::new(),
            by_node_port: BTreeMap::new(),
            nat_rules: 0,
        }
    }

    /// kube-proxy starts: its own chains appear, without a Service in them.
    pub fn start_kube_proxy(&mut self) {
        *self = Ruleset::new(BaseOptions {
            kube_proxy: true,
            ..self.options
        });
    }

    /// Whether kube-proxy has written its chains.
    pub fn has_kube_proxy(&self) -> bool {
        self.options.kube_proxy
    }

    /// Takes the rules of all ports of a Service; none takes it away.
    pub fn set_service(&mut self, service: &Key, ports: &[Arc<ServiceRules>]) {
        for name in self.by_service.remove(service).unwrap_or_default() {
            self.forget(&name);
        }
        for port in ports {
            self.insert(port);
        }
        if !ports.is_empty() {
            let names = ports.iter().map(|port| port.name.clone()).collect();
            self.by_service.insert(service.clone(), names);
        }
    }

    fn insert(&mut self, port: &Arc<ServiceRules>) {
        self.nat_rules += port.nat_rules();
        for ip in &port.ips {
            self.by_ip.entry(*ip).or_default().insert(port.name.clone());
        }
        if port.node_port != 0 {
            let at = (port.protocol, port.node_port);
            let names = self.by_node_port.entry(at).or_default();
            names.insert(port.name.clone());
        }
        self.services.insert(port.name.clone(), port.clone());
    }

    fn forget(&mut self, name: &Name) {
        let Some(gone) = self.services.remove(name) else {
            return;
        };
        self.nat_rules -= gone.nat_rules().min(self.nat_rules);
        for ip in &gone.ips {
            if let Some(names) = self.by_ip.get_mut(ip) {
                names.remove(name);
            }
            if self.by_ip.get(ip).is_some_and(BTreeSet::is_empty) {
                self.by_ip.remove(ip);
            }
        }
        let at = (gone.protocol, gone.node_port);
        if let Some(names) = self.by_node_port.get_mut(&at) {
            names.remove(name);
        }
        if self.by_node_port.get(&at).is_some_and(BTreeSet::is_empty) {
            self.by_node_port.remove(&at);
        }
    }

    /// The chains that are always there.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// The rules of every Service port, by its name.
    pub fn services(&self) -> impl Iterator<Item = &Arc<ServiceRules>> {
        self.services.values()
    }

    /// The rules of every port of one Service.
    pub fn of_service(&self, service: &Key) -> impl Iterator<Item = &Arc<ServiceRules>> {
        let names = self.by_service.get(service);
        names
            .into_iter()
            .flatten()
            .filter_map(|name| self.services.get(name))
    }

    /// The Service ports that answer for an address.
    pub fn at_ip(&self, ip: Ipv4Addr) -> impl Iterator<Item = &Arc<ServiceRules>> {
        let names = self.by_ip.get(&ip);
        names
            .into_iter()
            .flatten()
            .filter_map(|name| self.services.get(name))
    }

    /// The Service ports behind a node port.
    pub fn at_node_port(
        &self,
        protocol: Protocol,
        port: u16,
    ) -> impl Iterator<Item = &Arc<ServiceRules>> {
        let names = self.by_node_port.get(&(protocol, port));
        names
            .into_iter()
            .flatten()
            .filter_map(|name| self.services.get(name))
    }

    /// How many rules the nat table has.
    pub fn nat_rule_count(&self) -> u32 {
        let base: usize = self.base.nat.values().map(Vec::len).sum();
        u32::try_from(base + self.nat_rules).unwrap_or(u32::MAX)
    }
}
