//! Bodies in protobuf, as typed clients of today send them by default: read into
//! the JSON that the same object would be. Answers are JSON always, which every
//! client accepts, too. Native only: the page sends no protobuf.
//!
//! The form is an envelope (`k8s\0`, then `runtime.Unknown`) around the object's
//! message (`apimachinery/pkg/runtime/serializer/protobuf`).

use crate::apiserver::base64;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const MAGIC: &[u8] = b"k8s\0";
/// Deepest nesting of messages.
const DEPTH_MAX: u32 = 64;

/// One field of a message.
struct Field {
    name: &'static str,
    form: Form,
    /// Whether JSON leaves it out when it is zero.
    drops_zero: bool,
    /// What it holds.
    of: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    One,
    List,
    Map,
    /// Its fields stand in the message around it.
    Inline,
}

/// Messages by name, with their fields by number.
type Messages = BTreeMap<&'static str, BTreeMap<u64, Field>>;

fn messages() -> &'static Messages {
    static MESSAGES: OnceLock<Messages> = OnceLock::new();
    MESSAGES.get_or_init(|| {
        let lines = include_str!("messages.txt").lines();
        let lines = lines.filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| {
                let mut words = line.split(' ').filter(|word| !word.is_empty());
                Some((words.next()?, words.filter_map(field).collect()))
            })
            .collect()
    })
}

fn field(text: &'static str) -> Option<(u64, Field)> {
    let mut parts = text.splitn(3, ':');
    let (number, name, of) = (parts.next()?, parts.next()?, parts.next()?);
    let (form, of) = match (
        of.strip_prefix("[]"),
        of.strip_prefix("{}"),
        of.strip_prefix('&'),
    ) {
        (Some(of), ..) => (Form::List, of),
        (_, Some(of), _) => (Form::Map, of),
        (_, _, Some(of)) => (Form::Inline, of),
        _ => (Form::One, of),
    };
    let field = Field {
        name,
        form,
        drops_zero: of.starts_with('-'),
        of: of.trim_start_matches('-'),
    };
    Some((number.parse().ok()?, field))
}

/// Whether a body is in this form.
pub(super) fn is_protobuf(body: &[u8]) -> bool {
    body.starts_with(MAGIC)
}

/// The object in a body. The error says what is wrong with it.
pub(super) fn decode(body: &[u8]) -> Result<Value, String> {
    let envelope = body.strip_prefix(MAGIC).ok_or(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    )?;
    let (mut type_meta, mut raw) = (Map::new(), &[][..]);
    for part in parts(envelope) {
        match part? {
            (1, Wire::Bytes(bytes)) => {
                for (number, wire) in parts(bytes).collect::<Result<Vec<_>, _>>()? {
                    let name = match number {
                        1 => "apiVersion",
                        2 => "kind",
                        _ => continue,
                    };
                    type_meta.insert(name.to_owned(), scalar("string", wire)?);
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let text = |name: &str| {
        type_meta
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let package = match text("apiVersion").split_once('/') {
        None => format!("core/{}", text("apiVersion")),
        Some((group, version)) => {
            format!("{}/{version}", group.split('.').next().unwrap_or_default())
        }
    };
    let own = format!("{package}.{}", text("kind"));
    let common = format!("meta/v1.{}", text("kind"));
    let known = [own.as_str(), common.as_str()]
        .into_iter()
        .find(|name| messages().contains_key(name))
        .ok_or_else(|| format!("no kind {:?} is known in protobuf", text("kind")))?;
    let object = message(known, raw, 0)?;
    type_meta.extend(object);
    Ok(Value::Object(type_meta))
}

/// A value as it is written.
#[derive(Clone, Copy)]
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

const BROKEN: &str = "proto: the message is broken";

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(BROKEN)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(BROKEN.to_owned())
}

/// The fields of a message, in their order.
fn parts(bytes: &[u8]) -> impl Iterator<Item = Result<(u64, Wire<'_>), String>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let part = part(&mut rest);
        if part.is_err() {
            rest = &[];
        }
        Some(part)
    })
}

fn part<'a>(rest: &mut &'a [u8]) -> Result<(u64, Wire<'a>), String> {
    let tag = varint(rest)?;
    let mut cut = |length: usize| {
        let (bytes, after) = rest.split_at_checked(length).ok_or(BROKEN)?;
        *rest = after;
        Ok::<&[u8], String>(bytes)
    };
    let wire = match tag & 7 {
        0 => Wire::Number(varint(rest)?),
        1 => Wire::Number(
            cut(8)?
                .try_into()
                .map(u64::from_le_bytes)
                .map_err(|_| BROKEN)?,
        ),
        5 => {
            let number = cut(4)?.try_into().map(u32::from_le_bytes);
            Wire::Number(number.map(u64::from).map_err(|_| BROKEN)?)
        }
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| BROKEN)?;
            let (bytes, after) = rest.split_at_checked(length).ok_or(BROKEN)?;
            *rest = after;
            Wire::Bytes(bytes)
        }
        _ => return Err(BROKEN.to_owned()),
    };
    Ok((tag >> 3, wire))
}

fn message(name: &str, bytes: &[u8], depth: u32) -> Result<Map<String, Value>, String> {
    if depth > DEPTH_MAX {
        return Err("proto: nested too deeply".to_owned());
    }
    let mut object = Map::new();
    let Some(fields) = messages().get(name) else {
        return Err(format!("proto: {name} is not known"));
    };
    for part in parts(bytes) {
        let (number, wire) = part?;
        // A later release may have more.
        let Some(field) = fields.get(&number) else {
            continue;
        };
        match field.form {
            Form::Inline => match wire {
                Wire::Bytes(bytes) => object.extend(message(field.of, bytes, depth + 1)?),
                Wire::Number(_) => return Err(BROKEN.to_owned()),
            },
            Form::Map => {
                let (key, value) = entry(field.of, wire, depth)?;
                let map = object.entry(field.name).or_insert_with(|| json!({}));
                if let Value::Object(map) = map {
                    map.insert(key, value);
                }
            }
            Form::List => {
                let value = value(field.of, wire, depth)?;
                let list = object.entry(field.name).or_insert_with(|| json!([]));
                if let Value::Array(list) = list {
                    list.push(value);
                }
            }
            Form::One => {
                let value = value(field.of, wire, depth)?;
                let dropped = value.is_null() || (field.drops_zero && is_zero(&value));
                if !dropped {
                    object.insert(field.name.to_owned(), value);
                }
            }
        }
    }
    Ok(object)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Key and value of a map.
fn entry(of: &str, wire: Wire<'_>, depth: u32) -> Result<(String, Value), String> {
    let Wire::Bytes(bytes) = wire else {
        return Err(BROKEN.to_owned());
    };
    let (mut key, mut found) = (String::new(), None);
    for part in parts(bytes) {
        match part? {
            (1, Wire::Bytes(bytes)) => key = String::from_utf8_lossy(bytes).into_owned(),
            (2, wire) => found = Some(value(of, wire, depth)?),
            _ => {}
        }
    }
    let found = match found {
        Some(found) => found,
        None => value(of, Wire::Bytes(&[]), depth)?,
    };
    Ok((key, found))
}

fn value(of: &str, wire: Wire<'_>, depth: u32) -> Result<Value, String> {
    match (of, wire) {
        (_, Wire::Number(_)) | ("string" | "bytes", _) => scalar(of, wire),
        ("Quantity", Wire::Bytes(bytes)) => first(bytes, 1, "string"),
        ("IntOrString", Wire::Bytes(bytes)) => {
            let is_text = first(bytes, 1, "int64")?.as_i64() == Some(1);
            match is_text {
                true => first(bytes, 3, "string"),
                false => first(bytes, 2, "int32"),
            }
        }
        ("RawExtension" | "meta/v1.FieldsV1", Wire::Bytes(bytes)) => {
            let raw = find(bytes, 1)?.unwrap_or(Wire::Bytes(&[]));
            match raw {
                Wire::Bytes(raw) => Ok(serde_json::from_slice(raw).unwrap_or(Value::Null)),
                Wire::Number(_) => Err(BROKEN.to_owned()),
            }
        }
        ("meta/v1.Time" | "meta/v1.MicroTime", Wire::Bytes(bytes)) => time(of, bytes),
        ("meta/v1.Duration", Wire::Bytes(bytes)) => first(bytes, 1, "int64"),
        (of, Wire::Bytes(bytes)) if of.ends_with(".ExtraValue") || of.ends_with(".Verbs") => {
            let items = parts(bytes).map(|part| scalar("string", part?.1));
            Ok(Value::Array(items.collect::<Result<_, _>>()?))
        }
        (of, Wire::Bytes(bytes)) => message(of, bytes, depth + 1).map(Value::Object),
    }
}

fn scalar(of: &str, wire: Wire<'_>) -> Result<Value, String> {
    Ok(match (of, wire) {
        ("bool", Wire::Number(number)) => json!(number != 0),
        ("double", Wire::Number(number)) => json!(f64::from_bits(number)),
        ("uint64", Wire::Number(number)) => json!(number),
        ("int32" | "int64", Wire::Number(number)) => json!(number.cast_signed()),
        ("bytes", Wire::Bytes(bytes)) => json!(base64::encode_padded(bytes)),
        (_, Wire::Bytes(bytes)) => json!(String::from_utf8_lossy(bytes)),
        _ => return Err(BROKEN.to_owned()),
    })
}

fn find(bytes: &[u8], number: u64) -> Result<Option<Wire<'_>>, String> {
    let mut found = None;
    for part in parts(bytes) {
        let (at, wire) = part?;
        if at == number {
            found = Some(wire);
        }
    }
    Ok(found)
}

/// The scalar in a field of a message; zero where it is absent.
fn first(bytes: &[u8], number: u64, of: &str) -> Result<Value, String> {
    match (find(bytes, number)?, of) {
        (Some(wire), of) => scalar(of, wire),
        (None, "string") => Ok(json!("")),
        (None, _) => Ok(json!(0)),
    }
}

/// A time; null where it is none.
fn time(of: &str, bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let seconds = first(bytes, 1, "int64")?.as_i64().unwrap_or_default();
    let nanos = first(bytes, 2, "int32")?.as_i64().unwrap_or_default();
    // The zero of Go's clock is no time either.
    let Ok(time) = jiff::Timestamp::from_second(seconds) else {
        return Ok(Value::Null);
    };
    let text = time.to_string();
    Ok(match of {
        "meta/v1.MicroTime" => json!(format!(
            "{}.{:06}Z",
            text.trim_end_matches('Z'),
            nanos / 1000
        )),
        _ => json!(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(number: u8, bytes: &[u8]) -> Vec<u8> {
        let tag = match number {
            0..=15 => vec![number << 3 | 2],
            _ => vec![number << 3 | 0x82, number >> 4],
        };
        [&tag, &[bytes.len() as u8][..], bytes].concat()
    }

    fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let names = [
            tagged(1, api_version.as_bytes()),
            tagged(2, kind.as_bytes()),
        ]
        .concat();
        [MAGIC, &tagged(1, &names), &tagged(2, raw)].concat()
    }

    #[test]
    fn objects_are_what_they_would_be_in_json() {
        let meta = [tagged(1, b"m"), tagged(3, b""), tagged(8, b"")].concat();
        let pair = [tagged(1, b"k"), tagged(2, b"v")].concat();
        let raw = [tagged(1, &meta), tagged(2, &pair)].concat();
        assert_eq!(
            decode(&envelope("v1", "ConfigMap", &raw)),
            Ok(json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "m"}, "data": {"k": "v"},
            }))
        );
        // replicas: 0 is meant; paused: false is only the zero of its type.
        let spec = [&[1 << 3, 0][..], &[7 << 3, 0]].concat();
        let found = decode(&envelope("apps/v1", "Deployment", &tagged(2, &spec)));
        assert_eq!(
            found.map(|found| found["spec"].clone()),
            Ok(json!({"replicas": 0}))
        );
        let options = decode(&envelope("policy/v1", "DeleteOptions", &[1 << 3, 30]));
        assert_eq!(
            options.map(|found| found["gracePeriodSeconds"].clone()),
            Ok(json!(30))
        );
    }

    #[test]
    fn messages_in_one_another_and_inline_are_read() {
        let port = [
            tagged(2, b"TCP"),
            vec![3 << 3, 80],
            tagged(4, &[1 << 3, 0, 2 << 3, 80]),
        ]
        .concat();
        let service = decode(&envelope("v1", "Service", &tagged(2, &tagged(1, &port))));
        let expected = json!([{"protocol": "TCP", "port": 80, "targetPort": 80}]);
        assert_eq!(
            service.map(|found| found["spec"]["ports"].clone()),
            Ok(expected)
        );
        let source = tagged(2, &tagged(19, &tagged(1, &tagged(1, b"settings"))));
        let volume = [tagged(1, b"v"), source].concat();
        let pod = decode(&envelope("v1", "Pod", &tagged(2, &tagged(1, &volume))));
        let expected = json!([{"name": "v", "configMap": {"name": "settings"}}]);
        assert_eq!(
            pod.map(|found| found["spec"]["volumes"].clone()),
            Ok(expected)
        );
    }

    #[test]
    fn nonsense_is_an_error() {
        let good = envelope("v1", "ConfigMap", &tagged(1, &tagged(1, b"m")));
        for at in 0..good.len() {
            // Some prefixes are whole messages; none panics.
            let _either = decode(&good[..at]);
            let mut broken = good.clone();
            broken[at] ^= 0xff;
            let _either = decode(&broken);
        }
        assert!(decode(b"{}").is_err());
        assert!(decode(&envelope("v1", "Nothing", &[])).is_err());
    }
}
