//! The addresses of the cluster and of the world around it.

use super::netfilter::{BaseOptions, OutboundMasquerade};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// What is the same for the whole network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The range of all pods.
    pub cluster_cidr: Ipv4Net,
    /// The range of virtual addresses of Services.
    pub service_cidr: Ipv4Net,
    /// The link that all nodes are on.
    pub node_net: Ipv4Net,
    /// The router at the edge of that link.
    pub router: Ipv4Addr,
    /// A client outside.
    pub client: Ipv4Addr,
    /// Where load balancers get their addresses.
    pub load_balancers: Ipv4Net,
    /// The address of kube-dns.
    pub dns: Ipv4Addr,
    /// The cluster's domain.
    pub cluster_domain: &'static str,
    /// How packets to the outside get their node's address.
    pub masquerade: OutboundMasquerade,
    /// Whether a bridge port may send a frame back where it came from
    /// (`hairpinMode` of the bridge plugin): what a pod needs to reach itself
    /// through its own Service.
    pub hairpin: bool,
    /// `net.bridge.bridge-nf-call-iptables`: bridged frames pass iptables too.
    pub bridge_nf: bool,
}

impl Default for Config {
    fn default() -> Self {
        let net = |a, b, c, d, bits| Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits);
        Config {
            cluster_cidr: net(10, 244, 0, 0, 16),
            service_cidr: net(10, 96, 0, 0, 16),
            node_net: net(172, 18, 0, 0, 16),
            router: Ipv4Addr::new(172, 18, 0, 1),
            client: Ipv4Addr::new(198, 51, 100, 20),
            load_balancers: net(203, 0, 113, 0, 24),
            dns: Ipv4Addr::new(10, 96, 0, 10),
            cluster_domain: "cluster.local",
            masquerade: OutboundMasquerade::KindNet,
            hairpin: true,
            bridge_nf: true,
        }
    }
}

impl Config {
    pub(super) fn base_options(&self) -> BaseOptions {
        BaseOptions {
            kube_proxy: false,
            masquerade: self.masquerade,
            cluster_cidr: self.cluster_cidr,
        }
    }
}
