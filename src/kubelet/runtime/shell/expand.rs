//! Expansion of words.

use super::super::process::World;
use super::ast::{Change, Piece, Word};
use super::machine::Machine;
use super::text::{arithmetic, matches_pattern};

/// Most words of one command.
const WORDS_MAX: usize = 4096;

impl Machine {
    /// The words of a command, split and with file names filled in.
    pub(super) fn expand_all(&mut self, words: &[Word], world: &mut World<'_>) -> Vec<String> {
        let mut all = Vec::new();
        for word in words {
            self.fields(word, &mut all, world);
            all.truncate(WORDS_MAX);
        }
        all
    }

    /// One word as one text, not split.
    pub(super) fn expand_one(&mut self, word: &Word, world: &mut World<'_>) -> String {
        let mut text = String::new();
        for piece in word {
            match piece {
                Piece::Text { text: own, .. } => text.push_str(own),
                piece => text.push_str(&self.value(piece, world)),
            }
        }
        match word.first() {
            Some(Piece::Text {
                text: first,
                quoted: false,
            }) if first.starts_with("~/") => {
                let home = self.vars.get("HOME").cloned().unwrap_or_default();
                format!("{home}{}", text.get(1..).unwrap_or_default())
            }
            _ => text,
        }
    }

    /// A word as a pattern: what was quoted stands for itself.
    pub(super) fn expand_pattern(&mut self, word: &Word, world: &mut World<'_>) -> Vec<char> {
        let mut pattern = Vec::new();
        for piece in word {
            match piece {
                Piece::Text { text, quoted: true } => {
                    pattern.extend(text.chars().flat_map(|c| ['\\', c]));
                }
                Piece::Text { text, .. } => pattern.extend(text.chars()),
                piece => pattern.extend(self.value(piece, world).chars()),
            }
        }
        pattern
    }

    /// Text with simple variables replaced, as inside `$((…))`.
    pub(super) fn expand_text(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(rest.get(..at).unwrap_or_default());
            let after = rest
                .get(at + 1..)
                .unwrap_or_default()
                .trim_start_matches('{');
            let end = after
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(after.len());
            let name = after.get(..end).unwrap_or_default();
            let value = self.variable(name).unwrap_or_default();
            out.push_str(if value.is_empty() { "0" } else { &value });
            rest = after.get(end..).unwrap_or_default().trim_start_matches('}');
        }
        out.push_str(rest);
        out
    }

    fn fields(&mut self, word: &Word, all: &mut Vec<String>, world: &mut World<'_>) {
        if let [Piece::Variable { name, quoted, .. }] = word.as_slice()
            && (name == "@" || (name == "*" && !quoted))
        {
            all.extend(self.params.iter().skip(1).cloned());
            return;
        }
        let mut current = String::new();
        let mut present = false;
        let mut globs = false;
        for (index, piece) in word.iter().enumerate() {
            match piece {
                Piece::Text { text, quoted } => {
                    current.push_str(text);
                    present = true;
                    globs |= !quoted && text.contains(['*', '?']);
                }
                Piece::Variable {
                    quoted: true, name, ..
                } if name == "@" && index > 0 => {
                    let params: Vec<String> = self.params.iter().skip(1).cloned().collect();
                    current.push_str(&params.join(" "));
                }
                Piece::Variable { quoted: true, .. } | Piece::Output { quoted: true, .. } => {
                    let value = self.value(piece, world);
                    current.push_str(&value);
                    present = true;
                }
                piece => {
                    let value = self.value(piece, world);
                    present |= split_into(&value, &mut current, present, all);
                }
            }
        }
        if !present && current.is_empty() {
            return;
        }
        if globs {
            return self.names(&current, all, world);
        }
        let tilde = matches!(word.first(), Some(Piece::Text { quoted: false, .. }));
        all.push(
            match tilde && (current == "~" || current.starts_with("~/")) {
                true => {
                    let home = self.vars.get("HOME").cloned().unwrap_or_default();
                    format!("{home}{}", current.get(1..).unwrap_or_default())
                }
                false => current,
            },
        );
    }

    /// File names that a pattern matches, or the pattern itself.
    fn names(&self, pattern: &str, all: &mut Vec<String>, world: &World<'_>) {
        let (folder, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        let place = if pattern.contains('/') && folder.is_empty() {
            "/"
        } else {
            folder
        };
        let chars: Vec<char> = last.chars().collect();
        let found: Vec<String> = world
            .files
            .list(&self.path(place))
            .into_iter()
            .filter(|name| matches_pattern(&chars, &name.chars().collect::<Vec<_>>()))
            .map(|name| match pattern.contains('/') {
                true => format!("{folder}/{name}"),
                false => name,
            })
            .collect();
        match found.is_empty() {
            true => all.push(pattern.to_owned()),
            false => all.extend(found),
        }
    }

    fn value(&mut self, piece: &Piece, world: &mut World<'_>) -> String {
        match piece {
            Piece::Text { text, .. } => text.clone(),
            Piece::Output { node, .. } => self.output_of(node, world),
            Piece::Arithmetic(text) => {
                let text = self.expand_text(text);
                arithmetic(&text, &mut self.vars)
                    .map(|value| value.to_string())
                    .unwrap_or_default()
            }
            Piece::Variable { name, change, .. } => self.changed(name, change, world),
        }
    }

    /// A variable or parameter.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let given = || self.params.iter().skip(1);
        match name {
            "?" => Some(self.status.to_string()),
            "$" => Some("1".to_owned()),
            "!" => Some("7".to_owned()),
            "-" => Some(String::new()),
            "#" => Some(given().count().to_string()),
            "@" | "*" => Some(given().cloned().collect::<Vec<_>>().join(" ")),
            "RANDOM" => Some("4".to_owned()),
            name => match name.parse::<usize>() {
                Ok(index) => self.params.get(index).cloned(),
                Err(_) => self.vars.get(name).cloned(),
            },
        }
    }

    fn changed(&mut self, name: &str, change: &Change, world: &mut World<'_>) -> String {
        let value = self.variable(name);
        let set = |empty_counts: bool| match &value {
            Some(value) => !empty_counts || !value.is_empty(),
            None => false,
        };
        match change {
            Change::None => value.unwrap_or_default(),
            Change::Length => value.unwrap_or_default().chars().count().to_string(),
            Change::Default(_, colon) | Change::Assign(_, colon) | Change::Demand(_, colon)
                if set(*colon) =>
            {
                value.unwrap_or_default()
            }
            Change::Default(word, _) => self.expand_one(word, world),
            Change::Assign(word, _) => {
                let value = self.expand_one(word, world);
                self.vars.insert(name.to_owned(), value.clone());
                value
            }
            Change::Instead(word, colon) => match set(*colon) {
                true => self.expand_one(word, world),
                false => String::new(),
            },
            Change::Demand(word, _) => {
                let why = self.expand_one(word, world);
                self.err(world, &format!("sh: {name}: {why}\n"));
                self.leave(2);
                String::new()
            }
            Change::TrimStart(word, greedy) => {
                let pattern = self.expand_pattern(word, world);
                trim(&value.unwrap_or_default(), &pattern, *greedy, true)
            }
            Change::TrimEnd(word, greedy) => {
                let pattern = self.expand_pattern(word, world);
                trim(&value.unwrap_or_default(), &pattern, *greedy, false)
            }
        }
    }
}

/// Adds an unquoted value: split at blanks. Whether anything is present.
fn split_into(value: &str, current: &mut String, present: bool, all: &mut Vec<String>) -> bool {
    let mut parts = value.split_whitespace();
    let begins_blank = value.starts_with(char::is_whitespace);
    if begins_blank && (present || !current.is_empty()) {
        all.push(std::mem::take(current));
    }
    let Some(first) = parts.next() else {
        return false;
    };
    current.push_str(first);
    for part in parts {
        all.push(std::mem::take(current));
        current.push_str(part);
    }
    true
}

fn trim(value: &str, pattern: &[char], greedy: bool, start: bool) -> String {
    let chars: Vec<char> = value.chars().collect();
    let mut lengths: Vec<usize> = (0..=chars.len()).collect();
    if greedy {
        lengths.reverse();
    }
    for length in lengths {
        let (part, rest) = match start {
            true => (chars.get(..length), chars.get(length..)),
            false => (
                chars.get(chars.len() - length..),
                chars.get(..chars.len() - length),
            ),
        };
        if part.is_some_and(|part| matches_pattern(pattern, part)) {
            return rest.unwrap_or_default().iter().collect();
        }
    }
    value.to_owned()
}
