//! What a real kubelet said of the same pods (recorded; only where the recording
//! is at hand).

use super::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn recording() -> Option<PathBuf> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/kubelet/01-hollow-node");
    if !path.exists() {
        println!("skipped: there is no recording of a real kubelet");
        return None;
    }
    Some(path)
}

/// The recorded node and pods, in this world.
fn replayed(path: &Path) -> World {
    let mut world = World::bare(NodeConfig {
        name: "hollow-1".into(),
        cpu_millis: 1_000,
        memory_bytes: 3840 << 20,
        labels: [("hollow".to_owned(), "yy".to_owned())].into(),
        ..NodeConfig::default()
    });
    world.give_range();
    world.run(2 * SECOND);
    let text = std::fs::read_to_string(path.join("input.yaml")).expect("the manifest");
    let documents = serde_yaml::Deserializer::from_str(&text);
    let mut pods: Vec<Value> = documents
        .map(|document| serde::Deserialize::deserialize(document).expect("a document"))
        .filter(|document: &Value| document["kind"] == "Pod")
        .collect();
    // Those that were bound by hand came first.
    pods.sort_by_key(|pod| pod["spec"]["nodeName"].is_null());
    for mut pod in pods {
        pod["spec"]["nodeName"] = json!("hollow-1");
        pod["metadata"]["namespace"] = json!("default");
        world.create(Kind::Pod, pod);
    }
    world
}

/// `pod reason message` of the recorded kubelet, where they do not depend on its
/// fake runtime (pulls of no time, addresses, the pod's uid, no cluster DNS).
fn recorded(path: &Path) -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(path.join("events.json")).expect("events");
    let events: Value = serde_json::from_str(&text).expect("events");
    let list = events
        .as_array()
        .or(events["items"].as_array())
        .cloned()
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list.iter()
        .filter(|event| {
            event["source"]["component"] == "kubelet" && event["involvedObject"]["kind"] == "Pod"
        })
        .filter(|event| {
            event["reason"] != "MissingClusterDNS" && !text(&event["message"]).contains("192.168")
        })
        .filter(|event| {
            !text(&event["message"]).starts_with("Successfully pulled")
                && event["reason"] != "Killing"
        })
        .map(|event| {
            let name = text(&event["involvedObject"]["name"]);
            (
                name,
                format!(
                    "{} {}: {}",
                    text(&event["type"]),
                    text(&event["reason"]),
                    text(&event["message"])
                ),
            )
        })
        .collect()
}

#[test]
fn events_are_worded_as_a_real_kubelet_words_them() {
    let Some(path) = recording() else {
        return;
    };
    let mut world = replayed(&path);
    world.run(60 * SECOND);
    for (pod, event) in recorded(&path) {
        // Which of several pods found the image there already is a matter of
        // order; that one of them did is not.
        if event.contains("already present") || event.contains("Pulling") {
            continue;
        }
        let said = world.events(&pod);
        assert!(said.contains(&event), "{pod}: {event}\nsaid: {said:#?}");
    }
}

#[test]
fn a_pod_is_deleted_in_the_recorded_steps() {
    let Some(path) = recording() else {
        return;
    };
    let mut world = replayed(&path);
    world.run(20 * SECOND);
    let since = world.sim.now;
    let watcher = world.api.watch(
        Actor::User,
        crate::apiserver::Selection {
            name: Some("simple".into()),
            ..crate::apiserver::Selection::all(Kind::Pod)
        },
    );
    world.api.take_events(watcher);
    world.delete("simple", 30);
    world.run(3 * SECOND);
    let steps: Vec<(String, Option<i64>)> = world
        .api
        .take_events(watcher)
        .iter()
        .map(|event| {
            let pod = event.object.as_kind::<Pod>().expect("a pod");
            let phase = pod.status.as_ref().and_then(|status| status.phase.clone());
            let text = format!("{:?} {}", event.change, phase.unwrap_or_default());
            (text, pod.metadata.deletion_grace_period_seconds)
        })
        .collect();
    let expected = [
        ("Modified Running", 30),
        ("Modified Running", 30),
        ("Modified Succeeded", 30),
        ("Modified Succeeded", 0),
        ("Deleted Succeeded", 0),
    ];
    let steps: Vec<(&str, i64)> = steps
        .iter()
        .map(|(text, grace)| (text.as_str(), grace.unwrap_or(-1)))
        .collect();
    assert_eq!(steps, expected);
    let records = world.sim.trace.since(crate::sim::RecordId(0));
    let calls: Vec<String> = records
        .filter(|record| record.at >= since && matches!(record.actor, Actor::Kubelet(_)))
        .filter_map(|record| match &record.what {
            crate::sim::What::Call {
                verb,
                subresource,
                name,
                resource,
                ..
            } if &**name == "simple" && &**resource == "pods" => {
                Some(format!("{verb:?} {subresource}"))
            }
            _ => None,
        })
        .collect();
    assert_eq!(calls, ["Update status", "Update status", "Delete "]);
}
