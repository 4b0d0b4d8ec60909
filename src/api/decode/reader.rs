//! A deserializer over JSON values that knows, at every step, in which struct and
//! at which field it is. The types tell it their names and fields themselves.
//!
//! Every method of it exists once for each of some three hundred types, so each
//! does little itself and leaves the rest to functions that know no type.

use super::{Reading, UnknownField, go};
use crate::api::quantity;
use crate::api::similar::closest;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Reading<T> {
    let place = Place::default();
    let reader = Reader::new(value, &place);
    let result = T::deserialize(reader).map_err(|Refusal(message)| super::Fault {
        path: place.failed.take().unwrap_or_default(),
        message,
    });
    Reading {
        result,
        unknown: place.unknown.into_inner(),
    }
}

/// Why reading stopped.
#[derive(Debug)]
struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Refusal(message.to_string())
    }
}

/// Where the reader is.
#[derive(Default)]
struct Place {
    /// The innermost struct that a field was entered of.
    within: Cell<&'static str>,
    /// Fields, keys and indexes from the top.
    steps: RefCell<Vec<Step>>,
    unknown: RefCell<Vec<UnknownField>>,
    /// Where reading stopped.
    failed: RefCell<Option<String>>,
}

#[derive(Clone)]
enum Step {
    Field(String),
    Key(String),
    Index(usize),
}

impl Place {
    /// Goes a step down; answers the struct that it comes from.
    #[inline(never)]
    fn enter(&self, step: Step, within: Option<&'static str>) -> &'static str {
        let outer = self.within.get();
        self.within.set(within.unwrap_or(outer));
        self.steps.borrow_mut().push(step);
        outer
    }

    /// Comes back to the struct `outer`. The innermost failure tells the place.
    #[inline(never)]
    fn leave(&self, outer: &'static str, failed: bool) {
        if failed {
            let path = || self.path();
            self.failed.borrow_mut().get_or_insert_with(path);
        }
        self.steps.borrow_mut().pop();
        self.within.set(outer);
    }

    /// `spec.template.spec.containers[0]`.
    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.borrow().iter() {
            match step {
                Step::Field(name) | Step::Key(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) | Step::Key(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    /// Go names the fields, without keys of maps and indexes of lists.
    fn mismatch(&self, found: &str, wanted: &str) -> Refusal {
        let fields: Vec<String> = self
            .steps
            .borrow()
            .iter()
            .filter_map(|step| match step {
                Step::Field(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        if fields.is_empty() {
            return Refusal(format!(
                "json: cannot unmarshal {found} into Go value of type {wanted}"
            ));
        }
        let (within, fields) = (self.within.get(), fields.join("."));
        Refusal(format!(
            "json: cannot unmarshal {found} into Go struct field {within}.{fields} of type {wanted}"
        ))
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    value: &'a Value,
    place: &'a Place,
    /// Whether the text wanted is that of a quantity.
    quantity: bool,
}

impl<'a> Reader<'a> {
    fn new(value: &'a Value, place: &'a Place) -> Self {
        Reader {
            value,
            place,
            quantity: false,
        }
    }

    #[inline(never)]
    fn wrong(&self, wanted: &str) -> Refusal {
        self.place.mismatch(go::kind(self.value), wanted)
    }

    #[inline(never)]
    fn wrong_type(&self, rust_name: &str) -> Refusal {
        self.wrong(&go::type_of(rust_name))
    }

    #[inline(never)]
    fn wrong_struct(&self, name: &str) -> Refusal {
        self.wrong(&format!("v1.{name}"))
    }

    /// Whether an optional value counts as not given: Go leaves empty lists, maps
    /// and texts out (`omitempty`).
    #[inline(never)]
    fn omitted(&self, rust_name: &str) -> bool {
        match self.value {
            Value::Null => true,
            // A selector that is there and empty is not one that is not there.
            _ if self.place.within.get() == "LabelSelector" => false,
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty() && rust_name.contains("BTreeMap<"),
            Value::String(text) => text.is_empty() && rust_name.ends_with("String>"),
            _ => false,
        }
    }

    #[inline(never)]
    fn text(&self, rust_name: &str) -> Result<Cow<'a, str>, Refusal> {
        if self.quantity {
            return self.quantity().map(Cow::Owned);
        }
        match self.value {
            Value::Null => Ok(Cow::Borrowed("")),
            Value::String(text) if rust_name.ends_with("::ByteString") => {
                go::check_base64(text).map_err(Refusal)?;
                Ok(Cow::Owned(text.replace(['\r', '\n'], "")))
            }
            Value::String(text) => Ok(Cow::Borrowed(text)),
            _ => Err(self.wrong("string")),
        }
    }

    #[inline(never)]
    fn integer(&self, wanted: &str, fits: fn(i64) -> bool) -> Result<i64, Refusal> {
        match self.value {
            Value::Null => Ok(0),
            Value::Number(number) => number
                .as_i64()
                .filter(|number| fits(*number))
                .ok_or_else(|| self.place.mismatch(&format!("number {number}"), wanted)),
            _ => Err(self.wrong(wanted)),
        }
    }

    /// Quantities may be written as numbers, and must be quantities.
    fn quantity(&self) -> Result<String, Refusal> {
        let text = match self.value {
            Value::Null => "0".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match quantity::parse(&text) {
            Ok(amount) => Ok(amount.to_quantity().0),
            Err(error) => Err(Refusal(error.to_string())),
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty, $go:literal;)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
                let number = self.integer($go, |number| <$type>::try_from(number).is_ok())?;
                visitor.$visit(<$type>::try_from(number).unwrap_or_default())
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Refusal;

    integers! {
        deserialize_i8 visit_i8 i8, "int8";
        deserialize_i16 visit_i16 i16, "int16";
        deserialize_i32 visit_i32 i32, "int32";
        deserialize_i64 visit_i64 i64, "int64";
        deserialize_u8 visit_u8 u8, "uint8";
        deserialize_u16 visit_u16 u16, "uint16";
        deserialize_u32 visit_u32 u32, "uint32";
        deserialize_u64 visit_u64 u64, "uint64";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        // Quantities are asked for as text or number alike.
        if self.quantity {
            return visitor.visit_string(self.quantity()?);
        }
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => visitor.visit_i64(number),
                (_, Some(number)) => visitor.visit_u64(number),
                _ => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => visitor.visit_seq(Items::new(items, self.place)),
            Value::Object(map) => visitor.visit_map(Entries::new(Some(map), None, self.place)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Null => visitor.visit_bool(false),
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.wrong("bool")),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Number(number) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            _ => Err(self.wrong("float64")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_str(&self.text(std::any::type_name::<V::Value>())?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.omitted(std::any::type_name::<V::Value>()) {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let quantity = name == "Quantity";
        visitor.visit_newtype_struct(Reader { quantity, ..self })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Null => visitor.visit_seq(Items::new(&[], self.place)),
            Value::Array(items) => visitor.visit_seq(Items::new(items, self.place)),
            _ => Err(self.wrong_type(std::any::type_name::<V::Value>())),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Null => visitor.visit_map(Entries::new(None, None, self.place)),
            Value::Object(map) => visitor.visit_map(Entries::new(Some(map), None, self.place)),
            _ => Err(self.wrong_type(std::any::type_name::<V::Value>())),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let map = match self.value {
            Value::Object(map) => Some(map),
            Value::Null => None,
            _ => return Err(self.wrong_struct(name)),
        };
        let of = Some(Struct { name, fields });
        visitor.visit_map(Entries::new(map, of, self.place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.value {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(self.wrong("string")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }
}

struct Items<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
    place: &'a Place,
}

impl<'a> Items<'a> {
    fn new(items: &'a [Value], place: &'a Place) -> Self {
        Items {
            items: items.iter().enumerate(),
            place,
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Refusal;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refusal> {
        let Some((index, value)) = self.items.next() else {
            return Ok(None);
        };
        let place = self.place;
        let outer = place.enter(Step::Index(index), None);
        let read = seed.deserialize(Reader::new(value, place));
        place.leave(outer, read.is_err());
        read.map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

#[derive(Clone, Copy)]
struct Struct {
    name: &'static str,
    fields: &'static [&'static str],
}

struct Entries<'a> {
    /// None where the map is `null`.
    entries: Option<serde_json::map::Iter<'a>>,
    value: Option<(&'a str, &'a Value)>,
    of: Option<Struct>,
    /// Of this struct; told after those of the structs inside it.
    unknown: Vec<UnknownField>,
    place: &'a Place,
}

impl<'a> Entries<'a> {
    fn new(map: Option<&'a Map<String, Value>>, of: Option<Struct>, place: &'a Place) -> Self {
        Entries {
            entries: map.map(Map::iter),
            value: None,
            of,
            unknown: Vec::new(),
            place,
        }
    }

    /// Goes down to the value whose key was read last.
    #[inline(never)]
    fn enter_value(&mut self) -> (&'a Value, &'static str) {
        let (key, value) = self.value.take().unwrap_or(("", &Value::Null));
        let (step, within) = match self.of {
            Some(of) => (Step::Field(key.to_owned()), Some(of.name)),
            None => (Step::Key(key.to_owned()), None),
        };
        (value, self.place.enter(step, within))
    }

    /// The next entry that the struct has; the type's own name is not read as a
    /// field of it.
    #[inline(never)]
    fn next_known(&mut self) -> Option<(&'a str, &'a Value)> {
        let top = self.place.steps.borrow().is_empty();
        loop {
            let Some((key, value)) = self.entries.as_mut().and_then(Iterator::next) else {
                let unknown = std::mem::take(&mut self.unknown);
                self.place.unknown.borrow_mut().extend(unknown);
                return None;
            };
            let Some(of) = self.of else {
                return Some((key, value));
            };
            if top && (key == "apiVersion" || key == "kind") {
                continue;
            }
            if of.fields.contains(&key.as_str()) {
                return Some((key, value));
            }
            let at = self.place.path();
            let path = match at.as_str() {
                "" => key.clone(),
                at => format!("{at}.{key}"),
            };
            self.unknown.push(UnknownField {
                path,
                suggestion: closest(key, of.fields),
            });
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Refusal;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refusal> {
        match self.next_known() {
            Some((key, value)) => {
                self.value = Some((key, value));
                seed.deserialize(key.into_deserializer()).map(Some)
            }
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let (value, outer) = self.enter_value();
        let read = seed.deserialize(Reader::new(value, self.place));
        self.place.leave(outer, read.is_err());
        read
    }
}
