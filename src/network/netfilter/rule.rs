//! One rule of iptables: what it looks at, what it does, and its text as
//! `iptables-save` prints it.

use crate::api::Name;
use crate::network::Protocol;
use ipnet::Ipv4Net;
use std::fmt;
use std::net::Ipv4Addr;

/// A network that an address must (or, inverted, must not) lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    /// The network.
    pub net: Ipv4Net,
    /// Whether the address must lie outside (`!`).
    pub not: bool,
}

impl Within {
    fn holds(&self, ip: Ipv4Addr) -> bool {
        self.net.contains(&ip) != self.not
    }
}

/// States of conntrack's match, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CtStates(pub u8);

impl CtStates {
    /// Belongs to no connection and begins none.
    pub const INVALID: CtStates = CtStates(1);
    /// Begins a connection.
    pub const NEW: CtStates = CtStates(2);
    /// About a connection (ICMP errors).
    pub const RELATED: CtStates = CtStates(4);
    /// Of a connection that has seen packets both ways.
    pub const ESTABLISHED: CtStates = CtStates(8);
    /// Of a connection whose destination was rewritten.
    pub const DNAT: CtStates = CtStates(16);

    /// Both.
    pub const fn or(self, other: CtStates) -> CtStates {
        CtStates(self.0 | other.0)
    }

    /// Whether they share a state.
    pub const fn meets(self, other: CtStates) -> bool {
        self.0 & other.0 != 0
    }
}

/// The order in which iptables prints states.
const CT_STATE_NAMES: [(CtStates, &str); 5] = [
    (CtStates::INVALID, "INVALID"),
    (CtStates::NEW, "NEW"),
    (CtStates::RELATED, "RELATED"),
    (CtStates::ESTABLISHED, "ESTABLISHED"),
    (CtStates::DNAT, "DNAT"),
];

impl fmt::Display for CtStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = CT_STATE_NAMES
            .iter()
            .filter(|(state, _)| self.meets(*state));
        for (position, (_, name)) in held.enumerate() {
            let comma = if position > 0 { "," } else { "" };
            write!(f, "{comma}{name}")?;
        }
        Ok(())
    }
}

/// A match extension (`-m`).
#[derive(Clone, Debug, PartialEq)]
pub enum Match {
    /// Says something to the reader.
    Comment(Name),
    /// The transport module, with a destination port or without.
    Transport(Protocol, Option<u16>),
    /// The connection's state.
    CtState {
        /// Any of these.
        states: CtStates,
        /// None of them instead.
        not: bool,
    },
    /// The packet's mark.
    Mark {
        /// Value under the mask.
        value: u32,
        /// Mask.
        mask: u32,
        /// Must differ instead.
        not: bool,
    },
    /// The destination is (or is not) an address of this machine.
    DestinationLocal {
        /// Must not be.
        not: bool,
    },
    /// The source is an address of this machine.
    SourceLocal,
    /// Chance: true one time in `of`.
    Random {
        /// Candidates left, this one included.
        of: u32,
    },
    /// The source was seen here lately (`xt_recent`).
    RecentlySeen {
        /// List.
        list: Name,
        /// How long ago at most.
        seconds: u32,
    },
    /// Notes the source in a list (`xt_recent`); always true.
    Remember {
        /// List.
        list: Name,
    },
    /// Counts (`xt_nfacct`); always true.
    Account(&'static str),
}

/// What a rule does with a packet that it is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Only counts.
    Nothing,
    /// Goes through another chain, and comes back unless that decides.
    Jump(Name),
    /// Lets it pass this table.
    Accept,
    /// Loses it.
    Drop,
    /// Back to the chain that jumped here.
    Return,
    /// Loses it and tells the sender: ICMP port unreachable.
    Reject,
    /// Changes the mark: `mark = (mark & !mask) ^ value`.
    Mark {
        /// Value.
        value: u32,
        /// Mask.
        mask: u32,
    },
    /// Another destination.
    Dnat(Ipv4Addr, u16),
    /// The source becomes the address of the device it leaves by.
    Masquerade {
        /// A port by chance instead of the packet's own.
        random_fully: bool,
    },
}

/// A rule without the chain that it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `-s`.
    pub source: Option<Within>,
    /// `-d`.
    pub destination: Option<Within>,
    /// `-p`.
    pub protocol: Option<Protocol>,
    /// `-m`, in the order they were given.
    pub matches: Vec<Match>,
    /// `-j`.
    pub target: Target,
}

/// What rules can ask of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Source address.
    pub src: Ipv4Addr,
    /// Destination address.
    pub dst: Ipv4Addr,
    /// Protocol; none for ICMP.
    pub protocol: Option<Protocol>,
    /// Destination port.
    pub dport: u16,
    /// The connection's states.
    pub states: CtStates,
    /// Mark.
    pub mark: u32,
    /// Whether the source is an address of this machine.
    pub src_local: bool,
    /// Whether the destination is.
    pub dst_local: bool,
}

impl Rule {
    /// A rule for everything.
    pub fn new(target: Target) -> Self {
        Rule {
            source: None,
            destination: None,
            protocol: None,
            matches: Vec::new(),
            target,
        }
    }

    /// A rule that jumps.
    pub fn jump(chain: impl Into<Name>) -> Self {
        Rule::new(Target::Jump(chain.into()))
    }

    /// `-s NET`.
    pub fn from(mut self, net: Ipv4Net) -> Self {
        self.source = Some(Within { net, not: false });
        self
    }

    /// `! -s NET`.
    pub fn not_from(mut self, net: Ipv4Net) -> Self {
        self.source = Some(Within { net, not: true });
        self
    }

    /// `-d NET`.
    pub fn to(mut self, net: Ipv4Net) -> Self {
        self.destination = Some(Within { net, not: false });
        self
    }

    /// `! -d NET`.
    pub fn not_to(mut self, net: Ipv4Net) -> Self {
        self.destination = Some(Within { net, not: true });
        self
    }

    /// `-m …`.
    pub fn when(mut self, condition: Match) -> Self {
        if let Match::Transport(protocol, _) = condition {
            self.protocol = Some(protocol);
        }
        self.matches.push(condition);
        self
    }

    /// `-m comment --comment "…"`.
    pub fn comment(self, text: impl Into<Name>) -> Self {
        self.when(Match::Comment(text.into()))
    }

    /// Whether all that needs neither chance nor memory holds for a packet.
    pub fn is_about(&self, facts: &Facts) -> bool {
        self.source.is_none_or(|within| within.holds(facts.src))
            && self
                .destination
                .is_none_or(|within| within.holds(facts.dst))
            && self
                .protocol
                .is_none_or(|protocol| facts.protocol == Some(protocol))
            && self.matches.iter().all(|condition| condition.holds(facts))
    }

    /// The line of `iptables-save` for this rule in `chain`.
    pub fn line(&self, chain: &str) -> String {
        format!("-A {chain}{self}")
    }
}

impl Match {
    fn holds(&self, facts: &Facts) -> bool {
        match self {
            Match::Transport(_, port) => port.is_none_or(|port| facts.dport == port),
            Match::CtState { states, not } => states.meets(facts.states) != *not,
            Match::Mark { value, mask, not } => (facts.mark & mask == *value) != *not,
            Match::DestinationLocal { not } => facts.dst_local != *not,
            Match::SourceLocal => facts.src_local,
            Match::Comment(_)
            | Match::Random { .. }
            | Match::RecentlySeen { .. }
            | Match::Remember { .. }
            | Match::Account(_) => true,
        }
    }
}

/// What iptables keeps of one chance in `of`: kube-proxy writes ten decimals,
/// the kernel keeps 31 bits, iptables prints eleven decimals of those.
fn kept_probability(of: u32) -> f64 {
    const SCALE: f64 = 2_147_483_648.0;
    let ten_decimals = (1e10 / f64::from(of.max(1))).round() / 1e10;
    (ten_decimals * SCALE).round() / SCALE
}

fn bang(not: bool) -> &'static str {
    if not { "! " } else { "" }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = self.source {
            write!(f, " {}-s {}", bang(source.not), source.net)?;
        }
        if let Some(destination) = self.destination {
            write!(f, " {}-d {}", bang(destination.not), destination.net)?;
        }
        if let Some(protocol) = self.protocol {
            write!(f, " -p {}", protocol.lower())?;
        }
        self.matches
            .iter()
            .try_for_each(|held| write!(f, " {held}"))?;
        write!(f, "{}", self.target)
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Match::Comment(text) => write!(f, "-m comment --comment \"{text}\""),
            Match::Transport(protocol, None) => write!(f, "-m {}", protocol.lower()),
            Match::Transport(protocol, Some(port)) => {
                write!(f, "-m {} --dport {port}", protocol.lower())
            }
            Match::CtState { states, not } => {
                write!(f, "-m conntrack {}--ctstate {states}", bang(*not))
            }
            Match::Mark { value, mask, not } => {
                write!(f, "-m mark {}--mark {value:#x}/{mask:#x}", bang(*not))
            }
            Match::DestinationLocal { not } => {
                write!(f, "-m addrtype {}--dst-type LOCAL", bang(*not))
            }
            Match::SourceLocal => write!(f, "-m addrtype --src-type LOCAL"),
            Match::Random { of } => {
                let probability = kept_probability(*of);
                write!(
                    f,
                    "-m statistic --mode random --probability {probability:.11}"
                )
            }
            Match::RecentlySeen { list, seconds } => write!(
                f,
                "-m recent --rcheck --seconds {seconds} --reap --name {list} --mask 255.255.255.255 --rsource"
            ),
            Match::Remember { list } => write!(
                f,
                "-m recent --set --name {list} --mask 255.255.255.255 --rsource"
            ),
            // The extension prints two spaces here.
            Match::Account(name) => write!(f, "-m nfacct --nfacct-name  {name}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Nothing => Ok(()),
            Target::Jump(chain) => write!(f, " -j {chain}"),
            Target::Accept => f.write_str(" -j ACCEPT"),
            Target::Drop => f.write_str(" -j DROP"),
            Target::Return => f.write_str(" -j RETURN"),
            Target::Reject => f.write_str(" -j REJECT --reject-with icmp-port-unreachable"),
            Target::Mark { value, mask } => write!(f, " -j MARK --set-xmark {value:#x}/{mask:#x}"),
            Target::Dnat(ip, port) => write!(f, " -j DNAT --to-destination {ip}:{port}"),
            Target::Masquerade { random_fully: true } => {
                f.write_str(" -j MASQUERADE --random-fully")
            }
            Target::Masquerade {
                random_fully: false,
            } => f.write_str(" -j MASQUERADE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_printed_as_the_kernel_keeps_them() {
        let text = |of| format!("{:.11}", kept_probability(of));
        assert_eq!(text(3), "0.33333333349");
        assert_eq!(text(2), "0.50000000000");
        assert_eq!(text(10), "0.10000000009");
    }

    #[test]
    fn states_are_printed_in_iptables_order() {
        let states = CtStates::DNAT
            .or(CtStates::ESTABLISHED)
            .or(CtStates::RELATED);
        assert_eq!(states.to_string(), "RELATED,ESTABLISHED,DNAT");
    }
}
