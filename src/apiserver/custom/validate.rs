//! Custom resources against their schema, in the words of
//! `kube-openapi/pkg/validation` and `apiextensions-apiserver`.

use super::definition::Served;
use super::pattern::Pattern;
use crate::api::status;
use crate::api::{Object, schema};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
use serde_json::{Map, Value};

/// What forbids an object. What an update leaves as it was is not judged again
/// (ratcheting).
pub(in crate::apiserver) fn validate(
    served: &Served,
    object: &Object,
    old: Option<&Object>,
) -> Vec<StatusCause> {
    let (Object::Other(_, new), old) = (object, old) else {
        return Vec::new();
    };
    let before = match old {
        Some(Object::Other(_, old)) => Some(Value::Object(old.rest.clone())),
        _ => None,
    };
    let value = Value::Object(new.rest.clone());
    let mut faults = Faults::default();
    faults.judge(&served.schema, &value, before.as_ref(), "");
    faults.lists(&served.schema, &value, before.as_ref(), "");
    if let Some(scale) = &served.scale {
        faults.scale(&scale.spec_replicas, &value);
    }
    // Rules are not evaluated on objects that are otherwise wrong; upstream says so.
    const BLOCKING: [&str; 5] = [
        "FieldValueRequired",
        "FieldValueNotSupported",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    ];
    let blocks = |cause: &StatusCause| BLOCKING.contains(&cause.reason.as_deref().unwrap_or(""));
    if faults.causes.iter().any(blocks) && has_rules(&served.schema) {
        faults.say(
            "FieldValueInvalid",
            "<nil>",
            "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation".to_owned(),
        );
    }
    faults.causes
}

/// What is wrong with a default.
pub(super) fn of_default(schema: &Value, value: &Value) -> Vec<StatusCause> {
    let mut faults = Faults::default();
    faults.judge(schema, value, None, "");
    faults.causes
}

fn has_rules(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            map.contains_key("x-kubernetes-validations") || map.values().any(has_rules)
        }
        Value::Array(items) => items.iter().any(has_rules),
        _ => false,
    }
}

#[derive(Default)]
struct Faults {
    causes: Vec<StatusCause>,
}

fn below(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// What the validator calls the type of a value.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() && !is_whole(value) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// `2.0` is an integer.
fn is_whole(value: &Value) -> bool {
    match value.as_f64() {
        Some(number) => value.is_i64() || value.is_u64() || number.fract() == 0.0,
        None => false,
    }
}

impl Faults {
    fn say(&mut self, reason: &str, field: &str, message: String) {
        self.causes.push(status::cause(reason, field, message));
    }

    fn invalid(&mut self, path: &str, value: &Value, why: &str) {
        self.say(
            "FieldValueInvalid",
            path,
            format!("Invalid value: {value}: {path} in body {why}"),
        );
    }

    fn judge(&mut self, schema: &Value, value: &Value, old: Option<&Value>, path: &str) {
        if old == Some(value) {
            return;
        }
        if !self.has_type(schema, value, path) {
            return;
        }
        if let Some(Value::Array(allowed)) = schema.get("enum")
            && !value.is_null()
            && !allowed.contains(value)
        {
            let supported: Vec<String> = allowed.iter().map(Value::to_string).collect();
            let supported = supported.join(", ");
            let message = format!("Unsupported value: {value}: supported values: {supported}");
            self.say("FieldValueNotSupported", path, message);
        }
        match value {
            Value::String(text) => self.text(schema, text, path),
            Value::Number(_) => self.number(schema, value, path),
            Value::Array(items) => self.items(schema, items, old, path),
            Value::Object(map) => self.entries(schema, map, old, path),
            _ => {}
        }
        self.combined(schema, value, path);
    }

    fn has_type(&mut self, schema: &Value, value: &Value, path: &str) -> bool {
        let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
        let wanted = schema
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let found = type_of(value);
        let wanted = match flag("x-kubernetes-int-or-string") {
            true => "integer,string",
            false => wanted,
        };
        let fits = wanted.is_empty()
            || wanted.split(',').any(|wanted| wanted == found)
            || (wanted == "number" && found == "integer")
            || (found == "null" && flag("nullable"));
        if !fits {
            self.say(
                "FieldValueTypeInvalid",
                path,
                format!(
                    "Invalid value: {found:?}: {path} in body must be of type {wanted}: {found:?}"
                ),
            );
        }
        fits
    }

    /// Only the first fault of a text is told.
    fn text(&mut self, schema: &Value, text: &str, path: &str) {
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
        let length = text.chars().count() as u64;
        let value = Value::from(text);
        if let Some(most) = limit("maxLength").filter(|most| length > *most) {
            let message = format!("Too long: may not be more than {most} bytes");
            return self.say("FieldValueTooLong", path, message);
        }
        if let Some(least) = limit("minLength").filter(|least| length < *least) {
            let why = format!("should be at least {least} chars long");
            return self.invalid(path, &value, &why);
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && Pattern::parse(pattern).is_some_and(|parsed| !parsed.is_match(text))
        {
            return self.invalid(path, &value, &format!("should match '{pattern}'"));
        }
        let format = schema
            .get("format")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !is_of_format(format, text) {
            let message =
                format!("Invalid value: {value}: {path} in body must be of type {format}: {value}");
            self.say("FieldValueTypeInvalid", path, message);
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, path: &str) {
        let number = value.as_f64().unwrap_or_default();
        let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
        let limit = |key: &str| schema.get(key).filter(|it| it.is_number());
        let of = |limit: &Value| limit.as_f64().unwrap_or_default();
        if let Some(most) = limit("maximum") {
            match flag("exclusiveMaximum") {
                true if number >= of(most) => {
                    self.invalid(path, value, &format!("should be less than {most}"));
                }
                false if number > of(most) => {
                    self.invalid(
                        path,
                        value,
                        &format!("should be less than or equal to {most}"),
                    );
                }
                _ => {}
            }
        }
        if let Some(least) = limit("minimum") {
            match flag("exclusiveMinimum") {
                true if number <= of(least) => {
                    self.invalid(path, value, &format!("should be greater than {least}"));
                }
                false if number < of(least) => {
                    let why = format!("should be greater than or equal to {least}");
                    self.invalid(path, value, &why);
                }
                _ => {}
            }
        }
        if let Some(step) = limit("multipleOf").filter(|step| of(step) > 0.0)
            && (number / of(step)).fract() != 0.0
        {
            self.invalid(path, value, &format!("should be a multiple of {step}"));
        }
    }

    fn items(&mut self, schema: &Value, items: &[Value], old: Option<&Value>, path: &str) {
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
        let count = items.len() as u64;
        if let Some(most) = limit("maxItems").filter(|most| count > *most) {
            self.too_many(path, count, most);
        }
        if let Some(least) = limit("minItems").filter(|least| count < *least) {
            let value = Value::from(items.to_vec());
            self.invalid(path, &value, &format!("should have at least {least} items"));
        }
        let Some(of) = schema.get("items") else {
            return;
        };
        let keys = keys_of(schema);
        for (index, item) in items.iter().enumerate() {
            let before = old.and_then(|old| match keys.is_empty() {
                true => old.get(index),
                false => old.as_array()?.iter().find(|it| same_keys(&keys, it, item)),
            });
            self.judge(of, item, before, &format!("{path}[{index}]"));
        }
    }

    fn too_many(&mut self, path: &str, count: u64, most: u64) {
        let message = format!("Too many: {count}: must have at most {most} items");
        self.say("FieldValueTooMany", path, message);
    }

    fn entries(
        &mut self,
        schema: &Value,
        map: &Map<String, Value>,
        old: Option<&Value>,
        path: &str,
    ) {
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
        let count = map.len() as u64;
        if let Some(most) = limit("maxProperties").filter(|most| count > *most) {
            self.too_many(path, count, most);
        }
        if let Some(least) = limit("minProperties").filter(|least| count < *least) {
            let value = Value::Object(map.clone());
            self.invalid(
                path,
                &value,
                &format!("should have at least {least} properties"),
            );
        }
        let required = schema.get("required").and_then(Value::as_array);
        for key in required.into_iter().flatten().filter_map(Value::as_str) {
            let everybodys = path.is_empty() && ["apiVersion", "kind", "metadata"].contains(&key);
            if !map.contains_key(key) && !everybodys {
                let message = "Required value".to_owned();
                self.say("FieldValueRequired", &below(path, key), message);
            }
        }
        let properties = schema.get("properties");
        for (key, value) in map {
            let of = properties.and_then(|it| it.get(key)).or_else(|| {
                schema
                    .get("additionalProperties")
                    .filter(|it| it.is_object())
            });
            if let Some(of) = of {
                let before = old.and_then(|old| old.get(key));
                self.judge(of, value, before, &below(path, key));
            }
        }
    }

    /// `allOf`, `anyOf`, `oneOf`, `not`.
    fn combined(&mut self, schema: &Value, value: &Value, path: &str) {
        let fits = |schema: &Value| {
            let mut faults = Faults::default();
            faults.judge(schema, value, None, path);
            faults.causes.is_empty()
        };
        let several = |key: &str| schema.get(key).and_then(Value::as_array);
        if several("allOf").is_some_and(|all| !all.iter().all(fits)) {
            self.invalid(path, value, "must validate all the schemas (allOf)");
        }
        if several("anyOf").is_some_and(|any| !any.iter().any(fits)) {
            self.invalid(path, value, "must validate at least one schema (anyOf)");
        }
        if let Some(one) = several("oneOf") {
            let found = match one.iter().filter(|schema| fits(schema)).count() {
                1 => None,
                0 => Some("none valid".to_owned()),
                count => Some(format!("{count} valid alternatives")),
            };
            if let Some(found) = found {
                let why = format!("must validate one and only one schema (oneOf). Found {found}");
                self.invalid(path, value, &why);
            }
        }
        if schema.get("not").is_some_and(fits) {
            self.invalid(path, value, "must not validate the schema (not)");
        }
    }

    /// Elements of sets and of lists of maps are there once.
    fn lists(&mut self, schema: &Value, value: &Value, old: Option<&Value>, path: &str) {
        if old == Some(value) {
            return;
        }
        match value {
            Value::Array(items) => {
                let kind = schema.get("x-kubernetes-list-type").and_then(Value::as_str);
                let keys = keys_of(schema);
                for (index, item) in items.iter().enumerate() {
                    let earlier = items.get(..index).unwrap_or_default();
                    let twice = match kind {
                        Some("set") => earlier.contains(item),
                        Some("map") => earlier.iter().any(|it| same_keys(&keys, it, item)),
                        _ => false,
                    };
                    let at = format!("{path}[{index}]");
                    if twice {
                        let shown = match kind {
                            Some("map") => keys_only(&keys, item),
                            _ => item.clone(),
                        };
                        self.say(
                            "FieldValueDuplicate",
                            &at,
                            format!("Duplicate value: {shown}"),
                        );
                    }
                    if let Some(of) = schema.get("items") {
                        self.lists(of, item, None, &at);
                    }
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    let of = schema.get("properties").and_then(|it| it.get(key));
                    let of = of.or_else(|| schema.get("additionalProperties"));
                    if let Some(of) = of {
                        let before = old.and_then(|old| old.get(key));
                        self.lists(of, value, before, &below(path, key));
                    }
                }
            }
            _ => {}
        }
    }

    /// The replicas must be where the scale looks for them.
    fn scale(&mut self, path: &str, value: &Value) {
        let mut here = value;
        for step in path.trim_start_matches('.').split('.') {
            match here {
                Value::Object(map) => match map.get(step) {
                    Some(next) => here = next,
                    None => return,
                },
                other => {
                    let (shown, named) = match other {
                        Value::Array(_) => ("[]".to_owned(), "[]interface {}"),
                        Value::String(text) => (text.clone(), "string"),
                        Value::Bool(_) => (other.to_string(), "bool"),
                        _ => (other.to_string(), "int64"),
                    };
                    let message = format!(
                        "Invalid value: 0: {path} accessor error: {shown} is of the type {named}, expected map[string]interface{{}}"
                    );
                    return self.say("FieldValueInvalid", path, message);
                }
            }
        }
    }
}

fn keys_of(schema: &Value) -> Vec<&str> {
    let keys = schema
        .get("x-kubernetes-list-map-keys")
        .and_then(Value::as_array);
    keys.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn same_keys(keys: &[&str], a: &Value, b: &Value) -> bool {
    !keys.is_empty() && keys.iter().all(|key| a.get(key) == b.get(key))
}

fn keys_only(keys: &[&str], item: &Value) -> Value {
    let kept = keys.iter().filter_map(|key| {
        let value = item.get(key)?;
        Some(((*key).to_owned(), value.clone()))
    });
    Value::Object(kept.collect())
}

/// Formats that upstream checks and that matter here.
fn is_of_format(format: &str, text: &str) -> bool {
    match format {
        "date-time" => schema::is_time(text),
        "date" => text.parse::<jiff::civil::Date>().is_ok(),
        "byte" => crate::api::decode::is_base64(text),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    }
}
