//! Group `http`: raw exchanges, one file a topic, each a sequence.

use super::json::{Comparison, Extent};
use super::placeholders::Bindings;
use super::world::{ADMIN_TOKEN, World, json_of};
use super::{Group, entries, file_name, read_text, wait};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tabernetes::apiserver::http::{Answer, HttpResponse};

/// A stream looks at its watch so often.
const POLL: Duration = Duration::from_millis(100);

/// Replays every file of the folder.
pub fn play(folder: &Path) -> Group {
    let mut group = Group::default();
    for path in entries(folder) {
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            let name = file_name(&path);
            let part = name.trim_end_matches(".jsonl");
            play_file(&read_text(&path), part, &mut group);
        }
    }
    group
}

fn play_file(text: &str, part: &str, group: &mut Group) {
    let mut replay = Replay {
        world: World::new(),
        bindings: Bindings::default(),
        with_managed_fields: part.contains("apply"),
    };
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut exchange: Value = serde_json::from_str(line).unwrap_or_default();
        keep_body(line, &mut exchange);
        let id = exchange["id"].as_str().unwrap_or_default().to_owned();
        let difference = replay.exchange(&exchange);
        let about = exchange["about"].as_str().unwrap_or_default();
        group.add(part, id, difference.map(|text| format!("{about}: {text}")));
    }
}

/// Bodies are sent as they are written: the order of their fields shows in answers.
fn keep_body(line: &str, exchange: &mut Value) {
    let request = &mut exchange["request"];
    if !request["body"].is_object() {
        return;
    }
    let Some(rest) = line
        .split_once("\"request\": ")
        .and_then(|(_, request)| request.split_once("\"body\": "))
        .map(|(_, rest)| rest)
    else {
        return;
    };
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    let read = values.next().and_then(Result::ok);
    if read.as_ref() == Some(&request["body"]) {
        let text = rest.get(..values.byte_offset()).unwrap_or_default();
        request["text"] = text.into();
    }
}

struct Replay {
    world: World,
    bindings: Bindings,
    with_managed_fields: bool,
}

/// What came of a request.
enum Came {
    Answer(HttpResponse),
    Lines(Vec<Value>),
}

impl Replay {
    fn exchange(&mut self, exchange: &Value) -> Option<String> {
        let waited = exchange["waited"].as_str();
        self.world.advance(wait::span(waited));
        let expected = &exchange["response"];
        let noise = waited.and_then(noise);
        let came = self.send(&exchange["request"], noise);
        let unstable = exchange["unstable"].as_str().unwrap_or_default();
        match came {
            Came::Answer(answer) => self.judge(exchange, expected, &answer, unstable),
            Came::Lines(lines) => self.judge_lines(expected, lines, unstable),
        }
    }

    fn send(&mut self, request: &Value, noise: Option<Noise>) -> Came {
        let method = request["method"].as_str().unwrap_or_default();
        let path = self.filled(request["path"].as_str().unwrap_or_default());
        let headers: Vec<(String, String)> = request["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let text = self.filled(value.as_str().unwrap_or_default());
                (name.clone(), text)
            })
            .collect();
        self.learn_mount(method, &path, &request["body"]);
        let body = match &request["body"] {
            Value::Null => String::new(),
            Value::String(text) => self.filled(text),
            _ if request["text"].is_string() => {
                self.filled(request["text"].as_str().unwrap_or_default())
            }
            other => self.filled(&other.to_string()),
        };
        let mut headers = headers;
        if !headers.iter().any(|(name, _)| name == "Authorization") {
            headers.push(("Authorization".to_owned(), format!("Bearer {ADMIN_TOKEN}")));
        }
        // Recorded as null: sent without.
        headers.retain(|(name, value)| name != "Authorization" || !value.is_empty());
        match self.world.open(method, &path, &headers, body.as_bytes()) {
            Answer::Whole(answer) => Came::Answer(answer),
            Answer::Connect(_) => Came::Answer(super::world::nobody()),
            Answer::Stream(mut stream) => {
                let mut lines = Vec::new();
                let mut changes = 0;
                loop {
                    let more = self.world.cluster.poll(&mut stream);
                    lines.extend(
                        more.iter()
                            .map(|line| serde_json::from_str(line).unwrap_or_default()),
                    );
                    if stream.is_over() {
                        break;
                    }
                    self.world.advance(POLL);
                    changes += 1;
                    if let (Some(noise), 0) = (&noise, changes % 10) {
                        let body = json!({"data": {"n": changes.to_string()}});
                        self.world.call("PATCH", &noise.path(&path), &body);
                    }
                }
                self.world.cluster.close(stream);
                Came::Lines(lines)
            }
        }
    }

    /// A pod that is written back mounts the volume that it was given.
    fn learn_mount(&mut self, method: &str, path: &str, body: &Value) {
        let text = body.to_string();
        if method != "PUT" || !text.contains("{{rand}}") {
            return;
        }
        let object = path.split(['?']).next().unwrap_or_default();
        let object = object.trim_end_matches("/status");
        let present = self.world.call("GET", object, &Value::Null).1.to_string();
        let suffix = present.split("kube-api-access-").nth(1);
        if let Some(suffix) = suffix.and_then(|rest| rest.get(..5)) {
            self.bindings.set_last("{{rand}}", suffix);
        }
    }

    /// Requests name what answers said.
    fn filled(&mut self, text: &str) -> String {
        if text.contains("{{token") {
            let token = self.bindings.get("{{token}}").map(str::to_owned);
            let token = token.unwrap_or_else(|| self.token());
            self.bindings.set("{{token}}", &token);
            let at = text.find("{{token of");
            if let Some(at) = at
                && let Some(end) = text[at..].find("}}")
            {
                return format!("{}{token}{}", &text[..at], &text[at + end + 2..]);
            }
        }
        self.bindings.filled(text)
    }

    /// A token of the account `default` of the namespace made first.
    fn token(&mut self) -> String {
        let namespaces = self.world.call("GET", "/api/v1/namespaces", &Value::Null).1;
        let names = namespaces["items"].as_array().into_iter().flatten();
        let mut names = names.filter_map(|item| item.pointer("/metadata/name")?.as_str());
        let Some(name) = names.find(|name| name.starts_with("h-")) else {
            return String::new();
        };
        let path = format!("/api/v1/namespaces/{name}/serviceaccounts/default/token");
        let body =
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let (_, answer) = self.world.call("POST", &path, &body);
        let token = answer.pointer("/status/token").and_then(Value::as_str);
        token.unwrap_or_default().to_owned()
    }

    fn judge(
        &mut self,
        exchange: &Value,
        expected: &Value,
        answer: &HttpResponse,
        unstable: &str,
    ) -> Option<String> {
        let status = expected["status"].as_u64().unwrap_or_default();
        if status != u64::from(answer.status) {
            let body: String = answer.body.chars().take(600).collect();
            return Some(format!("status: {status} but {} {body}", answer.status));
        }
        let differs = self.judge_headers(&expected["headers"], answer);
        if differs.is_some() {
            return differs;
        }
        if expected["stream"].as_bool() == Some(true) {
            let lines = answer.body.lines();
            let lines = lines.map(|line| serde_json::from_str(line).unwrap_or_default());
            return self.judge_lines(expected, lines.collect(), unstable);
        }
        let mut wanted = expected["body"].clone();
        let mut found = json_of(answer);
        if wanted.is_null() && answer.body.is_empty() {
            return None;
        }
        if unstable.contains("order") {
            in_order(&mut wanted);
            in_order(&mut found);
        }
        if unstable.contains("varies from call to call") {
            return None;
        }
        let extent = match expected["trimmed"].as_bool() {
            Some(true) => Extent::Part,
            _ => Extent::Whole,
        };
        let about = exchange["about"].as_str().unwrap_or_default();
        Comparison {
            bindings: &mut self.bindings,
            extent,
            managed_fields: self.with_managed_fields || about.contains("managedFields"),
            unstable: skipped(unstable),
        }
        .difference(&wanted, &found)
    }

    fn judge_headers(&mut self, expected: &Value, answer: &HttpResponse) -> Option<String> {
        // The router's redirects have no body, and so no type.
        let bare = answer.body.is_empty() && expected["Content-Type"].is_null();
        for name in [
            "Content-Type",
            "Warning",
            "Retry-After",
            "Location",
            "Allow",
        ] {
            let found: Vec<&str> = answer
                .headers
                .iter()
                .filter(|(found, _)| found == name)
                .map(|(_, value)| value.as_str())
                .collect();
            let wanted: Vec<&str> = match &expected[name] {
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                Value::String(one) => vec![one.as_str()],
                _ => Vec::new(),
            };
            let same = wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(&found)
                    .all(|(wanted, found)| self.bindings.matches(wanted, found));
            let told_otherwise = bare && name == "Content-Type";
            if !same && !told_otherwise {
                let body: String = answer.body.chars().take(200).collect();
                return Some(format!("{name}: {wanted:?} but {found:?} ({body})"));
            }
        }
        None
    }

    fn judge_lines(
        &mut self,
        expected: &Value,
        lines: Vec<Value>,
        unstable: &str,
    ) -> Option<String> {
        let status = expected["status"].as_u64().unwrap_or_default();
        if status != 200 {
            return Some(format!("status: {status} but a stream of {lines:?}"));
        }
        let wanted = match &expected["body"] {
            Value::Array(lines) => lines.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        if unstable.contains("one or two") && !lines.is_empty() && lines.len() <= 2 {
            return None;
        }
        if wanted.len() != lines.len() {
            return Some(format!(
                "{} lines but {}: {wanted:?} but {lines:?}",
                wanted.len(),
                lines.len()
            ));
        }
        wanted
            .iter()
            .zip(&lines)
            .enumerate()
            .find_map(|(index, (wanted, found))| {
                let bookmark = wanted["type"] == "BOOKMARK";
                let version = "/object/metadata/resourceVersion";
                let mut found = found.clone();
                let mut wanted = wanted.clone();
                if bookmark {
                    // The version of the whole server, as in a list.
                    if let (Some(expected), Some(came)) =
                        (wanted.pointer_mut(version), found.pointer_mut(version))
                    {
                        let text = came.as_str().unwrap_or_default().to_owned();
                        if !self
                            .bindings
                            .matches_list_version(expected.as_str().unwrap_or_default(), &text)
                        {
                            return Some(format!("line {index}: version {text}"));
                        }
                        *expected = Value::Null;
                        *came = Value::Null;
                    }
                }
                let mut comparison = Comparison {
                    bindings: &mut self.bindings,
                    extent: Extent::Whole,
                    managed_fields: false,
                    unstable: &[],
                };
                let difference = comparison.difference(&wanted, &found);
                difference.map(|text| format!("line {index}: {text}"))
            })
    }
}

/// What the other client changes meanwhile.
struct Noise {
    name: String,
}

impl Noise {
    fn path(&self, watched: &str) -> String {
        let collection = watched.split('?').next().unwrap_or_default();
        format!("{collection}/{}", self.name)
    }
}

fn noise(waited: &str) -> Option<Noise> {
    let (_, rest) = waited
        .strip_prefix("while this runs, another client changes ")?
        .split_once(' ')?;
    let name = rest.split(' ').next()?.to_owned();
    Some(Noise { name })
}

/// The paths that an `unstable` line leaves out.
fn skipped(unstable: &str) -> &'static [&'static str] {
    if unstable.contains("status.conditions") {
        return &[".status."];
    }
    if unstable.contains("remainingItemCount") {
        return &[".remainingItemCount"];
    }
    &[]
}

/// Errors whose order varies, as a set: the causes, the words of the message,
/// and the items of a list.
fn in_order(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match (key.as_str(), value) {
                    ("causes" | "items", Value::Array(list)) => {
                        list.sort_by_key(Value::to_string);
                    }
                    ("message", Value::String(text)) => {
                        let mut parts: Vec<&str> =
                            text.split(['[', ']', ',']).map(str::trim).collect();
                        parts.sort_unstable();
                        *text = parts.join("|");
                    }
                    (_, value) => in_order(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(in_order),
        _ => {}
    }
}
