//! The documents of a text, as kubectl counts them.

/// How kubectl divides a text: which lines begin a document, and which documents
/// hold nothing.
pub(super) struct Parts {
    first_lines: Vec<u32>,
    /// Number and first line of each empty one.
    pub(super) empty: Vec<(usize, u32)>,
}

impl Parts {
    /// Divides a text.
    pub(super) fn of(text: &str) -> Parts {
        let mut parts = Parts {
            first_lines: Vec::new(),
            empty: Vec::new(),
        };
        let mut begin = (1u32, String::new());
        let mut begun = false;
        for (number, line) in (1u32..).zip(text.lines()) {
            let separates = line
                .strip_prefix("---")
                .is_some_and(|rest| rest.trim().is_empty() || rest.trim().starts_with('#'));
            if !separates {
                begin.1.push_str(line);
                begin.1.push('\n');
                continue;
            }
            // Nothing before the first separator is no document.
            if begun || !begin.1.trim().is_empty() {
                parts.add(&begin);
            }
            begun = true;
            begin = (number + 1, String::new());
        }
        if !begin.1.trim().is_empty() {
            parts.add(&begin);
        }
        parts
    }

    fn add(&mut self, (line, text): &(u32, String)) {
        let comments = |line: &str| line.trim().is_empty() || line.trim().starts_with('#');
        if text.lines().all(comments) {
            self.empty.push((self.first_lines.len(), *line));
        }
        self.first_lines.push(*line);
    }

    /// The number of the document that a line is in.
    pub(super) fn number(&self, line: u32) -> usize {
        let before = self.first_lines.iter().filter(|first| **first <= line);
        before.count().saturating_sub(1)
    }
}
