//! `tabernetes check`: what the API server says to every document, as
//! `kubectl create --dry-run=server --validate=strict` would show it.
//!
//! Each document is judged by itself: every namespace that is named exists, with
//! its default ServiceAccount, and nothing else of the user's.

use super::{Output, print, trouble};
use crate::api::{Key, Kind, Status};
use crate::apiserver::http::Answer;
use crate::apiserver::{Body, Request};
use crate::cluster::{Cluster, ClusterSpec};
use crate::manifest::{self, Document, Severity};
use crate::sim::Actor;
use crate::sim::trace::Verb;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
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

/// How kubectl divides a text: which lines begin a document, and which documents
/// hold nothing.
struct Parts {
    first_lines: Vec<u32>,
    empty: Vec<(usize, u32)>,
}

impl Parts {
    fn of(text: &str) -> Parts {
        let mut parts = Parts {
            first_lines: Vec::new(),
            empty: Vec::new(),
        };
        let mut begin = (1u32, String::new());
        let mut begun = false;
        for (number, line) in (1u32..).zip(text.lines()) {
            let separates = line
                .strip_prefix("---")
                .is_some_and(|rest| rest.trim().is_empty() || rest.trim().starts_with('#'));
            if !separates {
                begin.1.push_str(line);
                begin.1.push('\n');
                continue;
            }
            // Nothing before the first separator is no document.
            if begun || !begin.1.trim().is_empty() {
                parts.add(&begin);
            }
            begun = true;
            begin = (number + 1, String::new());
        }
        if !begin.1.trim().is_empty() {
            parts.add(&begin);
        }
        parts
    }

    fn add(&mut self, (line, text): &(u32, String)) {
        let comments = |line: &str| line.trim().is_empty() || line.trim().starts_with('#');
        if text.lines().all(comments) {
            self.empty.push((self.first_lines.len(), *line));
        }
        self.first_lines.push(*line);
    }

    /// The number of the document that a line is in.
    fn number(&self, line: u32) -> usize {
        let before = self.first_lines.iter().filter(|first| **first <= line);
        before.count().saturating_sub(1)
    }
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

/// Where kubectl names the file.
const FROM: &str = "from \"STDIN\"";

/// What the court says.
struct Ruling {
    verdict: Verdict,
    code: i32,
    status: Option<Status>,
    warnings: Vec<String>,
}

/// A cluster in which nothing runs, to ask its server.
struct Court {
    cluster: Cluster,
    furnished: BTreeSet<String>,
}

impl Court {
    fn new() -> Court {
        let spec = ClusterSpec {
            nodes: 0,
            ..ClusterSpec::default()
        };
        let mut court = Court {
            cluster: Cluster::new(spec),
            furnished: BTreeSet::new(),
        };
        for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            court.furnish(namespace);
        }
        court
    }

    /// Makes a namespace with what controllers put into it.
    fn furnish(&mut self, namespace: &str) {
        if namespace.is_empty() || !self.furnished.insert(namespace.to_owned()) {
            return;
        }
        self.create(Kind::Namespace, "", namespace);
        self.create(Kind::ServiceAccount, namespace, "default");
    }

    fn create(&mut self, kind: Kind, namespace: &str, name: &str) {
        let object = json!({ "metadata": { "name": name } });
        let request = Request::new(Actor::User, Verb::Create, kind, Key::new(namespace, ""))
            .body(Body::Json(object));
        // What is there already is as good, and a bad name is refused later on.
        let _refused = self.cluster.request(request);
    }

    fn rule(&mut self, document: &Document) -> Ruling {
        let (version, kind) = (&document.api_version, &document.kind);
        if version.is_empty() || kind.is_empty() || !document.value.is_object() {
            let missing = match (version.is_empty(), kind.is_empty()) {
                (true, true) => "[apiVersion not set, kind not set]",
                (true, false) => "apiVersion not set",
                _ => "kind not set",
            };
            let message = format!(
                "error validating data: {missing}; if you choose to ignore these errors, turn validation off with --validate=false"
            );
            return refusal(Verdict::Unparsable, message);
        }
        let Some(known) = Kind::from_api_version(version, kind) else {
            let message = format!(
                "error: resource mapping not found for name: {:?} namespace: {:?} {FROM}: no matches for kind {kind:?} in version {version:?}\nensure CRDs are installed first",
                document.name, document.namespace,
            );
            return refusal(Verdict::UnknownKind, message);
        };
        self.post(known, document)
    }

    fn post(&mut self, kind: Kind, document: &Document) -> Ruling {
        let root = match version_path(&document.api_version) {
            (true, path) => format!("/api/{path}"),
            (false, path) => format!("/apis/{path}"),
        };
        let place = match (kind.info().namespaced, document.namespace.as_str()) {
            (false, _) => String::new(),
            (true, "") => "/namespaces/default".to_owned(),
            (true, namespace) => format!("/namespaces/{namespace}"),
        };
        let path = format!(
            "{root}{place}/{}?dryRun=All&fieldManager=kubectl-create&fieldValidation=Strict",
            kind.info().plural
        );
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let body = document.value.to_string();
        let answer = self.cluster.http("POST", &path, &headers, body.as_bytes());
        let Answer::Whole(answer) = answer else {
            return refusal(Verdict::Rejected, String::new());
        };
        let warnings = answer.headers.iter().filter(|(name, _)| name == "Warning");
        let accepted = answer.status < 300;
        Ruling {
            verdict: match accepted {
                true => Verdict::Accepted,
                false => Verdict::Rejected,
            },
            code: i32::from(answer.status),
            status: match accepted {
                true => None,
                false => serde_json::from_str(&answer.body).ok(),
            },
            warnings: warnings.map(|(_, value)| warning_text(value)).collect(),
        }
    }
}

fn refusal(verdict: Verdict, message: String) -> Ruling {
    Ruling {
        verdict,
        code: 0,
        status: Some(Status {
            message: Some(message),
            ..Status::default()
        }),
        warnings: Vec::new(),
    }
}

/// Whether a version is of the core group.
fn version_path(api_version: &str) -> (bool, &str) {
    (!api_version.contains('/'), api_version)
}

/// The text in `299 - "text"`.
fn warning_text(header: &str) -> String {
    let quoted = header.split_once('"').map_or(header, |(_, rest)| rest);
    let inner = quoted.strip_suffix('"').unwrap_or(quoted);
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn each_document_is_judged_at_its_line() {
        let text = "# words\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n\
                    apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n---\n\
                    apiVersion: v9\nkind: Podd\nmetadata: {name: q}\n---\na: b: c\n";
        let judged = judge(&[("f.yaml".to_owned(), text.to_owned())]);
        let found: Vec<_> = judged
            .iter()
            .map(|one| (one.doc, one.line, one.name.as_str(), one.verdict))
            .collect();
        assert_eq!(
            found,
            [
                (0, 1, "", Verdict::Empty),
                (1, 3, "a", Verdict::Accepted),
                (2, 7, "p", Verdict::Rejected),
                (3, 12, "q", Verdict::UnknownKind),
                (4, 16, "", Verdict::Unparsable),
            ]
        );
        assert_eq!(
            judged[2].message,
            "Pod \"p\" is invalid: spec.containers: Required value"
        );
    }

    #[test]
    fn public_manifests_hear_what_a_real_server_said() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let verdicts = shared.join("golden/corpus-verdicts/verdicts.jsonl");
        let Ok(verdicts) = std::fs::read_to_string(verdicts) else {
            println!("skipped: no corpus beside the project");
            return;
        };
        let mut recorded: BTreeMap<(String, usize), Value> = BTreeMap::new();
        for line in verdicts.lines() {
            let one: Value = serde_json::from_str(line).expect("recorded JSON");
            let file = one["file"].as_str().unwrap_or_default().to_owned();
            let doc = one["doc"].as_u64().unwrap_or_default() as usize;
            recorded.insert((file, doc), one);
        }
        let names: BTreeSet<&String> = recorded.keys().map(|(file, _)| file).collect();
        let files: Vec<(String, String)> = names
            .into_iter()
            .filter_map(|file| {
                let text = std::fs::read_to_string(shared.join("corpus").join(file)).ok()?;
                Some((file.clone(), text))
            })
            .collect();
        let (mut right, mut wrong) = (0, Vec::new());
        for one in judge(&files) {
            let Some(real) = recorded.remove(&(one.file.clone(), one.doc)) else {
                wrong.push(format!("{} {}: not recorded", one.file, one.doc));
                continue;
            };
            let message = real["message"].as_str().unwrap_or_default();
            let message = message.replace(FROM, &format!("from {:?}", one.file));
            let warnings: Vec<&str> = real["warnings"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let verdict = json!(one.verdict);
            let same = real["verdict"] == verdict
                && (one.verdict == Verdict::Empty || one.message == message)
                && one.warnings == warnings;
            match same {
                true => right += 1,
                false => wrong.push(format!(
                    "{} {}: {} {message} {warnings:?} but {verdict} {} {:?}",
                    one.file, one.doc, real["verdict"], one.message, one.warnings
                )),
            }
        }
        wrong.extend(
            recorded
                .keys()
                .map(|(file, doc)| format!("{file} {doc}: not judged")),
        );
        println!(
            "{right} documents hear what they heard; {} do not",
            wrong.len()
        );
        wrong.iter().for_each(|line| println!("  {line}"));
        assert!(right > 200);
    }
}
