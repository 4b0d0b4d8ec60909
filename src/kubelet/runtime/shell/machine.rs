//! Runs a script step by step.

mod inner;
mod leave;
mod streams;
mod tree;

use super::super::catalogue::Image;
use super::super::process::{Step, World};
use super::super::serving::Protocol;
use super::ast::{Node, Simple};
use super::parse::parse;
use crate::sim::Instant;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Most commands of one step.
pub const STEPS_MAX: u32 = 2_000;
/// How long a busy loop is held up after that.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// Longest time that one substitution or pipeline may take.
const INNER_TIME_MAX: Duration = Duration::from_secs(86_400);
/// Most steps of one substitution or pipeline.
const INNER_STEPS_MAX: u32 = 64;
/// Deepest nesting of substitutions.
const INNER_DEPTH_MAX: u32 = 8;
/// Deepest stack, against functions that call themselves.
const STACK_MAX: usize = 512;
/// Longest text that a substitution collects.
const CAPTURE_BYTES_MAX: usize = 64 * 1024;

/// Where output goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sink {
    Out,
    Err,
    Null,
    Capture,
    File(String),
}

/// The three standard streams.
#[derive(Clone, Debug)]
pub(super) struct Io {
    pub out: Sink,
    pub err: Sink,
    pub input: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
enum Frame {
    Run(Arc<Node>),
    Seq(Arc<Node>, usize),
    AndThen { or: bool, right: Arc<Node> },
    Not,
    IfCondition(Arc<Node>, usize),
    LoopCondition(Arc<Node>),
    LoopBody(Arc<Node>),
    Next(Arc<Node>, Arc<Vec<String>>, usize),
    Streams(Io),
    Return(Vec<String>),
    Leave,
}

/// What a command came to.
pub(super) enum Outcome {
    /// Ended with this code.
    Code(i32),
    /// Ends after a while with this code.
    Sleep(Duration, i32),
    /// Runs until it is told to stop.
    Forever,
    /// What it does is on the stack now.
    Pushed,
}

/// A script on its way.
#[derive(Clone, Debug)]
pub struct Machine {
    stack: Vec<Frame>,
    pub(super) vars: BTreeMap<String, String>,
    pub(super) params: Vec<String>,
    functions: BTreeMap<String, Arc<Node>>,
    pub(super) status: i32,
    pub(super) io: Io,
    pub(super) cwd: String,
    pub(super) exits_on_error: bool,
    pub(super) echoes: bool,
    pub(super) trap: Option<Arc<Node>>,
    pub(super) image: &'static Image,
    pub(super) ports: Vec<(Protocol, u16)>,
    captured: String,
    wake: Option<Instant>,
    forever: bool,
    pub(super) waits: bool,
    told_to_stop: bool,
    /// Nothing of the script is run any more.
    left: bool,
    /// A program that took the shell's place, and what TERM does to it.
    pub(super) replaced: bool,
    debt: Duration,
    children: Vec<Machine>,
    depth: u32,
}

impl Machine {
    /// A machine that runs one command line.
    pub fn new(
        argv: &[String],
        env: &BTreeMap<String, String>,
        image: &'static Image,
        ports: Vec<(Protocol, u16)>,
    ) -> Self {
        let words = argv.iter().map(|word| {
            vec![super::ast::Piece::Text {
                text: word.clone(),
                quoted: true,
            }]
        });
        let command = Simple {
            words: words.collect(),
            ..Simple::default()
        };
        Machine {
            stack: vec![Frame::Run(Arc::new(Node::Simple(command)))],
            vars: env.clone(),
            params: vec!["sh".to_owned()],
            functions: BTreeMap::new(),
            status: 0,
            io: Io {
                out: Sink::Out,
                err: Sink::Err,
                input: None,
            },
            cwd: "/".to_owned(),
            exits_on_error: false,
            echoes: false,
            trap: None,
            image,
            ports,
            captured: String::new(),
            wake: None,
            forever: false,
            waits: false,
            told_to_stop: false,
            left: false,
            replaced: false,
            debt: Duration::ZERO,
            children: Vec::new(),
            depth: 0,
        }
    }

    /// A shell that waits for command lines.
    pub fn waiting_shell(
        name: &str,
        env: &BTreeMap<String, String>,
        image: &'static Image,
        ports: Vec<(Protocol, u16)>,
    ) -> Self {
        Machine {
            stack: Vec::new(),
            params: vec![name.to_owned()],
            ..Machine::new(&[], env, image, ports)
        }
    }

    /// Gives it all that it will ever read from its standard input.
    pub fn feed(&mut self, input: &str) {
        self.io.input = Some(input.into());
    }

    /// Begins a command line; step it then.
    pub fn run_line(&mut self, line: &str, world: &mut World<'_>) {
        if let Outcome::Code(code) = self.run_text(line, false, world) {
            self.status = code;
        }
    }

    /// `^C`: what runs in the foreground is over.
    pub fn interrupt(&mut self) {
        self.stack.clear();
        (self.forever, self.waits, self.wake) = (false, false, None);
        self.debt = Duration::ZERO;
        self.status = 130;
    }

    /// Whether the shell was left (`exit`).
    pub fn has_left(&self) -> bool {
        self.left
    }

    /// The folder that it works in.
    pub fn folder(&self) -> &str {
        &self.cwd
    }

    /// Runs the command to its end at once: code, output, and the time it would
    /// take. One that never ends takes a day.
    pub fn run_through(mut self, world: &mut World<'_>) -> (i32, String, Duration) {
        self.io.out = Sink::Capture;
        self.io.err = Sink::Capture;
        let (code, output, took, _) = self.finish(world);
        (code, output, took)
    }

    /// Goes on until it sleeps or ends.
    pub fn step(&mut self, world: &mut World<'_>) -> Step {
        let mut own = self.step_own(world);
        let children = self.step_children(world);
        if self.waits && self.children.is_empty() {
            own = self.step_own(world);
        }
        match (own, children) {
            (Step::Sleeps(own), Some(child)) => Step::Sleeps(own.min(child)),
            (Step::Runs, Some(child)) => Step::Sleeps(child),
            (own, _) => own,
        }
    }

    /// Steps what runs in the background; when it wants to go on.
    fn step_children(&mut self, world: &mut World<'_>) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        self.children.retain_mut(|child| match child.step(world) {
            Step::Sleeps(at) => {
                next = Some(next.map_or(at, |next| next.min(at)));
                true
            }
            Step::Runs => true,
            Step::Exits(_) => false,
        });
        next
    }

    fn step_own(&mut self, world: &mut World<'_>) -> Step {
        if self.told_to_stop && (self.waits || self.forever) && self.trap.is_some() {
            (self.waits, self.forever, self.wake) = (false, false, None);
        }
        if self.waits {
            self.waits = !self.children.is_empty();
        }
        if self.forever || self.waits {
            return Step::Runs;
        }
        if let Some(wake) = self.wake.filter(|wake| *wake > world.now) {
            return Step::Sleeps(wake);
        }
        self.wake = None;
        for _ in 0..STEPS_MAX {
            if self.told_to_stop
                && let Some(trap) = self.trap.clone()
            {
                self.told_to_stop = false;
                self.stack.push(Frame::Run(trap));
            }
            let Some(frame) = self.stack.pop() else {
                return Step::Exits(self.status);
            };
            self.take(frame, world);
            if self.forever || self.waits {
                return Step::Runs;
            }
            if !self.debt.is_zero() {
                let wake = world.now + std::mem::take(&mut self.debt);
                self.wake = Some(wake);
                return Step::Sleeps(wake);
            }
        }
        let wake = world.now + BUSY_PAUSE;
        self.wake = Some(wake);
        Step::Sleeps(wake)
    }

    /// Sends TERM. Whether there is a handler; it runs once what is in the
    /// foreground has ended, as shells do it.
    pub fn terminate(&mut self) -> bool {
        self.told_to_stop = self.trap.is_some();
        self.told_to_stop
    }

    /// When it wants to be stepped.
    pub fn wake(&self) -> Option<Instant> {
        self.wake
    }

    /// Whether a program with manners of its own took the shell's place.
    pub fn is_replaced(&self) -> bool {
        self.replaced
    }

    fn push(&mut self, frame: Frame) {
        if self.stack.len() < STACK_MAX {
            self.stack.push(frame);
        } else {
            self.stack.clear();
            self.status = 2;
        }
    }

    fn simple(&mut self, simple: &Simple, world: &mut World<'_>) {
        let words = self.expand_all(&simple.words, world);
        let assigns: Vec<(String, String)> = simple
            .assigns
            .iter()
            .map(|(name, word)| (name.clone(), self.expand_one(word, world)))
            .collect();
        if self.left {
            // An expansion failed, and with it the script.
            return;
        }
        if self.echoes {
            let line = words.join(" ");
            if !line.is_empty() {
                self.err(world, &format!("+ {line}\n"));
            }
        }
        let before = self.io.clone();
        if !self.redirect(&simple.redirects, world) {
            self.io = before;
            return self.fail(1);
        }
        if words.is_empty() {
            self.vars.extend(assigns);
            self.io = before;
            return;
        }
        let replaced: Vec<(String, Option<String>)> = assigns
            .into_iter()
            .map(|(name, value)| (name.clone(), self.vars.insert(name, value)))
            .collect();
        let outcome = self.invoke(&words, world);
        for (name, value) in replaced {
            match value {
                Some(value) => self.vars.insert(name, value),
                None => self.vars.remove(&name),
            };
        }
        if matches!(outcome, Outcome::Pushed) && !simple.redirects.is_empty() {
            // What was pushed runs with these streams; then the old ones return.
            self.stack
                .insert(self.stack.len().saturating_sub(1), Frame::Streams(before));
        } else {
            self.io = before;
        }
        self.conclude(outcome);
    }

    fn conclude(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Code(code) => self.ended(code),
            Outcome::Sleep(time, code) => {
                self.debt += time;
                self.ended(code);
            }
            Outcome::Forever => self.forever = true,
            Outcome::Pushed => {}
        }
    }

    fn invoke(&mut self, words: &[String], world: &mut World<'_>) -> Outcome {
        let name = words.first().map(String::as_str).unwrap_or_default();
        if let Some(body) = self.functions.get(name).cloned() {
            let params = std::mem::replace(&mut self.params, words.to_vec());
            self.push(Frame::Return(params));
            self.push(Frame::Run(body));
            return Outcome::Pushed;
        }
        self.command(words, world)
    }

    /// A command ended with `code`.
    fn ended(&mut self, code: i32) {
        self.status = code;
        if code != 0 {
            self.fail(code);
        }
    }

    fn fail(&mut self, code: i32) {
        self.status = code;
        let asked = self.stack.iter().any(|frame| {
            matches!(
                frame,
                Frame::AndThen { .. }
                    | Frame::Not
                    | Frame::IfCondition(..)
                    | Frame::LoopCondition(_)
            )
        });
        if self.exits_on_error && !asked {
            self.stack.clear();
        }
    }

    /// Runs a script given as text, in this shell or in one of its own.
    pub(super) fn run_text(&mut self, text: &str, own: bool, world: &mut World<'_>) -> Outcome {
        match parse(text) {
            Ok(node) => {
                let node = if own {
                    Arc::new(Node::Subshell(node))
                } else {
                    node
                };
                self.push(Frame::Run(node));
                Outcome::Pushed
            }
            Err(error) => {
                self.err(world, &format!("sh: {error}\n"));
                Outcome::Code(2)
            }
        }
    }

    /// Runs `sh -c text` as the whole process: nothing comes after it.
    pub(super) fn become_script(
        &mut self,
        text: &str,
        params: Vec<String>,
        world: &mut World<'_>,
    ) -> Outcome {
        match parse(text) {
            Ok(node) => {
                let before = std::mem::replace(&mut self.params, params);
                self.push(Frame::Return(before));
                self.push(Frame::Run(node));
                Outcome::Pushed
            }
            Err(error) => {
                self.err(world, &format!("sh: {error}\n"));
                Outcome::Code(2)
            }
        }
    }

    /// Whether nothing is left to run after the present command.
    pub(super) fn is_last(&self) -> bool {
        !self
            .stack
            .iter()
            .any(|frame| !matches!(frame, Frame::Return(_) | Frame::Streams(_) | Frame::Leave))
    }

    /// An absolute path.
    pub(super) fn path(&self, path: &str) -> String {
        let whole = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("{}/{path}", self.cwd),
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }
}
