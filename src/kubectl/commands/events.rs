//! `kubectl events`.

use super::super::fault::Fault;
use super::super::find::encode;
use super::super::flags::Given;
use super::super::print::tabs::{TABLE, align};
use super::super::print::{Format, OUTPUT_FLAGS};
use super::super::shell::Shell;
use super::super::value::{items, map_mut, number, text};
use crate::api::age::human_duration;
use serde_json::{Value, json};

const FLAGS: &str = " all-namespaces/A watch/w for:s types:l no-headers chunk-size:i";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl events", &format!("{OUTPUT_FLAGS}{FLAGS}"), args)?;
    shell.enter(&given);
    let types = given.all("types").to_vec();
    let known = |of_type: &String| {
        of_type.eq_ignore_ascii_case("Normal") || of_type.eq_ignore_ascii_case("Warning")
    };
    if !types.iter().all(known) {
        return Err(Fault::message("valid --types are Normal or Warning"));
    }
    let read = |path: &str| shell.door.read(path);
    let format = Format::of(&given, false, &read)?;
    let mut query = String::from("limit=500");
    if let Some(about) = given.get("for") {
        let Some((named, name)) = about.split_once('/') else {
            return Err(Fault::message("--for must be in resource/name form"));
        };
        let resource = shell
            .resource(named)
            .map_err(|fault| Fault::Plain(fault.bare()))?;
        let selector = format!(
            "involvedObject.apiVersion={},involvedObject.kind={},involvedObject.name={name}",
            resource.api_version(),
            resource.kind
        );
        query = format!("fieldSelector={}&{query}", encode(&selector));
    }
    let namespace = match given.on("all-namespaces") {
        true => String::new(),
        false => format!("/namespaces/{}", shell.namespace),
    };
    let list = shell.get(&format!("/api/v1{namespace}/events?{query}"))?;
    let mut events: Vec<Value> = items(&list, "/items").to_vec();
    events.retain(|event| {
        let found = text(event, "/type");
        types.is_empty() || types.iter().any(|it| it.eq_ignore_ascii_case(found))
    });
    if events.is_empty() {
        match given.on("all-namespaces") {
            true => shell.warn("No events found."),
            false => shell.warn(format!(
                "No events found in {} namespace.",
                shell.namespace.clone()
            )),
        }
        return Ok(());
    }
    events.sort_by(|a, b| last(a).cmp(last(b)));
    match format {
        Format::Human | Format::Wide => table(shell, &given, &events),
        format => {
            for event in &mut events {
                event["apiVersion"] = "v1".into();
                event["kind"] = "Event".into();
                if let Some(metadata) = map_mut(event, "metadata") {
                    metadata.remove("managedFields");
                }
            }
            let list =
                json!({"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": events});
            let text = match format {
                Format::Name => String::new(),
                format => format.write(&list, false)?,
            };
            shell.out.push_str(&text);
        }
    }
    Ok(())
}

/// When an event last happened.
fn last(event: &Value) -> &str {
    let pointers = [
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/eventTime",
        "/metadata/creationTimestamp",
    ];
    let mut times = pointers.iter().map(|pointer| text(event, pointer));
    times.find(|time| !time.is_empty()).unwrap_or_default()
}

fn seconds_since(shell: &Shell<'_>, time: &str) -> String {
    let Ok(time) = time.parse::<jiff::Timestamp>() else {
        return "<unknown>".to_owned();
    };
    let nanos = shell.now().timestamp_micro().as_nanosecond() - time.as_nanosecond();
    human_duration(i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX))
}

fn table(shell: &mut Shell<'_>, given: &Given, events: &[Value]) {
    let all = given.on("all-namespaces");
    let mut lines = Vec::new();
    if !given.on("no-headers") {
        let namespace = if all { "NAMESPACE\t" } else { "" };
        lines.push(format!(
            "{namespace}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE"
        ));
    }
    for event in events {
        let mut seen = seconds_since(shell, last(event));
        let count = match event.get("series") {
            Some(series) if series.is_object() => number(series, "/count"),
            _ => number(event, "/count"),
        };
        if count > 1 {
            let first = match text(event, "/firstTimestamp") {
                "" => text(event, "/eventTime"),
                first => first,
            };
            seen = format!("{seen} (x{count} over {})", seconds_since(shell, first));
        }
        let namespace = match all {
            true => format!("{}\t", text(event, "/metadata/namespace")),
            false => String::new(),
        };
        lines.push(format!(
            "{namespace}{seen}\t{}\t{}\t{}/{}\t{}",
            text(event, "/type"),
            text(event, "/reason"),
            text(event, "/involvedObject/kind"),
            text(event, "/involvedObject/name"),
            text(event, "/message").trim().replace('\n', "\\n"),
        ));
    }
    let text = align(&lines.join("\n"), TABLE);
    shell.line(text);
}
