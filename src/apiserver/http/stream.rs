//! A watch as lines of JSON.

use super::accept::Form;
use super::render;
use crate::api::Kind;
use crate::api::status::{self, ApiError};
use crate::apiserver::table::Style;
use crate::apiserver::{ApiServer, Options, Selection, Start, Version, WatchEvent, WatcherId};
use crate::etcd::StoreError;
use crate::sim::trace::Change;
use crate::sim::{Actor, Instant};
use serde_json::json;
use std::time::Duration;

/// Bookmarks come about every minute…
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);
/// … and so long before the end (`cacheWatcher.nextBookmarkTime`).
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
/// A watch that names no time ends between half an hour and an hour
/// (`--min-request-timeout`).
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(2700);

/// An open watch. Whoever holds it polls it, and closes it at the end.
#[derive(Clone, Debug)]
pub struct WatchStream {
    watcher: Option<WatcherId>,
    kind: Kind,
    version: Version,
    form: Form,
    ready: Vec<String>,
    until: Instant,
    bookmark_at: Option<Instant>,
    /// The revision that the client knows of.
    known: u64,
    over: bool,
    /// Whether a table's columns were told.
    told_columns: bool,
}

impl WatchStream {
    /// Whether no more lines come.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The watch that wakes whoever polls; none where nothing will ever come.
    pub fn watcher(&self) -> Option<WatcherId> {
        self.watcher
    }

    /// The lines since the last call.
    pub fn poll(&mut self, api: &mut ApiServer, now: Instant) -> Vec<String> {
        self.take(api, now);
        if self.bookmark_at.is_some_and(|at| at <= now) {
            self.bookmark(api, now);
            self.bookmark_at = next_bookmark(now, self.until);
        }
        self.over |= now >= self.until;
        std::mem::take(&mut self.ready)
    }

    /// Ends the watch.
    pub fn close(self, api: &mut ApiServer) {
        if let Some(watcher) = self.watcher {
            api.unwatch(watcher);
        }
    }

    fn take(&mut self, api: &mut ApiServer, now: Instant) {
        let Some(watcher) = self.watcher else { return };
        for event in api.take_events(watcher) {
            self.known = self.known.max(event.revision);
            let line = self.line(&event, now);
            self.ready.push(line);
        }
    }

    /// How a table is written next, where one is wanted.
    fn style(&mut self, now: Instant) -> Option<Style<'_>> {
        let with_columns = !std::mem::replace(&mut self.told_columns, true);
        let style = render::style(&self.form, now)?;
        Some(Style {
            with_columns,
            ..style
        })
    }

    fn line(&mut self, event: &WatchEvent, now: Instant) -> String {
        let change = match event.change {
            Change::Added => "ADDED",
            Change::Modified => "MODIFIED",
            Change::Deleted => "DELETED",
        };
        let (version, form) = (self.version, self.form.clone());
        let object = render::shaped(&event.object, version, &form, self.style(now));
        json!({"type": change, "object": object}).to_string()
    }

    fn bookmark(&mut self, api: &ApiServer, now: Instant) {
        let revision = api.latest_change(self.kind);
        if revision > self.known {
            self.known = revision;
            let line = self.bookmark_line(revision, false, now);
            self.ready.push(line);
        }
    }

    fn bookmark_line(&mut self, revision: u64, initial: bool, now: Instant) -> String {
        let mut metadata = json!({ "resourceVersion": revision.to_string() });
        if initial {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let (kind, version, form) = (self.kind, self.version, self.form.clone());
        let object = render::bookmark(kind, version, &form, self.style(now), metadata);
        json!({"type": "BOOKMARK", "object": object}).to_string()
    }
}

fn next_bookmark(now: Instant, until: Instant) -> Option<Instant> {
    let before_end = Instant(
        until
            .0
            .saturating_sub(BOOKMARK_BEFORE_END.as_nanos() as u64),
    );
    let next = now + BOOKMARK_INTERVAL;
    match before_end > now && before_end < next {
        true => Some(before_end),
        false => Some(next).filter(|next| *next < until),
    }
}

/// Opens a watch; an error where it cannot begin at all.
pub(super) fn open(
    api: &mut ApiServer,
    now: Instant,
    selection: Selection,
    options: &Options,
    form: Form,
) -> Result<WatchStream, ApiError> {
    let timeout = options
        .timeout_seconds
        .map_or(TIMEOUT_DEFAULT, Duration::from_secs);
    let until = now + timeout;
    let mut stream = WatchStream {
        watcher: None,
        kind: selection.kind,
        version: options.version,
        form,
        ready: Vec::new(),
        until,
        bookmark_at: None,
        known: 0,
        over: false,
        told_columns: false,
    };
    if options.allow_bookmarks {
        stream.bookmark_at = next_bookmark(now, until);
    }
    let initial = begin(&mut stream, api, selection, options)?;
    stream.take(api, now);
    if initial && options.allow_bookmarks {
        let revision = api.etcd().revision();
        stream.known = stream.known.max(revision);
        let line = stream.bookmark_line(revision, true, now);
        stream.ready.push(line);
    }
    Ok(stream)
}

/// Begins where the options say. Answers whether the end of the initial events
/// is to be told.
fn begin(
    stream: &mut WatchStream,
    api: &mut ApiServer,
    selection: Selection,
    options: &Options,
) -> Result<bool, ApiError> {
    let text = options.resource_version.as_str();
    let revision = match text {
        "" => 0,
        text => text.parse::<u64>().map_err(|_| invalid_version(text))?,
    };
    let start = match (options.send_initial_events, revision) {
        (Some(true), _) | (None, 0) => Start::Present,
        (Some(false), 0) => Start::After(api.etcd().revision()),
        (_, revision) => Start::After(revision),
    };
    if let Start::After(revision) = start {
        stream.known = revision;
    }
    let told = options.send_initial_events == Some(true)
        || (options.send_initial_events.is_none() && text.is_empty());
    match api.watch_from(Actor::User, selection, start) {
        Ok(watcher) => stream.watcher = Some(watcher),
        // The server waits for a revision that lies ahead.
        Err(StoreError::Future) => {}
        Err(StoreError::Compacted { oldest }) => {
            let why = format!("too old resource version: {revision} ({oldest})");
            let error = render::failure(&status::expired(why));
            stream
                .ready
                .push(json!({"type": "ERROR", "object": error}).to_string());
            stream.over = true;
        }
        Err(_) => {}
    }
    Ok(told)
}

fn invalid_version(text: &str) -> ApiError {
    status::internal(format!(
        "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
    ))
}
