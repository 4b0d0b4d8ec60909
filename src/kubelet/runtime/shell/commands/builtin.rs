//! What a shell does itself.

use super::super::super::process::World;
use super::super::machine::{Machine, Outcome};
use super::super::parse::parse;
use super::super::{filters, text};

impl Machine {
    /// What a shell does itself.
    pub(super) fn special(
        &mut self,
        name: &str,
        args: &[String],
        world: &mut World<'_>,
    ) -> Option<Outcome> {
        let number = |index: usize| args.get(index).and_then(|arg| arg.parse::<i32>().ok());
        let code = match name {
            "true" | ":" | "local" | "unset" | "umask" | "ulimit" | "shopt" | "disown" => {
                match name {
                    "unset" => args.iter().for_each(|arg| drop(self.vars.remove(arg))),
                    "local" => self.assign(args),
                    _ => {}
                }
                0
            }
            "false" => 1,
            "exit" => {
                let code = number(0).unwrap_or(self.status) & 0xff;
                self.leave(code);
                return Some(Outcome::Pushed);
            }
            "return" => {
                self.return_from(number(0).unwrap_or(self.status));
                return Some(Outcome::Pushed);
            }
            "break" | "continue" => {
                self.leave_loop(name == "continue");
                return Some(Outcome::Pushed);
            }
            "export" | "readonly" | "declare" | "typeset" => {
                self.assign(args);
                0
            }
            "set" => {
                self.options(args);
                0
            }
            "shift" => {
                let count = number(0)
                    .and_then(|count| usize::try_from(count).ok())
                    .unwrap_or(1);
                let end = (1 + count).min(self.params.len());
                self.params.drain(1.min(end)..end);
                0
            }
            "cd" => {
                let path = self.path(args.first().map_or("/root", String::as_str));
                match world.files.is_folder(&path) {
                    true => {
                        self.cwd = path;
                        0
                    }
                    false => {
                        self.err(
                            world,
                            &format!("sh: cd: can't cd to {path}: No such file or directory\n"),
                        );
                        2
                    }
                }
            }
            "trap" => {
                let signals = args.get(1..).unwrap_or_default();
                let asks =
                    |signal: &String| matches!(signal.trim_start_matches("SIG"), "TERM" | "15");
                if signals.iter().any(asks) {
                    let handler = args.first().map(String::as_str).unwrap_or_default();
                    self.trap = parse(handler).ok();
                }
                0
            }
            "wait" => {
                self.waits = true;
                0
            }
            "read" => return Some(self.read(args)),
            "eval" => return Some(self.run_text(&args.join(" "), false, world)),
            "exec" if args.is_empty() => 0,
            "exec" => {
                self.leave_for();
                return Some(self.command(args, world));
            }
            "command" | "builtin" if args.first().is_some_and(|arg| arg == "-v") => {
                let found = args.get(1).is_some_and(|name| self.image.has(name));
                i32::from(!found)
            }
            "command" | "builtin" | "nohup" | "time" | "tini" | "dumb-init" | "gosu" => {
                let args = args
                    .iter()
                    .skip_while(|arg| arg.starts_with('-'))
                    .cloned()
                    .collect::<Vec<_>>();
                return Some(self.command(&args, world));
            }
            "." | "source" => {
                let path = self.path(args.first().map(String::as_str).unwrap_or_default());
                return Some(match filters::read(&path, world) {
                    Some(text) => self.run_text(&text, false, world),
                    None => {
                        self.err(
                            world,
                            &format!("sh: .: can't open '{path}': No such file or directory\n"),
                        );
                        Outcome::Code(2)
                    }
                });
            }
            "test" => i32::from(!self.test(args, world)),
            "[" | "[[" => {
                let inner = args
                    .split_last()
                    .map(|(_, inner)| inner)
                    .unwrap_or_default();
                i32::from(!self.test(inner, world))
            }
            _ => return None,
        };
        Some(Outcome::Code(code))
    }

    pub(super) fn assign(&mut self, args: &[String]) {
        for arg in args {
            if let Some((name, value)) = arg.split_once('=') {
                self.vars.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// `set -e`, `set -ex`, `set -o errexit`, `set -- words`.
    pub(super) fn options(&mut self, args: &[String]) {
        for (index, arg) in args.iter().enumerate() {
            if arg == "--" {
                let name = self.params.first().cloned().unwrap_or_default();
                self.params = std::iter::once(name)
                    .chain(args.iter().skip(index + 1).cloned())
                    .collect();
                return;
            }
            if arg == "errexit" {
                self.exits_on_error = true;
            }
            let Some(flags) = arg.strip_prefix(['-', '+']) else {
                continue;
            };
            let on = arg.starts_with('-');
            if flags.contains('e') {
                self.exits_on_error = on;
            }
            if flags.contains('x') {
                self.echoes = on;
            }
        }
    }

    pub(super) fn read(&mut self, args: &[String]) -> Outcome {
        let Some(input) = self.io.input.clone() else {
            // Nobody writes to the input of a container.
            return Outcome::Code(1);
        };
        let (line, rest) = input.split_once('\n').unwrap_or((&input, ""));
        if input.is_empty() {
            return Outcome::Code(1);
        }
        let names: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
        let mut parts = line.splitn(names.len().max(1), ' ');
        for name in names {
            self.vars
                .insert(name.clone(), parts.next().unwrap_or_default().to_owned());
        }
        self.io.input = Some(rest.into());
        Outcome::Code(0)
    }

    /// `test` and `[ … ]`.
    pub(super) fn test(&mut self, args: &[String], world: &World<'_>) -> bool {
        if let Some(at) = args.iter().position(|arg| arg == "-o" || arg == "||") {
            let (left, right) = args.split_at(at);
            return self.test(left, world) || self.test(right.get(1..).unwrap_or_default(), world);
        }
        if let Some(at) = args.iter().position(|arg| arg == "-a" || arg == "&&") {
            let (left, right) = args.split_at(at);
            return self.test(left, world) && self.test(right.get(1..).unwrap_or_default(), world);
        }
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => false,
            ["!", ..] => !self.test(args.get(1..).unwrap_or_default(), world),
            [word] => !word.is_empty(),
            ["-n", word] => !word.is_empty(),
            ["-z", word] => word.is_empty(),
            ["-d", path] => {
                let path = self.path(path);
                world.files.read(&path).is_none() && world.files.is_folder(&path)
            }
            ["-s", path] => {
                let text = filters::read(&self.path(path), world);
                text.is_some_and(|text| !text.is_empty())
            }
            ["-e", path] => {
                let path = self.path(path);
                filters::read(&path, world).is_some() || world.files.is_folder(&path)
            }
            ["-f" | "-r" | "-w" | "-x" | "-L" | "-S", path] => {
                filters::read(&self.path(path), world).is_some()
            }
            [left, "=" | "==", right] => {
                let chars = |text: &str| text.chars().collect::<Vec<_>>();
                left == right || text::matches_pattern(&chars(right), &chars(left))
            }
            [left, "!=", right] => left != right,
            [left, "=~", right] => text::find_expression(right, left).is_some(),
            [left, operator, right] => compare(left, operator, right),
            _ => false,
        }
    }
}

fn compare(left: &str, operator: &str, right: &str) -> bool {
    let (Ok(left), Ok(right)) = (left.trim().parse::<i64>(), right.trim().parse::<i64>()) else {
        return false;
    };
    match operator {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        "-ge" => left >= right,
        _ => false,
    }
}
