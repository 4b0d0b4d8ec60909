//! From what the viewer named to an address: the DNS lookup, a journey of its
//! own.

use super::{Destination, Send, Trip};
use crate::network::dns::{Message, Rcode, RecordType, ResolvConf, Response, outside};
use crate::network::netfilter::conntrack::TcpFlags;
use crate::network::packet::{Body, Datagram, Packet, Payload};
use crate::network::walk::{Asker, End, Station};
use crate::network::{Serves, Socket};
use crate::sim::trace::LegKind;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The port of DNS.
const DNS_PORT: u16 = 53;
/// Ports that a kernel draws for its own side (`ip_local_port_range`).
const EPHEMERAL: std::ops::Range<u32> = 32_768..61_000;
/// Longest name (RFC 1035).
const NAME_BYTES_MAX: usize = 253;

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// It does not exist. The names that were asked for.
    NoSuchName(Vec<String>),
    /// No DNS server answered: whether the resolver was told so at once (else it
    /// waited in vain), and why.
    NoServer {
        /// An ICMP error came back.
        refused: bool,
        /// In words.
        why: String,
    },
}

/// Why there is no address to send to.
pub(super) enum Nowhere {
    /// What was named has none; in words.
    Absent(String),
    /// This name has none.
    Name(String, Unresolved),
}

impl Nowhere {
    /// The journey's summary.
    pub(super) fn summary(self) -> String {
        let (name, why) = match self {
            Nowhere::Absent(summary) => return summary,
            Nowhere::Name(name, why) => (name, why),
        };
        match why {
            Unresolved::NoServer { why, .. } => why,
            Unresolved::NoSuchName(tried) => {
                let tried = match tried.is_empty() {
                    true => "it is not a name that DNS can ask for".into(),
                    false => format!("tried {}", tried.join(", ")),
                };
                format!("Could not resolve host {name}: {tried}; none exists (NXDOMAIN).")
            }
        }
    }
}

impl Trip<'_> {
    /// The address to send to.
    pub(super) fn address(&mut self, request: &Send) -> Result<Ipv4Addr, Nowhere> {
        let net = &*self.walker.net;
        let (found, absent) = match &request.to {
            Destination::Ip(ip) => return Ok(*ip),
            Destination::Name(name) => return self.by_name(&name.clone()),
            Destination::Pod(pod) => (
                net.pod_ip(pod),
                format!("Pod {pod} has no address: it is not running."),
            ),
            Destination::Node(name) => (
                net.node(name).map(|node| node.wire.ip),
                format!("There is no node {name}."),
            ),
            Destination::LoadBalancer(service) => (
                self.dns.load_balancer_ip(service),
                format!(
                    "Service {service} has no load balancer address (EXTERNAL-IP is <pending> or its type is not LoadBalancer)."
                ),
            ),
        };
        found.ok_or(Nowhere::Absent(absent))
    }

    fn by_name(&mut self, name: &str) -> Result<Ipv4Addr, Nowhere> {
        let nowhere = |why| Nowhere::Name(name.to_owned(), why);
        let addresses = self.resolve(name).map_err(nowhere)?;
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        let choice = self.walker.chance.below(count);
        let chosen = addresses.get(choice as usize).copied();
        chosen.ok_or_else(|| nowhere(Unresolved::NoSuchName(Vec::new())))
    }

    /// Every address of a name, as the resolver of the sender finds them.
    pub(super) fn resolve(&mut self, name: &str) -> Result<Vec<Ipv4Addr>, Unresolved> {
        if let Ok(ip) = name.parse() {
            return Ok(vec![ip]);
        }
        if name == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST]);
        }
        let conf = self.resolv_conf();
        let mut tried = Vec::new();
        for candidate in conf.candidates(name) {
            if !is_name(&candidate) {
                continue;
            }
            let response = self.ask(&conf, name, &candidate, &tried)?;
            let addresses: Vec<Ipv4Addr> = response.addresses().collect();
            if !addresses.is_empty() {
                return Ok(addresses);
            }
            tried.push(candidate);
        }
        Err(Unresolved::NoSuchName(tried))
    }

    fn resolv_conf(&self) -> ResolvConf {
        let config = self.walker.net.config();
        match &self.sender.namespace {
            Some(namespace) => ResolvConf::cluster_first(config, namespace),
            None => ResolvConf::of_machine(config.router),
        }
    }

    /// One question and its answer.
    fn ask(
        &mut self,
        conf: &ResolvConf,
        name: &str,
        candidate: &str,
        tried: &[String],
    ) -> Result<Response, Unresolved> {
        let question = Message {
            id: self.walker.chance.next_u32() as u16,
            name: candidate.to_lowercase().into(),
            wants: RecordType::A,
            response: None,
        };
        let body = Body::Udp(Datagram {
            sport: self.ephemeral_port(),
            dport: DNS_PORT,
            payload: Payload::Dns(Arc::new(question.clone())),
        });
        let packet = Packet::new(self.sender.ip, conf.nameserver, body);
        self.wait_for(&packet);
        let why = self.why_ask(conf, name, candidate, tried);
        let station = self.sender.station.clone();
        let end = self.leg(LegKind::DnsQuery, &station, &packet, why);
        let (at, socket, received) = match end {
            End::Delivered {
                at,
                socket: Some(socket),
                packet,
            } => (at, socket, packet),
            End::Delivered { .. } => {
                return Err(no_server(
                    conf,
                    false,
                    "the wrong program took the question",
                ));
            }
            End::Dead { why, answer } => {
                let refused = self.tell(answer, LegKind::DnsReply).is_some();
                return Err(no_server(conf, refused, &why));
            }
        };
        let response = self.response(&at, &socket, &question);
        match self.reply(&at, &received, &question, &response) {
            Ok(()) => Ok(response),
            Err(why) => Err(Unresolved::NoServer {
                refused: false,
                why,
            }),
        }
    }

    fn reply(
        &mut self,
        at: &Station,
        received: &Packet,
        question: &Message,
        response: &Response,
    ) -> Result<(), String> {
        let message = Message {
            response: Some(response.clone()),
            ..question.clone()
        };
        let answer = received.answer(TcpFlags::default(), Payload::Dns(Arc::new(message)));
        let why = self.why_answer(at, question, response);
        match self.leg(LegKind::DnsReply, at, &answer, why) {
            End::Delivered { .. } => Ok(()),
            End::Dead { why, .. } => Err(format!("The DNS answer was lost: {why}")),
        }
    }

    /// What the server that took the question answers.
    fn response(&self, at: &Station, socket: &Socket, question: &Message) -> Response {
        let config = self.walker.net.config();
        match (&socket.listener.serves, at) {
            (Serves::Dns, Station::Router) => outside::answer(&question.name, question.wants),
            (Serves::Dns, _) => {
                self.dns
                    .answer(&question.name, question.wants, config.cluster_domain)
            }
            _ => Response {
                rcode: Rcode::ServFail,
                authoritative: false,
                answers: Vec::new(),
            },
        }
    }

    fn why_ask(&self, conf: &ResolvConf, name: &str, candidate: &str, tried: &[String]) -> String {
        let server = conf.nameserver;
        let dots = match name.matches('.').count() {
            1 => "1 dot".to_owned(),
            count => format!("{count} dots"),
        };
        match (tried.last(), candidate == name.trim_end_matches('.')) {
            (Some(last), _) => format!(
                "{last} does not exist; the resolver goes on with the next of its search list: {candidate}."
            ),
            (None, true) => format!(
                "The process knows only a name. Its resolv.conf says nameserver {server}: it asks for {candidate}."
            ),
            (None, false) => format!(
                "The process knows only a name. {name} has {dots}, fewer than ndots:{}: the resolver first tries it with its search list, beginning with {candidate}, at nameserver {server}.",
                conf.ndots
            ),
        }
    }

    fn why_answer(&self, at: &Station, question: &Message, response: &Response) -> String {
        let name = &question.name;
        let domain = self.walker.net.config().cluster_domain;
        let mine = *at != Station::Router && self.dns.is_mine(name, domain);
        let source = match (*at == Station::Router, mine) {
            (true, _) => "The resolver of the nodes' network",
            (false, true) => "CoreDNS knows the Services of the cluster from its watch: it",
            (false, false) => {
                "The name is not in cluster.local, so CoreDNS forwarded the question to the DNS outside: it"
            }
        };
        match (response.rcode, response.answers.is_empty()) {
            (Rcode::NxDomain, _) => format!("{source} answers that {name} does not exist."),
            (Rcode::ServFail, _) => "The program that took the question is no DNS server.".into(),
            (Rcode::NoError, true) => {
                format!("{source} answers that {name} exists, but has no address.")
            }
            (Rcode::NoError, false) => format!("{source} answers with the address of {name}."),
        }
    }

    pub(super) fn ephemeral_port(&mut self) -> u16 {
        let port = EPHEMERAL.start + self.walker.chance.below(EPHEMERAL.end - EPHEMERAL.start);
        u16::try_from(port).unwrap_or(u16::MAX)
    }

    /// The sender waits for the answer to this packet.
    pub(super) fn wait_for(&mut self, packet: &Packet) {
        self.walker.asker = packet.tuple().map(|tuple| Asker {
            at: self.sender.station.clone(),
            tuple,
            name: self.sender.process.clone(),
        });
    }
}

fn no_server(conf: &ResolvConf, refused: bool, why: &str) -> Unresolved {
    Unresolved::NoServer {
        refused,
        why: format!("No DNS server answered at {}: {why}", conf.nameserver),
    }
}

fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= NAME_BYTES_MAX && name.split('.').all(label)
}
