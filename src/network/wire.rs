//! Names and hardware addresses of devices, derived so that the same cluster
//! always looks the same.

use crate::api::Name;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;

/// What the network knows of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeWire {
    /// Name.
    pub name: Name,
    /// Address of its eth0.
    pub ip: Ipv4Addr,
    /// The range of its pods (`spec.podCIDR`); none until the node IPAM
    /// controller gave one.
    pub pod_cidr: Option<Ipv4Net>,
}

/// A hardware address.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Everybody on the link.
    pub const BROADCAST: Mac = Mac([0xff; 6]);

    /// The address of a pod's eth0 or of a bridge: `0a:58` and the IP address,
    /// as the bridge plugin derives it.
    pub fn of_pod(ip: Ipv4Addr) -> Mac {
        let [a, b, c, d] = ip.octets();
        Mac([0x0a, 0x58, a, b, c, d])
    }

    /// The address of a machine's card: `02:42` and the IP address, as Docker
    /// gives its containers.
    pub fn of_machine(ip: Ipv4Addr) -> Mac {
        let [a, b, c, d] = ip.octets();
        Mac([0x02, 0x42, a, b, c, d])
    }

    /// The address of the node's end of a veth pair. The kernel draws it by
    /// chance; here it follows from the pod's uid.
    pub fn of_veth(uid: &str) -> Mac {
        let [a, b, c, d, e, f, ..] = fnv64(uid).to_be_bytes();
        Mac([(a & 0xfe) | 0x02, b, c, d, e, f])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// The node's end of a pod's veth pair: `veth` and eight hex digits from the
/// pod's uid.
pub fn veth_name(uid: &str) -> Name {
    match uid.get(..8) {
        Some(head) if head.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("veth{head}").into()
        }
        _ => format!("veth{:08x}", fnv64(uid) as u32).into(),
    }
}

/// FNV-1a, 64 bits.
pub(super) fn fnv64(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses_follow_from_ip_addresses() {
        let ip = Ipv4Addr::new(10, 244, 1, 2);
        assert_eq!(Mac::of_pod(ip).to_string(), "0a:58:0a:f4:01:02");
        let node = Ipv4Addr::new(172, 18, 0, 2);
        assert_eq!(Mac::of_machine(node).to_string(), "02:42:ac:12:00:02");
        assert_eq!(Mac::of_veth("a").0[0] & 0x03, 0x02);
    }

    #[test]
    fn veth_names_come_from_uids() {
        let uid = "3f2a91c0-1111-4222-8333-444455556666";
        assert_eq!(&*veth_name(uid), "veth3f2a91c0");
        assert_eq!(veth_name("uid").len(), 12);
    }
}
