//! Group `defaults`: what a server fills in where a manifest says nothing.

use super::json::{Comparison, Extent};
use super::placeholders::Bindings;
use super::world::World;
use super::{Group, entries, file_name, read_text};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tabernetes::api::Kind;

/// Replays what the folder has.
pub fn play(folder: &Path) -> Group {
    let mut group = Group::default();
    for path in entries(folder) {
        if path.join("input.yaml").is_file() {
            play_folder(&path, &mut group);
        }
    }
    group
}

fn play_folder(folder: &Path, group: &mut Group) {
    let part = file_name(folder);
    let input = read_text(&folder.join("input.yaml"));
    let mut world = World::new();
    for document in input.split("--- # ").skip(1) {
        let Some((name, text)) = document.split_once('\n') else {
            continue;
        };
        let name = name.trim();
        let recorded = read_text(&folder.join(format!("{name}.created.json")));
        let Ok(wanted) = serde_json::from_str::<Value>(&recorded) else {
            continue;
        };
        let object: Value = serde_yaml::from_str(text).unwrap_or_default();
        let difference = create(&mut world, object, &wanted);
        group.add(&part, name, difference);
    }
}

fn create(world: &mut World, mut object: Value, wanted: &Value) -> Option<String> {
    let version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let Some(known) = Kind::ALL
        .iter()
        .copied()
        .find(|known| known.info().kind == kind)
    else {
        return Some(format!("no kind {kind}"));
    };
    let namespace = wanted
        .pointer("/metadata/namespace")
        .and_then(Value::as_str);
    let root = match version.contains('/') {
        true => format!("/apis/{version}"),
        false => format!("/api/{version}"),
    };
    let plural = known.info().plural;
    let path = match namespace {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{plural}"),
    };
    if let Some(namespace) = namespace {
        let body =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        if world.call("POST", "/api/v1/namespaces", &body).0 == 201 {
            world.advance(Duration::from_secs(2));
        }
    }
    // The recorder named what had no name.
    if object.pointer("/metadata/name").is_none()
        && let Some(name) = wanted.pointer("/metadata/name")
    {
        object["metadata"]["name"] = name.clone();
    }
    let (status, mut found) = world.call("POST", &path, &object);
    if status != 201 {
        return Some(format!("status {status}: {}", found["message"]));
    }
    let mut wanted = wanted.clone();
    generic(&mut wanted, "");
    generic(&mut found, "");
    let mut bindings = Bindings::default();
    Comparison {
        bindings: &mut bindings,
        extent: Extent::Whole,
        managed_fields: false,
        unstable: &["clusterIP", "nodePort"],
    }
    .difference(&wanted, &found)
}

/// What no two servers have alike.
fn generic(value: &mut Value, key: &str) {
    match value {
        Value::Object(map) => {
            map.iter_mut().for_each(|(key, value)| generic(value, key));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| generic(item, key)),
        Value::String(text) => {
            let generated = matches!(
                key,
                "uid" | "resourceVersion" | "controller-uid" | "batch.kubernetes.io/controller-uid"
            ) || key.ends_with("Timestamp")
                || key.ends_with("Time");
            if generated {
                *text = "set".to_owned();
            }
            if text.starts_with("kube-api-access-") {
                *text = "kube-api-access-".to_owned();
            }
        }
        _ => {}
    }
}
