//! The two programs that turn a Rust crate into a page: wasm-bindgen and trunk.
//!
//! Built from source, once, into the tools folder. They run for seconds, so they are compiled for a
//! short build and not for speed.

use std::path::PathBuf;
use std::process::Command;

use super::apt;
use crate::checkout::Checkout;
use crate::shell::{self, Failure, Result};

/// The newest trunk that the project's Rust version builds.
const TRUNK_VERSION: &str = "0.21.14";

/// One program from the package registry.
struct Program {
    package: &'static str,
    /// What `--version` is asked of; the package installs it.
    binary: &'static str,
    version: String,
    features: &'static [&'static str],
    how_long: &'static str,
}

/// Both programs.
///
/// # Errors
/// When one cannot be built, with what to do about it.
pub fn ensure(checkout: &Checkout) -> Result<()> {
    ensure_wasm_bindgen(checkout)?;
    let trunk = Program {
        package: "trunk",
        binary: "trunk",
        version: TRUNK_VERSION.to_owned(),
        features: &["--no-default-features", "--features", "rustls"],
        how_long: "about 5 minutes, once",
    };
    ensure_program(checkout, &trunk)
}

/// wasm-bindgen and its test runner, of exactly the version that Cargo.lock pins.
///
/// # Errors
/// When it cannot be built, with what to do about it.
pub fn ensure_wasm_bindgen(checkout: &Checkout) -> Result<()> {
    let wasm_bindgen = Program {
        package: "wasm-bindgen-cli",
        binary: "wasm-bindgen-test-runner",
        version: checkout.locked_version("wasm-bindgen")?,
        features: &[],
        how_long: "about 2 minutes, once",
    };
    ensure_program(checkout, &wasm_bindgen)
}

fn ensure_program(checkout: &Checkout, program: &Program) -> Result<()> {
    if is_installed(checkout, program) {
        return Ok(());
    }
    if shell::find_program(&["cc", "gcc", "clang"]).is_none() {
        apt::install(&["build-essential"], "a C compiler", "about 1 minute")?;
    }
    let name = format!("{} {}", program.package, program.version);
    shell::say(&format!("build {name} from source"), program.how_long);
    // The lock file that the package was published with may name versions that a registry mirror
    // does not hold; the newest that fit do as well.
    let mut built = shell::run(install(checkout, program).arg("--locked"));
    if built.is_err() {
        shell::note("not with its own lock file; trying the newest versions that fit");
        built = shell::run(&mut install(checkout, program));
    }
    let _ = std::fs::remove_dir_all(build_folder(checkout));
    built.map_err(|failure| {
        Failure::new(format!(
            "{failure}\n{name} could not be built. Check the network; or install it yourself so that \
             TABERNETES_TOOLS/bin/{} exists, and run the command again.",
            program.binary
        ))
    })
}

/// The stamp is written by cargo itself; the binary is asked too, in case it was copied there.
fn is_installed(checkout: &Checkout, program: &Program) -> bool {
    let binary = checkout.tools().join("bin").join(program.binary);
    if !binary.is_file() {
        return false;
    }
    let printed = shell::capture(Command::new(binary).arg("--version")).unwrap_or_default();
    names_version(&printed, &program.version)
}

fn names_version(printed: &str, version: &str) -> bool {
    printed.split_whitespace().any(|word| word == version)
}

fn build_folder(checkout: &Checkout) -> PathBuf {
    checkout.tools().join("target")
}

fn install(checkout: &Checkout, program: &Program) -> Command {
    let tools = checkout.tools();
    let mut command = checkout.cargo();
    command
        .args(["install", "--root"])
        .arg(&tools)
        .arg("--target-dir")
        .arg(build_folder(checkout))
        .args([program.package, "--version", &program.version, "--force"])
        .args(program.features)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_PROFILE_RELEASE_STRIP", "true");
    command
}

#[cfg(test)]
mod tests {
    use super::names_version;

    #[test]
    fn a_version_counts_only_when_it_is_exactly_the_one_asked_for() {
        assert!(names_version("trunk 0.21.14\n", "0.21.14"));
        assert!(!names_version("trunk 0.21.140\n", "0.21.14"));
        assert!(!names_version("", "0.21.14"));
    }
}
