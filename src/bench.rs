//! What `cargo xtask bench` measures, the same natively and in Wasm.

/// The names of all cases, in the order in which they run.
pub fn cases() -> Vec<&'static str> {
    Vec::new()
}

/// Runs one case and returns its figures as a flat JSON object of numbers and plain words.
///
/// `clock` tells wall time in milliseconds: the engine itself has no clock.
pub fn run(case: &str, clock: &mut dyn FnMut() -> f64) -> String {
    let started = clock();
    let _ = (case, started);
    r#"{"error":"there is no such case"}"#.to_owned()
}
