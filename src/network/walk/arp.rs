//! Neighbours: which hardware address an IP address has on a link. Asked for by
//! ARP when a packet needs it, and remembered.

use super::{Note, Station, Walker};
use crate::api::Name;
use crate::network::Mac;
use crate::network::packet::{Packet, arp_layers};
use crate::sim::Instant;
use crate::sim::trace::{Place, Site, Verdict};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Entries of one table (`gc_thresh3`).
const NEIGHBOURS_MAX: usize = 1024;
/// A question is asked three times, a second apart, before a host counts as
/// unreachable.
const FAILURE: Duration = Duration::from_millis(3070);
/// How long an entry counts as fresh (`base_reachable_time`).
const REACHABLE: Duration = Duration::from_secs(30);

/// How long a doubtful entry is used before it is probed
/// (`delay_first_probe_time`).
const DELAY: Duration = Duration::from_secs(5);

/// One entry of a neighbour table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Hardware address.
    pub mac: Mac,
    /// When it was last known to be right; none where it was only overheard, as
    /// the other side asked.
    pub confirmed: Option<Instant>,
    /// Since when it is used though it is doubtful.
    pub delayed: Option<Instant>,
}

impl Neighbour {
    fn overheard(mac: Mac) -> Self {
        Neighbour {
            mac,
            confirmed: None,
            delayed: None,
        }
    }

    /// The state that `ip neigh` shows.
    pub fn state(&self, now: Instant) -> &'static str {
        let fresh = self.confirmed.is_some_and(|at| now.since(at) <= REACHABLE);
        match (fresh, self.delayed) {
            (true, _) => "REACHABLE",
            (false, Some(_)) => "DELAY",
            (false, None) => "STALE",
        }
    }

    /// A packet uses it: a doubtful entry is probed after a while, and the probe
    /// is answered.
    fn used(mut self, now: Instant) -> Self {
        if self.state(now) == "REACHABLE" {
            return self;
        }
        match self.delayed {
            Some(since) if now.since(since) >= DELAY => {
                self.confirmed = Some(now);
                self.delayed = None;
            }
            Some(_) => {}
            None => self.delayed = Some(now),
        }
        self
    }
}

/// A neighbour table.
pub type Neighbours = BTreeMap<Ipv4Addr, Neighbour>;

/// Who has an address on a link.
#[derive(Clone, Debug)]
struct Holder {
    station: Station,
    mac: Mac,
    /// Its port, where the link is a bridge.
    port: Option<Name>,
}

impl Walker<'_> {
    /// The hardware address of the next hop, and whether it was known for sure.
    /// None: nobody answers.
    pub(super) fn resolve(
        &mut self,
        asker: &Station,
        next: Ipv4Addr,
        packet: &Packet,
    ) -> Option<(Mac, bool)> {
        let place = self.card(asker, next);
        let holder = self.holder(asker, next);
        let known = self
            .neighbours(asker)
            .and_then(|table| table.get(&next).copied());
        let device = place.device.clone();
        match (holder, known) {
            (Some(holder), Some(known)) => {
                let known = Neighbour {
                    mac: holder.mac,
                    ..known.used(self.now)
                };
                let state = known.state(self.now);
                let rule = format!("{next} dev {device} lladdr {} {state}", known.mac);
                let why = format!(
                    "{next} is a neighbour on {device} whose hardware address is known from before."
                );
                self.hop(&place, Note::new("neigh", rule, why), packet);
                self.learn(asker, next, known);
                Some((holder.mac, state == "REACHABLE"))
            }
            (Some(holder), None) => {
                self.ask(asker, next, &holder, &place);
                Some((holder.mac, false))
            }
            (None, known) => {
                self.ask_in_vain(asker, next, known, &place);
                None
            }
        }
    }

    fn ask(&mut self, asker: &Station, next: Ipv4Addr, holder: &Holder, place: &Place) {
        let (own_mac, own_ip) = self.own_address(asker, next);
        let device = &place.device;
        let rule = format!("{next} dev {device} lladdr {} REACHABLE", holder.mac);
        let why = format!(
            "{device} does not know the hardware address of {next} yet. It asks everybody on the link (ARP request to ff:ff:ff:ff:ff:ff); {next} answers {}.",
            holder.mac
        );
        let question = arp_layers(true, (own_mac, own_ip), (Mac::BROADCAST, next));
        let answer = arp_layers(false, (holder.mac, next), (own_mac, own_ip));
        self.push(place, Note::new("neigh", rule, why), None, || {
            (question, answer)
        });
        self.wait(50);
        let confirmed = Neighbour {
            confirmed: Some(self.now),
            ..Neighbour::overheard(holder.mac)
        };
        self.learn(asker, next, confirmed);
        // Who is asked learns who asks, so that nobody asks in the other direction.
        if self
            .neighbours(&holder.station)
            .is_none_or(|table| !table.contains_key(&own_ip))
        {
            self.learn(
                &holder.station.clone(),
                own_ip,
                Neighbour::overheard(own_mac),
            );
        }
        if let Some(port) = &holder.port {
            self.see_on_bridge(asker, &holder.station, own_mac, (holder.mac, port));
        }
    }

    /// A question and its answer also teach the bridge where the two are.
    fn see_on_bridge(&mut self, asker: &Station, holder: &Station, own: Mac, other: (Mac, &Name)) {
        let (Station::Pod(uid), Station::Node(_)) = (asker, holder) else {
            if let Some(node) = self.home_of(holder).or_else(|| self.home_of(asker)) {
                self.learn_port(&node, other.0, other.1);
                if let Station::Pod(uid) = asker
                    && let Some(port) = self.veth_of(uid)
                {
                    self.learn_port(&node, own, &port);
                }
            }
            return;
        };
        if let (Some(node), Some(port)) = (self.home_of(asker), self.veth_of(uid)) {
            self.learn_port(&node, own, &port);
        }
    }

    fn ask_in_vain(
        &mut self,
        asker: &Station,
        next: Ipv4Addr,
        known: Option<Neighbour>,
        place: &Place,
    ) {
        let own = self.own_address(asker, next);
        if let Some(table) = self.neighbours_mut(asker) {
            table.remove(&next);
        }
        let device = &place.device;
        let before = match known {
            Some(known) => format!(
                "{next} was known as {}, but it does not answer any more.",
                known.mac
            ),
            None => format!("Nobody on the link has {next}."),
        };
        let why = format!(
            "{before} Three ARP requests, a second apart, stay without answer: the host counts as unreachable."
        );
        let rule = format!("{next} dev {device} FAILED");
        let note = Note::new("neigh", rule, why).verdict(Verdict::Dropped);
        let question = arp_layers(true, own, (Mac::BROADCAST, next));
        self.push(place, note, None, || (question, Vec::new()));
        self.now = self.now + FAILURE;
    }

    /// The device by which a station reaches a neighbour.
    fn card(&self, asker: &Station, next: Ipv4Addr) -> Place {
        match asker {
            Station::Pod(uid) => self.in_pod(uid, Site::PodEth0, "eth0"),
            Station::Node(node) => match self.is_pod_of(node, next) {
                true => self.on_node(node, Site::Bridge, "cni0"),
                false => self.on_node(node, Site::NodeEth0, "eth0"),
            },
            _ => self.beyond(Site::Underlay, "router"),
        }
    }

    fn is_pod_of(&self, node: &str, ip: Ipv4Addr) -> bool {
        let ipam = self.net.node(node).and_then(|node| node.ipam.as_ref());
        ipam.is_some_and(|ipam| ipam.range().contains(&ip))
    }

    fn own_address(&self, asker: &Station, next: Ipv4Addr) -> (Mac, Ipv4Addr) {
        match asker {
            Station::Pod(uid) => {
                let namespace = self.net.namespace(uid);
                let ip = namespace.map_or(Ipv4Addr::UNSPECIFIED, |namespace| namespace.ip);
                (Mac::of_pod(ip), ip)
            }
            Station::Node(name) => {
                let node = self.net.node(name);
                let gateway = node.and_then(|node| node.gateway());
                match gateway.filter(|_| self.is_pod_of(name, next)) {
                    Some(gateway) => (Mac::of_pod(gateway), gateway),
                    None => {
                        let ip = node.map_or(Ipv4Addr::UNSPECIFIED, |node| node.wire.ip);
                        (Mac::of_machine(ip), ip)
                    }
                }
            }
            _ => (
                Mac::of_machine(self.net.config.router),
                self.net.config.router,
            ),
        }
    }

    /// Who would answer a question for `ip` on the link that `asker` asks on.
    fn holder(&self, asker: &Station, ip: Ipv4Addr) -> Option<Holder> {
        let bridge = match asker {
            Station::Pod(uid) => self.net.homes.get(uid).cloned(),
            Station::Node(node) if self.is_pod_of(node, ip) => Some(node.clone()),
            _ => None,
        };
        match bridge {
            Some(node) => self.holder_on_bridge(&node, ip),
            None => self.holder_on_underlay(ip),
        }
    }

    fn holder_on_bridge(&self, node: &Name, ip: Ipv4Addr) -> Option<Holder> {
        let net = self.net.node(node)?;
        if net.gateway() == Some(ip) {
            return Some(Holder {
                station: Station::Node(node.clone()),
                mac: Mac::of_pod(ip),
                port: Some("cni0".into()),
            });
        }
        let uid = net.by_ip.get(&ip)?;
        let pod = net.pods.get(uid)?;
        Some(Holder {
            station: Station::Pod(uid.clone()),
            mac: Mac::of_pod(ip),
            port: Some(pod.veth.clone()),
        })
    }

    fn holder_on_underlay(&self, ip: Ipv4Addr) -> Option<Holder> {
        let mac = Mac::of_machine(ip);
        if ip == self.net.config.router {
            return Some(Holder {
                station: Station::Router,
                mac,
                port: None,
            });
        }
        let name = self.net.by_node_ip.get(&ip)?;
        let node = self.net.node(name).filter(|node| node.powered)?;
        Some(Holder {
            station: Station::Node(node.wire.name.clone()),
            mac,
            port: None,
        })
    }

    fn learn(&mut self, at: &Station, ip: Ipv4Addr, neighbour: Neighbour) {
        let Some(table) = self.neighbours_mut(at) else {
            return;
        };
        if table.len() >= NEIGHBOURS_MAX && !table.contains_key(&ip) {
            let oldest = table.iter().min_by_key(|(_, one)| one.confirmed);
            if let Some(oldest) = oldest.map(|(ip, _)| *ip) {
                table.remove(&oldest);
            }
        }
        table.insert(ip, neighbour);
    }

    fn neighbours(&self, at: &Station) -> Option<&Neighbours> {
        match at {
            Station::Pod(uid) => self.net.namespace(uid).map(|pod| &pod.neighbours),
            Station::Node(name) => self.net.node(name).map(|node| &node.neighbours),
            Station::Router => Some(&self.net.router_neighbours),
            Station::Client | Station::Internet => None,
        }
    }

    fn neighbours_mut(&mut self, at: &Station) -> Option<&mut Neighbours> {
        match at {
            Station::Pod(uid) => {
                let home = self.net.homes.get(uid)?.clone();
                let pod = self.net.node_mut(&home)?.pods.get_mut(uid)?;
                Some(&mut std::sync::Arc::make_mut(pod).neighbours)
            }
            Station::Node(name) => self.net.node_mut(name).map(|node| &mut node.neighbours),
            Station::Router => Some(&mut self.net.router_neighbours),
            Station::Client | Station::Internet => None,
        }
    }

    pub(super) fn home_of(&self, at: &Station) -> Option<Name> {
        match at {
            Station::Pod(uid) => self.net.homes.get(uid).cloned(),
            Station::Node(name) => Some(name.clone()),
            _ => None,
        }
    }

    pub(super) fn veth_of(&self, uid: &str) -> Option<Name> {
        self.net
            .namespace(uid)
            .map(|namespace| namespace.veth.clone())
    }
}
