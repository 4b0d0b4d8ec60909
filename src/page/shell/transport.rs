//! Time: play, pause, step, speed, clock.

use crate::page::app::use_world;
use crate::page::words;
use crate::session::protocol::Command;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// The speeds to choose from, in virtual seconds a wall second.
const SPEEDS: [f64; 9] = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0];

/// So far the skip button goes, in virtual seconds.
const SKIP_SECONDS: f64 = 10.0;

/// The transport.
#[component]
pub fn Transport() -> Html {
    let app = use_world(250);
    let clock = app.world().clock;
    let playing = clock.playing;
    let send = |command: Command| {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| app.send(command.clone()))
    };
    let on_speed = {
        let app = app.clone();
        Callback::from(move |event: Event| {
            let chosen = event
                .target_dyn_into::<HtmlSelectElement>()
                .and_then(|select| select.value().parse::<f64>().ok());
            if let Some(speed) = chosen {
                app.send(Command::Speed(speed));
            }
        })
    };
    let label = if playing { "Pause" } else { "Play" };
    let slower = playing && clock.speed.is_finite() && clock.speed_reached < clock.speed * 0.7;
    html! {
        <div class="transport" role="group" aria-label="Time">
            <button type="button" class="icon-button transport-play" onclick={send(Command::Play(!playing))}
                aria-label={label} title={format!("{label} (space)")}>
                <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" fill="currentColor">
                    if playing {
                        <path d="M5.500 4h3v12h-3zM11.500 4h3v12h-3z" />
                    } else {
                        <path d="M6 3.700v12.600a.6.6 0 0 0 .9.500l10-6.300a.6.6 0 0 0 0-1l-10-6.300a.6.6 0 0 0-.9.500z" />
                    }
                </svg>
            </button>
            <button type="button" class="icon-button" onclick={send(Command::Step)}
                aria-label="Step to the next event" title="Step to the next event (.)">
                <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" fill="currentColor">
                    <path d="M5 4.700v10.600a.5.5 0 0 0 .8.400l7.200-5.300a.5.5 0 0 0 0-.8L5.800 4.300a.5.5 0 0 0-.8.400zM14 4.500h2v11h-2z" />
                </svg>
            </button>
            <button type="button" class="icon-button transport-skip" onclick={send(Command::Skip(SKIP_SECONDS))}
                aria-label="+10s: skip ahead 10 seconds" title="Skip ahead 10 seconds">{"+10s"}</button>
            <label class="transport-speed">
                <span class="hidden">{"Speed"}</span>
                <select onchange={on_speed} title="Virtual seconds a second">
                    { for SPEEDS.iter().map(|speed| html! {
                        <option value={speed.to_string()} selected={*speed == clock.speed}>
                            {format!("{speed}×")}
                        </option>
                    }) }
                </select>
            </label>
            <time class="clock" title="Time in the cluster since it was made">{words::clock(clock.now)}</time>
            if slower {
                <span class="transport-slow" title="There is more to compute than fits in the time">
                    {format!("{:.1}× reached", clock.speed_reached)}
                </span>
            }
        </div>
    }
}
