//! The request itself: a TCP connection with one HTTP request, a datagram or a
//! ping, and what comes back.

use super::{Reached, Send, Transport, Trip};
use crate::network::netfilter::conntrack::TcpFlags;
use crate::network::packet::{Body, Datagram, Packet, Payload, Segment, Unreachable};
use crate::network::walk::{End, Station};
use crate::network::{Serves, Socket};
use crate::sim::trace::LegKind;
use std::net::Ipv4Addr;

const SYN: TcpFlags = flags(true, false, false, false);
const SYN_ACK: TcpFlags = flags(true, true, false, false);
const ACK: TcpFlags = flags(false, true, false, false);
const DATA: TcpFlags = flags(false, true, true, false);
const FIN: TcpFlags = flags(false, true, false, true);

const fn flags(syn: bool, ack: bool, psh: bool, fin: bool) -> TcpFlags {
    TcpFlags {
        syn,
        ack,
        psh,
        fin,
        rst: false,
    }
}

/// Who took the request, and the packet as it saw it.
struct Taken {
    at: Station,
    socket: Option<Socket>,
    packet: Packet,
}

impl Trip<'_> {
    /// Sends the request to an address. The results are the journey's summary.
    pub(super) fn exchange(&mut self, ip: Ipv4Addr, request: &Send) -> Result<String, String> {
        let source = self.source(ip);
        let body = match request.protocol {
            Transport::Tcp => Body::Tcp(Segment {
                sport: self.ephemeral_port(),
                dport: request.port,
                flags: SYN,
                seq: self.walker.chance.next_u32(),
                ack: 0,
                payload: Payload::Empty,
            }),
            Transport::Udp => Body::Udp(Datagram {
                sport: self.ephemeral_port(),
                dport: request.port,
                payload: Payload::Text("hello".into()),
            }),
            Transport::Icmp => Body::Echo {
                reply: false,
                id: self.ephemeral_port(),
            },
        };
        let first = Packet::new(source, ip, body);
        self.wait_for(&first);
        match request.protocol {
            Transport::Tcp => self.tcp(first, request),
            Transport::Udp => self.datagram(first),
            Transport::Icmp => self.ping(first),
        }
    }

    /// A process sends to its own machine from the address it sends to.
    fn source(&self, ip: Ipv4Addr) -> Ipv4Addr {
        let route = self.walker.net.route(&self.sender.station, ip);
        route.map_or(self.sender.ip, |route| route.src)
    }

    fn tcp(&mut self, syn: Packet, request: &Send) -> Result<String, String> {
        let (dst, port) = (syn.dst, request.port);
        let why = format!(
            "The process connects to {dst}:{port}: the first packet of a TCP connection is a SYN."
        );
        let taken = self.go(&syn, why)?;
        let mut syn_ack = taken.packet.answer(SYN_ACK, Payload::Empty);
        if let Body::Tcp(segment) = &mut syn_ack.body {
            segment.seq = self.walker.chance.next_u32();
        }
        let why = "The server's kernel accepts the connection: SYN and ACK go back.";
        let accepted = self.come(&taken.at, syn_ack, why)?;
        let _ = self.unseen(
            &self.sender.station.clone(),
            accepted.answer(ACK, Payload::Empty),
        );
        let text = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n",
            request.http_path(),
            request.to
        );
        let data = accepted.answer(DATA, Payload::Text(text.into()));
        let why = "The connection stands; the process writes its HTTP request into it.";
        let asked = self.go(&data, why.into())?;
        let path = request.http_path();
        let serves = asked.socket.as_ref().map(|socket| &socket.listener.serves);
        let http = serves.and_then(|serves| serves.http_answer(&path));
        self.heard = http.map(|(status, body)| Reached::Http(status, body));
        let (said, text) = speak(asked.socket.as_ref(), &path);
        let Some(text) = text else {
            self.close(&asked);
            return Ok(self.summary(&asked, &said));
        };
        let answer = asked.packet.answer(DATA, Payload::Text(text.into()));
        let answer = self.come(
            &asked.at,
            answer,
            "The server writes its answer into the connection.",
        )?;
        self.close_after(&asked, &answer);
        Ok(self.summary(&asked, &said))
    }

    fn datagram(&mut self, packet: Packet) -> Result<String, String> {
        let why = format!(
            "The process sends one datagram to {}; UDP has no connection to open.",
            packet.dst
        );
        let taken = self.go(&packet, why)?;
        let echo = match taken.socket.as_ref().map(|socket| &socket.listener.serves) {
            Some(Serves::Echo) => Payload::Text("hello".into()),
            Some(Serves::Greeting(text)) if !text.is_empty() => Payload::Text(text.clone()),
            _ => {
                let name = self.walker.net.station_name(&taken.at);
                return Ok(format!(
                    "{name} took the datagram and says nothing: UDP promises no answer."
                ));
            }
        };
        let answer = taken.packet.answer(TcpFlags::default(), echo);
        self.come(
            &taken.at,
            answer,
            "The server answers with a datagram of its own.",
        )?;
        Ok(self.summary(&taken, "An answer"))
    }

    fn ping(&mut self, packet: Packet) -> Result<String, String> {
        let why = format!("ping asks {} for an echo.", packet.dst);
        let taken = self.go(&packet, why)?;
        let answer = taken.packet.answer(TcpFlags::default(), Payload::Empty);
        let back = self.come(&taken.at, answer, "The kernel sends the echo back.")?;
        let name = self.walker.net.station_name(&taken.at);
        Ok(format!(
            "64 bytes from {} ({name}): ttl={}",
            back.src, back.ttl
        ))
    }

    /// A packet of the sender goes; the error is the journey's summary.
    fn go(&mut self, packet: &Packet, why: String) -> Result<Taken, String> {
        let station = self.sender.station.clone();
        match self.leg(LegKind::Request, &station, packet, why) {
            End::Delivered { at, socket, packet } => Ok(Taken { at, socket, packet }),
            End::Dead { why, answer } => Err(self.failure(packet, &why, answer)),
        }
    }

    /// An answer comes back to the sender.
    fn come(&mut self, from: &Station, packet: Packet, why: &str) -> Result<Packet, String> {
        match self.leg(LegKind::Reply, from, &packet, why.into()) {
            End::Delivered { packet, .. } => Ok(packet),
            End::Dead { why, .. } => Err(format!("The answer did not come back: {why}")),
        }
    }

    fn failure(&mut self, packet: &Packet, why: &str, answer: Option<(Station, Packet)>) -> String {
        let what = match packet.protocol() {
            Some(protocol) => format!("{} {}:{}", protocol.lower(), packet.dst, packet.ports().1),
            None => format!("ping {}", packet.dst),
        };
        match self.tell(answer, LegKind::Reply) {
            Some(told) => format!("{what}: {told}. {why}"),
            None => format!("{what}: Connection timed out. {why}"),
        }
    }

    /// Whoever gave the packet up tells the sender: what its process then hears.
    pub(super) fn tell(
        &mut self,
        answer: Option<(Station, Packet)>,
        kind: LegKind,
    ) -> Option<&'static str> {
        let (from, packet) = answer?;
        let why = match &packet.body {
            Body::Error { reason, .. } => format!("The sender is told by ICMP: {reason}."),
            _ => "The sender is told by a reset (RST).".into(),
        };
        let told = match &packet.body {
            Body::Error { reason, .. } => reason.errno(),
            _ => Unreachable::Port.errno(),
        };
        match self.leg(kind, &from, &packet, why) {
            End::Delivered { .. } => {
                self.heard = Some(Reached::Refused(told));
                Some(told)
            }
            End::Dead { .. } => None,
        }
    }

    fn summary(&self, taken: &Taken, said: &str) -> String {
        let name = self.walker.net.station_name(&taken.at);
        let packet = &taken.packet;
        format!(
            "{said} from {name} ({}:{}), which sees the client as {}.",
            packet.dst,
            packet.ports().1,
            packet.src
        )
    }

    /// The connection is closed after the server's answer.
    fn close_after(&mut self, asked: &Taken, answer: &Packet) {
        let fin = answer.answer(FIN, Payload::Empty);
        self.finish(&asked.at, fin);
    }

    /// The connection is closed though the server said nothing.
    fn close(&mut self, asked: &Taken) {
        let quiet = asked.packet.answer(ACK, Payload::Empty);
        if let End::Delivered { packet, .. } = self.unseen(&asked.at, quiet) {
            self.finish(&asked.at, packet.answer(FIN, Payload::Empty));
        }
    }

    /// FIN, FIN, ACK: conntrack sees them, the reader is spared them.
    fn finish(&mut self, server: &Station, fin: Packet) {
        let station = self.sender.station.clone();
        let End::Delivered { packet, .. } = self.unseen(&station, fin) else {
            return;
        };
        let End::Delivered { packet, .. } = self.unseen(server, packet.answer(FIN, Payload::Empty))
        else {
            return;
        };
        let _ = self.unseen(&station, packet.answer(ACK, Payload::Empty));
    }
}

/// What a server says to a request: in a few words, and on the wire.
fn speak(socket: Option<&Socket>, path: &str) -> (String, Option<String>) {
    let Some(serves) = socket.map(|socket| &socket.listener.serves) else {
        return ("Nothing".into(), None);
    };
    if let Some((status, body)) = serves.http_answer(path) {
        let server = match serves {
            Serves::Http { server, .. } if !server.is_empty() => format!("Server: {server}\r\n"),
            _ => String::new(),
        };
        let reason = reason(status);
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status} {reason}\r\n{server}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        return (format!("HTTP {status} {reason}"), Some(text));
    }
    match serves {
        Serves::Greeting(text) if !text.is_empty() => ("An answer".into(), Some(text.to_string())),
        Serves::Echo => ("An echo".into(), Some(format!("GET {path} HTTP/1.1\r\n"))),
        _ => ("The connection was accepted; no HTTP answer".into(), None),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
