//! What all components share: the mirror of the cluster, the stage, and the link
//! to the engine. One handle, cheap to clone, passed down as a context.

use super::link::Link;
use super::stage::director::{Director, Pace};
use super::state::World;
use crate::session::protocol::{Action, Answer, Command, Ticket, Update};
use gloo::timers::callback::Timeout;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

/// The handle.
#[derive(Clone)]
pub struct App(Rc<Inner>);

impl PartialEq for App {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

type Then = Box<dyn FnOnce(Answer)>;
type Waker = Box<dyn Fn()>;

struct Inner {
    world: RefCell<World>,
    stage: RefCell<Director>,
    link: RefCell<Option<Link>>,
    waiting: RefCell<BTreeMap<Ticket, Then>>,
    next_ticket: Cell<Ticket>,
    listeners: RefCell<BTreeMap<u32, Listener>>,
    next_listener: Cell<u32>,
    waker: RefCell<Option<Waker>>,
    /// When the last update came, in milliseconds.
    heard: Cell<f64>,
}

struct Listener {
    interval_ms: f64,
    last: f64,
    later: Option<Timeout>,
    callback: Callback<()>,
}

/// Ends a subscription when it is dropped.
pub struct Subscription {
    app: App,
    number: u32,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Ok(mut listeners) = self.app.0.listeners.try_borrow_mut() {
            listeners.remove(&self.number);
        }
    }
}

/// Milliseconds of wall time since the page was loaded.
pub fn wall_now() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now())
}

impl Default for App {
    fn default() -> Self {
        App(Rc::new(Inner {
            world: RefCell::default(),
            stage: RefCell::default(),
            link: RefCell::default(),
            waiting: RefCell::default(),
            next_ticket: Cell::new(1),
            listeners: RefCell::default(),
            next_listener: Cell::new(0),
            waker: RefCell::default(),
            heard: Cell::new(0.0),
        }))
    }
}

impl App {
    /// Connects to the engine in a worker.
    pub fn connect(&self, worker: web_sys::Worker) {
        let app = self.clone();
        let link = Link::new(worker, move |update| app.receive(update));
        *self.0.link.borrow_mut() = Some(link);
        self.send(Command::Ready);
    }

    /// The cluster as it is now.
    pub fn world(&self) -> Ref<'_, World> {
        self.0.world.borrow()
    }

    /// The stage, to change it; call [`App::wake`] afterwards.
    pub fn stage(&self) -> RefMut<'_, Director> {
        self.0.stage.borrow_mut()
    }

    /// Lets the stage be looked at and drawn anew if need be.
    pub fn wake(&self) {
        if let Some(waker) = &*self.0.waker.borrow() {
            waker();
        }
    }

    /// What [`App::wake`] calls.
    pub fn set_waker(&self, waker: Option<Waker>) {
        *self.0.waker.borrow_mut() = waker;
    }

    /// Moves the stage on; says whether to draw, and how soon again.
    pub fn tick(&self, now: f64) -> (bool, Pace) {
        self.0.stage.borrow_mut().tick(&self.world(), now)
    }

    /// Seconds of wall time since the last update came.
    pub fn silence(&self) -> f64 {
        (wall_now() - self.0.heard.get()) / 1000.0
    }

    /// Sends a command that has no answer.
    pub fn send(&self, command: Command) {
        if let Some(link) = &*self.0.link.borrow() {
            link.send(&command);
        }
    }

    /// Sends a command and does something with its answer.
    pub fn ask(
        &self,
        command: impl FnOnce(Ticket) -> Command,
        then: impl FnOnce(Answer) + 'static,
    ) {
        let ticket = self.0.next_ticket.get();
        self.0.next_ticket.set(ticket.wrapping_add(1));
        self.0.waiting.borrow_mut().insert(ticket, Box::new(then));
        self.send(command(ticket));
    }

    /// Does something to the cluster; the answer goes to `then`.
    pub fn act(&self, action: Action, then: impl FnOnce(Answer) + 'static) {
        self.ask(|ticket| Command::Act { ticket, action }, then);
    }

    /// Takes in what the engine told.
    pub fn receive(&self, mut update: Update) {
        let now = wall_now();
        self.0.heard.set(now);
        let changes = self.0.world.borrow_mut().apply(&mut update);
        self.0
            .stage
            .borrow_mut()
            .changed(&self.world(), &changes, now);
        for (ticket, answer) in update.answers {
            let then = self.0.waiting.borrow_mut().remove(&ticket);
            if let Some(then) = then {
                then(answer);
            }
        }
        self.wake();
        self.notify(now);
    }

    /// Calls `callback` when the world has changed, at most each `interval_ms`.
    pub fn subscribe(&self, interval_ms: f64, callback: Callback<()>) -> Subscription {
        let number = self.0.next_listener.get();
        self.0.next_listener.set(number.wrapping_add(1));
        self.0.listeners.borrow_mut().insert(
            number,
            Listener {
                interval_ms,
                last: f64::MIN,
                later: None,
                callback,
            },
        );
        Subscription {
            app: self.clone(),
            number,
        }
    }

    /// Every listener is called in a task of its own, so that the browser may draw
    /// between the renderings of two panels.
    fn notify(&self, now: f64) {
        for (number, listener) in self.0.listeners.borrow_mut().iter_mut() {
            if listener.later.is_some() {
                continue;
            }
            let wait = (listener.last + listener.interval_ms - now).max(0.0);
            let (app, number) = (self.clone(), *number);
            let later = Timeout::new(wait.ceil() as u32, move || app.notify_one(number));
            listener.later = Some(later);
        }
    }

    fn notify_one(&self, number: u32) {
        let callback = {
            let mut listeners = self.0.listeners.borrow_mut();
            let Some(listener) = listeners.get_mut(&number) else {
                return;
            };
            listener.last = wall_now();
            // This runs inside the timeout: to drop it now would be too early.
            if let Some(later) = listener.later.take() {
                later.forget();
            }
            listener.callback.clone()
        };
        callback.emit(());
    }
}

/// The shared handle.
#[hook]
pub fn use_app() -> App {
    use_context::<App>().unwrap_or_default()
}

/// The shared handle, for a component that shows the world: it is rendered anew
/// when the world has changed, at most each `interval_ms`.
#[hook]
pub fn use_world(interval_ms: u32) -> App {
    let app = use_app();
    let update = use_force_update();
    let subscriber = app.clone();
    use_effect_with(interval_ms, move |interval_ms| {
        let callback = Callback::from(move |()| update.force_update());
        let subscription = subscriber.subscribe(f64::from(*interval_ms), callback);
        move || drop(subscription)
    });
    app
}
