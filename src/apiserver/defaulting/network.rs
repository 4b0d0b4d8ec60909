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
    first_cluster_ip(spec);
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

/// `clusterIP` is the old name of the first of `clusterIPs`.
fn first_cluster_ip(spec: &mut core::ServiceSpec) {
    let given = spec.cluster_ip.clone().filter(|ip| !ip.is_empty());
    if let Some(ip) = given
        && spec.cluster_ips.as_ref().is_none_or(Vec::is_empty)
    {
        spec.cluster_ips = Some(vec![ip]);
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

fn type_of(spec: &core::ServiceSpec) -> &str {
    spec.type_.as_deref().unwrap_or_default()
}

fn needs_cluster_ip(spec: &core::ServiceSpec) -> bool {
    matches!(type_of(spec), "ClusterIP" | "NodePort" | "LoadBalancer")
}

fn needs_node_port(spec: &core::ServiceSpec) -> bool {
    let allocates = spec.allocate_load_balancer_node_ports != Some(false);
    type_of(spec) == "NodePort" || (type_of(spec) == "LoadBalancer" && allocates)
}

fn needs_health_check(spec: &core::ServiceSpec) -> bool {
    type_of(spec) == "LoadBalancer" && spec.external_traffic_policy.as_deref() == Some("Local")
}

fn node_ports(spec: &core::ServiceSpec) -> Vec<i32> {
    let ports = spec.ports.iter().flatten();
    ports
        .map(|port| port.node_port.unwrap_or_default())
        .collect()
}

/// What was allocated to a Service stays with it where an update does not say
/// otherwise, and goes where its new type has no use for it
/// (`pkg/registry/core/service`: patchAllocatedValues, dropTypeDependentFields,
/// normalizeClusterIPs).
pub(super) fn service_update(new: &mut Service, old: &Service) {
    let (Some(new), Some(old)) = (&mut new.spec, &old.spec) else {
        return;
    };
    keep_allocated(new, old);
    drop_useless(new, old);
    same_cluster_ips(new, old);
}

fn keep_allocated(new: &mut core::ServiceSpec, old: &core::ServiceSpec) {
    let is_empty = |text: &Option<String>| text.as_deref().unwrap_or_default().is_empty();
    if needs_cluster_ip(old) && needs_cluster_ip(new) {
        if is_empty(&new.cluster_ip) {
            new.cluster_ip.clone_from(&old.cluster_ip);
        }
        let none = new.cluster_ips.as_ref().is_none_or(Vec::is_empty);
        if none && new.cluster_ip == old.cluster_ip {
            new.cluster_ips.clone_from(&old.cluster_ips);
        }
        let headless = |spec: &core::ServiceSpec| spec.cluster_ip.as_deref() == Some("None");
        if headless(new) == headless(old) {
            if new.ip_families.as_ref().is_none_or(Vec::is_empty) {
                new.ip_families.clone_from(&old.ip_families);
            }
            if new.ip_family_policy.is_none() {
                new.ip_family_policy.clone_from(&old.ip_family_policy);
            }
        }
    }
    if needs_node_port(old) && needs_node_port(new) {
        let were = node_ports(old);
        let mut used = node_ports(new);
        used.retain(|port| were.contains(port));
        for port in new.ports.iter_mut().flatten() {
            if port.node_port.unwrap_or_default() != 0 {
                continue;
            }
            let named = old.ports.iter().flatten().find(|old| old.name == port.name);
            let was = named.and_then(|old| old.node_port).unwrap_or_default();
            if was != 0 && !used.contains(&was) {
                port.node_port = Some(was);
                used.push(was);
            }
        }
    }
    if needs_health_check(old)
        && needs_health_check(new)
        && new.health_check_node_port.unwrap_or_default() == 0
    {
        new.health_check_node_port = old.health_check_node_port;
    }
}

fn drop_useless(new: &mut core::ServiceSpec, old: &core::ServiceSpec) {
    if needs_cluster_ip(old) && !needs_cluster_ip(new) {
        if new.cluster_ips == old.cluster_ips {
            new.cluster_ip = None;
            new.cluster_ips = None;
        }
        if new.ip_families == old.ip_families {
            new.ip_families = None;
        }
        if new.ip_family_policy == old.ip_family_policy {
            new.ip_family_policy = None;
        }
        if new.internal_traffic_policy == old.internal_traffic_policy {
            new.internal_traffic_policy = None;
        }
    }
    if needs_node_port(old) && !needs_node_port(new) && node_ports(new) == node_ports(old) {
        for port in new.ports.iter_mut().flatten() {
            port.node_port = None;
        }
    }
    if needs_health_check(old)
        && !needs_health_check(new)
        && new.health_check_node_port == old.health_check_node_port
    {
        new.health_check_node_port = None;
    }
    let was_balancer = type_of(old) == "LoadBalancer" && type_of(new) != "LoadBalancer";
    if was_balancer {
        if new.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports {
            new.allocate_load_balancer_node_ports = None;
        }
        if new.load_balancer_class == old.load_balancer_class {
            new.load_balancer_class = None;
        }
    }
    let external = |spec: &core::ServiceSpec| matches!(type_of(spec), "NodePort" | "LoadBalancer");
    if external(old) && !external(new) && new.external_traffic_policy == old.external_traffic_policy
    {
        new.external_traffic_policy = None;
    }
}

/// Whoever changes `clusterIP` alone means `clusterIPs` too.
fn same_cluster_ips(new: &mut core::ServiceSpec, old: &core::ServiceSpec) {
    if new.cluster_ip != old.cluster_ip && new.cluster_ips == old.cluster_ips {
        new.cluster_ips = new
            .cluster_ip
            .clone()
            .filter(|ip| !ip.is_empty())
            .map(|ip| vec![ip]);
    }
}
