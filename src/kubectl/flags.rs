//! Flags and arguments, read as `spf13/pflag` reads them, with its errors.

use super::fault::Fault;
use std::collections::BTreeMap;

/// What every command knows. A flag is `name[/shorthand][:type]`; without a type
/// it is a switch. Types: `s` text, `l` list with commas, `a` text that may be
/// repeated, `i` number, `d` duration, `?x` text that is `x` where none is given.
const GLOBAL: &str = "namespace/n:s context:s cluster:s user:s kubeconfig:s server/s:s token:s \
    request-timeout:s as:s as-group:a v/v:i insecure-skip-tls-verify certificate-authority:s \
    client-certificate:s client-key:s cache-dir:s match-server-version tls-server-name:s \
    warnings-as-errors help/h";

struct Known<'a> {
    name: &'a str,
    short: Option<char>,
    of_type: &'a str,
}

impl<'a> Known<'a> {
    fn read(token: &'a str) -> Known<'a> {
        let (name, of_type) = token.split_once(':').unwrap_or((token, ""));
        let (name, short) = name.split_once('/').unwrap_or((name, ""));
        Known {
            name,
            short: short.chars().next(),
            of_type,
        }
    }

    fn takes_value(&self) -> bool {
        !self.of_type.is_empty() && !self.of_type.starts_with('?')
    }

    fn shown(&self) -> String {
        match self.short {
            Some(short) => format!("-{short}, --{}", self.name),
            None => format!("--{}", self.name),
        }
    }

    fn check(&self, value: &str) -> Result<(), String> {
        let why = match self.of_type {
            "" if !matches!(value, "true" | "false" | "1" | "0" | "t" | "f" | "T" | "F") => {
                format!("strconv.ParseBool: parsing {value:?}: invalid syntax")
            }
            "i" if value.parse::<i64>().is_err() => {
                format!("strconv.ParseInt: parsing {value:?}: invalid syntax")
            }
            "d" if duration(value).is_none() => format!("time: invalid duration {value:?}"),
            _ => return Ok(()),
        };
        Err(format!(
            "invalid argument {value:?} for {:?} flag: {why}",
            self.shown()
        ))
    }
}

/// The flags that were given, and what was no flag.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    values: BTreeMap<String, Vec<String>>,
    /// Arguments before `--`.
    pub(super) args: Vec<String>,
    /// Arguments after it.
    pub(super) after: Vec<String>,
}

impl Given {
    /// Reads the arguments of a command (`kubectl get`) that knows these flags.
    pub(super) fn read(command: &str, spec: &str, args: &[String]) -> Result<Given, Fault> {
        let known: Vec<Known<'_>> = spec
            .split_whitespace()
            .chain(GLOBAL.split_whitespace())
            .map(Known::read)
            .collect();
        let mut given = Given::default();
        let mut rest = args.iter();
        while let Some(argument) = rest.next() {
            let outcome = match argument.as_str() {
                "--" => {
                    given.after = rest.cloned().collect();
                    break;
                }
                long if long.starts_with("--") => given.long(&known, long, &mut rest),
                short if short.len() > 1 && short.starts_with('-') => {
                    given.short(&known, short, &mut rest)
                }
                other => {
                    given.args.push(other.to_owned());
                    Ok(())
                }
            };
            outcome.map_err(|why| {
                Fault::Message(format!("{why}\nSee '{command} --help' for usage."))
            })?;
        }
        Ok(given)
    }

    fn long<'a>(
        &mut self,
        known: &[Known<'_>],
        text: &str,
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), String> {
        let text = text.trim_start_matches('-');
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let Some(flag) = known.iter().find(|flag| flag.name == name) else {
            return Err(format!("unknown flag: --{name}"));
        };
        let value = match value {
            Some(value) => value,
            None if flag.takes_value() => match rest.next() {
                Some(value) => value.clone(),
                None => return Err(format!("flag needs an argument: --{name}")),
            },
            None => flag.of_type.strip_prefix('?').unwrap_or("true").to_owned(),
        };
        self.set(flag, value)
    }

    fn short<'a>(
        &mut self,
        known: &[Known<'_>],
        text: &str,
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), String> {
        let mut letters = text.trim_start_matches('-');
        while let Some(letter) = letters.chars().next() {
            let Some(flag) = known.iter().find(|flag| flag.short == Some(letter)) else {
                return Err(format!("unknown shorthand flag: '{letter}' in -{letters}"));
            };
            let after = letters.get(letter.len_utf8()..).unwrap_or_default();
            if let Some(value) = after.strip_prefix('=') {
                return self.set(flag, value.to_owned());
            }
            if !flag.takes_value() {
                let value = flag.of_type.strip_prefix('?').unwrap_or("true");
                self.set(flag, value.to_owned())?;
                letters = after;
                continue;
            }
            let value = match after {
                "" => rest
                    .next()
                    .cloned()
                    .ok_or_else(|| format!("flag needs an argument: '{letter}' in -{letters}"))?,
                value => value.to_owned(),
            };
            return self.set(flag, value);
        }
        Ok(())
    }

    fn set(&mut self, flag: &Known<'_>, value: String) -> Result<(), String> {
        flag.check(&value)?;
        let values = self.values.entry(flag.name.to_owned()).or_default();
        match flag.of_type {
            "l" => values.extend(value.split(',').map(str::to_owned)),
            "a" => values.push(value),
            _ => *values = vec![value],
        }
        Ok(())
    }

    /// The value of a flag, where it was given.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let values = self.values.get(name)?;
        values.last().map(String::as_str)
    }

    /// The value of a flag, or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Every value of a flag that may be repeated.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a switch is on.
    pub(super) fn on(&self, name: &str) -> bool {
        self.or(name, false)
    }

    /// Whether a switch is on, where it is otherwise `default`.
    pub(super) fn or(&self, name: &str, default: bool) -> bool {
        let value = self.get(name);
        value.map_or(default, |text| matches!(text, "true" | "1" | "t" | "T"))
    }

    /// The number that a flag gives.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// The span that a flag gives.
    pub(super) fn span(&self, name: &str) -> Option<f64> {
        duration(self.get(name)?)
    }

    /// As if a flag had not been given.
    pub(super) fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// An error where one of these was not given.
    pub(super) fn require(&self, names: &[&str]) -> Result<(), Fault> {
        let missing: Vec<String> = names
            .iter()
            .filter(|name| self.get(name).is_none())
            .map(|name| format!("{name:?}"))
            .collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Fault::Message(format!(
                "required flag(s) {} not set",
                missing.join(", ")
            ))),
        }
    }
}

/// A span in Go's form (`1m30s`) in seconds; a bare 0 is one too.
pub(super) fn duration(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        seconds += number
            * match rest.get(..end)? {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = rest.get(end..)?;
    }
    Some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Given, String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let spec =
            "output/o:s watch/w selector/l:s replicas:i dry-run:?unchanged label-columns/L:l";
        Given::read("kubectl get", spec, &args).map_err(|fault| fault.bare())
    }

    #[test]
    fn flags_are_read_in_every_form() {
        let given = read("pods -owide -w -n kc --dry-run --replicas=3 -La,b -L c -- x -y");
        let given = given.unwrap_or_default();
        assert_eq!(given.args, ["pods"]);
        assert_eq!(given.after, ["x", "-y"]);
        assert_eq!(given.get("output"), Some("wide"));
        assert!(given.on("watch"));
        assert_eq!(given.get("dry-run"), Some("unchanged"));
        assert_eq!(given.number("replicas"), Some(3));
        assert_eq!(given.all("label-columns"), ["a", "b", "c"]);
    }

    #[test]
    fn mistakes_are_told_as_pflag_tells_them() {
        let table = [
            ("--outptu x", "unknown flag: --outptu"),
            ("-x", "unknown shorthand flag: 'x' in -x"),
            ("-wmage=n", "unknown shorthand flag: 'm' in -mage=n"),
            ("-o", "flag needs an argument: 'o' in -o"),
            ("--replicas", "flag needs an argument: --replicas"),
            (
                "--replicas=two",
                "invalid argument \"two\" for \"--replicas\" flag: strconv.ParseInt: parsing \"two\": invalid syntax",
            ),
        ];
        for (line, expected) in table {
            let told = read(line).err().unwrap_or_default();
            let expected = format!("{expected}\nSee 'kubectl get --help' for usage.");
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn spans_are_read_as_go_reads_them() {
        assert_eq!(duration("1m30s"), Some(90.0));
        assert_eq!(duration("0"), Some(0.0));
        assert_eq!(duration("-1s"), Some(-1.0));
        assert_eq!(duration("abc"), None);
        assert_eq!(duration("5"), None);
    }
}
