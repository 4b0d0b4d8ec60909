//! Where an error is, and how it is written: the words of
//! `k8s.io/apimachinery/pkg/util/validation/field`.
//!
//! A path is a chain of links on the stack; it becomes text only when there is
//! something to complain about.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
use std::borrow::Cow;
use std::fmt;

/// A place in an object: `spec.containers[0].image`, `data[key]`.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    part: Part<'a>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Name(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    pub(super) const fn root(name: &'a str) -> Path<'a> {
        Path {
            parent: None,
            part: Part::Name(name),
        }
    }

    const fn under(parent: &'a Path<'a>, part: Part<'a>) -> Path<'a> {
        Path {
            parent: Some(parent),
            part,
        }
    }

    pub(super) const fn child(&'a self, name: &'a str) -> Path<'a> {
        Path::under(self, Part::Name(name))
    }

    pub(super) const fn index(&'a self, index: usize) -> Path<'a> {
        Path::under(self, Part::Index(index))
    }

    pub(super) const fn key(&'a self, key: &'a str) -> Path<'a> {
        Path::under(self, Part::Key(key))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match (self.part, self.parent) {
            (Part::Name(name), None) => f.write_str(name),
            (Part::Name(name), Some(_)) => write!(f, ".{name}"),
            (Part::Index(index), _) => write!(f, "[{index}]"),
            (Part::Key(key), _) => write!(f, "[{key}]"),
        }
    }
}

/// A value inside a message: texts quoted, everything else as JSON.
pub(super) trait Shown {
    fn show(&self) -> String;
}

impl Shown for str {
    fn show(&self) -> String {
        quote(self)
    }
}

impl Shown for String {
    fn show(&self) -> String {
        quote(self)
    }
}

impl Shown for i32 {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Shown for i64 {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Shown for bool {
    fn show(&self) -> String {
        self.to_string()
    }
}

/// A value that is JSON text already.
pub(super) struct Json(pub(super) String);

impl Shown for Json {
    fn show(&self) -> String {
        self.0.clone()
    }
}

impl Json {
    pub(super) fn of(value: &impl serde::Serialize) -> Json {
        Json(serde_json::to_string(value).unwrap_or_default())
    }
}

impl<T: Shown + ?Sized> Shown for &T {
    fn show(&self) -> String {
        (**self).show()
    }
}

/// A text in double quotes as Go's `%q` writes it.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\x0b' => quoted.push_str("\\v"),
            low if (low as u32) < 0x20 || low == '\x7f' => {
                quoted.push_str(&format!("\\x{:02x}", low as u32));
            }
            other if other.is_control() => quoted.push_str(&format!("\\u{:04x}", other as u32)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A rule of form: pushes a message for each way in which a text breaks it.
pub(super) type Rule = fn(&str, &mut Vec<Cow<'static, str>>);

/// All that is wrong with an object, in the order of the checks.
#[derive(Default)]
pub(super) struct Errors {
    causes: Vec<StatusCause>,
}

impl Errors {
    pub(super) fn into_causes(self) -> Vec<StatusCause> {
        self.causes
    }

    pub(super) fn len(&self) -> usize {
        self.causes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    fn push(&mut self, reason: &str, path: &Path<'_>, head: String, detail: &str) {
        let message = if detail.is_empty() {
            head
        } else {
            format!("{head}: {detail}")
        };
        self.causes.push(StatusCause {
            field: Some(path.to_string()),
            message: Some(message),
            reason: Some(reason.to_owned()),
        });
    }

    pub(super) fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.push("FieldValueRequired", path, "Required value".into(), detail);
    }

    pub(super) fn invalid(&mut self, path: &Path<'_>, value: impl Shown, detail: impl AsRef<str>) {
        let head = format!("Invalid value: {}", value.show());
        self.push("FieldValueInvalid", path, head, detail.as_ref());
    }

    pub(super) fn forbidden(&mut self, path: &Path<'_>, detail: impl AsRef<str>) {
        self.push(
            "FieldValueForbidden",
            path,
            "Forbidden".into(),
            detail.as_ref(),
        );
    }

    pub(super) fn duplicate(&mut self, path: &Path<'_>, value: impl Shown) {
        self.duplicate_because(path, value, "");
    }

    pub(super) fn duplicate_because(&mut self, path: &Path<'_>, value: impl Shown, detail: &str) {
        let head = format!("Duplicate value: {}", value.show());
        self.push("FieldValueDuplicate", path, head, detail);
    }

    pub(super) fn not_found(&mut self, path: &Path<'_>, value: impl Shown) {
        let head = format!("Not found: {}", value.show());
        self.push("FieldValueNotFound", path, head, "");
    }

    pub(super) fn too_long(&mut self, path: &Path<'_>, bytes_max: usize) {
        let detail = format!("may not be more than {bytes_max} bytes");
        self.push("FieldValueTooLong", path, "Too long".into(), &detail);
    }

    pub(super) fn too_many(&mut self, path: &Path<'_>, given: usize, max: usize) {
        let head = format!("Too many: {given}");
        let detail = format!("must have at most {max} items");
        self.push("FieldValueTooMany", path, head, &detail);
    }

    pub(super) fn unsupported(&mut self, path: &Path<'_>, value: impl Shown, supported: &[&str]) {
        let head = format!("Unsupported value: {}", value.show());
        let quoted: Vec<String> = supported.iter().map(|value| quote(value)).collect();
        let detail = format!("supported values: {}", quoted.join(", "));
        self.push("FieldValueNotSupported", path, head, &detail);
    }

    /// Every way in which `value` breaks `rule`.
    pub(super) fn rule(&mut self, path: &Path<'_>, value: &str, rule: Rule) {
        let mut messages = Vec::new();
        rule(value, &mut messages);
        for message in messages {
            self.invalid(path, value, message);
        }
    }

    /// As [`Errors::rule`], where an empty value is reported as missing.
    pub(super) fn required_rule(&mut self, path: &Path<'_>, value: &str, rule: Rule) {
        if value.is_empty() {
            self.required(path, "");
        } else {
            self.rule(path, value, rule);
        }
    }

    /// An empty value is missing; another must be one of `supported`.
    pub(super) fn one_of(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        if value.is_empty() {
            self.required(path, "");
        } else if !supported.contains(&value) {
            self.unsupported(path, value, supported);
        }
    }

    pub(super) fn not_negative(&mut self, path: &Path<'_>, value: i64) {
        if value < 0 {
            self.invalid(path, value, "must be greater than or equal to 0");
        }
    }

    pub(super) fn immutable(&mut self, path: &Path<'_>, same: bool, value: impl Shown) {
        if !same {
            self.invalid(path, value, IMMUTABLE);
        }
    }
}

/// What is said of a field that may not change.
pub(super) const IMMUTABLE: &str = "field is immutable";

/// The text of an optional field; absent and empty are the same.
pub(super) fn text(field: &Option<String>) -> &str {
    field.as_deref().unwrap_or_default()
}

/// The items of an optional list; absent and empty are the same.
pub(super) fn list<T>(field: &Option<Vec<T>>) -> &[T] {
    field.as_deref().unwrap_or_default()
}
