//! OpenAPI v3: which paths there are and what may be done at each. Clients look
//! here whether the server validates fields itself (`fieldValidation` of a patch)
//! before they send something. Schemas of the kinds are not told.

use super::discovery;
use crate::apiserver::custom::Definitions;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha512};
use std::fmt::Write as _;

/// `/openapi/v3`: a document for each group and version, by the hash of what is
/// in it.
pub(super) fn index(definitions: &Definitions) -> Value {
    let mut paths = Map::new();
    for (group, version) in discovery::group_versions(definitions) {
        let name = name_of(&group, &version);
        let hash = hash(&document(definitions, &group, &version));
        let address = json!({ "serverRelativeURL": format!("/openapi/v3/{name}?hash={hash}") });
        paths.insert(name, address);
    }
    json!({ "paths": paths })
}

/// `api/v1`, `apis/apps/v1`.
fn name_of(group: &str, version: &str) -> String {
    match group {
        "" => format!("api/{version}"),
        group => format!("apis/{group}/{version}"),
    }
}

/// The part of the API by this path, and the address under which a client that
/// asks for another state of it finds this one.
pub(super) enum Part {
    Document(Value),
    MovedTo(String),
}

/// Finds a part of the API: the steps after `/openapi/v3/`, and what the client
/// says of its hash.
pub(super) fn part(definitions: &Definitions, steps: &[&str], query: &str) -> Option<Part> {
    let (group, version) = match steps {
        ["api", version] => ("", *version),
        ["apis", group, version] => (*group, *version),
        _ => return None,
    };
    if !discovery::serves(definitions, group, version) {
        return None;
    }
    let document = document(definitions, group, version);
    let asked = query
        .split('&')
        .find_map(|option| option.strip_prefix("hash="));
    let hash = hash(&document);
    Some(match asked {
        Some(asked) if asked != hash => {
            let name = name_of(group, version);
            Part::MovedTo(format!("/openapi/v3/{name}?hash={hash}"))
        }
        _ => Part::Document(document),
    })
}

fn hash(document: &Value) -> String {
    let digest = Sha512::digest(document.to_string());
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

fn document(definitions: &Definitions, group: &str, version: &str) -> Value {
    let base = format!("/{}", name_of(group, version));
    let mut paths = Map::new();
    paths.insert(format!("{base}/"), json!({}));
    let list = discovery::resource_list(definitions, group, version);
    for resource in list["resources"].as_array().into_iter().flatten() {
        add_resource(&base, group, version, resource, &mut paths);
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "1.36"},
        "paths": paths,
        "components": {"schemas": {}},
    })
}

/// What a verb is at a collection, and at one object.
const VERBS: [(&str, &str, bool); 7] = [
    ("create", "post", false),
    ("list", "get", false),
    ("deletecollection", "delete", false),
    ("get", "get", true),
    ("update", "put", true),
    ("patch", "patch", true),
    ("delete", "delete", true),
];

fn add_resource(
    base: &str,
    group: &str,
    version: &str,
    resource: &Value,
    paths: &mut Map<String, Value>,
) {
    let text = |field: &str| resource[field].as_str().unwrap_or_default();
    let kind = json!({
        "group": resource["group"].as_str().unwrap_or(group),
        "version": resource["version"].as_str().unwrap_or(version),
        "kind": text("kind"),
    });
    let (plural, sub) = text("name").split_once('/').unwrap_or((text("name"), ""));
    let scope = match resource["namespaced"] == true {
        true => "/namespaces/{namespace}",
        false => "",
    };
    let collection = format!("{base}{scope}/{plural}");
    let one = match sub {
        "" => format!("{collection}/{{name}}"),
        sub => format!("{collection}/{{name}}/{sub}"),
    };
    let verbs = resource["verbs"].as_array();
    let can = |verb: &str| verbs.is_some_and(|verbs| verbs.iter().any(|it| it == verb));
    for (verb, method, of_one) in VERBS {
        if !can(verb) {
            continue;
        }
        let path = if of_one || !sub.is_empty() {
            &one
        } else {
            &collection
        };
        let operations = paths.entry(path.as_str()).or_insert_with(|| json!({}));
        operations[method] = operation(verb, &kind);
    }
    if can("watch") && sub.is_empty() {
        let watched = collection.replacen(base, &format!("{base}/watch"), 1);
        let operation = operation("watchlist", &kind);
        paths.insert(format!("{watched}/{{name}}"), json!({ "get": operation }));
        paths.insert(watched, json!({ "get": operation }));
    }
}

fn operation(verb: &str, kind: &Value) -> Value {
    let writes: &[&str] = match verb {
        "create" | "update" => &["dryRun", "fieldManager", "fieldValidation"],
        "patch" => &["dryRun", "fieldManager", "fieldValidation", "force"],
        _ => &[],
    };
    let parameters: Vec<Value> = writes
        .iter()
        .map(|name| {
            let type_name = if *name == "force" {
                "boolean"
            } else {
                "string"
            };
            json!({
                "name": name, "in": "query",
                "schema": {"type": type_name, "uniqueItems": true},
            })
        })
        .collect();
    let mut operation = json!({
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": match verb { "update" => "put", "create" => "post", verb => verb },
        "x-kubernetes-group-version-kind": kind,
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation
}
