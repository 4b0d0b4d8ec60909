//! NetworkPolicies and IngressClasses.

use super::{Fields, items, present, set, struct_in};
use serde_json::{Value, json};

pub(super) fn policy(fields: &mut Fields) {
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    let has_egress = spec
        .get("egress")
        .and_then(Value::as_array)
        .is_some_and(|rules| !rules.is_empty());
    let types = match has_egress {
        true => json!(["Ingress", "Egress"]),
        false => json!(["Ingress"]),
    };
    set(spec, "policyTypes", types);
    for direction in ["ingress", "egress"] {
        for rule in items(spec, direction) {
            for port in items(rule, "ports") {
                set(port, "protocol", "TCP".into());
            }
        }
    }
}

pub(super) fn ingress_class(fields: &mut Fields) {
    if let Some(spec) = present(fields, "spec")
        && let Some(parameters) = present(spec, "parameters")
    {
        set(parameters, "scope", "Cluster".into());
    }
}
