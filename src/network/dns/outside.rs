//! The DNS of the world outside: names that look public have an address, always
//! the same one; the rest does not exist.

use super::{Answer, Data, RecordType, Response};
use crate::network::wire::fnv64;
use std::net::Ipv4Addr;

/// Seconds that answers from outside may be kept.
const TTL: u32 = 300;
/// Top-level names that never exist in public DNS.
const PRIVATE: [&str; 9] = [
    "local",
    "localhost",
    "internal",
    "invalid",
    "test",
    "lan",
    "home",
    "corp",
    "svc",
];

/// What the world's DNS says.
pub fn answer(name: &str, wants: RecordType) -> Response {
    if !is_public(name) {
        return Response::none(false);
    }
    let address = match wants {
        RecordType::A => vec![Answer {
            name: name.into(),
            ttl: TTL,
            data: Data::A(address(name)),
        }],
        RecordType::Srv | RecordType::Ptr | RecordType::Cname => Vec::new(),
    };
    Response::records(false, address)
}

/// Whether an address is one that names outside have.
pub fn is_host(ip: Ipv4Addr) -> bool {
    !ip.is_private()
        && !ip.is_loopback()
        && !ip.is_link_local()
        && !ip.is_unspecified()
        && !ip.is_multicast()
        && !ip.is_broadcast()
}

fn is_public(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let well_formed = |label: &&str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let top = labels.last().copied().unwrap_or_default();
    labels.len() >= 2
        && labels.iter().all(well_formed)
        && top.len() >= 2
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !PRIVATE.contains(&top)
}

/// An address of TEST-NET-1 (RFC 5737), which belongs to nobody.
fn address(name: &str) -> Ipv4Addr {
    let host = fnv64(name) % 254 + 1;
    Ipv4Addr::new(192, 0, 2, host as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_names_exist_and_others_do_not() {
        let cases = [
            ("example.com", true),
            ("a.b.example.org", true),
            ("web", false),
            ("web.default.svc.cluster.local", false),
            ("printer.lan", false),
            ("10.0.0.1", false),
            ("bad..com", false),
        ];
        for (name, exists) in cases {
            let found = answer(name, RecordType::A).addresses().next();
            assert_eq!(found.is_some(), exists, "{name}");
            assert!(found.is_none_or(is_host));
        }
    }
}
