//! From text to a tree.

use super::ast::{Change, Node, Piece, Redirect, Simple, Target, Word};
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

    fn conditional(&mut self) -> Parsed<Node> {
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

    fn repetition(&mut self, until: bool) -> Parsed<Node> {
        let condition = self.list(&["do"])?;
        let body = self.body()?;
        Ok(Node::While {
            until,
            condition,
            body,
        })
    }

    fn body(&mut self) -> Parsed<Arc<Node>> {
        self.expect("do")?;
        let body = self.list(&["done"])?;
        self.expect("done")?;
        Ok(body)
    }

    fn iteration(&mut self) -> Parsed<Node> {
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

    fn case(&mut self) -> Parsed<Node> {
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

    fn function(&mut self) -> Parsed<Node> {
        self.blanks();
        let name = self.name().ok_or("syntax error: bad function name")?;
        self.blanks();
        self.take("()");
        self.breaks();
        Ok(Node::Function(name, self.command()?))
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

    fn redirect(&mut self) -> Parsed<Option<Redirect>> {
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

    fn target(&mut self) -> Parsed<Target> {
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

    fn here_document(&mut self) -> Parsed<Target> {
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

    /// A word, if one begins here.
    fn word(&mut self) -> Parsed<Option<Word>> {
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
    fn double_quoted(&mut self, close: Option<char>) -> Parsed<Word> {
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

    fn dollar(&mut self, quoted: bool) -> Parsed<Piece> {
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

    fn until_double_close(&mut self) -> Parsed<String> {
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

    fn braces(&mut self, quoted: bool) -> Parsed<Piece> {
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

    fn in_braces(&mut self) -> Parsed<Word> {
        self.double_quoted(Some('}'))
    }
}

fn flush(word: &mut Word, text: &mut String, quoted: bool) {
    if !text.is_empty() {
        let text = std::mem::take(text);
        word.push(Piece::Text { text, quoted });
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
