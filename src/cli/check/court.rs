//! The API server that judges documents: of a cluster in which nothing runs.

use super::Verdict;
use crate::api::{Key, Kind, Status};
use crate::apiserver::http::Answer;
use crate::apiserver::{Body, Request};
use crate::cluster::{Cluster, ClusterSpec};
use crate::manifest::Document;
use crate::sim::Actor;
use crate::sim::trace::Verb;
use serde_json::json;
use std::collections::BTreeSet;

/// Where kubectl names the file.
pub(super) const FROM: &str = "from \"STDIN\"";

/// What the court says.
pub(super) struct Ruling {
    pub verdict: Verdict,
    pub code: i32,
    pub status: Option<Status>,
    pub warnings: Vec<String>,
}

/// A cluster in which nothing runs, to ask its server.
pub(super) struct Court {
    cluster: Cluster,
    furnished: BTreeSet<String>,
}

impl Court {
    pub(super) fn new() -> Court {
        let spec = ClusterSpec {
            nodes: 0,
            ..ClusterSpec::default()
        };
        let mut court = Court {
            cluster: Cluster::new(spec),
            furnished: BTreeSet::new(),
        };
        for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            court.furnish(namespace);
        }
        court
    }

    /// Makes a namespace with what controllers put into it.
    pub(super) fn furnish(&mut self, namespace: &str) {
        if namespace.is_empty() || !self.furnished.insert(namespace.to_owned()) {
            return;
        }
        self.create(Kind::Namespace, "", namespace);
        self.create(Kind::ServiceAccount, namespace, "default");
    }

    fn create(&mut self, kind: Kind, namespace: &str, name: &str) {
        let object = json!({ "metadata": { "name": name } });
        let request = Request::new(Actor::User, Verb::Create, kind, Key::new(namespace, ""))
            .body(Body::Json(object));
        // What is there already is as good, and a bad name is refused later on.
        let _refused = self.cluster.request(request);
    }

    /// What the server says to a document.
    pub(super) fn rule(&mut self, document: &Document) -> Ruling {
        let (version, kind) = (&document.api_version, &document.kind);
        if version.is_empty() || kind.is_empty() || !document.value.is_object() {
            let missing = match (version.is_empty(), kind.is_empty()) {
                (true, true) => "[apiVersion not set, kind not set]",
                (true, false) => "apiVersion not set",
                _ => "kind not set",
            };
            let message = format!(
                "error validating data: {missing}; if you choose to ignore these errors, turn validation off with --validate=false"
            );
            return refusal(Verdict::Unparsable, message);
        }
        let Some(known) = Kind::from_api_version(version, kind) else {
            let message = format!(
                "error: resource mapping not found for name: {:?} namespace: {:?} {FROM}: no matches for kind {kind:?} in version {version:?}\nensure CRDs are installed first",
                document.name, document.namespace,
            );
            return refusal(Verdict::UnknownKind, message);
        };
        self.post(known, document)
    }

    fn post(&mut self, kind: Kind, document: &Document) -> Ruling {
        let root = match version_path(&document.api_version) {
            (true, path) => format!("/api/{path}"),
            (false, path) => format!("/apis/{path}"),
        };
        let place = match (kind.info().namespaced, document.namespace.as_str()) {
            (false, _) => String::new(),
            (true, "") => "/namespaces/default".to_owned(),
            (true, namespace) => format!("/namespaces/{namespace}"),
        };
        let path = format!(
            "{root}{place}/{}?dryRun=All&fieldManager=kubectl-create&fieldValidation=Strict",
            kind.info().plural
        );
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let body = document.value.to_string();
        let answer = self.cluster.http("POST", &path, &headers, body.as_bytes());
        let Answer::Whole(answer) = answer else {
            return refusal(Verdict::Rejected, String::new());
        };
        let warnings = answer.headers.iter().filter(|(name, _)| name == "Warning");
        let accepted = answer.status < 300;
        Ruling {
            verdict: match accepted {
                true => Verdict::Accepted,
                false => Verdict::Rejected,
            },
            code: i32::from(answer.status),
            status: match accepted {
                true => None,
                false => serde_json::from_str(&answer.body).ok(),
            },
            warnings: warnings.map(|(_, value)| warning_text(value)).collect(),
        }
    }
}

fn refusal(verdict: Verdict, message: String) -> Ruling {
    Ruling {
        verdict,
        code: 0,
        status: Some(Status {
            message: Some(message),
            ..Status::default()
        }),
        warnings: Vec::new(),
    }
}

/// Whether a version is of the core group.
fn version_path(api_version: &str) -> (bool, &str) {
    (!api_version.contains('/'), api_version)
}

/// The text in `299 - "text"`.
fn warning_text(header: &str) -> String {
    let quoted = header.split_once('"').map_or(header, |(_, rest)| rest);
    let inner = quoted.strip_suffix('"').unwrap_or(quoted);
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}
