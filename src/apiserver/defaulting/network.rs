//! Services, Endpoints and EndpointSlices.

use super::set_text;
use crate::api::{EndpointSlice, Endpoints, Service, core};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

const CLIENT_IP_AFFINITY_SECONDS: i32 = 10_800;

pub(super) fn service(service: &mut Service) {
    let status = service.status.get_or_insert_default();
    status.load_balancer.get_or_insert_default();
    let Some(spec) = &mut service.spec else {
        return;
    };
    session_affinity(spec);
    set_text(&mut spec.type_, "ClusterIP");
    for port in spec.ports.iter_mut().flatten() {
        set_text(&mut port.protocol, "TCP");
        let unset = match &port.target_port {
            None => true,
            Some(IntOrString::Int(number)) => *number == 0,
            Some(IntOrString::String(name)) => name.is_empty(),
        };
        if unset {
            port.target_port = Some(IntOrString::Int(port.port));
        }
    }
    let kind = spec.type_.as_deref().unwrap_or_default();
    let load_balancer = kind == "LoadBalancer";
    let external_ips = spec
        .external_ips
        .as_ref()
        .is_some_and(|ips| !ips.is_empty());
    if load_balancer || kind == "NodePort" || (kind == "ClusterIP" && external_ips) {
        set_text(&mut spec.external_traffic_policy, "Cluster");
    }
    if matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer")
        && spec.internal_traffic_policy.is_none()
    {
        spec.internal_traffic_policy = Some("Cluster".to_owned());
    }
    if load_balancer {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
        let ingress = status
            .load_balancer
            .iter_mut()
            .flat_map(|it| &mut it.ingress);
        for point in ingress.flatten() {
            if point.ip.as_deref().is_some_and(|ip| !ip.is_empty()) && point.ip_mode.is_none() {
                point.ip_mode = Some("VIP".to_owned());
            }
        }
    }
}

fn session_affinity(spec: &mut core::ServiceSpec) {
    set_text(&mut spec.session_affinity, "None");
    match spec.session_affinity.as_deref() {
        Some("None") => spec.session_affinity_config = None,
        Some("ClientIP") => {
            let given = spec
                .session_affinity_config
                .as_ref()
                .and_then(|config| config.client_ip.as_ref()?.timeout_seconds);
            if given.is_none() {
                spec.session_affinity_config = Some(core::SessionAffinityConfig {
                    client_ip: Some(core::ClientIPConfig {
                        timeout_seconds: Some(CLIENT_IP_AFFINITY_SECONDS),
                    }),
                });
            }
        }
        _ => {}
    }
}

pub(super) fn endpoints(endpoints: &mut Endpoints) {
    for subset in endpoints.subsets.iter_mut().flatten() {
        for port in subset.ports.iter_mut().flatten() {
            set_text(&mut port.protocol, "TCP");
        }
    }
}

pub(super) fn endpoint_slice(slice: &mut EndpointSlice) {
    for port in slice.ports.iter_mut().flatten() {
        port.name.get_or_insert_default();
        if port.protocol.is_none() {
            port.protocol = Some("TCP".to_owned());
        }
    }
}
