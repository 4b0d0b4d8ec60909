//! The way of a packet: every device and rule that it met, and what each did.

use super::{Instant, Name};
use serde::{Deserialize, Serialize};

/// A request and all that it took: a DNS lookup first where a name was given,
/// the packet's way there, and the reply's way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// What was asked (`default/client → http://web.default:80/`).
    pub title: String,
    /// The parts, in order of time.
    pub legs: Vec<Leg>,
    /// How it ended, in one sentence.
    pub summary: String,
    /// Whether the reply came back.
    pub answered: bool,
}

/// Which part of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegKind {
    /// The question to the DNS server.
    DnsQuery,
    /// Its answer.
    DnsReply,
    /// The packet itself.
    Request,
    /// What came back.
    Reply,
}

/// What the packet carries; chooses its colour and glyph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Traffic {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
    /// Internet Control Message Protocol.
    Icmp,
    /// A DNS message (in UDP).
    Dns,
    /// Address Resolution Protocol.
    Arp,
}

/// One packet going one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// Which part of the journey.
    pub kind: LegKind,
    /// What the packet carries.
    pub traffic: Traffic,
    /// One line (`TCP SYN 10.244.1.4:40112 → 10.96.0.17:80`).
    pub title: String,
    /// Every stop on the way.
    pub hops: Vec<Hop>,
}

/// One stop: a place, what decided there, and the packet before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// When the packet was here.
    pub at: Instant,
    /// Where.
    pub place: Place,
    /// The stage of packet processing (`nat PREROUTING`, `route`, `bridge`,
    /// `neigh`, `veth`, `conntrack`, `socket`).
    pub stage: Name,
    /// The rule or table entry that decided, as Linux prints it.
    pub rule: String,
    /// Why, in one sentence.
    pub why: String,
    /// The headers as the packet came.
    pub before: Vec<Layer>,
    /// The headers as it went on; empty where nothing changed.
    pub after: Vec<Layer>,
    /// What became of it here.
    pub verdict: Verdict,
    /// The frame as `tcpdump` on this device would have caught it; none where
    /// the hop is not at a device.
    pub capture: Option<Capture>,
}

/// A frame caught at a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// Whether it came in by the device (or else went out).
    pub inbound: bool,
    /// Its bytes from the Ethernet header on, checksums included.
    pub frame: Vec<u8>,
}

/// What became of a packet at a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It goes on.
    Forwarded,
    /// It goes on, changed.
    Rewritten,
    /// It reached a socket that takes it.
    Delivered,
    /// It died here.
    Dropped,
    /// It was refused here, and its sender is told so.
    Rejected,
}

/// Where a hop happens: something the stage can point to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The node, or none outside the cluster.
    pub node: Option<Name>,
    /// `namespace/name` of the pod whose network namespace this is, or none for
    /// a node's root namespace and for the outside.
    pub pod: Option<Name>,
    /// What stands there.
    pub site: Site,
    /// The device's name (`eth0`, `veth3f2a91c0`, `cni0`), or what it is called
    /// outside (`router`, `client`).
    pub device: Name,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Site {
    /// A process in a container (or on the node, for host network).
    Process,
    /// The pod's own end of its veth pair.
    PodEth0,
    /// The loopback device.
    Loopback,
    /// The node's end of the pair.
    Veth,
    /// The bridge.
    Bridge,
    /// The node's network stack: hooks and routing.
    Stack,
    /// The node's network card.
    NodeEth0,
    /// The cable and switch between the nodes.
    Underlay,
    /// The cloud's load balancer.
    LoadBalancer,
    /// A client outside the cluster.
    Client,
}

/// One protocol layer of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Protocol (`Ethernet`, `IPv4`, `TCP`).
    pub protocol: Name,
    /// Its fields in the order of the wire.
    pub fields: Vec<Field>,
}

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name (`dst`, `ttl`, `sport`).
    pub name: Name,
    /// Value as tcpdump or ip would write it.
    pub value: String,
}
