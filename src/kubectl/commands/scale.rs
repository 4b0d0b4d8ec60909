//! `kubectl scale`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Found, Need};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::{Patch, Shell};
use super::super::value::{number, text};
use super::{DryRun, tell};
use serde_json::json;

const FLAGS: &str =
    " replicas:i current-replicas:i resource-version:s timeout:d dry-run:?unchanged";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read("kubectl scale", &spec, args)?;
    shell.enter(&given);
    given.require(&["replicas"])?;
    let replicas = given.number("replicas").unwrap_or(-1);
    if replicas < 0 {
        return Err(Fault::message(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        ));
    }
    let dry_run = DryRun::of(shell, &given)?;
    let wanted = find::wanted(shell, &given, &given.args, Need::Names)?;
    let (found, mut faults) = find::find(shell, &given, &wanted);
    if found.is_empty() && faults.is_empty() {
        return Err(Fault::message("no objects passed to scale"));
    }
    for object in found {
        if let Err(fault) = scale(shell, &given, &object, replicas, dry_run) {
            faults.push(fault);
        }
    }
    Fault::of_all(faults)
}

fn scale(
    shell: &mut Shell<'_>,
    given: &Given,
    object: &Found,
    replicas: i64,
    dry_run: DryRun,
) -> Result<(), Fault> {
    let line = format!("{} scaled{}", object.line(), dry_run.suffix());
    if dry_run == DryRun::Client {
        return tell(shell, given, &object.object, &line);
    }
    let path = format!("{}/scale", object.path());
    let (expected, version) = (
        given.number("current-replicas"),
        given.text("resource-version"),
    );
    if expected.is_some_and(|expected| expected >= 0) || !version.is_empty() {
        let live = shell.get(&path)?;
        let present = number(&live, "/spec/replicas");
        if let Some(expected) = expected.filter(|expected| *expected >= 0 && *expected != present) {
            return Err(Fault::Message(format!(
                "Expected replicas to be {expected}, was {present}"
            )));
        }
        let at = text(&live, "/metadata/resourceVersion");
        if !version.is_empty() && version != at {
            return Err(Fault::Message(format!(
                "Expected resource version to be {version}, was {at}"
            )));
        }
    }
    let query = format!("{path}?{}", dry_run.query());
    let query = query.trim_end_matches(['?', '&']);
    shell.patch(
        query,
        Patch::Merge,
        &json!({"spec": {"replicas": replicas}}),
    )?;
    if let Some(seconds) = given.span("timeout").filter(|span| *span > 0.0) {
        let path = object.path();
        shell.until(seconds, |shell| {
            let live = shell.get(&path)?;
            let seen = number(&live, "/status/observedGeneration")
                >= number(&live, "/metadata/generation");
            Ok(seen && number(&live, "/status/replicas") == replicas)
        })?;
    }
    tell(shell, given, &object.object, &line)
}
