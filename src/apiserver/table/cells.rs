//! What several tables write into cells.

use crate::api::age::human_duration;
use crate::api::selector::Selector;
use crate::sim::Instant;
use serde_json::{Map, Value};

pub(super) const NONE: &str = "<none>";
pub(super) const UNSET: &str = "<unset>";
pub(super) const UNKNOWN: &str = "<unknown>";

/// What is listed at most before the rest is counted.
const LISTED_MAX: usize = 3;

/// The text at a pointer, or else `default`; numbers are written out.
pub(super) fn text(object: &Value, pointer: &str, default: &str) -> String {
    match object.pointer(pointer) {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => default.to_owned(),
    }
}

/// The text at a pointer, or nothing.
pub(super) fn str_at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    let found = object.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    let found = object.pointer(pointer).and_then(Value::as_i64);
    found.unwrap_or(0)
}

pub(super) fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    let found = object.pointer(pointer).and_then(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}

pub(super) fn map<'a>(object: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
    object.pointer(pointer).and_then(Value::as_object)
}

pub(super) fn count(object: &Value, pointer: &str) -> usize {
    match object.pointer(pointer) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(map)) => map.len(),
        _ => 0,
    }
}

/// Seconds from the time at a pointer until now.
pub(super) fn seconds_since(object: &Value, pointer: &str, now: Instant) -> Option<i64> {
    let time: jiff::Timestamp = str_at(object, pointer).parse().ok()?;
    let nanos = now.timestamp_micro().as_nanosecond() - time.as_nanosecond();
    i64::try_from(nanos / 1_000_000_000).ok()
}

/// How long ago the time at a pointer was.
pub(super) fn age(object: &Value, pointer: &str, now: Instant) -> String {
    match seconds_since(object, pointer, now) {
        Some(seconds) => human_duration(seconds),
        None => UNKNOWN.to_owned(),
    }
}

/// The texts at a pointer, with commas between them.
pub(super) fn joined(object: &Value, pointer: &str) -> String {
    let texts: Vec<&str> = items(object, pointer)
        .iter()
        .filter_map(Value::as_str)
        .collect();
    texts.join(",")
}

/// One field of each item of a list, with commas between them.
pub(super) fn each(object: &Value, pointer: &str, field: &str) -> String {
    let texts: Vec<&str> = items(object, pointer)
        .iter()
        .map(|item| item.get(field).and_then(Value::as_str).unwrap_or_default())
        .collect();
    texts.join(",")
}

/// The first three, and how many more there are.
pub(super) fn first_of(list: &[String], of_none: &str) -> String {
    let shown = list.get(..LISTED_MAX).unwrap_or(list).join(",");
    match list.len() {
        0 => of_none.to_owned(),
        all if all > LISTED_MAX => format!("{shown} + {} more...", all - LISTED_MAX),
        _ => shown,
    }
}

/// Labels as `k=v,…` (`labels.FormatLabels`).
pub(super) fn labels(object: &Value, pointer: &str) -> String {
    let mut pairs: Vec<String> = map(object, pointer)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.sort();
    match pairs.is_empty() {
        true => NONE.to_owned(),
        false => pairs.join(","),
    }
}

/// A label selector as text; nothing where it selects everything or nothing.
pub(super) fn selector(object: &Value, pointer: &str) -> String {
    let Some(value) = object.pointer(pointer) else {
        return String::new();
    };
    let selector = serde_json::from_value(value.clone()).unwrap_or_default();
    Selector::from_label_selector(&selector).to_string()
}

/// The same, `<none>` where there is nothing to tell (`metav1.FormatLabelSelector`).
pub(super) fn selector_or_none(object: &Value, pointer: &str) -> String {
    let text = selector(object, pointer);
    match text.is_empty() {
        true => NONE.to_owned(),
        false => text,
    }
}

/// Whether a condition is `True`.
pub(super) fn is_true(object: &Value, condition: &str) -> bool {
    let mut conditions = items(object, "/status/conditions").iter();
    conditions
        .find(|it| it["type"] == condition)
        .is_some_and(|it| it["status"] == "True")
}
