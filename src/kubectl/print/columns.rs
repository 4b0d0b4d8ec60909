//! `-o custom-columns`.

use super::jsonpath::{Template, relaxed};
use super::tabs::{TABLE, align};
use crate::kubectl::fault::Fault;
use crate::kubectl::value::{items, plain};
use serde_json::Value;

/// Columns with their heads.
#[derive(Clone, Debug)]
pub(in crate::kubectl) struct Columns(Vec<(String, Template)>);

impl Columns {
    /// Reads `HEAD:path,…`.
    pub(super) fn read(spec: &str) -> Result<Columns, Fault> {
        if spec.is_empty() {
            return Err(Fault::message(
                "custom-columns format specified but no custom columns given",
            ));
        }
        let column = |part: &str| {
            let Some((head, path)) = part.split_once(':') else {
                return Err(Fault::Message(format!(
                    "unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
                )));
            };
            template(path).map(|template| (head.to_owned(), template))
        };
        let columns: Result<Vec<_>, Fault> = spec.split(',').map(column).collect();
        columns.map(Columns)
    }

    /// Reads a line of heads and a line of paths.
    pub(super) fn read_file(text: &str) -> Result<Columns, Fault> {
        let mut lines = text.lines();
        let mut words = || {
            let line = lines.next().unwrap_or_default();
            line.split_whitespace().collect::<Vec<&str>>()
        };
        let (heads, paths) = (words(), words());
        if heads.len() != paths.len() {
            return Err(Fault::Message(format!(
                "number of headers ({}) and field specifications ({}) don't match",
                heads.len(),
                paths.len()
            )));
        }
        let column = |(head, path): (&&str, &&str)| {
            template(path).map(|template| ((*head).to_owned(), template))
        };
        let columns: Result<Vec<_>, Fault> = heads.iter().zip(&paths).map(column).collect();
        columns.map(Columns)
    }

    /// A line for every object.
    pub(super) fn write(&self, object: &Value, no_headers: bool) -> Result<String, Fault> {
        let mut lines = Vec::new();
        if !no_headers {
            let heads: Vec<&str> = self.0.iter().map(|(head, _)| head.as_str()).collect();
            lines.push(heads.join("\t"));
        }
        let objects = match object.get("items") {
            Some(_) => items(object, "/items"),
            None => std::slice::from_ref(object),
        };
        for object in objects {
            let cells: Vec<String> = self.0.iter().map(|(_, path)| cell(path, object)).collect();
            lines.push(cells.join("\t"));
        }
        let text = align(&lines.join("\n"), TABLE);
        Ok(match text.is_empty() {
            true => text,
            false => format!("{text}\n"),
        })
    }
}

fn template(path: &str) -> Result<Template, Fault> {
    let path = relaxed(path).map_err(Fault::Message)?;
    Template::parse(&path, true).map_err(Fault::Message)
}

fn cell(path: &Template, object: &Value) -> String {
    let found = path.find(object).unwrap_or_default();
    let texts: Vec<String> = found.into_iter().map(go_text).collect();
    match texts.is_empty() {
        true => "<none>".to_owned(),
        false => texts.join(","),
    }
}

/// As Go's `%v` writes maps and lists.
fn go_text(value: &Value) -> String {
    match value {
        Value::Object(_) => {
            let entries: Vec<String> = crate::kubectl::value::entries(value, "")
                .into_iter()
                .map(|(key, value)| format!("{key}:{}", go_text(value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(go_text).collect();
            format!("[{}]", items.join(" "))
        }
        other => plain(other),
    }
}
