//! From image, command, arguments and environment to a process.

use super::catalogue::{Does, Entry, Image, Tools};
use super::process::{OnTerm, Process, Program};
use super::serving::{Protocol, Serves, Socket};
use super::shell::Machine;
use crate::sim::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the runtime is asked to start.
#[derive(Clone, Debug)]
pub struct Launch<'a> {
    /// The image, as the catalogue knows it.
    pub image: &'static Image,
    /// Tag of the image.
    pub tag: &'a str,
    /// `command`, expanded; empty for the image's own.
    pub command: Vec<String>,
    /// `args`, expanded.
    pub args: Vec<String>,
    /// Environment.
    pub env: &'a BTreeMap<String, String>,
    /// Ports that the pod declares.
    pub ports: Vec<(Protocol, u16)>,
    /// Now.
    pub now: Instant,
}

/// A started container.
#[derive(Clone, Debug)]
pub struct Started {
    /// Its process.
    pub process: Process,
    /// Its listening sockets.
    pub sockets: Vec<Socket>,
}

/// Why a container could not be started, in the runtime's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError(pub String);

/// The exit code of a container whose program is not there.
pub const START_ERROR_CODE: i32 = 128;

impl Launch<'_> {
    /// Starts it.
    pub fn start(mut self) -> Result<Started, StartError> {
        match self.foreign() {
            None => Ok(self.own()),
            Some(argv) => self.run(&argv),
        }
    }

    /// The command line, where it does not run the image's own program. Else
    /// `args` is left with that program's arguments.
    fn foreign(&mut self) -> Option<Vec<String>> {
        let own = |name: &str| {
            let base = name.rsplit('/').next().unwrap_or_default();
            self.image.programs.contains(&base)
        };
        if let Some(first) = self.command.first() {
            if own(first) {
                self.args = self
                    .command
                    .drain(..)
                    .skip(1)
                    .chain(self.args.drain(..))
                    .collect();
                return None;
            }
            return Some(self.command.iter().chain(&self.args).cloned().collect());
        }
        let first = self.args.first()?;
        match self.image.entry {
            Entry::Program => None,
            Entry::Wrapper if first.starts_with('-') => None,
            _ if own(first) => {
                self.args.remove(0);
                None
            }
            _ => Some(self.args.clone()),
        }
    }

    fn own(&self) -> Started {
        let millis = Duration::from_millis(self.image.starts_in_millis);
        match (self.image.does)(self) {
            Does::Serve(ports) => {
                let opens_at = self.now + millis;
                let sockets = ports
                    .into_iter()
                    .map(|(protocol, port, serves)| Socket {
                        protocol,
                        port,
                        loopback: false,
                        serves,
                        opens_at,
                    })
                    .collect();
                Started {
                    process: Process::new(Program::Serves(self.image.says.into()), self.image.term),
                    sockets,
                }
            }
            Does::End(after, code, says) => Started {
                process: Process::new(
                    Program::Ends(self.now + after, code, says.into()),
                    self.image.term,
                ),
                sockets: Vec::new(),
            },
        }
    }

    fn run(&self, argv: &[String]) -> Result<Started, StartError> {
        let name = argv.first().map(String::as_str).unwrap_or_default();
        self.find(name)?;
        let machine = Machine::new(argv, self.env, self.image, self.ports.clone());
        let on_term = match self.image.term {
            // A program that nothing is known of is taken to be well-mannered.
            OnTerm::Ignores => OnTerm::Exits(Duration::from_millis(100), 0),
            term => term,
        };
        Ok(Started {
            process: Process::new(Program::Script(Box::new(machine)), on_term),
            sockets: Vec::new(),
        })
    }

    fn find(&self, name: &str) -> Result<(), StartError> {
        self.image.look_up(name).map_err(|why| {
            StartError(format!(
                "failed to create containerd task: failed to create shim task: OCI runtime create \
                 failed: runc create failed: unable to start container process: error during \
                 container init: {why}"
            ))
        })
    }
}

impl Image {
    /// Looks for a program as the runtime does, in `$PATH` or where it says.
    pub fn look_up(&self, name: &str) -> Result<(), String> {
        let base = name.rsplit('/').next().unwrap_or_default();
        if self.has(base) {
            return Ok(());
        }
        let why = match name.starts_with('/') {
            true => format!("stat {name}: no such file or directory"),
            false => "executable file not found in $PATH".to_owned(),
        };
        Err(format!("exec: \"{name}\": {why}"))
    }

    /// Whether the image has a program of this name, as far as anyone can tell:
    /// an image that is known well has what it is known to have, any other may
    /// have anything.
    pub fn has(&self, program: &str) -> bool {
        match self.tools {
            Tools::Nothing => self.programs.contains(&program),
            Tools::Unknown => !program.is_empty(),
            Tools::Busybox | Tools::Full => {
                self.programs.contains(&program)
                    || super::catalogue::is_common_tool(program, self.tools == Tools::Full)
            }
        }
    }

    /// What an unknown program would answer on a port.
    pub fn plausible(&self, protocol: Protocol) -> Serves {
        match protocol {
            Protocol::Tcp => Serves::Http(super::serving::Site::Text("ok".into())),
            Protocol::Udp => Serves::Plain,
        }
    }
}
