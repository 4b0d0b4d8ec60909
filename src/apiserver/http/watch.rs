//! Watches as streams of JSON lines.
//!
//! Whoever holds the connection writes [`Watch::first`], watches what
//! [`Watch::selection`] says, and writes [`Watch::lines`] whenever there is news.

use super::Unserved;
use super::query::Query;
use crate::api::Object;
use crate::api::status::{self, ApiError};
use crate::apiserver::read::Filter;
use crate::apiserver::{ApiServer, Request, Selection};
use crate::etcd::{StoreError, Write};
use crate::sim::trace::Verb;
use serde_json::{Value, json};

/// A watch on its way over a connection.
pub struct Watch {
    selection: Selection,
    filter: Filter,
    begin: Begin,
    bookmarks: bool,
    /// The revision up to which the client knows everything.
    revision: u64,
    /// Seconds after which the server ends the watch, where the client said so.
    pub timeout_seconds: Option<u64>,
}

/// What a watch begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// Everything that is there, as `ADDED`.
    State,
    /// The same, and a bookmark that tells where it ends.
    StateAndBookmark,
    /// What was written after this revision.
    After(u64),
}

impl Watch {
    /// Reads a request for a watch. None where it asks for something else.
    pub fn open(
        api: &ApiServer,
        request: &Request,
        query: &str,
    ) -> Option<Result<Watch, Unserved>> {
        let is_watch = request.verb == Verb::Watch;
        is_watch.then(|| Watch::read(api, request, query).map_err(Unserved::Status))
    }

    fn read(api: &ApiServer, request: &Request, query: &str) -> Result<Watch, ApiError> {
        let query = Query::parse(query);
        let filter = Filter::of(request.target.kind, &request.options)?;
        let text = |key: &str| query.get(key).unwrap_or_default().to_owned();
        let revision = text("resourceVersion");
        let begin = match revision.as_str() {
            _ if query.flag("sendInitialEvents") => Begin::StateAndBookmark,
            "" | "0" => Begin::State,
            number => Begin::After(number.parse().map_err(|_| {
                status::bad_request(format!(
                    "Invalid value: {number:?}: strconv.ParseUint: parsing {number:?}: invalid syntax"
                ))
            })?),
        };
        let key = &request.target.key;
        let named = |text: &str| Some(text).filter(|text| !text.is_empty()).map(Into::into);
        Ok(Watch {
            selection: Selection {
                namespace: named(&key.namespace),
                name: named(&key.name),
                ..Selection::all(request.target.kind)
            },
            filter,
            begin,
            bookmarks: query.flag("allowWatchBookmarks"),
            revision: api.etcd().revision(),
            timeout_seconds: query
                .integer("timeoutSeconds")?
                .and_then(|seconds| u64::try_from(seconds).ok())
                .filter(|seconds| *seconds > 0),
        })
    }

    /// What is to be watched.
    pub fn selection(&self) -> Selection {
        self.selection.clone()
    }

    /// The lines to begin with. The error is the last line of a watch that cannot
    /// begin where it was asked to.
    pub fn first(&mut self, api: &ApiServer) -> Result<String, String> {
        if let Begin::After(revision) = self.begin {
            self.revision = revision;
            return self.lines(api);
        }
        let Selection {
            kind, namespace, ..
        } = &self.selection;
        let present = api.etcd().range(*kind, namespace.as_deref());
        let mut text: String = present
            .map(|(_, entry)| &entry.object)
            .filter(|object| self.selection.holds(object))
            .map(|object| self.change(None, Some(object), 0))
            .collect();
        self.revision = api.etcd().revision();
        if self.begin == Begin::StateAndBookmark {
            text.push_str(&self.bookmark(true));
        }
        Ok(text)
    }

    /// What was written since the last call. The error is the last line of a
    /// watch that has fallen too far behind.
    pub fn lines(&mut self, api: &ApiServer) -> Result<String, String> {
        let etcd = api.etcd();
        let writes = match etcd.writes_after(self.revision) {
            Ok(writes) => writes,
            // A client that is ahead waits until the store is there, too.
            Err(StoreError::Future) => return Ok(String::new()),
            Err(StoreError::Compacted { oldest }) => return Err(too_old(self.revision, oldest)),
            Err(_) => return Err(too_old(self.revision, etcd.revision())),
        };
        let text = writes.map(|write| self.written(write)).collect();
        self.revision = etcd.revision();
        Ok(text)
    }

    fn written(&self, write: &Write) -> String {
        if write.key.kind != self.selection.kind {
            return String::new();
        }
        let selected = |object: &&Object| self.selection.holds(object);
        let before = write.before.as_ref().filter(selected);
        let after = write.after.as_ref().filter(selected);
        self.change(before, after, write.revision)
    }

    /// A change as somebody with these selectors sees it: an object that begins
    /// to match is added, one that ceases to is deleted.
    fn change(&self, before: Option<&Object>, after: Option<&Object>, revision: u64) -> String {
        let matches = |object: &&Object| self.filter.matches(object);
        let (name, object) = match (before.filter(matches), after.filter(matches)) {
            (None, None) => return String::new(),
            (None, Some(after)) => ("ADDED", after),
            (Some(_), Some(after)) => ("MODIFIED", after),
            (Some(before), None) => ("DELETED", before),
        };
        let mut object = object.to_json();
        if name == "DELETED" {
            object["metadata"]["resourceVersion"] = revision.to_string().into();
        }
        line(name, object)
    }

    /// Tells the client how far it is, where it wants to hear that.
    pub fn progress(&self) -> Option<String> {
        self.bookmarks.then(|| self.bookmark(false))
    }

    fn bookmark(&self, ends_initial_events: bool) -> String {
        let kind = self.selection.kind;
        let mut metadata = json!({ "resourceVersion": self.revision.to_string() });
        if ends_initial_events {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let object = json!({
            "kind": kind.info().kind, "apiVersion": kind.api_version(), "metadata": metadata,
        });
        line("BOOKMARK", object)
    }
}

fn line(name: &str, object: Value) -> String {
    let mut text = json!({ "type": name, "object": object }).to_string();
    text.push('\n');
    text
}

fn too_old(asked: u64, oldest: u64) -> String {
    let object = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("too old resource version: {asked} ({oldest})"),
        "reason": "Expired", "code": 410,
    });
    line("ERROR", object)
}
