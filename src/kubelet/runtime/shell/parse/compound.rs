//! Commands that hold commands: conditions, loops, cases, functions.

use super::super::ast::Node;
use super::{Parsed, Parser};
use std::sync::Arc;

impl Parser {
    pub(super) fn conditional(&mut self) -> Parsed<Node> {
        let mut arms = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            self.expect("then")?;
            let body = self.list(&["elif", "else", "fi"])?;
            arms.push((condition, body));
            if self.take_word("elif") {
                continue;
            }
            let otherwise = match self.take_word("else") {
                true => Some(self.list(&["fi"])?),
                false => None,
            };
            self.expect("fi")?;
            return Ok(Node::If(arms, otherwise));
        }
    }

    pub(super) fn repetition(&mut self, until: bool) -> Parsed<Node> {
        let condition = self.list(&["do"])?;
        let body = self.body()?;
        Ok(Node::While {
            until,
            condition,
            body,
        })
    }

    pub(super) fn body(&mut self) -> Parsed<Arc<Node>> {
        self.expect("do")?;
        let body = self.list(&["done"])?;
        self.expect("done")?;
        Ok(body)
    }

    pub(super) fn iteration(&mut self) -> Parsed<Node> {
        self.blanks();
        let name = self.name().ok_or("syntax error: bad for loop variable")?;
        self.breaks();
        let words = match self.take_word("in") {
            true => {
                let mut words = Vec::new();
                loop {
                    self.blanks();
                    match self.word()? {
                        Some(word) => words.push(word),
                        None => break Some(words),
                    }
                }
            }
            false => None,
        };
        let body = self.body()?;
        Ok(Node::For { name, words, body })
    }

    pub(super) fn case(&mut self) -> Parsed<Node> {
        self.blanks();
        let word = self.word()?.unwrap_or_default();
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.breaks();
            if self.take_word("esac") {
                return Ok(Node::Case(word, arms));
            }
            self.take("(");
            let mut patterns = Vec::new();
            loop {
                self.blanks();
                patterns.push(self.word()?.ok_or("syntax error: bad case pattern")?);
                self.blanks();
                if !self.take("|") {
                    break;
                }
            }
            self.close()?;
            let body = self.list(&["esac"])?;
            self.take(";;");
            arms.push((patterns, body));
        }
    }

    pub(super) fn function(&mut self) -> Parsed<Node> {
        self.blanks();
        let name = self.name().ok_or("syntax error: bad function name")?;
        self.blanks();
        self.take("()");
        self.breaks();
        Ok(Node::Function(name, self.command()?))
    }
}
