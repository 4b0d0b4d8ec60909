//! Resource lists: names, quantities, requests against limits.

use super::field::{Errors, Path, list};
use super::names;
use crate::api::QuantityText;
use crate::api::core::ResourceRequirements;
use crate::api::quantity::{self, Amount};
use std::collections::BTreeMap;

const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];
const OF_CONTAINERS: &[&str] = &["cpu", "memory", "ephemeral-storage"];
const COUNTED: &[&str] = &[
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
const HUGE_PAGES: &str = "hugepages-";

fn is_huge_pages(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
}

/// Of Kubernetes itself, not of a vendor.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::is_qualified(&format!("requests.{name}"))
}

fn may_be_overcommitted(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}

/// What a requirement belongs to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Of {
    Container,
    Pod,
}

/// Limits and requests of a container or of a pod as a whole.
pub(super) fn requirements(
    requirements: &ResourceRequirements,
    of: Of,
    claims: &[&str],
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let limits_path = path.child("limits");
    let requests_path = path.child("requests");
    let limits = requirements.limits.as_ref();
    for (name, text) in limits.into_iter().flatten() {
        let path = limits_path.key(name);
        resource_name(name, of, &path, errors);
        let amount = quantity_value(name, text, &path, errors);
        huge_pages_value(name, amount, &path, errors);
    }
    for (name, text) in requirements.requests.iter().flatten() {
        let path = requests_path.key(name);
        resource_name(name, of, &path, errors);
        let amount = quantity_value(name, text, &path, errors);
        match limits.and_then(|limits| limits.get(name)) {
            Some(limit) => against_limit(name, amount, limit, &requests_path, errors),
            None if !may_be_overcommitted(name) => {
                errors.required(
                    &limits_path,
                    "Limit must be set for non overcommitable resources",
                );
            }
            None => {}
        }
        huge_pages_value(name, amount, &path, errors);
    }
    let named = |wanted: fn(&str) -> bool| {
        [limits, requirements.requests.as_ref()]
            .into_iter()
            .flatten()
            .any(|list| list.keys().any(|name| wanted(name)))
    };
    if named(is_huge_pages) && !named(|name| matches!(name, "cpu" | "memory")) {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
    for (index, claim) in list(&requirements.claims).iter().enumerate() {
        let path = path.child("claims");
        if claim.name.is_empty() {
            errors.required(&path.index(index), "");
        } else if !claims.contains(&claim.name.as_str()) {
            errors.not_found(&path.index(index), &claim.name);
        }
    }
}

fn against_limit(
    name: &str,
    amount: Amount,
    limit: &QuantityText,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let limit = quantity::amount(limit);
    if amount != limit && !may_be_overcommitted(name) {
        let detail = format!("must be equal to {name} limit of {limit}");
        errors.invalid(path, amount.to_string(), detail);
    } else if amount > limit {
        let detail = format!("must be less than or equal to {name} limit of {limit}");
        errors.invalid(path, amount.to_string(), detail);
    }
}

fn resource_name(name: &str, of: Of, path: &Path<'_>, errors: &mut Errors) {
    let before = errors.len();
    errors.rule(path, name, names::qualified);
    if errors.len() > before {
        return;
    }
    if !name.contains('/') {
        if !STANDARD.contains(&name) && !is_huge_pages(name) {
            errors.invalid(
                path,
                name,
                "must be a standard resource type or fully qualified",
            );
        }
        let fits = OF_CONTAINERS.contains(&name) || is_huge_pages(name);
        if of == Of::Container && !fits {
            errors.invalid(path, name, "must be a standard resource for containers");
        }
    } else if of == Of::Container && !is_native(name) && !is_extended(name) {
        errors.invalid(path, name, "doesn't follow extended resource name standard");
    }
    let of_pods = matches!(name, "cpu" | "memory") || is_huge_pages(name);
    if of == Of::Pod && errors.len() == before && !of_pods {
        errors.unsupported(path, name, &["cpu", "hugepages-", "memory"]);
    }
}

/// Neither negative nor, for what is counted in pieces, a fraction.
pub(super) fn quantity_value(
    name: &str,
    text: &QuantityText,
    path: &Path<'_>,
    errors: &mut Errors,
) -> Amount {
    let amount = match quantity::parse(&text.0) {
        Ok(amount) => amount,
        Err(error) => {
            errors.invalid(path, &text.0, error.to_string());
            return Amount::ZERO;
        }
    };
    if amount.is_negative() {
        let detail = "must be greater than or equal to 0";
        errors.invalid(path, amount.to_string(), detail);
    }
    let counted = COUNTED.contains(&name) || is_extended(name);
    if counted && amount.millis() % 1000 != 0 {
        errors.invalid(path, amount.to_string(), "must be an integer");
    }
    amount
}

fn huge_pages_value(name: &str, amount: Amount, path: &Path<'_>, errors: &mut Errors) {
    let Some(size) = name.strip_prefix(HUGE_PAGES) else {
        return;
    };
    let size = quantity::parse(size).map_or(0, Amount::value);
    if size <= 0 || amount.value() % size != 0 {
        let detail = format!("{amount} is not positive integer multiple of {name}");
        errors.invalid(path, amount.to_string(), detail);
    }
}

/// A resource list outside containers: capacity, overhead.
pub(super) fn plain_list(
    resources: Option<&BTreeMap<String, QuantityText>>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    for (name, text) in resources.into_iter().flatten() {
        quantity_value(name, text, &path.child(name), errors);
    }
}
