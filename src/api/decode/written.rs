//! A body as it is written: in which order, and what twice.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt;

/// How many places of a body are remembered.
const PLACES_MAX: usize = 10_000;

/// What reading a body as JSON alone does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// What is odd about it: `duplicate field "data.a"`.
    pub notes: Vec<String>,
    /// Every field in order.
    order: Vec<String>,
}

impl Written {
    /// Sorts paths as their fields are written.
    pub(super) fn sort(&self, paths: &mut [String]) {
        use crate::sim::order::Order as _;
        if self.order.is_empty() || paths.len() < 2 {
            return;
        }
        paths.order_by_key(|path| {
            let at = self.order.iter().position(|known| known == path);
            at.unwrap_or(usize::MAX)
        });
    }
}

/// Reads JSON as Go does: an object that is given twice is read into one.
pub fn read_text(text: &str) -> Option<(Value, Written)> {
    let written = RefCell::new(Written::default());
    let place = Place {
        path: String::new(),
        written: &written,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = place.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some((value, written.into_inner()))
}

struct Place<'w> {
    path: String,
    written: &'w RefCell<Written>,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let place = Place {
                path: format!("{}[{}]", self.path, list.len()),
                written: self.written,
            };
            match items.next_element_seed(place)? {
                Some(value) => list.push(value),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let path = match self.path.as_str() {
                "" => key.clone(),
                path => format!("{path}.{key}"),
            };
            {
                let mut written = self.written.borrow_mut();
                if map.contains_key(&key) {
                    written.notes.push(format!("duplicate field {path:?}"));
                } else if written.order.len() < PLACES_MAX {
                    written.order.push(path.clone());
                }
            }
            let place = Place {
                path,
                written: self.written,
            };
            let value = entries.next_value_seed(place)?;
            match (map.get_mut(&key), value) {
                (Some(Value::Object(before)), Value::Object(more)) => before.extend(more),
                (_, value) => drop(map.insert(key, value)),
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_given_twice_is_named_and_read_into_one() {
        let text = r#"{"d":{"a":"1","a":"2"},"b":0,"d":{"c":"1"}}"#;
        let (value, written) = read_text(text).expect("JSON");
        assert_eq!(value, json!({"b": 0, "d": {"a": "2", "c": "1"}}));
        assert_eq!(
            written.notes,
            ["duplicate field \"d.a\"", "duplicate field \"d\""]
        );
        let mut paths = vec!["b".to_owned(), "d.a".to_owned()];
        written.sort(&mut paths);
        assert_eq!(paths, ["d.a", "b"]);
        assert_eq!(read_text("{} x"), None);
    }
}
