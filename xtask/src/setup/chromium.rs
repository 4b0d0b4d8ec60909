//! The browser that tests and benches run in, and its driver.

use std::path::{Path, PathBuf};

use super::apt;
use crate::shell::{self, Failure, Result};

/// A browser and the program that wasm-bindgen's test runner drives it with.
pub struct Browser {
    /// Chromium or Chrome.
    pub chromium: PathBuf,
    /// The driver of the same version.
    pub driver: PathBuf,
}

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const DRIVERS: [&str; 2] = ["chromedriver", "chromium-driver"];

/// Finds the browser, or installs it where the system's package manager can.
///
/// # Errors
/// When there is none and it cannot be installed.
pub fn ensure() -> Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    apt::install(
        &["chromium", "chromium-driver"],
        "Chromium",
        "about 1 minute",
    )?;
    find().ok_or_else(|| {
        Failure::new(
            "Chromium or its driver is still not on PATH. Set TABERNETES_CHROMIUM to the browser and put \
             chromedriver of the same version on PATH.",
        )
    })
}

fn find() -> Option<Browser> {
    let chromium = named_by_the_user().or_else(|| shell::find_program(&BROWSERS))?;
    let driver = shell::find_program(&DRIVERS)?;
    Some(Browser { chromium, driver })
}

fn named_by_the_user() -> Option<PathBuf> {
    let path = std::env::var_os("TABERNETES_CHROMIUM")?;
    Some(PathBuf::from(path)).filter(|path| Path::is_file(path))
}
