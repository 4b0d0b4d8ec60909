//! cni0: the bridge that a node's pods are plugged into, its forwarding table,
//! and what br_netfilter does to frames that cross it.

use super::{End, Flight, Note, Station, Walker};
use crate::api::Name;
use crate::network::Mac;
use crate::network::packet::Unreachable;
use crate::sim::Instant;
use crate::sim::trace::{Site, Verdict};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How long the bridge remembers where an address is (`ageing_time`).
pub const AGEING: Duration = Duration::from_secs(300);

/// Where a bridge saw an address last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The port.
    pub port: Name,
    /// When.
    pub at: Instant,
}

/// A bridge's forwarding table.
pub type ForwardingTable = BTreeMap<Mac, Seen>;

impl Walker<'_> {
    pub(super) fn learn_port(&mut self, node: &Name, mac: Mac, port: &Name) {
        let seen = Seen {
            port: port.clone(),
            at: self.now,
        };
        if let Some(net) = self.net.node_mut(node)
            && &**port != "cni0"
        {
            net.fdb.insert(mac, seen);
        }
    }

    /// A frame comes in by a pod's cable.
    pub(super) fn bridge_in(&mut self, node: &Name, port: &Name, mut flight: Flight) -> End {
        let place = self.on_node(node, Site::Veth, port);
        let why = format!(
            "The other end of the pod's cable is {port}, a port of the bridge cni0. The bridge notes that {} is behind it.",
            flight.packet.eth_src
        );
        let note = Note::new("veth", format!("{port}: receive, master cni0"), why);
        self.device(&place, true, note, &flight.packet);
        self.learn_port(node, flight.packet.eth_src, port);
        let Some(own) = self
            .net
            .node(node)
            .and_then(|node| node.gateway())
            .map(Mac::of_pod)
        else {
            return End::dead(format!("{node} has no bridge."));
        };
        let bridge_nf = self.net.config.bridge_nf;
        let asked = flight.packet.dst;
        if bridge_nf {
            self.prerouting(node, &mut flight);
        }
        if flight.packet.dst != asked {
            let at = Station::Node(node.clone());
            let route = self.net.route(&at, flight.packet.dst);
            if route.is_some_and(|route| route.dev == "cni0") {
                return self.bridged_dnat(node, port, own, flight);
            }
            flight.packet.eth_dst = own;
        }
        if flight.packet.eth_dst != own {
            return self.bridge_forward(node, Some(port), flight);
        }
        let place = self.on_node(node, Site::Bridge, "cni0");
        let why = "The frame is addressed to the bridge itself: it goes up to the node's own network stack.";
        let note = Note::new("bridge", format!("{own} dev cni0 self permanent"), why);
        self.device(&place, true, note, &flight.packet);
        self.receive(node, flight, bridge_nf)
    }

    /// The new destination is on the same bridge: br_netfilter rewrites the
    /// frame's destination and the frame is bridged, never routed.
    fn bridged_dnat(&mut self, node: &Name, port: &Name, own: Mac, mut flight: Flight) -> End {
        let at = Station::Node(node.clone());
        let next = flight.packet.dst;
        let Some((mac, cached)) = self.resolve(&at, next, &flight.packet) else {
            return self.complain(node, &flight, Unreachable::Host);
        };
        let before = flight.packet.clone();
        flight.packet.eth_dst = mac;
        let place = self.on_node(node, Site::Bridge, "cni0");
        let why = format!(
            "{next} is on this same bridge. The frame gets its hardware address and is bridged on: it is not routed and keeps its time to live."
        );
        let note = Note::new("bridge", "br_netfilter: bridged DNAT", why);
        self.change(&place, note, &before, &flight.packet);
        if !cached {
            // br_netfilter goes round the bridge device only where the neighbour
            // entry is REACHABLE.
            let mut shown = flight.packet.clone();
            shown.eth_src = own;
            let why = "The hardware address is not confirmed yet, so the frame takes the way by the bridge device.";
            self.device(
                &place,
                false,
                Note::new("bridge", "cni0: transmit", why),
                &shown,
            );
        }
        self.bridge_forward(node, Some(port), flight)
    }

    /// A frame from the node's own stack goes to a pod.
    pub(super) fn bridge_out(&mut self, node: &Name, flight: Flight) -> End {
        let place = self.on_node(node, Site::Bridge, "cni0");
        let why = "The node sends the frame into its bridge.";
        self.device(
            &place,
            false,
            Note::new("bridge", "cni0: transmit", why),
            &flight.packet,
        );
        self.bridge_forward(node, None, flight)
    }

    fn bridge_forward(&mut self, node: &Name, from: Option<&Name>, mut flight: Flight) -> End {
        let mac = flight.packet.eth_dst;
        let place = self.on_node(node, Site::Bridge, "cni0");
        let Some((port, entry)) = self.port_of(node, mac) else {
            let why = format!(
                "No port of the bridge leads to {mac}: the frame is sent out of all of them and nobody takes it."
            );
            let note = Note::new("bridge", "flood", why.clone()).verdict(Verdict::Dropped);
            self.hop(&place, note, &flight.packet);
            return End::dead(format!("{node}, cni0: {why}"));
        };
        let why = format!("The forwarding table says which port leads to {mac}: {port}.");
        self.hop(&place, Note::new("bridge", entry, why), &flight.packet);
        if from == Some(&port) && !self.net.config.hairpin {
            let why = format!(
                "The frame would have to leave by the port it came in by, and hairpin mode is off on {port}."
            );
            let note = Note::new("bridge", format!("{port}: hairpin off"), why.clone());
            self.hop(&place, note.verdict(Verdict::Dropped), &flight.packet);
            return End::dead(format!("{node}, cni0: {why}"));
        }
        if from.is_some() && self.net.config.bridge_nf {
            if let Some(end) = self.filter(node, "FORWARD", &flight) {
                return end;
            }
            let out = self.net.node(node).and_then(|node| node.gateway());
            self.translate_source(node, "POSTROUTING", out, &mut flight);
        }
        self.out_of_port(node, &port, flight.leave())
    }

    fn out_of_port(&mut self, node: &Name, port: &Name, flight: Flight) -> End {
        let place = self.on_node(node, Site::Veth, port);
        let why =
            format!("{port} is one end of a cable; the other is eth0 in the pod's namespace.");
        let note = Note::new("veth", format!("{port}: transmit"), why);
        self.device(&place, false, note, &flight.packet);
        let net = self.net.node(node);
        let uid = net
            .and_then(|net| net.behind(port))
            .map(|pod| pod.uid.clone());
        match uid {
            Some(uid) => self.pod_receive(&uid, flight),
            None => End::dead(format!("{port} has no other end.")),
        }
    }

    /// The port behind which an address is; learnt, or found by sending the frame
    /// out of all ports.
    fn port_of(&self, node: &Name, mac: Mac) -> Option<(Name, String)> {
        let net = self.net.node(node)?;
        if let Some(seen) = net.fdb.get(&mac)
            && self.now.since(seen.at) <= AGEING
            && net.behind(&seen.port).is_some()
        {
            let port = seen.port.clone();
            return Some((port.clone(), format!("{mac} dev {port} master cni0")));
        }
        let [_, _, a, b, c, d] = mac.0;
        let uid = net.by_ip.get(&Ipv4Addr::new(a, b, c, d))?;
        let pod = net.pods.get(uid).filter(|pod| Mac::of_pod(pod.ip) == mac)?;
        let entry = format!("{mac} is not in the table: flood");
        Some((pod.veth.clone(), entry))
    }
}
