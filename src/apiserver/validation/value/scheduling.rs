//! PriorityClasses and RuntimeClasses.

use super::super::field::{Errors, Path};
use super::super::meta::METADATA;
use super::super::names;
use super::reader::{Fields, shown};
use crate::api::ObjectMeta;

/// The highest value that is not the system's own.
const VALUE_MAX: i64 = 1_000_000_000;
/// The system's classes.
const SYSTEM: [(&str, i64); 2] = [
    ("system-node-critical", 2_000_001_000),
    ("system-cluster-critical", 2_000_000_000),
];

pub(super) fn priority_class(meta: &ObjectMeta, fields: Fields<'_>, errors: &mut Errors) {
    let name = meta.name.as_deref().unwrap_or_default();
    let value = fields.int("value").unwrap_or(0);
    if name.starts_with("system-") {
        let known = SYSTEM.iter().find(|(known, _)| *known == name);
        let why = match known {
            None => Some(format!("{name} is not a known system priority class")),
            Some((_, own)) if *own != value => {
                Some(format!("value of {name} PriorityClass must be {own}"))
            }
            Some(_) => None,
        };
        if let Some(why) = why {
            let detail = format!(
                "priority class names with 'system-' prefix are reserved for system use only. error: {why}"
            );
            errors.forbidden(&METADATA.child("name"), detail);
        }
    } else if value > VALUE_MAX {
        let detail = format!("maximum allowed value of a user defined priority is {VALUE_MAX}");
        errors.forbidden(&Path::root("value"), detail);
    }
    let policy = fields.text("preemptionPolicy");
    if fields.has("preemptionPolicy") {
        let policies = ["Never", "PreemptLowerPriority"];
        if !policies.contains(&policy) {
            errors.unsupported(&Path::root("preemptionPolicy"), policy, &policies);
        }
    }
}

pub(super) fn update_priority_class(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    if new.int("value").unwrap_or(0) != old.int("value").unwrap_or(0) {
        let detail = "may not be changed in an update.";
        errors.forbidden(&Path::root("value"), detail);
    }
    let field = "preemptionPolicy";
    let same = new.get(field) == old.get(field);
    errors.immutable(&Path::root(field), same, shown(new.get(field)));
}

pub(super) fn runtime_class(fields: Fields<'_>, errors: &mut Errors) {
    errors.rule(&Path::root("handler"), fields.text("handler"), names::label);
}

pub(super) fn update_runtime_class(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    let same = new.get("handler") == old.get("handler");
    errors.immutable(&Path::root("handler"), same, shown(new.get("handler")));
}
