//! A pod's namespace: lo, eth0, two routes, no rules.

use super::{End, Flight, Note, Station, Walker};
use crate::api::Name;
use crate::network::Mac;
use crate::network::packet::Unreachable;
use crate::sim::trace::{Site, Verdict};

impl Walker<'_> {
    pub(super) fn pod_send(&mut self, uid: &Name, mut flight: Flight) -> End {
        let at = Station::Pod(uid.clone());
        let dst = flight.packet.dst;
        let Some(route) = self.net.route(&at, dst) else {
            return End::dead("The pod has no network namespace any more.");
        };
        let place = self.in_pod(uid, Site::PodEth0, "route");
        let why = match (route.local, route.via) {
            (true, _) => {
                format!("{dst} is an address of the pod itself: the packet stays in its namespace.")
            }
            (false, Some(via)) => format!(
                "The pod knows only its own link. For {dst} the default route leads to {via}, the bridge of its node."
            ),
            (false, None) if self.is_gateway(uid, dst) => {
                format!("{dst} is the bridge of the pod's own node, on the pod's own link.")
            }
            (false, None) => {
                format!("{dst} is on the same link: a pod of the same node. No router is needed.")
            }
        };
        self.hop(
            &place,
            Note::new("route", route.text.clone(), why),
            &flight.packet,
        );
        if route.local {
            self.loop_back(&at, &flight.packet);
            return self.deliver(&at, flight);
        }
        let next = route.via.unwrap_or(dst);
        let Some((mac, _)) = self.resolve(&at, next, &flight.packet) else {
            let own = route.src;
            return End::Dead {
                why: format!("Nobody on the pod's link answers for {next}."),
                answer: Some((at, flight.packet.error(own, Unreachable::Host))),
            };
        };
        flight.packet.eth_src = Mac::of_pod(route.src);
        flight.packet.eth_dst = mac;
        let place = self.in_pod(uid, Site::PodEth0, "eth0");
        let why = "The frame leaves the pod by its eth0, one end of a cable to its node.";
        self.device(
            &place,
            false,
            Note::new("veth", "eth0: transmit", why),
            &flight.packet,
        );
        let (Some(node), Some(port)) = (self.home_of(&at), self.veth_of(uid)) else {
            return End::dead("The pod's cable is unplugged.");
        };
        self.bridge_in(&node, &port, flight.leave())
    }

    fn is_gateway(&self, uid: &str, ip: std::net::Ipv4Addr) -> bool {
        let home = self.net.homes.get(uid);
        let node = home.and_then(|home| self.net.node(home));
        node.is_some_and(|node| node.gateway() == Some(ip))
    }

    pub(super) fn pod_receive(&mut self, uid: &Name, flight: Flight) -> End {
        let place = self.in_pod(uid, Site::PodEth0, "eth0");
        let why = "The frame arrives in the pod's namespace.";
        self.device(
            &place,
            true,
            Note::new("veth", "eth0: receive", why),
            &flight.packet,
        );
        let own = self.net.namespace(uid).map(|namespace| namespace.ip);
        let dst = flight.packet.dst;
        if own != Some(dst) {
            let why = format!("{dst} is not the pod's address, and a pod does not route.");
            let note = Note::new("route", "ip_forward = 0", why.clone()).verdict(Verdict::Dropped);
            self.hop(&place, note, &flight.packet);
            return End::dead(why);
        }
        self.deliver(&Station::Pod(uid.clone()), flight)
    }
}
