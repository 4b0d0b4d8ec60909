//! Routing tables: which device a destination is reached by.

use super::Station;
use crate::network::Network;
use std::net::Ipv4Addr;

/// What a routing table says of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The entry as `ip route` prints it.
    pub text: String,
    /// The device.
    pub dev: &'static str,
    /// The next router; none where the destination is on the link.
    pub via: Option<Ipv4Addr>,
    /// The destination is an address of this machine.
    pub local: bool,
    /// The address that this machine then sends from.
    pub src: Ipv4Addr,
}

impl Route {
    fn local(dst: Ipv4Addr, src: Ipv4Addr) -> Self {
        Route {
            text: format!("local {dst} dev lo table local"),
            dev: "lo",
            via: None,
            local: true,
            src,
        }
    }

    fn link(net: ipnet::Ipv4Net, dev: &'static str, src: Ipv4Addr) -> Self {
        Route {
            text: format!("{net} dev {dev} proto kernel scope link src {src}"),
            dev,
            via: None,
            local: false,
            src,
        }
    }

    fn via(what: &str, via: Ipv4Addr, dev: &'static str, src: Ipv4Addr) -> Self {
        Route {
            text: format!("{what} via {via} dev {dev}"),
            dev,
            via: Some(via),
            local: false,
            src,
        }
    }
}

impl Network {
    /// What a station's routing table says of a destination; none: no route.
    pub fn route(&self, at: &Station, dst: Ipv4Addr) -> Option<Route> {
        match at {
            Station::Pod(uid) => self.pod_route(uid, dst),
            Station::Node(name) => self.node_route(name, dst),
            Station::Router | Station::Client | Station::Internet => {
                let src = match at {
                    Station::Router => self.config.router,
                    _ => self.config.client,
                };
                Some(Route::via("default", self.config.router, "eth0", src))
            }
        }
    }

    /// Every route of a pod's namespace, as `ip route` lists them.
    pub fn pod_routes(&self, uid: &str) -> Vec<Route> {
        let Some((namespace, ipam)) = self.pod_link(uid) else {
            return Vec::new();
        };
        vec![
            Route::via("default", ipam.gateway(), "eth0", namespace.ip),
            Route::link(ipam.range(), "eth0", namespace.ip),
        ]
    }

    /// Every route of a node's root namespace, as `ip route` lists them.
    pub fn node_routes(&self, name: &str) -> Vec<Route> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let ip = node.wire.ip;
        let mut routes = vec![Route::via("default", self.config.router, "eth0", ip)];
        for peer in self.by_pod_cidr.values() {
            routes.extend(self.route_to_peer(name, peer, ip));
        }
        routes.push(Route::link(self.config.node_net, "eth0", ip));
        routes
    }

    fn pod_link(
        &self,
        uid: &str,
    ) -> Option<(&crate::network::PodNs, &crate::network::ipam::HostLocal)> {
        let namespace = self.namespace(uid)?;
        let ipam = self.nodes.get(self.homes.get(uid)?)?.ipam.as_ref()?;
        Some((namespace, ipam))
    }

    fn pod_route(&self, uid: &str, dst: Ipv4Addr) -> Option<Route> {
        let (namespace, ipam) = self.pod_link(uid)?;
        let own = namespace.ip;
        if dst.is_loopback() {
            return Some(Route::local(dst, Ipv4Addr::LOCALHOST));
        }
        if dst == own {
            return Some(Route::local(dst, own));
        }
        Some(match ipam.range().contains(&dst) {
            true => Route::link(ipam.range(), "eth0", own),
            false => Route::via("default", ipam.gateway(), "eth0", own),
        })
    }

    fn node_route(&self, name: &str, dst: Ipv4Addr) -> Option<Route> {
        let node = self.node(name)?;
        let ip = node.wire.ip;
        if dst.is_loopback() {
            return Some(Route::local(dst, Ipv4Addr::LOCALHOST));
        }
        if dst == ip || node.gateway() == Some(dst) {
            return Some(Route::local(dst, dst));
        }
        if let Some(peer) = self.owner_of_pod_ip(dst) {
            return self.route_to_peer(name, peer, ip);
        }
        if self.config.node_net.contains(&dst) {
            return Some(Route::link(self.config.node_net, "eth0", ip));
        }
        Some(Route::via("default", self.config.router, "eth0", ip))
    }

    fn route_to_peer(&self, name: &str, peer: &str, ip: Ipv4Addr) -> Option<Route> {
        let other = self.node(peer)?;
        let ipam = other.ipam.as_ref()?;
        Some(match name == peer {
            true => Route::link(ipam.range(), "cni0", ipam.gateway()),
            false => Route::via(&ipam.range().to_string(), other.wire.ip, "eth0", ip),
        })
    }

    /// The node whose pod range an address is in.
    pub(in crate::network) fn owner_of_pod_ip(&self, ip: Ipv4Addr) -> Option<&str> {
        let (_, name) = self.by_pod_cidr.range(..=ip).next_back()?;
        let range = self.node(name)?.ipam.as_ref()?.range();
        range.contains(&ip).then_some(&**name)
    }
}
