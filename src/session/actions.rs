//! What a user does, turned into requests to the API server and into faults.

use super::mirror::Mirror;
use super::packets;
use super::protocol::{Action, Answer, DiagnosticView, Outcome, SendPacket};
use crate::api::status::{self, ApiError};
use crate::api::{Deployment, Key, Kind, Name, Object, Resource, Status};
use crate::apiserver::{Body, DeleteOptions, PatchType, Reply, Request, Subresource};
use crate::cluster::Cluster;
use crate::kubectl;
use crate::manifest::{self, Diagnostic, Document, Severity};
use crate::sim::Actor;
use crate::sim::order::Order as _;
use crate::sim::trace::Verb;
use serde_json::{Value, json};

/// Looks at a manifest without applying it.
pub(super) fn check(text: &str) -> Answer {
    Answer::Checked(manifest::check(text).iter().map(diagnostic).collect())
}

fn diagnostic(found: &Diagnostic) -> DiagnosticView {
    DiagnosticView {
        severity: match found.severity {
            Severity::Error => 2,
            Severity::Warning => 1,
            Severity::Info => 0,
        },
        line: found.line,
        column: found.column,
        end_line: found.end_line,
        end_column: found.end_column,
        message: found.message.clone(),
        fix: found.fix.clone(),
    }
}

/// `kubectl apply -f`.
pub(super) fn apply(cluster: &mut Cluster, text: &str) -> Answer {
    each_document(text, |document| {
        let applied = kubectl::apply(
            &mut |request| cluster.request(request),
            &document.value,
            "default",
        )?;
        Ok((applied.key, applied.outcome.word().to_owned()))
    })
}

/// `kubectl delete -f`.
pub(super) fn delete(cluster: &mut Cluster, text: &str) -> Answer {
    each_document(text, |document| {
        let kind = Kind::from_api_version(&document.api_version, &document.kind)
            .ok_or_else(|| status::bad_request(no_matches(document)))?;
        let key = key_of(document);
        let request = Request::new(Actor::User, Verb::Delete, kind, key.clone())
            .body(Body::Delete(DeleteOptions::default()));
        cluster.request(request)?;
        Ok((key, "deleted".to_owned()))
    })
}

/// kubectl's own words for a kind that discovery does not list.
fn no_matches(document: &Document) -> String {
    format!(
        "no matches for kind \"{}\" in version \"{}\"",
        document.kind, document.api_version
    )
}

/// The key of a document; kubectl takes objects without a namespace to
/// `default`, unless their kind has none.
fn key_of(document: &Document) -> Key {
    let namespaced = Kind::from_api_version(&document.api_version, &document.kind)
        .is_none_or(|kind| kind.info().namespaced);
    match (&*document.namespace, namespaced) {
        (_, false) => Key::new("", document.name.as_str()),
        ("", true) => Key::new("default", document.name.as_str()),
        (namespace, true) => Key::new(namespace, document.name.as_str()),
    }
}

/// Does something with each document of a manifest. One that is refused stops
/// nothing: the others are still done, as kubectl does. A text that cannot be
/// read at all does nothing.
fn each_document(
    text: &str,
    mut act: impl FnMut(&Document) -> Result<(Key, String), ApiError>,
) -> Answer {
    let documents = match manifest::read(text) {
        Ok(documents) => documents,
        Err(found) => {
            let diagnostics = found.iter().map(diagnostic).collect();
            return Answer::Applied {
                outcomes: Vec::new(),
                diagnostics,
            };
        }
    };
    let mut diagnostics = Vec::new();
    let mut outcomes = Vec::new();
    for document in &documents {
        let (key, result, error) = match act(document) {
            Ok((key, result)) => (key, result, String::new()),
            Err(status) => {
                let explained = manifest::explain_status(document, &status);
                diagnostics.extend(explained.iter().map(diagnostic));
                (
                    key_of(document),
                    String::new(),
                    status.message.clone().unwrap_or_default(),
                )
            }
        };
        let kind = document.kind.clone();
        outcomes.push(Outcome {
            kind,
            key,
            result,
            error,
            line: document.line,
        });
    }
    Answer::Applied {
        outcomes,
        diagnostics,
    }
}

/// Does what a button asks for.
pub(super) fn act(cluster: &mut Cluster, mirror: &Mirror, action: Action) -> Answer {
    let done = match action {
        Action::CrashContainer { pod, container } => cluster
            .kill_container(&pod, &container)
            .map(|()| format!("killed the container of pod {pod}"))
            .map_err(|error| error.to_string()),
        Action::Delete { kind, key } => remove(cluster, kind, &key),
        Action::Scale {
            kind,
            key,
            replicas,
        } => scale(cluster, kind, &key, replicas),
        Action::SetImage {
            deployment,
            container,
            image,
        } => set_image(cluster, mirror, &deployment, &container, &image),
        Action::RolloutRestart { deployment } => restart(cluster, &deployment),
        Action::RolloutUndo { deployment } => undo(cluster, mirror, &deployment),
        Action::Cordon { node, on } => cordon(cluster, &node, on),
        Action::StopNode { node } => cluster
            .stop_node(&node)
            .map(|()| format!("{node} has no power"))
            .map_err(|error| error.to_string()),
        Action::StartNode { node } => cluster
            .start_node(&node)
            .map(|()| format!("{node} boots"))
            .map_err(|error| error.to_string()),
        Action::Send(packet) => return send(cluster, mirror, packet),
    };
    done.map_or_else(Answer::Refused, Answer::Done)
}

type Done = Result<String, String>;

fn told(error: &Status) -> String {
    error.message.clone().unwrap_or_default()
}

fn remove(cluster: &mut Cluster, kind: Kind, key: &Key) -> Done {
    let request = Request::new(Actor::User, Verb::Delete, kind, key.clone())
        .body(Body::Delete(DeleteOptions::default()));
    cluster.request(request).map_err(|error| told(&error))?;
    Ok(format!("{} \"{}\" deleted", kind.info().singular, key.name))
}

fn scale(cluster: &mut Cluster, kind: Kind, key: &Key, replicas: i32) -> Done {
    let request = Request::new(Actor::User, Verb::Update, kind, key.clone())
        .subresource(Subresource::Scale)
        .body(Body::Scale(replicas));
    cluster.request(request).map_err(|error| told(&error))?;
    Ok(format!(
        "{}/{} scaled to {replicas}",
        kind.group_resource(),
        key.name
    ))
}

fn patch(
    cluster: &mut Cluster,
    kind: Kind,
    key: &Key,
    patch_type: PatchType,
    patch: Value,
) -> Result<Reply, String> {
    let request = Request::new(Actor::User, Verb::Patch, kind, key.clone())
        .body(Body::Patch(patch_type, patch));
    cluster.request(request).map_err(|error| told(&error))
}

fn set_image(
    cluster: &mut Cluster,
    mirror: &Mirror,
    key: &Key,
    container: &str,
    image: &str,
) -> Done {
    let deployment = mirror
        .deployments
        .get(key)
        .ok_or_else(|| format!("deployment \"{}\" not found", key.name))?;
    let containers = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref())
        .map(|spec| spec.containers.as_slice())
        .unwrap_or_default();
    let found = containers
        .iter()
        .find(|found| container.is_empty() || found.name == container);
    let name = found
        .map(|found| found.name.clone())
        .ok_or_else(|| format!("no container named \"{container}\""))?;
    let change =
        json!({"spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}}});
    patch(cluster, Kind::Deployment, key, PatchType::Strategic, change)?;
    Ok(format!("deployment.apps/{} image updated", key.name))
}

fn restart(cluster: &mut Cluster, key: &Key) -> Done {
    let now = cluster.now().timestamp().to_string();
    let annotations = json!({"kubectl.kubernetes.io/restartedAt": now});
    let change = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
    patch(cluster, Kind::Deployment, key, PatchType::Merge, change)?;
    Ok(format!("deployment.apps/{} restarted", key.name))
}

/// `kubectl rollout undo`: the template of the revision before the last one.
fn undo(cluster: &mut Cluster, mirror: &Mirror, key: &Key) -> Done {
    let not_found = || format!("deployment \"{}\" not found", key.name);
    let deployment = mirror.deployments.get(key).ok_or_else(not_found)?;
    let template = previous_template(mirror, deployment)
        .ok_or_else(|| format!("no rollout history found for deployment \"{}\"", key.name))?;
    let change = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    patch(cluster, Kind::Deployment, key, PatchType::Json, change)?;
    Ok(format!("deployment.apps/{} rolled back", key.name))
}

fn previous_template(mirror: &Mirror, deployment: &Deployment) -> Option<Value> {
    let revision = |set: &crate::api::ReplicaSet| {
        let annotations = set.metadata.annotations.as_ref()?;
        annotations
            .get("deployment.kubernetes.io/revision")?
            .parse::<u32>()
            .ok()
    };
    let mut sets: Vec<_> = mirror
        .replica_sets
        .controlled_by(deployment.uid())
        .filter_map(|set| Some((revision(set)?, set)))
        .collect();
    sets.order_by_key(|(revision, _)| std::cmp::Reverse(*revision));
    let (_, previous) = sets.get(1)?;
    let mut template = serde_json::to_value(previous.spec.as_ref()?.template.as_ref()?).ok()?;
    template
        .get_mut("metadata")?
        .get_mut("labels")?
        .as_object_mut()?
        .remove("pod-template-hash");
    Some(template)
}

fn cordon(cluster: &mut Cluster, node: &Name, on: bool) -> Done {
    let change = json!({"spec": {"unschedulable": on}});
    patch(
        cluster,
        Kind::Node,
        &Key::new("", node.clone()),
        PatchType::Merge,
        change,
    )?;
    Ok(format!(
        "node/{node} {}",
        if on { "cordoned" } else { "uncordoned" }
    ))
}

fn send(cluster: &mut Cluster, mirror: &Mirror, packet: SendPacket) -> Answer {
    match packets::request(cluster, mirror, &packet) {
        Ok(request) => Answer::Journey(cluster.send(request)),
        Err(why) => Answer::Refused(why),
    }
}

/// Whether an object of any kind is there: what the door would answer.
pub(super) fn look(cluster: &Cluster, kind: Kind, key: &Key) -> Option<Object> {
    let at = crate::etcd::StoreKey {
        kind,
        key: key.clone(),
    };
    cluster
        .api()
        .etcd()
        .get(&at)
        .map(|entry| entry.object.clone())
}
