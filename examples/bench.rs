//! The native half of `cargo xtask bench`.
//!
//! Without arguments it lists the cases, one a line; with the name of a case it runs that one, in a
//! process of its own so that no case inherits another's memory.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};
use tabernetes::bench;

fn main() {
    let Some(case) = std::env::args().nth(1) else {
        println!("{}", bench::cases().join("\n"));
        return;
    };
    let started = Instant::now();
    let mut clock = || started.elapsed().as_secs_f64() * 1000.0;
    let figures = bench::run(&case, &mut clock);
    println!("bench {case} {}", with_costs(&figures));
}

/// Adds what only the operating system knows, where it tells.
fn with_costs(figures: &str) -> String {
    let Ok(Value::Object(mut figures)) = serde_json::from_str(figures) else {
        return figures.to_owned();
    };
    if let Some(milliseconds) = cpu_milliseconds() {
        figures.insert("cpu_ms".to_owned(), json!(milliseconds));
    }
    if let Some(mebibytes) = memory_mebibytes_max() {
        figures.insert("memory_mib".to_owned(), json!(mebibytes));
    }
    Value::Object(figures).to_string()
}

/// CPU time of this thread: Linux' schedstat begins with it, in nanoseconds.
fn cpu_milliseconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some((nanoseconds / 1e5).round() / 10.0)
}

/// The most memory that was resident: Linux' VmHWM, in kibibytes.
fn memory_mebibytes_max() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024)
}
