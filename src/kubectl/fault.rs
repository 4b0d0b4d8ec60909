//! Why a command failed, and how kubectl tells of it
//! (`k8s.io/kubectl/pkg/cmd/util`, `checkErr`).

use super::errors::error_text;
use crate::api::Status;

/// Why a command failed.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// Told after `error: `.
    Message(String),
    /// Told as it is.
    Plain(String),
    /// Told with where to find help on the command.
    Usage(String),
    /// The server refused, while the client was about this (or nothing).
    Server(Box<Status>, String),
    /// Several at once.
    Several(Vec<Fault>),
}

impl Fault {
    pub(super) fn message(text: impl Into<String>) -> Fault {
        Fault::Message(text.into())
    }

    /// Several as one; none where there are none.
    pub(super) fn of_all(mut faults: Vec<Fault>) -> Result<(), Fault> {
        match faults.len() {
            0 => Ok(()),
            1 => faults.pop().map_or(Ok(()), Err),
            _ => Err(Fault::Several(faults)),
        }
    }

    /// Whether the server said that it has no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Fault::Server(status, _) if status.reason.as_deref() == Some("NotFound"))
    }

    /// What the server said, or what else went wrong, without more words.
    pub(super) fn bare(&self) -> String {
        match self {
            Fault::Server(status, _) => status.message.clone().unwrap_or_default(),
            Fault::Message(text) | Fault::Plain(text) | Fault::Usage(text) => text.clone(),
            Fault::Several(faults) => {
                let texts: Vec<String> = faults.iter().map(Fault::bare).collect();
                format!("[{}]", texts.join(", "))
            }
        }
    }

    /// What is written to the user about a command.
    pub(super) fn told(&self, command: &str) -> String {
        match self {
            Fault::Message(text) => format!("error: {text}\n"),
            Fault::Plain(text) => format!("{text}\n"),
            Fault::Usage(text) => {
                format!("error: {text}\nSee '{command} -h' for help and examples\n")
            }
            Fault::Server(status, doing) => format!("{}\n", error_text(status, doing)),
            Fault::Several(faults) => faults.iter().map(|fault| fault.told_among()).collect(),
        }
    }

    /// Among others, plain errors stand alone.
    fn told_among(&self) -> String {
        match self {
            Fault::Message(text) => format!("{text}\n"),
            other => other.told(""),
        }
    }
}
