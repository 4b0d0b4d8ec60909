//! The DNS of the world outside. It is a small world: the hosts of [`HOSTS`] have
//! an address, always the same one, and answer on the ports of the web. Every
//! other name does not exist.

use super::{Answer, Data, RecordType, Response};
use crate::network::wire::fnv64;
use std::net::Ipv4Addr;

/// Seconds that answers from outside may be kept.
const TTL: u32 = 300;

/// Every host that the world outside has: those that documentation, manifests and
/// people who try whether the network works ask for.
pub const HOSTS: [&str; 42] = [
    // Names for documentation (RFC 2606).
    "example.com",
    "www.example.com",
    "api.example.com",
    "example.net",
    "www.example.net",
    "example.org",
    "www.example.org",
    // Kubernetes and its neighbours.
    "kubernetes.io",
    "www.kubernetes.io",
    "k8s.io",
    "dl.k8s.io",
    "registry.k8s.io",
    "pkgs.k8s.io",
    "helm.sh",
    "cncf.io",
    "www.cncf.io",
    // Registries.
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "auth.docker.io",
    "docker.com",
    "hub.docker.com",
    "quay.io",
    "ghcr.io",
    "gcr.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    // Where programs come from.
    "github.com",
    "api.github.com",
    "raw.githubusercontent.com",
    "gitlab.com",
    "pypi.org",
    "files.pythonhosted.org",
    "proxy.golang.org",
    "archive.ubuntu.com",
    "dl-cdn.alpinelinux.org",
    // What people ask to see whether anything answers.
    "google.com",
    "www.google.com",
    "cloudflare.com",
    "one.one.one.one",
    "wikipedia.org",
    "httpbin.org",
];

/// What the world's DNS says.
pub fn answer(name: &str, wants: RecordType) -> Response {
    let host = name.trim_end_matches('.').to_ascii_lowercase();
    if !HOSTS.contains(&host.as_str()) {
        return Response::none(false);
    }
    let address = match wants {
        RecordType::A => vec![Answer {
            name: name.into(),
            ttl: TTL,
            data: Data::A(address(&host)),
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

/// An address of TEST-NET-1 (RFC 5737), which belongs to nobody.
fn address(name: &str) -> Ipv4Addr {
    let host = fnv64(name) % 254 + 1;
    Ipv4Addr::new(192, 0, 2, host as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listed_hosts_exist_and_nothing_else() {
        let cases = [
            ("example.com", true),
            ("Registry.K8s.io", true),
            ("nosuch.example", false),
            ("nosuch.example.com", false),
            ("web", false),
            ("web.default.svc.cluster.local", false),
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
