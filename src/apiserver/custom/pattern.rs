//! Regular expressions of schemas, as far as RE2 patterns are usually written.
//! One that uses more is stored and not judged.

use std::cell::Cell;

/// A pattern that tries more steps than this counts as matching.
const STEPS_MAX: u32 = 100_000;
const REPEATS_MAX: u32 = 1000;
const DEPTH_MAX: u32 = 50;

#[derive(Debug)]
enum Node {
    Any,
    /// Characters in these ranges; or, where false, outside of them.
    Class(bool, Vec<(char, char)>),
    Start,
    End,
    Group(Vec<Vec<Node>>),
    Repeat(Box<Node>, u32, u32),
}

/// A parsed pattern.
#[derive(Debug)]
pub(super) struct Pattern(Vec<Vec<Node>>);

impl Pattern {
    /// Reads a pattern; nothing where it has what is not known here.
    pub(super) fn parse(text: &str) -> Option<Pattern> {
        let mut parser = Parser {
            rest: text.chars().collect::<Vec<char>>().into_iter().peekable(),
        };
        let alternatives = parser.alternatives(0)?;
        parser
            .rest
            .peek()
            .is_none()
            .then_some(Pattern(alternatives))
    }

    /// Whether it matches anywhere in a text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let matcher = Matcher {
            text: &text,
            steps: Cell::new(0),
        };
        (0..=text.len()).any(|at| matcher.any(&self.0, at, &mut |_| true))
    }
}

struct Parser {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
}

impl Parser {
    fn alternatives(&mut self, depth: u32) -> Option<Vec<Vec<Node>>> {
        if depth > DEPTH_MAX {
            return None;
        }
        let mut all = vec![Vec::new()];
        while let Some(next) = self.rest.peek().copied() {
            match next {
                '|' => {
                    self.rest.next();
                    all.push(Vec::new());
                }
                ')' => break,
                _ => {
                    let node = self.node(depth)?;
                    let node = self.repeated(node)?;
                    all.last_mut()?.push(node);
                }
            }
        }
        Some(all)
    }

    fn node(&mut self, depth: u32) -> Option<Node> {
        let one = |it: char| Node::Class(true, vec![(it, it)]);
        Some(match self.rest.next()? {
            '.' => Node::Any,
            '^' => Node::Start,
            '$' => Node::End,
            '(' => {
                if self.rest.next_if_eq(&'?').is_some() && self.rest.next()? != ':' {
                    return None;
                }
                let inner = self.alternatives(depth + 1)?;
                self.rest.next_if_eq(&')')?;
                Node::Group(inner)
            }
            '[' => self.class()?,
            '\\' => match self.rest.next()? {
                'A' => Node::Start,
                'z' => Node::End,
                it => match escape(it)? {
                    (true, ranges) => Node::Class(true, ranges),
                    (false, ranges) => Node::Class(false, ranges),
                },
            },
            '*' | '+' | '?' | '{' => return None,
            it => one(it),
        })
    }

    fn class(&mut self) -> Option<Node> {
        let within = self.rest.next_if_eq(&'^').is_none();
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            let it = self.rest.next()?;
            if it == ']' && !first {
                return Some(Node::Class(within, ranges));
            }
            first = false;
            let from = match it {
                '[' if self.rest.peek() == Some(&':') => return None,
                '\\' => match escape(self.rest.next()?)? {
                    (true, found) if found.len() == 1 && found[0].0 == found[0].1 => found[0].0,
                    (true, found) => {
                        ranges.extend(found);
                        continue;
                    }
                    _ => return None,
                },
                it => it,
            };
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|it| it != ']');
            if !is_range {
                ranges.push((from, from));
                continue;
            }
            self.rest.next();
            let to = match self.rest.next()? {
                '\\' => escape(self.rest.next()?)?.1.first()?.0,
                it => it,
            };
            ranges.push((from, to));
        }
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = match self.rest.peek() {
            Some('*') => (0, REPEATS_MAX),
            Some('+') => (1, REPEATS_MAX),
            Some('?') => (0, 1),
            Some('{') => return self.counted(node),
            _ => return Some(node),
        };
        self.rest.next();
        self.rest.next_if_eq(&'?');
        Some(Node::Repeat(Box::new(node), least, most))
    }

    fn counted(&mut self, node: Node) -> Option<Node> {
        self.rest.next();
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                '}' => break,
                it => text.push(it),
            }
        }
        let (least, most) = match text.split_once(',') {
            None => (text.parse().ok()?, text.parse().ok()?),
            Some((least, "")) => (least.parse().ok()?, REPEATS_MAX),
            Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
        };
        if least > REPEATS_MAX || most > REPEATS_MAX {
            return None;
        }
        self.rest.next_if_eq(&'?');
        Some(Node::Repeat(Box::new(node), least, most))
    }
}

/// What follows a backslash.
fn escape(it: char) -> Option<(bool, Vec<(char, char)>)> {
    let word = vec![('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')];
    let space = vec![(' ', ' '), ('\t', '\r')];
    Some(match it {
        'd' => (true, vec![('0', '9')]),
        'D' => (false, vec![('0', '9')]),
        'w' => (true, word),
        'W' => (false, word),
        's' => (true, space),
        'S' => (false, space),
        'n' => (true, vec![('\n', '\n')]),
        't' => (true, vec![('\t', '\t')]),
        it if it.is_ascii_alphanumeric() => return None,
        it => (true, vec![(it, it)]),
    })
}

struct Matcher<'t> {
    text: &'t [char],
    steps: Cell<u32>,
}

/// What must match from a place on.
type Next<'n> = &'n mut dyn FnMut(usize) -> bool;

impl Matcher<'_> {
    fn any(&self, alternatives: &[Vec<Node>], at: usize, next: Next<'_>) -> bool {
        alternatives.iter().any(|nodes| self.all(nodes, at, next))
    }

    fn all(&self, nodes: &[Node], at: usize, next: Next<'_>) -> bool {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX {
            return true;
        }
        let Some((first, rest)) = nodes.split_first() else {
            return next(at);
        };
        self.one(first, at, &mut |at| self.all(rest, at, next))
    }

    fn one(&self, node: &Node, at: usize, next: Next<'_>) -> bool {
        match node {
            Node::Start => at == 0 && next(at),
            Node::End => at == self.text.len() && next(at),
            Node::Any => self.text.get(at).is_some_and(|it| *it != '\n') && next(at + 1),
            Node::Class(within, ranges) => {
                let fits = |it: &char| ranges.iter().any(|(from, to)| (from..=to).contains(&it));
                self.text.get(at).is_some_and(|it| fits(it) == *within) && next(at + 1)
            }
            Node::Group(alternatives) => self.any(alternatives, at, next),
            Node::Repeat(inner, least, most) => self.repeat(inner, *least, *most, at, next),
        }
    }

    fn repeat(&self, inner: &Node, least: u32, most: u32, at: usize, next: Next<'_>) -> bool {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX {
            return true;
        }
        if most > 0 {
            let more = self.one(inner, at, &mut |after| {
                // An empty match repeated is no progress.
                after > at && self.repeat(inner, least.saturating_sub(1), most - 1, after, next)
            });
            if more {
                return true;
            }
        }
        least == 0 && next(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_re2_does() {
        let table = [
            ("^[a-z]+$", "abc", true),
            ("^[a-z]+$", "abC", false),
            ("b", "abc", true),
            ("^(a|bc)*d?$", "abcad", true),
            ("^\\d{1,3}(\\.\\d{1,3}){3}$", "10.0.0.1", true),
            ("^\\d{1,3}(\\.\\d{1,3}){3}$", "10.0.0", false),
            ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b-", false),
            ("^[^/]+/[\\w.-]+$", "a/b.c", true),
            ("^(a+)+$", &"a".repeat(40), true),
        ];
        for (pattern, text, wanted) in table {
            let parsed = Pattern::parse(pattern).expect(pattern);
            assert_eq!(parsed.is_match(text), wanted, "{pattern} {text}");
        }
        assert!(Pattern::parse("(?i)a").is_none());
    }
}
