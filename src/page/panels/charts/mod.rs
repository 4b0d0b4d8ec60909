//! Curves over time and how full the nodes are, each with the same facts as a
//! table for those who cannot see the picture.

mod bars;
mod curves;
mod ink;

use crate::page::app::{App, use_world};
use crate::page::series::{self, Bar, PHASES, STACK};
use crate::page::ui::use_ui;
use crate::page::words;
use crate::session::protocol::Sample;
use gloo::render::request_animation_frame;
use ink::Ink;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

/// Charts are drawn anew at most each so many milliseconds.
const CHARTS_MS: u32 = 500;
/// Rows of the tables that stand for curves.
const ROWS: usize = 8;

/// Which chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chart {
    Phases,
    Nodes,
    Restarts,
}

/// The panel.
#[component]
pub fn Charts() -> Html {
    let app = use_world(CHARTS_MS);
    let world = app.world();
    if world.samples.is_empty() && world.nodes.is_empty() {
        return html! { <p class="panel-empty">{"Nothing measured yet. Curves begin when time runs."}</p> };
    }
    let latest = world.samples.back().cloned().unwrap_or_default();
    let bars = series::bars(&world);
    let nodes = world.nodes.len();
    let version = world.version;
    html! {
        <div class="charts">
            <figure class="chart">
                <figcaption>
                    <span class="chart-title">{"Pods by phase"}</span>
                    { for STACK.into_iter().rev().filter(|phase| count(&latest, *phase) > 0 || *phase <= 1).map(|phase| html! {
                        <span class={classes!("chart-key", ink::phase_class(phase))}>
                            <span aria-hidden="true">{ink::phase_glyph(phase)}</span>
                            {format!(" {} {}", PHASES.get(phase).unwrap_or(&""), count(&latest, phase))}
                        </span>
                    }) }
                </figcaption>
                <Picture chart={Chart::Phases} {version} label="Pods by phase over time, stacked" height={0} />
                { phase_table(&app) }
            </figure>
            <figure class="chart">
                <figcaption>
                    <span class="chart-title">{"Requested of allocatable, by node"}</span>
                    <span class="chart-key is-api"><span aria-hidden="true">{"■"}</span>{" CPU"}</span>
                    <span class="chart-key is-succeeded"><span aria-hidden="true">{"□"}</span>{" memory"}</span>
                    if nodes > series::BARS_MAX {
                        <span class="soft">{format!("fullest {} of {nodes}", series::BARS_MAX)}</span>
                    }
                </figcaption>
                <Picture chart={Chart::Nodes} {version} label="Requested of allocatable CPU and memory by node, the fullest first" height={bars::height(bars.len())} />
                { node_table(&bars) }
            </figure>
            <figure class="chart">
                <figcaption>
                    <span class="chart-title">{"Container restarts"}</span>
                    <span class="chart-key is-failed"><span aria-hidden="true">{"⟳"}</span>{format!(" {} so far", latest.restarts)}</span>
                </figcaption>
                <Picture chart={Chart::Restarts} {version} label="Container restarts over time, all pods together" height={0} />
                { restart_table(&app) }
            </figure>
        </div>
    }
}

fn count(sample: &Sample, phase: usize) -> u32 {
    sample.phases.get(phase).copied().unwrap_or(0)
}

#[derive(Properties, PartialEq)]
struct PictureProps {
    chart: Chart,
    /// Of the world: another one, another picture.
    version: u64,
    label: &'static str,
    /// In pixels; what there is where it is 0.
    height: u32,
}

/// One canvas. It is drawn in a frame of its own, after the page's layout and
/// the theme have settled.
#[component]
fn Picture(props: &PictureProps) -> Html {
    let app = crate::page::app::use_app();
    let ui = use_ui();
    let canvas = use_node_ref();
    {
        let (canvas, chart) = (canvas.clone(), props.chart);
        let looks = (
            props.version,
            props.height,
            ui.light,
            (ui.below.size, ui.left.size, ui.right.size),
            (ui.left.open, ui.right.open, ui.narrow),
        );
        use_effect_with(looks, move |_| {
            let frame = request_animation_frame(move |_| {
                if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                    draw(&app, chart, canvas);
                }
            });
            move || drop(frame)
        });
    }
    let style = match props.height {
        0 => String::new(),
        height => format!("flex: none; height: {height}px"),
    };
    html! {
        <div class="chart-space" style={style}>
            <canvas ref={canvas} role="img" aria-label={props.label} />
        </div>
    }
}

fn draw(app: &App, chart: Chart, canvas: HtmlCanvasElement) {
    let Some(ink) = Ink::prepare(&canvas) else {
        return;
    };
    let world = app.world();
    let drawn = match chart {
        Chart::Phases => curves::phases(&ink, canvas, &series::thin(&world.samples)),
        Chart::Restarts => curves::restarts(&ink, canvas, &series::thin(&world.samples)),
        Chart::Nodes => bars::nodes(&ink, canvas, &series::bars(&world)),
    };
    if let Err(error) = drawn {
        web_sys::console::warn_1(&format!("A chart could not be drawn: {error}").into());
    }
}

/// Some of the samples, evenly, the newest last.
fn some<'a>(samples: &[&'a Sample]) -> Vec<&'a Sample> {
    let step = samples.len().div_ceil(ROWS).max(1);
    let mut rows: Vec<&Sample> = samples.iter().rev().step_by(step).copied().collect();
    rows.reverse();
    rows
}

fn phase_table(app: &App) -> Html {
    let world = app.world();
    let samples = series::thin(&world.samples);
    html! {
        <div class="hidden"><table>
            <caption>{"Pods by phase over time"}</caption>
            <thead><tr>
                <th scope="col">{"Time"}</th>
                { for PHASES.iter().map(|phase| html! { <th scope="col">{*phase}</th> }) }
            </tr></thead>
            <tbody>{ for some(&samples).into_iter().map(|sample| html! {
                <tr>
                    <th scope="row">{words::clock(sample.at)}</th>
                    { for sample.phases.iter().map(|count| html! { <td>{*count}</td> }) }
                </tr>
            }) }</tbody>
        </table></div>
    }
}

fn restart_table(app: &App) -> Html {
    let world = app.world();
    let samples = series::thin(&world.samples);
    html! {
        <div class="hidden"><table>
            <caption>{"Container restarts over time"}</caption>
            <thead><tr><th scope="col">{"Time"}</th><th scope="col">{"Restarts so far"}</th></tr></thead>
            <tbody>{ for some(&samples).into_iter().map(|sample| html! {
                <tr><th scope="row">{words::clock(sample.at)}</th><td>{sample.restarts}</td></tr>
            }) }</tbody>
        </table></div>
    }
}

fn node_table(bars: &[Bar]) -> Html {
    let percent = |part: f64| format!("{:.0} %", part * 100.0);
    html! {
        <div class="hidden"><table>
            <caption>{"Requested of allocatable, by node"}</caption>
            <thead><tr>
                <th scope="col">{"Node"}</th><th scope="col">{"CPU"}</th><th scope="col">{"Memory"}</th>
            </tr></thead>
            <tbody>{ for bars.iter().map(|bar| html! {
                <tr>
                    <th scope="row">{&bar.name}</th>
                    <td>{format!("{} ({})", bar.cpu_words, percent(bar.cpu))}</td>
                    <td>{format!("{} ({})", bar.memory_words, percent(bar.memory))}</td>
                </tr>
            }) }</tbody>
        </table></div>
    }
}
