//! Scripts within a script: subshells, pipelines, substitutions, what runs in the
//! background. All but the last run through at once, and their time is owed by the
//! script that they are part of.

use super::super::ast::Node;
use super::{Frame, INNER_DEPTH_MAX, INNER_STEPS_MAX, INNER_TIME_MAX, Machine, Sink, Step, World};
use std::sync::Arc;
use std::time::Duration;

impl Machine {
    pub(super) fn inner(&self, node: &Arc<Node>) -> Machine {
        Machine {
            stack: vec![Frame::Run(node.clone())],
            captured: String::new(),
            children: Vec::new(),
            debt: Duration::ZERO,
            wake: None,
            forever: false,
            waits: false,
            depth: self.depth + 1,
            ..self.clone()
        }
    }

    /// `( … )`: in place, with everything put back afterwards but its effects on
    /// files. Changes of variables do not get out.
    pub(super) fn subshell(&mut self, node: &Arc<Node>, world: &mut World<'_>) {
        let mut inner = self.inner(node);
        let (code, _, took, forever) = inner.finish(world);
        self.after_inner(code, took, forever);
    }

    pub(super) fn after_inner(&mut self, code: i32, took: Duration, forever: bool) {
        self.debt += took;
        self.forever |= forever;
        self.ended(code);
    }

    pub(super) fn background(&mut self, node: &Arc<Node>) {
        if self.children.len() < 16 && self.depth < INNER_DEPTH_MAX {
            let child = self.inner(node);
            self.children.push(child);
        }
        self.status = 0;
    }

    pub(super) fn pipeline(&mut self, parts: &[Arc<Node>], world: &mut World<'_>) {
        let mut input = self.io.input.clone();
        let mut took = Duration::ZERO;
        let last = parts.len().saturating_sub(1);
        for (index, part) in parts.iter().enumerate() {
            let mut inner = self.inner(part);
            inner.io.input = input.take();
            if index < last {
                inner.io.out = Sink::Capture;
            }
            let (code, output, time, forever) = inner.finish(world);
            took += time;
            if index == last {
                // What it captured goes where this one's output goes.
                if self.io.out == Sink::Capture {
                    self.out(world, &output);
                }
                return self.after_inner(code, took, forever);
            }
            if forever {
                return self.after_inner(0, took, true);
            }
            input = Some(output.into());
        }
    }

    /// The output of a substitution, without its last newlines.
    pub(in crate::kubelet::runtime::shell) fn output_of(
        &mut self,
        node: &Arc<Node>,
        world: &mut World<'_>,
    ) -> String {
        let mut inner = self.inner(node);
        inner.io.out = Sink::Capture;
        let (code, output, took, forever) = inner.finish(world);
        self.status = code;
        self.debt += took;
        self.forever |= forever;
        output.trim_end_matches('\n').to_owned()
    }

    /// Runs to the end at once: code, captured output, time, and whether it
    /// would never end.
    pub(super) fn finish(&mut self, world: &mut World<'_>) -> (i32, String, Duration, bool) {
        let begin = world.now;
        if self.depth > INNER_DEPTH_MAX {
            return (2, String::new(), Duration::ZERO, false);
        }
        let mut result = None;
        for _ in 0..INNER_STEPS_MAX {
            match self.step_own(world) {
                Step::Exits(code) => {
                    result = Some(code);
                    break;
                }
                Step::Sleeps(at) if at.since(begin) < INNER_TIME_MAX => world.now = at,
                _ => break,
            }
        }
        let took = world.now.since(begin);
        world.now = begin;
        let output = std::mem::take(&mut self.captured);
        match result {
            Some(code) => (code, output, took, false),
            None => (0, output, INNER_TIME_MAX, true),
        }
    }
}
