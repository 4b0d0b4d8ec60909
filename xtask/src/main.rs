//! The project's chores: `cargo xtask serve | test | build | bench | setup`.
//!
//! Each chore first makes sure that the tools it needs are there (module [`setup`]), says what it
//! is doing and how long that may take, and skips what is already done.

mod bench;
mod checkout;
mod dist;
mod golden;
mod schema;
mod serve;
mod setup;
mod shell;
mod suites;
mod test;
mod tidy;

use std::process::ExitCode;

use checkout::Checkout;

const USAGE: &str = "\
cargo xtask COMMAND

  serve [--port N] [--open]  set up, build the page, serve it on 127.0.0.1, reload on change
  test [SUITE...]            set up, run every test; or only the suites named:
                             format clippy clippy-wasm tidy native clients wasm e2e
  build                      build the static site into dist/ and print its sizes
  bench [CASE...]            measure the engine natively and in Chromium
  golden [DIR] [--group NAME]...
                             replay recorded answers of a real Kubernetes
                             (default: ../shared/golden)
  schema FOLDER              make the table of Kubernetes' types from its checkout
  setup [--browser]          only the set-up (with --browser: what the tests need too)
  tidy                       only the house rules

Environment:
  TABERNETES_TOOLS     folder of trunk and wasm-bindgen (default: .tools in the checkout)
  TABERNETES_CHROMIUM  the Chromium or Chrome to test with (default: the one on PATH)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let checkout = Checkout::here();
    let outcome = match command {
        "serve" => serve::run(&checkout, rest),
        "test" => test::run(&checkout, rest),
        "build" => dist::run(&checkout),
        "bench" => bench::run(&checkout, rest),
        "golden" => golden::run(&checkout, rest),
        "schema" => schema::run(&checkout, rest),
        "setup" => setup::run(&checkout, rest),
        "tidy" => tidy::run(&checkout),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(shell::Failure::new(format!(
            "`{other}` is not a command.\n\n{USAGE}"
        ))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_silent() {
                eprintln!("\nerror: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}
