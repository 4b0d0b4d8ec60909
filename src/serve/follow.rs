//! What follows the cluster for a connection: watches, logs, commands that run.

use crate::apiserver::WatcherId;
use crate::cluster::Cluster;
use crate::sim::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// Whether a follower goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Stay,
    End,
}

/// Something that brings news of the cluster to a connection. It never waits for
/// that.
pub(super) trait Follow: Send {
    /// Brings what is new. Called whenever there may be something.
    fn follow(&mut self, cluster: &mut Cluster) -> Next;

    /// The watch that tells when there is something; none: look each time.
    fn wakes(&self) -> Option<WatcherId> {
        None
    }

    /// Whether nobody listens any more.
    fn is_deserted(&self) -> bool;

    /// Puts back what it holds.
    fn end(&mut self, _cluster: &mut Cluster) {}
}

/// All that follow.
#[derive(Default)]
pub(super) struct Followers {
    by_watch: BTreeMap<WatcherId, Box<dyn Follow>>,
    others: Vec<Box<dyn Follow>>,
    swept: Instant,
}

/// So often watches are looked at that have no news: some are deserted, some end
/// or get a bookmark by time.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

impl Followers {
    pub(super) fn add(&mut self, follower: Box<dyn Follow>) {
        match follower.wakes() {
            Some(watch) => drop(self.by_watch.insert(watch, follower)),
            None => self.others.push(follower),
        }
    }

    /// Lets everyone who may have news bring it.
    pub(super) fn serve(&mut self, cluster: &mut Cluster) {
        if !cluster.api().is_serving() {
            // Every connection went with the API server's process.
            return self.end(cluster);
        }
        for watch in cluster.take_observers_with_news() {
            let Some(follower) = self.by_watch.get_mut(&watch) else {
                continue;
            };
            if follower.follow(cluster) == Next::End {
                follower.end(cluster);
                self.by_watch.remove(&watch);
            }
        }
        self.others.retain_mut(|follower| {
            let stays = !follower.is_deserted() && follower.follow(cluster) == Next::Stay;
            if !stays {
                follower.end(cluster);
            }
            stays
        });
        if cluster.now().since(self.swept) >= SWEEP_EVERY {
            self.swept = cluster.now();
            self.sweep(cluster);
        }
    }

    /// Ends all of them.
    fn end(&mut self, cluster: &mut Cluster) {
        let Followers {
            by_watch, others, ..
        } = std::mem::take(self);
        for mut follower in by_watch.into_values().chain(others) {
            follower.end(cluster);
        }
    }

    fn sweep(&mut self, cluster: &mut Cluster) {
        self.by_watch.retain(|_, follower| {
            let stays = !follower.is_deserted() && follower.follow(cluster) == Next::Stay;
            if !stays {
                follower.end(cluster);
            }
            stays
        });
    }
}
