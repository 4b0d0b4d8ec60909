//! The one door. Everything is a [`Request`]; everything that changes the store
//! passes [`ApiServer::handle`]: admission, defaulting, validation, storage; and
//! every change goes out to the watchers.
//!
//! **Invariant:** nothing outside this folder writes to [`Etcd`].

mod admission;
pub(crate) mod apply;
pub(crate) mod base64;
mod bind;
mod compaction;
mod continue_token;
mod create;
pub mod custom;
pub mod defaulting;
mod delete;
mod events;
mod evict;
mod fields;
pub mod http;
mod jobs;
mod list_options;
mod namespaces;
mod patch;
mod pod_parts;
mod qos;
pub mod quota;
mod read;
mod refuse;
mod request;
mod reviews;
mod scale;
mod services;
mod storage;
mod strategy;
mod table;
mod tokens;
mod update;
mod users;
pub mod validation;
mod versions;
mod warnings;
mod watch;

pub use read::Filter;
pub use request::{
    Body, DeleteOptions, Options, PatchType, Propagation, Reply, Request, Response, Subresource,
    Target, Version,
};
pub use strategy::as_created;
pub use users::User;
pub use watch::{Selection, Start, WatchEvent, WatcherId};

use crate::api::status::ApiError;
use crate::etcd::{Etcd, StoreError};
use crate::sim::{Actor, Cause, Instant, Sim};
use std::collections::BTreeMap;

/// What wakes the API server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Remove events older than `--event-ttl` (one hour).
    ExpireEvents,
}

/// Where the control plane's node serves the API.
pub const ADDRESS: &str = "172.18.0.2:6443";

/// kube-apiserver with its store.
#[derive(Clone, Debug, Default)]
pub struct ApiServer {
    /// Its process is gone, or that of etcd: nobody listens at [`ADDRESS`].
    down: bool,
    etcd: Etcd,
    definitions: custom::Definitions,
    watches: watch::Hub,
    services: services::Allocators,
    event_lease: events::LeaseManager,
    compaction: compaction::Compactor,
    config: Config,
    counts: BTreeMap<RequestKind, u64>,
}

/// What `/metrics` tells requests apart by: verb, kind, subresource, code.
pub type RequestKind = (&'static str, crate::api::Kind, &'static str, u16);

/// Flags of kube-apiserver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `--token-auth-file`: users by their tokens. With any, nobody is let in
    /// without one; with none, everybody is the owner of the cluster.
    pub static_tokens: BTreeMap<String, User>,
    /// `--advertise-address` and `--secure-port`; empty for the control plane's
    /// own.
    pub address: String,
}

impl ApiServer {
    /// A server with an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets flags.
    pub fn configure(&mut self, config: Config) {
        self.config = config;
    }

    /// Users by their static tokens.
    pub fn static_tokens(&self) -> &BTreeMap<String, User> {
        &self.config.static_tokens
    }

    /// Where clients reach the server.
    pub fn address(&self) -> &str {
        match self.config.address.as_str() {
            "" => ADDRESS,
            address => address,
        }
    }

    /// How many requests came, by what tells them apart.
    pub fn request_counts(&self) -> &BTreeMap<RequestKind, u64> {
        &self.counts
    }

    /// The store, to look at.
    pub fn etcd(&self) -> &Etcd {
        &self.etcd
    }

    /// The kinds that CustomResourceDefinitions made.
    pub fn definitions(&self) -> &custom::Definitions {
        &self.definitions
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
        self.compaction.compact(&mut self.etcd, sim.now);
        storage::handle(self, sim, cause, request)
    }

    /// Whether a watch may begin as its request asks; what it selects by labels
    /// and fields.
    pub(crate) fn check_watch(
        &mut self,
        sim: &mut Sim,
        cause: Cause,
        request: Request,
    ) -> Result<Option<Filter>, ApiError> {
        self.expire(sim.now);
        storage::check_watch(self, sim, cause, request)
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
        // What is there now is never too old.
        self.watch_from(owner, selection, Start::Present)
            .unwrap_or(WatcherId(u64::MAX))
    }

    /// Begins a watch at a revision, unless that is too old or lies ahead.
    pub fn watch_from(
        &mut self,
        owner: Actor,
        selection: Selection,
        start: Start,
    ) -> Result<WatcherId, StoreError> {
        self.watches.add(&self.etcd, owner, selection, start)
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

    /// The revision of the latest change of a kind, or 0.
    pub fn latest_change(&self, kind: crate::api::Kind) -> u64 {
        self.watches.latest(kind)
    }

    /// Who holds a watch.
    pub fn watch_owner(&self, watcher: WatcherId) -> Option<&Actor> {
        self.watches.owner(watcher)
    }
}

#[cfg(test)]
mod tests;
