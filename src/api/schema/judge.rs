//! Whether a value is of its type, in the words of Go's JSON decoder; and the
//! value as Go would write it again.
//!
//! One walk over the value, led by the table: no code of its own for any type.

use super::{Field, Ref, Shape, Table, TypeId, table, time};
use crate::api::decode::{Fault, UnknownField, check_base64, go_kind};
use crate::api::quantity;
use crate::api::similar::closest;
use serde_json::{Map, Value};

/// What came of reading a value as a type.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The value as Go holds it: without fields that do not exist, empty ones that
    /// it leaves out, and what is of a wrong type; quantities in their canonical
    /// form.
    pub value: Value,
    /// Fields that do not exist; those of inner structs first.
    pub unknown: Vec<UnknownField>,
    /// Values of a wrong type.
    pub faults: Vec<Fault>,
}

/// Reads a value as a type. With `fill`, fields that Go always writes are there
/// even where they were not given. `apiVersion` and `kind` at the top are left
/// out.
pub fn judge(id: TypeId, value: &Value, fill: bool) -> Judged {
    let mut judge = Judge {
        table: table(),
        fill,
        within: "",
        steps: Vec::new(),
        unknown: Vec::new(),
        faults: Vec::new(),
    };
    let ty = Ref { id, pointer: false };
    let value = judge.value(ty, value).unwrap_or_default();
    Judged {
        value,
        unknown: judge.unknown,
        faults: judge.faults,
    }
}

struct Judge<'v> {
    table: &'static Table,
    fill: bool,
    /// The innermost struct that a field was entered of, without its package.
    within: &'static str,
    /// Fields, keys and indexes from the top.
    steps: Vec<Step<'v>>,
    unknown: Vec<UnknownField>,
    faults: Vec<Fault>,
}

#[derive(Clone, Copy)]
enum Step<'v> {
    Field(&'v str),
    Key(&'v str),
    Index(usize),
}

impl<'v> Judge<'v> {
    /// The value as its type, or nothing where it is none.
    fn value(&mut self, ty: Ref, value: &'v Value) -> Option<Value> {
        if value.is_null() {
            return Some(self.zero(ty));
        }
        match &self.table.get(ty.id).shape {
            Shape::Text => match value {
                Value::String(_) => Some(value.clone()),
                _ => self.wrong(ty, value),
            },
            Shape::Bool => match value {
                Value::Bool(_) => Some(value.clone()),
                _ => self.wrong(ty, value),
            },
            Shape::Int32 => self.integer(ty, value, i64::from(i32::MIN), i64::from(i32::MAX)),
            Shape::Int64 => self.integer(ty, value, i64::MIN, i64::MAX),
            Shape::Float => match value {
                Value::Number(_) => Some(value.clone()),
                _ => self.wrong(ty, value),
            },
            Shape::Quantity => self.quantity(value),
            Shape::IntOrString => self.int_or_string(value),
            Shape::Time => self.time(value, time::Precision::Seconds),
            Shape::MicroTime => self.time(value, time::Precision::Micros),
            Shape::Bytes => self.bytes(ty, value),
            Shape::Any => Some(value.clone()),
            Shape::List(item) => self.list(ty, *item, value),
            Shape::Map(of) => self.map(ty, *of, value),
            Shape::Struct(fields) => match value {
                Value::Object(map) => Some(self.fields(ty.id, fields, map)),
                _ => self.wrong(ty, value),
            },
        }
    }

    fn integer(&mut self, ty: Ref, value: &Value, least: i64, most: i64) -> Option<Value> {
        let Value::Number(number) = value else {
            return self.wrong(ty, value);
        };
        match number.as_i64() {
            Some(whole) if (least..=most).contains(&whole) => Some(whole.into()),
            _ => self.mismatch(&format!("number {number}"), ty),
        }
    }

    /// Quantities may be written as numbers.
    fn quantity(&mut self, value: &Value) -> Option<Value> {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match quantity::parse(&text) {
            Ok(amount) => Some(Value::String(amount.to_quantity().0)),
            Err(error) => self.fault(error.to_string()),
        }
    }

    /// Its own decoder knows of no field.
    fn int_or_string(&mut self, value: &Value) -> Option<Value> {
        let small = |number: i64| i32::try_from(number).is_ok();
        let found = match value {
            Value::String(_) => return Some(value.clone()),
            Value::Number(number) if number.as_i64().is_some_and(small) => {
                return Some(value.clone());
            }
            Value::Number(number) => format!("number {number}"),
            other => go_kind(other).to_owned(),
        };
        self.fault(format!(
            "json: cannot unmarshal {found} into Go value of type int32"
        ))
    }

    fn time(&mut self, value: &Value, precision: time::Precision) -> Option<Value> {
        let Value::String(text) = value else {
            return self.fault(format!(
                "json: cannot unmarshal {} into Go value of type string",
                go_kind(value)
            ));
        };
        match time::check(text, precision) {
            Ok(canonical) => Some(Value::String(canonical)),
            Err(why) => self.fault(why),
        }
    }

    fn bytes(&mut self, ty: Ref, value: &Value) -> Option<Value> {
        let Value::String(text) = value else {
            return self.wrong(ty, value);
        };
        match check_base64(text) {
            Ok(()) => Some(Value::String(text.replace(['\r', '\n'], ""))),
            Err(why) => self.fault(why),
        }
    }

    fn list(&mut self, ty: Ref, item: Ref, value: &'v Value) -> Option<Value> {
        let Value::Array(items) = value else {
            return self.wrong(ty, value);
        };
        let mut read = Vec::with_capacity(items.len());
        for (index, value) in items.iter().enumerate() {
            self.steps.push(Step::Index(index));
            read.extend(self.value(item, value));
            self.steps.pop();
        }
        Some(Value::Array(read))
    }

    fn map(&mut self, ty: Ref, of: Ref, value: &'v Value) -> Option<Value> {
        let Value::Object(map) = value else {
            return self.wrong(ty, value);
        };
        let mut read = Map::new();
        for (key, value) in map {
            self.steps.push(Step::Key(key));
            if let Some(value) = self.value(of, value) {
                read.insert(key.clone(), value);
            }
            self.steps.pop();
        }
        Some(Value::Object(read))
    }

    fn fields(
        &mut self,
        id: TypeId,
        fields: &'static [Field],
        map: &'v Map<String, Value>,
    ) -> Value {
        let own = self.table.get(id).go.as_str();
        let own = own.split_once('.').map_or(own, |(_, name)| name);
        let top = self.steps.is_empty();
        let mut read = Map::new();
        let mut unknown = Vec::new();
        for (key, value) in map {
            if top && (key == "apiVersion" || key == "kind") {
                continue;
            }
            let Some(field) = fields.iter().find(|field| field.name == key) else {
                unknown.push(self.unknown_field(key, fields));
                continue;
            };
            if value.is_null() {
                continue;
            }
            let outer = std::mem::replace(&mut self.within, own);
            self.steps.push(Step::Field(key));
            let value = self.value(field.ty, value);
            self.steps.pop();
            self.within = outer;
            if let Some(value) = value.filter(|value| !self.omits(field, value, own)) {
                read.insert(key.clone(), value);
            }
        }
        self.unknown.append(&mut unknown);
        if self.fill {
            self.fill_in(fields, &mut read, top);
        }
        Value::Object(read)
    }

    /// Whether Go leaves a field out for its value.
    fn omits(&self, field: &Field, value: &Value, within: &str) -> bool {
        if field.ty.pointer || !(field.omit_empty || field.omit_zero) {
            return false;
        }
        match value {
            Value::Null => true,
            // A selector that is there and empty is not one that is not there.
            Value::Array(items) => items.is_empty() && within != "LabelSelector",
            Value::Object(map) => match self.table.get(field.ty.id).shape {
                Shape::Struct(_) => field.omit_zero && *value == self.zero(field.ty),
                _ => map.is_empty() && within != "LabelSelector",
            },
            Value::String(text) => text.is_empty(),
            Value::Bool(set) => !set,
            Value::Number(number) => number.as_i64() == Some(0),
        }
    }

    /// What Go writes of fields that nobody gave.
    fn fill_in(&self, fields: &[Field], read: &mut Map<String, Value>, top: bool) {
        for field in fields {
            let type_of_itself = top && (field.name == "apiVersion" || field.name == "kind");
            if type_of_itself || read.contains_key(field.name) || field.omit_zero {
                continue;
            }
            let is_struct = matches!(self.table.get(field.ty.id).shape, Shape::Struct(_));
            if field.omit_empty && (field.ty.pointer || !is_struct) {
                continue;
            }
            read.insert(field.name.to_owned(), self.zero(field.ty));
        }
    }

    /// What a value is in Go before anything was read into it.
    fn zero(&self, ty: Ref) -> Value {
        if ty.pointer {
            return Value::Null;
        }
        match &self.table.get(ty.id).shape {
            Shape::Text => Value::String(String::new()),
            Shape::Bool => Value::Bool(false),
            Shape::Int32 | Shape::Int64 | Shape::Float | Shape::IntOrString => 0.into(),
            Shape::Quantity => Value::String("0".to_owned()),
            Shape::Struct(fields) => {
                let mut map = Map::new();
                if self.fill {
                    self.fill_in(fields, &mut map, false);
                }
                Value::Object(map)
            }
            Shape::Time
            | Shape::MicroTime
            | Shape::Bytes
            | Shape::Any
            | Shape::List(_)
            | Shape::Map(_) => Value::Null,
        }
    }

    fn unknown_field(&self, key: &str, fields: &'static [Field]) -> UnknownField {
        let at = self.path();
        let path = match at.as_str() {
            "" => key.to_owned(),
            at => format!("{at}.{key}"),
        };
        let names: Vec<&'static str> = fields.iter().map(|field| field.name).collect();
        UnknownField {
            path,
            suggestion: closest(key, &names),
        }
    }

    /// `spec.template.spec.containers[0]`.
    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                Step::Field(name) | Step::Key(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    fn fault(&mut self, message: String) -> Option<Value> {
        let path = self.path();
        self.faults.push(Fault { path, message });
        None
    }

    fn wrong(&mut self, ty: Ref, value: &Value) -> Option<Value> {
        self.mismatch(go_kind(value), ty)
    }

    /// Go names the fields, without keys of maps and indexes of lists.
    fn mismatch(&mut self, found: &str, ty: Ref) -> Option<Value> {
        let wanted = self.table.go_name(Ref {
            pointer: false,
            ..ty
        });
        let names = self.steps.iter().filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            _ => None,
        });
        let fields: Vec<&str> = names.collect();
        let message = match fields.is_empty() {
            true => format!("json: cannot unmarshal {found} into Go value of type {wanted}"),
            false => format!(
                "json: cannot unmarshal {found} into Go struct field {}.{} of type {wanted}",
                self.within,
                fields.join(".")
            ),
        };
        self.fault(message)
    }
}
