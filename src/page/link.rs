//! The wire to the engine's worker: postcard in transferred buffers, commands out,
//! updates in. Every update is acknowledged with [`Command::Ready`] once a frame
//! has had the chance to show it, so that a slow page is never flooded.

use crate::session::protocol::{Command, Update};
use gloo::timers::callback::Timeout;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};

/// A page in the background draws no frames; it acknowledges after this time.
const HIDDEN_MS: u32 = 400;

/// The wire.
pub struct Link {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Link {
    /// Listens to a worker that is ready.
    pub fn new(worker: Worker, receive: impl Fn(Update) + 'static) -> Self {
        let to = worker.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let Ok(buffer) = event.data().dyn_into::<ArrayBuffer>() else {
                return;
            };
            match postcard::from_bytes::<Update>(&Uint8Array::new(&buffer).to_vec()) {
                Ok(update) => receive(update),
                Err(error) => {
                    let words = format!("The engine sent an update that cannot be read: {error}");
                    web_sys::console::error_1(&words.into());
                }
            }
            acknowledge(&to);
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Link {
            worker,
            _on_message: on_message,
        }
    }

    /// Sends a command.
    pub fn send(&self, command: &Command) {
        send(&self.worker, command);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
    }
}

fn send(worker: &Worker, command: &Command) {
    let sent = postcard::to_stdvec(command)
        .map_err(|error| JsValue::from(error.to_string()))
        .and_then(|bytes| {
            let buffer = Uint8Array::from(&bytes[..]).buffer();
            worker.post_message_with_transfer(&buffer, &Array::of1(&buffer))
        });
    if let Err(error) = sent {
        web_sys::console::error_1(&error);
    }
}

/// Tells the engine that the update is shown: at the next frame, or a little later
/// when there are none.
fn acknowledge(worker: &Worker) {
    type Pending = Rc<RefCell<Option<(gloo::render::AnimationFrame, Timeout)>>>;
    let pending: Pending = Rc::default();
    let answer = |worker: Worker, pending: Pending| {
        move || {
            // Whichever comes first answers; the other is dropped with the pair,
            // after this call has ended.
            if let Some(pair) = pending.borrow_mut().take() {
                send(&worker, &Command::Ready);
                Timeout::new(0, move || drop(pair)).forget();
            }
        }
    };
    let by_frame = answer(worker.clone(), pending.clone());
    let by_time = answer(worker.clone(), pending.clone());
    let frame = gloo::render::request_animation_frame(move |_| by_frame());
    let timeout = Timeout::new(HIDDEN_MS, by_time);
    *pending.borrow_mut() = Some((frame, timeout));
}
