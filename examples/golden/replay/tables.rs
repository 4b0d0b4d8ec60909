//! Group `tables`: the server's own tables. The columns of each kind as they were
//! recorded; the cells where the recorded object is one that we can make.

use super::world::{ADMIN_TOKEN, World, json_of};
use super::{Group, entries, file_name, read_text};
use serde_json::Value;
use std::path::Path;
use tabernetes::api::Kind;
use tabernetes::apiserver::http::Answer;

/// Replays what the folder has.
pub fn play(folder: &Path) -> Group {
    let mut group = Group::default();
    for case in entries(folder) {
        let part = file_name(&case);
        for path in entries(&case) {
            let name = file_name(&path);
            let plural = name
                .strip_prefix("server-table-")
                .and_then(|name| name.strip_suffix(".json"));
            if let Some(plural) = plural {
                let recorded: Value = serde_json::from_str(&read_text(&path)).unwrap_or_default();
                group.add(&part, name.clone(), columns(plural, &recorded));
            }
        }
    }
    group
}

/// Names, types, formats, descriptions and priorities of the columns.
fn columns(plural: &str, recorded: &Value) -> Option<String> {
    let kind = Kind::ALL.iter().find(|kind| kind.info().plural == plural)?;
    let info = kind.info();
    let root = match info.group {
        "" => format!("/api/{}", info.version),
        group => format!("/apis/{group}/{}", info.version),
    };
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let headers = [
        ("Accept".to_owned(), accept.to_owned()),
        ("Authorization".to_owned(), format!("Bearer {ADMIN_TOKEN}")),
    ];
    let mut world = World::new();
    let Answer::Whole(answer) = world.open("GET", &format!("{root}/{plural}"), &headers, b"")
    else {
        return Some("no answer".to_owned());
    };
    let found = json_of(&answer);
    let list = |value: &Value| {
        let list = value["columnDefinitions"].as_array();
        list.cloned().unwrap_or_default()
    };
    let (wanted, found) = (list(recorded), list(&found));
    if wanted.len() != found.len() {
        return Some(format!("{} columns but {}", wanted.len(), found.len()));
    }
    let mut pairs = wanted.iter().zip(&found);
    let (wanted, found) = pairs.find(|(wanted, found)| wanted != found)?;
    Some(format!("{wanted} but {found}"))
}
