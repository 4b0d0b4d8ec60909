//! `cargo xtask build`: the static site in `dist/`, and its sizes.

use std::time::Instant;

use crate::checkout::Checkout;
use crate::setup;
use crate::shell::{self, Result};

/// Sets up, builds, prints sizes.
///
/// # Errors
/// When the set-up or the build fails.
pub fn run(checkout: &Checkout) -> Result<()> {
    setup::for_the_page(checkout)?;
    build(checkout)?;
    print_sizes(checkout)
}

/// Builds the release page into `dist/`; the set-up must have been done.
///
/// # Errors
/// When trunk fails.
pub fn build(checkout: &Checkout) -> Result<()> {
    let started = Instant::now();
    shell::say(
        "build the page into dist/ (release, optimised for size and speed)",
        "2 to 6 minutes",
    );
    let mut trunk = checkout.command("trunk");
    trunk
        .args(["build", "--release", "--locked"])
        .env("TABERNETES_MINIFY", "1");
    // Trunk takes NO_COLOR only as `true` or `false`; the convention is any value.
    trunk.env_remove("NO_COLOR");
    shell::run(&mut trunk)?;
    shell::run(
        checkout
            .command("node")
            .args(["web/split/main.mjs", "dist"]),
    )?;
    shell::note(&format!(
        "built in {}",
        shell::duration_words(started.elapsed())
    ));
    Ok(())
}

/// Prints raw, gzip and brotli sizes of each file and of the first load.
///
/// # Errors
/// When node fails.
pub fn print_sizes(checkout: &Checkout) -> Result<()> {
    shell::run(checkout.command("node").args(["web/sizes.mjs", "dist"]))
}
