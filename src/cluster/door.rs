//! What a listener does with a cluster: HTTP in its text form, and watches whose
//! events are fetched when there are any.

use super::Cluster;
use crate::apiserver::http::{self, Headers, HttpResponse};
use crate::apiserver::{Selection, WatcherId};
use crate::network::{Reached, Send};
use crate::sim::Actor;
use crate::sim::trace::Journey;
use std::sync::Arc;

impl Cluster {
    /// Answers an HTTP request from outside.
    pub fn http(
        &mut self,
        method: &str,
        path_and_query: &str,
        headers: Headers<'_>,
        body: &[u8],
    ) -> HttpResponse {
        let core = &mut self.core;
        let answer = http::serve(
            &mut core.api,
            &mut core.sim,
            None,
            method,
            path_and_query,
            headers,
            body,
        );
        core.send_deliveries();
        answer
    }

    /// Begins a watch as [`Cluster::observe`] does, of whose news
    /// [`Cluster::take_observers_with_news`] tells.
    pub fn follow(&mut self, selection: Selection) -> WatcherId {
        let watcher = self.core.api.watch(Actor::User, selection);
        self.core.followed.insert(watcher);
        watcher
    }

    /// Ends a watch of an observer.
    pub fn unfollow(&mut self, watcher: WatcherId) {
        self.core.followed.remove(&watcher);
        self.core.with_news.remove(&watcher);
        self.core.api.unwatch(watcher);
    }

    /// The followed watches that have got something since the last call.
    pub fn take_observers_with_news(&mut self) -> Vec<WatcherId> {
        self.core.send_deliveries();
        std::mem::take(&mut self.core.with_news)
            .into_iter()
            .collect()
    }

    /// Sends a packet; answers with its whole way, and with what the sender heard.
    pub fn fetch(&mut self, send: Send) -> (Arc<Journey>, Option<Reached>) {
        self.network
            .fetch(&mut self.core.sim, None, send, &self.dns)
    }
}
