//! `cargo xtask bench`: the same cases natively and in Wasm inside Chromium, side by side.

use std::collections::BTreeMap;

use crate::checkout::Checkout;
use crate::dist;
use crate::setup;
use crate::shell::{self, Result};

/// One line of a runner: `bench CASE {json}`.
type Results = BTreeMap<String, BTreeMap<String, String>>;

/// Runs all cases, or those named, and prints a table.
///
/// # Errors
/// When the set-up, a build or a runner fails.
pub fn run(checkout: &Checkout, cases: &[String]) -> Result<()> {
    setup::for_the_page(checkout)?;
    let browser = setup::chromium::ensure()?;

    let native = native(checkout, cases)?;
    dist::build(checkout)?;
    shell::say("run the same cases in Chromium", "1 to 5 minutes");
    let mut node = checkout.command("node");
    node.arg("tests/e2e/bench.mjs")
        .args(cases)
        .env("TABERNETES_CHROMIUM", browser.chromium);
    let wasm = results_of(&mut node)?;

    print!("{}", table(&native, &wasm));
    Ok(())
}

/// Each case in a process of its own: no case inherits another's memory.
fn native(checkout: &Checkout, wanted: &[String]) -> Result<Results> {
    shell::say("build the native bench (release)", "2 to 6 minutes");
    let listed = shell::capture(&mut example(checkout, &[]))?;
    let chosen = listed
        .lines()
        .filter(|case| wanted.is_empty() || wanted.iter().any(|name| name == case));
    shell::say("run the cases natively", "1 to 5 minutes");
    let mut results = Results::new();
    for case in chosen {
        results.append(&mut results_of(&mut example(checkout, &[case]))?);
    }
    Ok(results)
}

fn example(checkout: &Checkout, arguments: &[&str]) -> std::process::Command {
    let mut cargo = checkout.cargo();
    cargo
        .args([
            "run",
            "--quiet",
            "--release",
            "--locked",
            "--example",
            "bench",
            "--",
        ])
        .args(arguments);
    cargo
}

fn results_of(command: &mut std::process::Command) -> Result<Results> {
    let mut results = Results::new();
    let line = shell::command_line(command);
    let watched = shell::watch(command, |line| {
        if let Some((case, figures)) = result_line(line) {
            results.insert(case, figures);
        }
    })?;
    if watched.success {
        Ok(results)
    } else {
        Err(shell::Failure::new(format!("`{line}` failed; see above")))
    }
}

/// `bench 100/3 {"wall_ms":12.5,"pods":100}` as figures by name.
fn result_line(line: &str) -> Option<(String, BTreeMap<String, String>)> {
    let (case, json) = line.strip_prefix("bench ")?.split_once(' ')?;
    let object = json.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut figures = BTreeMap::new();
    // Flat objects of numbers and plain words only: no comma or colon inside a value.
    for pair in object.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once(':')?;
        let clean = |text: &str| text.trim().trim_matches('"').to_owned();
        figures.insert(clean(name), clean(value));
    }
    Some((case.to_owned(), figures))
}

fn table(native: &Results, wasm: &Results) -> String {
    let mut text = format!(
        "\n{:<24}{:<28}{:>14}{:>14}{:>8}\n",
        "case", "figure", "native", "wasm", "ratio"
    );
    if native.is_empty() && wasm.is_empty() {
        text.push_str("(no cases)\n");
    }
    let empty = BTreeMap::new();
    let cases: std::collections::BTreeSet<&String> = native.keys().chain(wasm.keys()).collect();
    for case in cases {
        let ours = native.get(case).unwrap_or(&empty);
        let theirs = wasm.get(case).unwrap_or(&empty);
        let figures: std::collections::BTreeSet<&String> =
            ours.keys().chain(theirs.keys()).collect();
        for figure in figures {
            let left = ours.get(figure).map_or("–", String::as_str);
            let right = theirs.get(figure).map_or("–", String::as_str);
            let ratio = ratio(left, right);
            text.push_str(&format!(
                "{case:<24}{figure:<28}{left:>14}{right:>14}{ratio:>8}\n"
            ));
        }
    }
    text
}

fn ratio(native: &str, wasm: &str) -> String {
    match (native.parse::<f64>(), wasm.parse::<f64>()) {
        (Ok(native), Ok(wasm)) if native > 0.0 => format!("{:.2}", wasm / native),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Results, result_line, table};

    #[test]
    fn a_result_line_becomes_figures_and_a_row_with_a_ratio() {
        let (case, figures) =
            result_line("bench 100/3 {\"wall_ms\":10,\"hash\":\"ab\"}").expect("a result");
        assert_eq!(case, "100/3");
        assert_eq!(figures["hash"], "ab");
        let native = Results::from([(case.clone(), figures)]);
        let (_, figures) = result_line("bench 100/3 {\"wall_ms\":25}").expect("a result");
        let wasm = Results::from([(case, figures)]);
        let table = table(&native, &wasm);
        let row = table
            .lines()
            .find(|line| line.contains("wall_ms"))
            .expect("a row");
        assert!(row.ends_with("2.50"), "{row}");
        assert!(result_line("Compiling x").is_none());
    }
}
