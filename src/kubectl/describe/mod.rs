//! Objects in words (`k8s.io/kubectl/pkg/describe`): one file a family of kinds;
//! every other kind field by field.

mod containers;
mod generic;
mod node;
mod pod;
mod service;
mod volumes;
mod workload;

use super::fault::Fault;
use super::find::{Found, encode};
use super::print::tabs::{DESCRIPTION, align};
use super::shell::Shell;
use super::value::{entries, items, number, text};
use crate::api::age::human_duration;
use serde_json::Value;

/// Lines with levels; two spaces a level, tabs between columns.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, level: usize, line: impl AsRef<str>) {
        self.0.extend(std::iter::repeat_n("  ", level));
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    /// `Key:`, its values below each other.
    fn multi(&mut self, level: usize, key: &str, values: &[String]) {
        match values.split_first() {
            None => self.put(level, format!("{key}:\t<none>")),
            Some((first, rest)) => {
                self.put(level, format!("{key}:\t{first}"));
                rest.iter()
                    .for_each(|value| self.put(level, format!("\t{value}")));
            }
        }
    }

    /// A map as `key<separator>value`.
    fn map(&mut self, level: usize, key: &str, object: &Value, pointer: &str, separator: &str) {
        let pairs: Vec<String> = entries(object, pointer)
            .into_iter()
            .map(|(key, value)| format!("{key}{separator}{}", value.as_str().unwrap_or_default()))
            .collect();
        self.multi(level, key, &pairs);
    }

    /// Annotations, without what apply remembers; long ones on a line of their own.
    fn annotations(&mut self, object: &Value) {
        const HIDDEN: &str = "kubectl.kubernetes.io/last-applied-configuration";
        const LINE_MAX: usize = 140;
        let mut shown = Vec::new();
        for (key, value) in entries(object, "/metadata/annotations") {
            let value = value.as_str().unwrap_or_default().trim_end_matches('\n');
            if key == HIDDEN {
                continue;
            }
            match value.len() + key.len() + 2 > LINE_MAX || value.contains('\n') {
                false => shown.push(format!("{key}: {value}")),
                true => {
                    shown.push(format!("{key}:"));
                    shown.extend(value.split('\n').map(|line| {
                        let cut: String = line.chars().take(LINE_MAX).collect();
                        let more = if cut.len() < line.len() { "..." } else { "" };
                        format!("  {cut}{more}")
                    }));
                }
            }
        }
        self.multi(0, "Annotations", &shown);
    }
}

/// A time as Go's RFC 1123 writes it.
fn time(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        Err(_) => "<unset>".to_owned(),
    }
}

fn or(text: &str, default: &str) -> String {
    match text {
        "" => default.to_owned(),
        text => text.to_owned(),
    }
}

/// How long ago a time was.
fn age(shell: &Shell<'_>, time: &str) -> String {
    let Ok(time) = time.parse::<jiff::Timestamp>() else {
        return "<unknown>".to_owned();
    };
    let nanos = shell.now().timestamp_micro().as_nanosecond() - time.as_nanosecond();
    human_duration(i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX))
}

/// An object in words.
pub(super) fn describe(
    shell: &mut Shell<'_>,
    object: &Found,
    with_events: bool,
) -> Result<String, Fault> {
    let mut lines = Lines::default();
    let value = &object.object;
    let has_events = match object.resource.kind.as_str() {
        "Pod" => pod::pod(&mut lines, value),
        "Node" => node::node(shell, &mut lines, value)?,
        "Service" => service::service(shell, &mut lines, value)?,
        "Deployment" => workload::deployment(shell, &mut lines, value)?,
        "ReplicaSet" | "ReplicationController" => workload::replica_set(shell, &mut lines, value)?,
        "DaemonSet" => workload::daemon_set(shell, &mut lines, value)?,
        "StatefulSet" => workload::stateful_set(shell, &mut lines, value)?,
        "ConfigMap" => generic::config_map(&mut lines, value),
        "Secret" => generic::secret(&mut lines, value),
        "Namespace" => generic::namespace(&mut lines, value),
        _ => generic::any(&mut lines, value),
    };
    if has_events && with_events {
        events(shell, &mut lines, object)?;
    }
    Ok(align(&lines.0, DESCRIPTION))
}

fn events(shell: &mut Shell<'_>, lines: &mut Lines, object: &Found) -> Result<(), Fault> {
    let selector = format!(
        "involvedObject.name={},involvedObject.namespace={},involvedObject.kind={},involvedObject.uid={}",
        object.name(),
        object.namespace(),
        object.resource.kind,
        match object.resource.kind.as_str() {
            "Node" => object.name(),
            _ => text(&object.object, "/metadata/uid"),
        }
    );
    let namespace = match object.namespace() {
        "" => "/events".to_owned(),
        namespace => format!("/namespaces/{namespace}/events"),
    };
    let path = format!(
        "/api/v1{namespace}?fieldSelector={}&limit=500",
        encode(&selector)
    );
    let list = shell.get(&path)?;
    let mut found: Vec<&Value> = items(&list, "/items").iter().collect();
    if found.is_empty() {
        lines.put(0, "Events:\t<none>");
        return Ok(());
    }
    let last = |event: &Value| {
        let pointers = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"];
        let mut times = pointers
            .iter()
            .map(|pointer| text(event, pointer).to_owned());
        times.find(|time| !time.is_empty()).unwrap_or_default()
    };
    found.sort_by_key(|event| last(event));
    lines.put(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage");
    lines.put(1, "----\t------\t----\t----\t-------");
    for event in found {
        let count = number(event, "/count").max(number(event, "/series/count"));
        let first = or(text(event, "/firstTimestamp"), text(event, "/eventTime"));
        let seen = match count {
            ..=1 => age(shell, &first),
            count => format!(
                "{} (x{count} over {})",
                age(shell, &last(event)),
                age(shell, &first)
            ),
        };
        let from = or(
            text(event, "/source/component"),
            text(event, "/reportingComponent"),
        );
        lines.put(
            1,
            format!(
                "{}\t{}\t{seen}\t{from}\t{}",
                text(event, "/type"),
                text(event, "/reason"),
                text(event, "/message").trim(),
            ),
        );
    }
    Ok(())
}
