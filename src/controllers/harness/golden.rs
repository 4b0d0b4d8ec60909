//! Recorded cases, where they are at hand.

use super::World;
use crate::api::{Kind, Object};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The folder of a recorded case; says so and answers none where it is not there.
pub(in crate::controllers) fn case(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/golden")
        .join(name);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: no recorded case {name} here");
    None
}

pub(in crate::controllers) fn text(case: &Path, file: &str) -> String {
    std::fs::read_to_string(case.join(file)).expect("a recorded file")
}

/// The documents of a case's `input.yaml`, in order.
pub(in crate::controllers) fn documents(case: &Path) -> Vec<Value> {
    use serde::Deserialize;
    serde_yaml::Deserializer::from_str(&text(case, "input.yaml"))
        .map(|document| Value::deserialize(document).expect("a document"))
        .filter(|document| !document.is_null())
        .collect()
}

impl World {
    /// Creates one document of a case in namespace default.
    pub(in crate::controllers) fn apply(&mut self, mut document: Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = Kind::from_api_version(&text(&document["apiVersion"]), &text(&document["kind"]))
            .expect("a known kind");
        if kind.info().namespaced {
            document["metadata"]["namespace"] = "default".into();
        }
        if kind == Kind::Deployment {
            let spec = &mut document["spec"];
            for (field, value) in [
                ("replicas", Value::from(1)),
                ("revisionHistoryLimit", Value::from(10)),
                ("progressDeadlineSeconds", Value::from(600)),
            ] {
                if spec[field].is_null() {
                    spec[field] = value;
                }
            }
        }
        let object = Object::from_json(kind, document).expect("an object");
        self.user(|ctx| {
            let request = crate::apiserver::Request::new(
                crate::sim::Actor::User,
                crate::sim::trace::Verb::Create,
                kind,
                crate::api::Key::new(object.key().namespace, ""),
            );
            ctx.call(request.body(crate::apiserver::Body::Object(object)))
        })
        .expect("created");
    }
}
