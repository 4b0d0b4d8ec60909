//! Counts over virtual time.

use super::ink::Ink;
use crate::page::series::{self, STACK};
use crate::session::protocol::Sample;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use std::fmt::Display;
use web_sys::HtmlCanvasElement;

type Area = DrawingArea<CanvasBackend, Shift>;
type Axes<'a> = ChartContext<'a, CanvasBackend, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn told(error: impl Display) -> String {
    error.to_string()
}

/// Pods by phase, stacked.
pub fn phases(ink: &Ink, canvas: HtmlCanvasElement, samples: &[&Sample]) -> Result<(), String> {
    let bands = series::bands(samples);
    let most = bands.iter().flat_map(|(_, edges)| edges).max();
    let area = area(canvas)?;
    let mut chart = axes(ink, &area, samples, most.copied().unwrap_or(0), "pods")?;
    let mut below: Vec<f64> = vec![0.0; bands.len()];
    for phase in STACK {
        let edge = |edges: &[u32; 5]| f64::from(edges.get(phase).copied().unwrap_or(0));
        let top: Vec<f64> = bands.iter().map(|(_, edges)| edge(edges)).collect();
        let color = ink.phases.get(phase).copied().unwrap_or(ink.soft);
        if top != below {
            let upper = bands.iter().zip(&top).map(|((at, _), top)| (*at, *top));
            let lower = bands.iter().zip(&below).map(|((at, _), low)| (*at, *low));
            let outline: Vec<(f64, f64)> = upper.clone().chain(lower.rev()).collect();
            let band = Polygon::new(outline, color.mix(0.45));
            chart.draw_series([band]).map_err(told)?;
            let stroke = color.stroke_width(ink.px(1.5) as u32);
            chart
                .draw_series(LineSeries::new(upper, stroke))
                .map_err(told)?;
        }
        below = top;
    }
    area.present().map_err(told)
}

/// Restarts, as steps: a restart happens at a moment.
pub fn restarts(ink: &Ink, canvas: HtmlCanvasElement, samples: &[&Sample]) -> Result<(), String> {
    let most = samples.iter().map(|sample| sample.restarts).max();
    let area = area(canvas)?;
    let mut chart = axes(ink, &area, samples, most.unwrap_or(0), "restarts")?;
    let mut steps: Vec<(f64, f64)> = Vec::with_capacity(samples.len() * 2);
    for sample in samples {
        let (at, value) = (sample.at.as_secs_f64(), f64::from(sample.restarts));
        if let Some((_, before)) = steps.last().copied() {
            steps.push((at, before));
        }
        steps.push((at, value));
    }
    let stroke = ink.failed.stroke_width(ink.px(1.5) as u32);
    chart
        .draw_series(LineSeries::new(steps, stroke))
        .map_err(told)?;
    area.present().map_err(told)
}

fn area(canvas: HtmlCanvasElement) -> Result<Area, String> {
    let backend = CanvasBackend::with_canvas_object(canvas).ok_or("the canvas has no context")?;
    Ok(backend.into_drawing_area())
}

/// Axes with few lines: time below, counts on the left.
fn axes<'a>(
    ink: &Ink,
    area: &'a Area,
    samples: &[&Sample],
    most: u32,
    unit: &str,
) -> Result<Axes<'a>, String> {
    let at = |sample: Option<&&Sample>| sample.map_or(0.0, |sample| sample.at.as_secs_f64());
    let (from, to) = (at(samples.first()), at(samples.last()));
    let to = to.max(from + 1.0);
    let top = f64::from(series::round_up(most));
    let mut chart = ChartBuilder::on(area)
        .margin_top(ink.px(8.0))
        .margin_right(ink.px(16.0))
        .x_label_area_size(ink.px(20.0))
        .y_label_area_size(ink.px(52.0))
        .build_cartesian_2d(from..to, 0.0..top)
        .map_err(told)?;
    let rows = if area.dim_in_pixel().1 < ink.px(120.0) as u32 {
        3
    } else {
        5
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(ink.line)
        .axis_style(ink.line)
        .label_style(ink.letters())
        .x_labels(5)
        .y_labels(rows)
        .x_label_formatter(&|seconds| series::moment(*seconds))
        .y_label_formatter(&|count| match count.fract() == 0.0 {
            true => format!("{count:.0}"),
            false => String::new(),
        })
        .y_desc(unit)
        .axis_desc_style(ink.letters())
        .draw()
        .map_err(told)?;
    Ok(chart)
}
