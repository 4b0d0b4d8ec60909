//! One port of a Service, as kube-proxy sees it.

use crate::api::core::ServicePort;
use crate::api::{Name, Resource, Service};
use crate::network::Protocol;
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Seconds of client affinity where the Service names none (three hours).
const STICKY_SECONDS: u32 = 10_800;

/// One port of a Service.
#[derive(Clone, Debug)]
pub struct PortInfo {
    /// `namespace/name:port`; without `:port` where the port has no name.
    pub name: Name,
    /// The port's own name, or empty: what endpoint ports are matched by.
    pub port_name: Name,
    /// Protocol.
    pub protocol: Protocol,
    /// The virtual address.
    pub cluster_ip: Ipv4Addr,
    /// Port at the virtual addresses.
    pub port: u16,
    /// Port at every node; zero for none.
    pub node_port: u16,
    /// Addresses that the user says lead here.
    pub external_ips: Vec<Ipv4Addr>,
    /// Addresses of the cloud's load balancer.
    pub load_balancer_ips: Vec<Ipv4Addr>,
    /// Who may use the load balancer; empty: everybody.
    pub source_ranges: Vec<Ipv4Net>,
    /// `internalTrafficPolicy: Local`.
    pub internal_local: bool,
    /// `externalTrafficPolicy: Local`.
    pub external_local: bool,
    /// Seconds that a client keeps its endpoint, with `sessionAffinity: ClientIP`.
    pub sticky_seconds: Option<u32>,
    /// Where load balancers ask whether this node has endpoints; zero for none.
    pub health_check_node_port: u16,
}

impl PortInfo {
    /// The ports of a Service that kube-proxy has work with: none for headless
    /// Services and for ExternalName.
    pub fn all(service: &Service) -> Vec<PortInfo> {
        let Some(spec) = &service.spec else {
            return Vec::new();
        };
        let cluster_ip = spec.cluster_ip.as_deref().unwrap_or_default();
        let Ok(cluster_ip) = cluster_ip.parse::<Ipv4Addr>() else {
            return Vec::new();
        };
        if spec.type_.as_deref() == Some("ExternalName") {
            return Vec::new();
        }
        let ports = spec.ports.iter().flatten();
        ports
            .map(|port| PortInfo::one(service, cluster_ip, port))
            .collect()
    }

    fn one(service: &Service, cluster_ip: Ipv4Addr, port: &ServicePort) -> PortInfo {
        let spec = service.spec.clone().unwrap_or_default();
        let port_name = port.name.as_deref().unwrap_or_default();
        let key = service.key();
        let name = match port_name {
            "" => key.to_string(),
            port => format!("{key}:{port}"),
        };
        let is_local = |policy: &Option<String>| policy.as_deref() == Some("Local");
        PortInfo {
            name: name.into(),
            port_name: port_name.into(),
            protocol: Protocol::parse(port.protocol.as_deref()),
            cluster_ip,
            port: number(port.port),
            node_port: number(port.node_port.unwrap_or_default()),
            external_ips: parse_all(spec.external_ips.iter().flatten()),
            load_balancer_ips: load_balancer_ips(service),
            source_ranges: parse_all(spec.load_balancer_source_ranges.iter().flatten()),
            internal_local: is_local(&spec.internal_traffic_policy),
            external_local: is_local(&spec.external_traffic_policy),
            sticky_seconds: sticky_seconds(service),
            health_check_node_port: number(spec.health_check_node_port.unwrap_or_default()),
        }
    }

    /// Whether it can be reached other than by its virtual address.
    pub fn externally_accessible(&self) -> bool {
        self.node_port != 0 || !self.load_balancer_ips.is_empty() || !self.external_ips.is_empty()
    }

    /// Whether it ever sends to endpoints of all nodes: also with an external
    /// policy `Local`, for what its own node's processes and pods send.
    pub fn uses_cluster_endpoints(&self) -> bool {
        !self.internal_local || self.externally_accessible()
    }

    /// Whether it ever sends only to endpoints of its own node.
    pub fn uses_local_endpoints(&self) -> bool {
        self.internal_local || (self.external_local && self.externally_accessible())
    }
}

fn number(port: i32) -> u16 {
    u16::try_from(port).unwrap_or_default()
}

fn parse_all<'a, T: std::str::FromStr>(texts: impl Iterator<Item = &'a String>) -> Vec<T> {
    texts.filter_map(|text| text.trim().parse().ok()).collect()
}

fn load_balancer_ips(service: &Service) -> Vec<Ipv4Addr> {
    let status = service.status.as_ref();
    let balancer = status.and_then(|status| status.load_balancer.as_ref());
    let ingress = balancer.and_then(|balancer| balancer.ingress.as_ref());
    ingress
        .into_iter()
        .flatten()
        .filter(|ingress| ingress.ip_mode.as_deref().is_none_or(|mode| mode == "VIP"))
        .filter_map(|ingress| ingress.ip.as_deref()?.parse().ok())
        .collect()
}

fn sticky_seconds(service: &Service) -> Option<u32> {
    let spec = service.spec.as_ref()?;
    if spec.session_affinity.as_deref() != Some("ClientIP") {
        return None;
    }
    let config = spec.session_affinity_config.as_ref();
    let seconds = config.and_then(|config| config.client_ip.as_ref()?.timeout_seconds);
    Some(seconds.map_or(STICKY_SECONDS, |seconds| {
        u32::try_from(seconds).unwrap_or(STICKY_SECONDS)
    }))
}
