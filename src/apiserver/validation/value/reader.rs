//! Reads JSON as upstream's structs read: what is missing is its zero.

use super::super::field::{Errors, Json, Path, Shown};
use super::super::{meta, names};
use crate::api::LabelSelector;
use crate::api::quantity::{self, Amount};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

static NULL: Value = Value::Null;

/// The fields of a struct, which may not be there.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    pub(super) fn of(map: &'a Map<String, Value>) -> Fields<'a> {
        Fields(Some(map))
    }

    pub(super) fn of_value(value: &'a Value) -> Fields<'a> {
        Fields(value.as_object())
    }

    pub(super) fn get(self, name: &str) -> &'a Value {
        self.0.and_then(|map| map.get(name)).unwrap_or(&NULL)
    }

    /// Whether the field is there, whatever is in it.
    pub(super) fn has(self, name: &str) -> bool {
        !self.get(name).is_null()
    }

    /// The struct in a field.
    pub(super) fn at(self, name: &str) -> Fields<'a> {
        Fields(self.get(name).as_object())
    }

    pub(super) fn text(self, name: &str) -> &'a str {
        self.get(name).as_str().unwrap_or_default()
    }

    pub(super) fn int(self, name: &str) -> Option<i64> {
        self.get(name).as_i64()
    }

    pub(super) fn flag(self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or(false)
    }

    pub(super) fn list(self, name: &str) -> &'a [Value] {
        self.get(name).as_array().map_or(&[], Vec::as_slice)
    }

    /// The structs of a list, with their places.
    pub(super) fn items(self, name: &str) -> impl Iterator<Item = (usize, Fields<'a>)> {
        let items = self.list(name).iter().enumerate();
        items.map(|(index, value)| (index, Fields::of_value(value)))
    }

    /// The texts of a list.
    pub(super) fn texts(self, name: &str) -> Vec<&'a str> {
        let items = self.list(name).iter();
        items.filter_map(Value::as_str).collect()
    }

    /// A map of texts.
    pub(super) fn map(self, name: &str) -> BTreeMap<String, String> {
        let map = self.get(name).as_object().into_iter().flatten();
        map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect()
    }

    /// A map of quantities.
    pub(super) fn amounts(self, name: &str) -> BTreeMap<String, Amount> {
        let map = self.get(name).as_object().into_iter().flatten();
        map.filter_map(|(key, value)| {
            let amount = quantity::parse(value.as_str()?).ok()?;
            Some((key.clone(), amount))
        })
        .collect()
    }

    pub(super) fn selector(self, name: &str) -> Option<LabelSelector> {
        let value = self.get(name);
        if value.is_null() {
            return None;
        }
        serde_json::from_value(value.clone()).ok()
    }

    /// As JSON, its fields in this order.
    pub(super) fn ordered(self, order: &[&str]) -> Json {
        let value = self.0.map_or(Value::Null, |map| Value::Object(map.clone()));
        Json(meta::ordered(&value, order))
    }
}

/// A value in a message as JSON.
pub(super) fn shown(value: &Value) -> Json {
    Json(value.to_string())
}

impl Errors {
    /// A number that is there must not be negative.
    pub(super) fn count(&mut self, fields: Fields<'_>, path: &Path<'_>, name: &str) {
        if let Some(number) = fields.int(name) {
            self.not_negative(&path.child(name), number);
        }
    }

    /// A number or a percentage.
    pub(super) fn number_or_percent(&mut self, value: &Value, path: &Path<'_>) {
        match value {
            Value::Number(number) => self.not_negative(path, number.as_i64().unwrap_or(0)),
            Value::String(text) if !names::is_percent(text) => {
                let detail = "must be an integer or percentage (e.g '5%%')";
                self.invalid(path, text, detail);
            }
            _ => {}
        }
    }

    /// A percentage is a part of the whole.
    pub(super) fn at_most_all(&mut self, value: &Value, path: &Path<'_>) {
        if let Value::String(text) = value
            && names::is_percent(text)
            && percent(text) > 100
        {
            self.invalid(path, text, "must not be greater than 100%");
        }
    }

    /// A text that is there must be one of a few.
    pub(super) fn choice(
        &mut self,
        fields: Fields<'_>,
        path: &Path<'_>,
        name: &str,
        supported: &[&str],
    ) {
        let text = fields.text(name);
        if fields.has(name) && !supported.contains(&text) {
            self.unsupported(&path.child(name), text, supported);
        }
    }

    /// A field that an update may not change.
    pub(super) fn unchanged(
        &mut self,
        new: Fields<'_>,
        old: Fields<'_>,
        path: &Path<'_>,
        name: &str,
    ) {
        let (new, old) = (new.get(name), old.get(name));
        self.immutable(&path.child(name), new == old, shown(new));
    }
}

fn percent(text: &str) -> i64 {
    text.trim_end_matches('%').parse().unwrap_or(i64::MAX)
}

impl Shown for Amount {
    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}
