//! Services.

use super::container::PROTOCOLS;
use super::field::{Errors, Json, Path, list, quote, text};
use super::meta::{self, METADATA, Scope};
use super::pod::SPEC;
use super::probe::{port, port_number};
use super::{ip, names, service_ips};
use crate::api::{Service, core};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeSet;

/// Service names may begin with a digit since 1.34.
const SCOPE: Scope = Scope {
    name: names::label,
    namespaced: true,
};
const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const POLICIES: [&str; 2] = ["Cluster", "Local"];
const AFFINITY_SECONDS_MAX: i32 = 86_400;
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

pub(super) fn is_headless(spec: &core::ServiceSpec) -> bool {
    matches!(list(&spec.cluster_ips), [only] if only == "None")
}

fn is_external(spec: &core::ServiceSpec) -> bool {
    match text(&spec.type_) {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !list(&spec.external_ips).is_empty(),
        _ => false,
    }
}

pub(super) fn create(service: &Service, errors: &mut Errors) {
    meta::create(&service.metadata, &SCOPE, errors);
    validate(service, None, errors);
}

pub(super) fn update(new: &Service, old: &Service, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
        service_ips::changes(new, old, errors);
    }
    validate(new, Some(old), errors);
}

fn validate(service: &Service, old: Option<&Service>, errors: &mut Errors) {
    let none = core::ServiceSpec::default();
    let spec = service.spec.as_ref().unwrap_or(&none);
    let kind = text(&spec.type_);
    let ports = list(&spec.ports);
    let ports_path = SPEC.child("ports");
    if ports.is_empty() && !is_headless(spec) && kind != "ExternalName" {
        errors.required(&ports_path, "");
    }
    of_type(spec, errors);
    let mut names_seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = ports_path.index(index);
        service_port(port, ports.len() > 1, &mut names_seen, &path, errors);
    }
    if let Some(selector) = &spec.selector {
        meta::labels(selector, &SPEC.child("selector"), errors);
    }
    session_affinity(spec, errors);
    service_ips::cluster_ips(spec, errors);
    let external = SPEC.child("externalIPs");
    for (index, address) in list(&spec.external_ips).iter().enumerate() {
        let before = errors.len();
        ip::address(address, &external.index(index), errors);
        if errors.len() == before {
            ip::not_special(address, &external.index(index), errors);
        }
    }
    errors.one_of(&SPEC.child("type"), kind, &TYPES);
    port_clashes(spec, errors);
    source_ranges(service, spec, errors);
    if spec.allocate_load_balancer_node_ports.is_some() && kind != "LoadBalancer" {
        let detail = "may only be used when `type` is 'LoadBalancer'";
        errors.forbidden(&SPEC.child("allocateLoadBalancerNodePorts"), detail);
    }
    load_balancer_class(spec, old, errors);
    traffic_policies(spec, errors);
}

fn of_type(spec: &core::ServiceSpec, errors: &mut Errors) {
    let kind = text(&spec.type_);
    let ips_path = SPEC.child("clusterIPs");
    match kind {
        "LoadBalancer" | "NodePort" if is_headless(spec) => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.invalid(&ips_path.index(0), "None", detail);
        }
        "ExternalName" => {
            let detail = "may not be set for ExternalName services";
            let given = [
                ("clusterIPs", !list(&spec.cluster_ips).is_empty()),
                ("ipFamilies", !list(&spec.ip_families).is_empty()),
                ("ipFamilyPolicy", spec.ip_family_policy.is_some()),
            ];
            for (field, _) in given.iter().filter(|(_, given)| *given) {
                errors.forbidden(&SPEC.child(field), detail);
            }
            let name = text(&spec.external_name);
            let name = name.strip_suffix('.').unwrap_or(name);
            errors.required_rule(&SPEC.child("externalName"), name, names::subdomain);
        }
        _ => {}
    }
}

fn service_port<'s>(
    given: &'s core::ServicePort,
    name_required: bool,
    names_seen: &mut BTreeSet<&'s str>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let name = text(&given.name);
    let name_path = path.child("name");
    if name.is_empty() {
        if name_required {
            errors.required(&name_path, "");
        }
    } else {
        errors.rule(&name_path, name, names::label);
        if !names_seen.insert(name) {
            errors.duplicate(&name_path, name);
        }
    }
    port_number(given.port, &path.child("port"), errors);
    errors.one_of(&path.child("protocol"), text(&given.protocol), &PROTOCOLS);
    let zero = IntOrString::Int(0);
    let target = given.target_port.as_ref().unwrap_or(&zero);
    port(target, &path.child("targetPort"), errors);
    if let Some(protocol) = &given.app_protocol {
        errors.rule(&path.child("appProtocol"), protocol, names::qualified);
    }
}

fn session_affinity(spec: &core::ServiceSpec, errors: &mut Errors) {
    let affinity = text(&spec.session_affinity);
    errors.one_of(
        &SPEC.child("sessionAffinity"),
        affinity,
        &["ClientIP", "None"],
    );
    let path = SPEC.child("sessionAffinityConfig");
    let config = spec.session_affinity_config.as_ref();
    if affinity == "None" && config.is_some() {
        errors.forbidden(&path, "must not be set when session affinity is None");
    }
    if affinity != "ClientIP" {
        return;
    }
    let detail = "when session affinity type is ClientIP";
    let Some(config) = config else {
        errors.required(&path, detail);
        return;
    };
    let path = path.child("clientIP");
    let Some(client) = &config.client_ip else {
        errors.required(&path, detail);
        return;
    };
    let path = path.child("timeoutSeconds");
    match client.timeout_seconds {
        None => errors.required(&path, detail),
        Some(seconds) if seconds <= 0 || seconds > AFFINITY_SECONDS_MAX => {
            let detail = format!("must be greater than 0 and less than {AFFINITY_SECONDS_MAX}");
            errors.invalid(&path, seconds, detail);
        }
        Some(_) => {}
    }
}

fn port_clashes(spec: &core::ServiceSpec, errors: &mut Errors) {
    let path = SPEC.child("ports");
    let ports = list(&spec.ports);
    if text(&spec.type_) == "ClusterIP" {
        for (index, port) in ports.iter().enumerate() {
            if port.node_port.unwrap_or_default() != 0 {
                let path = path.index(index);
                let detail = "may not be used when `type` is 'ClusterIP'";
                errors.forbidden(&path.child("nodePort"), detail);
            }
        }
    }
    // Node ports that clash are left to their allocation, which says so.
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        if !seen.insert((text(&port.protocol), port.port)) {
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{},\
                 \"TargetPort\":0,\"NodePort\":0}}",
                quote(text(&port.protocol)),
                port.port
            );
            errors.duplicate(&path.index(index), Json(shown));
        }
    }
}

fn source_ranges(service: &Service, spec: &core::ServiceSpec, errors: &mut Errors) {
    let ranges = list(&spec.load_balancer_source_ranges);
    let detail = "may only be used when `type` is 'LoadBalancer'";
    let wrong_type = text(&spec.type_) != "LoadBalancer";
    if !ranges.is_empty() {
        let path = SPEC.child("LoadBalancerSourceRanges");
        if wrong_type {
            errors.forbidden(&path, detail);
        }
        for (index, range) in ranges.iter().enumerate() {
            ip::network(range.trim(), &path.index(index), errors);
        }
        return;
    }
    let annotations = service.metadata.annotations.as_ref();
    if let Some(ranges) = annotations.and_then(|it| it.get(SOURCE_RANGES)) {
        let path = METADATA.child("annotations");
        let path = path.key(SOURCE_RANGES);
        if wrong_type {
            errors.forbidden(&path, detail);
        }
        for range in ranges.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            ip::network(range, &path, errors);
        }
    }
}

fn load_balancer_class(spec: &core::ServiceSpec, old: Option<&Service>, errors: &mut Errors) {
    let path = SPEC.child("loadBalancerClass");
    let of_type = |spec: &core::ServiceSpec| text(&spec.type_) == "LoadBalancer";
    let old = old.and_then(|old| old.spec.as_ref());
    if let Some(old) = old.filter(|old| of_type(old) && of_type(spec))
        && old.load_balancer_class != spec.load_balancer_class
    {
        errors.invalid(
            &path,
            Json::of(&spec.load_balancer_class),
            "may not change once set",
        );
        return;
    }
    let Some(class) = &spec.load_balancer_class else {
        return;
    };
    if of_type(spec) {
        errors.rule(&path, class, names::qualified);
    } else {
        errors.forbidden(&path, "may only be used when `type` is 'LoadBalancer'");
    }
}

fn traffic_policies(spec: &core::ServiceSpec, errors: &mut Errors) {
    let external = text(&spec.external_traffic_policy);
    let path = SPEC.child("externalTrafficPolicy");
    if is_external(spec) {
        errors.one_of(&path, external, &POLICIES);
    } else if !external.is_empty() {
        let detail = "may only be set for externally-accessible services";
        errors.invalid(&path, external, detail);
    }
    let health_path = SPEC.child("healthCheckNodePort");
    let health = spec.health_check_node_port.unwrap_or_default();
    let needs_health = text(&spec.type_) == "LoadBalancer" && external == "Local";
    if !needs_health && health != 0 {
        let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` \
                      is 'Local'";
        errors.invalid(&health_path, health, detail);
    } else if health != 0 {
        port_number(health, &health_path, errors);
    }
    let internal_path = SPEC.child("internalTrafficPolicy");
    match spec.internal_traffic_policy.as_deref() {
        Some(policy) if !POLICIES.contains(&policy) => {
            errors.unsupported(&internal_path, policy, &POLICIES);
        }
        None if matches!(text(&spec.type_), "ClusterIP" | "NodePort" | "LoadBalancer") => {
            errors.required(&internal_path, "");
        }
        _ => {}
    }
    let distributions = ["PreferClose", "PreferSameNode", "PreferSameZone"];
    if let Some(distribution) = spec.traffic_distribution.as_deref()
        && !distributions.contains(&distribution)
    {
        let path = SPEC.child("trafficDistribution");
        errors.unsupported(&path, distribution, &distributions);
    }
}

pub(super) fn update_status(new: &Service, old: &Service, errors: &mut Errors) {
    const STATUS: Path<'static> = Path::root("status");
    meta::update(&new.metadata, &old.metadata, errors);
    let balancer = new.status.as_ref().and_then(|it| it.load_balancer.as_ref());
    let points = balancer.map(|it| list(&it.ingress)).unwrap_or_default();
    let path = STATUS.child("loadBalancer");
    let path = path.child("ingress");
    let kind = new.spec.as_ref().map(|spec| text(&spec.type_));
    if kind != Some("LoadBalancer") && !points.is_empty() {
        errors.forbidden(&path, "may only be used when `spec.type` is 'LoadBalancer'");
        return;
    }
    for (index, point) in points.iter().enumerate() {
        let path = path.index(index);
        let address = text(&point.ip);
        let mode_path = path.child("ipMode");
        if !address.is_empty() {
            ip::address(address, &path.child("ip"), errors);
        }
        match point.ip_mode.as_deref() {
            None if !address.is_empty() => {
                errors.required(&mode_path, "must be specified when `ip` is set");
            }
            Some(_) if address.is_empty() => {
                errors.forbidden(&mode_path, "may not be specified when `ip` is not set");
            }
            Some(mode) if !["Proxy", "VIP"].contains(&mode) => {
                errors.unsupported(&mode_path, mode, &["Proxy", "VIP"]);
            }
            _ => {}
        }
        let hostname = text(&point.hostname);
        if !hostname.is_empty() {
            let path = path.child("hostname");
            errors.rule(&path, hostname, names::subdomain);
            if ip::parse_sloppy(hostname).is_some() {
                errors.invalid(&path, hostname, "must be a DNS name, not an IP address");
            }
        }
    }
}
