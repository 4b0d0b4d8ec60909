//! One connection: its two directions, its life, its timeouts.

use crate::network::Protocol;
use crate::network::netfilter::CtStates;
use crate::sim::Instant;
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

/// `nf_conntrack_tcp_timeout_syn_sent`.
const SYN_SENT: Duration = Duration::from_secs(120);
/// `nf_conntrack_tcp_timeout_syn_recv`.
const SYN_RECV: Duration = Duration::from_secs(60);
/// kube-proxy sets 24 hours (`--conntrack-tcp-timeout-established`).
const ESTABLISHED: Duration = Duration::from_secs(86_400);
/// `nf_conntrack_tcp_timeout_fin_wait`.
const FIN_WAIT: Duration = Duration::from_secs(120);
/// `nf_conntrack_tcp_timeout_last_ack`.
const LAST_ACK: Duration = Duration::from_secs(30);
/// `nf_conntrack_tcp_timeout_time_wait`.
const TIME_WAIT: Duration = Duration::from_secs(120);
/// `nf_conntrack_tcp_timeout_close`.
const CLOSE: Duration = Duration::from_secs(10);
/// `nf_conntrack_udp_timeout`, and `_stream` once it went both ways for long.
const UDP: Duration = Duration::from_secs(30);
const UDP_STREAM: Duration = Duration::from_secs(120);
/// `nf_conntrack_icmp_timeout`.
const ICMP: Duration = Duration::from_secs(30);

/// The protocol of a tracked packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tracked {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP echo; its identifier stands in for both ports.
    Icmp,
}

impl Tracked {
    pub(super) fn of(protocol: Protocol) -> Option<Tracked> {
        match protocol {
            Protocol::Tcp => Some(Tracked::Tcp),
            Protocol::Udp => Some(Tracked::Udp),
            Protocol::Sctp => None,
        }
    }
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tuple {
    /// Protocol.
    pub protocol: Tracked,
    /// Source address.
    pub src: Ipv4Addr,
    /// Source port.
    pub sport: u16,
    /// Destination address.
    pub dst: Ipv4Addr,
    /// Destination port.
    pub dport: u16,
}

impl Tuple {
    /// The other direction.
    pub fn turned(self) -> Tuple {
        Tuple {
            src: self.dst,
            sport: self.dport,
            dst: self.src,
            dport: self.sport,
            ..self
        }
    }
}

impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sport, dport) = match self.protocol {
            Tracked::Icmp => {
                return write!(f, "src={} dst={} id={}", self.src, self.dst, self.sport);
            }
            _ => (self.sport, self.dport),
        };
        write!(
            f,
            "src={} dst={} sport={sport} dport={dport}",
            self.src, self.dst
        )
    }
}

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// TCP: the first packet went.
    SynSent,
    /// TCP: it was answered.
    SynRecv,
    /// TCP: both sides agree.
    Established,
    /// TCP: one side closes.
    FinWait,
    /// TCP: the other closes too.
    LastAck,
    /// TCP: closed; late packets are waited for.
    TimeWait,
    /// TCP: reset.
    Close,
    /// UDP and ICMP have no states.
    None,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Stage::SynSent => "SYN_SENT ",
            Stage::SynRecv => "SYN_RECV ",
            Stage::Established => "ESTABLISHED ",
            Stage::FinWait => "FIN_WAIT ",
            Stage::LastAck => "LAST_ACK ",
            Stage::TimeWait => "TIME_WAIT ",
            Stage::Close => "CLOSE ",
            Stage::None => "",
        }
    }
}

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// As its first packet came.
    pub original: Tuple,
    /// As its replies come. Differs from the turned original where addresses are
    /// rewritten.
    pub reply: Tuple,
    /// Where it is in its life.
    pub stage: Stage,
    /// Whether a reply was seen.
    pub replied: bool,
    /// Whether it is too good to be thrown out early.
    pub assured: bool,
    /// When it is forgotten.
    pub until: Instant,
}

impl Connection {
    /// What a first packet begins.
    pub fn begin(original: Tuple, now: Instant) -> Self {
        let (stage, lasts) = match original.protocol {
            Tracked::Tcp => (Stage::SynSent, SYN_SENT),
            Tracked::Udp => (Stage::None, UDP),
            Tracked::Icmp => (Stage::None, ICMP),
        };
        Connection {
            original,
            reply: original.turned(),
            stage,
            replied: false,
            assured: false,
            until: now + lasts,
        }
    }

    /// Whether its destination is rewritten.
    pub fn is_dnat(&self) -> bool {
        (self.reply.src, self.reply.sport) != (self.original.dst, self.original.dport)
    }

    /// Whether its source is rewritten.
    pub fn is_snat(&self) -> bool {
        (self.reply.dst, self.reply.dport) != (self.original.src, self.original.sport)
    }

    /// The states that rules see for a packet of it.
    pub fn states(&self, direction: Direction) -> CtStates {
        let known = self.replied || direction == Direction::Reply;
        let state = match known {
            true => CtStates::ESTABLISHED,
            false => CtStates::NEW,
        };
        match self.is_dnat() {
            true => state.or(CtStates::DNAT),
            false => state,
        }
    }

    /// Takes note of a packet.
    pub fn see(&mut self, direction: Direction, flags: TcpFlags, now: Instant) {
        self.replied |= direction == Direction::Reply;
        let lasts = match self.original.protocol {
            Tracked::Icmp => ICMP,
            Tracked::Udp if self.replied => {
                self.assured = true;
                UDP_STREAM
            }
            Tracked::Udp => UDP,
            Tracked::Tcp => self.see_tcp(direction, flags),
        };
        self.until = now + lasts;
    }

    fn see_tcp(&mut self, direction: Direction, flags: TcpFlags) -> Duration {
        self.stage = match (self.stage, direction) {
            _ if flags.rst => Stage::Close,
            (Stage::SynSent, Direction::Reply) if flags.syn => Stage::SynRecv,
            (Stage::SynRecv, Direction::Original) if !flags.syn => Stage::Established,
            (Stage::Established, _) if flags.fin => Stage::FinWait,
            (Stage::FinWait, _) if flags.fin => Stage::LastAck,
            (Stage::LastAck, _) => Stage::TimeWait,
            (stage, _) => stage,
        };
        self.assured |= self.stage == Stage::Established;
        match self.stage {
            Stage::SynSent => SYN_SENT,
            Stage::SynRecv => SYN_RECV,
            Stage::FinWait => FIN_WAIT,
            Stage::LastAck => LAST_ACK,
            Stage::TimeWait => TIME_WAIT,
            Stage::Close => CLOSE,
            Stage::Established | Stage::None => ESTABLISHED,
        }
    }

    /// The line of `conntrack -L`.
    pub fn line(&self, now: Instant) -> String {
        let (name, number) = match self.original.protocol {
            Tracked::Tcp => ("tcp", 6),
            Tracked::Udp => ("udp", 17),
            Tracked::Icmp => ("icmp", 1),
        };
        let seconds = self.until.since(now).as_secs();
        let unreplied = if self.replied { "" } else { "[UNREPLIED] " };
        let assured = if self.assured { "[ASSURED] " } else { "" };
        format!(
            "{name:<8} {number} {seconds} {}{} {unreplied}{} {assured}mark=0 use=1",
            self.stage.name(),
            self.original,
            self.reply
        )
    }
}

/// The flags of TCP that matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags {
    /// Opens.
    pub syn: bool,
    /// Acknowledges.
    pub ack: bool,
    /// Carries data for the reader.
    pub psh: bool,
    /// Closes.
    pub fin: bool,
    /// Resets.
    pub rst: bool,
}

/// Which way a packet of a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// As the first packet.
    Original,
    /// Back.
    Reply,
}
