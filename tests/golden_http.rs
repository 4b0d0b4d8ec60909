//! Replays recorded exchanges with a real API server against ours.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tabernetes::api::{Key, Kind};
use tabernetes::apiserver::{ApiServer, Body, Request, http};
use tabernetes::sim::trace::Verb;
use tabernetes::sim::{Actor, SECOND, Sim};

fn recordings() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/http");
    folder.is_dir().then_some(folder)
}

struct World {
    api: ApiServer,
    sim: Sim,
    /// What placeholders stand for.
    bound: BTreeMap<String, String>,
}

impl World {
    fn new() -> World {
        let mut world = World {
            api: ApiServer::new(),
            sim: Sim::new(1),
            bound: BTreeMap::new(),
        };
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            world.create(Kind::Namespace, "", name);
            world.furnish(name);
        }
        world
    }

    fn create(&mut self, kind: Kind, namespace: &str, name: &str) {
        let object = serde_json::json!({"metadata": {"name": name}});
        let request = Request::new(Actor::User, Verb::Create, kind, Key::new(namespace, ""))
            .body(Body::Json(object));
        let _ = self.api.handle(&mut self.sim, None, request);
    }

    /// What controllers put into every namespace.
    fn furnish(&mut self, namespace: &str) {
        self.create(Kind::ServiceAccount, namespace, "default");
        self.create(Kind::ConfigMap, namespace, "kube-root-ca.crt");
    }

    /// Text with the values that its placeholders stand for.
    fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (placeholder, value) in &self.bound {
            filled = filled.replace(placeholder, value);
        }
        filled.replace("{{time}}", "2026-01-05T09:00:00Z")
    }

    fn filled_json(&self, value: &Value) -> Value {
        serde_json::from_str(&self.filled(&value.to_string())).unwrap_or_default()
    }

    /// Differences between what was recorded and what came, as `path: …` lines.
    fn compare(&mut self, path: &str, expected: &Value, found: &Value, out: &mut Vec<String>) {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                for (key, value) in expected {
                    if key == "managedFields" {
                        continue;
                    }
                    let found = found.get(key).unwrap_or(&Value::Null);
                    self.compare(&format!("{path}.{key}"), value, found, out);
                }
                for key in found.keys().filter(|key| !expected.contains_key(*key)) {
                    out.push(format!("{path}.{key}: not expected"));
                }
            }
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                    self.compare(&format!("{path}[{index}]"), expected, found, out);
                }
            }
            (Value::String(expected), found) if expected.contains("{{") => {
                let text = found
                    .as_str()
                    .map(str::to_owned)
                    .unwrap_or(found.to_string());
                if !self.matches(expected, &text) {
                    out.push(format!("{path}: {expected} but {text}"));
                }
            }
            (expected, found) if expected == found => {}
            (Value::Null, Value::Null) => {}
            (expected, found) => out.push(format!("{path}: {expected} but {found}")),
        }
    }

    /// Whether text is as recorded; binds placeholders that stand alone.
    fn matches(&mut self, expected: &str, found: &str) -> bool {
        let alone = expected.starts_with("{{")
            && expected.ends_with("}}")
            && expected.matches("{{").count() == expected.matches("}}").count()
            && expected
                .find("}}")
                .is_some_and(|at| at + 2 == expected.len() || expected.starts_with("{{uid:"));
        if alone {
            let named =
                !["{{time}}", "{{any}}", "{{rand}}", "{{ip}}", "{{port}}"].contains(&expected);
            if named {
                self.bound.insert(expected.to_owned(), found.to_owned());
            }
            return found != "null";
        }
        // Everything around the placeholders must agree.
        let filled = self.filled(expected);
        let mut rest = found;
        let mut pieces = Vec::new();
        let mut text = filled.as_str();
        while let Some(at) = text.find("{{") {
            pieces.push(&text[..at]);
            let Some(end) = text[at..].find("}}") else {
                break;
            };
            text = &text[at + end + 2..];
        }
        pieces.push(text);
        let last = pieces.len() - 1;
        pieces.iter().enumerate().all(|(index, piece)| {
            if index == last {
                return rest.ends_with(piece);
            }
            let at = if index == 0 {
                rest.starts_with(piece).then_some(0)
            } else {
                rest.find(piece)
            };
            at.map(|at| rest = &rest[at + piece.len()..]).is_some()
        })
    }

    fn replay(&mut self, line: &Value) -> Vec<String> {
        self.sim.now = self.sim.now + SECOND;
        let request = &line["request"];
        let method = request["method"].as_str().unwrap_or_default();
        let path = self.filled(request["path"].as_str().unwrap_or_default());
        let headers: Vec<(String, String)> = request["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
        let body = match &request["body"] {
            Value::Null => String::new(),
            Value::String(text) => self.filled(text),
            other => self.filled_json(other).to_string(),
        };
        let answer = http::serve(
            &mut self.api,
            &mut self.sim,
            None,
            method,
            &path,
            &headers,
            body.as_bytes(),
        );
        let expected = &line["response"];
        let mut out = Vec::new();
        let status = expected["status"].as_u64().unwrap_or_default();
        if status != u64::from(answer.status) {
            out.push(format!(
                "status: {status} but {} {}",
                answer.status, answer.body
            ));
            return out;
        }
        if method == "POST"
            && path == "/api/v1/namespaces"
            && answer.status == 201
            && !body.contains("dry")
        {
            let made: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let name = made.pointer("/metadata/name").and_then(Value::as_str);
            self.furnish(name.unwrap_or_default());
        }
        if expected.get("trimmed").is_some() || expected.get("stream").is_some() {
            return out;
        }
        let found: Value =
            serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body.clone()));
        self.compare("", &expected["body"], &found, &mut out);
        let warnings: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "Warning")
            .map(|(_, value)| value.as_str())
            .collect();
        let recorded: Vec<&str> = match &expected["headers"]["Warning"] {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            Value::String(one) => vec![one.as_str()],
            _ => Vec::new(),
        };
        if warnings != recorded {
            out.push(format!("warnings: {recorded:?} but {warnings:?}"));
        }
        out
    }
}

fn replay(file: &str) -> Option<(usize, Vec<String>)> {
    let folder = recordings()?;
    let text = std::fs::read_to_string(folder.join(file)).ok()?;
    let mut world = World::new();
    let (mut total, mut wrong) = (0, Vec::new());
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).ok()?;
        total += 1;
        let differences = world.replay(&line);
        if !differences.is_empty() {
            let id = line["id"].as_str().unwrap_or_default();
            let about = line["about"].as_str().unwrap_or_default();
            wrong.push(format!("{id} {about}: {}", differences.join(" | ")));
        }
    }
    Some((total, wrong))
}

/// Every file with the share of its lines, in percent, that must agree.
const FILES: [(&str, usize); 8] = [
    ("01-crud.jsonl", 0),
    ("02-delete.jsonl", 0),
    ("03-list-watch.jsonl", 0),
    ("04-patch.jsonl", 0),
    ("06-fieldvalidation.jsonl", 0),
    ("07-subresources.jsonl", 0),
    ("09-admission.jsonl", 0),
    ("12-upsert-events-endpoints.jsonl", 0),
];

#[test]
fn the_server_answers_as_recorded() {
    for (file, percent) in FILES {
        let Some((total, wrong)) = replay(file) else {
            println!("skipped: no recordings beside this project");
            return;
        };
        let right = total - wrong.len();
        println!("{file}: {right} of {total} lines agree");
        wrong.iter().for_each(|line| println!("  {line}"));
        assert!(right * 100 >= total * percent, "{file}: {right} of {total}");
    }
}
