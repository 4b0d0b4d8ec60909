//! Conntrack and address translation as a packet passes the hooks of a node.

use super::{Flight, Flow, Note, Walker};
use crate::api::Name;
use crate::network::netfilter::conntrack::{Connection, Direction, Tuple};
use crate::network::netfilter::evaluate::{Decision, Evaluation, Table, evaluate};
use crate::network::netfilter::{CtStates, Facts};
use crate::network::packet::Packet;
use crate::sim::trace::{Place, Site, Verdict};
use std::net::Ipv4Addr;

/// Ports that a masquerade may draw.
const PORTS: std::ops::Range<u32> = 1024..65_536;
/// How often a port is drawn before the connection is given up.
const DRAWS_MAX: usize = 128;

/// At which end of a node's hooks an address is rewritten.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// PREROUTING and OUTPUT: where it goes.
    Destination,
    /// POSTROUTING and INPUT: where it comes from.
    Source,
}

impl Walker<'_> {
    /// Finds the connection of a packet, or begins one.
    pub(super) fn track(&mut self, node: &Name, flight: &mut Flight) {
        if flight.flow.is_some() {
            return;
        }
        flight.flow = match flight.packet.tuple() {
            Some(tuple) => self.flow_of(node, tuple, &flight.packet),
            None => self.flow_about(node, &flight.packet),
        };
    }

    fn flow_of(&mut self, node: &Name, tuple: Tuple, packet: &Packet) -> Option<Flow> {
        let now = self.now;
        let flags = packet.flags();
        let table = &mut self.net.node_mut(node)?.conntrack;
        let reopened = flags.syn && !flags.ack;
        let found = table
            .find(&tuple, now)
            .map(|(id, direction, _)| (id, direction));
        let Some((id, direction)) = found else {
            // Only a first packet begins a TCP connection here; an answer or a
            // reset that nobody asked for is INVALID.
            let stray = flags.rst || (flags.syn && flags.ack);
            return (!stray).then(|| Flow {
                connection: Connection::begin(tuple, now),
                known: None,
                direction: Direction::Original,
                related: false,
            });
        };
        table.see(id, direction, flags, now);
        let (_, _, connection) = table.find(&tuple, now)?;
        let connection = *connection;
        let _ = reopened;
        Some(Flow {
            connection,
            known: Some(id),
            direction,
            related: false,
        })
    }

    /// The connection that an ICMP error is about: the error goes against the
    /// packet that it quotes.
    fn flow_about(&mut self, node: &Name, packet: &Packet) -> Option<Flow> {
        let crate::network::packet::Body::Error { about, .. } = &packet.body else {
            return None;
        };
        let back = about.tuple()?.turned();
        let now = self.now;
        let (id, direction, connection) = self.net.node(node)?.conntrack.find(&back, now)?;
        Some(Flow {
            connection: *connection,
            known: Some(id),
            direction,
            related: true,
        })
    }

    /// What rules can ask of a packet here.
    pub(super) fn facts(&self, node: &Name, flight: &Flight) -> Facts {
        let packet = &flight.packet;
        let states = match &flight.flow {
            None => CtStates::INVALID,
            Some(flow) if flow.related => CtStates::RELATED,
            Some(flow) => flow.connection.states(flow.direction),
        };
        Facts {
            src: packet.src,
            dst: packet.dst,
            protocol: packet.protocol(),
            dport: packet.ports().1,
            states,
            mark: flight.mark,
            src_local: self.is_local(node, packet.src),
            dst_local: self.is_local(node, packet.dst),
        }
    }

    pub(super) fn is_local(&self, node: &str, ip: Ipv4Addr) -> bool {
        let node = self.net.node(node);
        ip.is_loopback()
            || node.is_some_and(|node| node.wire.ip == ip || node.gateway() == Some(ip))
    }

    pub(super) fn evaluate(
        &mut self,
        node: &Name,
        table: Table,
        hook: &str,
        flight: &Flight,
    ) -> Option<Evaluation> {
        let facts = self.facts(node, flight);
        let now = self.now;
        let net = self.net.node_mut(node)?;
        let (rules, recent) = (&net.rules, &mut net.recent);
        Some(evaluate(
            rules,
            table,
            hook,
            facts,
            recent,
            self.chance,
            now,
        ))
    }

    /// Where the destination may be rewritten: by what the connection is known
    /// for, or, for its first packet, by the rules of nat.
    pub(super) fn translate_destination(&mut self, node: &Name, hook: &str, flight: &mut Flight) {
        let place = self.on_node(node, Site::Stack, "netfilter");
        let Some(flow) = flight.flow else {
            return;
        };
        if flow.known.is_some() {
            self.by_memory(&place, &flow, flight, End::Destination);
            return;
        }
        let Some(evaluation) = self.evaluate(node, Table::Nat, hook, flight) else {
            return;
        };
        let before = flight.packet.clone();
        flight.mark = evaluation.mark;
        if let Decision::Dnat(ip, port) = evaluation.decision {
            flight.packet.set_destination(ip, port);
            if let Some(flow) = &mut flight.flow {
                flow.connection.reply.src = ip;
                flow.connection.reply.sport = port;
            }
        }
        self.trail(
            &place,
            &format!("nat {hook}"),
            evaluation,
            &before,
            &flight.packet,
        );
    }

    /// Where the source may be rewritten. `out` is the address of the device that
    /// the packet leaves by.
    pub(super) fn translate_source(
        &mut self,
        node: &Name,
        hook: &str,
        out: Option<Ipv4Addr>,
        flight: &mut Flight,
    ) {
        let place = self.on_node(node, Site::Stack, "netfilter");
        let Some(flow) = flight.flow else {
            return;
        };
        if flow.known.is_some() {
            self.by_memory(&place, &flow, flight, End::Source);
            return;
        }
        let evaluation = out.and_then(|_| self.evaluate(node, Table::Nat, hook, flight));
        let before = flight.packet.clone();
        if let (Some(evaluation), Some(out)) = (evaluation, out) {
            if let Decision::Masquerade { random_fully } = evaluation.decision {
                self.masquerade(node, out, random_fully, flight);
            }
            self.trail(
                &place,
                &format!("nat {hook}"),
                evaluation,
                &before,
                &flight.packet,
            );
        }
        self.confirm(node, flight);
    }

    fn masquerade(&mut self, node: &Name, out: Ipv4Addr, random: bool, flight: &mut Flight) {
        let Some(flow) = &mut flight.flow else {
            return;
        };
        let own = flow.connection.original.sport;
        let mut reply = Tuple {
            dst: out,
            ..flow.connection.reply
        };
        let has_ports = flight.packet.protocol().is_some();
        for draw in 0..DRAWS_MAX {
            if has_ports && (random || draw > 0) {
                let port = PORTS.start + self.chance.below(PORTS.end - PORTS.start);
                reply.dport = u16::try_from(port).unwrap_or(own);
            }
            let table = self.net.node(node).map(|node| &node.conntrack);
            if table.is_none_or(|table| table.is_free(&reply, self.now)) {
                break;
            }
        }
        flow.connection.reply = reply;
        flight.packet.set_source(reply.dst, reply.dport);
    }

    /// The first packet got through: the connection is remembered.
    pub(super) fn confirm(&mut self, node: &Name, flight: &mut Flight) {
        let now = self.now;
        if let Some(flow) = &mut flight.flow
            && flow.known.is_none()
            && let Some(net) = self.net.node_mut(node)
        {
            flow.known = Some(net.conntrack.confirm(flow.connection, now));
        }
    }

    /// Later packets are rewritten as the first was; replies the other way round.
    fn by_memory(&mut self, place: &Place, flow: &Flow, flight: &mut Flight, end: End) {
        let connection = &flow.connection;
        let (original, reply) = (connection.original, connection.reply);
        let new = match (end, flow.direction) {
            (End::Destination, Direction::Original) if connection.is_dnat() => {
                (reply.src, reply.sport)
            }
            (End::Destination, Direction::Reply) if connection.is_snat() => {
                (original.src, original.sport)
            }
            (End::Source, Direction::Original) if connection.is_snat() => (reply.dst, reply.dport),
            (End::Source, Direction::Reply) if connection.is_dnat() => {
                (original.dst, original.dport)
            }
            _ => return self.known(place, flow, flight, end),
        };
        let before = flight.packet.clone();
        let what = match end {
            End::Destination => {
                flight.packet.set_destination(new.0, new.1);
                "destination"
            }
            End::Source => {
                flight.packet.set_source(new.0, new.1);
                "source"
            }
        };
        let way = match (flow.direction, end) {
            (Direction::Original, _) => "as for its first packet",
            (Direction::Reply, End::Destination) => "back to who really asked",
            (Direction::Reply, End::Source) => "back, so that who asked sees whom it asked",
        };
        let why = format!(
            "conntrack knows this connection; no rule of nat is looked at. The {what} is rewritten {way}: {}:{}.",
            new.0, new.1
        );
        let note = Note::new("conntrack", connection.line(self.now), why);
        self.change(place, note, &before, &flight.packet);
    }

    /// Known, and nothing to rewrite at this end.
    fn known(&mut self, place: &Place, flow: &Flow, flight: &Flight, end: End) {
        let connection = &flow.connection;
        let plain = !connection.is_dnat() && !connection.is_snat();
        if end == End::Destination && plain {
            let why = match flow.related {
                true => "An error about a connection that this node knows (RELATED).",
                false => {
                    "conntrack knows this connection; no rule of nat is looked at, and nothing is rewritten."
                }
            };
            let note = Note::new("conntrack", connection.line(self.now), why);
            self.hop(place, note, &flight.packet);
        }
    }

    /// Writes down the rules that mattered; the last is the one that changed the
    /// packet.
    pub(super) fn trail(
        &mut self,
        place: &Place,
        stage: &str,
        evaluation: Evaluation,
        before: &Packet,
        after: &Packet,
    ) {
        let count = evaluation.trail.len();
        for (position, passed) in evaluation.trail.into_iter().enumerate() {
            let verdict = match evaluation.decision {
                _ if !passed.decided => Verdict::Forwarded,
                Decision::Drop => Verdict::Dropped,
                Decision::Reject => Verdict::Rejected,
                _ => Verdict::Forwarded,
            };
            let note = Note::new(stage, passed.line, passed.why).verdict(verdict);
            match position + 1 == count && before != after {
                true => self.change(place, note, before, after),
                false => self.hop(place, note, before),
            }
        }
    }
}
