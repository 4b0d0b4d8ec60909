//! A container's process as a state machine in virtual time.

use super::files::View;
use super::log::Log;
use super::serving::Socket;
use super::shell::{Machine, Reach};
use crate::api::Name;
use crate::sim::Instant;
use std::time::Duration;

/// What a process does when it is sent TERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTerm {
    /// Ends after a while with this code.
    Exits(Duration, i32),
    /// Nothing: the first process of a namespace gets only signals that it has
    /// a handler for (`pid_namespaces(7)`).
    Ignores,
}

/// What a process sees of the world while it is stepped.
pub struct World<'a> {
    /// The present instant.
    pub now: Instant,
    /// The pod's hostname.
    pub hostname: &'a str,
    /// Its files.
    pub files: View<'a>,
    /// Its standard output and error.
    pub log: &'a mut Log,
    /// Whom it can talk to.
    pub reach: &'a mut dyn Reach,
    /// Sockets that it opens now.
    pub opened: &'a mut Vec<Socket>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Step again at this instant.
    Sleeps(Instant),
    /// Runs until it is told to stop.
    Runs,
    /// Ended with this code.
    Exits(i32),
}

/// What a process is about.
#[derive(Clone, Debug)]
pub enum Program {
    /// Runs for ever, having said this.
    Serves(Name),
    /// Ends at an instant, with a code, having said this.
    Ends(Instant, i32, Name),
    /// Runs a command line or a script.
    Script(Box<Machine>),
}

/// A running process.
#[derive(Clone, Debug)]
pub struct Process {
    program: Program,
    on_term: OnTerm,
    ending: Option<(Instant, i32)>,
}

impl Process {
    /// A process that runs `program`. For a script, `on_term` is what its last
    /// program does, where that took the shell's place.
    pub fn new(program: Program, on_term: OnTerm) -> Self {
        Process {
            program,
            on_term,
            ending: None,
        }
    }

    /// Goes on until it waits or ends.
    pub fn step(&mut self, world: &mut World<'_>) -> Step {
        if let Some((at, code)) = self.ending {
            return match world.now >= at {
                true => Step::Exits(code),
                false => Step::Sleeps(at),
            };
        }
        match &mut self.program {
            Program::Serves(says) => {
                world.log.write(world.now, false, says);
                Step::Runs
            }
            Program::Ends(at, code, says) => {
                if world.now < *at {
                    return Step::Sleeps(*at);
                }
                world.log.write(world.now, *code != 0, says);
                Step::Exits(*code)
            }
            Program::Script(machine) => machine.step(world),
        }
    }

    /// Sends TERM. Answers when to step the process because of it.
    pub fn terminate(&mut self, now: Instant) -> Option<Instant> {
        if let Program::Script(machine) = &mut self.program
            && !machine.is_replaced()
        {
            let handles = machine.terminate();
            return handles.then(|| machine.wake().unwrap_or(now));
        }
        let OnTerm::Exits(after, code) = self.on_term else {
            return None;
        };
        let (at, _) = *self.ending.get_or_insert((now + after, code));
        Some(at)
    }
}
