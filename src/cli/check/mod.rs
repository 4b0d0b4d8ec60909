//! `tabernetes check`: what the API server says to every document, as
//! `kubectl create --dry-run=server --validate=strict` would show it.
//!
//! Each document is judged by itself: every namespace that is named exists, with
//! its default ServiceAccount, and nothing else of the user's.

mod court;
mod parts;
#[cfg(test)]
mod tests;

use super::{Output, print, trouble};
use crate::manifest::{self, Document, Severity};
use court::{Court, FROM, Ruling};
use parts::Parts;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Endings of files that a folder is searched for, as kubectl does.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// What is said of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Accepted,
    /// The server refuses it.
    Rejected,
    /// It cannot be sent at all.
    Unparsable,
    /// The server does not know its kind in that version.
    UnknownKind,
    /// There is nothing in it but comments.
    Empty,
}

/// A document and what is said of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Judged {
    file: String,
    /// Number in the file, as kubectl divides it, from 0.
    doc: usize,
    line: u32,
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<i32>,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// What will have no effect in this simulation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

pub(super) fn run(paths: &[PathBuf], output: Output) -> ExitCode {
    let mut files = Vec::new();
    for path in paths {
        if let Err(error) = collect(path, &mut files) {
            return trouble(&format!("{}: {error}", path.display()));
        }
    }
    let mut texts = Vec::new();
    for file in &files {
        match std::fs::read(file) {
            Ok(bytes) => texts.push((
                file.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )),
            Err(error) => return trouble(&format!("{}: {error}", file.display())),
        }
    }
    let judged = judge(&texts);
    match output {
        Output::Text => judged.iter().for_each(|judged| print(&text(judged))),
        Output::Json => print(&format!("{:#}\n", json!(judged))),
    }
    let good = |judged: &Judged| matches!(judged.verdict, Verdict::Accepted | Verdict::Empty);
    match judged.iter().all(good) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The file itself, or what a folder and its folders hold, in order.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path)?;
    let mut entries: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        let extension = entry.extension().and_then(|it| it.to_str());
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if extension.is_some_and(|it| EXTENSIONS.contains(&it)) {
            files.push(entry);
        }
    }
    Ok(())
}

fn text(judged: &Judged) -> String {
    let place = format!("{}:{}", judged.file, judged.line);
    let what = match (judged.kind.as_str(), judged.name.as_str()) {
        ("", "") => "document".to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, name) => format!("{kind}/{name}"),
    };
    let verdict = match judged.verdict {
        Verdict::Accepted => "accepted".to_owned(),
        Verdict::Empty => "empty".to_owned(),
        Verdict::Rejected => format!("rejected: {}", judged.message),
        Verdict::Unparsable => format!("cannot be read: {}", judged.message),
        Verdict::UnknownKind => format!("unknown kind: {}", judged.message),
    };
    let mut text = format!("{place}: {what}: {verdict}\n");
    for warning in &judged.warnings {
        text.push_str(&format!("  warning: {warning}\n"));
    }
    for note in &judged.notes {
        text.push_str(&format!("  note: {note}\n"));
    }
    text
}

/// Judges every document of some files (names and texts).
fn judge(files: &[(String, String)]) -> Vec<Judged> {
    let mut judged = Vec::new();
    let mut court = Court::new();
    let read: Vec<_> = files
        .iter()
        .map(|(file, text)| (file, text, manifest::read_all(text)))
        .collect();
    // Namespaces are judged while they are not there yet.
    let every = || read.iter().flat_map(|(_, _, (documents, _))| documents);
    let mut namespaces: Vec<Ruling> = Vec::new();
    for document in every().filter(|document| document.kind == "Namespace") {
        namespaces.push(court.rule(document));
    }
    for document in every() {
        court.furnish(&document.namespace);
        if document.kind == "Namespace" {
            court.furnish(&document.name);
        }
    }
    let mut namespaces = namespaces.into_iter();
    for (file, text, (documents, diagnostics)) in &read {
        let parts = Parts::of(text);
        let notes = manifest::check(text);
        let mut found: Vec<Judged> = parts.empty.iter().map(|part| empty(file, *part)).collect();
        for diagnostic in diagnostics {
            if diagnostic.severity == Severity::Error {
                found.push(unparsable(file, &parts, diagnostic));
            }
        }
        for document in documents {
            let ruling = match document.kind.as_str() {
                "Namespace" => namespaces.next().unwrap_or_else(|| court.rule(document)),
                _ => court.rule(document),
            };
            let mut one = ruled(file, &parts, document, ruling);
            let said = notes.iter().filter(|note| {
                note.severity != Severity::Error
                    && (document.line..=document.end_line).contains(&note.line)
            });
            one.notes = said.map(|note| note.message.clone()).collect();
            found.push(one);
        }
        found.sort_by_key(|judged| (judged.doc, judged.line));
        judged.extend(found);
    }
    judged
}

fn blank(file: &str, doc: usize, line: u32, verdict: Verdict) -> Judged {
    Judged {
        file: file.to_owned(),
        doc,
        line,
        api_version: String::new(),
        kind: String::new(),
        name: String::new(),
        namespace: String::new(),
        verdict,
        status: None,
        reason: String::new(),
        message: String::new(),
        causes: Vec::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
    }
}

fn empty(file: &str, (doc, line): (usize, u32)) -> Judged {
    Judged {
        message: "error: no objects passed to create".to_owned(),
        ..blank(file, doc, line, Verdict::Empty)
    }
}

fn unparsable(file: &str, parts: &Parts, diagnostic: &manifest::Diagnostic) -> Judged {
    let doc = parts.number(diagnostic.line);
    Judged {
        message: diagnostic.message.clone(),
        ..blank(file, doc, diagnostic.line, Verdict::Unparsable)
    }
}

fn ruled(file: &str, parts: &Parts, document: &Document, ruling: Ruling) -> Judged {
    let generated = document.value.pointer("/metadata/generateName");
    let name = match (document.name.as_str(), generated.and_then(Value::as_str)) {
        ("", Some(prefix)) => format!("{prefix}*"),
        (name, _) => name.to_owned(),
    };
    let status = ruling.status.unwrap_or_default();
    let causes = status
        .details
        .and_then(|details| details.causes)
        .unwrap_or_default();
    Judged {
        api_version: document.api_version.clone(),
        kind: document.kind.clone(),
        name,
        namespace: document.namespace.clone(),
        status: Some(ruling.code).filter(|code| *code != 0),
        reason: status.reason.unwrap_or_default(),
        message: match status.message {
            Some(message) => message.replace(FROM, &format!("from {file:?}")),
            None => String::new(),
        },
        causes: causes.iter().map(|cause| json!(cause)).collect(),
        warnings: ruling.warnings,
        ..blank(
            file,
            parts.number(document.line),
            document.line,
            ruling.verdict,
        )
    }
}
