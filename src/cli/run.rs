//! `tabernetes run`: manifests or a scenario, headless, in virtual time.

use super::{EXIT_TROUBLE, Output, Run, print, trouble};
use crate::api::Kind;
use crate::apiserver::http::Answer;
use crate::cluster::Cluster;
use crate::kubectl;
use crate::manifest;
use crate::session::Session;
use crate::session::scenario::Scenario;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What the final state shows, in this order.
const SHOWN: [Kind; 9] = [
    Kind::Node,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Job,
    Kind::CronJob,
    Kind::Service,
    Kind::Pod,
];
/// Namespaces that are the cluster's own.
const SYSTEM: &str = "kube-";

pub(super) fn run(arguments: &Run) -> ExitCode {
    let mut texts = Vec::new();
    for file in &arguments.files {
        match std::fs::read_to_string(file) {
            Ok(text) => texts.push((file.display().to_string(), text)),
            Err(error) => return trouble(&format!("{}: {error}", file.display())),
        }
    }
    match texts.as_slice() {
        [(name, text)] if is_scenario(text) => play(name, text, arguments.output),
        _ if texts.iter().any(|(_, text)| is_scenario(text)) => {
            trouble("a scenario is run by itself")
        }
        _ => apply(&texts, arguments),
    }
}

fn is_scenario(text: &str) -> bool {
    let value: Result<Value, _> = serde_yaml::from_str(text);
    value.is_ok_and(|value| value.get("steps").is_some() && value.get("kind").is_none())
}

/// Plays a scenario: what its steps expect decides.
fn play(name: &str, text: &str, output: Output) -> ExitCode {
    if let Err(why) = Scenario::read(text) {
        return trouble(&format!("{name}: {why}"));
    }
    let mut session = Session::new(Default::default());
    // A text without a line break would be taken for a name.
    let outcome = session.play_scenario(&format!("{text}\n"), |_| {});
    let failure = outcome.err();
    let mut cluster = session.cluster().clone();
    show(&mut cluster, output, failure.as_deref());
    match failure {
        None => ExitCode::SUCCESS,
        Some(why) => {
            eprintln!("error: {name}: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Applies manifests and lets time go on.
fn apply(texts: &[(String, String)], arguments: &Run) -> ExitCode {
    let mut cluster = Cluster::settled(arguments.cluster.spec());
    let mut failures = Vec::new();
    for (name, text) in texts {
        let documents = match manifest::read(text) {
            Ok(documents) => documents,
            Err(found) => {
                let told = found
                    .iter()
                    .map(|it| format!("{name}:{}: {}", it.line, it.message));
                told.for_each(|line| eprintln!("{line}"));
                return ExitCode::from(EXIT_TROUBLE);
            }
        };
        for document in documents {
            let call = &mut |request| cluster.request(request);
            match kubectl::apply(call, &document.value, "default") {
                Ok(applied) => applied
                    .warnings
                    .iter()
                    .for_each(|warning| eprintln!("Warning: {warning}")),
                Err(error) => {
                    let told = kubectl::error_text(&error, "");
                    failures.push(format!("{name}:{}: {told}", document.line));
                }
            }
        }
    }
    let until = cluster.now() + arguments.span;
    cluster.advance(until, u32::MAX);
    let failure = Some(failures.join("\n")).filter(|text| !text.is_empty());
    show(&mut cluster, arguments.output, failure.as_deref());
    match failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn show(cluster: &mut Cluster, output: Output, failure: Option<&str>) {
    match output {
        Output::Text => SHOWN.iter().for_each(|kind| print(&table(cluster, *kind))),
        Output::Json => print(&format!("{:#}\n", state(cluster, failure))),
    }
}

/// Every object that is not the cluster's own, and every node.
fn state(cluster: &Cluster, failure: Option<&str>) -> Value {
    let (mut objects, mut events) = (Vec::new(), Vec::new());
    for kind in Kind::ALL.iter().copied() {
        for (key, entry) in cluster.api().etcd().range(kind, None) {
            let own = key.namespace.starts_with(SYSTEM);
            match kind {
                _ if own => {}
                Kind::Event => events.push(entry.object.to_json()),
                kind if kind.info().namespaced || kind == Kind::Node => {
                    objects.push(entry.object.to_json());
                }
                _ => {}
            }
        }
    }
    json!({
        "now": cluster.now().timestamp_micro().to_string(),
        "seconds": cluster.now().as_secs_f64(),
        "failure": failure,
        "objects": objects,
        "events": events,
    })
}

/// A kind as `kubectl get -A -o wide` shows it, without the cluster's own objects;
/// nothing where there are none.
fn table(cluster: &mut Cluster, kind: Kind) -> String {
    let info = kind.info();
    let root = match info.group {
        "" => format!("/api/{}", info.version),
        group => format!("/apis/{group}/{}", info.version),
    };
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let headers = [("Accept".to_owned(), accept.to_owned())];
    let path = format!("{root}/{}", info.plural);
    let Answer::Whole(answer) = cluster.http("GET", &path, &headers, b"") else {
        return String::new();
    };
    let table: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut lines: Vec<Vec<String>> = Vec::new();
    let columns = list(&table["columnDefinitions"]);
    let meta = |row: &Value, field: &str| {
        let object = row.get("object").unwrap_or(row);
        object["metadata"][field]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let rows = match columns.is_empty() {
        true => list(&table["items"]),
        false => list(&table["rows"]),
    };
    for row in &rows {
        let namespace = meta(row, "namespace");
        if namespace.starts_with(SYSTEM) {
            continue;
        }
        let mut line = Vec::new();
        if info.namespaced {
            line.push(namespace);
        }
        match columns.is_empty() {
            true => line.push(meta(row, "name")),
            false => line.extend(list(&row["cells"]).iter().map(text)),
        }
        lines.push(line);
    }
    if lines.is_empty() {
        return String::new();
    }
    let mut head = Vec::new();
    if info.namespaced {
        head.push("NAMESPACE".to_owned());
    }
    match columns.is_empty() {
        true => head.push("NAME".to_owned()),
        false => head.extend(
            columns
                .iter()
                .map(|column| text(&column["name"]).to_uppercase()),
        ),
    }
    lines.insert(0, head);
    format!("{}:\n{}\n", info.kind, aligned(&lines))
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0) + 3
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let padded: String = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}
