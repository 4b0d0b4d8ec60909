//! Redirections and here-documents.

use super::super::ast::{Piece, Redirect, Target};
use super::{Parsed, Parser};

impl Parser {
    pub(super) fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let begin = self.at;
        let digit = self
            .peek()
            .filter(char::is_ascii_digit)
            .and_then(|c| c.to_digit(10));
        if digit.is_some() {
            self.at += 1;
        }
        let (default, both) = match () {
            () if digit.is_none() && self.starts("&>") => (3, self.take("&")),
            () if self.starts(">") => (1, false),
            () if self.starts("<") && self.peek_at(1) != Some('(') => (0, false),
            () => {
                self.at = begin;
                return Ok(None);
            }
        };
        let from = digit.map_or(default, |digit| digit as u8);
        let from = if both { 3 } else { from };
        let to = self.target()?;
        Ok(Some(Redirect { from, to }))
    }

    pub(super) fn target(&mut self) -> Parsed<Target> {
        if self.take("<<<") {
            self.blanks();
            return Ok(Target::Text(self.word()?.unwrap_or_default()));
        }
        if self.take("<<") {
            return self.here_document();
        }
        if self.take(">&") || self.take("<&") {
            let to = self.next().and_then(|c| c.to_digit(10)).unwrap_or(1);
            return Ok(Target::Same(to as u8));
        }
        let append = self.take(">>");
        let output = append || self.take(">|") || self.take(">");
        if !output {
            self.take("<");
        }
        self.blanks();
        let word = self.word()?.ok_or("syntax error: redirection unexpected")?;
        Ok(match output {
            true => Target::File(word, append),
            false => Target::Input(word),
        })
    }

    pub(super) fn here_document(&mut self) -> Parsed<Target> {
        let tabs = self.take("-");
        self.blanks();
        let begin = self.at;
        self.word()?;
        let raw: String = self
            .text
            .get(begin..self.at)
            .unwrap_or_default()
            .iter()
            .collect();
        let literal = raw.contains(['\'', '"', '\\']);
        let end: String = raw
            .chars()
            .filter(|c| !matches!(c, '\'' | '"' | '\\'))
            .collect();
        let rest = self.here.last().copied().unwrap_or_else(|| {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let line = rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
            self.at + line + 1
        });
        let mut at = rest;
        let mut body = String::new();
        while at < self.text.len() {
            let line: String = self
                .text
                .get(at..)
                .unwrap_or_default()
                .iter()
                .take_while(|c| **c != '\n')
                .collect();
            at += line.chars().count() + 1;
            let line = if tabs {
                line.trim_start_matches('\t')
            } else {
                &line
            };
            if line == end {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        self.here.push(at);
        if literal {
            return Ok(Target::Text(vec![Piece::Text {
                text: body,
                quoted: true,
            }]));
        }
        let mut inner = Parser {
            text: body.chars().collect(),
            at: 0,
            depth: self.depth,
            here: Vec::new(),
        };
        Ok(Target::Text(inner.double_quoted(None)?))
    }
}
