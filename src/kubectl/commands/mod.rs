//! One file a command, or a family of them.

mod annotate;
mod applies;
mod autoscale;
mod create;
mod create_access;
mod delete;
mod describe;
mod events;
mod expose;
mod generate;
mod get;
mod info;
mod nodes;
mod patch;
mod replace;
mod rollout;
mod run;
mod scale;
mod set;
mod taint;
mod wait;

use super::door::Door;
use super::fault::Fault;
use super::flags::Given;
use super::shell::Shell;

/// What a command left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// Its exit status.
    pub exit: u8,
    /// What it wrote.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

type Command = fn(&mut Shell<'_>, &[String]) -> Result<(), Fault>;

/// Every command that there is here, in the order of kubectl's help.
const COMMANDS: &[(&str, Command)] = &[
    ("create", create::run),
    ("expose", expose::run),
    ("run", run::run),
    ("set", set::run),
    ("get", get::run),
    ("describe", describe::run),
    ("autoscale", autoscale::run),
    ("top", info::top),
    ("delete", delete::run),
    ("rollout", rollout::run),
    ("scale", scale::run),
    ("cordon", nodes::cordon),
    ("uncordon", nodes::uncordon),
    ("drain", nodes::drain),
    ("taint", taint::run),
    ("events", events::run),
    ("apply", applies::run),
    ("patch", patch::run),
    ("replace", replace::run),
    ("wait", wait::run),
    ("label", annotate::label),
    ("annotate", annotate::annotate),
    ("api-resources", info::api_resources),
    ("api-versions", info::api_versions),
    ("version", info::version),
    ("config", info::config),
    ("cluster-info", info::cluster_info),
];

/// Every command of kubectl: what suggestions are made from, in the order of its
/// help.
const NAMES: [&str; 44] = [
    "create",
    "expose",
    "run",
    "set",
    "explain",
    "get",
    "edit",
    "delete",
    "rollout",
    "scale",
    "autoscale",
    "certificate",
    "cluster-info",
    "top",
    "cordon",
    "uncordon",
    "drain",
    "taint",
    "describe",
    "logs",
    "attach",
    "exec",
    "port-forward",
    "proxy",
    "cp",
    "auth",
    "debug",
    "events",
    "diff",
    "apply",
    "patch",
    "replace",
    "wait",
    "kustomize",
    "label",
    "annotate",
    "completion",
    "alpha",
    "api-resources",
    "api-versions",
    "config",
    "plugin",
    "version",
    "options",
];

/// Runs `kubectl ARGS…` in a namespace.
pub fn run(door: &mut dyn Door, namespace: &str, args: &[String], stdin: &str) -> Finished {
    let mut shell = Shell::new(door, stdin, namespace);
    let at = command_at(args);
    let name = args.get(at).map_or("", String::as_str);
    let mut rest: Vec<String> = args.get(..at).unwrap_or_default().to_vec();
    rest.extend(args.get(at + 1..).unwrap_or_default().iter().cloned());
    let command = COMMANDS.iter().find(|(known, _)| *known == name);
    let outcome = match command {
        Some((_, command)) => command(&mut shell, &rest),
        None if name.is_empty() => info::help(&mut shell, &rest),
        None => Err(unknown(name)),
    };
    if let Err(fault) = outcome {
        let told = fault.told(&path_of(name, &rest));
        shell.err.push_str(&told);
        shell.exit = 1;
    }
    Finished {
        exit: shell.exit,
        stdout: shell.out,
        stderr: shell.err,
    }
}

/// Flags that every command knows may stand before it, some with their values.
fn command_at(args: &[String]) -> usize {
    const WITH_VALUE: [&str; 8] = [
        "-n",
        "--namespace",
        "--context",
        "--cluster",
        "--user",
        "--kubeconfig",
        "-s",
        "--server",
    ];
    let mut skip = false;
    let is_command = |argument: &String| {
        let of_flag = std::mem::replace(&mut skip, WITH_VALUE.contains(&argument.as_str()));
        !of_flag && !argument.starts_with('-')
    };
    let found = args.iter().position(is_command);
    found.unwrap_or(args.len())
}

/// `kubectl create deployment`: what help is asked for.
fn path_of(name: &str, rest: &[String]) -> String {
    let nested = matches!(name, "create" | "rollout" | "set" | "config");
    let inner = rest.first().filter(|_| nested);
    let inner = inner.map(|inner| create::full_name(inner));
    match inner {
        Some(inner) if name != "create" || create::is_known(&inner) => {
            format!("kubectl {name} {inner}")
        }
        _ => format!("kubectl {name}"),
    }
}

/// `unknown command`, with what may have been meant: what lies two edits away, or
/// begins alike.
fn unknown(name: &str) -> Fault {
    let close = |known: &&&str| distance(name, known) <= 2 || known.starts_with(name);
    let close: Vec<String> = NAMES
        .iter()
        .filter(close)
        .map(|known| format!("\t{known}"))
        .collect();
    let mut text = format!("unknown command {name:?} for \"kubectl\"");
    if !close.is_empty() {
        text.push_str(&format!("\n\nDid you mean this?\n{}", close.join("\n")));
    }
    Fault::Message(text)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            let next = (above + 1)
                .min(left + 1)
                .min(diagonal + usize::from(from != *to));
            diagonal = above;
            left = next;
            *cell = next;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// `--dry-run`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DryRun {
    No,
    Client,
    Server,
}

impl DryRun {
    fn of(shell: &mut Shell<'_>, given: &Given) -> Result<DryRun, Fault> {
        match given.get("dry-run") {
            None | Some("none") => Ok(DryRun::No),
            Some("client") => Ok(DryRun::Client),
            Some("server") => Ok(DryRun::Server),
            Some("unchanged") => {
                shell.warn("--dry-run is deprecated and can be replaced with --dry-run=client.");
                Ok(DryRun::Client)
            }
            Some(other) => Err(Fault::Message(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// What is put after a line.
    fn suffix(self) -> &'static str {
        match self {
            DryRun::No => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        }
    }

    /// The query of a request.
    fn query(self) -> &'static str {
        match self {
            DryRun::Server => "dryRun=All&",
            _ => "",
        }
    }
}

/// An error where `-o` asks for a format that there is not.
fn check_output(shell: &Shell<'_>, given: &Given) -> Result<(), Fault> {
    let read = |path: &str| shell.door.read(path);
    super::print::Format::of(given, false, &read).map(|_| ())
}

/// Tells of an object: a line, or the object in the format asked for.
fn tell(
    shell: &mut Shell<'_>,
    given: &Given,
    object: &serde_json::Value,
    line: &str,
) -> Result<(), Fault> {
    use super::print::Format;
    let read = |path: &str| shell.door.read(path);
    let format = Format::of(given, false, &read)?;
    match format {
        Format::Human | Format::Wide => shell.line(line),
        format => {
            let mut object = object.clone();
            if !given.on("show-managed-fields")
                && let Some(metadata) = super::value::map_mut(&mut object, "metadata")
            {
                metadata.remove("managedFields");
            }
            let text = format.write(&object, false)?;
            shell.out.push_str(&text);
        }
    }
    Ok(())
}
