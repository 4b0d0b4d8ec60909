//! Words: quotes, variables, substitutions.

use super::super::ast::{Change, Piece, Word};
use super::{Parsed, Parser, parse};

impl Parser {
    /// A word, if one begins here.
    pub(super) fn word(&mut self) -> Parsed<Option<Word>> {
        let begin = self.at;
        let mut word = Word::new();
        let mut text = String::new();
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    flush(&mut word, &mut text, false);
                    self.at += 1;
                    let mut quoted = String::new();
                    loop {
                        match self.next() {
                            Some('\'') => break,
                            Some(c) => quoted.push(c),
                            None => {
                                return Err("syntax error: unterminated quoted string".to_owned());
                            }
                        }
                    }
                    word.push(Piece::Text {
                        text: quoted,
                        quoted: true,
                    });
                }
                '"' => {
                    flush(&mut word, &mut text, false);
                    self.at += 1;
                    let pieces = self.double_quoted(Some('"'))?;
                    word.push(Piece::Text {
                        text: String::new(),
                        quoted: true,
                    });
                    word.extend(pieces);
                }
                '\\' => {
                    self.at += 1;
                    flush(&mut word, &mut text, false);
                    if let Some(c) = self.next().filter(|c| *c != '\n') {
                        word.push(Piece::Text {
                            text: c.to_string(),
                            quoted: true,
                        });
                    }
                }
                '$' | '`' => {
                    flush(&mut word, &mut text, false);
                    word.push(self.dollar(false)?);
                }
                c => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        flush(&mut word, &mut text, false);
        Ok((self.at > begin).then_some(word))
    }

    /// Text with expansions up to the closing quote, or to the end.
    pub(super) fn double_quoted(&mut self, close: Option<char>) -> Parsed<Word> {
        let mut word = Word::new();
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                if close.is_some() {
                    return Err("syntax error: unterminated quoted string".to_owned());
                }
                break;
            };
            match c {
                c if Some(c) == close => {
                    self.at += 1;
                    break;
                }
                '\\' => {
                    self.at += 1;
                    match self.next() {
                        Some('\n') | None => {}
                        Some(c @ ('$' | '`' | '"' | '\\')) => text.push(c),
                        Some(c) => text.extend(['\\', c]),
                    }
                }
                '$' | '`' => {
                    flush(&mut word, &mut text, true);
                    word.push(self.dollar(true)?);
                }
                c => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        flush(&mut word, &mut text, true);
        Ok(word)
    }

    pub(super) fn dollar(&mut self, quoted: bool) -> Parsed<Piece> {
        if self.take("`") {
            let mut inner = String::new();
            loop {
                match self.next() {
                    Some('`') => break,
                    Some('\\') => inner.extend(self.next()),
                    Some(c) => inner.push(c),
                    None => return Err("syntax error: unterminated backquote".to_owned()),
                }
            }
            return Ok(Piece::Output {
                node: parse(&inner)?,
                quoted,
            });
        }
        self.at += 1;
        if self.take("((") {
            return Ok(Piece::Arithmetic(self.until_double_close()?));
        }
        if self.take("(") {
            let node = self.list(&[])?;
            self.close()?;
            return Ok(Piece::Output { node, quoted });
        }
        if self.take("{") {
            return self.braces(quoted);
        }
        let name = match self.peek() {
            Some(c)
                if c.is_ascii_digit() || matches!(c, '?' | '$' | '#' | '@' | '*' | '!' | '-') =>
            {
                self.at += 1;
                Some(c.to_string())
            }
            _ => self.name(),
        };
        Ok(match name {
            Some(name) => Piece::Variable {
                name,
                change: Change::None,
                quoted,
            },
            None => Piece::Text {
                text: "$".to_owned(),
                quoted: true,
            },
        })
    }

    pub(super) fn until_double_close(&mut self) -> Parsed<String> {
        let mut depth = 0;
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => {
                    return match self.take(")") {
                        true => Ok(text),
                        false => Err("syntax error: missing '))'".to_owned()),
                    };
                }
                ')' => depth -= 1,
                _ => {}
            }
            text.push(c);
        }
        Err("syntax error: missing '))'".to_owned())
    }

    pub(super) fn braces(&mut self, quoted: bool) -> Parsed<Piece> {
        let length = self.starts("#") && self.peek_at(1) != Some('}');
        if length {
            self.at += 1;
        }
        let name = match self.name() {
            Some(name) => name,
            None => self.next().map(String::from).unwrap_or_default(),
        };
        let colon = self.take(":");
        let change = match self.next() {
            Some('}') if length => {
                return Ok(Piece::Variable {
                    name,
                    change: Change::Length,
                    quoted,
                });
            }
            Some('}') => {
                return Ok(Piece::Variable {
                    name,
                    change: Change::None,
                    quoted,
                });
            }
            Some('-') => Change::Default(self.in_braces()?, colon),
            Some('=') => Change::Assign(self.in_braces()?, colon),
            Some('+') => Change::Instead(self.in_braces()?, colon),
            Some('?') => Change::Demand(self.in_braces()?, colon),
            Some('#') => {
                let greedy = self.take("#");
                Change::TrimStart(self.in_braces()?, greedy)
            }
            Some('%') => {
                let greedy = self.take("%");
                Change::TrimEnd(self.in_braces()?, greedy)
            }
            _ => return Err("syntax error: bad substitution".to_owned()),
        };
        Ok(Piece::Variable {
            name,
            change,
            quoted,
        })
    }

    pub(super) fn in_braces(&mut self) -> Parsed<Word> {
        self.double_quoted(Some('}'))
    }
}

fn flush(word: &mut Word, text: &mut String, quoted: bool) {
    if !text.is_empty() {
        let text = std::mem::take(text);
        word.push(Piece::Text { text, quoted });
    }
}
