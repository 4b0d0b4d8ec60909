//! The chains that are the same on every node: what kube-proxy writes once at
//! its start, and what the CNI plugin adds.

use super::rule::{CtStates, Match, Rule, Target};
use crate::api::Name;
use ipnet::Ipv4Net;
use std::collections::BTreeMap;

/// The mark that kube-proxy puts on packets whose source must be rewritten.
pub const MASQUERADE_MARK: u32 = 0x4000;

/// Chains by name.
pub type Chains = BTreeMap<Name, Vec<Rule>>;

/// How packets that leave the cluster get their node's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutboundMasquerade {
    /// kindnet's ip-masq agent: all but pod-to-pod traffic.
    #[default]
    KindNet,
    /// kubenet: all that leaves this range.
    Kubenet(Ipv4Net),
    /// Nobody does it.
    Off,
}

/// Who wrote into the tables, apart from the per-service chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseOptions {
    /// Whether kube-proxy has started.
    pub kube_proxy: bool,
    /// What the CNI plugin wrote.
    pub masquerade: OutboundMasquerade,
    /// The range of all pods.
    pub cluster_cidr: Ipv4Net,
}

/// The chains of each table that are there before any Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Base {
    /// Table `mangle`.
    pub mangle: Chains,
    /// Table `nat`.
    pub nat: Chains,
    /// Table `filter`.
    pub filter: Chains,
}

/// The built-in chains of each table, in the order of `iptables-save`.
pub const MANGLE_HOOKS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
/// Those of `nat`.
pub const NAT_HOOKS: [&str; 4] = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"];
/// Those of `filter`.
pub const FILTER_HOOKS: [&str; 3] = ["INPUT", "FORWARD", "OUTPUT"];

impl Base {
    /// The chains that these writers leave.
    pub fn new(options: &BaseOptions) -> Self {
        let mut base = Base::default();
        MANGLE_HOOKS
            .iter()
            .for_each(|hook| add(&mut base.mangle, hook, []));
        NAT_HOOKS
            .iter()
            .for_each(|hook| add(&mut base.nat, hook, []));
        FILTER_HOOKS
            .iter()
            .for_each(|hook| add(&mut base.filter, hook, []));
        if options.kube_proxy {
            add(&mut base.mangle, "KUBE-PROXY-CANARY", []);
            base.kube_proxy_filter();
            base.kube_proxy_nat();
        }
        base.outbound(options);
        base
    }

    fn kube_proxy_filter(&mut self) {
        let new = |rule: Rule| rule.when(state(CtStates::NEW));
        let firewall =
            || new(Rule::jump("KUBE-PROXY-FIREWALL")).comment("kubernetes load balancer firewall");
        let portals = || new(Rule::jump("KUBE-SERVICES")).comment("kubernetes service portals");
        let external = || {
            new(Rule::jump("KUBE-EXTERNAL-SERVICES"))
                .comment("kubernetes externally-visible service portals")
        };
        let health = Rule::jump("KUBE-NODEPORTS").comment("kubernetes health check service ports");
        let forward = Rule::jump("KUBE-FORWARD").comment("kubernetes forwarding rules");
        let local = || Rule::jump("KUBE-FIREWALL");
        let filter = &mut self.filter;
        add(filter, "INPUT", [local(), firewall(), health, external()]);
        add(
            filter,
            "FORWARD",
            [firewall(), forward, portals(), external()],
        );
        add(filter, "OUTPUT", [local(), firewall(), portals()]);
        add(filter, "KUBE-FIREWALL", [localnet_guard()]);
        add(filter, "KUBE-FORWARD", forward_rules());
        let empty = [
            "KUBE-EXTERNAL-SERVICES",
            "KUBE-NODEPORTS",
            "KUBE-PROXY-CANARY",
            "KUBE-PROXY-FIREWALL",
            "KUBE-SERVICES",
        ];
        empty.iter().for_each(|chain| add(filter, chain, []));
    }

    fn kube_proxy_nat(&mut self) {
        let portals = || Rule::jump("KUBE-SERVICES").comment("kubernetes service portals");
        let posts = Rule::jump("KUBE-POSTROUTING").comment("kubernetes postrouting rules");
        let mark = |mask| {
            Rule::new(Target::Mark {
                value: MASQUERADE_MARK,
                mask,
            })
        };
        let unmarked = Rule::new(Target::Return).when(Match::Mark {
            value: MASQUERADE_MARK,
            mask: MASQUERADE_MARK,
            not: true,
        });
        let masquerade = Rule::new(Target::Masquerade { random_fully: true })
            .comment("kubernetes service traffic requiring SNAT");
        let node_ports = Rule::jump("KUBE-NODEPORTS")
            .comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain")
            .when(Match::DestinationLocal { not: false });
        let nat = &mut self.nat;
        add(nat, "PREROUTING", [portals()]);
        add(nat, "OUTPUT", [portals()]);
        add(nat, "POSTROUTING", [posts]);
        add(nat, "KUBE-MARK-MASQ", [mark(MASQUERADE_MARK)]);
        add(nat, "KUBE-POSTROUTING", [unmarked, mark(0), masquerade]);
        add(nat, "KUBE-SERVICES", [node_ports]);
        add(nat, "KUBE-NODEPORTS", []);
        add(nat, "KUBE-PROXY-CANARY", []);
    }

    fn outbound(&mut self, options: &BaseOptions) {
        let masquerade = Rule::new(Target::Masquerade {
            random_fully: false,
        });
        let elsewhere = Match::DestinationLocal { not: true };
        match options.masquerade {
            OutboundMasquerade::Off => {}
            OutboundMasquerade::Kubenet(inside) => {
                let rule = masquerade
                    .not_to(inside)
                    .comment("kubenet: SNAT for outbound traffic from cluster")
                    .when(elsewhere);
                add(&mut self.nat, "POSTROUTING", [rule]);
            }
            OutboundMasquerade::KindNet => {
                let agent = "kind-masq-agent:";
                let jump = Rule::jump("KIND-MASQ-AGENT").when(elsewhere).comment(format!(
                    "{agent} ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom KIND-MASQ-AGENT chain"
                ));
                let inside = Rule::new(Target::Return)
                    .to(options.cluster_cidr)
                    .comment(format!(
                        "{agent} local traffic is not subject to MASQUERADE"
                    ));
                let rest = masquerade.comment(format!(
                    "{agent} outbound traffic is subject to MASQUERADE (must be last in chain)"
                ));
                add(&mut self.nat, "POSTROUTING", [jump]);
                add(&mut self.nat, "KIND-MASQ-AGENT", [inside, rest]);
            }
        }
    }
}

fn localnet_guard() -> Rule {
    let loopback = Ipv4Net::new_assert([127, 0, 0, 0].into(), 8);
    let known = CtStates::RELATED
        .or(CtStates::ESTABLISHED)
        .or(CtStates::DNAT);
    Rule::new(Target::Drop)
        .not_from(loopback)
        .to(loopback)
        .comment("block incoming localnet connections")
        .when(Match::CtState {
            states: known,
            not: true,
        })
}

fn forward_rules() -> [Rule; 3] {
    let invalid = Rule::new(Target::Drop)
        .when(state(CtStates::INVALID))
        .when(Match::Account("ct_state_invalid_dropped_pkts"));
    let marked = Rule::new(Target::Accept)
        .comment("kubernetes forwarding rules")
        .when(Match::Mark {
            value: MASQUERADE_MARK,
            mask: MASQUERADE_MARK,
            not: false,
        });
    let known = Rule::new(Target::Accept)
        .comment("kubernetes forwarding conntrack rule")
        .when(state(CtStates::RELATED.or(CtStates::ESTABLISHED)));
    [invalid, marked, known]
}

fn state(states: CtStates) -> Match {
    Match::CtState { states, not: false }
}

fn add<const N: usize>(chains: &mut Chains, name: &str, rules: [Rule; N]) {
    chains.entry(name.into()).or_default().extend(rules);
}
