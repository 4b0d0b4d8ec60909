//! A text as documents.

use super::lenient;
use super::place::{self, Position};
use super::yaml::{self, Fault, Inside, Place, Span};
use super::{Diagnostic, INPUT_BYTES_MAX, Severity};
use crate::api::{Key, Kind};
use serde_json::Value;

/// One object of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its number in the text, from 0; items of a list have numbers of their own.
    pub index: usize,
    /// First line, from 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// `apiVersion`, or empty.
    pub api_version: String,
    /// `kind`, or empty.
    pub kind: String,
    /// `metadata.namespace`, or empty.
    pub namespace: String,
    /// `metadata.name`, or empty.
    pub name: String,
    /// The object.
    pub value: Value,
    /// Where its fields are.
    pub place: Place,
}

impl Document {
    /// Where a field is (`spec.containers[0].image`), or its nearest existing
    /// parent.
    pub fn position(&self, path: &str) -> Position {
        place::find(&self.place, path)
    }

    /// Its kind, where it is known in that version.
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_api_version(&self.api_version, &self.kind)
    }

    /// `kind` as it is written.
    pub fn kind_name(&self) -> &str {
        &self.kind
    }

    /// Its namespace and name; `default_namespace` where a namespaced object names
    /// none.
    pub fn key(&self, default_namespace: &str) -> Key {
        let namespaced = self.kind().is_none_or(|kind| kind.info().namespaced);
        let namespace = match self.namespace.as_str() {
            _ if !namespaced => "",
            "" => default_namespace,
            given => given,
        };
        Key::new(namespace, self.name.as_str())
    }

    fn new(index: usize, value: Value, place: Place) -> Self {
        let text = |pointer: &str| {
            let text = value.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        Document {
            index,
            line: place.span.line,
            end_line: place.span.end_line.max(place.span.line),
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
            value,
            place,
        }
    }
}

/// The documents of a text, or all that keeps it from being read. Comments and
/// blank documents are skipped, `kind: List` is taken apart.
pub fn read(text: &str) -> Result<Vec<Document>, Vec<Diagnostic>> {
    let (documents, diagnostics) = read_all(text);
    let broken = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    if broken {
        Err(diagnostics)
    } else {
        Ok(documents)
    }
}

/// The documents that can be read, and what is wrong with the others.
pub fn read_all(text: &str) -> (Vec<Document>, Vec<Diagnostic>) {
    let mut documents = Vec::new();
    let mut diagnostics = Vec::new();
    if text.len() > INPUT_BYTES_MAX {
        let message = format!(
            "the text has {} bytes; at most {INPUT_BYTES_MAX} (10 MiB) are read",
            text.len()
        );
        let fix = "apply it in several parts";
        diagnostics.push(Diagnostic::new(Severity::Error, Span::at(1, 1), message).fix(fix));
        return (documents, diagnostics);
    }
    for (first_line, part) in split(text) {
        if part.trim().is_empty() {
            continue;
        }
        let (parsed, several) = parse(part, first_line);
        for (index, parsed) in parsed.into_iter().enumerate() {
            if index > 0 && !several && !parsed.blank {
                diagnostics.push(unread(&parsed, first_line));
                break;
            }
            for fault in &parsed.faults {
                let mut diagnostic = self::fault(fault);
                if fault.message.contains("tab") {
                    to_tab(part, first_line, &mut diagnostic);
                }
                diagnostics.push(diagnostic);
            }
            if parsed.blank {
                continue;
            }
            if let Some((value, place)) = parsed.root {
                add(value, place, &mut documents);
            }
        }
    }
    (documents, diagnostics)
}

/// The text between lines of `---`, with the number of its first line. Each part
/// is read by itself, so that one broken document leaves the others whole.
fn split(text: &str) -> Vec<(u32, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut first_line) = (0, 1);
    let (mut at, mut line) = (0, 1u32);
    for whole in text.split_inclusive('\n') {
        let end = at + whole.len();
        let separator = whole.strip_prefix("---").is_some_and(|rest| {
            let rest = rest.trim();
            rest.is_empty() || rest.starts_with('#')
        });
        if separator {
            parts.push((first_line, &text[start..at]));
            (start, first_line) = (end, line + 1);
        }
        at = end;
        line = line.saturating_add(1);
    }
    parts.push((first_line, &text[start..]));
    parts
}

/// What follows `...`: kubectl reads the first document of each part only.
fn unread(parsed: &yaml::Parsed, first_line: u32) -> Diagnostic {
    let place = parsed.root.as_ref().map(|(_, place)| place.span);
    let fault = parsed.faults.first().map(|fault| fault.span);
    let span = place.or(fault).unwrap_or(Span::at(first_line, 1));
    let span = Span::at(span.line, span.column);
    let message = "this document is not read: only the first after each `---` is";
    let fix = "begin the document with a line `---`, and remove `...`";
    Diagnostic::new(Severity::Warning, span, message).fix(fix)
}

/// As YAML; what begins like JSON and is no YAML (tabs, several objects in a row)
/// as JSON, whose values then all stand where the document begins. Also tells
/// whether all of the documents count.
fn parse(part: &str, first_line: u32) -> (Vec<yaml::Parsed>, bool) {
    let parsed = lenient::parse(part, first_line);
    let broken = parsed.iter().any(|it| it.root.is_none() && !it.blank);
    if !broken || !part.trim_start().starts_with('{') {
        return (parsed, false);
    }
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(part).into_iter::<Value>() {
        match value {
            Ok(value) => values.push(value),
            Err(error) => {
                let line = u32::try_from(error.line()).unwrap_or(1).max(1);
                let column = u32::try_from(error.column()).unwrap_or(1).max(1);
                let text = error.to_string();
                let message = text.split(" at line").next().unwrap_or_default();
                let fault = Fault {
                    span: Span::at(line + first_line - 1, column),
                    message: message.to_owned(),
                    harmless: false,
                };
                let broken = yaml::Parsed {
                    root: None,
                    faults: vec![fault],
                    blank: false,
                };
                return (vec![broken], true);
            }
        }
    }
    let blank_lines = part.len() - part.trim_start().len();
    let skipped = part[..blank_lines].matches('\n').count();
    let line = first_line.saturating_add(u32::try_from(skipped).unwrap_or_default());
    let json = |value: Value| yaml::Parsed {
        root: Some((value, place_of_json(line))),
        faults: Vec::new(),
        blank: false,
    };
    (values.into_iter().map(json).collect(), true)
}

fn place_of_json(line: u32) -> Place {
    Place {
        span: Span::at(line, 1),
        inside: Inside::Nothing,
    }
}

fn fault(fault: &Fault) -> Diagnostic {
    if fault.harmless {
        let fix = "remove one of the two; kubectl takes the last, a server refuses both";
        return Diagnostic::new(Severity::Warning, fault.span, &fault.message).fix(fix);
    }
    let message = format!("error parsing YAML: {}", fault.message);
    Diagnostic::new(Severity::Error, fault.span, message).fix(syntax_fix(&fault.message))
}

/// A tab in the indentation is found late; the place to change is the tab.
fn to_tab(part: &str, first_line: u32, diagnostic: &mut Diagnostic) {
    let from = diagnostic.line.saturating_sub(first_line);
    let lines = (first_line..).zip(part.lines()).skip(from as usize);
    let indented = lines.filter_map(|(number, line)| {
        let indentation = line.chars().take_while(|it| it.is_whitespace());
        let column = indentation.zip(1u32..).find(|(it, _)| *it == '\t')?.1;
        Some((number, column))
    });
    if let Some((line, column)) = indented.take(1).next() {
        diagnostic.line = line;
        diagnostic.end_line = line;
        diagnostic.column = column;
        diagnostic.end_column = column + 1;
    }
}

/// What to do about a broken text, by what the parser says of it.
fn syntax_fix(message: &str) -> &'static str {
    let table = [
        ("tab", "indent with spaces; YAML allows no tabs"),
        (
            "mapping values",
            "check the indentation of this line, and put texts with `: ` in quotes",
        ),
        (
            "did not find expected key",
            "check the indentation of this line and the one before",
        ),
        (
            "simple key",
            "a `:` is missing after the key, or the line is indented wrongly",
        ),
        (
            "escape",
            "write `\\\\` for a backslash, or use single quotes",
        ),
        ("quoted", "close the quotes"),
        ("flow", "close the bracket or brace"),
        ("anchor", "define the anchor (`&name`) before it is used"),
        (
            "alias",
            "define the anchor (`&name`) before it is used; repeat less with aliases",
        ),
        ("deeper", "nest less deeply"),
        ("key must be", "put the key in quotes"),
        ("twice", "give every key once"),
    ];
    table
        .iter()
        .find(|(word, _)| message.contains(word))
        .map_or(
            "check the indentation and the punctuation around here",
            |(_, fix)| fix,
        )
}

/// Adds an object, or the items of a list of objects.
fn add(mut value: Value, mut place: Place, documents: &mut Vec<Document>) {
    let is_list = value["kind"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("List"))
        && value["items"].is_array();
    if !is_list {
        documents.push(Document::new(documents.len(), value, place));
        return;
    }
    let items = match value["items"].take() {
        Value::Array(items) => items,
        _ => return,
    };
    let whole = place.span;
    let mut places = match &mut place.inside {
        Inside::Fields(fields) => fields
            .iter_mut()
            .find(|(name, _, _)| name == "items")
            .map(|(_, _, place)| std::mem::take(place)),
        _ => None,
    };
    let mut places = match places
        .as_mut()
        .map(|place| std::mem::take(&mut place.inside))
    {
        Some(Inside::Items(places)) => places,
        _ => Vec::new(),
    }
    .into_iter();
    for item in items {
        let of_json = || Place {
            span: whole,
            inside: Inside::Nothing,
        };
        let place = places.next().unwrap_or_else(of_json);
        documents.push(Document::new(documents.len(), item, place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_know_their_lines_and_names() {
        let text = "# words only\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n--- # next\n\
                    kind: List\napiVersion: v1\nitems:\n- kind: Service\n  apiVersion: v1\n  \
                    metadata:\n    name: b\n    namespace: ns\n---\n";
        let documents = read(text).unwrap_or_default();
        let found: Vec<_> = documents
            .iter()
            .map(|it| {
                (
                    it.line,
                    it.kind.as_str(),
                    it.namespace.as_str(),
                    it.name.as_str(),
                )
            })
            .collect();
        assert_eq!(found, [(3, "Pod", "", "a"), (10, "Service", "ns", "b")]);
        assert_eq!(documents[1].position("metadata.name").span.line, 13);
    }

    #[test]
    fn json_is_read_even_with_tabs_and_in_a_row() {
        let text = "{\n\t\"kind\": \"Pod\",\n\t\"apiVersion\": \"v1\"\n}\n{\"kind\": \"Service\"}";
        let kinds: Vec<String> = read(text)
            .unwrap_or_default()
            .into_iter()
            .map(|document| document.kind)
            .collect();
        assert_eq!(kinds, ["Pod", "Service"]);
    }

    #[test]
    fn a_broken_document_leaves_the_others() {
        let text = "kind: Pod\n---\na: b: c\n---\nkind: Service\n";
        let (documents, diagnostics) = read_all(text);
        assert_eq!(documents.len(), 2);
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(diagnostics[0].line, 3);
        assert!(!diagnostics[0].fix.is_empty());
    }
}
