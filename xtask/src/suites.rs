//! The suites of `cargo xtask test`, cheapest first.

use std::process::Command;

use crate::checkout::{self, Checkout};
use crate::dist;
use crate::setup;
use crate::shell::{self, Result};
use crate::test::Tally;
use crate::tidy;

/// A group of tests that runs as one step.
pub struct Suite {
    /// What the command line calls it.
    pub name: &'static str,
    /// What it checks.
    pub what: &'static str,
    /// On two cores, from nothing.
    pub how_long: &'static str,
    /// An error means that it could not run: that counts as one failure.
    pub run: fn(&Checkout) -> Result<Tally>,
}

/// In the order in which they run.
pub const ALL: [Suite; 8] = [
    Suite {
        name: "format",
        what: "rustfmt has nothing to change",
        how_long: "seconds",
        run: format,
    },
    Suite {
        name: "tidy",
        what: "the house rules that no compiler knows",
        how_long: "seconds",
        run: house_rules,
    },
    Suite {
        name: "clippy",
        what: "clippy has no warning, natively",
        how_long: "1 to 3 minutes",
        run: clippy,
    },
    Suite {
        name: "native",
        what: "unit, integration and documentation tests",
        how_long: "2 to 6 minutes",
        run: native,
    },
    Suite {
        name: "clients",
        what: "the JavaScript client of Kubernetes against `tabernetes serve`",
        how_long: "seconds, after the native tests",
        run: clients,
    },
    Suite {
        name: "clippy-wasm",
        what: "clippy has no warning, for the browser",
        how_long: "1 to 3 minutes",
        run: clippy_wasm,
    },
    Suite {
        name: "wasm",
        what: "the Wasm tests in Chromium",
        how_long: "3 to 6 minutes",
        run: wasm,
    },
    Suite {
        name: "e2e",
        what: "the built page in Chromium, clicked",
        how_long: "3 to 10 minutes",
        run: end_to_end,
    },
];

fn format(checkout: &Checkout) -> Result<Tally> {
    let watched = shell::watch(checkout.cargo().args(["fmt", "--all", "--check"]), |_| ())?;
    Ok(Tally::one(watched.success))
}

fn house_rules(checkout: &Checkout) -> Result<Tally> {
    let broken = tidy::check(checkout)?;
    tidy::print(&broken);
    Ok(Tally::one(broken.is_empty()))
}

fn clippy(checkout: &Checkout) -> Result<Tally> {
    let mut cargo = checkout.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets", "--locked"]);
    deny_warnings(&mut cargo)
}

fn clippy_wasm(checkout: &Checkout) -> Result<Tally> {
    setup::for_wasm_checks(checkout)?;
    let mut cargo = checkout.cargo();
    cargo
        .args(["clippy", "--locked", "--target", "wasm32-unknown-unknown"])
        .args(["--lib", "--bin", "page", "--test", "wasm"])
        .env("CLIPPY_CONF_DIR", checkout.path(".ci/clippy-wasm"));
    deny_warnings(&mut cargo)
}

fn deny_warnings(cargo: &mut Command) -> Result<Tally> {
    let watched = shell::watch(cargo.args(["--", "--deny", "warnings"]), |_| ())?;
    Ok(Tally::one(watched.success))
}

fn native(checkout: &Checkout) -> Result<Tally> {
    let mut cargo = checkout.cargo();
    cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    counted(&mut cargo)
}

fn clients(checkout: &Checkout) -> Result<Tally> {
    setup::for_clients(checkout)?;
    shell::run(
        checkout
            .cargo()
            .args(["build", "--locked", "--bin", "tabernetes"]),
    )?;
    let mut node = checkout.command("node");
    node.arg("tests/clients/node.mjs");
    counted(&mut node)
}

fn wasm(checkout: &Checkout) -> Result<Tally> {
    setup::for_wasm_tests(checkout)?;
    let browser = setup::chromium::ensure()?;
    let mut cargo = checkout.cargo();
    checkout::quick_wasm(&mut cargo)
        .args(["test", "--locked", "--target", "wasm32-unknown-unknown"])
        .args(["--test", "wasm"])
        .env("CHROMEDRIVER", browser.driver)
        // The bound after which a hanging test counts as failed.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    counted(&mut cargo)
}

fn end_to_end(checkout: &Checkout) -> Result<Tally> {
    setup::for_the_page(checkout)?;
    let browser = setup::chromium::ensure()?;
    dist::build(checkout)?;
    dist::print_sizes(checkout)?;
    let mut node = checkout.command("node");
    node.arg("tests/e2e/run.mjs")
        .env("TABERNETES_CHROMIUM", browser.chromium);
    counted(&mut node)
}

/// Runs a test runner and adds up its result lines.
fn counted(command: &mut Command) -> Result<Tally> {
    let mut tally = Tally::default();
    let watched = shell::watch(command, |line| tally.add_line(line))?;
    // It did not compile, or crashed before it could count.
    if !watched.success && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}
