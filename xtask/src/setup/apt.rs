//! Debian's package manager, where the machine has it and we may use it.

use std::process::Command;

use crate::shell::{self, Failure, Result};

/// Installs packages with apt-get when this user may; says what to do when not.
///
/// # Errors
/// When there is no apt-get, when the user is not root, or when apt-get fails.
pub fn install(packages: &[&str], what_for: &str, how_long: &str) -> Result<()> {
    let list = packages.join(" ");
    if shell::find_program(&["apt-get"]).is_none() {
        return Err(Failure::new(format!(
            "{what_for} is missing, and this machine has no apt-get.\n\
             Install it with your system's package manager (Debian calls it: {list}) and run the command again."
        )));
    }
    if !is_root() {
        return Err(Failure::new(format!(
            "{what_for} is missing, and only root can install it. Run this, then the command again:\n\
             \n    sudo apt-get install --no-install-recommends {list}"
        )));
    }
    shell::say(
        &format!("install {what_for} ({list}) with apt-get"),
        how_long,
    );
    // A stale mirror entry must not stop the installation: what matters is whether it succeeds.
    if let Err(failure) = shell::run(apt_get().arg("update")) {
        shell::note(&format!(
            "{failure}; going on with the lists that are there"
        ));
    }
    let arguments = ["install", "--yes", "--no-install-recommends"];
    shell::run(apt_get().args(arguments).args(packages)).map_err(|failure| {
        Failure::new(format!(
            "{failure}\n{what_for} could not be installed. Install {list} yourself and run the command again."
        ))
    })
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    shell::capture(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0")
}
