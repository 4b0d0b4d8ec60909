//! Connection tracking: which connections a node knows, how it rewrites their
//! packets, and until when it remembers them.

use super::rule::CtStates;
use super::table::ServiceRules;
use crate::network::Protocol;
use crate::sim::Instant;
use imbl::{OrdMap, OrdSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Connections that a node remembers at most (`nf_conntrack_max`); beyond it the
/// one that would end first goes.
pub const CONNECTIONS_MAX: usize = 65_536;

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
    fn of(protocol: Protocol) -> Option<Tracked> {
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

/// A node's connections.
#[derive(Clone, Debug, Default)]
pub struct Conntrack {
    connections: OrdMap<u64, Connection>,
    by_tuple: OrdMap<Tuple, (u64, Direction)>,
    by_end: OrdSet<(Instant, u64)>,
    next: u64,
}

impl Conntrack {
    /// The connection that a packet belongs to, if it is known and alive.
    pub fn find(&self, tuple: &Tuple, now: Instant) -> Option<(u64, Direction, &Connection)> {
        let (id, direction) = self.by_tuple.get(tuple)?;
        let connection = self.connections.get(id)?;
        (connection.until > now).then_some((*id, *direction, connection))
    }

    /// Whether a reply tuple is free to be used.
    pub fn is_free(&self, reply: &Tuple, now: Instant) -> bool {
        self.find(reply, now).is_none()
    }

    /// Remembers a connection whose first packet got through.
    pub fn confirm(&mut self, connection: Connection, now: Instant) -> u64 {
        self.forget_ended(now);
        while self.connections.len() >= CONNECTIONS_MAX {
            let Some((_, first)) = self.by_end.get_min().copied() else {
                break;
            };
            self.remove(first);
        }
        for tuple in [connection.original, connection.reply] {
            if let Some((old, _)) = self.by_tuple.get(&tuple).copied() {
                self.remove(old);
            }
        }
        let id = self.next;
        self.next += 1;
        let directions = [
            (connection.original, Direction::Original),
            (connection.reply, Direction::Reply),
        ];
        for (tuple, direction) in directions {
            self.by_tuple.insert(tuple, (id, direction));
        }
        self.by_end.insert((connection.until, id));
        self.connections.insert(id, connection);
        id
    }

    /// Takes note of a packet of a known connection.
    pub fn see(&mut self, id: u64, direction: Direction, flags: TcpFlags, now: Instant) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        self.by_end.remove(&(connection.until, id));
        connection.see(direction, flags, now);
        self.by_end.insert((connection.until, id));
    }

    /// Deletes what leads to UDP endpoints that a Service port no longer has:
    /// without it their packets would go on to the old endpoint (kube-proxy does
    /// the same; TCP notices by itself).
    pub fn clean_udp(&mut self, port: &ServiceRules, now: Instant) {
        if Tracked::of(port.protocol) != Some(Tracked::Udp) {
            return;
        }
        let stale = |connection: &Connection| {
            let to = (connection.original.dst, connection.original.dport);
            let by_ip = port.ips.contains(&to.0) && to.1 == port.port;
            let by_node_port = port.node_port != 0 && to.1 == port.node_port;
            let leads = (connection.reply.src, connection.reply.sport);
            connection.original.protocol == Tracked::Udp
                && connection.is_dnat()
                && (by_ip || by_node_port)
                && !port.endpoints.contains(&leads)
        };
        self.forget_ended(now);
        let all = self.connections.iter();
        let gone: Vec<u64> = all
            .filter(|(_, one)| stale(one))
            .map(|(id, _)| *id)
            .collect();
        gone.into_iter().for_each(|id| self.remove(id));
    }

    /// The connections that are alive, the oldest first.
    pub fn alive(&self, now: Instant) -> impl Iterator<Item = &Connection> {
        let all = self.connections.values();
        all.filter(move |connection| connection.until > now)
    }

    fn forget_ended(&mut self, now: Instant) {
        while let Some((until, id)) = self.by_end.get_min().copied() {
            if until > now {
                break;
            }
            self.remove(id);
        }
    }

    fn remove(&mut self, id: u64) {
        let Some(gone) = self.connections.remove(&id) else {
            return;
        };
        self.by_end.remove(&(gone.until, id));
        for tuple in [gone.original, gone.reply] {
            if self
                .by_tuple
                .get(&tuple)
                .is_some_and(|(held, _)| *held == id)
            {
                self.by_tuple.remove(&tuple);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(protocol: Tracked) -> Tuple {
        Tuple {
            protocol,
            src: Ipv4Addr::new(10, 244, 1, 2),
            sport: 40001,
            dst: Ipv4Addr::new(10, 96, 0, 17),
            dport: 80,
        }
    }

    fn flags(text: &str) -> TcpFlags {
        TcpFlags {
            syn: text.contains('S'),
            ack: text.contains('A'),
            psh: text.contains('P'),
            fin: text.contains('F'),
            rst: text.contains('R'),
        }
    }

    #[test]
    fn a_tcp_connection_lives_and_ends() {
        let mut table = Conntrack::default();
        let mut connection = Connection::begin(tuple(Tracked::Tcp), Instant::ZERO);
        connection.reply.src = Ipv4Addr::new(10, 244, 2, 2);
        let id = table.confirm(connection, Instant::ZERO);
        let packets = [
            (
                Direction::Reply,
                "SA",
                "tcp      6 60 SYN_RECV src=10.244.1.2",
            ),
            (
                Direction::Original,
                "A",
                "tcp      6 86400 ESTABLISHED src=10.244.1.2",
            ),
            (
                Direction::Reply,
                "FA",
                "tcp      6 120 FIN_WAIT src=10.244.1.2",
            ),
            (
                Direction::Original,
                "FA",
                "tcp      6 30 LAST_ACK src=10.244.1.2",
            ),
            (
                Direction::Reply,
                "A",
                "tcp      6 120 TIME_WAIT src=10.244.1.2",
            ),
        ];
        for (direction, text, expected) in packets {
            table.see(id, direction, flags(text), Instant::ZERO);
            let line = table
                .alive(Instant::ZERO)
                .next()
                .map(|one| one.line(Instant::ZERO));
            assert!(
                line.as_ref().is_some_and(|line| line.starts_with(expected)),
                "{line:?}"
            );
        }
        assert_eq!(table.alive(Instant::from_secs(121)).count(), 0);
        assert!(
            table
                .find(&connection.reply, Instant::from_secs(60))
                .is_some()
        );
        assert!(
            table
                .find(&connection.reply, Instant::from_secs(121))
                .is_none()
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut table = Conntrack::default();
        for number in 0..CONNECTIONS_MAX as u32 + 10 {
            let src = Ipv4Addr::from(number);
            let original = Tuple {
                src,
                ..tuple(Tracked::Udp)
            };
            table.confirm(Connection::begin(original, Instant::ZERO), Instant::ZERO);
        }
        assert_eq!(table.alive(Instant::ZERO).count(), CONNECTIONS_MAX);
    }
}
