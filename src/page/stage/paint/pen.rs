//! A thin hand over the canvas: remembers what is set, so that nothing is set
//! twice, and knows the page's typefaces.

use super::super::geometry::{Point, Rect};
use std::cell::RefCell;
use std::f64::consts::TAU;
use web_sys::CanvasRenderingContext2d;

/// A typeface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Words.
    Word,
    /// Words with weight.
    Bold,
    /// Names, addresses, rules.
    Mono,
    /// Names with weight.
    MonoBold,
}

/// Where text stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// To the right of it.
    Left,
    /// Around it.
    Center,
    /// To the left of it.
    Right,
}

/// The width of a character relative to its height in the mono face.
const MONO_ADVANCE: f64 = 0.6;
/// The same in the word face, on the average.
const WORD_ADVANCE: f64 = 0.56;

#[derive(Clone, Default)]
struct Set {
    fill: String,
    stroke: String,
    width: f64,
    alpha: f64,
    font: Option<(Face, u32)>,
    align: Option<Align>,
    dashed: bool,
}

/// The pen.
pub struct Pen<'a> {
    context: &'a CanvasRenderingContext2d,
    set: RefCell<Set>,
}

impl<'a> Pen<'a> {
    /// A pen on a canvas whose state is fresh.
    pub fn new(context: &'a CanvasRenderingContext2d) -> Self {
        context.set_text_baseline("middle");
        context.set_line_cap("butt");
        context.set_line_join("round");
        context.set_global_alpha(1.0);
        let set = Set {
            alpha: 1.0,
            width: -1.0,
            ..Set::default()
        };
        // A fresh pen knows nothing of what the canvas still holds.
        let pen = Pen {
            context,
            set: RefCell::new(set),
        };
        pen.clear_dash();
        pen
    }

    fn clear_dash(&self) {
        // An empty pattern is always valid.
        let _ = self.context.set_line_dash(&js_sys::Array::new());
    }

    /// Opacity of all that follows.
    pub fn alpha(&self, alpha: f64) {
        let mut set = self.set.borrow_mut();
        if set.alpha != alpha {
            set.alpha = alpha;
            self.context.set_global_alpha(alpha);
        }
    }

    fn fill_style(&self, color: &str) {
        let mut set = self.set.borrow_mut();
        if set.fill != color {
            color.clone_into(&mut set.fill);
            self.context.set_fill_style_str(color);
        }
    }

    fn stroke_style(&self, color: &str, width: f64, dashed: bool) {
        let mut set = self.set.borrow_mut();
        if set.stroke != color {
            color.clone_into(&mut set.stroke);
            self.context.set_stroke_style_str(color);
        }
        if set.width != width {
            set.width = width;
            self.context.set_line_width(width);
        }
        if set.dashed != dashed {
            set.dashed = dashed;
            drop(set);
            if dashed {
                let pattern = js_sys::Array::of2(&4.0.into(), &3.0.into());
                // Two positive numbers are always a valid pattern.
                let _ = self.context.set_line_dash(&pattern);
            } else {
                self.clear_dash();
            }
        }
    }

    fn trace_rect(&self, rect: &Rect, radius: f64) {
        self.context.begin_path();
        self.add_rect(rect, radius);
    }

    fn add_rect(&self, rect: &Rect, radius: f64) {
        let radius = radius.min(rect.w / 2.0).min(rect.h / 2.0).max(0.0);
        if radius < 0.75 {
            self.context.rect(rect.x, rect.y, rect.w, rect.h);
            return;
        }
        let (x, y, right, bottom) = (rect.x, rect.y, rect.right(), rect.bottom());
        let context = self.context;
        // Negative radii are the only error, and there are none.
        context.move_to(x + radius, y);
        let _ = context.arc_to(right, y, right, bottom, radius);
        let _ = context.arc_to(right, bottom, x, bottom, radius);
        let _ = context.arc_to(x, bottom, x, y, radius);
        let _ = context.arc_to(x, y, right, y, radius);
        context.close_path();
    }

    /// Wipes a rectangle.
    pub fn clear(&self, rect: &Rect) {
        self.context.clear_rect(rect.x, rect.y, rect.w, rect.h);
    }

    /// Fills a rectangle with round corners.
    pub fn fill_rect(&self, rect: &Rect, radius: f64, color: &str) {
        self.fill_style(color);
        if radius < 0.75 {
            self.context.fill_rect(rect.x, rect.y, rect.w, rect.h);
            return;
        }
        self.trace_rect(rect, radius);
        self.context.fill();
    }

    /// Fills many rectangles of one colour at once.
    pub fn fill_rects<'r>(
        &self,
        rects: impl IntoIterator<Item = &'r Rect>,
        radius: f64,
        color: &str,
    ) {
        self.fill_style(color);
        self.context.begin_path();
        for rect in rects {
            self.add_rect(rect, radius);
        }
        self.context.fill();
    }

    /// Outlines a rectangle, its line inside of it.
    pub fn stroke_rect(&self, rect: &Rect, radius: f64, color: &str, width: f64, dashed: bool) {
        self.stroke_style(color, width, dashed);
        self.trace_rect(&rect.inset(width / 2.0), radius - width / 2.0);
        self.context.stroke();
    }

    /// Outlines many rectangles of one colour at once.
    pub fn stroke_rects(&self, rects: &[Rect], radius: f64, color: &str, width: f64) {
        self.stroke_style(color, width, false);
        self.context.begin_path();
        for rect in rects {
            self.add_rect(rect, radius);
        }
        self.context.stroke();
    }

    /// A line through points.
    pub fn line(&self, points: &[Point], color: &str, width: f64, dashed: bool) {
        self.lines([points], color, width, dashed);
    }

    /// Many lines of one colour at once.
    pub fn lines<'p>(
        &self,
        lines: impl IntoIterator<Item = &'p [Point]>,
        color: &str,
        width: f64,
        dashed: bool,
    ) {
        self.stroke_style(color, width, dashed);
        self.context.begin_path();
        for points in lines {
            let Some((first, rest)) = points.split_first() else {
                continue;
            };
            self.context.move_to(first.x, first.y);
            for point in rest {
                self.context.line_to(point.x, point.y);
            }
        }
        self.context.stroke();
    }

    /// A filled disc.
    pub fn disc(&self, center: Point, radius: f64, color: &str) {
        self.fill_style(color);
        self.context.begin_path();
        self.add_arc(center, radius, 0.0, 1.0);
        self.context.fill();
    }

    /// A part of a ring: from `start`, for `part` of a turn, clockwise from the top.
    pub fn ring(
        &self,
        center: Point,
        radius: f64,
        part: f64,
        color: &str,
        width: f64,
        dashed: bool,
    ) {
        self.stroke_style(color, width, dashed);
        self.context.begin_path();
        self.add_arc(center, radius, 0.0, part);
        self.context.stroke();
    }

    /// A filled part of a disc.
    pub fn pie(&self, center: Point, radius: f64, part: f64, color: &str) {
        self.fill_style(color);
        self.context.begin_path();
        self.context.move_to(center.x, center.y);
        self.add_arc(center, radius, 0.0, part);
        self.context.close_path();
        self.context.fill();
    }

    fn add_arc(&self, center: Point, radius: f64, start: f64, part: f64) {
        let from = (start - 0.25) * TAU;
        let to = from + part.clamp(0.0, 1.0) * TAU;
        // A negative radius is the only error.
        let _ = self
            .context
            .arc(center.x, center.y, radius.max(0.0), from, to);
    }

    /// A filled outline through points.
    pub fn shape(&self, points: &[Point], color: &str) {
        self.fill_style(color);
        self.context.begin_path();
        for (n, point) in points.iter().enumerate() {
            match n {
                0 => self.context.move_to(point.x, point.y),
                _ => self.context.line_to(point.x, point.y),
            }
        }
        self.context.close_path();
        self.context.fill();
    }

    /// Text on one line, its middle at the point's height.
    pub fn text(&self, text: &str, at: Point, face: Face, size: f64, align: Align, color: &str) {
        self.fill_style(color);
        self.font(face, size);
        {
            let mut set = self.set.borrow_mut();
            if set.align != Some(align) {
                set.align = Some(align);
                self.context.set_text_align(match align {
                    Align::Left => "left",
                    Align::Center => "center",
                    Align::Right => "right",
                });
            }
        }
        // Text that cannot be drawn would be a browser's fault, not ours.
        let _ = self.context.fill_text(text, at.x, at.y);
    }

    fn font(&self, face: Face, size: f64) {
        let size = (size * 2.0).round() as u32;
        let mut set = self.set.borrow_mut();
        if set.font == Some((face, size)) {
            return;
        }
        set.font = Some((face, size));
        let (weight, family) = match face {
            Face::Word => (450, "Inter, system-ui, sans-serif"),
            Face::Bold => (620, "Inter, system-ui, sans-serif"),
            Face::Mono => (450, "\"JetBrains Mono\", ui-monospace, monospace"),
            Face::MonoBold => (650, "\"JetBrains Mono\", ui-monospace, monospace"),
        };
        let pixels = f64::from(size) / 2.0;
        self.context
            .set_font(&format!("{weight} {pixels}px {family}"));
    }

    /// How many characters fit in a width.
    pub fn room(face: Face, size: f64, width: f64) -> usize {
        let advance = match face {
            Face::Mono | Face::MonoBold => MONO_ADVANCE,
            Face::Word | Face::Bold => WORD_ADVANCE,
        };
        (width / (size * advance)).max(0.0).floor() as usize
    }

    /// About how wide a text is.
    pub fn width(face: Face, size: f64, text: &str) -> f64 {
        let advance = match face {
            Face::Mono | Face::MonoBold => MONO_ADVANCE,
            Face::Word | Face::Bold => WORD_ADVANCE,
        };
        text.chars().count() as f64 * size * advance
    }

    /// Draws as if on a plate that has turned up by `part` about the height `y`.
    pub fn turned(&self, y: f64, part: f64, draw: impl FnOnce()) {
        let before = self.set.borrow().clone();
        self.context.save();
        // Finite numbers are always a valid transformation.
        let _ = self.context.translate(0.0, y);
        let _ = self.context.scale(1.0, part.clamp(0.01, 1.0));
        let _ = self.context.translate(0.0, -y);
        draw();
        self.context.restore();
        *self.set.borrow_mut() = before;
    }

    /// Draws only inside a rectangle with round corners.
    pub fn clipped(&self, rect: &Rect, radius: f64, draw: impl FnOnce()) {
        // The canvas goes back to what it held, and so does the pen's memory of it.
        let before = self.set.borrow().clone();
        self.context.save();
        self.trace_rect(rect, radius);
        self.context.clip();
        draw();
        self.context.restore();
        *self.set.borrow_mut() = before;
    }
}
