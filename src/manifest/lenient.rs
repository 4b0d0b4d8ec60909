//! Texts that are no YAML to the letter and that Kubernetes reads all the same:
//! libyaml, and Go's port of it, are more lenient than the standard.

use super::yaml::{self, Fault, Parsed};
use std::borrow::Cow;

/// How many places of one document are mended.
const REPAIRS_MAX: usize = 32;
/// Longer texts are not mended: each repair reads the text once more.
const REPAIRED_BYTES_MAX: usize = 256 * 1024;
/// Further than any parent is indented.
const FAR: &str = "                                                                ";

/// As [`yaml::parse`], with what libyaml lets pass mended first.
pub(super) fn parse(text: &str, first_line: u32) -> Vec<Parsed> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..REPAIRS_MAX {
        let parsed = yaml::parse(&text, first_line);
        let fault = parsed
            .iter()
            .flat_map(|it| &it.faults)
            .find(|fault| !fault.harmless);
        let Some(fault) = fault else { return parsed };
        if text.len() > REPAIRED_BYTES_MAX {
            return parsed;
        }
        match repair(&text, first_line, fault) {
            Some(mended) => text = Cow::Owned(mended),
            None => return parsed,
        }
    }
    yaml::parse(&text, first_line)
}

fn repair(text: &str, first_line: u32, fault: &Fault) -> Option<String> {
    let line = fault.span.line.checked_sub(first_line)? as usize;
    let start = line_start(text, line)?;
    if fault.message.contains("unknown escape character") {
        let column = fault.span.column.checked_sub(1)? as usize;
        let rest = &text[start..];
        let (offset, _) = rest.char_indices().nth(column)?;
        return escaped_quotes(text, start + offset);
    }
    // Inside brackets and quotes the indentation does not matter to libyaml.
    let of_inside = fault.message.starts_with("invalid indentation")
        && !fault.message.contains("anchor")
        && !text[start..].starts_with(FAR);
    of_inside.then(|| format!("{}{FAR}{}", &text[..start], &text[start..]))
}

fn line_start(text: &str, line: usize) -> Option<usize> {
    match line {
        0 => Some(0),
        line => text.match_indices('\n').nth(line - 1).map(|(at, _)| at + 1),
    }
}

/// `\'` in a text in double quotes is a plain `'` to libyaml.
fn escaped_quotes(text: &str, opening: usize) -> Option<String> {
    let scalar = text.get(opening..)?.strip_prefix('"')?;
    let mut mended = String::with_capacity(text.len());
    mended.push_str(&text[..=opening]);
    let mut characters = scalar.char_indices();
    let mut changed = false;
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                mended.push_str(&scalar[at..]);
                return changed.then_some(mended);
            }
            '\\' => match characters.next()?.1 {
                '\'' => {
                    changed = true;
                    mended.push('\'');
                }
                escaped => mended.extend(['\\', escaped]),
            },
            other => mended.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_libyaml_lets_pass_is_read() {
        let table = [
            (r#"a: "it\'s \"so\"""#, json!({"a": "it's \"so\""})),
            ("a:\n  b: [\n    1, 2\n  ]\n", json!({"a": {"b": [1, 2]}})),
            (
                "a:\n  b: [\n1, 2\n]\nc: 3\n",
                json!({"a": {"b": [1, 2]}, "c": 3}),
            ),
        ];
        for (text, wanted) in table {
            let value: Option<Value> = parse(text, 1)
                .into_iter()
                .find_map(|it| it.root)
                .map(|(value, _)| value);
            assert_eq!(value, Some(wanted), "{text}");
        }
    }
}
