//! Group `validate`: manifests that a server refuses, and how.

use super::json::{Comparison, Extent};
use super::placeholders::Bindings;
use super::world::{ADMIN_TOKEN, World, json_of};
use super::{Group, entries, file_name, read_text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tabernetes::api::Kind;
use tabernetes::apiserver::http::Answer;

/// Replays what the folder has.
pub fn play(folder: &Path) -> Group {
    let mut group = Group::default();
    for path in entries(folder) {
        let recorded = path.join("outputs.json");
        if recorded.is_file() {
            bad_manifests(&file_name(&path), &read_text(&recorded), &mut group);
        }
    }
    group
}

/// Each manifest is posted to a namespace of its own that is thrown away, as a
/// dry run with strict fields.
fn bad_manifests(part: &str, text: &str, group: &mut Group) {
    let recorded: BTreeMap<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let mut world = World::new();
    let number = part.split('-').next().unwrap_or_default();
    let namespace = format!("vali-{number}");
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    world.call("POST", "/api/v1/namespaces", &body);
    world.advance(Duration::from_secs(2));
    // Some were only ever tried by way of kubectl.
    let posted = recorded
        .into_iter()
        .filter(|(_, case)| case["api_strict"]["http"].is_u64());
    for (name, case) in posted {
        let difference = post(&mut world, &namespace, &case);
        group.add(part, name, difference);
    }
}

fn post(world: &mut World, namespace: &str, case: &Value) -> Option<String> {
    let manifest = case["manifest"].as_str().unwrap_or_default();
    let expected = &case["api_strict"];
    let status = expected["http"].as_u64();
    let path = path_of(manifest, namespace);
    let query = format!("{path}?dryRun=All&fieldValidation=Strict");
    let headers = [
        ("Content-Type".to_owned(), "application/yaml".to_owned()),
        ("Authorization".to_owned(), format!("Bearer {ADMIN_TOKEN}")),
    ];
    let Answer::Whole(answer) = world.open("POST", &query, &headers, manifest.as_bytes()) else {
        return Some("a stream".to_owned());
    };
    if status.is_some_and(|status| status != u64::from(answer.status)) {
        let wanted = &expected["body"]["message"];
        let body: String = answer.body.chars().take(500).collect();
        return Some(format!(
            "status: {status:?} {wanted} but {} {body}",
            answer.status
        ));
    }
    if answer.status < 300 {
        return None;
    }
    let mut bindings = Bindings::default();
    let mut wanted = expected["body"].clone();
    let mut found = json_of(&answer);
    sort_causes(&mut wanted);
    sort_causes(&mut found);
    Comparison {
        bindings: &mut bindings,
        extent: Extent::Whole,
        managed_fields: false,
        unstable: &[],
    }
    .difference(&wanted, &found)
}

/// Upstream's maps have no order, and so have their errors.
fn sort_causes(status: &mut Value) {
    let Some(causes) = status
        .pointer_mut("/details/causes")
        .and_then(Value::as_array_mut)
    else {
        return;
    };
    if causes.len() < 2 {
        return;
    }
    causes.sort_by_key(Value::to_string);
    // The message lists the same causes in their order.
    if let Some(message) = status.get_mut("message") {
        *message = Value::Null;
    }
}

/// The collection that a manifest belongs to.
fn path_of(manifest: &str, namespace: &str) -> String {
    let value: Value = serde_yaml::from_str(manifest).unwrap_or_default();
    let version = value["apiVersion"].as_str().unwrap_or_default();
    let kind = value["kind"].as_str().unwrap_or_default();
    let known = Kind::from_api_version(version, kind).or_else(|| {
        Kind::ALL
            .iter()
            .copied()
            .find(|known| known.info().kind == kind)
    });
    let Some(known) = known else {
        let plural = format!("{}s", kind.to_lowercase());
        return match version.contains('/') {
            true => format!("/apis/{version}/namespaces/{namespace}/{plural}"),
            false => format!("/api/{version}/namespaces/{namespace}/{plural}"),
        };
    };
    let info = known.info();
    let root = match version.contains('/') {
        true => format!("/apis/{version}"),
        false => format!("/api/{version}"),
    };
    match info.namespaced {
        true => format!("{root}/namespaces/{namespace}/{}", info.plural),
        false => format!("{root}/{}", info.plural),
    }
}
