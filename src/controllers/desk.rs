//! What every controller is made of: a work queue with delays, an event recorder
//! and one worker that looks at one key at a time.

use super::informers::{Informers, Seen};
use super::labels;
use crate::api::status::ApiError;
use crate::api::{Key, LabelSelector, Object, ObjectMeta, Resource};
use crate::apiserver::WatchEvent;
use crate::client::{Cache, Ctx, EventType, Recorder, WorkQueue};
use crate::sim::trace::What;
use crate::sim::{Actor, Instant, MILLISECOND};
use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::time::Duration;

/// Time that a look at one key takes where nothing is written.
pub(super) const LOOK_COST: Duration = MILLISECOND;
/// Time that one write through the API server takes.
pub(super) const WRITE_COST: Duration = Duration::from_millis(2);

/// What wakes a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<I> {
    /// Look at the next key of the queue.
    Work,
    /// A key whose delay is over joins the queue.
    Add(I),
    /// The controller's own period is over.
    Tick,
}

/// How a sync ended, if well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Synced {
    /// Nothing is left to do for now.
    Done,
    /// It goes on in further steps of work, which may still fail.
    UnderWay,
}

/// The context of one step of a controller with keys `I`.
pub(super) type StepCtx<'a, I> = Ctx<'a, Step<I>>;

/// A controller: watches tell it what to look at, `sync` looks.
pub(super) trait Controller: Clone + Debug {
    /// Upstream's name for it in logs, events and user agents.
    const NAME: &'static str;
    /// Who signs its events, where that differs from its name.
    const EVENT_SOURCE: &'static str = Self::NAME;
    /// What its queue holds.
    type Item: Ord + Clone + Debug;

    /// In whose name it acts.
    fn actor() -> Actor {
        Actor::Controller(Self::NAME.into())
    }

    /// Sets its first timers.
    fn start(&mut self, _desk: &mut Desk<Self::Item>, _ctx: &mut StepCtx<'_, Self::Item>) {}

    /// A change has come into the shared caches; enqueues what it concerns.
    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        informers: &Informers,
        desk: &mut Desk<Self::Item>,
        ctx: &mut StepCtx<'_, Self::Item>,
    );

    /// Compares desired with actual for one key and acts. A key whose sync fails
    /// comes again after a back-off; one that went well is forgiven its failures.
    fn sync(
        &mut self,
        item: &Self::Item,
        informers: &Informers,
        desk: &mut Desk<Self::Item>,
        ctx: &mut StepCtx<'_, Self::Item>,
    ) -> Result<Synced, ApiError>;

    /// Goes on with something that takes several steps of work; answers whether
    /// there was such a thing.
    fn proceed(
        &mut self,
        _informers: &Informers,
        _desk: &mut Desk<Self::Item>,
        _ctx: &mut StepCtx<'_, Self::Item>,
    ) -> bool {
        false
    }

    /// Its period is over.
    fn tick(
        &mut self,
        _informers: &Informers,
        _desk: &mut Desk<Self::Item>,
        _ctx: &mut StepCtx<'_, Self::Item>,
    ) {
    }
}

/// Queue, delays and recorder of one controller.
#[derive(Clone, Debug)]
pub(super) struct Desk<I: Ord + Clone> {
    queue: WorkQueue<I>,
    delayed: BTreeMap<I, Instant>,
    recorder: Recorder,
    /// A Work timer is on its way.
    busy: bool,
    /// Writes of the present step that cost no time: events go out beside the
    /// work.
    aside: u64,
}

impl<I: Ord + Clone + Debug> Desk<I> {
    fn new(source: &str) -> Self {
        Desk {
            queue: WorkQueue::default(),
            delayed: BTreeMap::new(),
            recorder: Recorder::new(source, None),
            busy: false,
            aside: 0,
        }
    }

    /// Enqueues a key, for the present cause.
    pub(super) fn add(&mut self, item: I, ctx: &mut StepCtx<'_, I>) {
        self.queue.add(item, ctx.cause);
        self.wake(ctx);
    }

    /// Enqueues every owner in a cache whose selector picks an orphan; a selector
    /// that picks everything adopts nothing.
    pub(super) fn add_pickers<O: Resource>(
        &mut self,
        orphan: &ObjectMeta,
        owners: &Cache<O>,
        selector: impl Fn(&O) -> Option<&LabelSelector>,
        ctx: &mut StepCtx<'_, I>,
    ) where
        I: From<Key>,
    {
        let namespace = orphan.namespace.as_deref().unwrap_or_default();
        for owner in owners.in_namespace(namespace) {
            let picks = selector(owner).is_some_and(|selector| {
                !labels::selects_all(selector) && labels::matches(selector, orphan.labels.as_ref())
            });
            if picks {
                self.add(owner.key().into(), ctx);
            }
        }
    }

    /// Enqueues a namespace that is there, or the one whose object `is_concerned`
    /// picks: for controllers that keep something in each namespace.
    pub(super) fn add_namespace(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        is_concerned: impl Fn(&Seen) -> bool,
        ctx: &mut StepCtx<'_, I>,
    ) where
        I: From<Key>,
    {
        match seen {
            Seen::Namespace(change) if change.after.is_some() => {
                self.add(event.object.key().into(), ctx);
            }
            seen if is_concerned(seen) => {
                self.add(Key::new("", event.object.key().namespace).into(), ctx);
            }
            _ => {}
        }
    }

    /// Makes sure that the worker comes by.
    pub(super) fn wake(&mut self, ctx: &mut StepCtx<'_, I>) {
        if !self.busy {
            self.busy = true;
            ctx.after(Duration::ZERO, Step::Work);
        }
    }

    /// Enqueues a key later. As in upstream's delaying queue, the earliest
    /// instant asked for wins.
    pub(super) fn add_after(&mut self, item: I, delay: Duration, ctx: &mut StepCtx<'_, I>) {
        if delay.is_zero() {
            self.add(item, ctx);
            return;
        }
        let at = ctx.now() + delay;
        if self.delayed.get(&item).is_some_and(|known| *known <= at) {
            return;
        }
        self.delayed.insert(item.clone(), at);
        ctx.at(at, Step::Add(item));
    }

    /// Enqueues a key after its back-off.
    pub(super) fn add_rate_limited(&mut self, item: I, ctx: &mut StepCtx<'_, I>) {
        let delay = self.queue.back_off(&item);
        self.add_after(item, delay, ctx);
    }

    /// Forgives a key its failures.
    pub(super) fn forget(&mut self, item: &I) {
        self.queue.forget(item);
    }

    /// Writes an event about `regarding`.
    pub(super) fn event(
        &mut self,
        ctx: &mut StepCtx<'_, I>,
        regarding: &Object,
        event_type: EventType,
        reason: &str,
        message: &str,
    ) {
        let before = ctx.api.etcd().revision();
        self.recorder
            .event(ctx, regarding, event_type, reason, message);
        self.aside += ctx.api.etcd().revision() - before;
    }
}

/// Writes what a sync found and did; its further writes are caused by that.
pub(super) fn explain<I>(ctx: &mut StepCtx<'_, I>, key: &impl Display, outcome: impl Into<String>) {
    let outcome: String = outcome.into();
    let record = ctx.trace(What::Reconcile {
        key: key.to_string().into(),
        outcome: outcome.into(),
    });
    ctx.cause = Some(record);
}

/// One controller with its desk.
#[derive(Clone, Debug)]
pub(super) struct Worker<C: Controller> {
    logic: C,
    desk: Desk<C::Item>,
    actor: Actor,
}

impl<C: Controller> Worker<C> {
    pub(super) fn new(logic: C) -> Self {
        Worker {
            logic,
            desk: Desk::new(C::EVENT_SOURCE),
            actor: C::actor(),
        }
    }

    pub(super) fn start<T>(&mut self, ctx: &mut Ctx<'_, T>, lift: impl Fn(Step<C::Item>) -> T) {
        let Worker { logic, desk, actor } = self;
        ctx.part(actor.clone(), lift, |ctx| logic.start(desk, ctx));
    }

    pub(super) fn observe<T>(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        informers: &Informers,
        ctx: &mut Ctx<'_, T>,
        lift: impl Fn(Step<C::Item>) -> T,
    ) {
        let Worker { logic, desk, actor } = self;
        ctx.part(actor.clone(), lift, |ctx| {
            logic.observe(event, seen, informers, desk, ctx)
        });
    }

    pub(super) fn step<T>(
        &mut self,
        step: Step<C::Item>,
        informers: &Informers,
        ctx: &mut Ctx<'_, T>,
        lift: impl Fn(Step<C::Item>) -> T,
    ) {
        ctx.part(self.actor.clone(), lift, |ctx| match step {
            Step::Work => self.work(informers, ctx),
            Step::Tick => self.logic.tick(informers, &mut self.desk, ctx),
            Step::Add(item) => self.due(item, ctx),
        });
    }

    fn due(&mut self, item: C::Item, ctx: &mut StepCtx<'_, C::Item>) {
        // Superseded by an earlier instant, which has passed already.
        if self.desk.delayed.get(&item) != Some(&ctx.now()) {
            return;
        }
        self.desk.delayed.remove(&item);
        self.desk.add(item, ctx);
    }

    fn work(&mut self, informers: &Informers, ctx: &mut StepCtx<'_, C::Item>) {
        let before = ctx.api.etcd().revision();
        self.desk.aside = 0;
        if !self.logic.proceed(informers, &mut self.desk, ctx) {
            let Some((item, cause)) = self.desk.queue.pop() else {
                self.desk.busy = false;
                return;
            };
            ctx.cause = cause;
            match self.logic.sync(&item, informers, &mut self.desk, ctx) {
                Ok(Synced::Done) => self.desk.queue.forget(&item),
                Ok(Synced::UnderWay) => {}
                Err(_) => self.desk.add_rate_limited(item, ctx),
            }
        }
        let writes = (ctx.api.etcd().revision() - before).saturating_sub(self.desk.aside);
        let cost = match u32::try_from(writes) {
            Ok(0) => LOOK_COST,
            Ok(writes) => WRITE_COST * writes,
            Err(_) => WRITE_COST,
        };
        ctx.after(cost, Step::Work);
    }
}
