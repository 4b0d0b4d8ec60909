//! The set-up: everything between a bare machine with Rust and a page that builds.
//!
//! Each part knows how to see that it is already done, and is then skipped without a word.

mod apt;
pub mod chromium;
mod node;
mod programs;
mod rust_src;
mod wasm_target;

use crate::checkout::Checkout;
use crate::shell::{self, Failure, Result};

/// `cargo xtask setup [--browser]`.
///
/// # Errors
/// When a part cannot be set up, with what to do about it.
pub fn run(checkout: &Checkout, arguments: &[String]) -> Result<()> {
    let mut browser = false;
    for argument in arguments {
        match argument.as_str() {
            "--browser" => browser = true,
            other => {
                return Err(Failure::new(format!(
                    "`setup` does not know `{other}`; it takes only `--browser`"
                )));
            }
        }
    }
    for_the_page(checkout)?;
    if browser {
        chromium::ensure()?;
    }
    shell::say("the set-up is complete", "");
    Ok(())
}

/// What building the page needs: compiler target, wasm-bindgen, trunk, wasm-opt, npm parts.
///
/// # Errors
/// When a part cannot be set up, with what to do about it.
pub fn for_the_page(checkout: &Checkout) -> Result<()> {
    node::ensure(checkout)?;
    wasm_target::ensure(checkout)?;
    programs::ensure(checkout)
}

/// What the tests with a JavaScript client need: the npm parts.
///
/// # Errors
/// When they cannot be set up, with what to do about it.
pub fn for_clients(checkout: &Checkout) -> Result<()> {
    node::ensure(checkout)
}

/// What the Wasm tests need: the compiler target and the test runner.
///
/// # Errors
/// When a part cannot be set up, with what to do about it.
pub fn for_wasm_tests(checkout: &Checkout) -> Result<()> {
    wasm_target::ensure(checkout)?;
    programs::ensure_wasm_bindgen(checkout)
}

/// Only the compiler target.
///
/// # Errors
/// When it cannot be set up, with what to do about it.
pub fn for_wasm_checks(checkout: &Checkout) -> Result<()> {
    wasm_target::ensure(checkout)
}
