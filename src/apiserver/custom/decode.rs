//! Bodies of custom resources: what the schema does not know is pruned, what it
//! has defaults for is filled in.

use super::definition::{Definition, Served};
use crate::api::decode::{Decoded, Strictness};
use crate::api::schema::tree::TOP;
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object, decode};
use serde_json::{Map, Value};

/// Reads the body of a POST or PUT.
pub(in crate::apiserver) fn read(
    definition: &Definition,
    served: &Served,
    value: &Value,
    strictness: Strictness,
) -> Result<Decoded, ApiError> {
    let info = definition.kind.info();
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let (found, wanted) = (
        text("apiVersion"),
        format!("{}/{}", info.group, served.name),
    );
    if !found.is_empty() && found != wanted {
        return Err(status::bad_request(format!(
            "the API version in the data ({found}) does not match the expected API version ({wanted})"
        )));
    }
    let kind = text("kind");
    if kind.is_empty() {
        return Err(status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): Object 'Kind' is missing in '{value}'",
            info.kind
        )));
    }
    if kind != info.kind {
        let name = value.pointer("/metadata/name").and_then(Value::as_str);
        let message = format!("Invalid value: {kind:?}: must be {}", info.kind);
        let cause = status::cause("FieldValueInvalid", "kind", message);
        return Err(status::invalid_input(
            info.group,
            kind,
            name.unwrap_or_default(),
            vec![cause],
        ));
    }
    read_patched(definition, served, value, strictness).map_err(|why| {
        status::bad_request(format!(
            "{kind} in version {:?} cannot be handled as a {kind}: {why}",
            served.name
        ))
    })
}

/// Reads what came out of a patch.
pub(in crate::apiserver) fn read_patched(
    definition: &Definition,
    served: &Served,
    value: &Value,
    strictness: Strictness,
) -> Result<Decoded, String> {
    let Value::Object(map) = value else {
        let found = decode::go_kind(value);
        return Err(format!(
            "json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        ));
    };
    let mut map = map.clone();
    let metadata = map.remove("metadata").unwrap_or_default();
    let head = serde_json::json!({ "metadata": metadata });
    let (head, mut unknown) = Object::read(Kind::ConfigMap, &head)?;
    for key in ["apiVersion", "kind"] {
        map.remove(key);
    }
    let mut rest = Value::Object(map);
    make_whole(&mut rest);
    prune(&served.schema, &mut rest, "", &mut unknown);
    unknown.sort_unstable();
    fill(&served.schema, &mut rest);
    if let Some(stored) = definition.versions.iter().find(|it| it.storage) {
        fill(&stored.schema, &mut rest);
    }
    let mut object = Object::hold_custom(definition.kind, rest);
    *object.meta_mut() = head.meta().clone();
    let warnings: Vec<String> = unknown
        .iter()
        .map(|field| format!("unknown field {field:?}"))
        .collect();
    match strictness {
        Strictness::Strict if !warnings.is_empty() => {
            Err(format!("strict decoding error: {}", warnings.join(", ")))
        }
        Strictness::Ignore => Ok(Decoded {
            object,
            warnings: Vec::new(),
        }),
        _ => Ok(Decoded { object, warnings }),
    }
}

/// Numbers without a fraction are whole, however they are written.
fn make_whole(value: &mut Value) {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let exact = number
                .as_f64()
                .filter(|it| it.fract() == 0.0 && it.abs() < EXACT_MAX);
            if let Some(whole) = exact {
                *value = (whole as i64).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_whole),
        Value::Object(map) => map.values_mut().for_each(make_whole),
        _ => {}
    }
}

fn flag(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

/// Drops what the schema does not specify.
fn prune(schema: &Value, value: &mut Value, path: &str, unknown: &mut Vec<String>) {
    let top = schema.get(TOP).is_some();
    match value {
        Value::Array(items) => {
            let of = schema.get("items").unwrap_or(&Value::Null);
            for (index, item) in items.iter_mut().enumerate() {
                prune(of, item, &format!("{path}[{index}]"), unknown);
            }
        }
        Value::Object(map) => {
            let keep_all = flag(schema, "x-kubernetes-preserve-unknown-fields");
            let embedded = flag(schema, "x-kubernetes-embedded-resource");
            let properties = schema.get("properties");
            let additional = schema.get("additionalProperties");
            let below = |key: &str| match path {
                "" => key.to_owned(),
                path => format!("{path}.{key}"),
            };
            let mut gone = Vec::new();
            for (key, value) in map.iter_mut() {
                if (embedded || top) && ["apiVersion", "kind", "metadata"].contains(&key.as_str()) {
                    continue;
                }
                if let Some(own) = properties.and_then(|it| it.get(key)) {
                    prune(own, value, &below(key), unknown);
                    continue;
                }
                match additional {
                    Some(of @ Value::Object(_)) => prune(of, value, &below(key), unknown),
                    Some(Value::Bool(true)) => {}
                    _ if keep_all => {}
                    _ => gone.push(key.clone()),
                }
            }
            for key in gone {
                unknown.push(below(&key));
                map.remove(&key);
            }
        }
        _ => {}
    }
}

/// Fills defaults in; a null where none may be counts as absent.
pub(super) fn fill(schema: &Value, value: &mut Value) {
    match value {
        Value::Array(items) => {
            if let Some(of) = schema.get("items") {
                items.iter_mut().for_each(|item| fill(of, item));
            }
        }
        Value::Object(map) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (key, own) in properties.into_iter().flatten() {
                fill_property(own, key, map);
            }
            if let Some(of @ Value::Object(_)) = schema.get("additionalProperties") {
                let declared = |key: &String| properties.is_some_and(|it| it.contains_key(key));
                for (_, value) in map.iter_mut().filter(|(key, _)| !declared(key)) {
                    fill(of, value);
                }
            }
        }
        _ => {}
    }
}

fn fill_property(schema: &Value, key: &str, map: &mut Map<String, Value>) {
    if map.get(key).is_some_and(Value::is_null) && !flag(schema, "nullable") {
        map.remove(key);
    }
    if !map.contains_key(key)
        && let Some(default) = schema.get("default")
    {
        map.insert(key.to_owned(), default.clone());
    }
    if let Some(value) = map.get_mut(key) {
        fill(schema, value);
    }
}
