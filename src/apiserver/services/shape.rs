//! What a Service of each type needs from the pools.

use crate::api::core::ServiceSpec;

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
    let selected = spec.selector.as_ref().is_some_and(|map| !map.is_empty());
    // Whoever writes the endpoints of such a service may have any.
    if spec.cluster_ip.as_deref() == Some("None") && !selected {
        let both = || vec!["IPv4".to_owned(), "IPv6".to_owned()];
        let silent = spec.ip_families.as_ref().is_none_or(Vec::is_empty);
        if silent && spec.ip_family_policy.as_deref() != Some("SingleStack") {
            spec.ip_families = Some(both());
            spec.ip_family_policy
                .get_or_insert_with(|| "RequireDualStack".to_owned());
        }
    }
    if spec.ip_families.as_ref().is_none_or(Vec::is_empty) {
        spec.ip_families = Some(vec!["IPv4".to_owned()]);
    }
    spec.ip_family_policy
        .get_or_insert_with(|| "SingleStack".to_owned());
}
