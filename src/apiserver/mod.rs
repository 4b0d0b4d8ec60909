//! The one door. Everything is a [`Request`]; everything that changes the store
//! passes [`ApiServer::handle`]: admission, defaulting, validation, storage; and
//! every change goes out to the watchers.
//!
//! **Invariant:** nothing outside this folder writes to [`Etcd`].

mod admission;
mod bind;
mod create;
pub mod defaulting;
mod delete;
mod events;
mod fields;
pub mod http;
mod namespaces;
mod patch;
mod qos;
mod read;
mod refuse;
mod request;
mod scale;
mod services;
mod storage;
mod strategy;
mod update;
pub mod validation;
mod warnings;
mod watch;

pub use request::{
    Body, DeleteOptions, Options, PatchType, Propagation, Reply, Request, Response, Subresource,
    Target,
};
pub use watch::{Selection, WatchEvent, WatcherId};

use crate::etcd::Etcd;
use crate::sim::{Actor, Cause, Instant, Sim};

/// What wakes the API server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Remove events older than `--event-ttl` (one hour).
    ExpireEvents,
}

/// Where it listens (`--advertise-address`, `--secure-port`).
pub const ADDRESS: &str = "172.18.0.2:6443";

/// kube-apiserver with its store.
#[derive(Clone, Debug, Default)]
pub struct ApiServer {
    /// Its process is gone, or that of etcd: nobody listens at [`ADDRESS`].
    down: bool,
    etcd: Etcd,
    watches: watch::Hub,
    services: services::Allocators,
    event_lease: events::LeaseManager,
}

impl ApiServer {
    /// A server with an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The store, to look at.
    pub fn etcd(&self) -> &Etcd {
        &self.etcd
    }

    /// Whether its process, and that of its store, run.
    pub fn set_serving(&mut self, serving: bool) {
        self.down = !serving;
    }

    /// Whether it answers. Watchers hear nothing while it does not.
    pub fn is_serving(&self) -> bool {
        !self.down
    }

    /// Answers a request. The call is written to the trace, and its record is
    /// the cause of whatever watchers do about it.
    pub fn handle(&mut self, sim: &mut Sim, cause: Cause, request: Request) -> Response {
        if self.down {
            return refuse::refuse(sim, cause, request, self.etcd.revision());
        }
        self.expire(sim.now);
        storage::handle(self, sim, cause, request)
    }

    /// When [`ApiServer::on_timer`] next has something to do. Nobody needs to
    /// call it for correct answers: every request looks at the clock first. It
    /// only lets watchers hear of expired events while nothing else happens.
    pub fn next_timer(&self) -> Option<(Instant, Timer)> {
        let at = self.etcd.next_expiry()?;
        Some((at, Timer::ExpireEvents))
    }

    /// Does what a timer was set for.
    pub fn on_timer(&mut self, sim: &mut Sim, timer: Timer) {
        match timer {
            Timer::ExpireEvents => self.expire(sim.now),
        }
    }

    /// Begins a watch: all that is selected now comes as `ADDED` first, then
    /// every change, in order and without gaps.
    pub fn watch(&mut self, owner: Actor, selection: Selection) -> WatcherId {
        self.watches.add(&self.etcd, owner, selection)
    }

    /// Ends a watch.
    pub fn unwatch(&mut self, watcher: WatcherId) {
        self.watches.remove(watcher);
    }

    /// Ends every watch of `owner`: its machine lost power.
    pub fn unwatch_all(&mut self, owner: &Actor) {
        self.watches.remove_all(owner);
    }

    /// Takes what waits for a watcher.
    pub fn take_events(&mut self, watcher: WatcherId) -> Vec<WatchEvent> {
        self.watches.take(watcher)
    }

    /// The watchers that got something since the last call. Whoever wires the
    /// components together brings it to them after the way it takes.
    pub fn take_woken(&mut self) -> Vec<WatcherId> {
        self.watches.take_woken()
    }

    /// Who holds a watch.
    pub fn watch_owner(&self, watcher: WatcherId) -> Option<&Actor> {
        self.watches.owner(watcher)
    }
}

#[cfg(test)]
mod tests;
