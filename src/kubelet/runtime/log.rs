//! What a container wrote to its standard output and error.

use crate::sim::Instant;
use std::collections::VecDeque;

/// Lines kept of one container; older ones are forgotten.
pub const LOG_LINES_MAX: usize = 256;
/// Longest line kept, in bytes.
const LINE_BYTES_MAX: usize = 4096;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Instant,
    /// Whether it went to standard error.
    pub is_error: bool,
    /// Without its newline.
    pub text: String,
}

/// The latest lines, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    lines: VecDeque<Line>,
    /// Lines that are forgotten.
    forgotten: u64,
    /// Of a command whose output goes to somebody: the text as it is written, with
    /// whether it went to standard error.
    pieces: Option<Vec<(bool, String)>>,
}

/// Text of a command that waits for somebody; what is written beyond it is lost.
const PIECES_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Log {
    /// Keeps text as it is written, until it is taken.
    pub fn of_command() -> Self {
        Log {
            pieces: Some(Vec::new()),
            ..Log::default()
        }
    }

    /// Takes the text of a command: what went to standard error, and what not.
    pub fn take_pieces(&mut self) -> Vec<(bool, String)> {
        self.pieces.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How many lines were ever written.
    pub fn written(&self) -> u64 {
        self.forgotten + self.lines.len() as u64
    }

    /// The lines after the first `known` that were ever written, as far as they
    /// are kept.
    pub fn after(&self, known: u64) -> impl Iterator<Item = &Line> {
        let skip = known.saturating_sub(self.forgotten);
        self.lines
            .iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
    }

    /// Appends text, split at newlines.
    pub fn write(&mut self, at: Instant, is_error: bool, text: &str) {
        if let Some(pieces) = &mut self.pieces {
            let waiting: usize = pieces.iter().map(|(_, text)| text.len()).sum();
            if waiting + text.len() <= PIECES_BYTES_MAX && !text.is_empty() {
                pieces.push((is_error, text.to_owned()));
            }
            return;
        }
        for line in text.lines() {
            if self.lines.len() == LOG_LINES_MAX {
                self.lines.pop_front();
                self.forgotten += 1;
            }
            let text = line.chars().take(LINE_BYTES_MAX / 4).collect();
            self.lines.push_back(Line { at, is_error, text });
        }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// The last `count` lines as one text.
    pub fn tail(&self, count: usize) -> String {
        let skip = self.lines.len().saturating_sub(count);
        let lines: Vec<&str> = self
            .lines
            .iter()
            .skip(skip)
            .map(|line| line.text.as_str())
            .collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_lines_are_forgotten() {
        let mut log = Log::default();
        for number in 0..LOG_LINES_MAX + 2 {
            log.write(Instant::ZERO, false, &format!("{number}\n"));
        }
        assert_eq!(log.lines().count(), LOG_LINES_MAX);
        assert_eq!(log.lines().next().map(|line| line.text.as_str()), Some("2"));
        assert_eq!(log.tail(2), "256\n257");
    }
}
