//! How upstream prints its internal types in errors: every field, by its Go name,
//! in the order of declaration, which [`tables`] hold.

mod tables;

use super::diff;
use super::field::Json;
use crate::api::core;
use serde::Serialize;
use serde_json::Value;
use tables::Type::{Beside, Bool, List, Number, Plain, Pointer, Struct, Text};
use tables::{
    EPHEMERAL_CONTAINER, Fields, POD_SPEC, PROFILE, RESOURCE_CLAIM, SECURITY_CONTEXT, TAINT, Type,
};

/// A struct printed as JSON: on one line, or indented by one space a level.
struct Printer {
    text: String,
    indented: bool,
    depth: usize,
}

impl Printer {
    fn new(indented: bool) -> Self {
        Printer {
            text: String::new(),
            indented,
            depth: 0,
        }
    }

    fn line(&mut self) {
        if self.indented {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', self.depth));
        }
    }

    fn bracket<T>(
        &mut self,
        open: char,
        close: char,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
    ) {
        self.text.push(open);
        self.depth += 1;
        let mut first = true;
        for it in items {
            if !first {
                self.text.push(',');
            }
            first = false;
            self.line();
            item(self, it);
        }
        self.depth -= 1;
        if !first {
            self.line();
        }
        self.text.push(close);
    }

    fn key(&mut self, name: &str) {
        self.text.push_str(&Value::from(name).to_string());
        self.text.push(':');
        if self.indented {
            self.text.push(' ');
        }
    }

    fn fields(&mut self, fields: Fields, value: &Value, beside: &Value) {
        self.bracket('{', '}', fields, |printer, (name, json, of)| {
            printer.key(name);
            let own = &value[*json];
            let own = if own.is_null() { &beside[*json] } else { own };
            printer.value(of, own, value);
        });
    }

    fn value(&mut self, of: &Type, value: &Value, parent: &Value) {
        let empty = match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty() && matches!(of, Plain),
            _ => false,
        };
        match of {
            Struct(fields) => self.fields(fields, value, &Value::Null),
            Text if empty => self.text.push_str("\"\""),
            Number if empty => self.text.push('0'),
            Bool if empty => self.text.push_str("false"),
            Plain | Pointer(_) | List(_) | Beside(_) if empty => self.text.push_str("null"),
            Pointer(fields) => self.fields(fields, value, &Value::Null),
            Beside(fields) => self.fields(fields, value, parent),
            List(fields) => {
                let items = value.as_array().into_iter().flatten();
                self.bracket('[', ']', items, |printer, item| {
                    printer.fields(fields, item, &Value::Null);
                });
            }
            Text | Number | Bool | Plain => self.plain(value),
        }
    }

    fn plain(&mut self, value: &Value) {
        match value {
            Value::Array(items) => {
                self.bracket('[', ']', items, |printer, item| printer.plain(item));
            }
            Value::Object(map) => {
                self.bracket('{', '}', map, |printer, (key, value)| {
                    printer.key(key);
                    printer.plain(value);
                });
            }
            other => self.text.push_str(&other.to_string()),
        }
    }
}

fn print(fields: Fields, value: &impl Serialize, indented: bool) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let mut printer = Printer::new(indented);
    printer.fields(fields, &value, &Value::Null);
    printer.text
}

/// What differs between two pod specs, as lines of their internal form.
pub(super) fn diff_of_specs(old: &core::PodSpec, new: &core::PodSpec) -> String {
    diff::unified(&print(POD_SPEC, old, true), &print(POD_SPEC, new, true))
}

pub(super) fn security_context(context: &core::SecurityContext) -> Json {
    Json(print(SECURITY_CONTEXT, context, false))
}

pub(super) fn seccomp_profile(profile: &core::SeccompProfile) -> Json {
    Json(print(PROFILE, profile, false))
}

pub(super) fn taint(taint: &core::Taint) -> Json {
    Json(print(TAINT, taint, false))
}

pub(super) fn resource_claim(claim: &core::PodResourceClaim) -> Json {
    Json(print(RESOURCE_CLAIM, claim, false))
}

/// What differs between two ephemeral containers.
pub(super) fn diff_of_ephemeral(
    old: &core::EphemeralContainer,
    new: &core::EphemeralContainer,
) -> String {
    diff::unified(
        &print(EPHEMERAL_CONTAINER, old, true),
        &print(EPHEMERAL_CONTAINER, new, true),
    )
}

/// A pod template: its metadata as the API has it, its spec by its Go names.
pub(super) fn pod_template(template: &Value) -> Json {
    let mut parts = Vec::new();
    for (key, value) in template["metadata"].as_object().into_iter().flatten() {
        parts.push(format!("{}:{value}", Value::from(key.as_str())));
    }
    let spec = print(POD_SPEC, &template["spec"], false);
    parts.push(format!("\"Spec\":{spec}"));
    Json(format!("{{{}}}", parts.join(",")))
}
