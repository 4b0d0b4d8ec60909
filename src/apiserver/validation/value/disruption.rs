//! PodDisruptionBudgets (`pkg/apis/policy/validation`).

use super::super::field::{Errors, Json};
use super::super::meta;
use super::super::pod::SPEC;
use super::reader::Fields;

pub(super) fn budget(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    let selector = spec.selector("selector");
    if !least.is_null() && !most.is_null() {
        let selector = selector.as_ref().map_or("null".to_owned(), |selector| {
            meta::selector_json(selector).0
        });
        let shown = format!(
            "{{\"MinAvailable\":{least},\"Selector\":{selector},\"MaxUnavailable\":{most},\"UnhealthyPodEvictionPolicy\":{}}}",
            spec.get("unhealthyPodEvictionPolicy")
        );
        let detail = "minAvailable and maxUnavailable cannot be both set";
        errors.invalid(&SPEC, Json(shown), detail);
    }
    for (field, value) in [("minAvailable", least), ("maxUnavailable", most)] {
        let path = SPEC.child(field);
        errors.number_or_percent(value, &path);
        errors.at_most_all(value, &path);
    }
    if let Some(selector) = &selector {
        meta::selector(selector, &SPEC.child("selector"), errors);
    }
    let policies = ["AlwaysAllow", "IfHealthyBudget"];
    errors.choice(spec, &SPEC, "unhealthyPodEvictionPolicy", &policies);
}
