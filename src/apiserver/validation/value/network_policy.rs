//! NetworkPolicies (`pkg/apis/networking/validation`).

use super::super::field::{Errors, Path};
use super::super::pod::SPEC;
use super::super::{ip, meta, names};
use super::reader::{Fields, shown};
use serde_json::Value;

pub(super) fn policy(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let selector = spec.selector("podSelector").unwrap_or_default();
    meta::selector(&selector, &SPEC.child("podSelector"), errors);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        let path = SPEC.child(direction);
        for (index, rule) in spec.items(direction) {
            self::rule(rule, peers, &path.index(index), errors);
        }
    }
    let types_path = SPEC.child("policyTypes");
    let types = spec.texts("policyTypes");
    if types.len() > 2 {
        let detail = "may not specify more than two policyTypes";
        errors.invalid(&types_path, shown(spec.get("policyTypes")), detail);
        return;
    }
    for (index, named) in types.into_iter().enumerate() {
        if !matches!(named, "Ingress" | "Egress") {
            errors.unsupported(&types_path.index(index), named, &["Egress", "Ingress"]);
        }
    }
}

fn rule(rule: Fields<'_>, peers: &str, path: &Path<'_>, errors: &mut Errors) {
    let ports_path = path.child("ports");
    for (index, port) in rule.items("ports") {
        self::port(port, &ports_path.index(index), errors);
    }
    let peers_path = path.child(peers);
    for (index, peer) in rule.items(peers) {
        self::peer(peer, &peers_path.index(index), errors);
    }
}

fn port(port: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    errors.choice(port, path, "protocol", &["SCTP", "TCP", "UDP"]);
    let number_path = path.child("port");
    match port.get("port") {
        Value::Number(number) => {
            let number = number.as_i64().unwrap_or(0);
            if !(1..=65535).contains(&number) {
                errors.invalid(
                    &number_path,
                    number,
                    "must be between 1 and 65535, inclusive",
                );
            }
            if let Some(end) = port.int("endPort") {
                let end_path = path.child("endPort");
                if end < number {
                    errors.invalid(&end_path, end, "must be greater than or equal to `port`");
                }
                if !(1..=65535).contains(&end) {
                    errors.invalid(&end_path, end, "must be between 1 and 65535, inclusive");
                }
            }
        }
        Value::String(name) => {
            if let Some(end) = port.int("endPort") {
                let detail = "may not be specified when `port` is non-numeric";
                errors.invalid(&path.child("endPort"), end, detail);
            }
            errors.rule(&number_path, name, names::port_name);
        }
        _ => {
            if let Some(end) = port.int("endPort") {
                let detail = "may not be specified when `port` is not specified";
                errors.invalid(&path.child("endPort"), end, detail);
            }
        }
    }
}

fn peer(peer: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    let mut count = 0;
    for field in ["podSelector", "namespaceSelector"] {
        if let Some(selector) = peer.selector(field) {
            count += 1;
            meta::selector(&selector, &path.child(field), errors);
        }
    }
    if peer.has("ipBlock") {
        count += 1;
        block(peer.at("ipBlock"), &path.child("ipBlock"), errors);
    }
    if count == 0 {
        errors.required(path, "must specify a peer");
    } else if count > 1 && peer.has("ipBlock") {
        errors.forbidden(path, "may not specify both ipBlock and another peer");
    }
}

fn block(block: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    let cidr = block.text("cidr");
    let cidr_path = path.child("cidr");
    if cidr.is_empty() {
        errors.required(&cidr_path, "");
        return;
    }
    let before = errors.len();
    ip::network(cidr, &cidr_path, errors);
    let Some(whole) = cidr
        .parse::<ipnet::IpNet>()
        .ok()
        .filter(|_| errors.len() == before)
    else {
        return;
    };
    let except_path = path.child("except");
    for (index, text) in block.texts("except").into_iter().enumerate() {
        let path = except_path.index(index);
        let before = errors.len();
        ip::network(text, &path, errors);
        let Some(part) = text
            .parse::<ipnet::IpNet>()
            .ok()
            .filter(|_| errors.len() == before)
        else {
            continue;
        };
        if !whole.contains(&part) || whole.prefix_len() >= part.prefix_len() {
            errors.invalid(&path, text, "must be a strict subset of `cidr`");
        }
    }
}
