//! Patterns, expressions and arithmetic.

use std::collections::BTreeMap;

/// Whether a shell pattern (`*`, `?`, `[…]`) matches the whole text. A
/// backslash takes the next character as it stands.
pub fn matches_pattern(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skip| {
            text.get(skip..)
                .is_some_and(|tail| matches_pattern(rest, tail))
        }),
        Some(('?', rest)) => text
            .split_first()
            .is_some_and(|(_, tail)| matches_pattern(rest, tail)),
        Some(('[', rest)) => match class(rest, text.first().copied()) {
            Some((found, rest)) => {
                found
                    && text
                        .get(1..)
                        .is_some_and(|tail| matches_pattern(rest, tail))
            }
            None => {
                text.first() == Some(&'[')
                    && matches_pattern(rest, text.get(1..).unwrap_or_default())
            }
        },
        Some(('\\', rest)) => match rest.split_first() {
            Some((c, rest)) => {
                text.first() == Some(c) && matches_pattern(rest, text.get(1..).unwrap_or_default())
            }
            None => false,
        },
        Some((c, rest)) => {
            text.first() == Some(c) && matches_pattern(rest, text.get(1..).unwrap_or_default())
        }
    }
}

/// Whether a character is in a class that begins after `[`; what follows it.
fn class(pattern: &[char], c: Option<char>) -> Option<(bool, &[char])> {
    let not = matches!(pattern.first(), Some('!' | '^'));
    let begin = usize::from(not);
    let end = pattern.iter().skip(begin + 1).position(|c| *c == ']')? + begin + 1;
    let set = pattern.get(begin..end)?;
    let rest = pattern.get(end + 1..)?;
    let Some(c) = c else {
        return Some((false, rest));
    };
    let mut found = false;
    let mut at = 0;
    while let Some(low) = set.get(at) {
        match (set.get(at + 1), set.get(at + 2)) {
            (Some('-'), Some(high)) => {
                found |= (*low..=*high).contains(&c);
                at += 3;
            }
            _ => {
                found |= *low == c;
                at += 1;
            }
        }
    }
    Some((found != not, rest))
}

/// Where a basic regular expression matches first: begin and end, in characters.
pub fn find_expression(expression: &str, text: &str) -> Option<(usize, usize)> {
    let pattern: Vec<char> = expression.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (anchored, pattern) = match pattern.split_first() {
        Some(('^', rest)) => (true, rest.to_vec()),
        _ => (false, pattern),
    };
    let last = if anchored { 0 } else { text.len() };
    (0..=last).find_map(|begin| expression_here(&pattern, &text, begin).map(|end| (begin, end)))
}

fn expression_here(pattern: &[char], text: &[char], at: usize) -> Option<usize> {
    let Some(first) = pattern.first() else {
        return Some(at);
    };
    if *first == '$' && pattern.len() == 1 {
        return (at == text.len()).then_some(at);
    }
    let width = atom_width(pattern);
    let (atom, rest) = pattern.split_at(width.min(pattern.len()));
    let one = |at: usize| text.get(at).is_some_and(|c| atom_holds(atom, *c));
    match rest.first() {
        Some(c @ ('*' | '+')) => {
            let mut end = at;
            while one(end) {
                end += 1;
            }
            let least = at + usize::from(*c == '+');
            (least..=end)
                .rev()
                .find_map(|next| expression_here(rest.get(1..)?, text, next))
        }
        Some('?') => {
            let with = one(at)
                .then(|| expression_here(rest.get(1..)?, text, at + 1))
                .flatten();
            with.or_else(|| expression_here(rest.get(1..)?, text, at))
        }
        _ => one(at)
            .then(|| expression_here(rest, text, at + 1))
            .flatten(),
    }
}

fn atom_width(pattern: &[char]) -> usize {
    match pattern.first() {
        Some('\\') => 2,
        Some('[') => {
            let close = pattern.iter().skip(2).position(|c| *c == ']');
            close.map_or(1, |close| close + 3)
        }
        _ => 1,
    }
}

fn atom_holds(atom: &[char], c: char) -> bool {
    match atom {
        ['.'] => true,
        ['\\', 'd'] => c.is_ascii_digit(),
        ['\\', 'w'] => c.is_alphanumeric() || c == '_',
        ['\\', 's'] => c.is_whitespace(),
        ['\\', escaped] => *escaped == c,
        ['[', rest @ ..] => class(rest, Some(c)).is_some_and(|(found, _)| found),
        [literal] => *literal == c,
        _ => false,
    }
}

/// Evaluates `$((…))`. Assignments change `vars`. None for what is no expression.
pub fn arithmetic(text: &str, vars: &mut BTreeMap<String, String>) -> Option<i64> {
    let mut sums = Sums {
        text: text.chars().filter(|c| !c.is_whitespace()).collect(),
        at: 0,
        depth: 0,
        vars,
    };
    if sums.text.is_empty() {
        return Some(0);
    }
    let value = sums.level(0)?;
    (sums.at == sums.text.len()).then_some(value)
}

struct Sums<'a> {
    text: Vec<char>,
    at: usize,
    depth: u32,
    vars: &'a mut BTreeMap<String, String>,
}

/// Operators by how closely they bind, loosest first.
const LEVELS: [&[&str]; 7] = [
    &["||"],
    &["&&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
    &[],
];

impl Sums<'_> {
    fn take(&mut self, text: &str) -> bool {
        let found = text
            .chars()
            .enumerate()
            .all(|(ahead, c)| self.text.get(self.at + ahead) == Some(&c));
        if found {
            self.at += text.len();
        }
        found
    }

    fn level(&mut self, level: usize) -> Option<i64> {
        let operators = LEVELS.get(level)?;
        if operators.is_empty() {
            return self.atom();
        }
        let mut left = self.level(level + 1)?;
        loop {
            let Some(operator) = operators.iter().find(|operator| self.take(operator)) else {
                return Some(left);
            };
            let right = self.level(level + 1)?;
            left = match *operator {
                "||" => i64::from(left != 0 || right != 0),
                "&&" => i64::from(left != 0 && right != 0),
                "==" => i64::from(left == right),
                "!=" => i64::from(left != right),
                "<=" => i64::from(left <= right),
                ">=" => i64::from(left >= right),
                "<" => i64::from(left < right),
                ">" => i64::from(left > right),
                "+" => left.wrapping_add(right),
                "-" => left.wrapping_sub(right),
                "*" => left.wrapping_mul(right),
                "/" => left.checked_div(right)?,
                _ => left.checked_rem(right)?,
            };
        }
    }

    fn atom(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        if self.take("(") {
            let value = self.level(0)?;
            return self.take(")").then_some(value);
        }
        if self.take("-") {
            return Some(self.atom()?.wrapping_neg());
        }
        if self.take("!") {
            return Some(i64::from(self.atom()? == 0));
        }
        let begin = self.at;
        while self
            .text
            .get(self.at)
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
        {
            self.at += 1;
        }
        let word: String = self
            .text
            .get(begin..self.at)?
            .iter()
            .filter(|c| **c != '$')
            .collect();
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word.parse().ok();
        }
        if word.is_empty() {
            return None;
        }
        self.variable(word)
    }

    fn variable(&mut self, name: String) -> Option<i64> {
        let value = self
            .vars
            .get(&name)
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0i64);
        let mut set = |value: i64| self.vars.insert(name.clone(), value.to_string());
        let rest: String = self.text.get(self.at..)?.iter().take(2).collect();
        match rest.as_str() {
            "++" => {
                set(value.wrapping_add(1));
                self.at += 2;
                Some(value)
            }
            "--" => {
                set(value.wrapping_sub(1));
                self.at += 2;
                Some(value)
            }
            "+=" | "-=" | "*=" => {
                self.at += 2;
                let right = self.level(0)?;
                let value = match rest.chars().next() {
                    Some('+') => value.wrapping_add(right),
                    Some('-') => value.wrapping_sub(right),
                    _ => value.wrapping_mul(right),
                };
                self.vars.insert(name, value.to_string());
                Some(value)
            }
            other if other.starts_with('=') && other != "==" => {
                self.at += 1;
                let value = self.level(0)?;
                self.vars.insert(name, value.to_string());
                Some(value)
            }
            _ => Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_right() {
        let mut vars = BTreeMap::from([("i".to_owned(), "4".to_owned())]);
        let table = [
            ("1+2*3", Some(7)),
            ("(1+2)*3", Some(9)),
            ("i+1", Some(5)),
            ("$i % 3", Some(1)),
            ("i++", Some(4)),
            ("i", Some(5)),
            ("i=7", Some(7)),
            ("3<4 && 2>=2", Some(1)),
            ("1/0", None),
            ("1 2 +", None),
        ];
        for (text, value) in table {
            assert_eq!(arithmetic(text, &mut vars), value, "{text}");
        }
    }

    #[test]
    fn patterns_match() {
        let glob = |pattern: &str, text: &str| {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            matches_pattern(&chars(pattern), &chars(text))
        };
        assert!(glob("*.log", "a.log") && glob("[a-c]?", "bx") && glob("*", ""));
        assert!(!glob("*.log", "a.txt") && !glob("[!a]", "a"));
        assert_eq!(find_expression("^  HTTP", "  HTTP/1.1"), Some((0, 6)));
        assert_eq!(find_expression("o*b", "fooboo"), Some((1, 4)));
        assert_eq!(find_expression("[0-9]+$", "web-12"), Some((4, 6)));
        assert_eq!(find_expression("x", "abc"), None);
    }
}
