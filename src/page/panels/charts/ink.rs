//! Colours and letters of the charts, from the page's tokens, and a canvas as
//! sharp as the screen.

use plotters::prelude::{IntoFont, RGBColor, TextStyle};
use web_sys::{CssStyleDeclaration, HtmlCanvasElement};

/// More physical pixels a pixel than this cannot be seen.
const RATIO_MAX: f64 = 3.0;

/// What a chart is drawn with.
#[derive(Clone, Debug)]
pub struct Ink {
    /// Physical pixels a CSS pixel.
    pub ratio: f64,
    /// The canvas in physical pixels.
    pub size: (i32, i32),
    /// Lines of the grid.
    pub line: RGBColor,
    /// Words of less weight.
    pub soft: RGBColor,
    /// Behind bars.
    pub ground: RGBColor,
    /// CPU.
    pub cpu: RGBColor,
    /// Memory.
    pub memory: RGBColor,
    /// Restarts, and what is too full.
    pub failed: RGBColor,
    /// The phases in the order of [`crate::page::series::PHASES`].
    pub phases: [RGBColor; 5],
}

impl Ink {
    /// Reads the tokens and makes the canvas fit its place; none where it cannot
    /// be seen.
    pub fn prepare(canvas: &HtmlCanvasElement) -> Option<Ink> {
        let window = web_sys::window()?;
        let ratio = window.device_pixel_ratio().clamp(1.0, RATIO_MAX);
        let rect = canvas.parent_element()?.get_bounding_client_rect();
        let pixels = |length: f64| (length * ratio).round().clamp(0.0, 8_192.0) as u32;
        let (width, height) = (pixels(rect.width()), pixels(rect.height()));
        if f64::from(width) < 80.0 * ratio || f64::from(height) < 32.0 * ratio {
            return None;
        }
        // To set the size clears the canvas.
        canvas.set_width(width);
        canvas.set_height(height);
        let style = window.get_computed_style(canvas).ok()??;
        let color = |name: &str| token(&style, name);
        Some(Ink {
            ratio,
            size: (width as i32, height as i32),
            line: color("--line"),
            soft: color("--soft"),
            ground: color("--raised"),
            cpu: color("--api"),
            memory: color("--succeeded"),
            failed: color("--failed"),
            phases: [
                color("--waiting"),
                color("--running"),
                color("--succeeded"),
                color("--failed"),
                color("--gone"),
            ],
        })
    }

    /// So many CSS pixels in physical ones.
    pub fn px(&self, length: f64) -> i32 {
        (length * self.ratio).round() as i32
    }

    /// Letters for axes.
    pub fn letters(&self) -> TextStyle<'static> {
        ("Inter, system-ui, sans-serif", 11.0 * self.ratio)
            .into_font()
            .color(&self.soft)
    }
}

fn token(style: &CssStyleDeclaration, name: &str) -> RGBColor {
    let value = style.get_property_value(name).unwrap_or_default();
    let value = value.trim().trim_start_matches('#');
    // A token that is no six-digit colour is drawn grey rather than not at all.
    match u32::from_str_radix(value, 16) {
        Ok(rgb) if value.len() == 6 => RGBColor((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8),
        _ => RGBColor(128, 128, 128),
    }
}

/// The class of a phase's words.
pub fn phase_class(phase: usize) -> &'static str {
    match phase {
        0 => "is-waiting",
        1 => "is-running",
        2 => "is-succeeded",
        3 => "is-failed",
        _ => "is-gone",
    }
}

/// A phase's glyph.
pub fn phase_glyph(phase: usize) -> &'static str {
    match phase {
        0 => "◌",
        1 => "●",
        2 => "✓",
        3 => "✕",
        _ => "?",
    }
}
