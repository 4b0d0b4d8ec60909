//! How full each node is: two bars a node, CPU above, memory below.

use super::ink::Ink;
use crate::page::series::Bar;
use crate::page::words;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

/// Height of a node's line in CSS pixels.
const ROW: f64 = 25.0;
/// Height of a bar.
const BAR: f64 = 8.0;
/// Space above the first line and below the last.
const MARGIN: f64 = 2.0;
/// Height of the axis below.
const AXIS: f64 = 16.0;

/// Width of a letter on the average.
const LETTER: f64 = 6.2;

type Area = DrawingArea<CanvasBackend, Shift>;

/// How high so many nodes are, in CSS pixels.
pub fn height(nodes: usize) -> u32 {
    (nodes.max(1) as f64 * ROW + 2.0 * MARGIN + AXIS).ceil() as u32
}

/// Draws the bars.
pub fn nodes(ink: &Ink, canvas: HtmlCanvasElement, bars: &[Bar]) -> Result<(), String> {
    let backend = CanvasBackend::with_canvas_object(canvas).ok_or("the canvas has no context")?;
    let area = backend.into_drawing_area();
    let width = f64::from(ink.size.0) / ink.ratio;
    let left = (width * 0.26).clamp(56.0, 120.0);
    // As much room for the figures as the longest of them takes.
    let figures = bars
        .iter()
        .flat_map(|bar| [&bar.cpu_words, &bar.memory_words]);
    let longest = figures.map(|words| words.chars().count()).max();
    let room = longest.unwrap_or(0) as f64 * LETTER + 12.0;
    let right = width - room.min(width * 0.42);
    let axis = MARGIN + bars.len() as f64 * ROW;
    for (number, bar) in bars.iter().enumerate() {
        let top = MARGIN + number as f64 * ROW;
        let name = words::shorten(&bar.name, (left / 6.4) as usize);
        text(
            ink,
            &area,
            &name,
            (left - 8.0, top + ROW / 2.0 - 2.0),
            HPos::Right,
        )?;
        let parts = [
            (bar.cpu, ink.cpu, &bar.cpu_words, true),
            (bar.memory, ink.memory, &bar.memory_words, false),
        ];
        for (line, (part, color, value, solid)) in parts.into_iter().enumerate() {
            let y = top + 2.0 + line as f64 * (BAR + 3.0);
            one(ink, &area, (left, right, y), part, (color, solid))?;
            text(ink, &area, value, (right + 8.0, y + BAR / 2.0), HPos::Left)?;
        }
    }
    for (part, label) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
        let x = left + (right - left) * part;
        let at = |y: f64| (ink.px(x), ink.px(y));
        let rule = PathElement::new(vec![at(MARGIN), at(axis)], ink.line);
        area.draw(&rule).map_err(|error| error.to_string())?;
        text(ink, &area, label, (x, axis + AXIS / 2.0), HPos::Center)?;
    }
    area.present().map_err(|error| error.to_string())
}

/// One bar: solid or outlined, so that it is told apart without colour; what is
/// beyond all that the node has ends in a mark.
fn one(
    ink: &Ink,
    area: &Area,
    (left, right, y): (f64, f64, f64),
    part: f64,
    (color, solid): (RGBColor, bool),
) -> Result<(), String> {
    let rect = |to: f64| [(ink.px(left), ink.px(y)), (ink.px(to), ink.px(y + BAR))];
    let end = left + (right - left) * part.clamp(0.0, 1.0);
    let mut shapes = vec![Rectangle::new(rect(right), ink.ground.filled())];
    if part > 0.0 {
        let end = end.max(left + 1.0);
        if solid {
            shapes.push(Rectangle::new(rect(end), color.filled()));
        } else {
            shapes.push(Rectangle::new(rect(end), color.mix(0.3).filled()));
            let stroke = color.stroke_width(ink.px(1.0).max(1) as u32);
            shapes.push(Rectangle::new(rect(end), stroke));
        }
    }
    if part > 1.0 {
        let mark = [
            (ink.px(right - 3.0), ink.px(y)),
            (ink.px(right), ink.px(y + BAR)),
        ];
        shapes.push(Rectangle::new(mark, ink.failed.filled()));
    }
    for shape in shapes {
        area.draw(&shape).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn text(ink: &Ink, area: &Area, words: &str, at: (f64, f64), side: HPos) -> Result<(), String> {
    let style = ink.letters().pos(Pos::new(side, VPos::Center));
    area.draw_text(words, &style, (ink.px(at.0), ink.px(at.1)))
        .map_err(|error| error.to_string())
}
