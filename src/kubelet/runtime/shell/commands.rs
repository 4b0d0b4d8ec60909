//! The commands that the shell knows itself, and the small programs that are
//! part of it here.

mod builtin;
mod files;
mod say;

use super::super::process::World;
use super::machine::{Machine, Outcome};
use say::{escapes, printf};
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
