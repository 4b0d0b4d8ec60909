//! Running programs, and saying plainly what happened.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Why a chore stopped, in words for the person at the terminal.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with what went wrong and what to do about it.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A failure that has already been reported on the terminal: only the exit status is left.
    pub fn already_told() -> Self {
        Self(String::new())
    }

    /// Whether everything has been said already.
    pub fn is_silent(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The result of a chore.
pub type Result<T> = std::result::Result<T, Failure>;

/// Begins a step: what is done, and how long it may take on two cores.
pub fn say(step: &str, how_long: &str) {
    if how_long.is_empty() {
        println!("==> {step}");
    } else {
        println!("==> {step} ({how_long})");
    }
}

/// A line below a step.
pub fn note(text: &str) {
    println!("    {text}");
}

/// Minutes and seconds, as a person reads them.
pub fn duration_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// The command as a person would type it.
pub fn command_line(command: &Command) -> String {
    let mut line = file_name(command.get_program().as_ref());
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Runs a command with its output on the terminal.
///
/// # Errors
/// When it cannot be started or does not end with success.
pub fn run(command: &mut Command) -> Result<()> {
    let line = command_line(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| cannot_start(&line, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("`{line}` ended with {status}")))
    }
}

/// Runs a command and returns what it wrote to its standard output; its errors are not shown.
///
/// # Errors
/// When it cannot be started or does not end with success: the message holds its error output.
pub fn capture(command: &mut Command) -> Result<String> {
    let line = command_line(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(&line, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!(
        "`{line}` ended with {}\n{}",
        output.status,
        errors.trim()
    )))
}

/// How a command ended whose output was watched.
pub struct Watched {
    /// Whether it ended with success.
    pub success: bool,
}

/// Runs a command, shows its standard output as it comes and gives each line to `each_line`.
///
/// # Errors
/// When it cannot be started. A command that ends badly is not an error here.
pub fn watch(command: &mut Command, mut each_line: impl FnMut(&str)) -> Result<Watched> {
    let line = command_line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(&line, &error))?;
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        // Bytes, not lines of text: a test may print what is not UTF-8.
        while reader.read_until(b'\n', &mut bytes).unwrap_or(0) > 0 {
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_end_matches(['\n', '\r']);
            println!("{text}");
            each_line(text);
            bytes.clear();
        }
    }
    let status = child
        .wait()
        .map_err(|error| Failure::new(format!("cannot wait for `{line}`: {error}")))?;
    Ok(Watched {
        success: status.success(),
    })
}

/// The first of the programs that `PATH` holds.
pub fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| {
        let candidates = folders.iter().map(|folder| folder.join(name));
        candidates.into_iter().find(|file| file.is_file())
    })
}

fn cannot_start(line: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot start `{line}`: {error}"))
}
