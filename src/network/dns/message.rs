//! DNS messages and their bytes.

use crate::api::Name;
use crate::sim::trace::Field;
use std::fmt;
use std::net::Ipv4Addr;

/// What a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// An address.
    A,
    /// Port and name of a service.
    Srv,
    /// The name of an address.
    Ptr,
    /// Another name for it.
    Cname,
}

impl RecordType {
    fn number(self) -> u16 {
        match self {
            RecordType::A => 1,
            RecordType::Cname => 5,
            RecordType::Ptr => 12,
            RecordType::Srv => 33,
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecordType::A => "A",
            RecordType::Srv => "SRV",
            RecordType::Ptr => "PTR",
            RecordType::Cname => "CNAME",
        })
    }
}

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rcode {
    /// The name exists (though perhaps without such a record).
    NoError,
    /// The server cannot say now.
    ServFail,
    /// There is no such name.
    NxDomain,
}

impl Rcode {
    /// `NOERROR`, `NXDOMAIN`.
    pub fn name(self) -> &'static str {
        match self {
            Rcode::NoError => "NOERROR",
            Rcode::ServFail => "SERVFAIL",
            Rcode::NxDomain => "NXDOMAIN",
        }
    }

    fn number(self) -> u16 {
        match self {
            Rcode::NoError => 0,
            Rcode::ServFail => 2,
            Rcode::NxDomain => 3,
        }
    }
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// An address.
    A(Ipv4Addr),
    /// Another name.
    Cname(Name),
    /// The name of an address.
    Ptr(Name),
    /// Where a service is.
    Srv {
        /// Port.
        port: u16,
        /// Name of the host.
        target: Name,
        /// Share among equals.
        weight: u16,
    },
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The name that it is about.
    pub name: Name,
    /// Seconds that it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// A question, or its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which answer belongs to which question.
    pub id: u16,
    /// The name asked for, absolute, without the last dot.
    pub name: Name,
    /// What is asked for.
    pub wants: RecordType,
    /// None in a question.
    pub response: Option<Response>,
}

/// What an answer adds to its question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// How it was answered.
    pub rcode: Rcode,
    /// Whether the server itself knows the zone.
    pub authoritative: bool,
    /// Records.
    pub answers: Vec<Answer>,
}

impl Response {
    /// There is no such name.
    pub fn none(authoritative: bool) -> Self {
        Response {
            rcode: Rcode::NxDomain,
            authoritative,
            answers: Vec::new(),
        }
    }

    /// These records; none: the name exists, but has no such record.
    pub fn records(authoritative: bool, answers: Vec<Answer>) -> Self {
        Response {
            rcode: Rcode::NoError,
            authoritative,
            answers,
        }
    }

    /// The addresses in it.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.answers.iter().filter_map(|answer| match answer.data {
            Data::A(ip) => Some(ip),
            _ => None,
        })
    }
}

impl Message {
    /// The bytes on the wire, names uncompressed.
    pub fn bytes(&self) -> Vec<u8> {
        let answers = self.response.iter().flat_map(|response| &response.answers);
        let count = u16::try_from(answers.clone().count()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(64);
        for word in [self.id, self.flags(), 1, count, 0, 0] {
            bytes.extend(word.to_be_bytes());
        }
        push_name(&mut bytes, &self.name);
        bytes.extend(self.wants.number().to_be_bytes());
        bytes.extend(CLASS_IN.to_be_bytes());
        answers.for_each(|answer| push_answer(&mut bytes, answer));
        bytes
    }

    fn flags(&self) -> u16 {
        let asked = 0x0100;
        match &self.response {
            None => asked,
            Some(response) => {
                let authority = if response.authoritative { 0x0400 } else { 0 };
                0x8080 | asked | authority | response.rcode.number()
            }
        }
    }

    /// The fields that a reader is shown.
    pub fn fields(&self) -> Vec<Field> {
        let field = |name: &str, value: String| Field {
            name: name.into(),
            value,
        };
        let mut fields = vec![
            field("id", self.id.to_string()),
            field("question", format!("{}. IN {}", self.name, self.wants)),
        ];
        if let Some(response) = &self.response {
            fields.push(field("rcode", response.rcode.name().into()));
            let answers = response.answers.iter();
            fields.extend(answers.map(|answer| field("answer", answer.to_string())));
        }
        fields
    }
}

const CLASS_IN: u16 = 1;

fn push_name(bytes: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = label.as_bytes();
        let label = label.get(..63).unwrap_or(label);
        bytes.push(label.len() as u8);
        bytes.extend(label);
    }
    bytes.push(0);
}

fn push_answer(bytes: &mut Vec<u8>, answer: &Answer) {
    let mut data = Vec::new();
    let kind = match &answer.data {
        Data::A(ip) => {
            data.extend(ip.octets());
            RecordType::A
        }
        Data::Cname(name) => {
            push_name(&mut data, name);
            RecordType::Cname
        }
        Data::Ptr(name) => {
            push_name(&mut data, name);
            RecordType::Ptr
        }
        Data::Srv {
            port,
            target,
            weight,
        } => {
            for word in [0, *weight, *port] {
                data.extend(word.to_be_bytes());
            }
            push_name(&mut data, target);
            RecordType::Srv
        }
    };
    push_name(bytes, &answer.name);
    bytes.extend(kind.number().to_be_bytes());
    bytes.extend(CLASS_IN.to_be_bytes());
    bytes.extend(answer.ttl.to_be_bytes());
    bytes.extend(u16::try_from(data.len()).unwrap_or(0).to_be_bytes());
    bytes.extend(data);
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {} IN ", self.name, self.ttl)?;
        match &self.data {
            Data::A(ip) => write!(f, "A {ip}"),
            Data::Cname(name) => write!(f, "CNAME {name}."),
            Data::Ptr(name) => write!(f, "PTR {name}."),
            Data::Srv {
                port,
                target,
                weight,
            } => write!(f, "SRV 0 {weight} {port} {target}."),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.response {
            None => write!(f, "{}? {}", self.wants, self.name),
            Some(response) => match response.answers.first() {
                Some(answer) => write!(f, "{answer}"),
                None => write!(f, "{} {}", response.rcode.name(), self.name),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smoltcp::wire::{DnsFlags, DnsPacket, DnsQuestion, DnsRecord, DnsRecordData};

    #[test]
    fn a_dissector_reads_back_what_was_written() {
        let name: Name = "web.default.svc.cluster.local".into();
        let answer = Answer {
            name: name.clone(),
            ttl: 5,
            data: Data::A(Ipv4Addr::new(10, 96, 0, 17)),
        };
        let message = Message {
            id: 77,
            name,
            wants: RecordType::A,
            response: Some(Response::records(true, vec![answer])),
        };
        let bytes = message.bytes();
        let packet = DnsPacket::new_checked(&bytes[..]).expect("DNS");
        assert_eq!(packet.transaction_id(), 77);
        assert!(
            packet
                .flags()
                .contains(DnsFlags::RESPONSE | DnsFlags::AUTHORITATIVE)
        );
        let (rest, question) = DnsQuestion::parse(packet.payload()).expect("a question");
        let labels: Vec<_> = packet.parse_name(question.name).flatten().collect();
        assert_eq!(labels.first(), Some(&b"web".as_slice()));
        let (rest, record) = DnsRecord::parse(rest).expect("a record");
        assert!(rest.is_empty());
        assert!(matches!(record.data, DnsRecordData::A(ip) if ip.octets() == [10, 96, 0, 17]));
    }
}
