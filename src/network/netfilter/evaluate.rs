//! A packet goes through the chains of a table.

use super::base::Chains;
use super::recent::Recent;
use super::rule::{Facts, Match, Rule, Target};
use super::table::{Ruleset, ServiceRules};
use crate::api::Name;
use crate::sim::{Chance, Instant};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// How deep chains may jump; kube-proxy needs four.
const DEPTH_MAX: usize = 16;

/// Which table a chain is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Translation; only for the first packet of a connection.
    Nat,
    /// Letting pass or not.
    Filter,
}

/// What a table decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Goes on: a rule or the chain's policy accepts it.
    Accept,
    /// Is lost.
    Drop,
    /// Is lost, and its sender is told.
    Reject,
    /// Goes on to another destination.
    Dnat(Ipv4Addr, u16),
    /// Goes on with the address of the device it leaves by.
    Masquerade {
        /// A port by chance.
        random_fully: bool,
    },
}

/// A rule that a packet met, and what it was for.
#[derive(Clone, Debug)]
pub struct Passed {
    /// The rule as `iptables-save` prints it.
    pub line: String,
    /// Why it is there and what it did, in one sentence.
    pub why: String,
    /// Whether it decided, and did not only lead on.
    pub decided: bool,
}

/// What happened in a table.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// What was decided.
    pub decision: Decision,
    /// The packet's mark afterwards.
    pub mark: u32,
    /// The rules that mattered, in order.
    pub trail: Vec<Passed>,
}

/// Sends a packet through the chain of a hook (`PREROUTING`).
pub fn evaluate(
    ruleset: &Ruleset,
    table: Table,
    hook: &str,
    facts: Facts,
    recent: &mut Recent,
    chance: &mut Chance,
    now: Instant,
) -> Evaluation {
    let mut walk = Walk {
        ruleset,
        table,
        facts,
        recent,
        chance,
        now,
        trail: Vec::new(),
    };
    let decision = walk.chain(hook, None, 0).unwrap_or(Decision::Accept);
    Evaluation {
        decision,
        mark: walk.facts.mark,
        trail: walk.trail,
    }
}

struct Walk<'a> {
    ruleset: &'a Ruleset,
    table: Table,
    facts: Facts,
    recent: &'a mut Recent,
    chance: &'a mut Chance,
    now: Instant,
    trail: Vec<Passed>,
}

/// A rule and the Service it is about.
type Candidate<'a> = (&'a Rule, Option<&'a Arc<ServiceRules>>);

impl<'a> Walk<'a> {
    /// None: the end of the chain was reached.
    fn chain(
        &mut self,
        name: &str,
        service: Option<&'a Arc<ServiceRules>>,
        depth: usize,
    ) -> Option<Decision> {
        if depth > DEPTH_MAX {
            return None;
        }
        for (rule, service) in self.candidates(name, service) {
            if !rule.is_about(&self.facts) || !self.by_chance_and_memory(rule) {
                continue;
            }
            self.note(name, rule, service);
            match &rule.target {
                Target::Nothing => {}
                Target::Return => return None,
                Target::Jump(chain) => {
                    let decision = self.chain(chain, service, depth + 1);
                    if decision.is_some() {
                        return decision;
                    }
                }
                Target::Mark { value, mask } => {
                    self.facts.mark = (self.facts.mark & !mask) ^ value;
                }
                Target::Accept => return Some(Decision::Accept),
                Target::Drop => return Some(Decision::Drop),
                Target::Reject => return Some(Decision::Reject),
                Target::Dnat(ip, port) => return Some(Decision::Dnat(*ip, *port)),
                Target::Masquerade { random_fully } => {
                    return Some(Decision::Masquerade {
                        random_fully: *random_fully,
                    });
                }
            }
        }
        None
    }

    /// The rules of a chain that can be about this packet, in order. Rules of
    /// Services are found by address and port instead of one after the other:
    /// the result is the same, since each asks for one address or port.
    fn candidates(&self, name: &str, service: Option<&'a Arc<ServiceRules>>) -> Vec<Candidate<'a>> {
        let ruleset = self.ruleset;
        if let Some(rules) = service.and_then(|service| service.chains.get(name)) {
            return rules.iter().map(|rule| (rule, service)).collect();
        }
        let part: Option<fn(&ServiceRules) -> &Vec<Rule>> = match (self.table, name) {
            (Table::Nat, "KUBE-SERVICES") => Some(|one| &one.services),
            (Table::Nat, "KUBE-NODEPORTS") => Some(|one| &one.node_ports),
            (Table::Filter, "KUBE-SERVICES") => Some(|one| &one.filter_services),
            (Table::Filter, "KUBE-EXTERNAL-SERVICES") => Some(|one| &one.filter_external),
            (Table::Filter, "KUBE-PROXY-FIREWALL") => Some(|one| &one.filter_firewall),
            _ => None,
        };
        let mut found = Vec::new();
        if let Some(part) = part {
            let by_ip = ruleset.at_ip(self.facts.dst);
            let by_port = self
                .facts
                .protocol
                .into_iter()
                .flat_map(|protocol| ruleset.at_node_port(protocol, self.facts.dport));
            let ports = by_ip.chain(by_port);
            found.extend(ports.flat_map(|one| part(one).iter().map(move |rule| (rule, Some(one)))));
        }
        let chains: &'a Chains = match self.table {
            Table::Nat => &ruleset.base().nat,
            Table::Filter => &ruleset.base().filter,
        };
        let own = chains.get(name).into_iter().flatten();
        found.extend(own.map(|rule| (rule, None)));
        found
    }

    fn by_chance_and_memory(&mut self, rule: &Rule) -> bool {
        let (src, now) = (self.facts.src, self.now);
        rule.matches.iter().all(|condition| match condition {
            Match::Random { of } => self.chance.below(*of) == 0,
            Match::RecentlySeen { list, seconds } => {
                let within = Duration::from_secs(u64::from(*seconds));
                self.recent.seen(list, src, now, within)
            }
            Match::Remember { list } => {
                self.recent.remember(list, src, now);
                true
            }
            _ => true,
        })
    }

    fn note(&mut self, chain: &str, rule: &Rule, service: Option<&Arc<ServiceRules>>) {
        if let Some((why, decided)) = self.explain(chain, rule, service) {
            self.trail.push(Passed {
                line: rule.line(chain),
                why,
                decided,
            });
        }
    }

    /// Why a rule matters to a reader; none where it only leads on.
    fn explain(
        &self,
        chain: &str,
        rule: &Rule,
        service: Option<&Arc<ServiceRules>>,
    ) -> Option<(String, bool)> {
        let (dst, dport) = (self.facts.dst, self.facts.dport);
        let name = service.map(|one| one.name.clone()).unwrap_or_default();
        let why = match &rule.target {
            Target::Jump(to) => return self.explain_jump(chain, rule, to, service).map(|why| (why, false)),
            Target::Dnat(ip, port) => format!(
                "The destination becomes {ip}:{port}, the address of a real pod. conntrack remembers it for every later packet of this connection."
            ),
            Target::Masquerade { .. } => "The source becomes this node's own address, so that the reply comes back to this node, which alone knows how to translate it back.".into(),
            Target::Reject => format!(
                "Service {name} has no endpoint that could take the packet: the sender is told at once (ICMP port unreachable)."
            ),
            Target::Drop if chain == "KUBE-PROXY-FIREWALL" => format!(
                "{} is not in loadBalancerSourceRanges of {name}: the packet is lost without a word.",
                self.facts.src
            ),
            Target::Drop if service.is_some() => format!(
                "The traffic policy of {name} is Local and this node has no endpoint of it: the packet is lost without a word."
            ),
            Target::Drop => format!("This rule loses the packet to {dst}:{dport}."),
            Target::Accept if chain == "KUBE-FORWARD" => match self.facts.mark & 0x4000 {
                0 => "The packet is of a connection that this node knows.".into(),
                _ => "The packet is marked as Service traffic and may pass.".into(),
            },
            Target::Accept => "This rule lets the packet pass.".into(),
            Target::Return if chain == "KIND-MASQ-AGENT" => "The destination is a pod: pods see each other's own addresses, nothing is rewritten.".into(),
            Target::Nothing | Target::Return | Target::Mark { .. } => return None,
        };
        Some((why, true))
    }

    fn explain_jump(
        &self,
        chain: &str,
        rule: &Rule,
        to: &Name,
        service: Option<&Arc<ServiceRules>>,
    ) -> Option<String> {
        let service = service?;
        let (dst, dport, name) = (self.facts.dst, self.facts.dport, &service.name);
        let endpoints = service.endpoints.len();
        if &**to == "KUBE-MARK-MASQ" {
            return Some(match chain.starts_with("KUBE-SEP-") {
                true => "The pod was chosen to answer its own question: the packet is marked, so that its source is rewritten and the reply comes back through the node.".into(),
                false => "The packet is marked 0x4000: before it leaves, its source is rewritten (masquerade), so that the reply comes back through this node.".into(),
            });
        }
        if chain == "KUBE-NODEPORTS" {
            return Some(format!(
                "Port {dport} is the node port of Service {name}: every node takes it, whether it runs one of its pods or not."
            ));
        }
        if chain == "KUBE-SERVICES" {
            let what = match service.load_balancer_ips.contains(&dst) {
                true => "the load balancer's address",
                false => "a virtual IP; no interface has it",
            };
            return Some(format!(
                "Destination {dst}:{dport} is {what}. This rule hands the packet to Service {name}, which has {endpoints} {}.",
                if endpoints == 1 {
                    "endpoint"
                } else {
                    "endpoints"
                }
            ));
        }
        if to.starts_with("KUBE-SEP-") {
            return Some(self.explain_choice(rule, service));
        }
        None
    }

    fn explain_choice(&self, rule: &Rule, service: &ServiceRules) -> String {
        let chance = rule.matches.iter().find_map(|condition| match condition {
            Match::Random { of } => Some(*of),
            _ => None,
        });
        let seen = rule
            .matches
            .iter()
            .any(|condition| matches!(condition, Match::RecentlySeen { .. }));
        let count = service.endpoints.len();
        match chance {
            _ if seen => format!(
                "{} used this endpoint lately; sessionAffinity ClientIP keeps it there.",
                self.facts.src
            ),
            Some(of) => format!(
                "Chance picks one of {count} endpoints (1/{count} each). This rule takes 1 in {of} of what the rules before it left, and it took this packet."
            ),
            None if count > 1 => format!(
                "Chance picks one of {count} endpoints (1/{count} each). The rules before it did not take the packet; the last takes all that is left."
            ),
            None => "There is one endpoint: it takes every packet.".into(),
        }
    }
}
