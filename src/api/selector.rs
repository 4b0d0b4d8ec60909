//! Label selectors in their text form (`app=web,tier in (a,b),!old`), as
//! `k8s.io/apimachinery/pkg/labels` reads and writes them.

use super::LabelSelector;
use super::label_syntax;
use crate::sim::order::Order as _;
use std::collections::BTreeMap;
use std::fmt;

/// How one requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `key=value`.
    Equals,
    /// `key!=value`: also where the key is absent.
    NotEquals,
    /// `key in (a,b)`.
    In,
    /// `key notin (a,b)`: also where the key is absent.
    NotIn,
    /// `key`.
    Exists,
    /// `!key`.
    DoesNotExist,
    /// `key>1`.
    GreaterThan,
    /// `key<1`.
    LessThan,
}

/// One part of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Label key.
    pub key: String,
    /// Comparison.
    pub operator: Operator,
    /// What it compares with, sorted.
    pub values: Vec<String>,
}

impl Requirement {
    fn matches(&self, labels: Option<&BTreeMap<String, String>>) -> bool {
        let found = labels.and_then(|labels| labels.get(&self.key));
        let listed = || found.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::Equals | Operator::In => listed(),
            Operator::NotEquals | Operator::NotIn => !listed(),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::GreaterThan | Operator::LessThan => self.compares(found),
        }
    }

    fn compares(&self, found: Option<&String>) -> bool {
        let found = found.and_then(|text| text.parse::<i64>().ok());
        let bound = self.values.first().and_then(|text| text.parse().ok());
        match (found, bound) {
            (Some(found), Some(bound)) if self.operator == Operator::GreaterThan => found > bound,
            (Some(found), Some(bound)) => found < bound,
            _ => false,
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Requirement { key, values, .. } = self;
        let list = values.join(",");
        match self.operator {
            Operator::Equals => write!(f, "{key}={list}"),
            Operator::NotEquals => write!(f, "{key}!={list}"),
            Operator::In => write!(f, "{key} in ({list})"),
            Operator::NotIn => write!(f, "{key} notin ({list})"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{list}"),
            Operator::LessThan => write!(f, "{key}<{list}"),
        }
    }
}

/// Which labels an object must carry. The default one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
    nothing: bool,
}

impl Selector {
    /// A selector that no labels fulfil.
    pub fn nothing() -> Self {
        Selector {
            requirements: Vec::new(),
            nothing: true,
        }
    }

    /// Reads the text form; the error is worded as the API server words it.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let mut requirements = Parser::new(text).selector()?;
        requirements.order_by(|a, b| a.key.cmp(&b.key));
        Ok(Selector {
            requirements,
            nothing: false,
        })
    }

    /// Exactly these labels (`spec.selector` of a Service). None of them: every
    /// object, as for upstream's `SelectorFromSet`.
    pub fn from_map(labels: &BTreeMap<String, String>) -> Selector {
        let requirements = labels
            .iter()
            .map(|(key, value)| Requirement {
                key: key.clone(),
                operator: Operator::Equals,
                values: vec![value.clone()],
            })
            .collect();
        Selector {
            requirements,
            nothing: false,
        }
    }

    /// The selector of a workload. An operator that does not exist selects
    /// nothing.
    pub fn from_label_selector(selector: &LabelSelector) -> Selector {
        let labels = selector.match_labels.as_ref();
        let mut built = labels.map(Selector::from_map).unwrap_or_default();
        for expression in selector.match_expressions.iter().flatten() {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return Selector::nothing(),
            };
            let mut values = expression.values.clone().unwrap_or_default();
            values.order();
            built.requirements.push(Requirement {
                key: expression.key.clone(),
                operator,
                values,
            });
        }
        built.requirements.order_by(|a, b| a.key.cmp(&b.key));
        built
    }

    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty() && !self.nothing
    }

    /// Whether these labels are selected.
    pub fn matches(&self, labels: Option<&BTreeMap<String, String>>) -> bool {
        !self.nothing
            && self
                .requirements
                .iter()
                .all(|requirement| requirement.matches(labels))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    End,
    Word(&'a str),
    Symbol(&'static str),
}

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        match self {
            Token::End => "",
            Token::Word(text) => text,
            Token::Symbol(text) => text,
        }
    }
}

/// Two-character symbols first, so that `==` is not read as two `=`.
const SYMBOLS: [&str; 10] = ["==", "!=", "=", "!", "(", ")", ",", "<", ">", "\0"];

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                tokens.push(Token::Symbol(symbol));
                rest = rest.get(symbol.len()..).unwrap_or_default();
            } else {
                let ends = |c: char| c.is_whitespace() || "=!(),<>\0".contains(c);
                let (word, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
                tokens.push(Token::Word(word));
                rest = after;
            }
            rest = rest.trim_start();
        }
        Parser { tokens, at: 0 }
    }

    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.at).copied().unwrap_or(Token::End)
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn selector(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                Token::Word(_) | Token::Symbol("!") => {}
                Token::End => return Ok(requirements),
                other => {
                    return Err(format!(
                        "found '{}', expected: !, identifier, or 'end of string'",
                        other.text()
                    ));
                }
            }
            let requirement = self
                .requirement()
                .map_err(|error| format!("unable to parse requirement: {error}"))?;
            requirements.push(requirement);
            match self.take() {
                Token::End => return Ok(requirements),
                Token::Symbol(",") => self.after_comma()?,
                other => {
                    return Err(format!(
                        "found '{}', expected: ',' or 'end of string'",
                        other.text()
                    ));
                }
            }
        }
    }

    fn after_comma(&self) -> Result<(), String> {
        match self.peek() {
            Token::Word(_) | Token::Symbol("!") => Ok(()),
            other => Err(format!(
                "found '{}', expected: identifier after ','",
                other.text()
            )),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let negated = self.peek() == Token::Symbol("!");
        if negated {
            self.take();
        }
        let key = match self.take() {
            Token::Word(key) => key.to_owned(),
            other => return Err(format!("found '{}', expected: identifier", other.text())),
        };
        label_syntax::check_key(&key)
            .map_err(|error| format!("<nil>: Invalid value: {key:?}: {error}"))?;
        let operator = match self.peek() {
            _ if negated => Operator::DoesNotExist,
            Token::End | Token::Symbol(",") => Operator::Exists,
            _ => self.operator()?,
        };
        let mut values = match operator {
            Operator::Exists | Operator::DoesNotExist => Vec::new(),
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        values.order();
        values.dedup();
        check_values(&key, operator, &values)?;
        Ok(Requirement {
            key,
            operator,
            values,
        })
    }

    fn operator(&mut self) -> Result<Operator, String> {
        Ok(match self.take() {
            Token::Word("in") => Operator::In,
            Token::Word("notin") => Operator::NotIn,
            Token::Symbol("=" | "==") => Operator::Equals,
            Token::Symbol("!=") => Operator::NotEquals,
            Token::Symbol(">") => Operator::GreaterThan,
            Token::Symbol("<") => Operator::LessThan,
            other => {
                return Err(format!(
                    "found '{}', expected: in, notin, =, ==, !=, gt, lt",
                    other.text()
                ));
            }
        })
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.take() {
            Token::Symbol("(") => {}
            other => return Err(format!("found '{}' expected: '('", other.text())),
        }
        let mut values = Vec::new();
        if self.peek() == Token::Symbol(")") {
            self.take();
            return Ok(vec![String::new()]);
        }
        loop {
            match self.peek() {
                Token::Word(word) => {
                    self.take();
                    values.push(word.to_owned());
                }
                Token::Symbol("," | ")") => values.push(String::new()),
                other => {
                    return Err(format!(
                        "found '{}', expected: ',', ')' or identifier",
                        other.text()
                    ));
                }
            }
            match self.take() {
                Token::Symbol(",") => {}
                Token::Symbol(")") => return Ok(values),
                other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
            }
        }
    }

    fn exact_value(&mut self) -> Result<String, String> {
        match self.peek() {
            Token::End | Token::Symbol(",") => Ok(String::new()),
            Token::Word(word) => {
                self.take();
                Ok(word.to_owned())
            }
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }
}

fn check_values(key: &str, operator: Operator, values: &[String]) -> Result<(), String> {
    for (index, value) in values.iter().enumerate() {
        if matches!(operator, Operator::GreaterThan | Operator::LessThan)
            && value.parse::<i64>().is_err()
        {
            return Err(format!(
                "values[{index}]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
            ));
        }
        label_syntax::check_value(value).map_err(|error| {
            format!("values[{index}][{key}]: Invalid value: {value:?}: {error}")
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn selectors_select() {
        let web = labels(&[("app", "web"), ("tier", "a"), ("n", "5")]);
        let table = [
            ("", true),
            ("app=web", true),
            ("app==web,tier!=b", true),
            ("app=web,tier=b", false),
            ("app in (api, web)", true),
            ("app notin (web)", false),
            ("none notin (web)", true),
            ("app,!old", true),
            ("!app", false),
            ("n>4,n<6", true),
            ("n>5", false),
            ("none!=x", true),
        ];
        for (text, expected) in table {
            let selector = Selector::parse(text).unwrap_or_else(|_| Selector::nothing());
            assert_eq!(selector.matches(Some(&web)), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_as_the_server_names_them() {
        let table = [
            (
                "app===a",
                "unable to parse requirement: found '=', expected: identifier",
            ),
            ("app=a b", "found 'b', expected: ',' or 'end of string'"),
            (
                "app in a",
                "unable to parse requirement: found 'a' expected: '('",
            ),
            (
                "app in (a",
                "unable to parse requirement: found '', expected: ',' or ')'",
            ),
            (
                ",",
                "found ',', expected: !, identifier, or 'end of string'",
            ),
            ("app=a,", "found '', expected: identifier after ','"),
            (
                "n>x",
                "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(Selector::parse(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_scale_shows_its_selector_sorted_by_key() {
        let parsed = Selector::parse("t in (b,a),app=r1,!no");
        assert_eq!(
            parsed.map(|selector| selector.to_string()),
            Ok("app=r1,!no,t in (a,b)".to_owned())
        );
    }
}
