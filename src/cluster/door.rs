//! What a listener does with a cluster: it hears which of its watches have news,
//! and fetches pages from pods.

use super::Cluster;
use crate::apiserver::WatcherId;
use crate::network::{Reached, Send};
use crate::sim::trace::Journey;
use std::sync::Arc;

impl Cluster {
    /// Tells of a watch's news from now on ([`Cluster::take_observers_with_news`]).
    pub fn follow(&mut self, watcher: WatcherId) {
        self.core.followed.insert(watcher);
    }

    /// Tells of it no more.
    pub fn unfollow(&mut self, watcher: WatcherId) {
        self.core.followed.remove(&watcher);
        self.core.with_news.remove(&watcher);
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
