//! JSONPath templates (`k8s.io/client-go/util/jsonpath`): text with paths in
//! braces, `range` and `end`.

use crate::kubectl::value::plain;
use serde_json::Value;

/// A piece of a template.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    /// Paths whose results are written with spaces between them.
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Piece>),
}

/// A step from values to values.
#[derive(Clone, Debug)]
enum Step {
    Root,
    Field(String),
    All,
    Recursive,
    /// From, to, and by how many; none where it was left out.
    Slice(Option<i64>, Option<i64>, Option<i64>),
    Index(i64),
    Union(Vec<Vec<Step>>),
    Filter(Vec<Step>, String, Option<Operand>),
}

#[derive(Clone, Debug)]
enum Operand {
    Value(Value),
    Path(Vec<Step>),
}

/// A parsed template.
#[derive(Clone, Debug)]
pub(in crate::kubectl) struct Template {
    pieces: Vec<Piece>,
    missing_allowed: bool,
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Text up to one of these, which stays.
    fn until(&mut self, ends: &[char]) -> &'a str {
        let end = self
            .rest
            .find(|c| ends.contains(&c))
            .unwrap_or(self.rest.len());
        let (found, rest) = self.rest.split_at(end);
        self.rest = rest;
        found
    }

    /// Pieces up to `{end}` or the end of the text.
    fn pieces(&mut self, nested: bool) -> Result<Vec<Piece>, String> {
        let mut pieces = Vec::new();
        loop {
            let text = self.until(&['{']);
            if !text.is_empty() {
                pieces.push(Piece::Text(text.to_owned()));
            }
            if !self.eat("{") {
                return match nested {
                    true => Err("unterminated range".to_owned()),
                    false => Ok(pieces),
                };
            }
            self.rest = self.rest.trim_start();
            if self.eat("end}") {
                return match nested {
                    true => Ok(pieces),
                    false => Err("not in range, nothing to end".to_owned()),
                };
            }
            if self.eat("range") {
                self.rest = self.rest.trim_start();
                let path = self.path(&['}'])?;
                self.close()?;
                pieces.push(Piece::Range(path, self.pieces(true)?));
                continue;
            }
            while !self.rest.starts_with('}') {
                if self.rest.is_empty() {
                    return Err("unclosed action".to_owned());
                }
                if self.rest.starts_with(['"', '\'']) {
                    let text = self.quoted()?;
                    pieces.push(Piece::Text(text));
                } else {
                    let path = self.path(&['}'])?;
                    if path.is_empty() {
                        let character = self.rest.chars().next().unwrap_or(' ');
                        return Err(format!(
                            "unrecognized character in action: U+{:04X} '{character}'",
                            character as u32
                        ));
                    }
                    pieces.push(Piece::Path(path));
                }
                self.rest = self.rest.trim_start();
            }
            self.close()?;
        }
    }

    fn close(&mut self) -> Result<(), String> {
        self.rest = self.rest.trim_start();
        match self.eat("}") {
            true => Ok(()),
            false => Err("unclosed action".to_owned()),
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().unwrap_or('"');
        let mut characters = self.rest.char_indices().skip(1);
        let mut text = String::new();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(other) => text.push(other),
                    None => break,
                },
                end if end == quote => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(text);
                }
                other => text.push(other),
            }
        }
        Err("unterminated quoted string".to_owned())
    }

    fn path(&mut self, ends: &[char]) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            let Some(next) = self.rest.chars().next() else {
                return Ok(steps);
            };
            if ends.contains(&next) || next.is_whitespace() {
                return Ok(steps);
            }
            if self.eat("$") || self.eat("@") {
                steps.push(Step::Root);
            } else if self.eat("..") {
                steps.push(Step::Recursive);
                if !self.rest.starts_with(['[', '}']) {
                    steps.extend(self.field());
                }
            } else if self.eat(".") {
                steps.extend(self.field());
            } else if self.eat("[") {
                steps.push(self.bracket()?);
            } else if steps.is_empty() && !next.is_ascii_punctuation() {
                steps.extend(self.field());
            } else {
                return Ok(steps);
            }
        }
    }

    /// A name; a dot in it has a backslash before it.
    fn field(&mut self) -> Option<Step> {
        if self.eat("*") {
            return Some(Step::All);
        }
        let mut name = String::new();
        let mut characters = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => name.extend(characters.next().map(|(_, c)| c)),
                '.' | '[' | ']' | '}' | ')' | ',' | '=' | '!' | '<' | '>' => {
                    end = at;
                    break;
                }
                space if space.is_whitespace() => {
                    end = at;
                    break;
                }
                other => name.push(other),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        (!name.is_empty()).then_some(Step::Field(name))
    }

    fn bracket(&mut self) -> Result<Step, String> {
        if self.eat("?(") {
            return self.filter();
        }
        let inner = self.until_closing()?;
        if inner == "*" {
            return Ok(Step::All);
        }
        if inner.starts_with('\'') && inner.ends_with('\'') && inner.matches('\'').count() == 2 {
            return Ok(Step::Field(inner.trim_matches('\'').replace("\\.", ".")));
        }
        if inner.contains(',') {
            let parts = inner.split(',').map(|part| member(part.trim()));
            return Ok(Step::Union(parts.collect::<Result<_, _>>()?));
        }
        let wrong = || format!("invalid array index {inner}");
        let number = |text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse::<i64>().map(Some).map_err(|_| wrong()),
        };
        let parts: Vec<Option<i64>> = inner.split(':').map(number).collect::<Result<_, _>>()?;
        match parts.as_slice() {
            [Some(index)] => Ok(Step::Index(*index)),
            [from, to] => Ok(Step::Slice(*from, *to, None)),
            [from, to, by] => Ok(Step::Slice(*from, *to, *by)),
            _ => Err(wrong()),
        }
    }

    fn until_closing(&mut self) -> Result<&'a str, String> {
        let inner = self.until(&[']']);
        match self.eat("]") {
            true => Ok(inner),
            false => Err("unterminated array".to_owned()),
        }
    }

    fn filter(&mut self) -> Result<Step, String> {
        const ENDS: [char; 5] = [')', '=', '!', '<', '>'];
        self.rest = self.rest.trim_start();
        let left = self.path(&ENDS)?;
        self.rest = self.rest.trim_start();
        let operators = ["==", "!=", "<=", ">=", "<", ">"];
        let operator = operators.into_iter().find(|operator| self.eat(operator));
        self.rest = self.rest.trim_start();
        let right = match operator {
            None => None,
            Some(_) if self.rest.starts_with(['"', '\'']) => {
                Some(Operand::Value(self.quoted()?.into()))
            }
            Some(_) if self.rest.starts_with(['@', '.', '$']) => {
                Some(Operand::Path(self.path(&ENDS)?))
            }
            Some(_) => {
                let text = self.until(&[')']).trim();
                let value = serde_json::from_str(text);
                Some(Operand::Value(value.unwrap_or_else(|_| text.into())))
            }
        };
        self.rest = self.rest.trim_start();
        match self.eat(")]") {
            true => Ok(Step::Filter(
                left,
                operator.unwrap_or("exists").to_owned(),
                right,
            )),
            false => Err("unterminated filter".to_owned()),
        }
    }
}

fn member(text: &str) -> Result<Vec<Step>, String> {
    if text.starts_with('\'') {
        return Ok(vec![Step::Field(text.trim_matches('\'').to_owned())]);
    }
    match text.parse() {
        Ok(index) => Ok(vec![Step::Index(index)]),
        Err(_) => Err(format!("invalid array index {text}")),
    }
}

impl Template {
    /// Parses a template; missing fields count for nothing where that is allowed.
    pub(in crate::kubectl) fn parse(text: &str, missing_allowed: bool) -> Result<Template, String> {
        let pieces = Reader { rest: text }.pieces(false)?;
        Ok(Template {
            pieces,
            missing_allowed,
        })
    }

    /// The text that it makes of a value.
    pub(in crate::kubectl) fn render(&self, value: &Value) -> Result<String, String> {
        let mut out = String::new();
        self.write(&mut out, &self.pieces, value, value)?;
        Ok(out)
    }

    /// What all its paths find.
    pub(in crate::kubectl) fn find<'v>(&self, value: &'v Value) -> Result<Vec<&'v Value>, String> {
        let mut found = Vec::new();
        for piece in &self.pieces {
            if let Piece::Path(steps) = piece {
                found.extend(self.walk(steps, value, value)?);
            }
        }
        Ok(found)
    }

    fn write(
        &self,
        out: &mut String,
        pieces: &[Piece],
        root: &Value,
        here: &Value,
    ) -> Result<(), String> {
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Path(steps) => {
                    let found = self.walk(steps, root, here)?;
                    let texts: Vec<String> = found.into_iter().map(shown).collect();
                    out.push_str(&texts.join(" "));
                }
                Piece::Range(steps, inner) => {
                    for value in self.walk(steps, root, here)? {
                        self.write(out, inner, root, value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn walk<'v>(
        &self,
        steps: &[Step],
        root: &'v Value,
        here: &'v Value,
    ) -> Result<Vec<&'v Value>, String> {
        let mut values = vec![here];
        for step in steps {
            let mut next = Vec::new();
            for value in values {
                self.step(step, root, value, &mut next)?;
            }
            values = next;
        }
        Ok(values)
    }

    fn step<'v>(
        &self,
        step: &Step,
        root: &'v Value,
        value: &'v Value,
        next: &mut Vec<&'v Value>,
    ) -> Result<(), String> {
        match step {
            Step::Root => next.push(value),
            Step::Field(name) => match value {
                Value::Object(map) => match map.get(name) {
                    Some(found) => next.push(found),
                    None if self.missing_allowed => {}
                    None => return Err(format!("{name} is not found")),
                },
                Value::Null => {}
                _ if self.missing_allowed => {}
                _ => return Err(format!("{name} is not found")),
            },
            Step::All => match value {
                Value::Object(map) => next.extend(map.values()),
                Value::Array(list) => next.extend(list),
                _ => {}
            },
            Step::Recursive => recurse(value, next),
            Step::Index(index) => {
                let Value::Array(list) = value else {
                    return match (value, self.missing_allowed) {
                        (Value::Null, _) | (_, true) => Ok(()),
                        _ => Err("is not array or slice".to_owned()),
                    };
                };
                let length = list.len() as i64;
                let at = if *index < 0 { index + length } else { *index };
                match usize::try_from(at).ok().and_then(|at| list.get(at)) {
                    Some(found) => next.push(found),
                    None => {
                        return Err(format!(
                            "array index out of bounds: index {index}, length {length}"
                        ));
                    }
                }
            }
            Step::Slice(from, to, by) => {
                if let Value::Array(list) = value {
                    slice(list, *from, *to, *by, next);
                }
            }
            Step::Union(members) => {
                for member in members {
                    next.extend(self.walk(member, root, value)?);
                }
            }
            Step::Filter(left, operator, right) => {
                let Value::Array(list) = value else {
                    return Ok(());
                };
                for item in list {
                    if self.passes(left, operator, right.as_ref(), root, item) {
                        next.push(item);
                    }
                }
            }
        }
        Ok(())
    }

    fn passes(
        &self,
        left: &[Step],
        operator: &str,
        right: Option<&Operand>,
        root: &Value,
        item: &Value,
    ) -> bool {
        let found = self.walk(left, root, item).unwrap_or_default();
        let Some(found) = found.first() else {
            return false;
        };
        let right = match right {
            None => return true,
            Some(Operand::Value(value)) => value.clone(),
            Some(Operand::Path(steps)) => {
                let found = self.walk(steps, root, item).unwrap_or_default();
                found.first().map_or(Value::Null, |value| (*value).clone())
            }
        };
        let order = match (found.as_f64(), right.as_f64()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => Some(plain(found).cmp(&plain(&right))),
        };
        match operator {
            "==" => order.is_some_and(|order| order.is_eq()),
            "!=" => order.is_some_and(|order| order.is_ne()),
            "<" => order.is_some_and(|order| order.is_lt()),
            "<=" => order.is_some_and(|order| order.is_le()),
            ">" => order.is_some_and(|order| order.is_gt()),
            _ => order.is_some_and(|order| order.is_ge()),
        }
    }
}

fn recurse<'v>(value: &'v Value, next: &mut Vec<&'v Value>) {
    let children: Vec<&Value> = match value {
        Value::Object(map) => map.values().collect(),
        Value::Array(list) => list.iter().collect(),
        _ => return,
    };
    if value.is_object() {
        next.push(value);
    }
    for child in children {
        recurse(child, next);
    }
}

fn slice<'v>(
    list: &'v [Value],
    from: Option<i64>,
    to: Option<i64>,
    by: Option<i64>,
    next: &mut Vec<&'v Value>,
) {
    let length = list.len() as i64;
    let place = |at: i64| if at < 0 { at + length } else { at }.clamp(0, length);
    let (from, to) = (place(from.unwrap_or(0)), place(to.unwrap_or(length)));
    let by = usize::try_from(by.unwrap_or(1)).unwrap_or(1).max(1);
    let range = usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0);
    next.extend(list.get(range).into_iter().flatten().step_by(by));
}

/// Maps and lists are written as JSON, sorted.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(_) | Value::Array(_) => super::sorted(value).to_string(),
        other => plain(other),
    }
}

/// A path with or without braces and a leading dot (`RelaxedJSONPathExpression`).
pub(in crate::kubectl) fn relaxed(text: &str) -> Result<String, String> {
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').ok_or("unclosed")?,
        None => text,
    };
    let inner = inner.strip_prefix('.').unwrap_or(inner);
    match inner.is_empty() {
        true => Err("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'".to_owned()),
        false => Ok(format!("{{.{inner}}}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_find_and_write() {
        let value = json!({"items": [
            {"name": "a", "n": 1, "labels": {"x.y/z": "q", "b": "c"}},
            {"name": "b", "n": 2, "on": true},
        ]});
        let table = [
            ("{.items[*].name}", "a b"),
            ("{.items[-1].name}", "b"),
            ("{.items[0:1].name}", "a"),
            (
                "{range .items[*]}{.name}{\"\\t\"}{.n}{\"\\n\"}{end}",
                "a\t1\nb\t2\n",
            ),
            ("{.items[?(@.name==\"b\")].n}", "2"),
            ("{.items[?(@.n>1)].name}", "b"),
            ("{.items[?(@.on)].name}", "b"),
            ("{.items[0].labels}", "{\"b\":\"c\",\"x.y/z\":\"q\"}"),
            ("{.items[0].labels.x\\.y/z}", "q"),
            ("{.items[0].labels['x\\.y/z']}", "q"),
            ("{..name}", "a b"),
            ("{.items[*]['name','n']}", "a 1 b 2"),
            ("{.none}", ""),
            ("x {.items[0].name} y", "x a y"),
        ];
        for (text, expected) in table {
            let rendered = Template::parse(text, true).and_then(|it| it.render(&value));
            assert_eq!(rendered.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_lies_outside_is_an_error() {
        let value = json!({"items": [1]});
        let rendered = Template::parse("{.items[5]}", true).and_then(|it| it.render(&value));
        assert_eq!(
            rendered,
            Err("array index out of bounds: index 5, length 1".to_owned())
        );
    }
}
