//! The parts of a shell script.

use std::sync::Arc;

/// A command, however large.
#[derive(Debug, PartialEq)]
pub enum Node {
    /// Assignments, words, redirections.
    Simple(Simple),
    /// Commands whose output feeds the next.
    Pipeline(Vec<Arc<Node>>),
    /// `! command`.
    Not(Arc<Node>),
    /// `left && right`; `||` where `or`.
    AndOr {
        or: bool,
        left: Arc<Node>,
        right: Arc<Node>,
    },
    /// One after the other.
    List(Vec<Arc<Node>>),
    /// `command &`.
    Background(Arc<Node>),
    /// Conditions with what follows, and what else.
    If(Vec<(Arc<Node>, Arc<Node>)>, Option<Arc<Node>>),
    /// `while`, or `until`.
    While {
        until: bool,
        condition: Arc<Node>,
        body: Arc<Node>,
    },
    /// `for name in words`; over the parameters without words.
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: Arc<Node>,
    },
    /// `case word in …`.
    Case(Word, Vec<(Vec<Word>, Arc<Node>)>),
    /// A command with redirections around it.
    Redirected(Arc<Node>, Vec<Redirect>),
    /// `( … )`.
    Subshell(Arc<Node>),
    /// `name() …`.
    Function(String, Arc<Node>),
    /// `(( … ))`.
    Arithmetic(String),
}

/// A simple command.
#[derive(Debug, Default, PartialEq)]
pub struct Simple {
    pub assigns: Vec<(String, Word)>,
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
}

/// A word before expansion.
pub type Word = Vec<Piece>;

/// A part of a word.
#[derive(Debug, PartialEq)]
pub enum Piece {
    /// As it stands; `quoted`: no pattern in it.
    Text { text: String, quoted: bool },
    /// `$name`, `${name…}`.
    Variable {
        name: String,
        change: Change,
        quoted: bool,
    },
    /// `$(…)`.
    Output { node: Arc<Node>, quoted: bool },
    /// `$((…))`.
    Arithmetic(String),
}

/// What `${…}` does to the value.
#[derive(Debug, PartialEq)]
pub enum Change {
    None,
    Length,
    /// `:-`, or `-` where empty values count.
    Default(Word, bool),
    /// `:=`.
    Assign(Word, bool),
    /// `:+`.
    Instead(Word, bool),
    /// `:?`.
    Demand(Word, bool),
    /// `#`, `##`.
    TrimStart(Word, bool),
    /// `%`, `%%`.
    TrimEnd(Word, bool),
}

/// A redirection.
#[derive(Debug, PartialEq)]
pub struct Redirect {
    /// 0, 1, 2; 3 stands for both outputs (`&>`).
    pub from: u8,
    pub to: Target,
}

/// Where a redirection leads.
#[derive(Debug, PartialEq)]
pub enum Target {
    /// `> word`; appending with `>>`.
    File(Word, bool),
    /// `< word`.
    Input(Word),
    /// `>&1`, `>&2`.
    Same(u8),
    /// `<<EOF` and `<<<`.
    Text(Word),
}
