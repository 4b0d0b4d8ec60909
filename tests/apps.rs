//! Applications as people write them, applied to a default cluster: every pod
//! ends Running and Ready, every Service with endpoints.

use serde_json::Value;
use std::path::Path;
use tabernetes::api::discovery::EndpointSlice;
use tabernetes::api::{Key, Kind, Pod, Service};
use tabernetes::apiserver::{Body, Reply, Request};
use tabernetes::cluster::{Cluster, ClusterSpec};
use tabernetes::sim::trace::Verb;
use tabernetes::sim::{Actor, SECOND};

fn list(cluster: &mut Cluster, kind: Kind) -> Vec<tabernetes::api::Object> {
    let request = Request::new(Actor::User, Verb::List, kind, Key::new("default", ""));
    match cluster.request(request) {
        Ok(Reply::List { items, .. }) => items,
        _ => Vec::new(),
    }
}

fn apply(cluster: &mut Cluster, text: &str) {
    for document in serde_yaml::Deserializer::from_str(text) {
        let value: Value = serde::Deserialize::deserialize(document).expect("YAML");
        let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let Some(kind) = Kind::from_api_version(&field("apiVersion"), &field("kind")) else {
            continue;
        };
        let request = Request::new(Actor::User, Verb::Create, kind, Key::new("default", ""));
        let reply = cluster.request(request.body(Body::Json(value)));
        assert!(reply.is_ok(), "{kind:?}: {reply:?}");
    }
}

fn is_ready(pod: &Pod) -> bool {
    let status = pod.status.clone().unwrap_or_default();
    let mut conditions = status.conditions.unwrap_or_default().into_iter();
    status.phase.as_deref() == Some("Running")
        && conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn settles(files: &[&str]) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !corpus.exists() {
        println!("skipped: the applications are not at hand");
        return;
    }
    let mut cluster = Cluster::settled(ClusterSpec::default());
    for file in files {
        let text = std::fs::read_to_string(corpus.join(file)).expect("a manifest");
        apply(&mut cluster, &text);
    }
    let until = cluster.now() + 180 * SECOND;
    cluster.advance(until, u32::MAX);
    let pods = list(&mut cluster, Kind::Pod);
    assert!(!pods.is_empty());
    for object in &pods {
        let pod = object.as_kind::<Pod>().expect("a pod");
        assert!(is_ready(pod), "{}: {:#?}", object.key(), pod.status);
    }
    let slices = list(&mut cluster, Kind::EndpointSlice);
    for service in list(&mut cluster, Kind::Service) {
        let service = service.as_kind::<Service>().expect("a service");
        let name = service.metadata.name.clone().unwrap_or_default();
        let selector = service.spec.as_ref().and_then(|spec| spec.selector.clone());
        let selects = |object: &tabernetes::api::Object| {
            let labels = object.meta().labels.clone().unwrap_or_default();
            let mut wanted = selector.iter().flatten();
            wanted.all(|(key, value)| labels.get(key) == Some(value))
        };
        if selector.is_none() || !pods.iter().any(selects) {
            // Nothing of what was applied belongs to it.
            continue;
        }
        let has = slices
            .iter()
            .filter_map(|object| object.as_kind::<EndpointSlice>())
            .any(|slice| {
                let owner = slice
                    .metadata
                    .labels
                    .as_ref()
                    .and_then(|labels| labels.get("kubernetes.io/service-name"));
                owner == Some(&name) && slice.endpoints.iter().flatten().next().is_some()
            });
        assert!(has, "{name} has no endpoints");
    }
}

#[test]
fn the_online_boutique_opens() {
    settles(&["apps/online-boutique.yaml"]);
}

#[test]
fn the_guestbook_opens() {
    let folder = "kubernetes-docs/application/guestbook";
    settles(&[
        &format!("{folder}/redis-leader-deployment.yaml"),
        &format!("{folder}/redis-follower-service.yaml"),
        &format!("{folder}/frontend-deployment.yaml"),
    ]);
}
