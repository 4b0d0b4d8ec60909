//! From one part of a script to the next.

use super::super::ast::{Node, Word};
use super::super::text::{arithmetic, matches_pattern};
use super::{Frame, Machine, World};
use std::sync::Arc;

impl Machine {
    pub(super) fn take(&mut self, frame: Frame, world: &mut World<'_>) {
        match frame {
            Frame::Run(node) => self.run(node, world),
            Frame::Seq(node, index) => {
                let Node::List(nodes) = &*node else { return };
                if let Some(next) = nodes.get(index) {
                    let next = next.clone();
                    if index + 1 < nodes.len() {
                        self.push(Frame::Seq(node.clone(), index + 1));
                    }
                    self.push(Frame::Run(next));
                }
            }
            Frame::AndThen { or, right } => {
                if (self.status != 0) == or {
                    self.push(Frame::Run(right));
                }
            }
            Frame::Not => self.status = i32::from(self.status == 0),
            Frame::IfCondition(node, index) => self.decide(&node, index),
            Frame::LoopCondition(node) => {
                let Node::While { until, body, .. } = &*node else {
                    return;
                };
                if (self.status == 0) == *until {
                    self.status = 0;
                    return;
                }
                let body = body.clone();
                self.push(Frame::LoopBody(node.clone()));
                self.push(Frame::Run(body));
            }
            Frame::LoopBody(node) => self.run(node, world),
            Frame::Next(node, items, index) => {
                let Node::For { name, body, .. } = &*node else {
                    return;
                };
                if let Some(item) = items.get(index) {
                    self.vars.insert(name.clone(), item.clone());
                    let body = body.clone();
                    self.push(Frame::Next(node.clone(), items.clone(), index + 1));
                    self.push(Frame::Run(body));
                }
            }
            Frame::Streams(io) => self.io = io,
            Frame::Return(params) => self.params = params,
            Frame::Leave => self.stack.clear(),
        }
    }

    pub(super) fn run(&mut self, node: Arc<Node>, world: &mut World<'_>) {
        match &*node {
            Node::Simple(simple) => self.simple(simple, world),
            Node::List(_) => self.push(Frame::Seq(node.clone(), 0)),
            Node::AndOr { or, left, right } => {
                self.push(Frame::AndThen {
                    or: *or,
                    right: right.clone(),
                });
                self.push(Frame::Run(left.clone()));
            }
            Node::Not(inner) => {
                self.push(Frame::Not);
                self.push(Frame::Run(inner.clone()));
            }
            Node::If(arms, _) => {
                if let Some((condition, _)) = arms.first() {
                    self.push(Frame::IfCondition(node.clone(), 0));
                    self.push(Frame::Run(condition.clone()));
                }
            }
            Node::While { condition, .. } => {
                self.push(Frame::LoopCondition(node.clone()));
                self.push(Frame::Run(condition.clone()));
            }
            Node::For { words, .. } => {
                let items = match words {
                    Some(words) => self.expand_all(words, world),
                    None => self.params.iter().skip(1).cloned().collect(),
                };
                self.status = 0;
                self.push(Frame::Next(node.clone(), Arc::new(items), 0));
            }
            Node::Case(word, arms) => self.choose(word, arms, world),
            Node::Redirected(inner, redirects) => {
                let before = self.io.clone();
                if self.redirect(redirects, world) {
                    self.push(Frame::Streams(before));
                    self.push(Frame::Run(inner.clone()));
                } else {
                    self.io = before;
                    self.fail(1);
                }
            }
            Node::Subshell(inner) => self.subshell(inner, world),
            Node::Background(inner) => self.background(inner),
            Node::Pipeline(parts) => self.pipeline(parts, world),
            Node::Function(name, body) => {
                self.functions.insert(name.clone(), body.clone());
                self.status = 0;
            }
            Node::Arithmetic(text) => {
                let text = self.expand_text(text);
                let value = arithmetic(&text, &mut self.vars);
                self.ended(i32::from(value.unwrap_or(0) == 0));
            }
        }
    }

    pub(super) fn decide(&mut self, node: &Arc<Node>, index: usize) {
        let Node::If(arms, otherwise) = &**node else {
            return;
        };
        let body = match (self.status, arms.get(index), arms.get(index + 1)) {
            (0, Some((_, body)), _) => Some(body),
            (_, _, Some((condition, _))) => {
                self.push(Frame::IfCondition(node.clone(), index + 1));
                self.push(Frame::Run(condition.clone()));
                return;
            }
            _ => otherwise.as_ref(),
        };
        self.status = 0;
        if let Some(body) = body {
            self.push(Frame::Run(body.clone()));
        }
    }

    pub(super) fn choose(
        &mut self,
        word: &Word,
        arms: &[(Vec<Word>, Arc<Node>)],
        world: &mut World<'_>,
    ) {
        let value: Vec<char> = self.expand_one(word, world).chars().collect();
        self.status = 0;
        for (patterns, body) in arms {
            for pattern in patterns {
                let pattern = self.expand_pattern(pattern, world);
                if matches_pattern(&pattern, &value) {
                    self.push(Frame::Run(body.clone()));
                    return;
                }
            }
        }
    }
}
