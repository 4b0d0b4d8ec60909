//! Reading a typed object from JSON, with upstream's complaints: a wrong type is
//! named with its Go struct and field, unknown fields with their path, and what
//! was perhaps meant.
//!
//! The complaints need what only the types know: their names and their fields.
//! So this is a deserializer that keeps the way it took.

use crate::api::quantity;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt;

/// A field that the type does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField {
    /// Where: `spec.containers[0].foo`.
    pub path: String,
    /// The field that was perhaps meant.
    pub suggestion: Option<&'static str>,
}

/// Why a value is not of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Where: `spec.containers[0].ports[0].containerPort`.
    pub path: String,
    /// In upstream's words: `json: cannot unmarshal string into Go struct field …`.
    pub message: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Reads a `T`; also gives back every field that it has not.
pub fn decode<T: DeserializeOwned>(value: &Value) -> (Result<T, DecodeError>, Vec<UnknownField>) {
    let state = RefCell::new(State::default());
    let at = At {
        value,
        state: &state,
        of_map: false,
    };
    let result = T::deserialize(at);
    let state = state.into_inner();
    let result = result.map_err(|Failed(message)| DecodeError {
        path: path_text(&state.failed_path),
        message,
    });
    (result, state.unknown)
}

/// `strict decoding error: unknown field "spec.foo", unknown field "bar"`.
pub fn strict_error(unknown: &[UnknownField]) -> String {
    let fields: Vec<String> = unknown
        .iter()
        .map(|field| format!("unknown field {:?}", field.path))
        .collect();
    format!("strict decoding error: {}", fields.join(", "))
}

#[derive(Clone)]
enum Step {
    Field(String),
    Index(usize),
}

fn path_text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

#[derive(Default)]
struct State {
    path: Vec<Step>,
    /// The structs around, with the depth of the path at which each begins.
    structs: Vec<&'static str>,
    unknown: Vec<UnknownField>,
    failed_path: Vec<Step>,
}

/// An error carries its message only; the path stays in the state, because the
/// types pass errors up unchanged.
#[derive(Debug)]
struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl de::Error for Failed {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Failed(message.to_string())
    }
}

/// A value at the place that the state knows.
#[derive(Clone, Copy)]
struct At<'a> {
    value: &'a Value,
    state: &'a RefCell<State>,
    /// Whether this is a value of a map with free keys: upstream then names the
    /// map itself.
    of_map: bool,
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The Go type behind a Rust type name, as far as messages show it.
fn go_type(rust: &str) -> String {
    let rust = rust.trim();
    if let Some(inner) = rust
        .strip_prefix("alloc::vec::Vec<")
        .and_then(|rest| rest.strip_suffix('>'))
    {
        return format!("[]{}", go_type(inner));
    }
    match rust {
        "alloc::string::String" => "string".to_owned(),
        "i32" => "int32".to_owned(),
        "i64" => "int64".to_owned(),
        "bool" => "bool".to_owned(),
        "f64" => "float64".to_owned(),
        _ => format!("v1.{}", rust.rsplit("::").next().unwrap_or(rust)),
    }
}

/// The type that a visitor of a list makes the items of: `VecVisitor<T>`.
fn item_type<V>() -> String {
    let name = std::any::type_name::<V>();
    let item = name
        .split_once("Visitor<")
        .and_then(|(_, rest)| rest.strip_suffix('>'))
        .unwrap_or(name);
    go_type(item)
}

impl<'a> At<'a> {
    fn fail<T>(self, wanted: &str) -> Result<T, Failed> {
        let given = match self.value {
            Value::Number(number) if !number.is_i64() || wanted.starts_with("int") => {
                format!("number {number}")
            }
            other => json_type(other).to_owned(),
        };
        let mut state = self.state.borrow_mut();
        state.failed_path = state.path.clone();
        let mut fields: Vec<&str> = state
            .path
            .iter()
            .filter_map(|step| match step {
                Step::Field(name) => Some(name.as_str()),
                Step::Index(_) => None,
            })
            .collect();
        if self.of_map {
            fields.pop();
        }
        let of = state.structs.last().copied().unwrap_or_default();
        Err(Failed(format!(
            "json: cannot unmarshal {given} into Go struct field {of}.{} of type {wanted}",
            fields.join(".")
        )))
    }

    fn fail_plain<T>(self, message: String) -> Result<T, Failed> {
        let mut state = self.state.borrow_mut();
        state.failed_path = state.path.clone();
        Err(Failed(message))
    }

    fn inside<T>(self, step: Step, visit: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
        self.state.borrow_mut().path.push(step);
        let result = visit()?;
        self.state.borrow_mut().path.pop();
        Ok(result)
    }

    fn note_unknown(self, map: &Map<String, Value>, fields: &'static [&'static str]) {
        for key in map.keys().filter(|key| !fields.contains(&key.as_str())) {
            let mut state = self.state.borrow_mut();
            state.path.push(Step::Field(key.clone()));
            let path = path_text(&state.path);
            state.path.pop();
            state.unknown.push(UnknownField {
                path,
                suggestion: closest(key, fields),
            });
        }
    }

    fn integer<T: TryFrom<i64>>(self, go: &str) -> Result<T, Failed> {
        let number = match self.value {
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        match number.map(T::try_from) {
            Some(Ok(number)) => Ok(number),
            _ => self.fail(go),
        }
    }

    fn text(self) -> Result<&'a str, Failed> {
        match self.value {
            Value::String(text) => Ok(text),
            _ => self.fail("string"),
        }
    }
}

/// The closest of `candidates` that is close at all.
pub fn closest<'c>(text: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let far = 1 + text.chars().count() / 4;
    let lower = text.to_lowercase();
    candidates
        .iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase(), far), *candidate))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two texts; more than `max` is not counted out.
fn distance(a: &str, b: &str, max: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(80).collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > max {
        return max + 1;
    }
    let mut before: Vec<usize> = (0..=b.len()).collect();
    let mut two_before = before.clone();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (before[j - 1] + changed)
                .min(before[j] + 1)
                .min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = row[j].min(two_before[j - 2] + 1);
            }
        }
        two_before = std::mem::replace(&mut before, row);
    }
    before.last().copied().unwrap_or_default()
}

/// Where standard base64 breaks, as Go counts it.
fn base64_fault(text: &str) -> Option<usize> {
    let bytes: Vec<(usize, u8)> = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let mut padding = 0;
    for (count, (index, byte)) in bytes.iter().enumerate() {
        let alphabet = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        match byte {
            b'=' if count % 4 >= 2 || padding > 0 => padding += 1,
            _ if alphabet && padding == 0 => {}
            _ => return Some(*index),
        }
    }
    (bytes.len() % 4 != 0).then(|| text.len() - bytes.len() % 4)
}

impl<'de> de::Deserializer<'de> for At<'_> {
    type Error = Failed;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_str(text),
            Value::Array(_) if wants_int_or_string::<V>() => self.fail("intstr.IntOrString"),
            Value::Object(_) if wants_int_or_string::<V>() => self.fail("intstr.IntOrString"),
            Value::Array(items) => visitor.visit_seq(Items {
                at: self,
                items: items.iter().enumerate(),
            }),
            Value::Object(map) => visitor.visit_map(Members::new(self, map, false)),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) if wants_int_or_string::<V>() => match i32::try_from(whole) {
                    Ok(whole) => visitor.visit_i32(whole),
                    Err(_) => self.fail("int32"),
                },
                (Some(whole), _) => visitor.visit_i64(whole),
                _ if wants_int_or_string::<V>() => self.fail("int32"),
                (None, Some(real)) => visitor.visit_f64(real),
                (None, None) => self.fail("int64"),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => self.fail("bool"),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_i32(self.integer("int32")?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_i64(self.integer("int64")?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        match self.value.as_f64() {
            Some(number) => visitor.visit_f64(number),
            None => self.fail("float64"),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        if std::any::type_name::<V>().contains("byte_string") {
            let text = match self.value {
                Value::String(text) => text,
                _ => return self.fail("[]uint8"),
            };
            if let Some(index) = base64_fault(text) {
                return self.fail_plain(format!("illegal base64 data at input byte {index}"));
            }
            return visitor.visit_str(&text.replace(['\r', '\n'], ""));
        }
        let text = self.text()?;
        match visitor.visit_str::<Failed>(text) {
            Ok(value) => Ok(value),
            Err(Failed(message)) => self.fail_plain(message),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        self.deserialize_str(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failed> {
        if name != "Quantity" {
            return visitor.visit_newtype_struct(self);
        }
        let text = match self.value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        match quantity::parse(&text) {
            Ok(_) => {
                let text = Value::String(text);
                visitor.visit_newtype_struct(At {
                    value: &text,
                    ..self
                })
            }
            Err(error) => self.fail_plain(error.to_string()),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        match self.value {
            Value::Array(items) => visitor.visit_seq(Items {
                at: self,
                items: items.iter().enumerate(),
            }),
            _ => self.fail(&format!("[]{}", item_type::<V>())),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        match self.value {
            Value::Object(map) => visitor.visit_map(Members::new(self, map, true)),
            _ => {
                let name = std::any::type_name::<V>();
                let of_bytes = name.contains("byte_string");
                let of_quantities = name.contains("Quantity");
                self.fail(match (of_bytes, of_quantities) {
                    (true, _) => "map[string][]uint8",
                    (_, true) => "v1.ResourceList",
                    _ => "map[string]string",
                })
            }
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failed> {
        match self.value {
            Value::Object(map) => {
                self.note_unknown(map, fields);
                self.state.borrow_mut().structs.push(name);
                let result = visitor.visit_map(Members::new(self, map, false))?;
                self.state.borrow_mut().structs.pop();
                Ok(result)
            }
            _ => self.fail(&format!("v1.{name}")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple
        tuple_struct enum
    }
}

fn wants_int_or_string<V>() -> bool {
    std::any::type_name::<V>().contains("int_or_string")
}

struct Items<'a> {
    at: At<'a>,
    items: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Failed;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failed> {
        let Some((index, value)) = self.items.next() else {
            return Ok(None);
        };
        let at = At {
            value,
            of_map: false,
            ..self.at
        };
        self.at
            .inside(Step::Index(index), || seed.deserialize(at))
            .map(Some)
    }
}

struct Members<'a> {
    at: At<'a>,
    members: serde_json::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
    free_keys: bool,
}

impl<'a> Members<'a> {
    fn new(at: At<'a>, map: &'a Map<String, Value>, free_keys: bool) -> Self {
        Members {
            at,
            members: map.iter(),
            value: None,
            free_keys,
        }
    }
}

impl<'de> de::MapAccess<'de> for Members<'_> {
    type Error = Failed;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failed> {
        let Some((key, value)) = self.members.next() else {
            return Ok(None);
        };
        self.value = Some((key, value));
        let key: de::value::StrDeserializer<'_, Failed> =
            de::IntoDeserializer::into_deserializer(key.as_str());
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failed> {
        let Some((key, value)) = self.value.take() else {
            return Err(de::Error::custom("a value without a key"));
        };
        let at = At {
            value,
            of_map: self.free_keys,
            ..self.at
        };
        self.at
            .inside(Step::Field(key.to_owned()), || seed.deserialize(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ConfigMap, Deployment, Pod, Secret, Service};
    use serde_json::json;

    fn fault<T: DeserializeOwned>(value: Value) -> (String, String) {
        match decode::<T>(&value).0 {
            Ok(_) => Default::default(),
            Err(error) => (error.path, error.message),
        }
    }

    #[test]
    fn wrong_types_are_named_as_by_upstream() {
        let table = [
            (
                fault::<Service>(json!({"spec": {"ports": [{"port": "http"}]}})),
                "spec.ports[0].port",
                "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32",
            ),
            (
                fault::<Deployment>(json!({"spec": {"replicas": "3"}})),
                "spec.replicas",
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                fault::<Pod>(json!({"spec": {"containers": {"name": "c"}}})),
                "spec.containers",
                "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
            ),
            (
                fault::<Pod>(json!({"metadata": {"labels": {"app": 1}}})),
                "metadata.labels.app",
                "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
            ),
            (
                fault::<ConfigMap>(json!({"data": {"a": 1}})),
                "data.a",
                "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
            ),
            (
                fault::<Pod>(
                    json!({"spec": {"containers": [{"env": [{"name": "A", "value": 1}]}]}}),
                ),
                "spec.containers[0].env[0].value",
                "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
            ),
            (
                fault::<Secret>(json!({"data": {"k": "not base64!"}})),
                "data.k",
                "illegal base64 data at input byte 3",
            ),
        ];
        for ((path, message), wanted_path, wanted) in table {
            assert_eq!(message, wanted);
            assert_eq!(path, wanted_path);
        }
    }

    #[test]
    fn unknown_fields_come_with_what_was_meant() {
        let value = json!({"spec": {"replica": 3, "template": {"spec": {"containers": [
            {"name": "c", "imagge": "nginx", "zzz": 1},
        ]}}}});
        let (deployment, unknown) = decode::<Deployment>(&value);
        assert!(deployment.is_ok());
        let found: Vec<_> = unknown
            .iter()
            .map(|field| (field.path.as_str(), field.suggestion))
            .collect();
        assert_eq!(
            found,
            [
                ("spec.replica", Some("replicas")),
                ("spec.template.spec.containers[0].imagge", Some("image")),
                ("spec.template.spec.containers[0].zzz", None),
            ]
        );
    }

    #[test]
    fn quantities_and_ports_may_be_numbers() {
        let value = json!({"spec": {"containers": [{"name": "c",
            "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
            "livenessProbe": {"httpGet": {"port": 80}},
        }]}});
        assert!(decode::<Pod>(&value).0.is_ok());
    }
}
