//! `kubectl label` and `kubectl annotate`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Found, Need};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::{Patch, Shell};
use super::super::value::entries;
use super::{DryRun, tell};
use crate::api::label_syntax;
use serde_json::{Map, Value, json};

const FLAGS: &str = " all-namespaces/A overwrite list local resource-version:s dry-run:?unchanged \
    field-manager:s";

/// What the two differ in.
struct Words {
    command: &'static str,
    /// Field of metadata.
    field: &'static str,
    singular: &'static str,
    done: &'static str,
}

const LABEL: Words = Words {
    command: "kubectl label",
    field: "labels",
    singular: "label",
    done: "labeled",
};
const ANNOTATE: Words = Words {
    command: "kubectl annotate",
    field: "annotations",
    singular: "annotation",
    done: "annotated",
};

pub(super) fn label(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    run(shell, args, &LABEL)
}

pub(super) fn annotate(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    run(shell, args, &ANNOTATE)
}

/// Changes: new values, or none for what is removed.
type Changes = Vec<(String, Option<String>)>;

fn is_change(argument: &str) -> bool {
    argument.contains('=') || argument.ends_with('-')
}

fn run(shell: &mut Shell<'_>, args: &[String], words: &Words) -> Result<(), Fault> {
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read(words.command, &spec, args)?;
    shell.enter(&given);
    let split = given.args.iter().position(|argument| is_change(argument));
    let split = split.unwrap_or(given.args.len());
    let (names, changes) = given.args.split_at(split);
    if names.is_empty() && given.all("filename").is_empty() {
        return Err(Fault::message(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    let changes = read_changes(changes, words)?;
    if changes.is_empty() && !given.on("list") {
        return Err(Fault::Message(format!(
            "at least one {} update is required",
            words.singular
        )));
    }
    let dry_run = DryRun::of(shell, &given)?;
    let wanted = find::wanted(shell, &given, names, Need::Names)?;
    let (found, mut faults) = find::find(shell, &given, &wanted);
    for object in found {
        let outcome = match given.on("list") {
            true => {
                list(shell, &object, words);
                Ok(())
            }
            false => change(shell, &given, &object, &changes, words, dry_run),
        };
        faults.extend(outcome.err());
    }
    Fault::of_all(faults)
}

fn read_changes(arguments: &[String], words: &Words) -> Result<Changes, Fault> {
    let mut changes: Changes = Vec::new();
    for argument in arguments {
        let change = match argument.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => match argument.strip_suffix('-') {
                Some(key) => (key.to_owned(), None),
                None => {
                    return Err(Fault::Message(format!(
                        "all resources must be specified before {} changes: {argument}",
                        words.singular
                    )));
                }
            },
        };
        let twice = changes
            .iter()
            .any(|(key, value)| *key == change.0 && value.is_some() != change.1.is_some());
        if twice {
            return Err(Fault::message(match words.singular {
                "label" => "can not both modify and remove a label in the same command",
                _ => {
                    "can not both modify and remove the following annotation(s) in the same command"
                }
            }));
        }
        changes.push(change);
    }
    Ok(changes)
}

fn list(shell: &mut Shell<'_>, object: &Found, words: &Words) {
    let pointer = format!("/metadata/{}", words.field);
    for (key, value) in entries(&object.object, &pointer) {
        shell.line(format!("{key}={}", value.as_str().unwrap_or_default()));
    }
}

fn change(
    shell: &mut Shell<'_>,
    given: &Given,
    object: &Found,
    changes: &Changes,
    words: &Words,
    dry_run: DryRun,
) -> Result<(), Fault> {
    let current = |key: &str| {
        let values = &object.object["metadata"][words.field];
        values.get(key).and_then(Value::as_str)
    };
    let mut patch = Map::new();
    for (key, value) in changes {
        if let Some(value) = value {
            if words.field == "labels"
                && let Err(why) = label_syntax::check_value(value)
            {
                return Err(Fault::Message(format!(
                    "invalid label value: {value:?}: {why}"
                )));
            }
            if let Some(present) = current(key)
                && present != value
                && !given.on("overwrite")
            {
                return Err(Fault::Message(match words.singular {
                    "label" => {
                        format!("'{key}' already has a value ({present}), and --overwrite is false")
                    }
                    _ => format!(
                        "--overwrite is false but found the following declared annotation(s): '{key}' already has a value ({present})"
                    ),
                }));
            }
        } else if current(key).is_none() && words.singular == "label" {
            shell.line(format!("label {key:?} not found."));
        }
        patch.insert(
            key.clone(),
            value.clone().map_or(Value::Null, Value::String),
        );
    }
    let changed = patch
        .iter()
        .any(|(key, value)| current(key) != value.as_str());
    let removed = changes.iter().all(|(_, value)| value.is_none());
    let done = match (words.singular, changed, removed) {
        ("label", false, false) => "not labeled",
        ("label", _, true) => "unlabeled",
        _ => words.done,
    };
    let line = format!("{} {done}{}", object.line(), dry_run.suffix());
    let mut shown = object.object.clone();
    if dry_run != DryRun::Client && (changed || words.singular != "label") {
        let mut body = json!({"metadata": {words.field: patch}});
        if let Some(version) = given.get("resource-version") {
            body["metadata"]["resourceVersion"] = version.into();
        }
        let path = format!("{}?{}", object.path(), dry_run.query());
        shown = shell.patch(path.trim_end_matches(['?', '&']), Patch::Merge, &body)?;
    }
    tell(shell, given, &shown, &line)
}
