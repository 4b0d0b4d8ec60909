//! Connection tracking: which connections a node knows, how it rewrites their
//! packets, and until when it remembers them.

mod connection;

pub use connection::{Connection, Direction, Stage, TcpFlags, Tracked, Tuple};

use super::table::ServiceRules;
use crate::sim::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Connections that a node remembers at most (`nf_conntrack_max`); beyond it the
/// one that would end first goes.
pub const CONNECTIONS_MAX: usize = 65_536;

/// A node's connections.
#[derive(Clone, Debug, Default)]
pub struct Conntrack {
    connections: BTreeMap<u64, Connection>,
    by_tuple: BTreeMap<Tuple, (u64, Direction)>,
    by_end: BTreeSet<(Instant, u64)>,
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
            let Some((_, first)) = self.by_end.first().copied() else {
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
        while let Some((until, id)) = self.by_end.first().copied() {
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
    use std::net::Ipv4Addr;

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
