//! Leaving a script, a function or a loop before its end.

use super::{Frame, Machine};

impl Machine {
    /// `exit`: the rest is not run.
    pub(in crate::kubelet::runtime::shell) fn leave(&mut self, code: i32) {
        self.stack.clear();
        self.stack.push(Frame::Leave);
        self.left = true;
        self.status = code;
    }

    /// `exec`: the command is the last one.
    pub(in crate::kubelet::runtime::shell) fn leave_for(&mut self) {
        self.leave(0);
        self.left = false;
    }

    /// `return`.
    pub(in crate::kubelet::runtime::shell) fn return_from(&mut self, code: i32) {
        while let Some(frame) = self.stack.pop() {
            match frame {
                Frame::Streams(io) => self.io = io,
                Frame::Return(params) => {
                    self.params = params;
                    break;
                }
                _ => {}
            }
        }
        self.status = code;
    }

    /// `break`, or `continue`.
    pub(in crate::kubelet::runtime::shell) fn leave_loop(&mut self, goes_on: bool) {
        while let Some(frame) = self.stack.pop() {
            match frame {
                Frame::Streams(io) => self.io = io,
                Frame::LoopBody(_) | Frame::Next(..) => {
                    if goes_on {
                        self.stack.push(frame);
                    }
                    break;
                }
                _ => {}
            }
        }
        self.status = 0;
    }
}
