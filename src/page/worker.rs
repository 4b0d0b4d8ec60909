//! The engine's side of the worker: lets a [`Session`] run in slices, takes
//! commands, sends updates. Messages are postcard in transferred buffers.
//!
//! **Invariant:** an update is sent only after the page has shown the one before
//! (`Command::Ready`), so a slow page gets fewer and larger updates, never a
//! backlog.

use super::later;
use crate::session::Session;
use crate::session::protocol::{ClusterSpec, Command, Update};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

/// The engine computes so long before it looks for messages again.
const SLICE_MILLISECONDS: f64 = 10.0;
/// Events between two looks at the clock.
const EVENTS_PER_LOOK: u32 = 200;
/// Time between two slices when nothing is owed: a frame.
const REST_MILLISECONDS: i32 = 16;

struct Engine {
    scope: DedicatedWorkerGlobalScope,
    session: Session,
    /// Wall time of the last slice, in milliseconds.
    last: f64,
    page_ready: bool,
    last_sent: Update,
}

/// Installs the engine in the worker that this runs in; does nothing elsewhere.
pub fn start_worker() {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else {
        return;
    };
    let engine = Rc::new(RefCell::new(Engine {
        session: Session::new(ClusterSpec::default()),
        last: now(&scope),
        // The first word comes from the page: what is sent before would be lost.
        page_ready: false,
        last_sent: Update::default(),
        scope: scope.clone(),
    }));
    let receiver = engine.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        receiver.borrow_mut().receive(&event);
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    run(engine, scope);
}

/// Slices follow each other at once while time is owed (by way of a channel,
/// which browsers do not slow down as they do timers), else at frame rate.
fn run(engine: Rc<RefCell<Engine>>, scope: DedicatedWorkerGlobalScope) {
    let Ok(channel) = MessageChannel::new() else {
        return;
    };
    let (here, there) = (channel.port1(), channel.port2());
    let tick = Closure::<dyn FnMut()>::new({
        let (scope, there) = (scope.clone(), there.clone());
        let timer = Closure::<dyn FnMut()>::new(move || drop(there.post_message(&JsValue::NULL)));
        let at_once = channel.port2();
        move || {
            let behind = engine.borrow_mut().slice();
            let again = if behind {
                at_once.post_message(&JsValue::NULL)
            } else {
                let callback = timer.as_ref().unchecked_ref();
                scope
                    .set_timeout_with_callback_and_timeout_and_arguments_0(
                        callback,
                        REST_MILLISECONDS,
                    )
                    .map(drop)
            };
            if let Err(error) = again {
                web_sys::console::error_1(&error);
            }
        }
    });
    here.set_onmessage(Some(tick.as_ref().unchecked_ref()));
    tick.forget();
    if let Err(error) = there.post_message(&JsValue::NULL) {
        web_sys::console::error_1(&error);
    }
}

fn now(scope: &DedicatedWorkerGlobalScope) -> f64 {
    scope
        .performance()
        .map_or(0.0, |performance| performance.now())
}

impl Engine {
    fn receive(&mut self, event: &MessageEvent) {
        let data = event.data();
        let Some(buffer) = data.dyn_ref::<ArrayBuffer>() else {
            if let Ok(rest) = data.dyn_into::<js_sys::WebAssembly::Module>()
                && let Err(error) = later::take(rest)
            {
                web_sys::console::error_1(&error);
            }
            return;
        };
        match postcard::from_bytes(&Uint8Array::new(buffer).to_vec()) {
            Ok(Command::Ready) => self.page_ready = true,
            Ok(command) => self.session.command(command),
            Err(error) => {
                web_sys::console::error_1(&format!("a command could not be read: {error}").into())
            }
        }
    }

    /// Computes for one slice, and tells the page. True where more is owed.
    fn slice(&mut self) -> bool {
        let begun = now(&self.scope);
        let wall_seconds = (begun - self.last).max(0.0) / 1000.0;
        self.last = begun;
        let mut behind = self.session.advance(wall_seconds, EVENTS_PER_LOOK);
        while behind && now(&self.scope) - begun < SLICE_MILLISECONDS {
            behind = self.session.advance(0.0, EVENTS_PER_LOOK);
        }
        if self.page_ready {
            self.send();
        }
        behind
    }

    fn send(&mut self) {
        let update = self.session.update();
        if update == self.last_sent {
            return;
        }
        let Ok(bytes) = postcard::to_allocvec(&update) else {
            return;
        };
        let buffer = Uint8Array::from(bytes.as_slice()).buffer();
        match self
            .scope
            .post_message_with_transfer(&buffer, &Array::of1(&buffer))
        {
            Ok(()) => self.page_ready = false,
            Err(error) => web_sys::console::error_1(&error),
        }
        // Only a quiet update can be equal to the next one.
        self.last_sent = Update {
            clock: update.clock,
            ..Update::default()
        };
    }
}
