//! What placeholders of a recording stand for: `{{uid:NAME}}`, `{{rv:N}}`,
//! `{{time}}` and their like.

use std::collections::BTreeMap;

/// A piece of recorded text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// With its braces.
    Placeholder(&'a str),
}

/// Text cut at its placeholders; those may nest (`{{uid:ms-{{rand:2}}}}`).
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let Some(end) = closing(rest, at) else { break };
        if at > 0 {
            found.push(Piece::Text(&rest[..at]));
        }
        found.push(Piece::Placeholder(&rest[at..end]));
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    found
}

fn closing(text: &str, from: usize) -> Option<usize> {
    let mut depth = 0;
    let mut at = from;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("{{") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("}}") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

/// Whether equal placeholders stand for equal values.
fn is_named(placeholder: &str) -> bool {
    let name = placeholder.trim_start_matches('{');
    ["uid:", "rv:", "rand:", "continue:"]
        .iter()
        .any(|kind| name.starts_with(kind))
}

#[derive(Clone, Debug)]
struct Value {
    text: String,
    /// Seen as the version of a list only, which says little.
    weak: bool,
}

/// The values seen so far.
#[derive(Clone, Debug, Default)]
pub struct Bindings(BTreeMap<String, Value>);

impl Bindings {
    /// Sets a placeholder by hand.
    pub fn set(&mut self, placeholder: &str, text: &str) {
        let value = Value {
            text: text.to_owned(),
            weak: false,
        };
        self.0.insert(placeholder.to_owned(), value);
    }

    /// What a placeholder without a number stood for last.
    pub fn set_last(&mut self, placeholder: &str, text: &str) {
        let value = Value {
            text: text.to_owned(),
            weak: true,
        };
        self.0.insert(placeholder.to_owned(), value);
    }

    /// What a placeholder stands for.
    pub fn get(&self, placeholder: &str) -> Option<&str> {
        self.0.get(placeholder).map(|value| value.text.as_str())
    }

    /// Recorded text with the values seen for its placeholders.
    pub fn filled(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Placeholder(placeholder) => match self.get(placeholder) {
                    Some(value) => filled.push_str(value),
                    None if placeholder == "{{time}}" => filled.push_str("2026-01-05T09:00:00Z"),
                    None => filled.push_str(placeholder),
                },
            }
        }
        filled
    }

    /// The version of a list: it may lie ahead of the recorded one, never behind.
    pub fn matches_list_version(&mut self, expected: &str, found: &str) -> bool {
        let Some(known) = self.0.get(expected) else {
            let value = Value {
                text: found.to_owned(),
                weak: true,
            };
            self.0.insert(expected.to_owned(), value);
            return found.parse::<u64>().is_ok();
        };
        match (known.text.parse::<u64>(), found.parse::<u64>()) {
            (Ok(known), Ok(found)) => found >= known,
            _ => false,
        }
    }

    /// Whether text is as recorded; learns what new placeholders stand for.
    pub fn matches(&mut self, expected: &str, found: &str) -> bool {
        let pieces = pieces(expected);
        let mut learned = self.clone();
        if learned.consume(&pieces, found) {
            *self = learned;
            return true;
        }
        false
    }

    fn consume(&mut self, pieces: &[Piece<'_>], found: &str) -> bool {
        let Some((first, rest)) = pieces.split_first() else {
            return found.is_empty();
        };
        match first {
            Piece::Text(text) => match found.strip_prefix(text) {
                Some(after) => self.consume(rest, after),
                None => false,
            },
            Piece::Placeholder(placeholder) => self.consume_placeholder(placeholder, rest, found),
        }
    }

    fn consume_placeholder(&mut self, placeholder: &str, rest: &[Piece<'_>], found: &str) -> bool {
        let known = self.0.get(placeholder).filter(|value| !value.weak);
        if let Some(known) = known {
            let known = known.text.clone();
            return match found.strip_prefix(known.as_str()) {
                Some(after) => self.consume(rest, after),
                None => false,
            };
        }
        // As short as it can be, and not empty.
        let ends = found.char_indices().map(|(at, c)| at + c.len_utf8());
        for end in ends {
            let mut learned = self.clone();
            match is_named(placeholder) {
                true => learned.set(placeholder, &found[..end]),
                false => learned.set_last(placeholder, &found[..end]),
            }
            if learned.consume(rest, &found[end..]) {
                *self = learned;
                return true;
            }
        }
        false
    }
}
