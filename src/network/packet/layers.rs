//! What a reader is shown of a packet: its layers, field by field.

use super::{Body, Packet, Payload, flag_text};
use crate::network::Mac;
use crate::sim::trace::{Field, Layer};
use std::net::Ipv4Addr;

impl Packet {
    /// Every layer, the outermost first.
    pub fn layers(&self) -> Vec<Layer> {
        let mut layers = vec![ethernet(self.eth_src, self.eth_dst, "IPv4 (0x0800)")];
        layers.extend(self.ip_layers());
        layers
    }

    fn ip_layers(&self) -> Vec<Layer> {
        let (number, upper) = match &self.body {
            Body::Tcp(segment) => ("TCP (6)", tcp(segment)),
            Body::Udp(datagram) => ("UDP (17)", udp(datagram)),
            Body::Echo { reply, id } => ("ICMP (1)", echo(*reply, *id)),
            Body::Error { reason, about } => ("ICMP (1)", error(*reason, about)),
        };
        let ip = layer(
            "IPv4",
            [
                ("src", self.src.to_string()),
                ("dst", self.dst.to_string()),
                ("ttl", self.ttl.to_string()),
                ("proto", number.into()),
            ],
        );
        std::iter::once(ip).chain(upper).collect()
    }
}

/// An ARP question or answer.
pub fn arp_layers(asks: bool, from: (Mac, Ipv4Addr), to: (Mac, Ipv4Addr)) -> Vec<Layer> {
    let target = if asks { Mac::BROADCAST } else { to.0 };
    let operation = if asks { "request (1)" } else { "reply (2)" };
    let unknown = if asks { Mac::default() } else { to.0 };
    let arp = layer(
        "ARP",
        [
            ("op", operation.into()),
            ("sender mac", from.0.to_string()),
            ("sender ip", from.1.to_string()),
            ("target mac", unknown.to_string()),
            ("target ip", to.1.to_string()),
        ],
    );
    vec![ethernet(from.0, target, "ARP (0x0806)"), arp]
}

fn ethernet(src: Mac, dst: Mac, kind: &str) -> Layer {
    layer(
        "Ethernet",
        [
            ("src", src.to_string()),
            ("dst", dst.to_string()),
            ("type", kind.into()),
        ],
    )
}

fn layer<const N: usize>(protocol: &str, fields: [(&str, String); N]) -> Layer {
    let field = |(name, value): (&str, String)| Field {
        name: name.into(),
        value,
    };
    Layer {
        protocol: protocol.into(),
        fields: fields.into_iter().map(field).collect(),
    }
}

fn tcp(segment: &super::Segment) -> Vec<Layer> {
    let header = layer(
        "TCP",
        [
            ("sport", segment.sport.to_string()),
            ("dport", segment.dport.to_string()),
            ("flags", flag_text(segment.flags)),
            ("seq", segment.seq.to_string()),
            ("ack", segment.ack.to_string()),
        ],
    );
    with_payload(header, &segment.payload)
}

fn udp(datagram: &super::Datagram) -> Vec<Layer> {
    let header = layer(
        "UDP",
        [
            ("sport", datagram.sport.to_string()),
            ("dport", datagram.dport.to_string()),
            ("len", (8 + datagram.payload.len()).to_string()),
        ],
    );
    with_payload(header, &datagram.payload)
}

fn with_payload(header: Layer, payload: &Payload) -> Vec<Layer> {
    let upper = match payload {
        Payload::Empty => None,
        Payload::Text(text) => Some(layer(text_protocol(text), [("text", text.to_string())])),
        Payload::Dns(message) => Some(Layer {
            protocol: "DNS".into(),
            fields: message.fields(),
        }),
    };
    std::iter::once(header).chain(upper).collect()
}

fn text_protocol(text: &str) -> &'static str {
    let first = text.lines().next().unwrap_or_default();
    match first.contains("HTTP/1.1") {
        true => "HTTP",
        false => "Data",
    }
}

fn echo(reply: bool, id: u16) -> Vec<Layer> {
    let kind = match reply {
        true => "echo reply (0)",
        false => "echo request (8)",
    };
    let fields = [
        ("type", kind.into()),
        ("id", id.to_string()),
        ("seq", "1".into()),
    ];
    vec![layer("ICMP", fields)]
}

fn error(reason: super::Unreachable, about: &Packet) -> Vec<Layer> {
    let (sport, dport) = about.ports();
    let quoted = match about.protocol() {
        Some(protocol) => format!(
            "{protocol} {}:{sport} → {}:{dport} ttl {}",
            about.src, about.dst, about.ttl
        ),
        None => format!("ICMP {} → {} ttl {}", about.src, about.dst, about.ttl),
    };
    vec![layer(
        "ICMP",
        [("type", reason.to_string()), ("about", quoted)],
    )]
}
