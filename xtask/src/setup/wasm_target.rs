//! The compiler target `wasm32-unknown-unknown`.
//!
//! In this order: already there; `rustup target add`; the standard library built once from Debian's
//! `rust-src` ([`super::rust_src`]), for machines where rustup cannot download.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::rust_src;
use crate::checkout::Checkout;
use crate::shell::{self, Failure, Result};

pub const TARGET: &str = "wasm32-unknown-unknown";

/// The compiler in use.
pub struct Compiler {
    /// `1.95.0`.
    pub version: String,
    /// The folder that holds the compiler's libraries.
    pub sysroot: PathBuf,
    /// `rustc --version`, with the commit: the stamp of what we built.
    pub full_version: String,
}

impl Compiler {
    fn active(checkout: &Checkout) -> Result<Self> {
        let full_version = rustc(checkout, &["--version"])?;
        let sysroot = rustc(checkout, &["--print", "sysroot"])?;
        let version = full_version.split_whitespace().nth(1).unwrap_or_default();
        Ok(Self {
            version: version.to_owned(),
            sysroot: PathBuf::from(sysroot),
            full_version: full_version.clone(),
        })
    }

    /// Where the target's rlibs lie.
    pub fn target_lib(&self) -> PathBuf {
        self.rustlib().join(TARGET).join("lib")
    }

    /// Beside our own rlibs: the compiler that built them.
    pub fn stamp(&self) -> PathBuf {
        self.rustlib().join(TARGET).join("built-from-rust-src")
    }

    fn rustlib(&self) -> PathBuf {
        self.sysroot.join("lib").join("rustlib")
    }

    fn has_target(&self) -> bool {
        let has_std = rlibs(&self.target_lib())
            .iter()
            .any(|name| name.starts_with("libstd-"));
        // Rlibs of another compiler are worse than none: rustc refuses them (E0514).
        match std::fs::read_to_string(self.stamp()) {
            Ok(built_by) => has_std && built_by.trim() == self.full_version,
            Err(_) => has_std,
        }
    }
}

/// Makes sure that the target's standard library is in the sysroot.
///
/// # Errors
/// When neither rustup nor Debian can supply it.
pub fn ensure(checkout: &Checkout) -> Result<()> {
    let compiler = Compiler::active(checkout)?;
    if compiler.has_target() {
        return Ok(());
    }
    let _ = std::fs::remove_file(compiler.stamp());
    shell::say(&format!("add the compiler target {TARGET}"), "10 seconds");
    let mut rustup = checkout.command("rustup");
    rustup
        .args(["target", "add", TARGET])
        .env("RUST_BACKTRACE", "0");
    let rustup = shell::run(&mut rustup);
    if rustup.is_ok() && compiler.has_target() {
        return Ok(());
    }
    shell::note("rustup cannot supply it here; building it from Debian's rust-src instead");
    rust_src::build_std(checkout, &compiler).map_err(|failure| {
        Failure::new(format!(
            "{failure}\n\nThe compiler target {TARGET} is missing, and neither rustup nor Debian's rust-src \
             of Rust {} could supply it. On a machine with the network: `rustup target add {TARGET}`.",
            compiler.version
        ))
    })
}

/// Names of the compiled libraries in a folder; none when there is no such folder.
pub fn rlibs(folder: &Path) -> Vec<String> {
    files_ending(folder, &[".rlib"])
}

/// Names of all that a compiler may take for a library.
pub fn libraries(folder: &Path) -> Vec<String> {
    files_ending(folder, &[".rlib", ".rmeta"])
}

fn files_ending(folder: &Path, endings: &[&str]) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| endings.iter().any(|ending| name.ends_with(ending)))
        .collect()
}

fn rustc(checkout: &Checkout, arguments: &[&str]) -> Result<String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let mut command: Command = checkout.command(&rustc);
    Ok(shell::capture(command.args(arguments))?.trim().to_owned())
}
