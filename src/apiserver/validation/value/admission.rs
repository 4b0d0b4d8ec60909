//! ValidatingAdmissionPolicies and their bindings, as far as no expression has
//! to be compiled (`pkg/apis/admissionregistration/validation`).

use super::super::field::Errors;
use super::super::names;
use super::super::pod::SPEC;
use super::reader::Fields;

pub(super) fn policy(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    if spec.text("failurePolicy").is_empty() {
        errors.required(&SPEC.child("failurePolicy"), "");
    } else {
        errors.choice(spec, &SPEC, "failurePolicy", &["Fail", "Ignore"]);
    }
    if !spec.has("matchConstraints") {
        errors.required(&SPEC.child("matchConstraints"), "");
    } else if spec.at("matchConstraints").list("resourceRules").is_empty() {
        let path = SPEC.child("matchConstraints");
        errors.required(&path.child("resourceRules"), "");
    }
    if spec.list("validations").is_empty() && spec.list("auditAnnotations").is_empty() {
        let detail = "validations or auditAnnotations must be non-empty";
        errors.required(&SPEC.child("validations"), detail);
    }
    let path = SPEC.child("validations");
    for (index, validation) in spec.items("validations") {
        let path = path.index(index);
        if validation.text("expression").trim().is_empty() {
            errors.required(&path.child("expression"), "expression is not specified");
        }
        let reasons = [
            "Forbidden",
            "Invalid",
            "RequestEntityTooLarge",
            "Unauthorized",
        ];
        errors.choice(validation, &path, "reason", &reasons);
    }
}

pub(super) fn binding(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let path = SPEC.child("policyName");
    errors.required_rule(&path, spec.text("policyName"), names::subdomain);
    let path = SPEC.child("validationActions");
    let actions = spec.texts("validationActions");
    if actions.is_empty() {
        errors.required(&path, "at least one validation action is required");
    }
    for (index, action) in actions.iter().enumerate() {
        let known = ["Audit", "Deny", "Warn"];
        if !known.contains(action) {
            errors.unsupported(&path.index(index), action, &known);
        }
        if actions.iter().take(index).any(|before| before == action) {
            errors.duplicate(&path.index(index), action);
        }
    }
    if actions.contains(&"Deny") && actions.contains(&"Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
        errors.invalid(
            &path,
            super::reader::shown(spec.get("validationActions")),
            detail,
        );
    }
}
