//! A deserializer over JSON values that knows, at every step, in which struct and
//! at which field it is. The types tell it their names and fields themselves.

use super::{Reading, UnknownField, go};
use crate::api::quantity;
use crate::api::similar::closest;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::fmt;

pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Reading<T> {
    let place = Place::default();
    let reader = Reader {
        value,
        place: &place,
    };
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
    fn enter<R>(
        &self,
        step: Step,
        within: Option<&'static str>,
        read: impl FnOnce() -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let outer = self.within.get();
        self.within.set(within.unwrap_or(outer));
        self.steps.borrow_mut().push(step);
        let result = read();
        if result.is_err() {
            let path = || self.path();
            self.failed.borrow_mut().get_or_insert_with(path);
        }
        self.steps.borrow_mut().pop();
        self.within.set(outer);
        result
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
}

impl Reader<'_> {
    fn wrong<T>(&self, wanted: &str) -> Result<T, Refusal> {
        Err(self.place.mismatch(go::kind(self.value), wanted))
    }

    fn integer(&self, wanted: &str, fits: impl Fn(i64) -> bool) -> Result<i64, Refusal> {
        match self.value {
            Value::Null => Ok(0),
            Value::Number(number) => number
                .as_i64()
                .filter(|number| fits(*number))
                .ok_or_else(|| self.place.mismatch(&format!("number {number}"), wanted)),
            _ => self.wrong(wanted),
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
                let fits = |number| <$type>::try_from(number).is_ok();
                let number = self.integer($go, fits)?;
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
            Value::Object(map) => visitor.visit_map(Entries::new(map, None, self.place)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Null => visitor.visit_bool(false),
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => self.wrong("bool"),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Number(number) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            _ => self.wrong("float64"),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Null => visitor.visit_str(""),
            Value::String(text) => visitor.visit_str(text),
            _ => self.wrong("string"),
        }
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
        let target = std::any::type_name::<V::Value>();
        match self.value {
            Value::Null => visitor.visit_none(),
            // A selector that is there and empty is not one that is not there.
            _ if self.place.within.get() == "LabelSelector" => visitor.visit_some(self),
            // Go leaves empty lists, maps and texts out (`omitempty`).
            Value::Array(items) if items.is_empty() => visitor.visit_none(),
            Value::Object(map) if map.is_empty() && target.contains("BTreeMap<") => {
                visitor.visit_none()
            }
            Value::String(text) if text.is_empty() && target.ends_with("String>") => {
                visitor.visit_none()
            }
            Value::String(text) if target.ends_with("::ByteString") => {
                go::check_base64(text).map_err(Refusal)?;
                visitor.visit_some(text.replace(['\r', '\n'], "").into_deserializer())
            }
            _ => visitor.visit_some(self),
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
        if name != "Quantity" {
            return visitor.visit_newtype_struct(self);
        }
        visitor.visit_newtype_struct(self.quantity()?.into_deserializer())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Null => visitor.visit_seq(Items::new(&[], self.place)),
            Value::Array(items) => visitor.visit_seq(Items::new(items, self.place)),
            _ => self.wrong(&go::type_of(std::any::type_name::<V::Value>())),
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
            Value::Null => visitor.visit_map(Empty::new(std::iter::empty())),
            Value::Object(map) => visitor.visit_map(Entries::new(map, None, self.place)),
            _ => self.wrong(&go::type_of(std::any::type_name::<V::Value>())),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.value {
            Value::Object(map) => {
                let of = Some(Struct { name, fields });
                visitor.visit_map(Entries::new(map, of, self.place))
            }
            Value::Null => visitor.visit_map(Empty::new(std::iter::empty())),
            _ => self.wrong(&format!("v1.{name}")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.value {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => self.wrong("string"),
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
        let read = || seed.deserialize(Reader { value, place });
        place.enter(Step::Index(index), None, read).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// A map without entries: what `null` stands for.
type Empty<'a> = de::value::MapDeserializer<'a, std::iter::Empty<(&'a str, &'a str)>, Refusal>;

#[derive(Clone, Copy)]
struct Struct {
    name: &'static str,
    fields: &'static [&'static str],
}

struct Entries<'a> {
    entries: serde_json::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
    of: Option<Struct>,
    /// Of this struct; told after those of the structs inside it.
    unknown: Vec<UnknownField>,
    place: &'a Place,
}

impl<'a> Entries<'a> {
    fn new(map: &'a Map<String, Value>, of: Option<Struct>, place: &'a Place) -> Self {
        Entries {
            entries: map.iter(),
            value: None,
            of,
            unknown: Vec::new(),
            place,
        }
    }

    /// The next entry that the struct has; the type's own name is not read as a
    /// field of it.
    fn next_known(&mut self) -> Option<(&'a str, &'a Value)> {
        let top = self.place.steps.borrow().is_empty();
        loop {
            let (key, value) = self.entries.next()?;
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
        let Some((key, value)) = self.next_known() else {
            let unknown = std::mem::take(&mut self.unknown);
            self.place.unknown.borrow_mut().extend(unknown);
            return Ok(None);
        };
        self.value = Some((key, value));
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let (key, value) = self.value.take().unwrap_or(("", &Value::Null));
        let (step, within) = match self.of {
            Some(of) => (Step::Field(key.to_owned()), Some(of.name)),
            None => (Step::Key(key.to_owned()), None),
        };
        let place = self.place;
        let read = || seed.deserialize(Reader { value, place });
        place.enter(step, within, read)
    }
}
