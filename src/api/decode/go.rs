//! Names that upstream's messages have from the Go language.

use crate::sim::order::Order as _;
use serde_json::Value;

/// What `encoding/json` calls a value.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as `fmt` prints it: `map[image:x]`.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(text).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.order_by_key(|(key, _)| *key);
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, value)| format!("{key}:{}", text(value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        other => other.to_string(),
    }
}

/// Whether a text is base64; where it is not, in the words of `encoding/base64`.
pub(in crate::api) fn check_base64(text: &str) -> Result<(), String> {
    let fault = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let bytes = text.as_bytes();
    let mut quantum = 0;
    for (at, byte) in bytes.iter().copied().enumerate() {
        match byte {
            b'\r' | b'\n' => {}
            b'=' => {
                let padding = match quantum {
                    2 => "==",
                    3 => "=",
                    _ => return fault(at),
                };
                // Lines may end anywhere, after the padding too.
                let rest = text.get(at..).map(|rest| rest.replace(['\r', '\n'], ""));
                return match rest.as_deref() {
                    Some(rest) if rest == padding => Ok(()),
                    Some("=") => fault(bytes.len()),
                    _ => fault(at + padding.len()),
                };
            }
            byte if plain(byte) => quantum = (quantum + 1) % 4,
            _ => return fault(at),
        }
    }
    match quantum {
        0 => Ok(()),
        // The decoder names the beginning of the part that it could not finish.
        quantum => fault(bytes.len() - quantum),
    }
}

/// A value as `%#v` prints it.
pub fn syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", syntax(value)))
                .collect();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}
