//! Watches over a connection.

use super::body::{self, Body, Outbox};
use super::engine::Engine;
use super::follow::{Follow, Next};
use crate::apiserver::WatcherId;
use crate::apiserver::http::Watch;
use crate::cluster::Cluster;
use std::time::Duration;

/// Watches end by themselves after this, as upstream's do after
/// `--min-request-timeout` (1800 s) and a random while.
const WATCH_MAX: Duration = Duration::from_secs(3600);
/// How often a client that wants bookmarks gets one, in virtual time.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

struct Watcher {
    watch: Watch,
    id: WatcherId,
    outbox: Outbox,
    bookmark_at: crate::sim::Instant,
}

impl Follow for Watcher {
    fn follow(&mut self, cluster: &mut Cluster) -> Next {
        // The watch only wakes: the lines come from the history.
        cluster.observed(self.id);
        let (text, end) = match self.watch.lines(cluster.api()) {
            Ok(text) => (text, false),
            Err(last) => (last, true),
        };
        let mut text = text;
        if cluster.now() >= self.bookmark_at {
            self.bookmark_at = cluster.now() + BOOKMARK_EVERY;
            text.push_str(&self.watch.progress().unwrap_or_default());
        }
        match self.outbox.send(text) {
            Ok(()) if !end => Next::Stay,
            _ => Next::End,
        }
    }

    fn wakes(&self) -> Option<WatcherId> {
        Some(self.id)
    }

    fn is_deserted(&self) -> bool {
        self.outbox.is_closed()
    }

    fn end(&mut self, cluster: &mut Cluster) {
        cluster.unfollow(self.id);
    }
}

/// Begins a watch; its body goes on until the client hangs up, is too slow, or its
/// time is over.
pub(super) fn begin(engine: &mut Engine, mut watch: Watch) -> Body {
    let limit = watch.timeout_seconds.map(Duration::from_secs);
    let (outbox, body) = body::stream(Some(limit.unwrap_or(WATCH_MAX).min(WATCH_MAX)));
    match watch.first(engine.cluster.api()) {
        Ok(text) => {
            // A new queue takes a first piece of any length.
            let _new = outbox.send(text);
        }
        Err(last) => {
            let _new = outbox.send(last);
            return body;
        }
    }
    let id = engine.cluster.follow(watch.selection());
    let bookmark_at = engine.cluster.now() + BOOKMARK_EVERY;
    engine.keep(Box::new(Watcher {
        watch,
        id,
        outbox,
        bookmark_at,
    }));
    body
}
