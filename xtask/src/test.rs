//! `cargo xtask test`: every test there is, one line at the end.

use std::time::{Duration, Instant};

use crate::checkout::Checkout;
use crate::shell::{self, Failure, Result};
use crate::suites::{self, Suite};

/// What one suite counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, or that could not run.
    pub failed: u64,
    /// Tests that were left out, and said so.
    pub skipped: u64,
}

impl Tally {
    /// One test, passed or failed.
    pub fn one(passed: bool) -> Self {
        Self {
            passed: u64::from(passed),
            failed: u64::from(!passed),
            skipped: 0,
        }
    }

    /// Adds what a line of a test runner reports, if it is a result line.
    pub fn add_line(&mut self, line: &str) {
        if let Some(more) = result_line(line) {
            self.add(more);
        }
    }

    fn add(&mut self, more: Tally) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, as libtest, wasm-bindgen-test and our own
/// end-to-end runner write it.
fn result_line(line: &str) -> Option<Tally> {
    let (_, counts) = line
        .trim()
        .strip_prefix("test result: ")?
        .split_once(". ")?;
    let mut tally = Tally::default();
    for part in counts.split(';') {
        let mut words = part.split_whitespace();
        let (Some(number), Some(what)) = (words.next(), words.next()) else {
            continue;
        };
        let Ok(number) = number.parse::<u64>() else {
            continue;
        };
        match what {
            "passed" => tally.passed = number,
            "failed" => tally.failed = number,
            "ignored" => tally.skipped = number,
            _ => {}
        }
    }
    Some(tally)
}

struct Outcome {
    name: &'static str,
    tally: Tally,
    duration: Duration,
    /// Why it could not run, where it could not.
    reason: Option<String>,
}

/// Runs all suites, or those named, and prints one line over all.
///
/// # Errors
/// When a suite is unknown or any test failed.
pub fn run(checkout: &Checkout, names: &[String]) -> Result<()> {
    let chosen = choose(names)?;
    let outcomes: Vec<Outcome> = chosen
        .into_iter()
        .map(|suite| run_one(checkout, suite))
        .collect();
    if report(&outcomes) {
        Ok(())
    } else {
        Err(Failure::already_told())
    }
}

fn choose(names: &[String]) -> Result<Vec<&'static Suite>> {
    if names.is_empty() {
        return Ok(suites::ALL.iter().collect());
    }
    let find = |name: &String| {
        let suite = suites::ALL.iter().find(|suite| suite.name == name);
        suite.ok_or_else(|| {
            let known: Vec<&str> = suites::ALL.iter().map(|suite| suite.name).collect();
            Failure::new(format!(
                "`{name}` is not a suite; there are: {}",
                known.join(" ")
            ))
        })
    };
    names.iter().map(find).collect()
}

fn run_one(checkout: &Checkout, suite: &'static Suite) -> Outcome {
    println!();
    shell::say(&format!("{}: {}", suite.name, suite.what), suite.how_long);
    let started = Instant::now();
    let (tally, reason) = match (suite.run)(checkout) {
        Ok(tally) => (tally, None),
        Err(failure) => {
            eprintln!("{failure}");
            (Tally::one(false), Some(failure.to_string()))
        }
    };
    Outcome {
        name: suite.name,
        tally,
        duration: started.elapsed(),
        reason,
    }
}

/// Prints the table and the last line; says whether all is well.
fn report(outcomes: &[Outcome]) -> bool {
    let mut all = Tally::default();
    println!(
        "\n{:<14}{:>8}{:>8}{:>9}   time",
        "suite", "passed", "failed", "skipped"
    );
    for outcome in outcomes {
        let Tally {
            passed,
            failed,
            skipped,
        } = outcome.tally;
        println!(
            "{:<14}{passed:>8}{failed:>8}{skipped:>9}   {}",
            outcome.name,
            shell::duration_words(outcome.duration)
        );
        all.add(outcome.tally);
    }
    for outcome in outcomes {
        if let Some(first_line) = outcome
            .reason
            .as_deref()
            .and_then(|text| text.lines().next())
        {
            println!("{} could not run: {first_line}", outcome.name);
        }
    }
    println!(
        "\n{} passed, {} failed, {} skipped",
        all.passed, all.failed, all.skipped
    );
    all.failed == 0
}

#[cfg(test)]
mod tests {
    use super::{Tally, choose, result_line};

    #[test]
    fn result_lines_of_the_test_runners_are_counted() {
        let cases = [
            (
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                Some((3, 0, 1)),
            ),
            (
                "test result: FAILED. 2 passed; 1 failed; 0 ignored; 4 filtered out",
                Some((2, 1, 0)),
            ),
            ("test sim::clock ... ok", None),
            ("running 3 tests", None),
        ];
        for (line, expected) in cases {
            let expected = expected.map(|(passed, failed, skipped)| Tally {
                passed,
                failed,
                skipped,
            });
            assert_eq!(result_line(line), expected, "{line}");
        }
    }

    #[test]
    fn an_unknown_suite_is_refused_by_name() {
        assert!(
            choose(&["native".to_owned(), "e2e".to_owned()]).is_ok_and(|suites| suites.len() == 2)
        );
        let refused = choose(&["natvie".to_owned()]);
        assert!(refused.is_err_and(|failure| failure.to_string().contains("natvie")));
    }
}
