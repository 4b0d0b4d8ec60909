//! What a user pastes: YAML or JSON, several documents, lists of objects; read
//! with the place of every value kept, and checked before anything is applied.
//!
//! [`read`] makes documents of a text, [`check`] says what is wrong with them and
//! what will have no effect here, [`explain_status`] finds the lines that an error
//! of the API server is about.
//!
//! **Invariant:** no input panics, and none takes more than time in proportion to
//! its length.

mod check;
mod document;
mod fix;
mod ignored;
mod kinds;
mod lenient;
mod place;
mod scalar;
mod yaml;

#[cfg(test)]
mod corpus;

pub use check::{check, explain_status};
pub use document::{Document, read, read_all};
pub use place::Position;
pub use yaml::{ALIASED_VALUES_MAX, DEPTH_MAX, Inside, Place, Span};

use serde::{Deserialize, Serialize};

/// The longest text that is read.
pub const INPUT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The most that is said about one text; the rest is counted.
pub const DIAGNOSTICS_MAX: usize = 500;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It can be applied, and is probably not meant so.
    Warning,
    /// It cannot be applied.
    Error,
}

/// Something about a place in a text, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// First line, from 1.
    pub line: u32,
    /// First column, from 1, in characters.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last.
    pub end_column: u32,
    /// What is the case, in Kubernetes' words where it has some.
    pub message: String,
    /// What to do, short; may be empty.
    pub fix: String,
    /// The field that it is about (`spec.replicas`); may be empty.
    pub path: String,
}

impl Diagnostic {
    fn new(severity: Severity, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity,
            line: span.line,
            column: span.column,
            end_line: span.end_line,
            end_column: span.end_column,
            message: message.into(),
            fix: String::new(),
            path: String::new(),
        }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}
