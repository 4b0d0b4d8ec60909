//! Recorded JSON compared with what came.

use super::placeholders::Bindings;
use serde_json::Value;

/// How much of an answer was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Some of its fields.
    Part,
}

/// How two values are compared.
pub struct Comparison<'a> {
    /// What placeholders stand for.
    pub bindings: &'a mut Bindings,
    /// How much was recorded.
    pub extent: Extent,
    /// Whether `managedFields` are compared.
    pub managed_fields: bool,
    /// Parts of paths that are left out.
    pub unstable: &'a [&'a str],
}

impl Comparison<'_> {
    /// The first difference, as `path: expected but found`.
    pub fn difference(&mut self, expected: &Value, found: &Value) -> Option<String> {
        let is_list = expected.get("items").is_some() || expected.get("rows").is_some();
        if is_list
            && let (Some(wanted), Some(version)) = (
                expected.pointer("/metadata/resourceVersion"),
                found.pointer("/metadata/resourceVersion"),
            )
            && let (Value::String(wanted), Value::String(version)) = (wanted, version)
            && expected.get("rows").is_none()
        {
            if !self.bindings.matches_list_version(wanted, version) {
                return Some(format!(
                    "list version {version} lies behind {wanted} ({:?})",
                    self.bindings.get(wanted)
                ));
            }
            let (mut expected, mut found) = (expected.clone(), found.clone());
            for list in [&mut expected, &mut found] {
                if let Some(Value::Object(metadata)) = list.get_mut("metadata") {
                    metadata.remove("resourceVersion");
                }
            }
            return self.compare("", &expected, &found);
        }
        self.compare("", expected, found)
    }

    fn compare(&mut self, path: &str, expected: &Value, found: &Value) -> Option<String> {
        if self.unstable.iter().any(|part| path.contains(part)) {
            return None;
        }
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                for (key, value) in expected {
                    if key == "managedFields" && !self.managed_fields {
                        continue;
                    }
                    let found = found.get(key).unwrap_or(&Value::Null);
                    let difference = self.compare(&format!("{path}.{key}"), value, found);
                    if difference.is_some() {
                        return difference;
                    }
                }
                let extra = found.keys().find(|key| {
                    !expected.contains_key(*key)
                        && *key != "managedFields"
                        && self.extent == Extent::Whole
                });
                let extra = extra.map(|key| (format!("{path}.{key}"), &found[key]));
                extra
                    .filter(|(path, _)| !self.unstable.iter().any(|part| path.contains(part)))
                    .map(|(path, value)| format!("{path}: not expected: {value}"))
            }
            (Value::Array(wanted), Value::Array(items)) if path.ends_with(".causes") => {
                let (wanted, items) = (causes(wanted), causes(items));
                if wanted.len() != items.len() {
                    return Some(format!("{path}: {expected} but {found}"));
                }
                let mut pairs = wanted.iter().zip(&items).enumerate();
                pairs.find_map(|(index, (expected, found))| {
                    self.compare(&format!("{path}[{index}]"), expected, found)
                })
            }
            // The recorder cut long differences off.
            (Value::String(text), Value::String(came))
                if path == ".message"
                    && self.extent == Extent::Part
                    && came.starts_with(text.as_str()) =>
            {
                None
            }
            (Value::String(text), Value::String(came))
                if path == ".message" && text.contains(" is invalid: [") =>
            {
                let (text, came) = (parts(text), parts(came));
                match self.bindings.matches(&text, &came) {
                    true => None,
                    false => Some(format!("{path}: {expected} but {found}")),
                }
            }
            (Value::Array(wanted), Value::Array(items)) => {
                if wanted.len() != items.len() {
                    return Some(format!(
                        "{path}: {} items but {}: {expected} but {found}",
                        wanted.len(),
                        items.len()
                    ));
                }
                let mut pairs = wanted.iter().zip(items).enumerate();
                pairs.find_map(|(index, (expected, found))| {
                    self.compare(&format!("{path}[{index}]"), expected, found)
                })
            }
            (Value::String(text), found) if text.contains("{{") => {
                let came = match found {
                    Value::String(text) => text.clone(),
                    Value::Null => return Some(format!("{path}: {text} but null")),
                    other => other.to_string(),
                };
                if self.bindings.matches(text, &came) {
                    return None;
                }
                Some(format!("{path}: {text} but {came}"))
            }
            (expected, found) if expected == found => None,
            (expected, found) => Some(format!("{path}: {expected} but {found}")),
        }
    }
}

/// Causes about the same field come in no order where upstream walks a map.
fn causes(causes: &[Value]) -> Vec<Value> {
    let mut sorted = causes.to_vec();
    let mut start = 0;
    while start < sorted.len() {
        let field = sorted[start]["field"].clone();
        let same = sorted[start..]
            .iter()
            .take_while(|cause| cause["field"] == field);
        let end = start + same.count();
        sorted[start..end].sort_by_key(|cause| cause["message"].to_string());
        start = end;
    }
    sorted
}

/// A message that lists causes, its parts in order. The causes themselves tell
/// the order that counts.
fn parts(message: &str) -> String {
    let mut parts: Vec<&str> = message
        .split(", ")
        .map(|part| part.trim_matches(['[', ']']))
        .collect();
    if let Some(first) = parts.first_mut() {
        *first = first
            .split_once(" is invalid: [")
            .map_or(*first, |(_, rest)| rest);
    }
    parts.sort_unstable();
    parts.join(", ")
}
