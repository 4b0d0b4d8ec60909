//! Where things lie in this checkout.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Failure, Result};

/// The checkout that this `xtask` was built from.
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout around this crate's manifest.
    pub fn here() -> Self {
        let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest_dir.parent().unwrap_or(manifest_dir).to_path_buf();
        Self { root }
    }

    /// The folder with the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the checkout.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where trunk and wasm-bindgen are installed; several checkouts may share one folder.
    pub fn tools(&self) -> PathBuf {
        match std::env::var_os("TABERNETES_TOOLS") {
            Some(folder) if !folder.is_empty() => self.root.join(folder),
            _ => self.root.join(".tools"),
        }
    }

    /// `PATH` with the project's own tools first, so that a machine's other versions do not matter.
    pub fn search_path(&self) -> OsString {
        let own = [self.tools().join("bin"), self.path("node_modules/.bin")];
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let all = own.into_iter().chain(std::env::split_paths(&inherited));
        std::env::join_paths(all).unwrap_or(inherited)
    }

    /// A command that runs in the checkout's root with the project's own tools on `PATH`.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("PATH", self.search_path());
        command
    }

    /// The `cargo` that runs this very command.
    pub fn cargo(&self) -> Command {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = self.command(&cargo);
        // Set by `cargo run` for this crate; a nested cargo would take them for its own.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_") {
                command.env_remove(name);
            }
        }
        command.env_remove("CARGO_MANIFEST_DIR");
        command
    }

    /// The version of `package` that Cargo.lock pins.
    ///
    /// # Errors
    /// When Cargo.lock cannot be read or does not hold the package.
    pub fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.path("Cargo.lock");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
        version_in_lock(&text, package)
            .ok_or_else(|| Failure::new(format!("Cargo.lock does not hold `{package}`")))
    }
}

/// Sets the development build for Wasm: our own code optimised a little, so that the cluster is quick
/// enough to watch. Settings of the environment and not a profile of its own, because a second
/// profile would compile every procedural macro and build script once more.
pub fn quick_wasm(command: &mut Command) -> &mut Command {
    command
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
}

fn version_in_lock(lock: &str, package: &str) -> Option<String> {
    let name_line = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == name_line)?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::version_in_lock;

    #[test]
    fn the_lock_file_names_the_version_of_the_exact_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(
            version_in_lock(lock, "wasm-bindgen").as_deref(),
            Some("0.2.130")
        );
        assert_eq!(version_in_lock(lock, "wasm"), None);
    }
}
