//! Compares with what a real API server answered.

use crate::api::{Kind, Object};
use crate::apiserver::{defaulting, validation};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn golden(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/golden")
        .join(path);
    path.exists().then_some(path)
}

/// Causes as sorted lines: upstream's maps have no order.
fn lines(causes: &Value) -> Vec<String> {
    let mut lines: Vec<String> = causes
        .as_array()
        .into_iter()
        .flatten()
        .map(|cause| {
            let text = |field: &str| cause[field].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", text("reason"), text("field"), text("message"))
        })
        .collect();
    lines.sort();
    lines
}

fn in_scope(manifest: &Value) -> Option<Kind> {
    let kind =
        Kind::from_api_version(manifest["apiVersion"].as_str()?, manifest["kind"].as_str()?)?;
    kind.info().simulated.then_some(kind)
}

/// The object as it stands before validation, or the error of its decoding.
fn prepared(kind: Kind, manifest: &Value, namespace: &str) -> Result<Object, String> {
    let object = Object::read(kind, manifest)?.0;
    if let Some(error) = validation::quantity_error(&object) {
        return Err(error.to_string());
    }
    let mut object = object;
    if kind.info().namespaced && object.meta().namespace.is_none() {
        object.meta_mut().namespace = Some(namespace.to_owned());
    }
    if !kind.info().namespaced {
        object.meta_mut().namespace = None;
    }
    if object.meta().name.is_none() && object.meta().generate_name.is_some() {
        let name = object.meta().generate_name.clone().unwrap_or_default() + "abcde";
        object.meta_mut().name = Some(name);
    }
    defaulting::apply(&mut object);
    // Admission sets the account of pods.
    if let Object::Pod(pod) = &mut object
        && let Some(spec) = &mut std::sync::Arc::make_mut(pod).spec
    {
        spec.service_account_name
            .get_or_insert_with(|| "default".into());
    }
    Ok(object)
}

fn to_value(causes: Vec<super::StatusCause>) -> Value {
    serde_json::to_value(causes).unwrap_or_default()
}

#[test]
fn bad_manifests_get_the_causes_of_a_real_server() {
    let Some(path) = golden("validate/01-bad-manifests/outputs.json") else {
        println!("skipped: no recorded answers beside the project");
        return;
    };
    let recorded: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON");
    let (mut right, mut all) = (0, 0);
    for (name, case) in &recorded {
        let text = case["manifest"].as_str().unwrap_or_default();
        let Ok(manifest) = serde_yaml::from_str::<Value>(text) else {
            continue;
        };
        let Some(kind) = in_scope(&manifest) else {
            continue;
        };
        let status = case["api_strict"]["http"].as_u64().unwrap_or_default();
        if !matches!(status, 201 | 422) {
            continue;
        }
        all += 1;
        let wanted = lines(&case["api_strict"]["body"]["details"]["causes"]);
        let got = match prepared(kind, &manifest, "vali-01") {
            Ok(object) => lines(&to_value(validation::create(&object))),
            Err(error) => vec![error],
        };
        if got == wanted {
            right += 1;
        } else {
            println!("{name}\n  wanted {wanted:#?}\n  got {got:#?}");
        }
    }
    println!("{right} of {all} bad manifests answered as recorded");
    assert_eq!(right, all);
}

/// The last object answered under each path, by which updates are judged.
type Stored = BTreeMap<String, Value>;

#[test]
fn recorded_exchanges_are_judged_as_by_a_real_server() {
    let Some(folder) = golden("http") else {
        println!("skipped: no recorded exchanges beside the project");
        return;
    };
    let (mut right, mut all) = (0, 0);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("readable")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|it| it == "jsonl"))
        // What admission plugins say is not validation.
        .filter(|path| !path.ends_with("09-admission.jsonl"))
        .collect();
    files.sort();
    for file in files {
        let mut stored = Stored::new();
        let text = std::fs::read_to_string(&file).expect("readable");
        for line in text.lines() {
            let exchange: Value = serde_json::from_str(line).expect("JSON");
            if let Some((got, wanted)) = judge(&exchange, &mut stored) {
                all += 1;
                if got == wanted {
                    right += 1;
                } else {
                    println!("{}\n  wanted {wanted:#?}\n  got {got:#?}", exchange["id"]);
                }
            }
        }
    }
    println!("{right} of {all} recorded exchanges judged as recorded");
    assert!(right * 100 >= all * 97, "{right} of {all}");
}

/// Causes got and wanted of one exchange, where it is one about a kind in scope
/// that is created, replaced or merge-patched.
fn judge(exchange: &Value, stored: &mut Stored) -> Option<(Vec<String>, Vec<String>)> {
    let request = &exchange["request"];
    let response = &exchange["response"];
    let query = request["path"].as_str()?;
    let path = query.split('?').next()?.to_owned();
    let status = response["status"].as_u64()?;
    let method = request["method"].as_str()?;
    let answer = &response["body"];
    let subresource = path.strip_suffix("/status").is_some();
    let object_path = path.strip_suffix("/status").unwrap_or(&path);
    let old = stored.get(object_path).cloned();
    if status < 300 && in_scope(answer).is_some() && !query.contains("dryRun") {
        let name = answer["metadata"]["name"].as_str()?;
        let at = match method {
            "POST" => format!("{path}/{name}"),
            _ => object_path.to_owned(),
        };
        stored.insert(at, answer.clone());
    }
    let details = &answer["details"];
    let about_object = details["kind"] == old.as_ref().unwrap_or(&request["body"])["kind"];
    if !(status < 300 || (status == 422 && details["causes"].is_array() && about_object)) {
        return None;
    }
    // Allocation, not validation.
    let text = details["causes"].to_string();
    let allocation = [
        "allocate",
        "not configured",
        "not in the valid range",
        "field\":\"patch",
        "denied request",
    ];
    if allocation.iter().any(|word| text.contains(word)) {
        return None;
    }
    let wanted = lines(&serde_json::from_str(&text.replace("{{rand:2}}", "abcde")).ok()?);
    let body = &request["body"];
    let namespace = path
        .split("/namespaces/")
        .nth(1)
        .and_then(|rest| rest.split('/').next());
    let namespace = namespace.unwrap_or_default();
    let segments: Vec<&str> = object_path.trim_start_matches('/').split('/').collect();
    let got = match method {
        "POST" => {
            let kind = in_scope(body)?;
            if segments.last() != Some(&kind.info().plural) {
                return None;
            }
            validation::create(&prepared(kind, body, namespace).ok()?)
        }
        "PUT" | "PATCH" => {
            let old = old?;
            let kind = in_scope(&old)?;
            if segments.iter().rev().nth(1) != Some(&kind.info().plural) {
                return None;
            }
            let mut whole = body.clone();
            if method == "PATCH" {
                let content = request["headers"]["Content-Type"].as_str()?;
                if content != "application/merge-patch+json" {
                    return None;
                }
                whole = old.clone();
                json_patch::merge(&mut whole, body);
            }
            let mut new = prepared(kind, &whole, namespace).ok()?;
            let old = Object::read(kind, &old).ok()?.0;
            if old.meta().deletion_timestamp.is_some() {
                return None;
            }
            let meta = new.meta_mut();
            if method == "PUT" {
                meta.uid.clone_from(&old.meta().uid);
                meta.creation_timestamp = old.meta().creation_timestamp.clone();
            }
            meta.resource_version = Some("1".into());
            meta.generation = old.meta().generation;
            defaulting::apply_update(&mut new, &old);
            match subresource {
                true => validation::update_status(&new, &old),
                false => validation::update(&new, &old),
            }
        }
        _ => return None,
    };
    Some((lines(&to_value(got)), wanted))
}
