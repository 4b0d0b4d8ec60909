//! `cargo xtask golden`: recorded answers of a real Kubernetes against the engine.

use crate::checkout::Checkout;
use crate::shell::{self, Result};

/// Builds the runner (`examples/golden`) and hands it the arguments.
///
/// # Errors
/// When the build fails, or a recorded case comes out differently.
pub fn run(checkout: &Checkout, arguments: &[String]) -> Result<()> {
    shell::say("build and run the replay", "1 to 5 minutes");
    let mut cargo = checkout.cargo();
    cargo
        .args(["run", "--quiet", "--locked", "--example", "golden", "--"])
        .args(arguments);
    shell::run(&mut cargo)
}
