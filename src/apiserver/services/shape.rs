//! Which fields a Service of each type has, and what an update keeps of them
//! (`pkg/registry/core/service/strategy.go`).

use crate::api::Service;
use crate::api::core::{ServicePort, ServiceSpec};

fn type_of(spec: &ServiceSpec) -> &str {
    spec.type_.as_deref().unwrap_or("ClusterIP")
}

/// Every type but ExternalName.
pub(super) fn needs_cluster_ip(spec: &ServiceSpec) -> bool {
    matches!(type_of(spec), "ClusterIP" | "NodePort" | "LoadBalancer")
}

pub(super) fn needs_node_ports(spec: &ServiceSpec) -> bool {
    matches!(type_of(spec), "NodePort" | "LoadBalancer")
}

pub(super) fn needs_health_check_port(spec: &ServiceSpec) -> bool {
    type_of(spec) == "LoadBalancer" && spec.external_traffic_policy.as_deref() == Some("Local")
}

/// This cluster has one family of addresses.
pub(super) fn default_families(spec: &mut ServiceSpec) {
    if !needs_cluster_ip(spec) {
        return;
    }
    if spec.ip_families.as_ref().is_none_or(Vec::is_empty) {
        spec.ip_families = Some(vec!["IPv4".to_owned()]);
    }
    spec.ip_family_policy
        .get_or_insert_with(|| "SingleStack".to_owned());
}

/// Brings `clusterIP` and `clusterIPs` together, keeps what was allocated before
/// and not named again, and drops what the type no longer has.
pub(in crate::apiserver) fn prepare(service: &mut Service, before: Option<&Service>) {
    let spec = service.spec.get_or_insert_default();
    let old = before.and_then(|before| before.spec.as_ref());
    normalize_addresses(spec, old);
    if let Some(old) = old {
        drop_what_the_type_lacks(spec, old);
        keep_allocated(spec, old);
    }
}

fn is_empty(text: &Option<String>) -> bool {
    text.as_deref().unwrap_or_default().is_empty()
}

fn normalize_addresses(spec: &mut ServiceSpec, old: Option<&ServiceSpec>) {
    let listed = |spec: &ServiceSpec| spec.cluster_ips.clone().unwrap_or_default();
    let Some(old) = old else {
        if !is_empty(&spec.cluster_ip) && listed(spec).is_empty() {
            spec.cluster_ips = spec.cluster_ip.clone().map(|address| vec![address]);
        }
        return;
    };
    let unchanged_list = listed(spec) == listed(old);
    match (is_empty(&old.cluster_ip), is_empty(&spec.cluster_ip)) {
        // Cleared, or set, or changed by the old field alone: the list follows.
        (false, true) if unchanged_list => spec.cluster_ips = None,
        (true, false) if listed(spec).is_empty() => {
            spec.cluster_ips = spec.cluster_ip.clone().map(|address| vec![address]);
        }
        (false, false) if spec.cluster_ip != old.cluster_ip && unchanged_list => {
            spec.cluster_ips = spec.cluster_ip.clone().map(|address| vec![address]);
        }
        (false, false) if listed(spec).is_empty() => {
            spec.cluster_ips = spec.cluster_ip.clone().map(|address| vec![address]);
        }
        _ => {}
    }
}

fn drop_what_the_type_lacks(spec: &mut ServiceSpec, old: &ServiceSpec) {
    if needs_cluster_ip(old) && !needs_cluster_ip(spec) {
        if spec.cluster_ip == old.cluster_ip {
            spec.cluster_ip = None;
            spec.cluster_ips = None;
        }
        if spec.ip_families == old.ip_families {
            spec.ip_families = None;
        }
        if spec.ip_family_policy == old.ip_family_policy {
            spec.ip_family_policy = None;
        }
    }
    if needs_node_ports(old) && !needs_node_ports(spec) {
        let had: Vec<Option<i32>> = old.ports.iter().flatten().map(|p| p.node_port).collect();
        let ports = spec.ports.iter_mut().flatten();
        ports
            .filter(|port| had.contains(&port.node_port))
            .for_each(|port| port.node_port = None);
        if spec.external_traffic_policy == old.external_traffic_policy {
            spec.external_traffic_policy = None;
        }
    }
    if needs_health_check_port(old)
        && !needs_health_check_port(spec)
        && spec.health_check_node_port == old.health_check_node_port
    {
        spec.health_check_node_port = None;
    }
    if type_of(old) == "LoadBalancer" && type_of(spec) != "LoadBalancer" {
        if spec.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports {
            spec.allocate_load_balancer_node_ports = None;
        }
        if spec.load_balancer_class == old.load_balancer_class {
            spec.load_balancer_class = None;
        }
    }
}

/// `patchAllocatedValues`: who does not name what was allocated keeps it.
fn keep_allocated(spec: &mut ServiceSpec, old: &ServiceSpec) {
    if needs_cluster_ip(old) && needs_cluster_ip(spec) {
        if is_empty(&spec.cluster_ip) {
            spec.cluster_ip = old.cluster_ip.clone();
        }
        if spec.cluster_ips.as_ref().is_none_or(Vec::is_empty) && spec.cluster_ip == old.cluster_ip
        {
            spec.cluster_ips = old.cluster_ips.clone();
        }
        if spec.ip_families.as_ref().is_none_or(Vec::is_empty) {
            spec.ip_families = old.ip_families.clone();
        }
        if spec.ip_family_policy.is_none() {
            spec.ip_family_policy = old.ip_family_policy.clone();
        }
    }
    if needs_node_ports(old) && needs_node_ports(spec) {
        keep_node_ports(spec, old);
    }
    if needs_health_check_port(old)
        && needs_health_check_port(spec)
        && spec.health_check_node_port.unwrap_or(0) == 0
    {
        spec.health_check_node_port = old.health_check_node_port;
    }
}

fn keep_node_ports(spec: &mut ServiceSpec, old: &ServiceSpec) {
    let named: Vec<i32> = spec
        .ports
        .iter()
        .flatten()
        .filter_map(|port| port.node_port.filter(|port| *port != 0))
        .collect();
    let key = |port: &ServicePort| (port.protocol.clone(), port.port);
    for port in spec.ports.iter_mut().flatten() {
        if port.node_port.unwrap_or(0) != 0 {
            continue;
        }
        let same = old.ports.iter().flatten().find(|old| key(old) == key(port));
        port.node_port = same
            .and_then(|same| same.node_port)
            .filter(|node_port| *node_port != 0 && !named.contains(node_port))
            .or(port.node_port);
    }
}
