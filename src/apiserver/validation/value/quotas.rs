//! LimitRanges and ResourceQuotas (`pkg/apis/core/validation`).

use super::super::field::{Errors, Path};
use super::super::names;
use super::super::pod::SPEC;
use super::reader::{Fields, shown};
use crate::api::quantity::Amount;
use std::collections::{BTreeMap, BTreeSet};

type Amounts = BTreeMap<String, Amount>;

pub(super) fn limit_range(fields: Fields<'_>, errors: &mut Errors) {
    let path = SPEC.child("limits");
    let mut types = BTreeSet::new();
    for (index, limit) in fields.at("spec").items("limits") {
        let path = path.index(index);
        let named = limit.text("type");
        errors.rule(&path.child("type"), named, names::qualified);
        if !types.insert(named) {
            errors.duplicate(&path.child("type"), named);
        }
        self::limit(limit, &path, errors);
    }
}

fn limit(limit: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    let named = limit.text("type");
    let (most, least) = (limit.amounts("max"), limit.amounts("min"));
    let (mut default, mut request) = (Amounts::new(), Amounts::new());
    if named == "Pod" {
        for field in ["default", "defaultRequest"] {
            if !limit.amounts(field).is_empty() {
                let detail = "may not be specified when `type` is 'Pod'";
                errors.forbidden(&path.child(field), detail);
            }
        }
    } else {
        default = limit.amounts("default");
        request = limit.amounts("defaultRequest");
    }
    if named == "PersistentVolumeClaim"
        && !most.contains_key("storage")
        && !least.contains_key("storage")
    {
        let detail =
            "either minimum or maximum storage value is required, but neither was provided";
        errors.required(&SPEC.child("limits"), detail);
    }
    let ratio = limit.amounts("maxLimitRequestRatio");
    let lists = [&most, &least, &default, &request, &ratio];
    let names: BTreeSet<&String> = lists.into_iter().flat_map(BTreeMap::keys).collect();
    for name in names {
        let of = |list: &Amounts| list.get(name).copied();
        let values = Values {
            most: of(&most),
            least: of(&least),
            default: of(&default),
            request: of(&request),
            ratio: of(&ratio),
        };
        of_resource(name, &values, path, errors);
    }
}

struct Values {
    most: Option<Amount>,
    least: Option<Amount>,
    default: Option<Amount>,
    request: Option<Amount>,
    ratio: Option<Amount>,
}

fn of_resource(name: &str, values: &Values, path: &Path<'_>, errors: &mut Errors) {
    let mut complain = |field: &str, value: Amount, detail: String| {
        let path = path.child(field);
        errors.invalid(&path.key(name), value, detail);
    };
    let Values {
        most,
        least,
        default,
        request,
        ratio,
    } = *values;
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        let detail = format!("min value {least} is greater than max value {most}");
        complain("min", least, detail);
    }
    if let (Some(request), Some(least)) = (request, least)
        && least > request
    {
        let detail = format!("min value {least} is greater than default request value {request}");
        complain("defaultRequest", request, detail);
    }
    if let (Some(request), Some(most)) = (request, most)
        && request > most
    {
        let detail = format!("default request value {request} is greater than max value {most}");
        complain("defaultRequest", request, detail);
    }
    if let (Some(request), Some(default)) = (request, default)
        && request > default
    {
        let detail = format!(
            "default request value {request} is greater than default limit value {default}"
        );
        complain("defaultRequest", request, detail);
    }
    if let (Some(default), Some(least)) = (default, least)
        && least > default
    {
        let detail = format!("min value {least} is greater than default value {default}");
        complain("default", least, detail);
    }
    if let (Some(default), Some(most)) = (default, most)
        && default > most
    {
        let detail = format!("default value {default} is greater than max value {most}");
        complain("default", most, detail);
    }
    if let Some(ratio) = ratio.filter(|ratio| ratio.millis() < 1000) {
        let detail = format!("ratio {ratio} is less than 1");
        complain("maxLimitRequestRatio", ratio, detail);
    }
}

/// Resources that a quota can be about without a domain.
const STANDARD: [&str; 19] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name)
        || name.starts_with("hugepages-")
        || name.starts_with("requests.hugepages-")
}

/// Resources of which there are only whole ones.
fn is_counted(name: &str) -> bool {
    name.starts_with("count/")
        || matches!(
            name,
            "configmaps"
                | "persistentvolumeclaims"
                | "pods"
                | "replicationcontrollers"
                | "resourcequotas"
                | "secrets"
                | "services"
                | "services.loadbalancers"
                | "services.nodeports"
        )
}

const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];

/// Whether a scope goes with a resource.
fn fits(scope: &str, resource: &str) -> bool {
    match scope {
        "BestEffort" => resource == "pods",
        "Terminating"
        | "NotTerminating"
        | "NotBestEffort"
        | "PriorityClass"
        | "CrossNamespacePodAffinity" => {
            matches!(
                resource,
                "pods"
                    | "cpu"
                    | "memory"
                    | "requests.cpu"
                    | "requests.memory"
                    | "limits.cpu"
                    | "limits.memory"
            )
        }
        _ => true,
    }
}

pub(super) fn quota(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let hard_path = SPEC.child("hard");
    let hard = spec.amounts("hard");
    for (name, amount) in &hard {
        let path = hard_path.key(name);
        errors.rule(&path, name, names::qualified);
        if !name.contains('/') && !is_standard(name) {
            let detail = "must be a standard resource type or fully qualified";
            errors.invalid(&path, name, detail);
            errors.invalid(&path, name, "must be a standard resource for quota");
        }
        if amount.is_negative() {
            errors.invalid(&path, *amount, "must be greater than or equal to 0");
        }
        if is_counted(name) && !amount.is_whole() {
            errors.invalid(&path, *amount, "must be an integer");
        }
    }
    scopes(spec, &hard, errors);
    scope_selector(spec, errors);
}

fn scopes(spec: Fields<'_>, hard: &Amounts, errors: &mut Errors) {
    let path = SPEC.child("scopes");
    let scopes = spec.texts("scopes");
    let all = || shown(spec.get("scopes"));
    for scope in &scopes {
        if !SCOPES.contains(scope) {
            errors.invalid(&path, all(), "unsupported scope");
        }
        for name in hard.keys().filter(|name| is_standard(name)) {
            if !fits(scope, name) {
                errors.invalid(&path, all(), "unsupported scope applied to resource");
            }
        }
    }
    for (one, other) in [
        ("BestEffort", "NotBestEffort"),
        ("Terminating", "NotTerminating"),
    ] {
        if scopes.contains(&one) && scopes.contains(&other) {
            errors.invalid(&path, all(), "conflicting scopes");
        }
    }
}

fn scope_selector(spec: Fields<'_>, errors: &mut Errors) {
    let path = SPEC.child("scopeSelector");
    let path = path.child("matchExpressions");
    for (_, expression) in spec.at("scopeSelector").items("matchExpressions") {
        let (scope, operator) = (expression.text("scopeName"), expression.text("operator"));
        if !SCOPES.contains(&scope) {
            errors.invalid(&path.child("scopeName"), scope, "unsupported scope");
        }
        let values = expression.list("values");
        let values_path = path.child("values");
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                errors.required(&values_path, detail);
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector";
                errors.invalid(&values_path, shown(expression.get("values")), detail);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(
                &path.child("operator"),
                other,
                "not a valid selector operator",
            ),
        }
    }
}

pub(super) fn update_quota(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    quota(new, errors);
    let (now, before) = (new.at("spec"), old.at("spec"));
    let set = |spec: Fields<'_>| -> BTreeSet<String> {
        spec.texts("scopes")
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    if set(now) != set(before) {
        errors.immutable(&SPEC.child("scopes"), false, shown(now.get("scopes")));
    }
}
