//! What tells the scheduler where a pod may go: affinity, tolerations, spreading.

use super::field::{Errors, Path, list, text};
use super::{meta, names};
use crate::api::core;
use crate::api::meta::LabelSelector;
use std::collections::BTreeSet;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const WEIGHT: std::ops::RangeInclusive<i32> = 1..=100;

pub(super) fn tolerations(tolerations: &[core::Toleration], path: &Path<'_>, errors: &mut Errors) {
    for (index, toleration) in tolerations.iter().enumerate() {
        let path = path.index(index);
        let operator_path = path.child("operator");
        let key = text(&toleration.key);
        let operator = text(&toleration.operator);
        let value = text(&toleration.value);
        let effect = text(&toleration.effect);
        if !key.is_empty() {
            meta::label_key(key, &path.child("key"), errors);
        } else if operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all \
                          values and all keys\"";
            errors.invalid(&operator_path, operator, detail);
        }
        if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid(&path.child("effect"), effect, detail);
        }
        match operator {
            "" | "Equal" => joined_label_value(value, &operator_path, errors),
            "Exists" if !value.is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                errors.invalid(&operator_path, value, detail);
            }
            "Exists" => {}
            // Comparison is an alpha feature: known, listed, and refused.
            "Lt" | "Gt" => {
                errors.unsupported(&operator_path, operator, &["Equal", "Exists", "Lt", "Gt"]);
            }
            other => errors.unsupported(&operator_path, other, &["Equal", "Exists"]),
        }
        if !effect.is_empty() && !EFFECTS.contains(&effect) {
            errors.unsupported(&path.child("effect"), effect, &EFFECTS);
        }
    }
}

fn joined_label_value(value: &str, path: &Path<'_>, errors: &mut Errors) {
    let mut messages = Vec::new();
    names::label_value(value, &mut messages);
    if !messages.is_empty() {
        errors.invalid(path, value, messages.join(";"));
    }
}

/// Taints of nodes.
pub(super) fn taints(taints: &[core::Taint], path: &Path<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (index, taint) in taints.iter().enumerate() {
        let path = path.index(index);
        meta::label_key(&taint.key, &path.child("key"), errors);
        joined_label_value(text(&taint.value), &path.child("value"), errors);
        errors.one_of(&path.child("effect"), &taint.effect, &EFFECTS);
        if !seen.insert((taint.effect.as_str(), taint.key.as_str())) {
            let shown = super::internal::taint(taint);
            let detail = "taints must be unique by key and effect pair";
            errors.duplicate_because(&path, shown, detail);
        }
    }
}

pub(super) fn affinity(affinity: &core::Affinity, path: &Path<'_>, errors: &mut Errors) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    if let Some(node) = &affinity.node_affinity {
        let path = path.child("nodeAffinity");
        if let Some(selector) = &node.required_during_scheduling_ignored_during_execution {
            node_selector(selector, &path.child(REQUIRED), errors);
        }
        let preferred = path.child(PREFERRED);
        let terms = list(&node.preferred_during_scheduling_ignored_during_execution);
        for (index, term) in terms.iter().enumerate() {
            let path = preferred.index(index);
            weight(term.weight, &path, errors);
            node_selector_term(&term.preference, false, &path.child("preference"), errors);
        }
    }
    let of_pods = [
        (
            "podAffinity",
            affinity.pod_affinity.as_ref().map(|it| {
                (
                    list(&it.required_during_scheduling_ignored_during_execution),
                    list(&it.preferred_during_scheduling_ignored_during_execution),
                )
            }),
        ),
        (
            "podAntiAffinity",
            affinity.pod_anti_affinity.as_ref().map(|it| {
                (
                    list(&it.required_during_scheduling_ignored_during_execution),
                    list(&it.preferred_during_scheduling_ignored_during_execution),
                )
            }),
        ),
    ];
    for (field, terms) in of_pods {
        let Some((required, preferred)) = terms else {
            continue;
        };
        let path = path.child(field);
        let required_path = path.child(REQUIRED);
        for (index, term) in required.iter().enumerate() {
            pod_affinity_term(term, &required_path.index(index), errors);
        }
        let preferred_path = path.child(PREFERRED);
        for (index, term) in preferred.iter().enumerate() {
            let path = preferred_path.index(index);
            weight(term.weight, &path, errors);
            pod_affinity_term(
                &term.pod_affinity_term,
                &path.child("podAffinityTerm"),
                errors,
            );
        }
    }
}

fn weight(weight: i32, path: &Path<'_>, errors: &mut Errors) {
    if !WEIGHT.contains(&weight) {
        errors.invalid(&path.child("weight"), weight, "must be in the range 1-100");
    }
}

fn node_selector(selector: &core::NodeSelector, path: &Path<'_>, errors: &mut Errors) {
    let terms_path = path.child("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        errors.required(&terms_path, "must have at least one node selector term");
    }
    for (index, term) in selector.node_selector_terms.iter().enumerate() {
        node_selector_term(term, true, &terms_path.index(index), errors);
    }
}

/// `check_values`: preferences with impossible values are let through.
fn node_selector_term(
    term: &core::NodeSelectorTerm,
    check_values: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let expressions = path.child("matchExpressions");
    for (index, requirement) in list(&term.match_expressions).iter().enumerate() {
        label_requirement(requirement, check_values, &expressions.index(index), errors);
    }
    let fields = path.child("matchFields");
    for (index, requirement) in list(&term.match_fields).iter().enumerate() {
        field_requirement(requirement, &fields.index(index), errors);
    }
}

fn label_requirement(
    requirement: &core::NodeSelectorRequirement,
    check_values: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let values = list(&requirement.values);
    let values_path = path.child("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => errors.required(
            &values_path,
            "must be specified when `operator` is 'In' or 'NotIn'",
        ),
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.forbidden(
            &values_path,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        "Gt" | "Lt" if values.len() != 1 => errors.required(
            &values_path,
            "must be specified single value when `operator` is 'Lt' or 'Gt'",
        ),
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.invalid(
            &path.child("operator"),
            other,
            "not a valid selector operator",
        ),
    }
    meta::label_key(&requirement.key, &path.child("key"), errors);
    if check_values {
        for (index, value) in values.iter().enumerate() {
            errors.rule(&values_path.index(index), value, names::label_value);
        }
    }
}

fn field_requirement(
    requirement: &core::NodeSelectorRequirement,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let values = list(&requirement.values);
    let values_path = path.child("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.len() != 1 => errors.required(
            &values_path,
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
        "In" | "NotIn" => {}
        other => errors.invalid(
            &path.child("operator"),
            other,
            "not a valid selector operator",
        ),
    }
    if requirement.key == "metadata.name" {
        for (index, value) in values.iter().enumerate() {
            errors.rule(&values_path.index(index), value, names::subdomain);
        }
    } else {
        let detail = "not a valid field selector key";
        errors.invalid(&path.child("key"), &requirement.key, detail);
    }
}

fn pod_affinity_term(term: &core::PodAffinityTerm, path: &Path<'_>, errors: &mut Errors) {
    if let Some(selector) = &term.label_selector {
        meta::selector(selector, &path.child("labelSelector"), errors);
    }
    if let Some(selector) = &term.namespace_selector {
        meta::selector(selector, &path.child("namespaceSelector"), errors);
    }
    for namespace in list(&term.namespaces) {
        errors.rule(&path.child("namespace"), namespace, names::label);
    }
    let keys = [
        ("matchLabelKeys", list(&term.match_label_keys)),
        ("mismatchLabelKeys", list(&term.mismatch_label_keys)),
    ];
    for (field, keys) in keys {
        label_keys(
            keys,
            term.label_selector.as_ref(),
            &path.child(field),
            errors,
        );
    }
    let mismatched = list(&term.mismatch_label_keys);
    for (index, key) in list(&term.match_label_keys).iter().enumerate() {
        if mismatched.contains(key) {
            let keys_path = path.child("matchLabelKeys");
            let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
            errors.invalid(&keys_path.index(index), key, detail);
        }
    }
    if term.topology_key.is_empty() {
        errors.required(&path.child("topologyKey"), "can not be empty");
    }
    meta::label_key(&term.topology_key, &path.child("topologyKey"), errors);
}

fn label_keys(
    keys: &[String],
    selector: Option<&LabelSelector>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    if keys.is_empty() {
        return;
    }
    if selector.is_none() {
        errors.forbidden(path, "must not be specified when labelSelector is not set");
        return;
    }
    for (index, key) in keys.iter().enumerate() {
        meta::label_key(key, &path.index(index), errors);
    }
}

pub(super) fn topology_spread(
    constraints: &[core::TopologySpreadConstraint],
    path: &Path<'_>,
    errors: &mut Errors,
) {
    const ACTIONS: [&str; 2] = ["DoNotSchedule", "ScheduleAnyway"];
    const POLICIES: [&str; 2] = ["Honor", "Ignore"];
    for (index, constraint) in constraints.iter().enumerate() {
        let path = path.index(index);
        if constraint.max_skew <= 0 {
            let detail = "must be greater than zero";
            errors.invalid(&path.child("maxSkew"), constraint.max_skew, detail);
        }
        if constraint.topology_key.is_empty() {
            errors.required(&path.child("topologyKey"), "can not be empty");
        }
        let action = constraint.when_unsatisfiable.as_str();
        if !ACTIONS.contains(&action) {
            errors.unsupported(&path.child("whenUnsatisfiable"), action, &ACTIONS);
        }
        let repeated = constraints[index + 1..].iter().any(|other| {
            other.topology_key == constraint.topology_key && other.when_unsatisfiable == action
        });
        if repeated {
            let pair = format!("{{{}, {action}}}", constraint.topology_key);
            errors.duplicate(&path.child("{topologyKey, whenUnsatisfiable}"), pair);
        }
        if let Some(domains) = constraint.min_domains {
            let path = path.child("minDomains");
            if domains <= 0 {
                errors.invalid(&path, domains, "must be greater than zero");
            }
            if action != "DoNotSchedule" {
                let detail = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
                );
                errors.invalid(&path, domains, detail);
            }
        }
        let policies = [
            ("nodeAffinityPolicy", &constraint.node_affinity_policy),
            ("nodeTaintsPolicy", &constraint.node_taints_policy),
        ];
        for (field, policy) in policies {
            if let Some(policy) = policy.as_deref().filter(|it| !POLICIES.contains(it)) {
                errors.unsupported(&path.child(field), policy, &POLICIES);
            }
        }
        match_label_keys(constraint, &path.child("matchLabelKeys"), errors);
        if let Some(selector) = &constraint.label_selector {
            meta::selector(selector, &path.child("labelSelector"), errors);
        }
    }
}

fn match_label_keys(
    constraint: &core::TopologySpreadConstraint,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let keys = list(&constraint.match_label_keys);
    if keys.is_empty() {
        return;
    }
    let selector = constraint.label_selector.as_ref();
    if selector.is_none() {
        errors.forbidden(path, "must not be specified when labelSelector is not set");
    }
    let selects = |key: &String| {
        selector.is_some_and(|selector| {
            let labels = selector.match_labels.as_ref();
            labels.is_some_and(|labels| labels.contains_key(key))
                || list(&selector.match_expressions)
                    .iter()
                    .any(|it| it.key == *key)
        })
    };
    for (index, key) in keys.iter().enumerate() {
        let path = path.index(index);
        meta::label_key(key, &path, errors);
        if selects(key) {
            errors.invalid(
                &path,
                key,
                "exists in both matchLabelKeys and labelSelector",
            );
        }
    }
}
