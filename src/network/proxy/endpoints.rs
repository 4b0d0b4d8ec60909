//! Which endpoints of a Service port a node may use (upstream's
//! `CategorizeEndpoints`).

use super::port::PortInfo;
use crate::api::EndpointSlice;
use crate::api::Name;
use crate::network::Protocol;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// One endpoint of one port.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Address.
    pub ip: Ipv4Addr,
    /// Port.
    pub port: u16,
    /// `ip:port`.
    pub text: Name,
    /// The node it is on, or empty.
    pub node: Name,
    /// Takes new connections.
    pub ready: bool,
    /// Would answer, though perhaps on its way out.
    pub serving: bool,
    /// On its way out.
    pub terminating: bool,
    /// Zones that it should serve.
    pub zone_hints: Vec<Name>,
    /// Nodes that it should serve.
    pub node_hints: Vec<Name>,
}

/// Where a node runs kube-proxy: what decides which endpoints are near.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Here {
    /// The node.
    pub node: Name,
    /// Its zone, or empty.
    pub zone: Name,
    /// Its address.
    pub ip: Option<Ipv4Addr>,
}

/// The endpoints that a node may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usable {
    /// For policy `Cluster`.
    pub cluster: Vec<Endpoint>,
    /// For policy `Local`.
    pub local: Vec<Endpoint>,
    /// Both, each endpoint once.
    pub reachable: Vec<Endpoint>,
    /// Whether the Service has a usable endpoint on any node.
    pub any: bool,
}

/// The endpoints of `port` in the slices of its Service, in the order that
/// kube-proxy writes them: by their text, each once.
pub fn endpoints_of(port: &PortInfo, slices: &[Arc<EndpointSlice>]) -> Vec<Endpoint> {
    let mut found: BTreeMap<Name, Endpoint> = BTreeMap::new();
    let ipv4 = slices.iter().filter(|slice| slice.address_type == "IPv4");
    for slice in ipv4 {
        let Some(number) = slice_port(port, slice) else {
            continue;
        };
        for endpoint in slice.endpoints.iter().flatten() {
            if let Some(endpoint) = parse(endpoint, number) {
                found.insert(endpoint.text.clone(), endpoint);
            }
        }
    }
    found.into_values().collect()
}

fn slice_port(port: &PortInfo, slice: &EndpointSlice) -> Option<u16> {
    let fits = |candidate: &&crate::api::discovery::EndpointPort| {
        candidate.name.as_deref().unwrap_or_default() == &*port.port_name
            && Protocol::parse(candidate.protocol.as_deref()) == port.protocol
    };
    let ports = slice.ports.iter().flatten();
    let number = ports.into_iter().find(fits)?.port?;
    u16::try_from(number).ok()
}

fn parse(endpoint: &crate::api::discovery::Endpoint, port: u16) -> Option<Endpoint> {
    let ip: Ipv4Addr = endpoint.addresses.first()?.parse().ok()?;
    let conditions = endpoint.conditions.clone().unwrap_or_default();
    let ready = conditions.ready.unwrap_or(true);
    let hints = endpoint.hints.as_ref();
    let zones = hints.and_then(|hints| hints.for_zones.as_ref());
    let nodes = hints.and_then(|hints| hints.for_nodes.as_ref());
    Some(Endpoint {
        ip,
        port,
        text: format!("{ip}:{port}").into(),
        node: endpoint.node_name.as_deref().unwrap_or_default().into(),
        ready,
        serving: conditions.serving.unwrap_or(ready),
        terminating: conditions.terminating.unwrap_or(false),
        zone_hints: zones
            .into_iter()
            .flatten()
            .map(|zone| zone.name.as_str().into())
            .collect(),
        node_hints: nodes
            .into_iter()
            .flatten()
            .map(|node| node.name.as_str().into())
            .collect(),
    })
}

/// Sorts out what `here` may use of `all`.
pub fn usable(port: &PortInfo, all: &[Endpoint], here: &Here) -> Usable {
    let mut usable = Usable::default();
    let mut narrowed = false;
    if port.uses_cluster_endpoints() {
        let near = nearness(all, here);
        narrowed = near != Near::Anywhere;
        usable.cluster = pick(all, |one| one.ready && near.holds(one, here));
        if usable.cluster.is_empty() {
            usable.cluster = pick(all, leaving);
        }
        usable.any = !usable.cluster.is_empty();
    }
    if !port.uses_local_endpoints() {
        usable.reachable = usable.cluster.clone();
        return usable;
    }
    usable.any |= all.iter().any(|one| one.ready || leaving(one));
    let is_here = |one: &Endpoint| one.node == here.node;
    usable.local = pick(all, |one| is_here(one) && one.ready);
    if usable.local.is_empty() {
        usable.local = pick(all, |one| is_here(one) && leaving(one));
        narrowed |= !usable.local.is_empty();
    }
    usable.reachable = match (port.uses_cluster_endpoints(), narrowed) {
        (false, _) => usable.local.clone(),
        (true, false) => usable.cluster.clone(),
        (true, true) => both(&usable.cluster, &usable.local),
    };
    usable
}

fn leaving(one: &Endpoint) -> bool {
    one.serving && one.terminating
}

fn pick(all: &[Endpoint], wanted: impl Fn(&Endpoint) -> bool) -> Vec<Endpoint> {
    all.iter().filter(|one| wanted(one)).cloned().collect()
}

fn both(cluster: &[Endpoint], local: &[Endpoint]) -> Vec<Endpoint> {
    let all = cluster.iter().chain(local);
    let merged: BTreeMap<&Name, &Endpoint> = all.map(|one| (&one.text, one)).collect();
    merged.into_values().cloned().collect()
}

/// How far traffic should go (`trafficDistribution`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Near {
    Anywhere,
    SameZone,
    SameNode,
}

impl Near {
    fn holds(self, one: &Endpoint, here: &Here) -> bool {
        match self {
            Near::Anywhere => true,
            Near::SameZone => one.zone_hints.contains(&here.zone),
            Near::SameNode => one.node_hints.contains(&here.node),
        }
    }
}

/// Hints count only where every ready endpoint has one and one is for here.
fn nearness(all: &[Endpoint], here: &Here) -> Near {
    let ready = || all.iter().filter(|one| one.ready);
    if ready().next().is_none() {
        return Near::Anywhere;
    }
    let all_have = |hints: fn(&Endpoint) -> &Vec<Name>| ready().all(|one| !hints(one).is_empty());
    if all_have(|one| &one.node_hints) && ready().any(|one| Near::SameNode.holds(one, here)) {
        return Near::SameNode;
    }
    if all_have(|one| &one.zone_hints) && ready().any(|one| Near::SameZone.holds(one, here)) {
        return Near::SameZone;
    }
    Near::Anywhere
}

/// Whether the rules for these endpoints differ from node to node.
pub fn depends_on_node(port: &PortInfo, all: &[Endpoint]) -> bool {
    let hinted = |one: &Endpoint| !one.node_hints.is_empty() || !one.zone_hints.is_empty();
    port.uses_local_endpoints() || !port.source_ranges.is_empty() || all.iter().any(hinted)
}
