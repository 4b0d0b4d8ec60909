//! The rules of one Service port on one node, in the words and the order of
//! kube-proxy 1.36 in iptables mode.

use super::endpoints::{Endpoint, Here, Usable};
use super::names::{ChainNames, endpoint_chain};
use super::port::PortInfo;
use crate::api::Name;
use crate::network::netfilter::{Match, Rule, ServiceRules, Target};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Counts what reaches a node port by 127.0.0.1.
const LOCALHOST_NODE_PORTS: &str = "localhost_nps_accepted_pkts";

/// Writes the rules of one port.
pub struct Writer<'a> {
    port: &'a PortInfo,
    usable: &'a Usable,
    here: &'a Here,
    cluster_cidr: Ipv4Net,
    names: ChainNames,
    rules: ServiceRules,
}

impl<'a> Writer<'a> {
    /// The rules of `port` on the node `here`, which may use these endpoints.
    pub fn write(
        port: &'a PortInfo,
        usable: &'a Usable,
        here: &'a Here,
        cluster_cidr: Ipv4Net,
    ) -> ServiceRules {
        let mut writer = Writer {
            port,
            usable,
            here,
            cluster_cidr,
            names: ChainNames::new(&port.name, port.protocol),
            rules: ServiceRules::default(),
        };
        writer.index();
        writer.capture_cluster_ip();
        writer.capture_external_ips();
        writer.capture_load_balancer();
        writer.capture_node_port();
        writer.health_check();
        writer.internal_chain();
        writer.external_chain();
        writer.firewall_chain();
        writer.policy_chains();
        writer.endpoint_chains();
        writer.rules
    }

    fn index(&mut self) {
        let port = self.port;
        let local = &self.usable.local;
        let rules = &mut self.rules;
        rules.name = port.name.clone();
        rules.protocol = port.protocol;
        rules.port = port.port;
        rules.node_port = port.node_port;
        rules.load_balancer_ips = port.load_balancer_ips.clone();
        rules.ips = std::iter::once(&port.cluster_ip)
            .chain(&port.external_ips)
            .chain(&port.load_balancer_ips)
            .copied()
            .collect();
        let reachable = self.usable.reachable.iter();
        rules.endpoints = reachable.map(|one| (one.ip, one.port)).collect();
        if port.health_check_node_port != 0 {
            rules.health_check = Some((port.health_check_node_port, local.len()));
        }
    }

    fn has_internal(&self) -> bool {
        self.usable.any && !(self.port.internal_local && self.usable.local.is_empty())
    }

    fn has_external(&self) -> bool {
        self.usable.any && !(self.port.external_local && self.usable.local.is_empty())
    }

    fn internal(&self) -> Name {
        match self.port.internal_local {
            true => self.names.local(),
            false => self.names.cluster(),
        }
    }

    fn has_firewall(&self) -> bool {
        self.usable.any
            && !self.port.load_balancer_ips.is_empty()
            && !self.port.source_ranges.is_empty()
    }

    fn transport(&self, rule: Rule) -> Rule {
        rule.when(Match::Transport(self.port.protocol, Some(self.port.port)))
    }

    /// A rule for one address of the port.
    fn portal(&self, rule: Rule, ip: Ipv4Addr, comment: String) -> Rule {
        self.transport(rule.to(host(ip)).comment(comment))
    }

    /// What filter does where traffic finds no endpoint: an error to the sender
    /// where there is none anywhere, silence where there is none on this node.
    fn refusal(&self) -> (Rule, String) {
        let name = &self.port.name;
        match self.usable.any {
            false => (
                Rule::new(Target::Reject),
                format!("{name} has no endpoints"),
            ),
            true => (
                Rule::new(Target::Drop),
                format!("{name} has no local endpoints"),
            ),
        }
    }

    fn capture_cluster_ip(&mut self) {
        let ip = self.port.cluster_ip;
        if self.has_internal() {
            let comment = format!("{} cluster IP", self.port.name);
            let rule = self.portal(Rule::jump(self.internal()), ip, comment);
            self.rules.services.push(rule);
        } else {
            let (refusal, comment) = self.refusal();
            let rule = self.portal(refusal, ip, comment);
            self.rules.filter_services.push(rule);
        }
    }

    fn capture_external_ips(&mut self) {
        for ip in &self.port.external_ips {
            if self.usable.any {
                let comment = format!("{} external IP", self.port.name);
                let rule = self.portal(Rule::jump(self.names.external()), *ip, comment);
                self.rules.services.push(rule);
            }
            self.refuse_external(*ip);
        }
    }

    fn refuse_external(&mut self, ip: Ipv4Addr) {
        if !self.has_external() {
            let (refusal, comment) = self.refusal();
            let rule = self.portal(refusal, ip, comment);
            self.rules.filter_external.push(rule);
        }
    }

    fn capture_load_balancer(&mut self) {
        let name = &self.port.name;
        let firewall = self.names.firewall();
        let chain = match self.has_firewall() {
            true => firewall.clone(),
            false => self.names.external(),
        };
        for ip in &self.port.load_balancer_ips {
            if self.usable.any {
                let comment = format!("{name} loadbalancer IP");
                let rule = self.portal(Rule::jump(chain.clone()), *ip, comment);
                self.rules.services.push(rule);
            }
            if self.has_firewall() {
                let comment = format!("{name} traffic not accepted by {firewall}");
                let rule = self.portal(Rule::new(Target::Drop), *ip, comment);
                self.rules.filter_firewall.push(rule);
            }
            self.refuse_external(*ip);
        }
    }

    fn capture_node_port(&mut self) {
        if self.port.node_port == 0 {
            return;
        }
        let at_node_port = Match::Transport(self.port.protocol, Some(self.port.node_port));
        let name = &self.port.name;
        if self.usable.any {
            let jump = || {
                Rule::jump(self.names.external())
                    .comment(name.clone())
                    .when(at_node_port.clone())
            };
            let loopback = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
            let counted = jump()
                .to(loopback)
                .when(Match::Account(LOCALHOST_NODE_PORTS));
            let rules = [counted, jump()];
            self.rules.node_ports.extend(rules);
        }
        if !self.has_external() {
            let (refusal, comment) = self.refusal();
            let rule = refusal
                .comment(comment)
                .when(Match::DestinationLocal { not: false })
                .when(at_node_port);
            self.rules.filter_external.push(rule);
        }
    }

    fn health_check(&mut self) {
        let port = self.port.health_check_node_port;
        if port != 0 {
            let rule = Rule::new(Target::Accept)
                .comment(format!("{} health check node port", self.port.name))
                .when(Match::Transport(crate::network::Protocol::Tcp, Some(port)));
            self.rules.filter_node_ports.push(rule);
        }
    }

    fn chain(&mut self, name: Name, rules: impl IntoIterator<Item = Rule>) {
        self.rules.chains.entry(name).or_default().extend(rules);
    }

    fn internal_chain(&mut self) {
        if !self.has_internal() {
            return;
        }
        let comment = format!("{} cluster IP", self.port.name);
        let rule = self
            .portal(mark_masquerade(), self.port.cluster_ip, comment)
            .not_from(self.cluster_cidr);
        self.chain(self.internal(), [rule]);
    }

    fn external_chain(&mut self) {
        if !self.usable.any || !self.port.externally_accessible() {
            return;
        }
        let name = &self.port.name;
        let for_it = |what: &str| format!("{what} for {name} external destinations");
        let mut rules = Vec::new();
        if self.port.external_local {
            let cluster = || Rule::jump(self.names.cluster());
            let pods = cluster()
                .comment(for_it("pod traffic"))
                .from(self.cluster_cidr);
            let marked = mark_masquerade()
                .comment(for_it("masquerade LOCAL traffic"))
                .when(Match::SourceLocal);
            let routed = cluster()
                .comment(for_it("route LOCAL traffic"))
                .when(Match::SourceLocal);
            rules.extend([pods, marked, routed]);
        } else {
            rules.push(mark_masquerade().comment(for_it("masquerade traffic")));
        }
        if self.has_external() {
            let policy = match self.port.external_local {
                true => self.names.local(),
                false => self.names.cluster(),
            };
            rules.push(Rule::jump(policy));
        }
        self.chain(self.names.external(), rules);
    }

    fn firewall_chain(&mut self) {
        if !self.has_firewall() {
            return;
        }
        let name = &self.port.name;
        let accept = |net: Ipv4Net| {
            Rule::jump(self.names.external())
                .comment(format!("{name} loadbalancer IP"))
                .from(net)
        };
        let ranges = &self.port.source_ranges;
        let mut rules: Vec<Rule> = ranges.iter().map(|range| accept(*range)).collect();
        // The node may ask with the balancer's address as its own.
        let from_here = |range: &Ipv4Net| self.here.ip.is_some_and(|ip| range.contains(&ip));
        if ranges.iter().any(from_here) {
            let own = self.port.load_balancer_ips.iter();
            rules.extend(own.map(|ip| accept(host(*ip))));
        }
        rules.push(Rule::new(Target::Nothing).comment(format!(
            "other traffic to {name} will be dropped by KUBE-PROXY-FIREWALL"
        )));
        self.chain(self.names.firewall(), rules);
    }

    fn policy_chains(&mut self) {
        let usable = self.usable;
        if self.port.uses_cluster_endpoints() && !usable.cluster.is_empty() {
            let rules = self.balance(&usable.cluster);
            self.chain(self.names.cluster(), rules);
        }
        if self.port.uses_local_endpoints() && !usable.local.is_empty() {
            let rules = self.balance(&usable.local);
            self.chain(self.names.local(), rules);
        }
    }

    /// Rules that spread connections evenly: the first takes one in n, the next
    /// one in n-1 of the rest, the last all that is left.
    fn balance(&self, endpoints: &[Endpoint]) -> Vec<Rule> {
        let to = |one: &Endpoint| {
            let comment = format!("{} -> {}", self.port.name, one.text);
            Rule::jump(self.endpoint_chain(one)).comment(comment)
        };
        let mut rules = Vec::new();
        if let Some(seconds) = self.port.sticky_seconds {
            rules.extend(endpoints.iter().map(|one| {
                let list = self.endpoint_chain(one);
                to(one).when(Match::RecentlySeen { list, seconds })
            }));
        }
        for (position, one) in endpoints.iter().enumerate() {
            let left = u32::try_from(endpoints.len() - position).unwrap_or(u32::MAX);
            rules.push(match left {
                1 => to(one),
                of => to(one).when(Match::Random { of }),
            });
        }
        rules
    }

    fn endpoint_chain(&self, one: &Endpoint) -> Name {
        endpoint_chain(&self.port.name, self.port.protocol, &one.text)
    }

    fn endpoint_chains(&mut self) {
        for one in &self.usable.reachable {
            let chain = self.endpoint_chain(one);
            let named = |rule: Rule| rule.comment(self.port.name.clone());
            let hairpin = named(mark_masquerade()).from(host(one.ip));
            let mut translate = named(Rule::new(Target::Dnat(one.ip, one.port)));
            if self.port.sticky_seconds.is_some() {
                let list = chain.clone();
                translate = translate.when(Match::Remember { list });
            }
            let translate = translate.when(Match::Transport(self.port.protocol, None));
            self.chain(chain, [hairpin, translate]);
        }
    }
}

fn mark_masquerade() -> Rule {
    Rule::jump("KUBE-MARK-MASQ")
}

fn host(ip: Ipv4Addr) -> Ipv4Net {
    Ipv4Net::from(ip)
}
