//! Everything the inspector shows of one subject.

mod component;
mod node;
mod pod;
mod service;
mod workload;

use super::actions;
use super::mirror::Mirror;
use super::protocol::{ConditionView, Detail, EventView, Subject};
use super::view;
use crate::api::{Event, Key, Kind, Object};
use crate::cluster::Cluster;
use crate::sim::Instant;
use crate::sim::order::Order as _;
use serde_json::Value;

/// The latest events shown of a subject.
const EVENTS_MAX: usize = 50;

/// Looks closely at a subject.
pub(super) fn of(cluster: &Cluster, mirror: &Mirror, subject: &Subject) -> Detail {
    match subject {
        Subject::Object { kind, key } => of_object(cluster, mirror, *kind, key),
        Subject::Component(actor) => component::of(cluster, mirror, actor),
    }
}

fn of_object(cluster: &Cluster, mirror: &Mirror, kind: Kind, key: &Key) -> Detail {
    let mut detail = blank(Subject::Object {
        kind,
        key: key.clone(),
    });
    detail.events = events(mirror, kind, key);
    let Some(object) = actions::look(cluster, kind, key) else {
        detail.gone = true;
        detail.headline = format!("{} {key} is gone.", kind.info().kind);
        return detail;
    };
    let mut json = object.to_json();
    // As kubectl shows objects.
    if let Some(serde_json::Value::Object(metadata)) = json.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    detail.conditions = conditions(&json);
    detail.yaml = serde_yaml::to_string(&json).unwrap_or_default();
    match &object {
        Object::Pod(pod) => pod::write(cluster, mirror, pod, &mut detail),
        Object::Node(node) => node::write(cluster, mirror, node, &mut detail),
        Object::Deployment(deployment) => {
            workload::write_deployment(mirror, deployment, &mut detail)
        }
        Object::ReplicaSet(set) => workload::write_replica_set(mirror, set, &mut detail),
        Object::Service(service) => service::write(cluster, mirror, service, &mut detail),
        other => {
            let info = other.kind().info();
            detail.headline = format!("{} {key}", info.kind);
            if !info.simulated {
                detail.headline += ": stored, but no controller acts on it here.";
            }
        }
    }
    detail
}

fn blank(subject: Subject) -> Detail {
    Detail {
        subject,
        gone: false,
        headline: String::new(),
        facts: Vec::new(),
        why: Vec::new(),
        conditions: Vec::new(),
        events: Vec::new(),
        decision: None,
        yaml: String::new(),
        texts: Vec::new(),
        related: Vec::new(),
    }
}

/// The events about an object, the latest first; of one second, the one that was
/// written last.
fn events(mirror: &Mirror, kind: Kind, key: &Key) -> Vec<EventView> {
    let about = mirror.events.regarding(kind.info().kind, key);
    let mut events: Vec<(EventView, u64)> = about
        .map(|event| (view::event(event), revision(event)))
        .collect();
    events.order_by_key(|(event, revision)| std::cmp::Reverse((event.at, *revision)));
    events.truncate(EVENTS_MAX);
    events.into_iter().map(|(event, _)| event).collect()
}

fn revision(event: &Event) -> u64 {
    let version = event.metadata.resource_version.as_deref();
    version
        .and_then(|version| version.parse().ok())
        .unwrap_or(0)
}

fn conditions(json: &Value) -> Vec<ConditionView> {
    let list = json["status"]["conditions"].as_array();
    let text =
        |condition: &Value, field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    list.into_iter()
        .flatten()
        .map(|condition| ConditionView {
            name: text(condition, "type"),
            status: text(condition, "status"),
            reason: text(condition, "reason"),
            message: text(condition, "message"),
            since: condition["lastTransitionTime"]
                .as_str()
                .and_then(|time| time.parse().ok())
                .map(Instant::from_timestamp),
        })
        .collect()
}

/// Adds a fact, unless there is nothing to tell.
fn fact(detail: &mut Detail, name: &str, value: impl Into<String>) {
    let value = value.into();
    if !value.is_empty() {
        detail.facts.push((name.to_owned(), value));
    }
}

fn object(kind: Kind, key: Key) -> Subject {
    Subject::Object { kind, key }
}

/// `app=web,tier=front`.
fn pairs<'a>(map: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    map.into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::super::Session;
    use super::super::protocol::Subject;
    use crate::api::{Key, Kind};
    use crate::cluster::ClusterSpec;
    use crate::sim::SECOND;

    const WEB: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: "nginx:1.29"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web2}
spec: {containers: [{name: web, image: "nginx:1.29"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web2}
spec: {selector: {app: web}, ports: [{port: 80}]}
"#;

    fn detail(session: &mut Session, kind: Kind) -> super::Detail {
        session.mirror.observe(&mut session.cluster);
        let key = Key::new("default", "web");
        super::of(
            &session.cluster,
            &session.mirror,
            &Subject::Object { kind, key },
        )
    }

    fn played() -> Session {
        let mut session = Session::new(ClusterSpec::default());
        super::actions::apply(&mut session.cluster, WEB);
        let until = session.cluster.now() + 60 * SECOND;
        session.cluster.advance(until, u32::MAX);
        session
    }

    #[test]
    fn a_pods_events_are_its_own_and_the_latest_comes_first() {
        let detail = detail(&mut played(), Kind::Pod);
        let reasons: Vec<&str> = detail.events.iter().map(|event| &*event.reason).collect();
        assert_eq!(
            reasons,
            ["Started", "Created", "Pulled", "Pulling", "Scheduled"]
        );
        assert!(detail.events.iter().all(|event| &*event.key.name == "web"));
    }

    #[test]
    fn a_services_rules_are_those_that_name_it() {
        let detail = detail(&mut played(), Kind::Service);
        let rules = detail
            .texts
            .iter()
            .find(|(title, _)| title == "Rules of kube-proxy");
        let rules: Vec<&str> = rules
            .map(|(_, text)| text.lines().collect())
            .unwrap_or_default();
        assert!(
            rules.iter().all(|line| line.contains("\"default/web")),
            "{rules:#?}"
        );
        assert!(
            rules.iter().all(|line| !line.contains("default/web2")),
            "{rules:#?}"
        );
        let chains: Vec<&str> = rules
            .iter()
            .filter_map(|line| line.strip_prefix("-A ")?.split([' ', '-']).nth(1))
            .collect();
        assert_eq!(
            chains,
            ["SEP", "SEP", "SERVICES", "SVC", "SVC"],
            "{rules:#?}"
        );
    }
}
