//! Compares with what a real API server answered to minimal objects.

use crate::api::{Kind, Object};
use serde_json::Value;
use std::path::Path;

/// Set by admission, allocation or storage, not by defaulting.
const NOT_DEFAULTED: &[&str] = &[
    "/metadata/creationTimestamp",
    "/metadata/generation",
    "/metadata/namespace",
    "/metadata/resourceVersion",
    "/metadata/uid",
    "/spec/clusterIP",
    "/spec/clusterIPs",
    "/spec/ipFamilies",
    "/spec/ipFamilyPolicy",
    "/spec/taints",
    "/spec/preemptionPolicy",
    "/spec/priority",
    "/spec/serviceAccount",
    "/spec/serviceAccountName",
    "/spec/tolerations",
    "/status/phase",
    "/status/qosClass",
];

fn strip(value: &mut Value) {
    for pointer in NOT_DEFAULTED {
        let Some((parent, key)) = pointer.rsplit_once('/') else {
            continue;
        };
        if let Some(Value::Object(map)) = value.pointer_mut(parent) {
            map.remove(key);
        }
    }
    for list in ["/spec/volumes", "/spec/containers/0/volumeMounts"] {
        if let Some(Value::Array(items)) = value.pointer_mut(list) {
            items.retain(|item| {
                !item["name"]
                    .as_str()
                    .unwrap_or_default()
                    .starts_with("kube-api-access")
            });
        }
    }
    prune(value);
}

/// Empty maps and lists say nothing.
fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(prune);
            map.retain(|key, value| {
                let empty = match value {
                    Value::Object(map) => map.is_empty(),
                    Value::Array(items) => items.is_empty(),
                    Value::Null => true,
                    _ => false,
                };
                // These are told apart by being there at all.
                !empty || ["emptyDir", "securityContext", "resources"].contains(&key.as_str())
            });
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

#[test]
fn minimal_objects_get_the_defaults_of_a_real_server() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/defaults/01-minimal-objects");
    let Ok(input) = std::fs::read_to_string(folder.join("input.yaml")) else {
        println!("skipped: no recorded defaults beside the project");
        return;
    };
    let mut compared = 0;
    for document in input.split("--- # ").skip(1) {
        let Some((name, text)) = document.split_once('\n') else {
            continue;
        };
        let input: Value = serde_yaml::from_str(text).expect("recorded YAML");
        let kind = Kind::from_api_version(
            input["apiVersion"].as_str().unwrap_or_default(),
            input["kind"].as_str().unwrap_or_default(),
        );
        let Some(kind) = kind.filter(|kind| kind.info().simulated) else {
            continue;
        };
        if name == "pod-under-limitrange" {
            continue;
        }
        let recorded = std::fs::read_to_string(folder.join(format!("{name}.created.json")));
        let mut wanted: Value =
            serde_json::from_str(&recorded.expect("recorded answer")).expect("recorded JSON");
        let mut object = Object::read(kind, &input).expect("a valid object").0;
        super::apply(&mut object);
        let mut got = object.to_json();
        strip(&mut wanted);
        strip(&mut got);
        assert_eq!(got, wanted, "{name}");
        compared += 1;
    }
    println!("{compared} minimal objects compared");
    assert!(compared >= 12);
}
