//! The bytes of a frame, as a dissector accepts them.

use super::{Body, Datagram, Packet, Segment, Unreachable};
use crate::network::Mac;
use crate::network::netfilter::conntrack::TcpFlags;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv4DstUnreachable,
    Icmpv4Packet, Icmpv4Repr, Icmpv4TimeExceeded, IpAddress, IpProtocol, Ipv4Packet, Ipv4Repr,
    TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, UdpPacket, UdpRepr,
};

/// The data of an echo: 56 bytes, as ping sends.
const ECHO_DATA: [u8; 56] = [0x2a; 56];
/// How much of a packet an error quotes beyond its IP header.
const QUOTED_BYTES_MAX: usize = 548;
/// The window that Linux announces first.
const WINDOW: u16 = 64_240;
/// Largest segment on a link with an MTU of 1500.
const MSS: u16 = 1460;

impl Packet {
    /// The whole frame, checksums included.
    pub fn frame(&self) -> Vec<u8> {
        let ethernet = EthernetRepr {
            src_addr: hardware(self.eth_src),
            dst_addr: hardware(self.eth_dst),
            ethertype: EthernetProtocol::Ipv4,
        };
        let ip = self.ip_bytes();
        let mut frame = vec![0; ethernet.buffer_len() + ip.len()];
        let mut buffer = EthernetFrame::new_unchecked(&mut frame);
        ethernet.emit(&mut buffer);
        buffer.payload_mut().copy_from_slice(&ip);
        frame
    }

    /// The IPv4 packet without its link header.
    pub fn ip_bytes(&self) -> Vec<u8> {
        let payload = self.transport_bytes();
        let header = self.ip_header(payload.len());
        let mut bytes = vec![0; header.buffer_len() + payload.len()];
        let mut buffer = Ipv4Packet::new_unchecked(&mut bytes);
        header.emit(&mut buffer, &ChecksumCapabilities::default());
        buffer.payload_mut().copy_from_slice(&payload);
        bytes
    }

    fn ip_header(&self, payload_len: usize) -> Ipv4Repr {
        let next_header = match &self.body {
            Body::Tcp(_) => IpProtocol::Tcp,
            Body::Udp(_) => IpProtocol::Udp,
            Body::Echo { .. } | Body::Error { .. } => IpProtocol::Icmp,
        };
        Ipv4Repr {
            src_addr: self.src,
            dst_addr: self.dst,
            next_header,
            payload_len,
            hop_limit: self.ttl,
        }
    }

    fn transport_bytes(&self) -> Vec<u8> {
        match &self.body {
            Body::Tcp(segment) => self.tcp_bytes(segment),
            Body::Udp(datagram) => self.udp_bytes(datagram),
            Body::Echo { reply, id } => icmp_bytes(&echo(*reply, *id)),
            Body::Error { reason, about } => {
                let quoted = about.transport_bytes();
                let data = quoted.get(..QUOTED_BYTES_MAX).unwrap_or(&quoted);
                let header = about.ip_header(quoted.len());
                icmp_bytes(&error(*reason, header, data))
            }
        }
    }

    fn tcp_bytes(&self, segment: &Segment) -> Vec<u8> {
        let payload = segment.payload.bytes();
        let repr = TcpRepr {
            src_port: segment.sport,
            dst_port: segment.dport,
            control: control(segment.flags),
            seq_number: TcpSeqNumber(segment.seq.cast_signed()),
            ack_number: segment
                .flags
                .ack
                .then_some(TcpSeqNumber(segment.ack.cast_signed())),
            window_len: WINDOW,
            window_scale: segment.flags.syn.then_some(7),
            max_seg_size: segment.flags.syn.then_some(MSS),
            sack_permitted: segment.flags.syn,
            sack_ranges: [None; 3],
            timestamp: None,
            payload: &payload,
        };
        let mut bytes = vec![0; repr.buffer_len()];
        repr.emit(
            &mut TcpPacket::new_unchecked(&mut bytes),
            &IpAddress::Ipv4(self.src),
            &IpAddress::Ipv4(self.dst),
            &ChecksumCapabilities::default(),
        );
        bytes
    }

    fn udp_bytes(&self, datagram: &Datagram) -> Vec<u8> {
        let payload = datagram.payload.bytes();
        let repr = UdpRepr {
            src_port: datagram.sport,
            dst_port: datagram.dport,
        };
        let mut bytes = vec![0; repr.header_len() + payload.len()];
        repr.emit(
            &mut UdpPacket::new_unchecked(&mut bytes),
            &IpAddress::Ipv4(self.src),
            &IpAddress::Ipv4(self.dst),
            payload.len(),
            |buffer| buffer.copy_from_slice(&payload),
            &ChecksumCapabilities::default(),
        );
        bytes
    }
}

fn hardware(mac: Mac) -> EthernetAddress {
    EthernetAddress(mac.0)
}

fn control(flags: TcpFlags) -> TcpControl {
    match flags {
        TcpFlags { rst: true, .. } => TcpControl::Rst,
        TcpFlags { syn: true, .. } => TcpControl::Syn,
        TcpFlags { fin: true, .. } => TcpControl::Fin,
        TcpFlags { psh: true, .. } => TcpControl::Psh,
        _ => TcpControl::None,
    }
}

fn echo(reply: bool, ident: u16) -> Icmpv4Repr<'static> {
    let (seq_no, data) = (1, ECHO_DATA.as_slice());
    match reply {
        false => Icmpv4Repr::EchoRequest {
            ident,
            seq_no,
            data,
        },
        true => Icmpv4Repr::EchoReply {
            ident,
            seq_no,
            data,
        },
    }
}

fn error(reason: Unreachable, header: Ipv4Repr, data: &[u8]) -> Icmpv4Repr<'_> {
    let unreachable = |reason| Icmpv4Repr::DstUnreachable {
        reason,
        header,
        data,
    };
    match reason {
        Unreachable::Port => unreachable(Icmpv4DstUnreachable::PortUnreachable),
        Unreachable::Host => unreachable(Icmpv4DstUnreachable::HostUnreachable),
        Unreachable::Net => unreachable(Icmpv4DstUnreachable::NetUnreachable),
        Unreachable::TtlExceeded => Icmpv4Repr::TimeExceeded {
            reason: Icmpv4TimeExceeded::TtlExpired,
            header,
            data,
        },
    }
}

fn icmp_bytes(repr: &Icmpv4Repr<'_>) -> Vec<u8> {
    let mut bytes = vec![0; repr.buffer_len()];
    repr.emit(
        &mut Icmpv4Packet::new_unchecked(&mut bytes),
        &ChecksumCapabilities::default(),
    );
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::Payload;
    use super::*;
    use std::net::Ipv4Addr;

    fn tcp(flags: TcpFlags, payload: Payload) -> Packet {
        let body = Body::Tcp(Segment {
            sport: 40001,
            dport: 80,
            flags,
            seq: 7,
            ack: 9,
            payload,
        });
        Packet::new(
            Ipv4Addr::new(10, 244, 1, 2),
            Ipv4Addr::new(10, 96, 0, 17),
            body,
        )
    }

    #[test]
    fn a_dissector_reads_back_what_was_written() {
        let syn = TcpFlags {
            syn: true,
            ..TcpFlags::default()
        };
        let packet = tcp(syn, Payload::Empty);
        let bytes = packet.frame();
        let frame = EthernetFrame::new_checked(&bytes).expect("a frame");
        let ip = Ipv4Packet::new_checked(frame.payload()).expect("IPv4");
        assert!(ip.verify_checksum());
        assert_eq!((ip.src_addr(), ip.hop_limit()), (packet.src, 64));
        let tcp = TcpPacket::new_checked(ip.payload()).expect("TCP");
        let (src, dst) = (IpAddress::Ipv4(packet.src), IpAddress::Ipv4(packet.dst));
        assert!(tcp.verify_checksum(&src, &dst) && tcp.syn() && !tcp.ack());
        assert_eq!((tcp.src_port(), tcp.dst_port()), (40001, 80));
    }

    #[test]
    fn an_error_quotes_the_packet_it_is_about() {
        let packet = tcp(TcpFlags::default(), Payload::Text("hello".into()));
        let error = packet.error(Ipv4Addr::new(10, 244, 1, 1), Unreachable::Port);
        let bytes = error.ip_bytes();
        let ip = Ipv4Packet::new_checked(&bytes).expect("IPv4");
        let icmp = Icmpv4Packet::new_checked(ip.payload()).expect("ICMP");
        let caps = ChecksumCapabilities::default();
        let Ok(Icmpv4Repr::DstUnreachable { reason, header, .. }) = Icmpv4Repr::parse(&icmp, &caps)
        else {
            panic!("not unreachable");
        };
        assert_eq!(reason, Icmpv4DstUnreachable::PortUnreachable);
        assert_eq!(header.dst_addr, packet.dst);
    }
}
