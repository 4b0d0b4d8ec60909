//! YAML as Go's library writes it: long texts are folded.

use serde_json::Value;

/// After this column a text goes on in the next line.
const WIDTH: usize = 80;

/// A value as a YAML document.
pub(super) fn written(value: &Value) -> String {
    let text = serde_yaml::to_string(value).unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    // Inside of a block, the column its lines are right of.
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let depth = line.len() - line.trim_start_matches(' ').len();
        if block.is_some_and(|column| line.is_empty() || depth > column) {
            out.push_str(line);
        } else {
            let (owner, scalar) = parts(line);
            let is_block = line[scalar..].starts_with(['|', '>']);
            block = is_block.then_some(owner);
            match is_block {
                true => out.push_str(line),
                false => fold(line, owner, scalar, &mut out),
            }
        }
        out.push('\n');
    }
    out
}

/// The column of the key or dash that a line's scalar belongs to, and that of the
/// scalar.
fn parts(line: &str) -> (usize, usize) {
    let mut at = line.len() - line.trim_start_matches(' ').len();
    let mut owner = at;
    while line[at..].starts_with("- ") {
        owner = at;
        at += 2;
    }
    match key_end(&line[at..]) {
        Some(end) => (at, at + end),
        None => (owner, at),
    }
}

/// Where the value starts, if a text is a key with its value.
fn key_end(text: &str) -> Option<usize> {
    let quote = text
        .chars()
        .next()
        .filter(|first| matches!(first, '\'' | '"'));
    let Some(quote) = quote else {
        return text.find(": ").map(|at| at + 2);
    };
    let mut escaped = false;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        let doubled = quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'');
        match char {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            '\'' if char == quote && doubled => drop(chars.next()),
            _ if char == quote => return text[at + 1..].starts_with(": ").then_some(at + 3),
            _ => {}
        }
    }
    None
}

fn fold(line: &str, owner: usize, scalar: usize, out: &mut String) {
    if line.len() <= WIDTH {
        return out.push_str(line);
    }
    let quote = line[scalar..].chars().next();
    let quote = quote.filter(|first| matches!(first, '\'' | '"'));
    let chars: Vec<char> = line[scalar..].chars().collect();
    // The text itself, without its quotes.
    let (first, last) = match quote {
        Some(_) => (1, chars.len().saturating_sub(2)),
        None => (0, chars.len().saturating_sub(1)),
    };
    out.push_str(&line[..scalar]);
    let mut column = line[..scalar].chars().count();
    let mut after_space = false;
    for (at, char) in chars.iter().enumerate() {
        let breaks = *char == ' '
            && !after_space
            && column > WIDTH
            && at > first
            && at < last
            && (quote == Some('"') || chars[at + 1] != ' ');
        after_space = *char == ' ';
        if !breaks {
            out.push(*char);
            column += 1;
            continue;
        }
        out.push('\n');
        column = owner + 2;
        out.push_str(&" ".repeat(column));
        if quote == Some('"') && chars[at + 1] == ' ' {
            out.push('\\');
            column += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_texts_are_folded_where_go_folds_them() {
        let words = ["word"; 20].join(" ");
        let (head, tail) = (["word"; 16].join(" "), ["word"; 4].join(" "));
        let value = json!({"a": {"b": words, "c": [words]}});
        let wanted = format!("a:\n  b: {head}\n    {tail}\n  c:\n  - {head}\n    {tail}\n");
        assert_eq!(written(&value), wanted);
        let quoted = json!({"k": format!("x: {words}")});
        let text = written(&quoted);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.starts_with("k: 'x: word"), "{text}");
    }

    #[test]
    fn what_was_folded_reads_as_it_was() {
        let long = "it's a  long: text with \"quotes\" ".repeat(9);
        let values = [
            json!({"a": long}),
            json!({ &long: long }),
            json!([[{"a": [long.trim(), 1]}], {"b": format!("{long}\n\n  {long}\n")}]),
            json!({"a": format!("\t{long}")}),
            json!({"a": format!("{}\u{1}  x {long}", "é".repeat(70))}),
            json!({"a": "x".repeat(200)}),
        ];
        for value in values {
            let text = written(&value);
            let back: Value = serde_yaml::from_str(&text).expect(&text);
            assert_eq!(back, value, "{text}");
        }
    }
}
