//! Addresses for pods: the host-local IPAM plugin. Each node hands out its own
//! /24; the search begins after the address given last, so that an address rests
//! before it is used again.

use ipnet::Ipv4Net;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// The addresses of one node's pod range.
#[derive(Clone, Debug, PartialEq)]
pub struct HostLocal {
    range: Ipv4Net,
    reserved: BTreeSet<Ipv4Addr>,
    last: Option<Ipv4Addr>,
}

impl HostLocal {
    /// All of `range` but its network, gateway (the first) and broadcast address.
    pub fn new(range: Ipv4Net) -> Self {
        HostLocal {
            range: range.trunc(),
            reserved: BTreeSet::new(),
            last: None,
        }
    }

    /// The range that addresses come from.
    pub fn range(&self) -> Ipv4Net {
        self.range
    }

    /// The bridge's own address: the first of the range.
    pub fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.range.network()).saturating_add(1))
    }

    /// How many addresses are in use.
    pub fn used(&self) -> usize {
        self.reserved.len()
    }

    /// Reserves the first free address after the one given last. The message of
    /// a full range is host-local's own.
    pub fn reserve(&mut self) -> Result<Ipv4Addr, String> {
        let first = u32::from(self.range.network()).saturating_add(2);
        let last = u32::from(self.range.broadcast()).saturating_sub(1);
        let begin = self
            .last
            .map_or(first, |last| u32::from(last).saturating_add(1));
        let free = (begin..=last)
            .chain(first..=last)
            .map(Ipv4Addr::from)
            .find(|ip| !self.reserved.contains(ip));
        let Some(ip) = free else {
            let (from, to) = (Ipv4Addr::from(first), Ipv4Addr::from(last));
            return Err(format!(
                "failed to allocate for range 0: no IP addresses available in range set: {from}-{to}"
            ));
        };
        self.reserved.insert(ip);
        self.last = Some(ip);
        Ok(ip)
    }

    /// Gives an address back.
    pub fn release(&mut self, ip: Ipv4Addr) {
        self.reserved.remove(&ip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> HostLocal {
        HostLocal::new(text.parse().expect("a network"))
    }

    #[test]
    fn addresses_rest_before_they_are_used_again() {
        let mut ipam = range("10.244.1.0/29");
        let mut given: Vec<String> = Vec::new();
        for _ in 0..3 {
            given.push(ipam.reserve().expect("free").to_string());
        }
        ipam.release(Ipv4Addr::new(10, 244, 1, 2));
        for _ in 0..3 {
            given.push(ipam.reserve().expect("free").to_string());
        }
        let host = |n: u8| format!("10.244.1.{n}");
        assert_eq!(given, [2, 3, 4, 5, 6, 2].map(host));
        assert!(ipam.reserve().is_err_and(|message| {
            message.contains("no IP addresses available in range set: 10.244.1.2-10.244.1.6")
        }));
    }
}
