//! How objects are printed: `-o`.

mod columns;
pub(super) mod jsonpath;
pub(super) mod tabs;
mod template;
pub(super) mod yaml;

use super::fault::Fault;
use super::flags::Given;
use super::value::{items, name, text};
use crate::sim::order::Order as _;
use columns::Columns;
use jsonpath::Template;
use serde_json::{Map, Value, json};

/// The formats of commands that print one object.
const FORMATS: &str = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml";
/// Those of `get`.
const GET_FORMATS: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml";

/// The flags about output, as commands list them.
pub(super) const OUTPUT_FLAGS: &str =
    " output/o:s template:s allow-missing-template-keys show-managed-fields";

/// A format of output.
#[derive(Clone, Debug)]
pub(super) enum Format {
    /// `table` for `get`, a line for others.
    Human,
    Wide,
    Name,
    Json,
    Yaml,
    KYaml,
    JsonPath(Template, String),
    JsonPathAsJson(Template, String),
    Columns(Columns),
    GoTemplate(String),
}

impl Format {
    /// What `-o` asks for.
    pub(super) fn of(
        given: &Given,
        get: bool,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Format, Fault> {
        let output = given.text("output");
        let (named, argument) = match output.split_once('=') {
            Some((named, argument)) => (named, Some(argument)),
            None => (output, None),
        };
        let missing_allowed = given.or("allow-missing-template-keys", true);
        let template = || {
            let given = argument.unwrap_or_else(|| given.text("template"));
            match given {
                "" => Err(Fault::message(
                    "template format specified but no template given",
                )),
                text => Ok(text.to_owned()),
            }
        };
        let file = || {
            let path = template()?;
            read(&path).ok_or_else(|| {
                Fault::Message(format!(
                    "error reading --template {path}, open {path}: no such file or directory"
                ))
            })
        };
        let path = |text: String| {
            let parsed = Template::parse(&text, missing_allowed);
            parsed
                .map(|parsed| (parsed, text.clone()))
                .map_err(|why| Fault::Message(format!("error parsing jsonpath {text}, {why}")))
        };
        Ok(match named {
            "" if argument.is_none() && given.get("template").is_some() => {
                Format::GoTemplate(template()?)
            }
            "" if argument.is_none() => Format::Human,
            "wide" if get => Format::Wide,
            "name" => Format::Name,
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            "kyaml" => Format::KYaml,
            "jsonpath" => {
                let (parsed, text) = path(template()?)?;
                Format::JsonPath(parsed, text)
            }
            "jsonpath-file" => {
                let (parsed, text) = path(file()?)?;
                Format::JsonPath(parsed, text)
            }
            "jsonpath-as-json" => {
                let (parsed, text) = path(template()?)?;
                Format::JsonPathAsJson(parsed, text)
            }
            "go-template" | "template" => Format::GoTemplate(template()?),
            "go-template-file" | "templatefile" => Format::GoTemplate(file()?),
            "custom-columns" if get => {
                let spec = argument.unwrap_or_default();
                Format::Columns(Columns::read(spec)?)
            }
            "custom-columns-file" if get => Format::Columns(Columns::read_file(&file()?)?),
            _ => {
                let formats = if get { GET_FORMATS } else { FORMATS };
                return Err(Fault::Message(format!(
                    "unable to match a printer suitable for the output format {output:?}, allowed formats are: {formats}"
                )));
            }
        })
    }

    /// Whether tables are asked of the server.
    pub(super) fn is_table(&self) -> bool {
        matches!(self, Format::Human | Format::Wide)
    }

    /// An object, or a list of some.
    pub(super) fn write(&self, object: &Value, no_headers: bool) -> Result<String, Fault> {
        Ok(match self {
            Format::Human | Format::Wide => String::new(),
            Format::Name => match object.get("items") {
                Some(_) => items(object, "/items").iter().map(name_line).collect(),
                None => name_line(object),
            },
            Format::Json => json_text(&sorted(object)),
            Format::Yaml => yaml::write(object),
            Format::KYaml => kyaml(object),
            Format::JsonPath(template, text) => render(template, text, object)?,
            Format::JsonPathAsJson(template, text) => {
                let found = template
                    .find(object)
                    .map_err(|why| failed(text, object, &why))?;
                json_text(&json!(found))
            }
            Format::Columns(columns) => columns.write(object, no_headers)?,
            Format::GoTemplate(text) => template::render(text, object).map_err(Fault::Message)?,
        })
    }
}

fn render(template: &Template, text: &str, object: &Value) -> Result<String, Fault> {
    template
        .render(object)
        .map_err(|why| failed(text, object, &why))
}

fn failed(text: &str, object: &Value, why: &str) -> Fault {
    Fault::Message(format!(
        "error executing jsonpath {text:?}: Error executing template: {why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{text}\n\tobject given to jsonpath engine was:\n\t\t{}\n\n",
        go_value(object)
    ))
}

/// A value as Go's `%#v` writes decoded JSON.
fn go_value(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.order_by_key(|(key, _)| *key);
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, value)| format!("{key:?}:{}", go_value(value)))
                .collect();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(go_value).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::String(text) => format!("{text:?}"),
        Value::Null => "interface {}(nil)".to_owned(),
        other => other.to_string(),
    }
}

/// `deployment.apps`: how lines name a kind.
pub(super) fn kind_of(object: &Value) -> String {
    let kind = text(object, "/kind").to_lowercase();
    match text(object, "/apiVersion").split_once('/') {
        Some((group, _)) => format!("{kind}.{group}"),
        None => kind,
    }
}

fn name_line(object: &Value) -> String {
    format!("{}/{}\n", kind_of(object), name(object))
}

/// JSON with four spaces.
pub(super) fn json_text(value: &Value) -> String {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    let _written = serde::Serialize::serialize(value, &mut serializer);
    out.push(b'\n');
    String::from_utf8_lossy(&out).into_owned()
}

/// JSON with its keys sorted, as Go writes maps.
pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.order_by_key(|(key, _)| *key);
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted(value)));
            Value::Object(entries.collect::<Map<String, Value>>())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// YAML that looks like JSON (`sigs.k8s.io/yaml/kyaml`).
fn kyaml(value: &Value) -> String {
    let mut out = String::from("---\n");
    kyaml_value(&mut out, &sorted(value), 0);
    out.push('\n');
    out
}

fn kyaml_value(out: &mut String, value: &Value, depth: usize) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push_str("{\n");
            for (key, value) in map {
                let key = yaml::write(&json!({ key: 0 }));
                out.push_str(&format!("{pad}  {}: ", key.trim_end_matches(": 0\n")));
                kyaml_value(out, value, depth + 1);
                out.push_str(",\n");
            }
            out.push_str(&format!("{pad}}}"));
        }
        Value::Array(list) if list.iter().all(|item| item.is_object()) && !list.is_empty() => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                kyaml_value(out, item, depth);
            }
            out.push(']');
        }
        Value::Array(list) if !list.is_empty() => {
            out.push_str("[\n");
            for item in list {
                out.push_str(&format!("{pad}  "));
                kyaml_value(out, item, depth + 1);
                out.push_str(",\n");
            }
            out.push_str(&format!("{pad}]"));
        }
        Value::String(text) if text.contains('\n') => {
            let lines: Vec<String> = text
                .split('\n')
                .map(|line| line.replace('"', "\\\""))
                .collect();
            let body = lines.join(&format!("\\n\\\n{pad}   "));
            out.push_str(&format!("\"\\\n{pad}   {body}\\\n{pad}  \""));
        }
        other => out.push_str(&other.to_string()),
    }
}
