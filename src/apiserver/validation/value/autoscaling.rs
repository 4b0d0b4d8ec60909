//! HorizontalPodAutoscalers (`pkg/apis/autoscaling/validation`).

use super::super::field::{Errors, Path};
use super::super::names;
use super::super::pod::SPEC;
use super::reader::Fields;
use crate::api::quantity;

/// Sources of metrics by their types.
const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];
const STABILIZATION_MAX: i64 = 3600;
const PERIOD_MAX: i64 = 1800;

pub(super) fn autoscaler(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let path = &SPEC;
    let least = spec.int("minReplicas");
    if let Some(least) = least.filter(|least| *least < 1) {
        let path = path.child("minReplicas");
        errors.invalid(&path, least, "must be greater than or equal to 1");
    }
    let most = spec.int("maxReplicas").unwrap_or(0);
    let most_path = path.child("maxReplicas");
    if most < 1 {
        errors.invalid(&most_path, most, "must be greater than 0");
    }
    if least.is_some_and(|least| most < least) {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.invalid(&most_path, most, detail);
    }
    target_reference(
        spec.at("scaleTargetRef"),
        &path.child("scaleTargetRef"),
        errors,
    );
    let metrics_path = path.child("metrics");
    for (index, metric) in spec.items("metrics") {
        self::metric(metric, &metrics_path.index(index), errors);
    }
    let behavior_path = path.child("behavior");
    for direction in ["scaleUp", "scaleDown"] {
        let rules = spec.at("behavior").at(direction);
        if spec.at("behavior").has(direction) {
            scaling_rules(rules, &behavior_path.child(direction), errors);
        }
    }
}

fn target_reference(reference: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    for field in ["kind", "name"] {
        let path = path.child(field);
        errors.required_rule(&path, reference.text(field), names::path_segment);
    }
}

fn metric(metric: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    let type_path = path.child("type");
    let named = metric.text("type");
    if named.is_empty() {
        errors.required(&type_path, "must specify a metric source type");
        return;
    }
    let known = SOURCES.iter().find(|(name, _)| *name == named);
    let Some((_, source)) = known else {
        let types: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).collect();
        errors.unsupported(&type_path, named, &types);
        return;
    };
    let source_path = path.child(source);
    if !metric.has(source) {
        let detail = "must populate information for the given metric source";
        errors.required(&source_path, detail);
    }
    for (_, other) in SOURCES.iter().filter(|(name, _)| *name != named) {
        if metric.has(other) {
            let detail = "must populate the given metric source only";
            errors.forbidden(&path.child(other), detail);
        }
    }
    let fields = metric.at(source);
    if !metric.has(source) {
        return;
    }
    let target_path = source_path.child("target");
    let target = fields.at("target");
    match *source {
        "resource" | "containerResource" => {
            if fields.text("name").is_empty() {
                errors.required(&source_path.child("name"), "must specify a resource name");
            }
            if *source == "containerResource" && fields.text("container").is_empty() {
                errors.required(&source_path.child("container"), "must specify a container");
            }
            self::target(target, &target_path, errors);
            match (target.has("averageUtilization"), target.has("averageValue")) {
                (false, false) => {
                    let detail = "must set either a target raw value or a target utilization";
                    errors.required(&target_path.child("averageUtilization"), detail);
                }
                (true, true) => {
                    let detail = "may not set both a target raw value and a target utilization";
                    errors.forbidden(&target_path.child("averageValue"), detail);
                }
                _ => {}
            }
        }
        _ => {
            let metric_path = source_path.child("metric");
            let name = fields.at("metric").text("name");
            errors.required_rule(&metric_path.child("name"), name, names::path_segment);
            self::target(target, &target_path, errors);
            if *source == "object" {
                let path = source_path.child("describedObject");
                target_reference(fields.at("describedObject"), &path, errors);
            }
            if *source == "pods" && !target.has("averageValue") {
                let detail = "must specify a positive target averageValue";
                errors.required(&target_path.child("averageValue"), detail);
            } else if !target.has("averageValue") && !target.has("value") {
                let detail = "must set either a target value or averageValue";
                errors.required(&target_path.child("averageValue"), detail);
            }
        }
    }
}

fn target(target: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    let types = ["Utilization", "Value", "AverageValue"];
    let named = target.text("type");
    if named.is_empty() {
        errors.required(&path.child("type"), "must specify a metric target type");
    } else if !types.contains(&named) {
        errors.invalid(
            &path.child("type"),
            named,
            "must be either Utilization, Value, or AverageValue",
        );
    }
    for field in ["value", "averageValue"] {
        let Ok(amount) = quantity::parse(target.text(field)) else {
            continue;
        };
        if amount.is_zero() || amount.is_negative() {
            let detail = "must be positive";
            errors.invalid(&path.child(field), amount, detail);
        }
    }
    if let Some(share) = target.int("averageUtilization").filter(|share| *share < 1) {
        let path = path.child("averageUtilization");
        errors.invalid(&path, share, "must be greater than 0");
    }
}

fn scaling_rules(rules: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    if let Some(seconds) = rules.int("stabilizationWindowSeconds") {
        let path = path.child("stabilizationWindowSeconds");
        if seconds < 0 {
            errors.invalid(&path, seconds, "must be greater than or equal to zero");
        } else if seconds > STABILIZATION_MAX {
            let detail = format!("must be less than or equal to {STABILIZATION_MAX}");
            errors.invalid(&path, seconds, detail);
        }
    }
    errors.choice(rules, path, "selectPolicy", &["Disabled", "Max", "Min"]);
    let policies_path = path.child("policies");
    if rules.list("policies").is_empty() {
        errors.required(&policies_path, "must specify at least one Policy");
    }
    for (index, policy) in rules.items("policies") {
        let path = policies_path.index(index);
        let named = policy.text("type");
        if !matches!(named, "Pods" | "Percent") {
            errors.unsupported(&path.child("type"), named, &["Percent", "Pods"]);
        }
        let positive = |field: &str, errors: &mut Errors| {
            let number = policy.int(field).unwrap_or(0);
            if number <= 0 {
                errors.invalid(&path.child(field), number, "must be greater than zero");
            }
            number
        };
        positive("value", errors);
        let period = positive("periodSeconds", errors);
        if period > PERIOD_MAX {
            let detail = format!("must be less than or equal to {PERIOD_MAX}");
            errors.invalid(&path.child("periodSeconds"), period, detail);
        }
    }
}
