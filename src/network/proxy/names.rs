//! Names of kube-proxy's per-service chains: a prefix and sixteen characters of
//! a hash, as upstream computes them, so that they equal those of a real node.

use crate::api::Name;
use crate::network::Protocol;
use sha2::{Digest, Sha256};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Length of the hash in a chain's name.
const HASH_CHARACTERS: usize = 16;

/// The chains of one Service port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainNames {
    hash: String,
}

impl ChainNames {
    /// The chains of the port called `port_name` (`namespace/name:port`).
    pub fn new(port_name: &str, protocol: Protocol) -> Self {
        ChainNames {
            hash: hash(&[port_name, protocol.lower()]),
        }
    }

    /// Endpoints for policy `Cluster`.
    pub fn cluster(&self) -> Name {
        format!("KUBE-SVC-{}", self.hash).into()
    }

    /// Endpoints for policy `Local`.
    pub fn local(&self) -> Name {
        format!("KUBE-SVL-{}", self.hash).into()
    }

    /// Traffic to node ports, external and load balancer addresses.
    pub fn external(&self) -> Name {
        format!("KUBE-EXT-{}", self.hash).into()
    }

    /// The source ranges of a load balancer.
    pub fn firewall(&self) -> Name {
        format!("KUBE-FW-{}", self.hash).into()
    }
}

/// The chain of one endpoint (`ip:port`) of a Service port.
pub fn endpoint_chain(port_name: &str, protocol: Protocol, endpoint: &str) -> Name {
    let hash = hash(&[port_name, protocol.lower(), endpoint]);
    format!("KUBE-SEP-{hash}").into()
}

fn hash(parts: &[&str]) -> String {
    let mut sha = Sha256::new();
    parts.iter().for_each(|part| sha.update(part.as_bytes()));
    base32(&sha.finalize()).take(HASH_CHARACTERS).collect()
}

/// RFC 4648 base32 without padding: five bits a character.
fn base32(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.chunks(5).flat_map(|chunk| {
        let whole = chunk
            .iter()
            .fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte))
            << (8 * (5 - chunk.len()));
        (0..8).map(move |place| {
            let five = (whole >> (35 - 5 * place)) & 0x1f;
            char::from(BASE32[five as usize])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_a_real_node() {
        let names = ChainNames::new("default/kubernetes:https", Protocol::Tcp);
        assert_eq!(&*names.cluster(), "KUBE-SVC-NPX46M4PTMTKRN6Y");
        let dns = ChainNames::new("kube-system/kube-dns:dns", Protocol::Udp);
        assert_eq!(&*dns.cluster(), "KUBE-SVC-TCOU7JCQXEZGVUNU");
        assert_eq!(
            &*endpoint_chain("prox/svc:http", Protocol::Tcp, "10.244.5.97:8080"),
            "KUBE-SEP-3OMR6KO6LYR3VE46"
        );
    }
}
