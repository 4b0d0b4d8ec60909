//! From JSON to objects, as strictly as the API server reads them: wrong types
//! are refused in its words, unknown fields refused, warned of or dropped.

mod go;
mod written;

pub(super) use go::check_base64;
pub use go::{kind as go_kind, syntax as go_syntax, text as go_text};
pub use written::{Written, read_text};

use super::status::{self, ApiError};
use super::{Kind, Object, ObjectMeta, schema};
use serde_json::Value;

/// What happens to fields that do not exist (`fieldValidation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// They are dropped.
    Ignore,
    /// They are dropped with a warning.
    #[default]
    Warn,
    /// The object is refused.
    Strict,
}

impl Strictness {
    /// Reads the option of a request; empty means warn.
    pub fn of_option(text: &str) -> Result<Strictness, ApiError> {
        match text {
            "" | "Warn" => Ok(Strictness::Warn),
            "Ignore" => Ok(Strictness::Ignore),
            "Strict" => Ok(Strictness::Strict),
            other => {
                let message = format!(
                    "Unsupported value: {other:?}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
                );
                let cause = status::cause("FieldValueNotSupported", "fieldValidation", message);
                Err(status::invalid_input(
                    "meta.k8s.io",
                    "CreateOptions",
                    "",
                    vec![cause],
                ))
            }
        }
    }
}

/// An object and what was wrong with its text without being an error.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The object.
    pub object: Object,
    /// `unknown field "spec.foo"`.
    pub warnings: Vec<String>,
}

/// Reads the body of a POST or PUT of `kind`.
pub fn decode(
    kind: Kind,
    value: &Value,
    strictness: Strictness,
    written: &Written,
) -> Result<Decoded, ApiError> {
    let refuse = |named: &str, why: &str| {
        let info = kind.info();
        status::bad_request(format!(
            "{named} in version {:?} cannot be handled as a {}: {why}",
            info.version, info.kind
        ))
    };
    if let Some(wrong) = wrong_type(kind, value) {
        let named = value.get("kind").and_then(Value::as_str);
        return Err(match wrong.alone {
            true => status::bad_request(wrong.why),
            false => refuse(named.unwrap_or(kind.info().kind), &wrong.why),
        });
    }
    decode_patched(kind, value, strictness, written).map_err(|why| refuse(kind.info().kind, &why))
}

/// Reads what came out of a patch; the error says why without saying of what.
pub fn decode_patched(
    kind: Kind,
    value: &Value,
    strictness: Strictness,
    written: &Written,
) -> Result<Decoded, String> {
    let (object, mut unknown) = Object::read(kind, value)?;
    written.sort(&mut unknown);
    let mut warnings = written.notes.clone();
    warnings.extend(
        unknown
            .iter()
            .map(|field| format!("unknown field {field:?}")),
    );
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

/// A field that a type does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField {
    /// Where: `spec.containers[0].foo`.
    pub path: String,
    /// The field of the type that was perhaps meant.
    pub suggestion: Option<&'static str>,
}

/// Why a value is not of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `spec.containers[0].ports[0].containerPort`.
    pub path: String,
    /// In upstream's words: `json: cannot unmarshal string into Go struct field …`.
    pub message: String,
}

/// What came of reading an object, for whoever wants to show the places.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The object, or all reasons why it is none.
    pub result: Result<Object, Vec<Fault>>,
    /// Fields that do not exist.
    pub unknown: Vec<UnknownField>,
}

/// Reads an object of `kind`. `apiVersion` and `kind` inside the value are not
/// looked at.
pub fn read(kind: Kind, value: &Value) -> Reading {
    let Some(id) = schema::of_kind(kind) else {
        return Reading {
            result: Object::hold(kind, value.clone()).map_err(at_the_top),
            unknown: Vec::new(),
        };
    };
    let judged = schema::judge(id, value, !Object::is_typed(kind));
    let result = match judged.faults.is_empty() {
        true => Object::hold(kind, judged.value).map_err(at_the_top),
        false => Err(judged.faults),
    };
    Reading {
        result,
        unknown: judged.unknown,
    }
}

/// Whether a text is base64.
pub fn is_base64(text: &str) -> bool {
    check_base64(text).is_ok()
}

/// The metadata of an object of any kind.
pub fn metadata(value: &Value) -> Result<ObjectMeta, String> {
    let metadata = value.get("metadata").unwrap_or(&Value::Null);
    let head = serde_json::json!({ "metadata": metadata });
    let object = Object::read(Kind::ConfigMap, &head);
    object.map(|(object, _)| object.meta().clone())
}

fn at_the_top(message: String) -> Vec<Fault> {
    vec![Fault {
        path: String::new(),
        message,
    }]
}

const SCHEME: &str = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";

/// Versions that are gone and whose kinds the server still knows by name.
const OLD_VERSIONS: [&str; 4] = [
    "extensions/v1beta1",
    "apps/v1beta1",
    "apps/v1beta2",
    "networking.k8s.io/v1beta1",
];

/// What is wrong with the type that a value names.
struct WrongType {
    /// Upstream answers with this alone, without saying what it read.
    alone: bool,
    why: String,
}

/// `apiVersion` and `kind`, where given, must be those of `kind`; why not.
pub fn check_type(kind: Kind, value: &Value) -> Result<(), String> {
    wrong_type(kind, value).map_or(Ok(()), |wrong| Err(wrong.why))
}

fn wrong_type(kind: Kind, value: &Value) -> Option<WrongType> {
    let info = kind.info();
    let expected = kind.api_version();
    let text = |key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let named = text("kind").unwrap_or(info.kind);
    let version = text("apiVersion").unwrap_or(&expected);
    if named == info.kind && version == expected {
        return None;
    }
    let is_list = named
        .strip_suffix("List")
        .is_some_and(|item| item.is_empty() || Kind::from_api_version(version, item).is_some());
    let known = is_list || Kind::from_api_version(version, named).is_some();
    if version != expected && (known || OLD_VERSIONS.contains(&version)) {
        return Some(WrongType {
            alone: true,
            why: format!(
                "the API version in the data ({version}) does not match the expected API version ({expected})"
            ),
        });
    }
    let why = match known {
        true => {
            let group = match info.group {
                "" => "core",
                group => group.split('.').next().unwrap_or(group),
            };
            format!(
                "converting ({}.{named}) to ({group}.{}): unknown conversion",
                info.version, info.kind
            )
        }
        false => {
            format!("no kind {named:?} is registered for version {version:?} in scheme {SCHEME:?}")
        }
    };
    Some(WrongType { alone: false, why })
}

#[cfg(test)]
mod tests;
