//! The cable between the nodes, the router, the cloud's load balancer, and who
//! is beyond.

use super::{End, Flight, Note, Station, Walker};
use crate::api::Name;
use crate::network::Mac;
use crate::network::dns::outside::is_host;
use crate::network::packet::{Packet, Unreachable};
use crate::network::wire::fnv64;
use crate::sim::trace::{Site, Verdict};

/// How long a frame takes from machine to machine, in microseconds.
const CABLE_MICROSECONDS: u32 = 150;
/// And a packet from the router to a host of the internet.
const INTERNET_MICROSECONDS: u32 = 9_000;

impl Walker<'_> {
    /// A frame on the link that all nodes and the router are on.
    pub(super) fn underlay(&mut self, flight: Flight) -> End {
        let mac = flight.packet.eth_dst;
        let place = self.beyond(Site::Underlay, "underlay");
        let why = "The switch between the machines carries the frame to the card with this hardware address.";
        self.hop(
            &place,
            Note::new("link", format!("dst {mac}"), why),
            &flight.packet,
        );
        self.wait(CABLE_MICROSECONDS);
        if mac == Mac::of_machine(self.net.config.router) {
            return self.router_receive(flight);
        }
        let [_, _, a, b, c, d] = mac.0;
        let owner = self
            .net
            .by_node_ip
            .get(&std::net::Ipv4Addr::new(a, b, c, d))
            .cloned();
        let powered = owner.filter(|name| self.net.node(name).is_some_and(|node| node.powered));
        match powered {
            Some(node) => self.enter(&node, flight),
            None => End::dead(format!("No machine with power has {mac}.")),
        }
    }

    fn enter(&mut self, node: &Name, flight: Flight) -> End {
        let place = self.on_node(node, Site::NodeEth0, "eth0");
        let why = format!("The frame arrives at {node}.");
        self.device(
            &place,
            true,
            Note::new("eth0", "eth0: receive", why),
            &flight.packet,
        );
        self.receive(node, flight, false)
    }

    /// The router's IP layer.
    fn router_receive(&mut self, mut flight: Flight) -> End {
        if flight.packet.dst == self.net.config.router {
            return self.deliver(&Station::Router, flight);
        }
        if flight.packet.ttl <= 1 {
            return self.router_refuses(&flight.packet, Unreachable::TtlExceeded);
        }
        flight.packet.ttl -= 1;
        self.router_forward(flight)
    }

    pub(super) fn router_send(&mut self, flight: Flight) -> End {
        self.router_forward(flight)
    }

    fn router_forward(&mut self, flight: Flight) -> End {
        let dst = flight.packet.dst;
        let config = self.net.config.clone();
        let place = self.beyond(Site::Underlay, "router");
        if config.node_net.contains(&dst) {
            let rule = format!("{} dev eth0 scope link", config.node_net);
            let why = "The router knows the link of the nodes: the packet is for a machine on it.";
            self.hop(&place, Note::new("route", rule, why), &flight.packet);
            return self.router_transmit(dst, flight);
        }
        if config.load_balancers.contains(&dst) {
            return self.load_balancer(flight);
        }
        let beyond = match dst == config.client {
            true => Some(Station::Client),
            false => is_host(dst).then_some(Station::Internet),
        };
        let Some(station) = beyond else {
            let what =
                match config.cluster_cidr.contains(&dst) || config.service_cidr.contains(&dst) {
                    true => "Addresses of pods and Services mean nothing outside of the nodes",
                    false => "No public host has this address",
                };
            let why = format!("{what}: the router has no route to {dst}, the packet is lost.");
            let note = Note::new("route", "no route", why.clone()).verdict(Verdict::Dropped);
            self.hop(&place, note, &flight.packet);
            return End::dead(why);
        };
        let why = format!("{dst} is outside: the router passes the packet on.");
        self.hop(&place, Note::new("route", "default", why), &flight.packet);
        self.wait(INTERNET_MICROSECONDS);
        self.deliver(&station, flight.leave())
    }

    fn router_transmit(&mut self, next: std::net::Ipv4Addr, mut flight: Flight) -> End {
        let Some((mac, _)) = self.resolve(&Station::Router, next, &flight.packet) else {
            return self.router_refuses(&flight.packet, Unreachable::Host);
        };
        flight.packet.eth_src = Mac::of_machine(self.net.config.router);
        flight.packet.eth_dst = mac;
        self.underlay(flight.leave())
    }

    fn router_refuses(&mut self, packet: &Packet, reason: Unreachable) -> End {
        let from = self.net.config.router;
        End::Dead {
            why: format!(
                "The router gives up on the packet to {}: {reason}.",
                packet.dst
            ),
            answer: Some((Station::Router, packet.error(from, reason))),
        }
    }

    /// The cloud's load balancer passes the packet to a node as it is; a whole
    /// connection goes to the same node.
    fn load_balancer(&mut self, flight: Flight) -> End {
        let (dst, port) = (flight.packet.dst, flight.packet.ports().1);
        let place = self.beyond(Site::LoadBalancer, "load-balancer");
        let healthy = self.healthy_nodes(&flight.packet);
        if healthy.is_empty() {
            let why = format!(
                "No node that is up takes packets for {dst}:{port}: the load balancer has nowhere to send it."
            );
            let note = Note::new("load balancer", "no healthy node", why.clone());
            self.hop(&place, note.verdict(Verdict::Dropped), &flight.packet);
            return End::dead(why);
        }
        let tuple = flight
            .packet
            .tuple()
            .map(|tuple| tuple.to_string())
            .unwrap_or_default();
        let choice = fnv64(&tuple) % healthy.len() as u64;
        let Some((node, ip)) = healthy.get(choice as usize).cloned() else {
            return End::dead("The load balancer has no node.");
        };
        let why = format!(
            "The cloud's load balancer has {dst}. It picks {node}, one of {} healthy nodes, by the connection's addresses and ports, and leaves the destination as it is.",
            healthy.len()
        );
        let note = Note::new("load balancer", format!("{dst}:{port} → {node}"), why);
        self.hop(&place, note, &flight.packet);
        self.router_transmit(ip, flight)
    }

    /// Nodes with power whose rules know the address; with
    /// externalTrafficPolicy Local only those whose health check says that they
    /// have an endpoint.
    fn healthy_nodes(&self, packet: &Packet) -> Vec<(Name, std::net::Ipv4Addr)> {
        let (dst, port) = (packet.dst, packet.ports().1);
        let takes = |node: &&crate::network::NodeNet| {
            let mut services = node.rules.at_ip(dst);
            node.powered
                && services.any(|one| {
                    one.port == port
                        && Some(one.protocol) == packet.protocol()
                        && one.health_check.is_none_or(|(_, local)| local > 0)
                })
        };
        let nodes = self.net.nodes().filter(takes);
        nodes
            .map(|node| (node.wire.name.clone(), node.wire.ip))
            .collect()
    }

    /// The client or a host of the internet sends: its packets reach the router.
    pub(super) fn outside_send(&mut self, from: &Station, mut flight: Flight) -> End {
        if *from == Station::Internet {
            self.wait(INTERNET_MICROSECONDS);
        } else {
            let place = self.beyond(Site::Client, "client");
            let note = Note::new(
                "route",
                "default dev eth0",
                "The client is not on the nodes' network: its router takes the packet.",
            );
            self.hop(&place, note, &flight.packet);
            self.wait(CABLE_MICROSECONDS);
        }
        if flight.packet.dst == self.net.config.router {
            return self.deliver(&Station::Router, flight);
        }
        flight.packet.ttl = flight.packet.ttl.saturating_sub(1);
        self.router_forward(flight)
    }
}
