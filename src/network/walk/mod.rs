//! A packet's way through the machines: every device, hook and table that it
//! meets, in the order of Linux.
//!
//! Each function takes the packet from one place to the next and ends in an
//! [`End`]. **Invariant:** every packet ends, in delivery or in a named death;
//! TTL bounds loops.

mod arp;
mod bridge;
mod local;
mod outside;
mod pod;
mod route;
mod stack;
mod track;

pub use arp::{Neighbour, Neighbours};
pub use bridge::{AGEING, ForwardingTable, Seen};
pub use route::Route;

use super::netfilter::conntrack::{Connection, Direction, Tuple};
use super::packet::Packet;
use super::{Network, Socket};
use crate::api::Name;
use crate::sim::trace::{Capture, Hop, Layer, Place, Site, Verdict};
use crate::sim::{Chance, Instant, MICROSECOND};

/// A machine or namespace with a network stack of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Station {
    /// A pod's namespace, by uid.
    Pod(Name),
    /// A node's root namespace.
    Node(Name),
    /// The router at the edge of the cluster's network.
    Router,
    /// The client outside.
    Client,
    /// Any host of the internet.
    Internet,
}

/// A packet on its way, with what the machine it is in knows about it.
#[derive(Clone, Debug)]
pub struct Flight {
    /// The packet.
    pub packet: Packet,
    pub(super) mark: u32,
    pub(super) flow: Option<Flow>,
}

impl Flight {
    /// A packet that nobody has looked at.
    pub fn new(packet: Packet) -> Self {
        Flight {
            packet,
            mark: 0,
            flow: None,
        }
    }

    /// It leaves a machine: marks and connections are that machine's own.
    fn leave(mut self) -> Self {
        self.mark = 0;
        self.flow = None;
        self
    }
}

/// The connection that a packet belongs to, on the machine it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    connection: Connection,
    /// Its number in the table; none until its first packet got through.
    known: Option<u64>,
    direction: Direction,
    /// The packet is an error about the connection.
    related: bool,
}

/// How a packet's way ended.
#[derive(Clone, Debug)]
pub enum End {
    /// Somebody took it.
    Delivered {
        /// Where.
        at: Station,
        /// The listening socket; none where it is a reply to who asked.
        socket: Option<Socket>,
        /// The packet as it arrived.
        packet: Packet,
    },
    /// It died.
    Dead {
        /// Where and why, in one sentence.
        why: String,
        /// What the sender is told, and who tells it.
        answer: Option<(Station, Packet)>,
    },
}

impl End {
    fn dead(why: impl Into<String>) -> End {
        End::Dead {
            why: why.into(),
            answer: None,
        }
    }
}

/// Who waits for an answer.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Where.
    pub at: Station,
    /// The connection as it sees it.
    pub tuple: Tuple,
    /// The process.
    pub name: Name,
}

/// Takes packets through the network.
pub struct Walker<'a> {
    pub(super) net: &'a mut Network,
    pub(super) chance: &'a mut Chance,
    /// The present instant of the packet.
    pub now: Instant,
    /// Whether hops are written down.
    pub recording: bool,
    /// Who waits for an answer.
    pub asker: Option<Asker>,
    hops: Vec<Hop>,
}

/// What is written down at a hop.
struct Note<'n> {
    stage: &'n str,
    rule: String,
    why: String,
    verdict: Verdict,
}

impl<'n> Note<'n> {
    fn new(stage: &'n str, rule: impl Into<String>, why: impl Into<String>) -> Self {
        Note {
            stage,
            rule: rule.into(),
            why: why.into(),
            verdict: Verdict::Forwarded,
        }
    }

    fn verdict(mut self, verdict: Verdict) -> Self {
        self.verdict = verdict;
        self
    }
}

impl<'a> Walker<'a> {
    /// A walker that starts at `now`.
    pub fn new(net: &'a mut Network, chance: &'a mut Chance, now: Instant) -> Self {
        Walker {
            net,
            chance,
            now,
            recording: true,
            asker: None,
            hops: Vec::new(),
        }
    }

    /// Sends a packet from where it is made.
    pub fn send(&mut self, from: &Station, packet: Packet) -> End {
        let flight = Flight::new(packet);
        match from {
            Station::Pod(uid) => self.pod_send(&uid.clone(), flight),
            Station::Node(name) => self.node_send(&name.clone(), flight),
            Station::Router => self.router_send(flight),
            Station::Client | Station::Internet => self.outside_send(from, flight),
        }
    }

    /// The hops since the last call.
    pub fn take_hops(&mut self) -> Vec<Hop> {
        std::mem::take(&mut self.hops)
    }

    fn wait(&mut self, microseconds: u32) {
        self.now = self.now + MICROSECOND * microseconds;
    }

    /// A stop that leaves the packet as it is.
    fn hop(&mut self, place: &Place, note: Note<'_>, packet: &Packet) {
        self.push(place, note, None, || (packet.layers(), Vec::new()));
    }

    /// A stop that changes the packet.
    fn change(&mut self, place: &Place, note: Note<'_>, before: &Packet, after: &Packet) {
        let verdict = match before == after {
            true => note.verdict,
            false => Verdict::Rewritten,
        };
        self.push(place, note.verdict(verdict), None, || {
            (before.layers(), after.layers())
        });
    }

    /// A device where tcpdump would see the packet.
    fn device(&mut self, place: &Place, inbound: bool, note: Note<'_>, packet: &Packet) {
        let frame = match self.recording {
            true => packet.frame(),
            false => Vec::new(),
        };
        let capture = Some(Capture { inbound, frame });
        self.push(place, note, capture, || (packet.layers(), Vec::new()));
    }

    fn push(
        &mut self,
        place: &Place,
        note: Note<'_>,
        capture: Option<Capture>,
        layers: impl FnOnce() -> (Vec<Layer>, Vec<Layer>),
    ) {
        if self.recording {
            let (before, after) = layers();
            self.hops.push(Hop {
                at: self.now,
                place: place.clone(),
                stage: note.stage.into(),
                rule: note.rule,
                why: note.why,
                before,
                after,
                verdict: note.verdict,
                capture,
            });
        }
        self.wait(2);
    }

    /// A place in a node's root namespace.
    fn on_node(&self, node: &Name, site: Site, device: &str) -> Place {
        Place {
            node: Some(node.clone()),
            pod: None,
            site,
            device: device.into(),
        }
    }

    /// A place in a pod's namespace.
    fn in_pod(&self, uid: &str, site: Site, device: &str) -> Place {
        let pod = self
            .net
            .namespace(uid)
            .map(|namespace| namespace.pod.to_string());
        Place {
            node: self.net.homes.get(uid).cloned(),
            pod: pod.map(Name::from),
            site,
            device: device.into(),
        }
    }

    /// A place outside the cluster.
    fn beyond(&self, site: Site, device: &str) -> Place {
        Place {
            node: None,
            pod: None,
            site,
            device: device.into(),
        }
    }

    /// Where a station's processes live.
    pub(super) fn process_place(&self, at: &Station, process: &str) -> Place {
        match at {
            Station::Pod(uid) => self.in_pod(uid, Site::Process, process),
            Station::Node(node) => self.on_node(node, Site::Process, process),
            Station::Router => self.beyond(Site::Underlay, "router"),
            Station::Client => self.beyond(Site::Client, "client"),
            Station::Internet => self.beyond(Site::Client, "internet"),
        }
    }

    /// Writes down that a process sends.
    pub(super) fn begin(&mut self, at: &Station, process: &str, packet: &Packet, why: String) {
        let place = self.process_place(at, process);
        let note = Note::new("socket", packet.to_string(), why);
        self.hop(&place, note, packet);
    }
}
