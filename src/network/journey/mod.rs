//! Journeys: a request and all that it takes, packet by packet.

mod exchange;
#[cfg(test)]
pub(in crate::network) mod fixture;
#[cfg(test)]
mod golden;
mod lookup;
mod reach;
mod request;
#[cfg(test)]
mod tests;

pub use lookup::Unresolved;
pub use reach::Reached;
pub use request::{Destination, Endpoint, Send, Transport};

use super::Network;
use super::dns::CoreDns;
use super::packet::Packet;
use super::walk::{End, Station, Walker};
use crate::api::{Key, Name};
use crate::sim::trace::{Hop, Journey, Leg, LegKind, What};
use crate::sim::{Actor, Cause, Chance, Instant, Sim};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Longest path of an HTTP request that is sent on; the rest is cut.
const PATH_BYTES_MAX: usize = 1024;

/// The process that sends.
#[derive(Clone, Debug)]
struct Sender {
    station: Station,
    /// The address that it sends from, unless to itself.
    ip: Ipv4Addr,
    process: Name,
    /// The namespace of its pod, where it looks names up as a pod does.
    namespace: Option<Name>,
}

impl Network {
    /// Sends a packet and follows it, with the lookup of its name first and its
    /// answer after; the journey is written to the trace.
    pub fn send(&mut self, sim: &mut Sim, cause: Cause, request: Send) -> Arc<Journey> {
        self.fetch(sim, cause, request).0
    }

    /// As [`Network::send`]; answers also with what the sending program heard.
    pub fn fetch(
        &mut self,
        sim: &mut Sim,
        cause: Cause,
        request: Send,
    ) -> (Arc<Journey>, Option<Reached>) {
        let (journey, heard) = self.go_and_hear(&mut sim.chance, sim.now, &request);
        let journey = Arc::new(journey);
        let what = What::Journey(journey.clone());
        sim.trace.push(sim.now, cause, Actor::World, what);
        (journey, heard)
    }

    /// The journey of a request, without writing it to the trace.
    pub fn travel(&mut self, chance: &mut Chance, now: Instant, request: &Send) -> Journey {
        self.go_and_hear(chance, now, request).0
    }

    fn go_and_hear(
        &mut self,
        chance: &mut Chance,
        now: Instant,
        request: &Send,
    ) -> (Journey, Option<Reached>) {
        let title = request.title();
        let sender = match self.sender(&request.from) {
            Ok(sender) => sender,
            Err(summary) => return (Journey::failed(title, Vec::new(), summary), None),
        };
        let dns = self.dns().clone();
        let walker = Walker::new(self, chance, now);
        let mut trip = Trip::new(walker, &dns, sender, true);
        let mut request = request.clone();
        request.path.truncate(cut(&request.path, PATH_BYTES_MAX));
        let outcome = match trip.address(&request) {
            Ok(ip) => trip.exchange(ip, &request),
            Err(nowhere) => Err(nowhere.summary()),
        };
        let heard = trip.heard.take();
        match outcome {
            Ok(summary) => {
                let journey = Journey {
                    title,
                    legs: trip.legs,
                    summary,
                    answered: true,
                };
                (journey, Some(heard.unwrap_or(Reached::Open)))
            }
            Err(summary) => (Journey::failed(title, trip.legs, summary), heard),
        }
    }

    fn sender(&self, from: &Endpoint) -> Result<Sender, String> {
        match from {
            Endpoint::Outside => Ok(Sender {
                station: Station::Client,
                ip: self.config.client,
                process: "client".into(),
                namespace: None,
            }),
            Endpoint::Node(name) => {
                let node = self.node(name).filter(|node| node.powered);
                let node = node.ok_or_else(|| {
                    format!("Node {name} is down or unknown: nothing runs on it that could send.")
                })?;
                Ok(Sender {
                    station: Station::Node(node.wire.name.clone()),
                    ip: node.wire.ip,
                    process: "shell".into(),
                    namespace: None,
                })
            }
            Endpoint::Pod { pod, container } => self.pod_sender(pod, container),
        }
    }

    fn pod_sender(&self, pod: &Key, container: &Name) -> Result<Sender, String> {
        let gone = || format!("Pod {pod} has no network: it is not running.");
        let uid = self.uids.get(pod).ok_or_else(gone)?;
        let process = match container.is_empty() {
            true => pod.name.clone(),
            false => container.clone(),
        };
        if let Some(namespace) = self.namespace(uid) {
            return Ok(Sender {
                station: Station::Pod(uid.clone()),
                ip: namespace.ip,
                process,
                namespace: Some(pod.namespace.clone()),
            });
        }
        let home = self.homes.get(uid).ok_or_else(gone)?;
        let node = self.node(home).ok_or_else(gone)?;
        // With host network and dnsPolicy ClusterFirst, a pod asks as its node.
        Ok(Sender {
            station: Station::Node(home.clone()),
            ip: node.wire.ip,
            process,
            namespace: None,
        })
    }

    /// The address of a pod, as its status says.
    pub fn pod_ip(&self, pod: &Key) -> Option<Ipv4Addr> {
        let uid = self.uids.get(pod)?;
        match self.namespace(uid) {
            Some(namespace) => Some(namespace.ip),
            None => Some(self.node(self.homes.get(uid)?)?.wire.ip),
        }
    }

    /// What a reader calls a station.
    fn station_name(&self, at: &Station) -> String {
        match at {
            Station::Pod(uid) => self
                .namespace(uid)
                .map_or_else(|| uid.to_string(), |namespace| namespace.pod.to_string()),
            Station::Node(name) => name.to_string(),
            Station::Router => "the router".into(),
            Station::Client => "the client".into(),
            Station::Internet => "a host of the internet".into(),
        }
    }
}

trait Failed {
    fn failed(title: String, legs: Vec<Leg>, summary: String) -> Self;
}

impl Failed for Journey {
    fn failed(title: String, legs: Vec<Leg>, summary: String) -> Self {
        Journey {
            title,
            legs,
            summary,
            answered: false,
        }
    }
}

/// The longest cut of `text` at a character within `limit` bytes.
fn cut(text: &str, limit: usize) -> usize {
    (0..=limit.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// A journey in the making.
struct Trip<'a> {
    walker: Walker<'a>,
    dns: &'a CoreDns,
    sender: Sender,
    legs: Vec<Leg>,
    /// Whether anybody wants to see it.
    watched: bool,
    /// The program that took the last packet, and answers it.
    server: Name,
    /// What the sending program was told.
    heard: Option<Reached>,
}

impl<'a> Trip<'a> {
    fn new(walker: Walker<'a>, dns: &'a CoreDns, sender: Sender, watched: bool) -> Self {
        Trip {
            walker,
            dns,
            sender,
            legs: Vec::new(),
            watched,
            server: "kernel".into(),
            heard: None,
        }
    }

    /// Sends one packet and writes its leg down.
    fn leg(&mut self, kind: LegKind, from: &Station, packet: &Packet, why: String) -> End {
        if !self.watched {
            return self.unseen(from, packet.clone());
        }
        self.walker.recording = true;
        let process = match kind {
            LegKind::DnsQuery | LegKind::Request => self.sender.process.clone(),
            LegKind::DnsReply | LegKind::Reply => self.server.clone(),
        };
        self.walker.begin(from, &process, packet, why);
        let end = self.walker.send(from, packet.clone());
        self.server = match &end {
            End::Delivered {
                socket: Some(socket),
                ..
            } => socket.listener.container.clone(),
            _ => "kernel".into(),
        };
        let hops: Vec<Hop> = self.walker.take_hops();
        self.legs.push(Leg {
            kind,
            traffic: packet.traffic(),
            title: packet.to_string(),
            hops,
        });
        end
    }

    /// Sends one packet that nobody watches: the tables change as they would.
    fn unseen(&mut self, from: &Station, packet: Packet) -> End {
        self.walker.recording = false;
        self.walker.send(from, packet)
    }
}
