//! From text to a tree.

mod compound;
mod redirect;
mod word;

use super::ast::{Node, Simple};
use std::sync::Arc;

/// Deepest nesting of a script.
const DEPTH_MAX: u32 = 64;

/// What is wrong with a script.
pub type SyntaxError = String;

type Parsed<T> = Result<T, SyntaxError>;

/// Reads a script.
pub fn parse(text: &str) -> Parsed<Arc<Node>> {
    let mut parser = Parser {
        text: text.chars().collect(),
        at: 0,
        depth: 0,
        here: Vec::new(),
    };
    let node = parser.list(&[])?;
    match parser.peek() {
        None => Ok(node),
        Some(c) => Err(format!("syntax error: unexpected \"{c}\"")),
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: u32,
    /// Where the bodies of here-documents that wait for their line end begin.
    here: Vec<usize>,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn starts(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(ahead, c)| self.peek_at(ahead) == Some(c))
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.starts(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.peek_at(1) == Some('\n') => self.at += 2,
                Some('#')
                    if self.at == 0
                        || self
                            .text
                            .get(self.at - 1)
                            .is_some_and(|c| c.is_whitespace() || *c == ';') =>
                {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn newline(&mut self) {
        self.at += 1;
        // The bodies of here-documents follow their line and were read already.
        if let Some(end) = self.here.pop() {
            self.here.clear();
            self.at = end.max(self.at);
        }
    }

    fn breaks(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some('\n') => self.newline(),
                _ => return,
            }
        }
    }

    /// The reserved or other plain word here, without taking it.
    fn bare_word(&self) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.iter()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '!' | '['))
            .collect()
    }

    fn is_word(&self, word: &str) -> bool {
        self.bare_word() == word
            && self
                .peek_at(word.chars().count())
                .is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '(' | ')' | '&' | '|'))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.at += word.chars().count();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Parsed<()> {
        self.breaks();
        while self.peek() == Some(';') && !self.starts(";;") {
            self.at += 1;
            self.breaks();
        }
        match self.take_word(word) {
            true => Ok(()),
            false => Err(format!("syntax error: expected \"{word}\"")),
        }
    }

    fn list(&mut self, stops: &[&str]) -> Parsed<Arc<Node>> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("syntax error: nested too deeply".to_owned());
        }
        let mut nodes = Vec::new();
        loop {
            self.breaks();
            if self.peek() == Some(';') && !self.starts(";;") {
                self.at += 1;
                continue;
            }
            let stop = stops.iter().any(|word| self.is_word(word));
            if stop || self.peek().is_none_or(|c| c == ')') || self.starts(";;") {
                break;
            }
            let node = self.and_or()?;
            self.blanks();
            let background = self.peek() == Some('&') && self.peek_at(1) != Some('&');
            if background {
                self.at += 1;
                nodes.push(Arc::new(Node::Background(node)));
            } else {
                nodes.push(node);
            }
        }
        self.depth -= 1;
        Ok(match nodes.len() {
            1 => nodes.remove(0),
            _ => Arc::new(Node::List(nodes)),
        })
    }

    fn and_or(&mut self) -> Parsed<Arc<Node>> {
        let mut left = self.pipeline()?;
        loop {
            self.blanks();
            let or = match () {
                () if self.take("&&") => false,
                () if self.take("||") => true,
                () => return Ok(left),
            };
            self.breaks();
            let right = self.pipeline()?;
            left = Arc::new(Node::AndOr { or, left, right });
        }
    }

    fn pipeline(&mut self) -> Parsed<Arc<Node>> {
        self.blanks();
        let not = self.take_word("!");
        let mut parts = vec![self.command()?];
        loop {
            self.blanks();
            if self.peek() != Some('|') || self.peek_at(1) == Some('|') {
                break;
            }
            self.at += 1;
            self.take("&");
            self.breaks();
            parts.push(self.command()?);
        }
        let node = match parts.len() {
            1 => parts.remove(0),
            _ => Arc::new(Node::Pipeline(parts)),
        };
        Ok(if not { Arc::new(Node::Not(node)) } else { node })
    }

    fn command(&mut self) -> Parsed<Arc<Node>> {
        self.blanks();
        let node = match () {
            () if self.take("((") => Node::Arithmetic(self.until_double_close()?),
            () if self.take("(") => {
                let inner = self.list(&[])?;
                self.close()?;
                Node::Subshell(inner)
            }
            () if self.take_word("{") => {
                let inner = self.list(&["}"])?;
                self.expect("}")?;
                Node::List(vec![inner])
            }
            () if self.take_word("if") => self.conditional()?,
            () if self.take_word("while") => self.repetition(false)?,
            () if self.take_word("until") => self.repetition(true)?,
            () if self.take_word("for") => self.iteration()?,
            () if self.take_word("case") => self.case()?,
            () if self.take_word("function") => self.function()?,
            () => return self.simple(),
        };
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => break,
            }
        }
        let node = Arc::new(node);
        Ok(match redirects.is_empty() {
            true => node,
            false => Arc::new(Node::Redirected(node, redirects)),
        })
    }

    fn close(&mut self) -> Parsed<()> {
        match self.take(")") {
            true => Ok(()),
            false => Err("syntax error: expected \")\"".to_owned()),
        }
    }

    fn simple(&mut self) -> Parsed<Arc<Node>> {
        let mut simple = Simple::default();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            if simple.words.is_empty() {
                if let Some(name) = self.assignment() {
                    let value = self.word()?.unwrap_or_default();
                    simple.assigns.push((name, value));
                    continue;
                }
                if let Some(name) = self.function_head() {
                    self.breaks();
                    return Ok(Arc::new(Node::Function(name, self.command()?)));
                }
            }
            match self.word()? {
                Some(word) => simple.words.push(word),
                None => break,
            }
        }
        if simple == Simple::default() {
            let found = self
                .peek()
                .map_or("end of file".to_owned(), |c| format!("\"{c}\""));
            return Err(format!("syntax error: unexpected {found}"));
        }
        Ok(Arc::new(Node::Simple(simple)))
    }

    fn name(&mut self) -> Option<String> {
        let first = self
            .peek()
            .filter(|c| c.is_ascii_alphabetic() || *c == '_')?;
        let mut name = String::from(first);
        self.at += 1;
        while let Some(c) = self
            .peek()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        {
            name.push(c);
            self.at += 1;
        }
        Some(name)
    }

    /// `NAME=` here.
    fn assignment(&mut self) -> Option<String> {
        let begin = self.at;
        if let Some(name) = self.name()
            && self.take("=")
        {
            return Some(name);
        }
        self.at = begin;
        None
    }

    /// `name()` here.
    fn function_head(&mut self) -> Option<String> {
        let begin = self.at;
        if let Some(name) = self.name() {
            self.blanks();
            if self.take("()") {
                return Some(name);
            }
        }
        self.at = begin;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_people_write_are_read() {
        let scripts = [
            "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600",
            "i=0; while true; do echo \"$i: $(date)\"; i=$((i+1)); sleep 1; done",
            "if [[ -e /etc/podinfo/labels ]]; then echo -en '\\n'; cat /x; fi",
            "for i in $(seq 1 $MAX); do echo $i; done\nexit 1",
            "a && b || { c; d; } > /dev/null 2>&1 &",
            "case \"$1\" in a|b) echo x;; *) echo y ;; esac",
            "cat <<EOF > /tmp/x\nhello $NAME\nEOF\necho done",
            "f() { return 3; }; f",
            "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done",
            "# comment\necho ${A:-b} ${#A} ${A%.*}",
            "until nslookup db; do echo waiting for db; sleep 2; done;",
        ];
        for script in scripts {
            assert!(parse(script).is_ok(), "{script}: {:?}", parse(script));
        }
        for wrong in [
            "while true; do",
            "echo 'x",
            "if x; fi",
            ")",
            "| a",
            "echo $((1+",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
