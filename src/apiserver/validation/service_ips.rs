//! The addresses of Services, and what may not change about them.

use super::field::{Errors, Json, list, text};
use super::ip;
use super::pod::SPEC;
use super::service::is_headless;
use crate::api::{Service, core};
use std::collections::BTreeSet;

pub(super) fn cluster_ips(spec: &core::ServiceSpec, errors: &mut Errors) {
    if text(&spec.type_) == "ExternalName" {
        return;
    }
    let ips = list(&spec.cluster_ips);
    let path = SPEC.child("clusterIPs");
    let first = text(&spec.cluster_ip);
    match ips.first() {
        None if !first.is_empty() => errors.required(&path, ""),
        Some(_) if first.is_empty() => {
            let detail = "must be empty when `clusterIP` is not specified";
            errors.invalid(&path, Json::of(&ips), detail);
        }
        Some(ip) if ip != first => {
            errors.invalid(&path, Json::of(&ips), "first value must match `clusterIP`");
        }
        _ => {}
    }
    families(spec, errors);
    let before = errors.len();
    for (index, address) in ips.iter().enumerate() {
        if index == 0 && address == "None" {
            if ips.len() > 1 {
                let detail = "'None' must be the first and only value";
                errors.invalid(&path, Json::of(&ips), detail);
            }
            continue;
        }
        ip::address(address, &path.index(index), errors);
    }
    let faulty = errors.len() > before;
    if ips.len() > 2 {
        errors.invalid(&path, Json::of(&ips), "may only hold up to 2 values");
    }
    if faulty {
        return;
    }
    let is_six = |address: &String| address.contains(':');
    if ips.len() > 1 && (ips.iter().all(is_six) || !ips.iter().any(is_six)) {
        let detail = "may specify no more than one IP for each IP family";
        errors.invalid(&path, Json::of(&ips), detail);
    }
    if is_headless(spec) {
        return;
    }
    let families = list(&spec.ip_families);
    for (index, (address, family)) in ips.iter().zip(families).enumerate() {
        let wrong = match family.as_str() {
            "IPv4" => is_six(address),
            "IPv6" => !is_six(address),
            _ => false,
        };
        if wrong {
            let detail =
                format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
            errors.invalid(&path.index(index), address, detail);
        }
    }
}

fn families(spec: &core::ServiceSpec, errors: &mut Errors) {
    const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    let path = SPEC.child("ipFamilies");
    let mut seen = BTreeSet::new();
    for (index, family) in list(&spec.ip_families).iter().enumerate() {
        if !["IPv4", "IPv6"].contains(&family.as_str()) {
            errors.unsupported(&path.index(index), family, &["IPv4", "IPv6"]);
        }
        if !seen.insert(family) {
            errors.duplicate(&path.index(index), family);
        }
    }
    if let Some(policy) = spec.ip_family_policy.as_deref()
        && !POLICIES.contains(&policy)
    {
        errors.unsupported(&SPEC.child("ipFamilyPolicy"), policy, &POLICIES);
    }
}

/// What may not change from one state of a Service to the next.
pub(super) fn changes(new: &core::ServiceSpec, old: &core::ServiceSpec, errors: &mut Errors) {
    let external = |spec: &core::ServiceSpec| text(&spec.type_) == "ExternalName";
    if external(new) || external(old) {
        return;
    }
    let (new_headless, old_headless) = (is_headless(new), is_headless(old));
    let once = "may not change once set";
    if !(new_headless && old_headless) {
        let (ips, were) = (list(&new.cluster_ips), list(&old.cluster_ips));
        let path = SPEC.child("clusterIPs");
        if ips.is_empty() && !were.is_empty() {
            let detail = "primary clusterIP can not be unset";
            errors.invalid(&path.index(0), Json("[]".into()), detail);
        }
        let compared = if ips.len() == were.len() {
            ips.len()
        } else {
            1
        };
        for (index, (ip, was)) in ips.iter().zip(were).take(compared).enumerate() {
            if ip != was {
                errors.invalid(&path.index(index), Json::of(&ips), once);
            }
        }
    }
    if !new_headless && !old_headless {
        let (families, were) = (list(&new.ip_families), list(&old.ip_families));
        let path = SPEC.child("ipFamilies");
        if let (Some(family), Some(was)) = (families.first(), were.first())
            && family != was
        {
            errors.invalid(&path.index(0), Json::of(&families), once);
        }
    }
    let needs_health = |spec: &core::ServiceSpec| {
        text(&spec.type_) == "LoadBalancer" && text(&spec.external_traffic_policy) == "Local"
    };
    if needs_health(new)
        && needs_health(old)
        && new.health_check_node_port != old.health_check_node_port
    {
        errors.forbidden(&SPEC.child("healthCheckNodePort"), "field is immutable");
    }
}

/// The addresses of a Service must be of its families, and it may ask for no
/// second family where the cluster has one.
pub(super) fn fit(service: &Service, old: Option<&Service>, errors: &mut Errors) {
    let Some(spec) = &service.spec else { return };
    if text(&spec.type_) == "ExternalName" {
        return;
    }
    let selected = spec.selector.as_ref().is_some_and(|map| !map.is_empty());
    if is_headless(spec) && !selected {
        return;
    }
    let path = SPEC.child("clusterIPs");
    let pairs = list(&spec.cluster_ips).iter().zip(list(&spec.ip_families));
    for (index, (address, family)) in pairs.enumerate() {
        let Some(parsed) = ip::parse_sloppy(address) else {
            continue;
        };
        let is = if parsed.is_ipv4() { "IPv4" } else { "IPv6" };
        if matches!(family.as_str(), "IPv4" | "IPv6") && family != is {
            let detail =
                format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
            errors.invalid(&path.index(index), address, detail);
        }
    }
    if !errors.is_empty() {
        return;
    }
    let asked = text(&spec.ip_family_policy) == "RequireDualStack";
    let had = old.and_then(|old| old.spec.as_ref());
    let had = had.is_some_and(|old| text(&old.ip_family_policy) == "RequireDualStack");
    if asked && !had {
        let detail = "this cluster is not configured for dual-stack services";
        errors.invalid(&SPEC.child("ipFamilyPolicy"), "RequireDualStack", detail);
    }
}
