//! The commands that the shell knows itself, and the small programs that are
//! part of it here.

use super::super::process::World;
use super::machine::{Machine, Outcome};
use super::parse::parse;
use std::time::Duration;

/// Names of shells.
const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];

/// A duration as `sleep` reads it; none for `infinity`.
fn duration(text: &str) -> Option<Option<Duration>> {
    if matches!(text, "inf" | "infinity") {
        return Some(None);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().ok()?;
    let factor = match text.get(digits.len()..)? {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let seconds = number * factor;
    if !(0.0..1e10).contains(&seconds) {
        return Some(None);
    }
    Some(Some(Duration::from_secs_f64(seconds)))
}

impl Machine {
    /// Runs a command.
    pub(super) fn command(&mut self, words: &[String], world: &mut World<'_>) -> Outcome {
        let Some(first) = words.first() else {
            return Outcome::Code(0);
        };
        let name = first.rsplit('/').next().unwrap_or_default();
        let args = words.get(1..).unwrap_or_default();
        if let Some(outcome) = self.special(name, args, world) {
            return outcome;
        }
        if self.image.programs.contains(&name) {
            return self.own_program(name, args, world);
        }
        if !self.image.has(name) {
            return self.not_found(first, world);
        }
        if let Some(outcome) = self.small(name, args, world) {
            return outcome;
        }
        if let Some(outcome) = self.filter(words, world) {
            return outcome;
        }
        self.other_program(name, args, world)
    }

    fn not_found(&mut self, name: &str, world: &mut World<'_>) -> Outcome {
        self.err(world, &format!("sh: {name}: not found\n"));
        Outcome::Code(127)
    }

    /// What a shell does itself.
    fn special(&mut self, name: &str, args: &[String], world: &mut World<'_>) -> Option<Outcome> {
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
                return Some(match super::filters::read(&path, world) {
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

    fn assign(&mut self, args: &[String]) {
        for arg in args {
            if let Some((name, value)) = arg.split_once('=') {
                self.vars.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// `set -e`, `set -ex`, `set -o errexit`, `set -- words`.
    fn options(&mut self, args: &[String]) {
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

    fn read(&mut self, args: &[String]) -> Outcome {
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
    fn test(&mut self, args: &[String], world: &World<'_>) -> bool {
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
                let text = super::filters::read(&self.path(path), world);
                text.is_some_and(|text| !text.is_empty())
            }
            ["-e", path] => {
                let path = self.path(path);
                super::filters::read(&path, world).is_some() || world.files.is_folder(&path)
            }
            ["-f" | "-r" | "-w" | "-x" | "-L" | "-S", path] => {
                super::filters::read(&self.path(path), world).is_some()
            }
            [left, "=" | "==", right] => {
                let chars = |text: &str| text.chars().collect::<Vec<_>>();
                left == right || super::text::matches_pattern(&chars(right), &chars(left))
            }
            [left, "!=", right] => left != right,
            [left, "=~", right] => super::text::find_expression(right, left).is_some(),
            [left, operator, right] => compare(left, operator, right),
            _ => false,
        }
    }

    /// Small programs.
    fn small(&mut self, name: &str, args: &[String], world: &mut World<'_>) -> Option<Outcome> {
        let first = args.first().map(String::as_str);
        let plain: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
        let flags: String = args
            .iter()
            .filter(|arg| arg.starts_with('-'))
            .cloned()
            .collect();
        let code = match name {
            "echo" => {
                self.echo(args, world);
                0
            }
            "printf" => {
                let text = printf(args);
                self.out(world, &text);
                0
            }
            "sleep" | "usleep" => {
                let parts: Option<Vec<_>> = args.iter().map(|arg| duration(arg)).collect();
                return Some(match parts {
                    None => {
                        self.err(
                            world,
                            &format!("sleep: invalid number '{}'\n", first.unwrap_or_default()),
                        );
                        Outcome::Code(1)
                    }
                    Some(parts) => match parts.into_iter().collect::<Option<Vec<_>>>() {
                        None => Outcome::Forever,
                        Some(parts) => {
                            let total: Duration = parts.iter().sum();
                            let micro = name == "usleep";
                            Outcome::Sleep(if micro { total / 1_000_000 } else { total }, 0)
                        }
                    },
                });
            }
            name if SHELLS.contains(&name) => return Some(self.shell(args, world)),
            "date" => {
                let time = crate::sim::Instant::timestamp(world.now);
                let text = date(
                    time,
                    plain
                        .iter()
                        .map(|arg| arg.as_str())
                        .find(|arg| arg.starts_with('+')),
                );
                self.out(world, &format!("{text}\n"));
                0
            }
            "hostname" => {
                let text = format!("{}\n", world.hostname);
                self.out(world, &text);
                0
            }
            "pwd" => {
                let text = format!("{}\n", self.cwd);
                self.out(world, &text);
                0
            }
            "whoami" => {
                self.out(world, "root\n");
                0
            }
            "id" => {
                self.out(world, "uid=0(root) gid=0(root) groups=0(root)\n");
                0
            }
            "uname" => {
                self.out(world, "Linux\n");
                0
            }
            "ps" | "top" | "free" | "df" | "mount" | "ifconfig" | "ip" | "route" | "netstat" => {
                self.out(world, "");
                0
            }
            "env" | "printenv" => return Some(self.environment(args, world)),
            "touch" | "mkdir" | "rm" | "rmdir" | "cp" | "mv" | "ln" | "mkfifo" => {
                return Some(self.file_command(name, &plain, &flags, world));
            }
            "chmod" | "chown" | "sync" | "stty" | "kill" | "pkill" | "killall" => 0,
            "tar" => return Some(self.tar(args, world)),
            "ls" => return Some(self.list(&plain, world)),
            "find" => {
                let path = self.path(plain.first().map_or(".", |path| path.as_str()));
                let names = world.files.list(&path);
                let text: String = names
                    .iter()
                    .map(|name| format!("{path}/{name}\n"))
                    .collect();
                self.out(world, &text);
                0
            }
            "stat" | "readlink" | "realpath" => {
                let path = self.path(plain.last().map_or("", |path| path.as_str()));
                let found =
                    super::filters::read(&path, world).is_some() || world.files.is_folder(&path);
                if found {
                    self.out(world, &format!("{path}\n"));
                }
                i32::from(!found)
            }
            "basename" => {
                let base = first
                    .unwrap_or_default()
                    .rsplit('/')
                    .next()
                    .unwrap_or_default();
                self.out(world, &format!("{base}\n"));
                0
            }
            "dirname" => {
                let parent = first
                    .unwrap_or_default()
                    .rsplit_once('/')
                    .map_or(".", |(parent, _)| parent);
                self.out(world, &format!("{parent}\n"));
                0
            }
            "which" => {
                let found = first.is_some_and(|name| self.image.has(name));
                if found {
                    self.out(world, &format!("/usr/bin/{}\n", first.unwrap_or_default()));
                }
                i32::from(!found)
            }
            "expr" => {
                let value = super::text::arithmetic(&args.join(" "), &mut self.vars);
                let text = value.map(|value| value.to_string());
                self.out(
                    world,
                    &format!("{}\n", text.unwrap_or_else(|| args.join(" "))),
                );
                i32::from(value == Some(0))
            }
            "timeout" => {
                let rest = args
                    .iter()
                    .skip_while(|arg| arg.starts_with('-'))
                    .cloned()
                    .collect::<Vec<_>>();
                return Some(self.timeout(&rest, world));
            }
            "wget" => return Some(self.wget(args, world)),
            "curl" => return Some(self.curl(args, world)),
            "nc" | "ncat" | "telnet" => return Some(self.netcat(args, world)),
            "nslookup" | "dig" | "host" => return Some(self.nslookup(args, world)),
            "ping" => return Some(self.ping(args, world)),
            _ => return None,
        };
        Some(Outcome::Code(code))
    }

    fn echo(&mut self, args: &[String], world: &mut World<'_>) {
        let is_flag = |arg: &&String| {
            arg.len() > 1 && arg.starts_with('-') && arg.chars().skip(1).all(|c| "neE".contains(c))
        };
        let flags: String = args.iter().take_while(is_flag).cloned().collect();
        let words: Vec<&str> = args
            .iter()
            .skip_while(is_flag)
            .map(String::as_str)
            .collect();
        let mut text = words.join(" ");
        if flags.contains('e') {
            text = escapes(&text);
        }
        if !flags.contains('n') {
            text.push('\n');
        }
        self.out(world, &text);
    }

    /// `sh -c text name words…`, `sh file`.
    fn shell(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let mut index = 0;
        let mut command = false;
        while let Some(flags) = args.get(index).and_then(|arg| arg.strip_prefix(['-', '+'])) {
            command |= flags.contains('c') && !flags.starts_with('-');
            self.options(&args[index..=index]);
            index += 1 + usize::from(flags == "o");
        }
        let rest: Vec<String> = args.iter().skip(index).cloned().collect();
        let Some(first) = rest.first().cloned() else {
            // Without input a shell ends.
            return Outcome::Code(0);
        };
        let (text, params) = match command {
            true => {
                let params = rest.iter().skip(1).cloned().collect::<Vec<_>>();
                let params = if params.is_empty() {
                    vec!["sh".to_owned()]
                } else {
                    params
                };
                (first, params)
            }
            false => match super::filters::read(&self.path(&first), world) {
                Some(text) => (text.to_string(), rest),
                // A script of the image, of which nothing is known.
                None if self.image.has(first.rsplit('/').next().unwrap_or_default()) => {
                    return self.other_program(&first, &[], world);
                }
                None => {
                    self.err(
                        world,
                        &format!("sh: can't open '{first}': No such file or directory\n"),
                    );
                    return Outcome::Code(2);
                }
            },
        };
        if self.is_last() {
            return self.become_script(&text, params, world);
        }
        self.run_text(&text, true, world)
    }

    fn environment(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        if args.is_empty() {
            let text: String = self
                .vars
                .iter()
                .map(|(name, value)| format!("{name}={value}\n"))
                .collect();
            self.out(world, &text);
            return Outcome::Code(0);
        }
        let rest: Vec<String> = args
            .iter()
            .skip_while(|arg| arg.contains('='))
            .cloned()
            .collect();
        if rest.len() < args.len() {
            let count = args.len() - rest.len();
            self.assign(&args[..count]);
            return self.command(&rest, world);
        }
        let mut code = 0;
        for name in args {
            match self.vars.get(name).cloned() {
                Some(value) => self.out(world, &format!("{value}\n")),
                None => code = 1,
            }
        }
        Outcome::Code(code)
    }

    fn file_command(
        &mut self,
        name: &str,
        plain: &[&String],
        flags: &str,
        world: &mut World<'_>,
    ) -> Outcome {
        let paths: Vec<String> = plain.iter().map(|path| self.path(path)).collect();
        let mut code = 0;
        let mut tell = |machine: &mut Machine, path: &str, why: &str, world: &mut World<'_>| {
            machine.err(world, &format!("{name}: {path}: {why}\n"));
            code = 1;
        };
        match (name, paths.as_slice()) {
            ("cp" | "mv" | "ln", [from @ .., to]) => {
                for source in from {
                    let Some(text) = super::filters::read(source, world) else {
                        tell(self, source, "No such file or directory", world);
                        continue;
                    };
                    let base = source.rsplit('/').next().unwrap_or_default();
                    let target = match world.files.is_folder(to) {
                        true => format!("{}/{base}", to.trim_end_matches('/')),
                        false => to.clone(),
                    };
                    if let Err(why) = world.files.write(&target, &text, false) {
                        tell(self, &target, why, world);
                    } else if name == "mv" {
                        // It was read just now.
                        let _gone = world.files.remove(source, false);
                    }
                }
            }
            ("mkdir", paths) => {
                for path in paths {
                    if let Err(why) = world.files.make_folder(path) {
                        tell(self, path, why, world);
                    }
                }
            }
            ("rm" | "rmdir", paths) => {
                let recursive = name == "rmdir" || flags.contains(['r', 'R']);
                for path in paths {
                    match world.files.remove(path, recursive) {
                        Err(why) if !flags.contains('f') => tell(self, path, why, world),
                        _ => {}
                    }
                }
            }
            (_, paths) => {
                for path in paths {
                    if let Err(why) = world.files.write(path, "", true) {
                        tell(self, path, why, world);
                    }
                }
            }
        }
        Outcome::Code(code)
    }

    fn list(&mut self, plain: &[&String], world: &mut World<'_>) -> Outcome {
        let path = self.path(plain.first().map_or(".", |path| path.as_str()));
        if world.files.read(&path).is_some() {
            self.out(world, &format!("{path}\n"));
            return Outcome::Code(0);
        }
        if !world.files.is_folder(&path) {
            self.err(world, &format!("ls: {path}: No such file or directory\n"));
            return Outcome::Code(1);
        }
        let text: String = world
            .files
            .list(&path)
            .iter()
            .map(|name| format!("{name}\n"))
            .collect();
        self.out(world, &text);
        Outcome::Code(0)
    }

    /// `timeout SECONDS command`: 143 where time runs out.
    fn timeout(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let limit = args.first().and_then(|arg| duration(arg)).flatten();
        let limit = limit.unwrap_or(Duration::from_secs(1));
        match self.command(args.get(1..).unwrap_or_default(), world) {
            Outcome::Sleep(time, code) if time <= limit => Outcome::Sleep(time, code),
            Outcome::Sleep(..) | Outcome::Forever => Outcome::Sleep(limit, 143),
            outcome => outcome,
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

fn escapes(text: &str) -> String {
    text.replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\r", "\r")
        .replace("\\\\", "\\")
}

fn printf(args: &[String]) -> String {
    let mut args = args.iter();
    let format = escapes(args.next().map(String::as_str).unwrap_or_default());
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        while chars
            .peek()
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))
        {
            chars.next();
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some(_) => out.push_str(args.next().map(String::as_str).unwrap_or_default()),
            None => {}
        }
    }
    out
}

/// `date` in its usual form, or in that of `+format`.
fn date(time: jiff::Timestamp, format: Option<&str>) -> String {
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC);
    let format = format
        .and_then(|format| format.strip_prefix('+'))
        .unwrap_or("%a %b %e %H:%M:%S UTC %Y");
    let mut broken = jiff::fmt::strtime::BrokenDownTime::from(&zoned);
    broken.set_weekday(Some(zoned.weekday()));
    broken.to_string(format).unwrap_or_default()
}
