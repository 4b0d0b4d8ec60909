//! How long to wait where the recorder waited for controllers. Virtual time is
//! cheap: everything awaited has happened well within these spans.

use std::time::Duration;

/// Between two requests that follow each other at once.
pub const BETWEEN: Duration = Duration::from_millis(3);

/// What was waited for, in the recorder's words, as a span.
pub fn span(waited: Option<&str>) -> Duration {
    let Some(text) = waited else { return BETWEEN };
    if text.starts_with("while this runs") {
        return BETWEEN;
    }
    if text.starts_with("half a second") {
        return Duration::from_millis(500);
    }
    let seconds = text
        .split_once(" s,")
        .map(|(number, _)| number.parse::<f64>());
    if let Some(Ok(seconds)) = seconds {
        return Duration::from_secs_f64(seconds);
    }
    let slow = ["finished", "gone", "namespace controller", "conditions"];
    if slow.iter().any(|word| text.contains(word)) {
        return Duration::from_secs(12);
    }
    Duration::from_secs(3)
}
