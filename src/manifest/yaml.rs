//! YAML as Kubernetes reads it: YAML 1.1 (`yes`, `on` and `0777` mean what they
//! meant there), turned into JSON, with the place of every value kept.

use super::scalar;
use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan, Tag};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// How deep a document may nest; Kubernetes' own objects stay under 30.
pub const DEPTH_MAX: usize = 128;
/// How many values aliases may add to a document, all together.
pub const ALIASED_VALUES_MAX: usize = 100_000;
/// How many keys may be given twice before a document is given up.
const DUPLICATES_MAX: usize = 100;

/// A range of the text. Lines and columns count from 1, columns in characters;
/// the end is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last.
    pub end_column: u32,
}

impl Span {
    fn of(span: YamlSpan, first_line: u32) -> Span {
        let line = |line: usize| to_u32(line) + first_line - 1;
        Span {
            line: line(span.start.line()),
            column: to_u32(span.start.col()) + 1,
            end_line: line(span.end.line()),
            end_column: to_u32(span.end.col()) + 1,
        }
    }

    /// One character at a place.
    pub fn at(line: u32, column: u32) -> Span {
        Span {
            line,
            column,
            end_line: line,
            end_column: column + 1,
        }
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Where the values of a document are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The value itself.
    pub span: Span,
    /// What is inside it.
    pub inside: Inside,
}

/// What is inside a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Inside {
    /// Nothing: a text, a number.
    #[default]
    Nothing,
    /// The items of a list.
    Items(Vec<Place>),
    /// The fields of a map: name, place of the name, place of the value.
    Fields(Vec<(String, Span, Place)>),
}

/// What is wrong with a text as YAML.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Where.
    pub span: Span,
    /// What, in few words.
    pub message: String,
    /// Whether the document can be read all the same.
    pub harmless: bool,
}

/// A document, or why there is none.
pub struct Parsed {
    /// The value and where its parts are; nothing where the text is broken.
    pub root: Option<(Value, Place)>,
    /// Faults, in the order of the text.
    pub faults: Vec<Fault>,
    /// Whether it is worth more than comments.
    pub blank: bool,
}

/// Reads the documents in `text`, whose first line is `first_line` of the whole.
pub fn parse(text: &str, first_line: u32) -> Vec<Parsed> {
    let mut documents = Vec::new();
    let mut builder = Builder::new(first_line);
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let end = matches!(event, Event::DocumentEnd);
                if let Err(fault) = builder.take(event, span) {
                    documents.push(builder.broken(fault));
                    return documents;
                }
                if end {
                    documents.push(builder.finish());
                }
            }
            Err(error) => {
                let marker = error.marker();
                let line = to_u32(marker.line()) + first_line - 1;
                let fault = Fault {
                    span: Span::at(line.max(first_line), to_u32(marker.col()) + 1),
                    message: error.info().to_owned(),
                    harmless: false,
                };
                documents.push(builder.broken(fault));
                return documents;
            }
        }
    }
    documents
}

/// A value under construction.
enum Open {
    List(Vec<Value>, Vec<Place>),
    Map {
        map: Map<String, Value>,
        fields: Vec<(String, Span, Place)>,
        key: Option<(String, Span)>,
        merges: Vec<(Value, Place)>,
    },
}

struct Builder {
    first_line: u32,
    stack: Vec<(Open, Span, usize)>,
    anchors: Vec<(usize, Value, Place, usize)>,
    aliased: usize,
    root: Option<(Value, Place)>,
    faults: Vec<Fault>,
}

impl Builder {
    fn new(first_line: u32) -> Self {
        Builder {
            first_line,
            stack: Vec::new(),
            anchors: Vec::new(),
            aliased: 0,
            root: None,
            faults: Vec::new(),
        }
    }

    fn reset(&mut self) -> Vec<Fault> {
        self.stack.clear();
        self.anchors.clear();
        self.aliased = 0;
        std::mem::take(&mut self.faults)
    }

    fn finish(&mut self) -> Parsed {
        let root = self.root.take();
        let faults = self.reset();
        let blank = matches!(&root, None | Some((Value::Null, _)));
        Parsed {
            root,
            faults,
            blank,
        }
    }

    fn broken(&mut self, fault: Fault) -> Parsed {
        let mut faults = self.reset();
        faults.push(fault);
        Parsed {
            root: None,
            faults,
            blank: false,
        }
    }

    fn fault(&self, span: YamlSpan, message: impl Into<String>) -> Fault {
        Fault {
            span: Span::of(span, self.first_line),
            message: message.into(),
            harmless: false,
        }
    }

    fn take(&mut self, event: Event<'_>, span: YamlSpan) -> Result<(), Fault> {
        match event {
            Event::SequenceStart(anchor, _) => {
                let open = Open::List(Vec::new(), Vec::new());
                self.open(open, span, anchor)?;
            }
            Event::MappingStart(anchor, _) => {
                let open = Open::Map {
                    map: Map::new(),
                    fields: Vec::new(),
                    key: None,
                    merges: Vec::new(),
                };
                self.open(open, span, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_ref(), span)?;
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, open: Open, span: YamlSpan, anchor: usize) -> Result<(), Fault> {
        if self.stack.len() >= DEPTH_MAX {
            let message = format!("nested deeper than {DEPTH_MAX} levels");
            return Err(self.fault(span, message));
        }
        let key_pending = self
            .stack
            .last()
            .is_some_and(|(open, _, _)| matches!(open, Open::Map { key: None, .. }));
        if key_pending {
            return Err(self.fault(span, "a key must be a text, not a list or a map"));
        }
        self.stack
            .push((open, Span::of(span, self.first_line), anchor));
        Ok(())
    }

    fn close(&mut self, span: YamlSpan) -> Result<(), Fault> {
        let Some((open, start, anchor)) = self.stack.pop() else {
            return Ok(());
        };
        let end = Span::of(span, self.first_line);
        let whole = Span {
            end_line: end.end_line,
            end_column: end.end_column,
            ..start
        };
        let (value, inside) = match open {
            Open::List(values, places) => (Value::Array(values), Inside::Items(places)),
            Open::Map {
                mut map,
                mut fields,
                merges,
                ..
            } => {
                for (value, place) in merges {
                    merge(&mut map, &mut fields, value, place);
                }
                (Value::Object(map), Inside::Fields(fields))
            }
        };
        let place = Place {
            span: whole,
            inside,
        };
        self.add(value, place, anchor, span)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Cow<'_, Tag>>,
        span: YamlSpan,
    ) -> Result<(), Fault> {
        let place = Place {
            span: Span::of(span, self.first_line),
            inside: Inside::Nothing,
        };
        let at_key = self
            .stack
            .last()
            .is_some_and(|(open, _, _)| matches!(open, Open::Map { key: None, .. }));
        if at_key && style == ScalarStyle::Plain && text == "<<" {
            return self.add(Value::String(MERGE.to_owned()), place, anchor, span);
        }
        let value =
            scalar::resolve(text, style, tag).map_err(|message| self.fault(span, message))?;
        self.add(value, place, anchor, span)
    }

    fn alias(&mut self, anchor: usize, span: YamlSpan) -> Result<(), Fault> {
        let found = self.anchors.iter().rev().find(|(id, ..)| *id == anchor);
        let Some((_, value, place, size)) = found else {
            return Err(self.fault(span, "an alias for something that is not complete here"));
        };
        let (value, mut place, size) = (value.clone(), place.clone(), *size);
        self.aliased += size;
        if self.aliased > ALIASED_VALUES_MAX {
            let message = format!("aliases add more than {ALIASED_VALUES_MAX} values");
            return Err(self.fault(span, message));
        }
        place.span = Span::of(span, self.first_line);
        self.add(value, place, 0, span)
    }

    fn add(
        &mut self,
        value: Value,
        place: Place,
        anchor: usize,
        span: YamlSpan,
    ) -> Result<(), Fault> {
        if anchor > 0 {
            let size = size(&value);
            // Anchors are copies: they count against the same bound.
            self.aliased += size;
            if self.aliased > ALIASED_VALUES_MAX {
                let message = format!("aliases add more than {ALIASED_VALUES_MAX} values");
                return Err(self.fault(span, message));
            }
            self.anchors
                .push((anchor, value.clone(), place.clone(), size));
        }
        let mut fault = None;
        match self.stack.last_mut() {
            None => self.root = Some((value, place)),
            Some((Open::List(values, places), _, _)) => {
                values.push(value);
                places.push(place);
            }
            Some((
                Open::Map {
                    map,
                    fields,
                    key,
                    merges,
                },
                _,
                _,
            )) => match key.take() {
                None => match key_text(&value) {
                    Some(text) => *key = Some((text, place.span)),
                    None => return Err(self.fault(span, "a key must be a text")),
                },
                Some((name, _)) if name == MERGE => merges.push((value, place)),
                Some((name, name_span)) => {
                    if map.insert(name.clone(), value).is_some() {
                        fault = Some(Fault {
                            span: name_span,
                            message: format!("key {name:?} already set in map"),
                            harmless: true,
                        });
                        fields.retain(|(other, _, _)| *other != name);
                    }
                    fields.push((name, name_span, place));
                }
            },
        }
        self.faults.extend(fault);
        if self.faults.len() > DUPLICATES_MAX {
            let message = format!("more than {DUPLICATES_MAX} keys are given twice");
            return Err(self.fault(span, message));
        }
        Ok(())
    }
}

/// Stands for the merge key `<<`, which no other plain text can look like.
const MERGE: &str = "\u{0}<<";

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// Keys of JSON are texts; those of YAML may look like something else.
fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null => Some("null".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// `<<: *defaults`: keys that the map has not itself.
fn merge(
    map: &mut Map<String, Value>,
    fields: &mut Vec<(String, Span, Place)>,
    value: Value,
    place: Place,
) {
    match (value, place.inside) {
        (Value::Object(merged), Inside::Fields(places)) => {
            for (name, span, place) in places {
                if map.contains_key(&name) {
                    continue;
                }
                if let Some(value) = merged.get(&name) {
                    map.insert(name.clone(), value.clone());
                    fields.push((name, span, place));
                }
            }
        }
        (Value::Array(values), Inside::Items(places)) => {
            for (value, place) in values.into_iter().zip(places) {
                if value.is_object() {
                    merge(map, fields, value, place);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(text: &str) -> Value {
        let parsed = parse(text, 1).into_iter().next();
        parsed
            .and_then(|it| it.root)
            .map(|(value, _)| value)
            .unwrap_or_default()
    }

    #[test]
    fn merge_keys_and_aliases_are_followed() {
        let text = "base: &b {a: 1, c: 3}\nmore:\n  <<: *b\n  a: 2\nlist: [*b]\n";
        let wanted = json!({
            "base": {"a": 1, "c": 3}, "more": {"a": 2, "c": 3}, "list": [{"a": 1, "c": 3}],
        });
        assert_eq!(value(text), wanted);
    }

    #[test]
    fn bombs_and_abysses_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = level - 1;
            let items = vec![format!("*a{before}"); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        let deep = "[".repeat(100_000);
        for text in [bomb, deep] {
            let parsed = parse(&text, 1);
            let faults: Vec<&Fault> = parsed.iter().flat_map(|it| &it.faults).collect();
            assert!(faults.iter().any(|fault| !fault.harmless));
        }
    }
}
