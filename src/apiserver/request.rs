//! Requests and answers, typed. The text forms (HTTP paths, query strings, JSON
//! bodies) are read into these and written from these elsewhere.

use crate::api::decode::Written;
use crate::api::status::ApiError;
use crate::api::{Key, Kind, Name, Object, Resource};
use crate::sim::Actor;
use crate::sim::trace::Verb;
use serde_json::Value;
use std::sync::Arc;

/// A part of an object with rules of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subresource {
    /// The object itself.
    #[default]
    None,
    /// `/status`: only the status is written, and only its writer may.
    Status,
    /// `/scale`: replicas behind one interface.
    Scale,
    /// `/binding`: gives a pod its node.
    Binding,
    /// `/eviction`: deletes a pod where its disruption budgets allow.
    Eviction,
    /// `/finalize`: the finalizers of a namespace.
    Finalize,
    /// `/ephemeralcontainers`: what is added to a pod to debug it.
    EphemeralContainers,
    /// `/resize`: what the containers of a pod may use.
    Resize,
    /// `/approval`: the conditions of a CertificateSigningRequest.
    Approval,
    /// `/token`: a token of a ServiceAccount.
    Token,
}

impl Subresource {
    /// Its name in paths; empty for the object itself.
    pub fn name(self) -> &'static str {
        match self {
            Subresource::None => "",
            Subresource::Status => "status",
            Subresource::Scale => "scale",
            Subresource::Binding => "binding",
            Subresource::Eviction => "eviction",
            Subresource::Finalize => "finalize",
            Subresource::EphemeralContainers => "ephemeralcontainers",
            Subresource::Resize => "resize",
            Subresource::Approval => "approval",
            Subresource::Token => "token",
        }
    }

    /// Whether it shows and writes the whole object, in part.
    pub fn is_view(self) -> bool {
        matches!(
            self,
            Subresource::None
                | Subresource::Status
                | Subresource::EphemeralContainers
                | Subresource::Resize
                | Subresource::Approval
        )
    }
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Kind.
    pub kind: Kind,
    /// Namespace and name; the name is empty for collections and creation, the
    /// namespace for cluster-scoped kinds and lists over all namespaces.
    pub key: Key,
    /// Subresource.
    pub subresource: Subresource,
}

/// How the JSON of a patch is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// `application/json-patch+json` (RFC 6902).
    Json,
    /// `application/merge-patch+json` (RFC 7386).
    Merge,
    /// `application/strategic-merge-patch+json`.
    Strategic,
    /// `application/apply-patch+yaml`.
    Apply,
}

/// What becomes of dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They stay, without their owner.
    Orphan,
    /// They are collected afterwards.
    Background,
    /// They go first.
    Foreground,
}

/// `DeleteOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds until a pod is killed; the object's own where absent.
    pub grace_period_seconds: Option<i64>,
    /// What becomes of dependents; the kind's default where absent.
    pub propagation: Option<Propagation>,
    /// Delete only the object with this uid.
    pub uid: Option<String>,
    /// Delete only this version of the object.
    pub resource_version: Option<String>,
}

/// What a request carries.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A typed object, as components send it.
    Object(Object),
    /// JSON, as kubectl and the editor send it.
    Json(Value),
    /// A patch.
    Patch(PatchType, Value),
    /// Options of a deletion.
    Delete(DeleteOptions),
    /// The node of a `/binding`.
    Binding(Name),
    /// The replicas of a `/scale`.
    Scale(i32),
}

pub use super::versions::Version;

/// What a query string asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Label selector in its text form, or empty.
    pub label_selector: String,
    /// Field selector in its text form, or empty.
    pub field_selector: String,
    /// Do everything but write.
    pub dry_run: bool,
    /// Refuse (`Strict`), name (`Warn`) or drop (`Ignore`) unknown fields.
    pub field_validation: String,
    /// Who manages the fields.
    pub field_manager: String,
    /// How the body is written.
    pub written: Written,
    /// Whether an apply takes fields from others, where the caller said so.
    pub force: Option<bool>,
    /// Items a page, or 0.
    pub limit: u64,
    /// Where the last page ended, or empty.
    pub continue_token: String,
    /// Revision asked for, or empty.
    pub resource_version: String,
    /// `Exact`, `NotOlderThan`, or empty.
    pub resource_version_match: String,
    /// Whether a watch begins with what is there (`sendInitialEvents`).
    pub send_initial_events: Option<bool>,
    /// Whether a watch may be told how far the server is (`BOOKMARK`).
    pub allow_bookmarks: bool,
    /// When a watch ends, in seconds.
    pub timeout_seconds: Option<u64>,
    /// The version that the body is of and the answer is to be of, where it is
    /// not the stored one (`autoscaling/v1`, `events.k8s.io/v1`).
    pub version: Version,
}

/// A request to the API server.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub caller: Actor,
    /// What to do.
    pub verb: Verb,
    /// With what.
    pub target: Target,
    /// How.
    pub options: Options,
    /// With which content.
    pub body: Body,
}

impl Request {
    /// A request without options or body.
    pub fn new(caller: Actor, verb: Verb, kind: Kind, key: Key) -> Self {
        let target = Target {
            kind,
            key,
            subresource: Subresource::None,
        };
        Request {
            caller,
            verb,
            target,
            options: Options::default(),
            body: Body::Empty,
        }
    }

    /// The same about a subresource.
    pub fn subresource(mut self, subresource: Subresource) -> Self {
        self.target.subresource = subresource;
        self
    }

    /// The same with a body.
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}

/// An answer that is not an error.
#[derive(Clone, Debug)]
pub enum Reply {
    /// One object; `created` answers 201 instead of 200.
    Object {
        /// The object as it is stored now.
        object: Object,
        /// Whether this call made it.
        created: bool,
        /// Warnings for the user (`Warning:` headers).
        warnings: Vec<String>,
    },
    /// A collection.
    List {
        /// Its kind.
        kind: Kind,
        /// The objects by key.
        items: Vec<Object>,
        /// The revision that the list shows.
        revision: u64,
        /// Where the next page begins, or empty.
        continue_token: String,
        /// How many objects the next pages have, where that is known.
        remaining: Option<u64>,
    },
    /// The scale of a workload.
    Scale {
        /// The workload.
        object: Object,
        /// `spec.replicas`.
        replicas: i32,
        /// `status.replicas`.
        current: i32,
        /// `status.selector`, as text.
        selector: String,
    },
    /// Done, nothing to show (`Status` Success), as after deletions.
    Done {
        /// The object that is gone.
        object: Object,
        /// Warnings for the user.
        warnings: Vec<String>,
    },
    /// An answer that is no object: a review, a token.
    Made {
        /// It, as JSON.
        value: Value,
    },
}

/// The answer to a request.
pub type Response = Result<Reply, ApiError>;

impl Reply {
    /// The typed object in the answer.
    pub fn object<K: Resource>(&self) -> Option<Arc<K>> {
        match self {
            Reply::Object { object, .. } | Reply::Done { object, .. } => K::unwrap(object).cloned(),
            _ => None,
        }
    }

    /// HTTP status code.
    pub fn code(&self) -> u16 {
        match self {
            Reply::Object { created: true, .. } | Reply::Made { .. } => 201,
            _ => 200,
        }
    }
}
