//! Roles and their bindings (`pkg/apis/rbac/validation`).

use super::super::field::{Errors, Path};
use super::super::{meta, names};
use super::reader::Fields;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn role(fields: Fields<'_>, namespaced: bool, errors: &mut Errors) {
    let rules_path = Path::root("rules");
    for (index, rule) in fields.items("rules") {
        self::rule(rule, namespaced, &rules_path.index(index), errors);
    }
    if fields.has("aggregationRule") {
        let path = Path::root("aggregationRule");
        let path = path.child("clusterRoleSelectors");
        let selectors = fields.at("aggregationRule").list("clusterRoleSelectors");
        if selectors.is_empty() {
            let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            errors.required(&path, detail);
        }
        for (index, value) in selectors.iter().enumerate() {
            if let Ok(selector) = serde_json::from_value(value.clone()) {
                meta::selector(&selector, &path.index(index), errors);
            }
        }
    }
}

fn rule(rule: Fields<'_>, namespaced: bool, path: &Path<'_>, errors: &mut Errors) {
    if rule.list("verbs").is_empty() {
        errors.required(
            &path.child("verbs"),
            "verbs must contain at least one value",
        );
    }
    let urls = rule.list("nonResourceURLs");
    if !urls.is_empty() {
        let path = path.child("nonResourceURLs");
        let shown = super::reader::shown(rule.get("nonResourceURLs"));
        if namespaced {
            errors.invalid(
                &path,
                shown,
                "namespaced rules cannot apply to non-resource URLs",
            );
            return;
        }
        let others = ["apiGroups", "resources", "resourceNames"];
        if others.iter().any(|field| !rule.list(field).is_empty()) {
            let detail = "rules cannot apply to both regular resources and non-resource URLs";
            errors.invalid(&path, shown, detail);
        }
        return;
    }
    if rule.list("apiGroups").is_empty() {
        let detail = "resource rules must supply at least one api group";
        errors.required(&path.child("apiGroups"), detail);
    }
    if rule.list("resources").is_empty() {
        let detail = "resource rules must supply at least one resource";
        errors.required(&path.child("resources"), detail);
    }
}

pub(super) fn binding(fields: Fields<'_>, namespaced: bool, errors: &mut Errors) {
    let path = Path::root("roleRef");
    let reference = fields.at("roleRef");
    if reference.text("apiGroup") != GROUP {
        errors.unsupported(
            &path.child("apiGroup"),
            reference.text("apiGroup"),
            &[GROUP],
        );
    }
    let kinds: &[&str] = match namespaced {
        true => &["ClusterRole", "Role"],
        false => &["ClusterRole"],
    };
    if !kinds.contains(&reference.text("kind")) {
        errors.unsupported(&path.child("kind"), reference.text("kind"), kinds);
    }
    errors.required_rule(
        &path.child("name"),
        reference.text("name"),
        names::path_segment,
    );
    let subjects_path = Path::root("subjects");
    for (index, subject) in fields.items("subjects") {
        self::subject(subject, namespaced, &subjects_path.index(index), errors);
    }
}

fn subject(subject: Fields<'_>, namespaced: bool, path: &Path<'_>, errors: &mut Errors) {
    let name = subject.text("name");
    let group = subject.text("apiGroup");
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    match subject.text("kind") {
        "ServiceAccount" => {
            if !name.is_empty() {
                errors.rule(&path.child("name"), name, names::subdomain);
            }
            if !group.is_empty() {
                errors.unsupported(&path.child("apiGroup"), group, &[""]);
            }
            if !namespaced && subject.text("namespace").is_empty() {
                errors.required(&path.child("namespace"), "");
            }
        }
        "User" | "Group" => {
            if group != GROUP {
                errors.unsupported(&path.child("apiGroup"), group, &[GROUP]);
            }
        }
        other => {
            let kinds = ["Group", "ServiceAccount", "User"];
            errors.unsupported(&path.child("kind"), other, &kinds);
        }
    }
}

pub(super) fn update_binding(
    new: Fields<'_>,
    old: Fields<'_>,
    namespaced: bool,
    errors: &mut Errors,
) {
    binding(new, namespaced, errors);
    if new.get("roleRef") != old.get("roleRef") {
        let reference = new.at("roleRef");
        let shown = reference.ordered(&["apiGroup", "kind", "name"]);
        errors.invalid(&Path::root("roleRef"), shown, "cannot change roleRef");
    }
}
