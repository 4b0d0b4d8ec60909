//! Programs that read text and write text.

use super::super::process::World;
use super::machine::{Machine, Outcome};
use super::text::find_expression;
use crate::sim::order::Order as _;
use std::sync::Arc;

/// Most lines that `seq` and `yes` write.
const LINES_MAX: i64 = 10_000;

/// What a path holds: a file, or one of the few that the system provides.
pub(super) fn read(path: &str, world: &World<'_>) -> Option<Arc<str>> {
    if let Some(text) = world.files.read(path) {
        return Some(text);
    }
    let host = world.hostname;
    Some(match path {
        "/etc/hostname" => format!("{host}\n").into(),
        "/etc/hosts" => "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n".into(),
        "/etc/resolv.conf" => "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n".into(),
        "/etc/machine-id" => format!("{}\n", super::super::fingerprint(host).get(..32)?).into(),
        "/dev/null" => "".into(),
        _ => return None,
    })
}

impl Machine {
    /// The text that a filter works on: its files, or its input.
    fn input(&mut self, name: &str, files: &[&str], world: &mut World<'_>) -> (String, i32) {
        if files.is_empty() || files == ["-"] {
            return (
                self.io
                    .input
                    .take()
                    .map(|text| text.to_string())
                    .unwrap_or_default(),
                0,
            );
        }
        let (mut all, mut code) = (String::new(), 0);
        for file in files {
            let path = self.path(file);
            match read(&path, world) {
                Some(text) => all.push_str(&text),
                None if world.files.is_folder(&path) => {
                    self.err(world, &format!("{name}: read error: Is a directory\n"));
                    code = 1;
                }
                None => {
                    self.err(
                        world,
                        &format!("{name}: can't open '{file}': No such file or directory\n"),
                    );
                    code = 1;
                }
            }
        }
        (all, code)
    }

    /// Runs a filter; None where the name is not one.
    pub(super) fn filter(&mut self, words: &[String], world: &mut World<'_>) -> Option<Outcome> {
        let name = words.first()?.rsplit('/').next()?;
        let args = words.get(1..).unwrap_or_default();
        let (options, files): (Vec<&str>, Vec<&str>) = args
            .iter()
            .map(String::as_str)
            .partition(|arg| arg.starts_with('-') && arg.len() > 1);
        let has = |letter: char| options.iter().any(|option| option.contains(letter));
        let code = match name {
            "cat" => {
                let (text, code) = self.input("cat", &files, world);
                self.out(world, &text);
                code
            }
            "rev" | "sort" | "uniq" | "tac" => {
                let (text, code) = self.input(name, &files, world);
                let text = lines_of(name, &text, has('r'));
                self.out(world, &text);
                code
            }
            "wc" => {
                let (text, code) = self.input("wc", &files, world);
                let count = match () {
                    () if has('l') => text.lines().count(),
                    () if has('w') => text.split_whitespace().count(),
                    () => text.len(),
                };
                self.out(world, &format!("{count}\n"));
                code
            }
            "head" | "tail" => return Some(self.ends(name, args, world)),
            "grep" | "egrep" | "fgrep" => return Some(self.grep(&options, &files, world)),
            "awk" => return Some(self.awk(args, world)),
            "sed" => return Some(self.sed(&files, world)),
            "cut" => self.cut(args, world),
            "tr" => {
                let text = self
                    .io
                    .input
                    .take()
                    .map(|text| text.to_string())
                    .unwrap_or_default();
                let text = translate(&text, &files, has('d'));
                self.out(world, &text);
                0
            }
            "tee" => {
                let text = self.io.input.take().unwrap_or_default();
                for file in &files {
                    let path = self.path(file);
                    // A disk that is full loses what does not fit.
                    let _lost = world.files.write(&path, &text, has('a'));
                }
                self.out(world, &text);
                0
            }
            "seq" => self.seq(&files, world),
            "yes" => return Some(Outcome::Forever),
            "base64" | "md5sum" | "sha256sum" => {
                let (text, code) = self.input(name, &files, world);
                let sum = super::super::fingerprint(&text);
                let length = if name == "md5sum" { 32 } else { 64 };
                self.out(
                    world,
                    &format!("{}  -\n", sum.get(..length).unwrap_or_default()),
                );
                code
            }
            "xargs" => {
                let text = self.io.input.take().unwrap_or_default();
                let mut words: Vec<String> = files.iter().map(|word| (*word).to_owned()).collect();
                words.extend(text.split_whitespace().map(str::to_owned));
                return Some(self.command(&words, world));
            }
            _ => return None,
        };
        Some(Outcome::Code(code))
    }

    fn ends(&mut self, name: &str, args: &[String], world: &mut World<'_>) -> Outcome {
        let (mut count, mut follows, mut files) = (10usize, false, Vec::new());
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg {
                "-n" => {
                    count = args
                        .next()
                        .and_then(|count| count.trim_start_matches('+').parse().ok())
                        .unwrap_or(10)
                }
                "-f" | "-F" | "--follow" => follows = true,
                "-c" => drop(args.next()),
                arg if arg.starts_with('-') && arg.len() > 1 => {
                    let digits = arg.trim_start_matches(|c: char| !c.is_ascii_digit());
                    count = digits.parse().unwrap_or(count);
                    follows |= arg.contains(['f', 'F']);
                }
                arg => files.push(arg),
            }
        }
        if follows && name == "tail" && files.iter().all(|file| *file == "/dev/null") {
            return Outcome::Forever;
        }
        let (text, code) = self.input(name, &files, world);
        let lines: Vec<&str> = text.lines().collect();
        let chosen = match name {
            "head" => lines.get(..count.min(lines.len())),
            _ => lines.get(lines.len().saturating_sub(count)..),
        };
        let text: String = chosen
            .unwrap_or_default()
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
        self.out(world, &text);
        match follows && name == "tail" {
            true => Outcome::Forever,
            false => Outcome::Code(code),
        }
    }

    fn grep(&mut self, options: &[&str], files: &[&str], world: &mut World<'_>) -> Outcome {
        let has = |letter: char| options.iter().any(|option| option.contains(letter));
        let Some((expression, files)) = files.split_first() else {
            return Outcome::Code(2);
        };
        let (text, code) = self.input("grep", files, world);
        if code != 0 {
            return Outcome::Code(2);
        }
        let fold = |text: &str| {
            if has('i') {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        };
        let expression = fold(expression);
        let parts: Vec<&str> = expression
            .split(if has('E') { "|" } else { "\\|" })
            .collect();
        let holds = |line: &&str| {
            let line = fold(line);
            parts
                .iter()
                .any(|part| find_expression(part, &line).is_some())
                != has('v')
        };
        let lines: Vec<&str> = text.lines().filter(holds).collect();
        if has('c') {
            self.out(world, &format!("{}\n", lines.len()));
        } else if !has('q') {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            self.out(world, &text);
        }
        Outcome::Code(i32::from(lines.is_empty()))
    }

    /// `/pattern/{print $N}` and `{print $N}`.
    fn awk(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let (mut separator, mut program, mut files) = (String::new(), None, Vec::new());
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.strip_prefix("-F") {
                Some("") => separator = args.next().cloned().unwrap_or_default(),
                Some(own) => separator = own.to_owned(),
                None if program.is_none() => program = Some(arg.as_str()),
                None => files.push(arg.as_str()),
            }
        }
        let (text, code) = self.input("awk", &files, world);
        let program = program.unwrap_or_default();
        let (pattern, action) = match program
            .trim()
            .strip_prefix('/')
            .and_then(|rest| rest.split_once('/'))
        {
            Some((pattern, action)) => (Some(pattern), action),
            None => (None, program),
        };
        let fields = action
            .trim()
            .trim_matches(['{', '}'])
            .trim()
            .trim_start_matches("print")
            .trim();
        let mut out = String::new();
        for line in text.lines() {
            if pattern.is_some_and(|pattern| find_expression(pattern, line).is_none()) {
                continue;
            }
            let parts: Vec<&str> = match separator.as_str() {
                "" => line.split_whitespace().collect(),
                separator => line.split(separator).collect(),
            };
            let value = |field: &str| match field.trim().strip_prefix('$') {
                Some("0") => line.to_owned(),
                Some("NF") => parts.last().copied().unwrap_or_default().to_owned(),
                Some(number) => {
                    let index = number
                        .parse::<usize>()
                        .ok()
                        .and_then(|number| number.checked_sub(1));
                    index
                        .and_then(|index| parts.get(index))
                        .copied()
                        .unwrap_or_default()
                        .to_owned()
                }
                None => field.trim().trim_matches('"').to_owned(),
            };
            let values: Vec<String> = match fields {
                "" => vec![line.to_owned()],
                fields => fields.split(',').map(value).collect(),
            };
            out.push_str(&values.join(" "));
            out.push('\n');
        }
        self.out(world, &out);
        Outcome::Code(code)
    }

    /// `s/a/b/`, `s/a/b/g`.
    fn sed(&mut self, words: &[&str], world: &mut World<'_>) -> Outcome {
        let Some((script, files)) = words.split_first() else {
            return Outcome::Code(1);
        };
        let (text, code) = self.input("sed", files, world);
        let mut parts = script.strip_prefix('s').map(|rest| {
            let mark = rest.chars().next().unwrap_or('/');
            rest.split(mark)
                .skip(1)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        let parts = parts.take().filter(|parts| parts.len() >= 2);
        let mut out = String::new();
        for line in text.lines() {
            match parts.as_deref() {
                Some([from, to, flags @ ..]) => {
                    let all = flags.first().is_some_and(|flags| flags.contains('g'));
                    out.push_str(&replaced(line, from, to, all));
                }
                _ => out.push_str(line),
            }
            out.push('\n');
        }
        self.out(world, &out);
        Outcome::Code(code)
    }

    fn cut(&mut self, args: &[String], world: &mut World<'_>) -> i32 {
        let (mut separator, mut field, mut files) = ("\t", 1usize, Vec::new());
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match (arg.strip_prefix("-d"), arg.strip_prefix("-f")) {
                (Some(""), _) => separator = args.next().unwrap_or("\t"),
                (Some(own), _) => separator = own,
                (_, Some("")) => {
                    field = args
                        .next()
                        .and_then(|field| field.parse().ok())
                        .unwrap_or(1)
                }
                (_, Some(own)) => field = own.parse().unwrap_or(1),
                _ => files.push(arg),
            }
        }
        let (text, code) = self.input("cut", &files, world);
        let pick = |line: &str| {
            let part = line.split(separator).nth(field.saturating_sub(1));
            format!("{}\n", part.unwrap_or(line))
        };
        let text: String = text.lines().map(pick).collect();
        self.out(world, &text);
        code
    }

    fn seq(&mut self, args: &[&str], world: &mut World<'_>) -> i32 {
        let numbers: Vec<i64> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
        let (first, step, last) = match numbers.as_slice() {
            [last] => (1, 1, *last),
            [first, last] => (*first, 1, *last),
            [first, step, last] => (*first, *step, *last),
            _ => return 1,
        };
        let mut out = String::new();
        let mut number = first;
        for _ in 0..LINES_MAX {
            if step == 0 || (step > 0 && number > last) || (step < 0 && number < last) {
                break;
            }
            out.push_str(&format!("{number}\n"));
            number = number.saturating_add(step);
        }
        self.out(world, &out);
        0
    }
}

fn lines_of(name: &str, text: &str, reverse: bool) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match name {
        "rev" => lines
            .iter_mut()
            .for_each(|line| *line = line.chars().rev().collect()),
        "uniq" => lines.dedup(),
        "tac" => lines.reverse(),
        _ => {
            lines.order();
            if reverse {
                lines.reverse();
            }
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn translate(text: &str, sets: &[&str], delete: bool) -> String {
    let chars = |set: &str| -> Vec<char> {
        let set = set
            .replace("\\n", "\n")
            .replace("[:upper:]", "A-Z")
            .replace("[:lower:]", "a-z");
        let set: Vec<char> = set.chars().collect();
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(c) = set.get(at) {
            match (set.get(at + 1), set.get(at + 2)) {
                (Some('-'), Some(last)) => {
                    out.extend(*c..=*last);
                    at += 3;
                }
                _ => {
                    out.push(*c);
                    at += 1;
                }
            }
        }
        out
    };
    let from = chars(sets.first().copied().unwrap_or_default());
    let to = chars(sets.get(1).copied().unwrap_or_default());
    text.chars()
        .filter_map(|c| match from.iter().position(|other| *other == c) {
            None => Some(c),
            Some(_) if delete => None,
            Some(index) => to.get(index).or(to.last()).copied(),
        })
        .collect()
}

fn replaced(line: &str, from: &str, to: &str, all: bool) -> String {
    let mut out = String::new();
    let mut rest: Vec<char> = line.chars().collect();
    while let Some((begin, end)) = find_expression(from, &rest.iter().collect::<String>()) {
        out.extend(rest.iter().take(begin));
        out.push_str(to);
        let tail: Vec<char> = rest.iter().skip(end).copied().collect();
        let stuck = end == 0;
        rest = tail;
        if !all || stuck || rest.is_empty() {
            break;
        }
    }
    out.extend(rest);
    out
}
