//! Redirections, and where output goes.

use super::super::ast::{Redirect, Target};
use super::super::filters;
use super::{CAPTURE_BYTES_MAX, Machine, Sink, World};

impl Machine {
    /// Applies redirections; false where a file cannot be opened.
    pub(super) fn redirect(&mut self, redirects: &[Redirect], world: &mut World<'_>) -> bool {
        for redirect in redirects {
            match &redirect.to {
                Target::Text(word) => {
                    let text = self.expand_one(word, world);
                    self.io.input = Some(text.into());
                }
                Target::Input(word) => {
                    let path = self.expand_one(word, world);
                    let path = self.path(&path);
                    match filters::read(&path, world) {
                        Some(text) => self.io.input = Some(text),
                        None => {
                            self.err(world, &format!("sh: can't open {path}: no such file\n"));
                            return false;
                        }
                    }
                }
                Target::Same(to) => {
                    let sink = if *to == 2 {
                        self.io.err.clone()
                    } else {
                        self.io.out.clone()
                    };
                    self.point(redirect.from, sink);
                }
                Target::File(word, append) => {
                    let path = self.expand_one(word, world);
                    let path = self.path(&path);
                    let Some(sink) = self.open(&path, *append, world) else {
                        return false;
                    };
                    self.point(redirect.from, sink);
                }
            }
        }
        true
    }

    pub(super) fn point(&mut self, from: u8, sink: Sink) {
        match from {
            2 => self.io.err = sink,
            3 => (self.io.out, self.io.err) = (sink.clone(), sink),
            _ => self.io.out = sink,
        }
    }

    pub(super) fn open(&mut self, path: &str, append: bool, world: &mut World<'_>) -> Option<Sink> {
        match path {
            "/dev/null" => return Some(Sink::Null),
            "/dev/stdout" | "/proc/1/fd/1" | "/proc/self/fd/1" => return Some(Sink::Out),
            "/dev/stderr" | "/proc/1/fd/2" | "/proc/self/fd/2" => return Some(Sink::Err),
            _ => {}
        }
        match world.files.write(path, "", append) {
            Ok(()) => Some(Sink::File(path.to_owned())),
            Err(error) => {
                self.err(
                    world,
                    &format!("sh: can't create {path}: {}\n", error.to_lowercase()),
                );
                None
            }
        }
    }

    /// Writes to standard output.
    pub(in crate::kubelet::runtime::shell) fn out(&mut self, world: &mut World<'_>, text: &str) {
        let sink = self.io.out.clone();
        self.write(sink, world, text);
    }

    /// Writes to standard error.
    pub(in crate::kubelet::runtime::shell) fn err(&mut self, world: &mut World<'_>, text: &str) {
        let sink = self.io.err.clone();
        self.write(sink, world, text);
    }

    pub(super) fn write(&mut self, sink: Sink, world: &mut World<'_>, text: &str) {
        match sink {
            Sink::Out => world.log.write(world.now, false, text),
            Sink::Err => world.log.write(world.now, true, text),
            Sink::Null => {}
            Sink::Capture => {
                if self.captured.len() + text.len() <= CAPTURE_BYTES_MAX {
                    self.captured.push_str(text);
                }
            }
            Sink::File(path) => {
                // A disk that is full loses what does not fit.
                let _lost = world.files.write(&path, text, true);
            }
        }
    }
}
