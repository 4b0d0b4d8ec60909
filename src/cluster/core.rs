//! What every step needs: physics, queue, and the door.

use super::event::Event;
use crate::apiserver::{ApiServer, WatchEvent, WatcherId};
use crate::client::Ctx;
use crate::sim::trace::What;
use crate::sim::{Actor, Cause, MILLISECOND, Queue, Sim};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a change takes from the API server to a watcher.
const WATCH_DELIVERY: Duration = MILLISECOND;

#[derive(Clone, Debug)]
pub(super) struct Core {
    pub sim: Sim,
    pub queue: Queue<Event>,
    pub api: ApiServer,
    /// Watchers with a delivery under way, so that each has one at most.
    delivering: BTreeSet<WatcherId>,
    /// Watches of a listener, which asks which of them have news.
    pub followed: BTreeSet<WatcherId>,
    /// Those of them that have.
    pub with_news: BTreeSet<WatcherId>,
}

impl Core {
    pub(super) fn new(seed: u64) -> Self {
        Core {
            sim: Sim::new(seed),
            queue: Queue::default(),
            api: ApiServer::new(),
            delivering: BTreeSet::new(),
            followed: BTreeSet::new(),
            with_news: BTreeSet::new(),
        }
    }

    /// Steps a component and queues the timers that it set.
    pub(super) fn step<T>(
        &mut self,
        actor: Actor,
        cause: Cause,
        lift: impl Fn(T) -> Event,
        step: impl FnOnce(&mut Ctx<'_, T>),
    ) {
        let mut ctx = Ctx::new(&mut self.sim, &mut self.api, actor, cause);
        step(&mut ctx);
        for (at, cause, timer) in ctx.into_timers() {
            self.queue.push(at, cause, lift(timer));
        }
    }

    /// Sends a delivery to every component that has something to hear. Observers
    /// come and take theirs.
    pub(super) fn send_deliveries(&mut self) {
        if !self.api.is_serving() {
            return;
        }
        for watcher in self.api.take_woken() {
            if self.followed.contains(&watcher) {
                self.with_news.insert(watcher);
                continue;
            }
            let observer = matches!(self.api.watch_owner(watcher), None | Some(Actor::User));
            if !observer && self.delivering.insert(watcher) {
                self.queue
                    .push(self.sim.now + WATCH_DELIVERY, None, Event::Deliver(watcher));
            }
        }
    }

    /// Takes what waits for a watcher; the delivery is written to the trace,
    /// caused by the call that made its first change.
    pub(super) fn take_delivery(
        &mut self,
        watcher: WatcherId,
    ) -> Option<(Actor, Cause, Vec<WatchEvent>)> {
        self.delivering.remove(&watcher);
        let owner = self.api.watch_owner(watcher)?.clone();
        let events = self.api.take_events(watcher);
        let first = events.first()?;
        let key = first.object.key();
        let what = What::Delivered {
            change: first.change,
            resource: first.object.kind().info().plural.into(),
            namespace: key.namespace,
            name: key.name,
            revision: first.revision,
            more: (events.len() - 1) as u32,
        };
        let record = self
            .sim
            .trace
            .push(self.sim.now, first.cause, owner.clone(), what);
        Some((owner, Some(record), events))
    }
}
