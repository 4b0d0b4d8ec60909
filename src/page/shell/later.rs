//! The page is put together in turns, so that no single task at the start keeps
//! the browser from drawing.

use gloo::timers::callback::Timeout;
use yew::prelude::*;

/// About a frame.
const TURN_MS: u32 = 17;

/// What comes later.
#[derive(Properties, PartialEq)]
pub struct LaterProps {
    /// In which turn, from 1.
    pub turn: u32,
    /// What.
    pub children: Html,
}

/// Shows its children from its turn on.
#[component]
pub fn Later(props: &LaterProps) -> Html {
    let due = use_state(|| false);
    {
        let due = due.setter();
        use_effect_with(props.turn, move |turn| {
            let timeout = Timeout::new(turn * TURN_MS, move || due.set(true));
            move || drop(timeout)
        });
    }
    match *due {
        true => props.children.clone(),
        false => html! {},
    }
}
