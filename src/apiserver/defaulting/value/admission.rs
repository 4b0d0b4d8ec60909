//! Webhook configurations and admission policies.

use super::{Fields, items, present, set, struct_in};
use crate::api::Kind;

pub(super) fn policy(kind: Kind, fields: &mut Fields) {
    let is_policy = matches!(
        kind,
        Kind::ValidatingAdmissionPolicy | Kind::MutatingAdmissionPolicy
    );
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    if is_policy {
        set(spec, "failurePolicy", "Fail".into());
    }
    if let Some(parameters) = present(spec, "paramRef")
        && (parameters.contains_key("selector") || parameters.contains_key("name"))
    {
        set(parameters, "parameterNotFoundAction", "Deny".into());
    }
    let matching = if is_policy {
        "matchConstraints"
    } else {
        "matchResources"
    };
    if let Some(matching) = present(spec, matching) {
        set(matching, "matchPolicy", "Equivalent".into());
        struct_in(matching, "namespaceSelector");
        struct_in(matching, "objectSelector");
        for rules in ["resourceRules", "excludeResourceRules"] {
            for rule in items(matching, rules) {
                set(rule, "scope", "*".into());
            }
        }
    }
}

pub(super) fn webhooks(fields: &mut Fields, mutating: bool) {
    for webhook in items(fields, "webhooks") {
        set(webhook, "failurePolicy", "Fail".into());
        set(webhook, "matchPolicy", "Equivalent".into());
        set(webhook, "timeoutSeconds", 10.into());
        struct_in(webhook, "namespaceSelector");
        struct_in(webhook, "objectSelector");
        if mutating {
            set(webhook, "reinvocationPolicy", "Never".into());
        }
        for rule in items(webhook, "rules") {
            set(rule, "scope", "*".into());
        }
        if let Some(client) = present(webhook, "clientConfig")
            && let Some(service) = present(client, "service")
        {
            set(service, "port", 443.into());
        }
    }
}
