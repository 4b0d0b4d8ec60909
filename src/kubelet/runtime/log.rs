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
}

impl Log {
    /// Appends text, split at newlines.
    pub fn write(&mut self, at: Instant, is_error: bool, text: &str) {
        for line in text.lines() {
            if self.lines.len() == LOG_LINES_MAX {
                self.lines.pop_front();
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
