//! A node's own network stack: its hooks and its routing.

use super::{End, Flight, Note, Route, Station, Walker};
use crate::api::Name;
use crate::network::Mac;
use crate::network::netfilter::evaluate::{Decision, Table};
use crate::network::packet::{Packet, Unreachable};
use crate::sim::trace::{Site, Verdict};
use std::net::Ipv4Addr;

impl Walker<'_> {
    /// PREROUTING: the connection is found, the destination perhaps rewritten.
    pub(super) fn prerouting(&mut self, node: &Name, flight: &mut Flight) {
        self.track(node, flight);
        self.translate_destination(node, "PREROUTING", flight);
    }

    /// The IP layer of a node gets a packet from a device.
    pub(super) fn receive(&mut self, node: &Name, mut flight: Flight, prerouted: bool) -> End {
        if !prerouted {
            self.prerouting(node, &mut flight);
        }
        let at = Station::Node(node.clone());
        let Some(route) = self.net.route(&at, flight.packet.dst) else {
            return self.complain(node, &flight, Unreachable::Net);
        };
        if route.local {
            return self.input(node, &route, flight);
        }
        self.forward(node, &route, flight)
    }

    fn input(&mut self, node: &Name, route: &Route, mut flight: Flight) -> End {
        let place = self.on_node(node, Site::Stack, "route");
        let why = format!(
            "{} is an address of this node: the packet is for a process here.",
            flight.packet.dst
        );
        self.hop(
            &place,
            Note::new("route", route.text.clone(), why),
            &flight.packet,
        );
        if let Some(end) = self.filter(node, "INPUT", &flight) {
            return end;
        }
        self.translate_source(node, "INPUT", None, &mut flight);
        self.deliver(&Station::Node(node.clone()), flight)
    }

    fn forward(&mut self, node: &Name, route: &Route, mut flight: Flight) -> End {
        let place = self.on_node(node, Site::Stack, "route");
        let before = flight.packet.clone();
        if before.ttl <= 1 {
            let why = "Its time to live is used up: the packet is dropped and its sender told.";
            let note = Note::new("route", route.text.clone(), why).verdict(Verdict::Rejected);
            self.hop(&place, note, &before);
            return self.complain(node, &flight, Unreachable::TtlExceeded);
        }
        flight.packet.ttl -= 1;
        let dst = before.dst;
        let next = match route.via {
            Some(via) => format!("the next router on the way to it is {via}"),
            None => "it is on that link itself".into(),
        };
        let why = format!(
            "The node routes: {dst} is reached by {}, {next}. Routing takes one from the time to live.",
            route.dev
        );
        self.change(
            &place,
            Note::new("route", route.text.clone(), why),
            &before,
            &flight.packet,
        );
        if let Some(end) = self.filter(node, "FORWARD", &flight) {
            return end;
        }
        self.translate_source(
            node,
            "POSTROUTING",
            self.address_of(node, route),
            &mut flight,
        );
        self.transmit(node, route, flight)
    }

    /// The address that MASQUERADE gives to what leaves by a route's device.
    pub(super) fn address_of(&self, node: &str, route: &Route) -> Option<Ipv4Addr> {
        let node = self.net.node(node)?;
        match route.dev {
            "cni0" => node.gateway(),
            "lo" => Some(route.src),
            _ => Some(node.wire.ip),
        }
    }

    /// Table filter. None: the packet may go on.
    pub(super) fn filter(&mut self, node: &Name, hook: &str, flight: &Flight) -> Option<End> {
        let evaluation = self.evaluate(node, Table::Filter, hook, flight)?;
        let place = self.on_node(node, Site::Stack, "netfilter");
        let stage = format!("filter {hook}");
        let decision = evaluation.decision;
        let said = evaluation.trail.iter().rfind(|passed| passed.decided);
        let why = said.map(|passed| passed.why.clone());
        match evaluation.trail.is_empty() {
            true => {
                let why = "No rule of filter is about the packet; the chain's policy lets it pass.";
                let note = Note::new(&stage, format!(":{hook} ACCEPT"), why);
                self.hop(&place, note, &flight.packet);
            }
            false => self.trail(&place, &stage, evaluation, &flight.packet, &flight.packet),
        }
        match decision {
            Decision::Drop => Some(End::dead(format!(
                "{node}, {stage}: {}",
                why.unwrap_or_else(|| "a rule drops the packet.".into())
            ))),
            Decision::Reject => Some(self.complain(node, flight, Unreachable::Port)),
            _ => None,
        }
    }

    /// Resolves the next hop and hands the frame to the device.
    pub(super) fn transmit(&mut self, node: &Name, route: &Route, mut flight: Flight) -> End {
        let at = Station::Node(node.clone());
        let next = route.via.unwrap_or(flight.packet.dst);
        let Some((mac, _)) = self.resolve(&at, next, &flight.packet) else {
            return self.complain(node, &flight, Unreachable::Host);
        };
        flight.packet.eth_dst = mac;
        let Some(net) = self.net.node(node) else {
            return End::dead(format!("{node} is gone."));
        };
        if route.dev == "cni0" {
            flight.packet.eth_src = net.gateway().map(Mac::of_pod).unwrap_or_default();
            return self.bridge_out(node, flight);
        }
        flight.packet.eth_src = net.mac();
        let place = self.on_node(node, Site::NodeEth0, "eth0");
        let why = format!("The frame leaves the node by eth0, to {mac}.");
        self.device(
            &place,
            false,
            Note::new("eth0", "eth0: transmit", why),
            &flight.packet,
        );
        self.underlay(flight.leave())
    }

    /// The node gives a packet up and tells its sender.
    pub(super) fn complain(&mut self, node: &Name, flight: &Flight, reason: Unreachable) -> End {
        let at = Station::Node(node.clone());
        let packet = &flight.packet;
        // The error comes from the address that the way back begins with.
        let back = self.net.route(&at, packet.src);
        let from = back.map_or(packet.dst, |route| match route.local {
            true => packet.src,
            false => route.src,
        });
        End::Dead {
            why: format!("{node} gives up on the packet to {}: {reason}.", packet.dst),
            answer: Some((at, packet.error(from, reason))),
        }
    }

    /// A process of the node, or its kernel, sends.
    pub(super) fn node_send(&mut self, node: &Name, mut flight: Flight) -> End {
        if !self.net.node(node).is_some_and(|node| node.powered) {
            return End::dead(format!("{node} has no power."));
        }
        let at = Station::Node(node.clone());
        let Some(route) = self.net.route(&at, flight.packet.dst) else {
            return self.complain(node, &flight, Unreachable::Net);
        };
        self.track(node, &mut flight);
        self.translate_destination(node, "OUTPUT", &mut flight);
        if let Some(end) = self.filter(node, "OUTPUT", &flight) {
            return end;
        }
        let Some(route) = self.net.route(&at, flight.packet.dst).or(Some(route)) else {
            return self.complain(node, &flight, Unreachable::Net);
        };
        let place = self.on_node(node, Site::Stack, "route");
        let why = format!(
            "The node's own packet to {} goes by {}.",
            flight.packet.dst, route.dev
        );
        self.hop(
            &place,
            Note::new("route", route.text.clone(), why),
            &flight.packet,
        );
        let out = self.address_of(node, &route);
        self.translate_source(node, "POSTROUTING", out, &mut flight);
        if !route.local {
            return self.transmit(node, &route, flight);
        }
        self.loop_back(&at, &flight.packet);
        if let Some(end) = self.filter(node, "INPUT", &flight) {
            return end;
        }
        self.deliver(&at, flight)
    }

    /// Out of lo and in again.
    pub(super) fn loop_back(&mut self, at: &Station, packet: &Packet) {
        let place = match at {
            Station::Pod(uid) => self.in_pod(uid, Site::Loopback, "lo"),
            Station::Node(node) => self.on_node(node, Site::Loopback, "lo"),
            _ => return,
        };
        let why = "The packet never leaves this namespace: what goes out of lo comes in by lo.";
        self.device(&place, false, Note::new("lo", "lo: transmit", why), packet);
        let why = "It is back, without having touched a cable.";
        self.device(&place, true, Note::new("lo", "lo: receive", why), packet);
    }
}
