//! Services as the viewer sees them.

use super::{SYSTEM_NAMESPACE, label, name};
use crate::api::{EndpointSlice, Key, Name, Resource, Service};
use crate::session::mirror::Mirror;
use crate::session::protocol::ServiceView;

/// The service that a slice belongs to.
pub(in crate::session) fn service_of(slice: &EndpointSlice) -> Option<Key> {
    let service = label(&slice.metadata, "kubernetes.io/service-name")?;
    Some(Key::new(slice.namespace(), service))
}

/// A service with its endpoints.
pub(in crate::session) fn service(mirror: &Mirror, service: &Service) -> ServiceView {
    let spec = service.spec.clone().unwrap_or_default();
    let ingress = service
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref()?.ingress.as_ref()?.first());
    let ports = spec.ports.unwrap_or_default();
    let mut view = ServiceView {
        uid: service.uid().into(),
        key: service.key(),
        service_type: spec.type_.as_deref().unwrap_or("ClusterIP").into(),
        cluster_ip: name(&spec.cluster_ip),
        external_ip: ingress.map(|ingress| name(&ingress.ip)).unwrap_or_default(),
        ports: ports.iter().map(printed_port).collect(),
        port_numbers: ports
            .iter()
            .filter_map(|port| u16::try_from(port.port).ok())
            .collect(),
        endpoints: Vec::new(),
        endpoints_not_ready: Vec::new(),
        system: service.namespace() == SYSTEM_NAMESPACE,
    };
    let key = service.key();
    let slices = mirror.slices.in_namespace(service.namespace());
    for slice in slices.filter(|slice| service_of(slice).as_ref() == Some(&key)) {
        for endpoint in slice.endpoints.iter().flatten() {
            let uid = endpoint
                .target_ref
                .as_ref()
                .and_then(|target| target.uid.as_deref());
            let ready = endpoint
                .conditions
                .as_ref()
                .is_none_or(|conditions| conditions.ready != Some(false));
            let list = if ready {
                &mut view.endpoints
            } else {
                &mut view.endpoints_not_ready
            };
            list.push(
                uid.or(endpoint.addresses.first().map(String::as_str))
                    .unwrap_or_default()
                    .into(),
            );
        }
    }
    view
}

/// `80/TCP`, `80:30080/TCP`.
fn printed_port(port: &crate::api::core::ServicePort) -> Name {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match port.node_port {
        Some(node_port) if node_port != 0 => format!("{}:{node_port}/{protocol}", port.port).into(),
        _ => format!("{}/{protocol}", port.port).into(),
    }
}
