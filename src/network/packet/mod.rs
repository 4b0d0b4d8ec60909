//! Packets: the headers that travel, as values; their bytes; and what a reader
//! is shown of them.

mod frame;
mod layers;

pub use layers::arp_layers;

use super::Mac;
use super::Protocol;
use super::dns::Message;
use super::netfilter::conntrack::{TcpFlags, Tracked, Tuple};
use crate::api::Name;
use crate::sim::trace::Traffic;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The time to live that Linux gives its packets.
pub const TTL: u8 = 64;

/// An Ethernet frame with an IPv4 packet in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// Hardware address of the sender on this link.
    pub eth_src: Mac,
    /// Hardware address of the receiver on this link.
    pub eth_dst: Mac,
    /// Source address.
    pub src: Ipv4Addr,
    /// Destination address.
    pub dst: Ipv4Addr,
    /// Time to live.
    pub ttl: u8,
    /// What it carries.
    pub body: Body,
}

/// What an IPv4 packet carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A TCP segment.
    Tcp(Segment),
    /// A UDP datagram.
    Udp(Datagram),
    /// An ICMP echo request or reply.
    Echo {
        /// Whether it is the reply.
        reply: bool,
        /// Identifier.
        id: u16,
    },
    /// An ICMP error about another packet.
    Error {
        /// What went wrong.
        reason: Unreachable,
        /// The packet that it is about, as far as it is quoted.
        about: Box<Packet>,
    },
}

/// A TCP segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
    /// Flags.
    pub flags: TcpFlags,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Data.
    pub payload: Payload,
}

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq)]
pub struct Datagram {
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
    /// Data.
    pub payload: Payload,
}

/// Data above the transport layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// None.
    Empty,
    /// An HTTP message or other text.
    Text(Name),
    /// A DNS message.
    Dns(Arc<Message>),
}

impl Payload {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Payload::Empty => Vec::new(),
            Payload::Text(text) => text.as_bytes().to_vec(),
            Payload::Dns(message) => message.bytes(),
        }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        match self {
            Payload::Empty => 0,
            Payload::Text(text) => text.len(),
            Payload::Dns(message) => message.bytes().len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What an ICMP error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Nothing listens, or a rule refuses.
    Port,
    /// The host does not answer.
    Host,
    /// No route leads there.
    Net,
    /// The time to live ran out.
    TtlExceeded,
}

impl Unreachable {
    /// What a program is told (`connect: …`).
    pub fn errno(self) -> &'static str {
        match self {
            Unreachable::Port => "Connection refused",
            Unreachable::Host | Unreachable::TtlExceeded => "No route to host",
            Unreachable::Net => "Network is unreachable",
        }
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unreachable::Port => "port unreachable",
            Unreachable::Host => "host unreachable",
            Unreachable::Net => "net unreachable",
            Unreachable::TtlExceeded => "time exceeded in-transit",
        })
    }
}

impl Packet {
    /// A packet that has not found its link yet.
    pub fn new(src: Ipv4Addr, dst: Ipv4Addr, body: Body) -> Self {
        Packet {
            eth_src: Mac::default(),
            eth_dst: Mac::default(),
            src,
            dst,
            ttl: TTL,
            body,
        }
    }

    /// Source and destination port; an echo's identifier for both; none of an
    /// error.
    pub fn ports(&self) -> (u16, u16) {
        match &self.body {
            Body::Tcp(segment) => (segment.sport, segment.dport),
            Body::Udp(datagram) => (datagram.sport, datagram.dport),
            Body::Echo { id, .. } => (*id, *id),
            Body::Error { .. } => (0, 0),
        }
    }

    /// The transport protocol, where rules can name it.
    pub fn protocol(&self) -> Option<Protocol> {
        match &self.body {
            Body::Tcp(_) => Some(Protocol::Tcp),
            Body::Udp(_) => Some(Protocol::Udp),
            Body::Echo { .. } | Body::Error { .. } => None,
        }
    }

    /// The flags of TCP; none set for others.
    pub fn flags(&self) -> TcpFlags {
        match &self.body {
            Body::Tcp(segment) => segment.flags,
            _ => TcpFlags::default(),
        }
    }

    /// What conntrack knows it by; none for errors, which are known by the packet
    /// they are about.
    pub fn tuple(&self) -> Option<Tuple> {
        let protocol = match &self.body {
            Body::Tcp(_) => Tracked::Tcp,
            Body::Udp(_) => Tracked::Udp,
            Body::Echo { .. } => Tracked::Icmp,
            Body::Error { .. } => return None,
        };
        let (sport, dport) = self.ports();
        Some(Tuple {
            protocol,
            src: self.src,
            sport,
            dst: self.dst,
            dport,
        })
    }

    /// Rewrites where it goes; inside an error also where the quoted packet came
    /// from.
    pub fn set_destination(&mut self, ip: Ipv4Addr, port: u16) {
        self.dst = ip;
        match &mut self.body {
            Body::Tcp(segment) => segment.dport = port,
            Body::Udp(datagram) => datagram.dport = port,
            Body::Echo { .. } => {}
            Body::Error { about, .. } => about.set_source(ip, port),
        }
    }

    /// Rewrites where it comes from; inside an error also where the quoted packet
    /// went.
    pub fn set_source(&mut self, ip: Ipv4Addr, port: u16) {
        self.src = ip;
        match &mut self.body {
            Body::Tcp(segment) => segment.sport = port,
            Body::Udp(datagram) => datagram.sport = port,
            Body::Echo { .. } => {}
            Body::Error { about, .. } => about.set_destination(ip, port),
        }
    }

    /// What it carries, for its colour and glyph.
    pub fn traffic(&self) -> Traffic {
        match &self.body {
            Body::Tcp(_) => Traffic::Tcp,
            Body::Udp(datagram) if matches!(datagram.payload, Payload::Dns(_)) => Traffic::Dns,
            Body::Udp(_) => Traffic::Udp,
            Body::Echo { .. } | Body::Error { .. } => Traffic::Icmp,
        }
    }

    /// An ICMP error that `from` sends about this packet.
    pub fn error(&self, from: Ipv4Addr, reason: Unreachable) -> Packet {
        let about = Box::new(self.clone());
        Packet::new(from, self.src, Body::Error { reason, about })
    }

    /// What a kernel answers where nothing listens: RST to TCP, port unreachable
    /// to UDP, nothing to the rest.
    pub fn refusal(&self) -> Option<Packet> {
        match &self.body {
            Body::Tcp(segment) if !segment.flags.rst => {
                let flags = TcpFlags {
                    rst: true,
                    ack: true,
                    ..TcpFlags::default()
                };
                Some(self.answer(flags, Payload::Empty))
            }
            Body::Udp(_) => Some(self.error(self.dst, Unreachable::Port)),
            _ => None,
        }
    }

    /// The packet that answers this one: ends turned, TCP numbers continued.
    pub fn answer(&self, flags: TcpFlags, payload: Payload) -> Packet {
        let body = match &self.body {
            Body::Tcp(segment) => Body::Tcp(Segment {
                sport: segment.dport,
                dport: segment.sport,
                flags,
                seq: segment.ack,
                ack: segment.seq.wrapping_add(segment.advance()),
                payload,
            }),
            Body::Udp(datagram) => Body::Udp(Datagram {
                sport: datagram.dport,
                dport: datagram.sport,
                payload,
            }),
            Body::Echo { id, .. } => Body::Echo {
                reply: true,
                id: *id,
            },
            Body::Error { about, .. } => {
                return Packet::new(self.dst, self.src, about.body.clone());
            }
        };
        Packet::new(self.dst, self.src, body)
    }
}

impl Segment {
    /// How far it moves the sequence number.
    pub fn advance(&self) -> u32 {
        let control = u32::from(self.flags.syn) + u32::from(self.flags.fin);
        control + u32::try_from(self.payload.len()).unwrap_or(0)
    }
}

/// `[S]`, `[S.]`, `[P.]`: flags as tcpdump writes them.
pub fn flag_text(flags: TcpFlags) -> String {
    let letters = [
        (flags.syn, 'S'),
        (flags.fin, 'F'),
        (flags.rst, 'R'),
        (flags.psh, 'P'),
        (flags.ack, '.'),
    ];
    let set = letters.iter().filter(|(set, _)| *set);
    format!("[{}]", set.map(|(_, letter)| letter).collect::<String>())
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sport, dport) = self.ports();
        let (src, dst) = (self.src, self.dst);
        match &self.body {
            Body::Tcp(segment) => {
                let kind = match segment.flags {
                    TcpFlags {
                        syn: true,
                        ack: false,
                        ..
                    } => "SYN",
                    TcpFlags {
                        syn: true,
                        ack: true,
                        ..
                    } => "SYN-ACK",
                    TcpFlags { rst: true, .. } => "RST",
                    TcpFlags { fin: true, .. } => "FIN",
                    TcpFlags { psh: true, .. } => "data",
                    _ => "ACK",
                };
                write!(f, "TCP {kind} {src}:{sport} → {dst}:{dport}")
            }
            Body::Udp(datagram) => match &datagram.payload {
                Payload::Dns(message) => write!(f, "DNS {message} {src}:{sport} → {dst}:{dport}"),
                _ => write!(f, "UDP {src}:{sport} → {dst}:{dport}"),
            },
            Body::Echo { reply: false, .. } => write!(f, "ICMP echo request {src} → {dst}"),
            Body::Echo { reply: true, .. } => write!(f, "ICMP echo reply {src} → {dst}"),
            Body::Error { reason, .. } => write!(f, "ICMP {reason} {src} → {dst}"),
        }
    }
}
