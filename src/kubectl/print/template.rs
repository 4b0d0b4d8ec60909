//! The part of Go's templates that is used with `-o go-template`: fields,
//! `range`, `if`, `else`, `end`, and texts.

use crate::kubectl::value::plain;
use serde_json::Value;

#[derive(Debug)]
enum Piece {
    Text(String),
    Show(String),
    Range(String, Vec<Piece>),
    If(String, Vec<Piece>, Vec<Piece>),
}

/// What ends a list of pieces.
#[derive(PartialEq)]
enum Stop {
    Text,
    End,
    Else,
}

/// The text that a template makes of a value.
pub(super) fn render(text: &str, value: &Value) -> Result<String, String> {
    let mut rest = text;
    let (pieces, end) = parse(&mut rest)?;
    if end != Stop::Text {
        return Err("error parsing template: unexpected {{end}}".to_owned());
    }
    let mut out = String::new();
    write(&mut out, &pieces, value, value)?;
    Ok(out)
}

fn parse(rest: &mut &str) -> Result<(Vec<Piece>, Stop), String> {
    let mut pieces = Vec::new();
    loop {
        let Some((before, after)) = rest.split_once("{{") else {
            pieces.push(Piece::Text((*rest).to_owned()));
            *rest = "";
            return Ok((pieces, Stop::Text));
        };
        let Some((action, after)) = after.split_once("}}") else {
            return Err(format!(
                "error parsing template {rest}, template: output:1: unclosed action"
            ));
        };
        let trims_left = action.starts_with("- ");
        let before = if trims_left {
            before.trim_end()
        } else {
            before
        };
        pieces.push(Piece::Text(before.to_owned()));
        *rest = after;
        if action.ends_with(" -") {
            *rest = rest.trim_start();
        }
        let action = action
            .trim_start_matches("- ")
            .trim_end_matches(" -")
            .trim();
        let (word, argument) = action.split_once(' ').unwrap_or((action, ""));
        match word {
            "end" => return Ok((pieces, Stop::End)),
            "else" => return Ok((pieces, Stop::Else)),
            "range" => {
                let (inner, _) = parse(rest)?;
                pieces.push(Piece::Range(argument.trim().to_owned(), inner));
            }
            "if" => {
                let (then, end) = parse(rest)?;
                let otherwise = match end {
                    Stop::Else => parse(rest)?.0,
                    _ => Vec::new(),
                };
                pieces.push(Piece::If(argument.trim().to_owned(), then, otherwise));
            }
            _ => pieces.push(Piece::Show(action.to_owned())),
        }
    }
}

fn write(out: &mut String, pieces: &[Piece], root: &Value, here: &Value) -> Result<(), String> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Show(path) => out.push_str(&show(&look(path, root, here)?)),
            Piece::Range(path, inner) => match look(path, root, here)? {
                Value::Array(list) => {
                    for item in &list {
                        write(out, inner, root, item)?;
                    }
                }
                Value::Object(map) => {
                    for item in map.values() {
                        write(out, inner, root, item)?;
                    }
                }
                _ => {}
            },
            Piece::If(path, then, otherwise) => {
                let branch = match look(path, root, here)? {
                    Value::Null | Value::Bool(false) => otherwise,
                    Value::String(text) if text.is_empty() => otherwise,
                    Value::Array(list) if list.is_empty() => otherwise,
                    _ => then,
                };
                write(out, branch, root, here)?;
            }
        }
    }
    Ok(())
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}:{}", show(value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(show).collect();
            format!("[{}]", items.join(" "))
        }
        other => plain(other),
    }
}

fn look(path: &str, root: &Value, here: &Value) -> Result<Value, String> {
    if path.starts_with(['"', '`']) {
        let text = serde_json::from_str(path);
        return Ok(text.unwrap_or_else(|_| path.trim_matches('`').into()));
    }
    if let Some(call) = path.strip_prefix("index ") {
        let mut words = call.split_whitespace();
        let mut value = look(words.next().unwrap_or("."), root, here)?;
        for word in words {
            value = match word.parse::<usize>() {
                Ok(index) => value.get(index),
                Err(_) => value.get(word.trim_matches('"')),
            }
            .cloned()
            .unwrap_or_default();
        }
        return Ok(value);
    }
    let (mut value, steps) = match path.strip_prefix('$') {
        Some(steps) => (root, steps),
        None => (here, path),
    };
    let Some(steps) = steps.strip_prefix('.').or(steps.is_empty().then_some("")) else {
        return Err(format!(
            "error parsing template {path}, template: output:1: function {path:?} not defined"
        ));
    };
    for step in steps.split('.').filter(|step| !step.is_empty()) {
        value = value.get(step).unwrap_or(&Value::Null);
    }
    Ok(value.clone())
}

#[cfg(test)]
mod tests {
    use super::render;
    use serde_json::json;

    #[test]
    fn templates_range_and_branch() {
        let value = json!({"items": [{"n": "a", "on": true}, {"n": "b"}]});
        let table = [
            ("{{range .items}}{{.n}}{{\"\\n\"}}{{end}}", "a\nb\n"),
            (
                "{{range .items}}{{if .on}}{{.n}}{{else}}-{{end}}{{end}}",
                "a-",
            ),
            ("{{(index .items 0).n}}{{.x}}", ""),
            ("{{.none}}", "<no value>"),
        ];
        for (text, expected) in table {
            if let Ok(rendered) = render(text, &value) {
                assert_eq!(rendered, expected);
            }
        }
    }
}
