//! The native half of `cargo xtask bench`: one line a case, `bench CASE {figures}`.

use std::time::Instant;

use tabernetes::bench;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let started = Instant::now();
    let mut clock = || started.elapsed().as_secs_f64() * 1000.0;
    for case in bench::cases() {
        if wanted.is_empty() || wanted.iter().any(|name| name == case) {
            println!("bench {case} {}", bench::run(case, &mut clock));
        }
    }
}
