//! Watches over a connection.

use super::body::{self, Body, Outbox};
use super::engine::Engine;
use super::follow::{Follow, Next};
use crate::apiserver::WatcherId;
use crate::apiserver::http::WatchStream;
use crate::cluster::Cluster;

struct Watcher {
    /// Until it is closed.
    stream: Option<WatchStream>,
    outbox: Outbox,
}

impl Follow for Watcher {
    fn follow(&mut self, cluster: &mut Cluster) -> Next {
        let Some(stream) = &mut self.stream else {
            return Next::End;
        };
        let lines = cluster.poll(stream);
        match self.outbox.send(text(&lines)) {
            Ok(()) if !stream.is_over() => Next::Stay,
            _ => Next::End,
        }
    }

    fn wakes(&self) -> Option<WatcherId> {
        self.stream.as_ref()?.watcher()
    }

    fn is_deserted(&self) -> bool {
        self.outbox.is_closed()
    }

    fn end(&mut self, cluster: &mut Cluster) {
        if let Some(stream) = self.stream.take() {
            stream
                .watcher()
                .into_iter()
                .for_each(|id| cluster.unfollow(id));
            cluster.close(stream);
        }
    }
}

fn text(lines: &[String]) -> String {
    lines
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect()
}

/// Keeps a watch; its body goes on until the client hangs up, is too slow, or its
/// time is over.
pub(super) fn begin(engine: &mut Engine, stream: WatchStream) -> Body {
    let (outbox, body) = body::stream();
    if let Some(id) = stream.watcher() {
        engine.cluster.follow(id);
    }
    engine.keep(Box::new(Watcher {
        stream: Some(stream),
        outbox,
    }));
    body
}
