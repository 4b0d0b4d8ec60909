//! YAML as `sigs.k8s.io/yaml` writes it: keys sorted, lists not indented, texts
//! quoted where they would be read as something else, long ones folded.

use crate::sim::order::Order as _;
use serde_json::{Map, Value};

/// Lines are folded at the first space after this column.
const WIDTH: usize = 80;

/// A value as a document.
pub(in crate::kubectl) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => object(&mut out, map, 0, false),
        Value::Array(list) if !list.is_empty() => array(&mut out, list, 0),
        scalar => {
            inline(&mut out, scalar, 0, 0);
            out.push('\n');
        }
    }
    out
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n(' ', depth));
}

fn sorted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.order_by_key(|(key, _)| *key);
    entries
}

/// `after_dash`: the first key stands on the dash's line.
fn object(out: &mut String, map: &Map<String, Value>, depth: usize, after_dash: bool) {
    for (index, (key, value)) in sorted(map).into_iter().enumerate() {
        if index > 0 || !after_dash {
            indent(out, depth);
        }
        let key = match plain_text(key) {
            true => key.clone(),
            false => quoted(key),
        };
        out.push_str(&key);
        out.push(':');
        nested(out, value, depth, depth + key.chars().count() + 2);
    }
}

fn nested(out: &mut String, value: &Value, depth: usize, column: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            object(out, map, depth + 2, false);
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('\n');
            array(out, list, depth);
        }
        scalar => {
            out.push(' ');
            inline(out, scalar, depth + 2, column);
            out.push('\n');
        }
    }
}

fn array(out: &mut String, list: &[Value], depth: usize) {
    for value in list {
        indent(out, depth);
        out.push('-');
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push(' ');
                object(out, map, depth + 2, true);
            }
            Value::Array(inner) if !inner.is_empty() => {
                out.push(' ');
                let mut text = String::new();
                array(&mut text, inner, depth + 2);
                out.push_str(text.trim_start());
            }
            scalar => {
                out.push(' ');
                inline(out, scalar, depth + 2, depth + 2);
                out.push('\n');
            }
        }
    }
}

fn inline(out: &mut String, value: &Value, depth: usize, column: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::String(text) => string(out, text, depth, column),
        other => out.push_str(&other.to_string()),
    }
}

fn string(out: &mut String, text: &str, depth: usize, column: usize) {
    if text.contains('\n') && is_printable(text) && !text.contains(" \n") {
        return block(out, text, depth);
    }
    match plain_text(text) {
        true => folded(out, text, depth, column),
        false if is_printable(text) && !text.contains('\n') && !looks_typed(text) => {
            out.push('\'');
            folded(out, &text.replace('\'', "''"), depth, column + 1);
            out.push('\'');
        }
        false => out.push_str(&escaped(text)),
    }
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !c.is_control())
}

/// Words, with a new line at the first single space beyond the width.
fn folded(out: &mut String, text: &str, depth: usize, mut column: usize) {
    let characters: Vec<char> = text.chars().collect();
    let is_space = |at: usize| characters.get(at) == Some(&' ');
    for (at, character) in characters.iter().enumerate() {
        let breaks = *character == ' '
            && column > WIDTH
            && at > 0
            && at + 1 < characters.len()
            && !is_space(at + 1)
            && !is_space(at - 1);
        if breaks {
            out.push('\n');
            indent(out, depth);
            column = depth;
        } else {
            out.push(*character);
            column += 1;
        }
    }
}

fn block(out: &mut String, text: &str, depth: usize) {
    out.push('|');
    if text.starts_with(' ') || text.starts_with('\n') {
        out.push('2');
    }
    let body = match text.strip_suffix('\n') {
        None => {
            out.push('-');
            text
        }
        Some(body) if body.ends_with('\n') => {
            out.push('+');
            body
        }
        Some(body) => body,
    };
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(out, depth);
            out.push_str(line);
        }
    }
}

/// A text in the quotes that a key or value needs.
fn quoted(text: &str) -> String {
    match is_printable(text) && !text.contains('\n') && !looks_typed(text) {
        true => format!("'{}'", text.replace('\'', "''")),
        false => escaped(text),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            other if other.is_control() => out.push_str(&format!("\\x{:02X}", other as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Whether an untyped text would be read as something that is no text.
fn looks_typed(text: &str) -> bool {
    let word = matches!(
        text,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
            | "y"
            | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "on"
            | "On"
            | "ON"
            | "off"
            | "Off"
            | "OFF"
            | "<<"
            | "="
            | ".inf"
            | ".Inf"
            | ".INF"
            | ".nan"
            | ".NaN"
            | ".NAN"
    );
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts_as_number =
        unsigned.starts_with(|c: char| c.is_ascii_digit()) || unsigned.starts_with('.');
    let digits = unsigned.replace('_', "");
    let based = |prefix: &str, radix: u32| {
        digits
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    let number = starts_as_number
        && (digits.parse::<f64>().is_ok() || based("0x", 16) || based("0o", 8) || based("0b", 2));
    // `1:30` is a number of YAML 1.1, and `2026-01-05` a date.
    let sexagesimal = unsigned.contains(':')
        && unsigned
            .split(':')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
    word || number || sexagesimal || is_date(text)
}

fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let year = parts
        .next()
        .is_some_and(|part| part.len() == 4 && part.chars().all(|c| c.is_ascii_digit()));
    let month = parts.next().is_some_and(|part| {
        matches!(part.len(), 1 | 2) && part.chars().all(|c| c.is_ascii_digit())
    });
    let day = parts
        .next()
        .is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    year && month && day
}

/// Whether a text may stand without quotes.
fn plain_text(text: &str) -> bool {
    let first_special = [
        '-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@',
        '`',
    ];
    let mut characters = text.chars();
    let (first, second) = (characters.next(), characters.next());
    let leads = match first {
        Some('-' | '?' | ':') => second.is_some_and(|c| c != ' ') && text != "---",
        Some(first) => !first_special.contains(&first),
        None => false,
    };
    leads
        && !looks_typed(text)
        && is_printable(text)
        && !text.contains('\n')
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_quoted_where_they_must_be() {
        let table = [
            ("nginx:1.25", "nginx:1.25"),
            ("1", "\"1\""),
            ("y", "\"y\""),
            ("", "\"\""),
            ("2026-11-22T18:43:16Z", "\"2026-11-22T18:43:16Z\""),
            ("Created pod: x", "'Created pod: x'"),
            ("*/5 * * * *", "'*/5 * * * *'"),
            ("0 0 * * *", "0 0 * * *"),
            ("-c", "-c"),
            ("/var/x", "/var/x"),
            ("10.0.0.1", "10.0.0.1"),
            ("25%", "25%"),
            ("l1\nl2", "|-\n    l1\n    l2"),
        ];
        for (text, expected) in table {
            let written = write(&json!({"a": {"b": text}}));
            assert_eq!(written, format!("a:\n  b: {expected}\n"), "{text:?}");
        }
    }

    #[test]
    fn lists_stand_under_their_key() {
        let value = json!({"a": [{"y": [], "b": 1}, "x", []], "c": {}});
        assert_eq!(write(&value), "a:\n- b: 1\n  \"y\": []\n- x\n- []\nc: {}\n");
    }
}
