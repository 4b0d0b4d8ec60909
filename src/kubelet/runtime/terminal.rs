//! A terminal's line discipline: what is typed is shown, can be corrected, and
//! reaches the program line by line.

/// Longest line.
const LINE_BYTES_MAX: usize = 4096;

/// What reaches the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A line, without its end.
    Line(String),
    /// `^C`.
    Interrupt,
    /// `^D` at the beginning of a line.
    End,
}

/// A terminal in its usual mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    line: String,
    escape: Escape,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    No,
    /// After ESC.
    Begun,
    /// Within `ESC [ …`.
    Sequence,
}

impl Terminal {
    /// Takes what was typed: what is shown of it, and what reaches the program.
    pub fn typed(&mut self, text: &str) -> (String, Vec<Key>) {
        let (mut shown, mut keys) = (String::new(), Vec::new());
        for character in text.chars() {
            if self.is_escaped(character) {
                continue;
            }
            match character {
                '\r' | '\n' => {
                    shown.push_str("\r\n");
                    keys.push(Key::Line(std::mem::take(&mut self.line)));
                }
                '\u{7f}' | '\u{8}' => {
                    let erased = self.line.pop();
                    shown.push_str(erased.map_or("", |_| "\u{8} \u{8}"));
                }
                '\u{3}' => {
                    shown.push_str("^C\r\n");
                    self.line.clear();
                    keys.push(Key::Interrupt);
                }
                '\u{4}' if self.line.is_empty() => keys.push(Key::End),
                '\u{15}' => {
                    let erased = self.line.chars().count();
                    shown.push_str(&"\u{8} \u{8}".repeat(erased));
                    self.line.clear();
                }
                character if character.is_control() => {}
                character if self.line.len() < LINE_BYTES_MAX => {
                    self.line.push(character);
                    shown.push(character);
                }
                _ => {}
            }
        }
        (shown, keys)
    }

    /// Arrow keys and the like mean nothing here.
    fn is_escaped(&mut self, character: char) -> bool {
        let (next, escaped) = match (self.escape, character) {
            (Escape::No, '\u{1b}') => (Escape::Begun, true),
            (Escape::No, _) => (Escape::No, false),
            (Escape::Begun, '[' | 'O') => (Escape::Sequence, true),
            (Escape::Begun, _) => (Escape::No, true),
            (Escape::Sequence, '@'..='~') => (Escape::No, true),
            (Escape::Sequence, _) => (Escape::Sequence, true),
        };
        self.escape = next;
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shown_corrected_and_delivered() {
        let mut terminal = Terminal::default();
        let (shown, keys) = terminal.typed("lx\u{7f}s\u{1b}[A -l\r");
        assert_eq!(shown, "lx\u{8} \u{8}s -l\r\n");
        assert_eq!(keys, [Key::Line("ls -l".to_owned())]);
        assert_eq!(terminal.typed("abc\u{3}").1, [Key::Interrupt]);
        assert_eq!(terminal.typed("\u{4}").1, [Key::End]);
    }
}
