//! The last step: which socket takes the packet.

use super::{End, Flight, Note, Station, Walker};
use crate::network::packet::{Body, Packet};
use crate::network::{Listener, Owner, Protocol, Serves, Socket};
use crate::sim::trace::Verdict;

impl Walker<'_> {
    /// A packet is for this station: a waiting asker, the kernel or a listening
    /// socket takes it, or it is refused.
    pub(super) fn deliver(&mut self, at: &Station, flight: Flight) -> End {
        let packet = flight.packet;
        if let Some(asker) = self.waiting(at, &packet) {
            return self.answered(at, &asker, packet);
        }
        match &packet.body {
            Body::Echo { reply: false, .. } => self.take(at, None, "kernel", "icmp: echo", packet),
            Body::Tcp(_) | Body::Udp(_) => match self.socket_for(at, &packet) {
                Some(socket) => {
                    let listener = &socket.listener;
                    let ip = listener.ip.map_or("0.0.0.0".into(), |ip| ip.to_string());
                    let rule = format!(
                        "{} LISTEN {ip}:{} users:((\"{}\"))",
                        listener.protocol.lower(),
                        listener.port,
                        listener.container
                    );
                    let process = listener.container.clone();
                    self.take(at, Some(socket), &process, &rule, packet)
                }
                None => self.refuse(at, packet),
            },
            _ => {
                let why = "Nobody waits for this packet.";
                let place = self.process_place(at, "kernel");
                let note = Note::new("socket", "no socket", why).verdict(Verdict::Dropped);
                self.hop(&place, note, &packet);
                End::dead(why)
            }
        }
    }

    fn take(
        &mut self,
        at: &Station,
        socket: Option<Socket>,
        process: &str,
        rule: &str,
        packet: Packet,
    ) -> End {
        let place = self.process_place(at, process);
        let why = match &socket {
            Some(_) => format!(
                "{process} listens on port {}: it takes the packet, and sees {} as its sender.",
                packet.ports().1,
                packet.src
            ),
            None => "The kernel itself answers an echo request.".into(),
        };
        let note = Note::new("socket", rule, why).verdict(Verdict::Delivered);
        self.hop(&place, note, &packet);
        End::Delivered {
            at: at.clone(),
            socket,
            packet,
        }
    }

    fn waiting(&self, at: &Station, packet: &Packet) -> Option<super::Asker> {
        let asker = self.asker.as_ref().filter(|asker| asker.at == *at)?;
        let is_echo = matches!(packet.body, Body::Echo { reply: false, .. });
        let theirs = match &packet.body {
            Body::Error { about, .. } => about.tuple() == Some(asker.tuple),
            _ => packet.tuple() == Some(asker.tuple.turned()),
        };
        (theirs && !is_echo).then(|| asker.clone())
    }

    fn answered(&mut self, at: &Station, asker: &super::Asker, packet: Packet) -> End {
        let place = self.process_place(at, &asker.name);
        let why = match &packet.body {
            Body::Error { reason, .. } => format!("The process is told: {}.", reason.errno()),
            Body::Tcp(segment) if segment.flags.rst => {
                "The connection is reset: Connection refused.".into()
            }
            _ => format!(
                "The answer comes from {}:{}, exactly whom the process asked.",
                packet.src,
                packet.ports().0
            ),
        };
        let note = Note::new("socket", asker.tuple.to_string(), why).verdict(Verdict::Delivered);
        self.hop(&place, note, &packet);
        End::Delivered {
            at: at.clone(),
            socket: None,
            packet,
        }
    }

    fn refuse(&mut self, at: &Station, packet: Packet) -> End {
        let place = self.process_place(at, "kernel");
        let (protocol, port) = (packet.protocol().unwrap_or_default(), packet.ports().1);
        let told = match packet.body {
            Body::Tcp(_) => "The kernel answers with RST: connection refused.",
            _ => "The kernel answers with ICMP port unreachable.",
        };
        let why = format!("Nothing listens on {protocol} port {port} here. {told}");
        let rule = format!("no {} socket for {}:{port}", protocol.lower(), packet.dst);
        let note = Note::new("socket", rule, why.clone()).verdict(Verdict::Rejected);
        self.hop(&place, note, &packet);
        End::Dead {
            why,
            answer: packet.refusal().map(|refusal| (at.clone(), refusal)),
        }
    }

    fn socket_for(&self, at: &Station, packet: &Packet) -> Option<Socket> {
        let (protocol, port) = (packet.protocol()?, packet.ports().1);
        let takes = |socket: &&Socket| socket.takes(protocol, packet.dst, port);
        match at {
            Station::Pod(uid) => {
                let namespace = self.net.namespace(uid)?;
                namespace.sockets.iter().find(takes).cloned()
            }
            Station::Node(name) => self.net.node(name)?.sockets.iter().find(takes).cloned(),
            Station::Router => (protocol == Protocol::Udp && port == 53)
                .then(|| beyond("dns", protocol, port, Serves::Dns)),
            Station::Internet => {
                let web = protocol == Protocol::Tcp && (port == 80 || port == 443);
                web.then(|| beyond("web", protocol, port, Serves::http("internet", "It works.")))
            }
            Station::Client => None,
        }
    }
}

/// A server outside of the cluster.
fn beyond(name: &str, protocol: Protocol, port: u16, serves: Serves) -> Socket {
    Socket {
        owner: Owner::Node("internet".into()),
        listener: Listener {
            container: name.into(),
            protocol,
            port,
            ip: None,
            serves,
        },
    }
}
