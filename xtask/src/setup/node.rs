//! Node and the npm parts: esbuild, wasm-opt, the editor, fonts, the browser driver.

use std::process::Command;

use super::apt;
use crate::checkout::Checkout;
use crate::shell::{self, Failure, Result};

/// The oldest Node that every npm part runs on.
const NODE_MAJOR_MIN: u32 = 18;

/// Makes sure that Node is there and that node_modules matches package-lock.json.
///
/// # Errors
/// When Node is missing or too old, or when npm fails.
pub fn ensure(checkout: &Checkout) -> Result<()> {
    if shell::find_program(&["node"]).is_none() || shell::find_program(&["npm"]).is_none() {
        apt::install(&["nodejs", "npm"], "Node.js", "about 1 minute")?;
    }
    check_version(&shell::capture(Command::new("node").arg("--version"))?)?;
    ensure_modules(checkout)
}

fn ensure_modules(checkout: &Checkout) -> Result<()> {
    let lock = read(checkout, "package-lock.json").unwrap_or_default();
    let stamp = "node_modules/.installed-from-lock";
    if read(checkout, stamp).is_some_and(|installed| installed == lock) {
        return Ok(());
    }
    shell::say(
        "install the npm parts into node_modules",
        "10 to 60 seconds",
    );
    shell::run(checkout.command("npm").args(["ci", "--include=dev"])).map_err(
        |failure| {
            Failure::new(format!(
                "{failure}\nThe npm parts come from the registry that npm is set to: check the network, then run the command again."
            ))
        },
    )?;
    std::fs::write(checkout.path(stamp), lock)
        .map_err(|error| Failure::new(format!("cannot write {stamp}: {error}")))
}

fn read(checkout: &Checkout, relative: &str) -> Option<String> {
    std::fs::read_to_string(checkout.path(relative)).ok()
}

fn check_version(printed: &str) -> Result<()> {
    match major(printed) {
        Some(major) if major >= NODE_MAJOR_MIN => Ok(()),
        _ => Err(Failure::new(format!(
            "Node {NODE_MAJOR_MIN} or newer is needed; this one says `{}`. Install a newer Node and run the command again.",
            printed.trim()
        ))),
    }
}

fn major(printed: &str) -> Option<u32> {
    let digits = printed.trim().strip_prefix('v')?;
    digits.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{check_version, major};

    #[test]
    fn the_major_version_is_read_and_judged() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("20"), None);
        assert!(check_version("v18.0.0").is_ok());
        assert!(check_version("v16.3.0").is_err());
        assert!(check_version("nonsense").is_err());
    }
}
