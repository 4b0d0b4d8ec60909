//! A packet that a user asks for, as the network wants to be asked.

use super::mirror::Mirror;
use super::protocol::{self, SendPacket, Source};
use crate::api::{Key, Name, Pod, Service};
use crate::cluster::Cluster;
use crate::network::{Destination, Endpoint, Send, Transport};

/// The port of whoever declares none.
const HTTP: u16 = 80;

/// Fills in what the user left open: the port, and by which of a service's doors
/// it is called. The error says what is missing.
pub(super) fn request(
    cluster: &Cluster,
    mirror: &Mirror,
    packet: &SendPacket,
) -> Result<Send, String> {
    let from = match &packet.from {
        Source::Pod { pod, container } => Endpoint::Pod {
            pod: pod.clone(),
            container: container.clone(),
        },
        Source::Node(node) => Endpoint::Node(node.clone()),
        Source::Outside => Endpoint::Outside,
    };
    let (to, port, protocol) = destination(cluster, mirror, packet)?;
    let port = packet.port.unwrap_or(port);
    Ok(Send {
        from,
        to,
        port,
        protocol,
        path: "/".to_owned(),
    })
}

type Door = (Destination, u16, Transport);

fn destination(cluster: &Cluster, mirror: &Mirror, packet: &SendPacket) -> Result<Door, String> {
    match &packet.to {
        protocol::Destination::Pod(key) => {
            let port = mirror
                .pods
                .get(key)
                .and_then(|pod| first_port(pod))
                .unwrap_or(HTTP);
            Ok((Destination::Pod(key.clone()), port, Transport::Tcp))
        }
        protocol::Destination::Service(key) => {
            let service = find(mirror, key)?;
            match &packet.from {
                Source::Outside => from_outside(cluster, service, key),
                Source::Pod { pod, .. } => Ok(by_name(service, key, &pod.namespace)),
                Source::Node(_) => Ok(by_address(service, key)),
            }
        }
        protocol::Destination::NodePort { service: key, node } => {
            let (_, node_port, protocol) = node_port(find(mirror, key)?, key)?;
            Ok((Destination::Node(node.clone()), node_port, protocol))
        }
        protocol::Destination::Host(host) => {
            let to = match host.trim().parse() {
                Ok(ip) => Destination::Ip(ip),
                Err(_) => Destination::Name(host.trim().to_owned()),
            };
            Ok((to, HTTP, Transport::Tcp))
        }
    }
}

fn find<'a>(mirror: &'a Mirror, key: &Key) -> Result<&'a Service, String> {
    let service = mirror.services.get(key).map(|service| &**service);
    service.ok_or_else(|| format!("services \"{}\" not found", key.name))
}

fn first_port(pod: &Pod) -> Option<u16> {
    let containers = &pod.spec.as_ref()?.containers;
    let mut ports = containers
        .iter()
        .flat_map(|container| container.ports.iter().flatten());
    u16::try_from(ports.next()?.container_port).ok()
}

/// Port, node port and protocol of a service's first port.
fn service_port(service: &Service) -> Option<(u16, u16, Transport)> {
    let port = service.spec.as_ref()?.ports.as_ref()?.first()?;
    let protocol = match port.protocol.as_deref() {
        Some("UDP") => Transport::Udp,
        _ => Transport::Tcp,
    };
    let number = |port: i32| u16::try_from(port).unwrap_or(0);
    Some((
        number(port.port),
        number(port.node_port.unwrap_or(0)),
        protocol,
    ))
}

fn by_name(service: &Service, key: &Key, namespace: &str) -> Door {
    let (port, _, protocol) = service_port(service).unwrap_or((HTTP, 0, Transport::Tcp));
    let name = match &*key.namespace == namespace {
        true => key.name.to_string(),
        false => format!("{}.{}", key.name, key.namespace),
    };
    (Destination::Name(name), port, protocol)
}

/// A node asks its own resolver, which knows nothing of the cluster: it has to
/// call the address.
fn by_address(service: &Service, key: &Key) -> Door {
    let (port, _, protocol) = service_port(service).unwrap_or((HTTP, 0, Transport::Tcp));
    let ip = service
        .spec
        .as_ref()
        .and_then(|spec| spec.cluster_ip.as_deref()?.parse().ok());
    let name = format!("{}.{}.svc.cluster.local", key.name, key.namespace);
    (
        ip.map_or(Destination::Name(name), Destination::Ip),
        port,
        protocol,
    )
}

fn node_port(service: &Service, key: &Key) -> Result<(u16, u16, Transport), String> {
    service_port(service)
        .filter(|(_, node_port, _)| *node_port != 0)
        .ok_or_else(|| {
            format!(
                "service \"{}\" has no node port: its type is ClusterIP",
                key.name
            )
        })
}

/// From outside a service is called by its load balancer, or else by a node's
/// port.
fn from_outside(cluster: &Cluster, service: &Service, key: &Key) -> Result<Door, String> {
    let ingress = service
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref()?.ingress.as_ref()?.first());
    let (port, node_port, protocol) = node_port(service, key)?;
    if ingress.is_some() {
        return Ok((Destination::LoadBalancer(key.clone()), port, protocol));
    }
    let node: Name = cluster
        .node_names()
        .find(|node| cluster.is_powered(node) && &**node != crate::cluster::CONTROL_PLANE)
        .ok_or("no node has power")?;
    Ok((Destination::Node(node), node_port, protocol))
}
