//! `kubectl delete`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Found, Need};
use super::super::flags::Given;
use super::super::shell::Shell;
use super::super::value::text;
use super::DryRun;
use serde_json::json;

const FLAGS: &str = " all-namespaces/A cascade:?background force grace-period:i ignore-not-found \
    now output/o:s timeout:d wait dry-run:?unchanged raw:s interactive/i";
/// A wait without a timeout goes on for a week.
const WEEK: f64 = 168.0 * 3600.0;
const IMMEDIATE: &str = "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl delete", &format!("{FIND_FLAGS}{FLAGS}"), args)?;
    shell.enter(&given);
    if let Some(raw) = given.get("raw") {
        let answer = shell.send("DELETE", raw, "application/json", "", "")?;
        shell.line(answer.to_string());
        return Ok(());
    }
    let propagation = match given.text("cascade") {
        "" | "background" | "true" => "Background",
        "foreground" => "Foreground",
        "orphan" | "false" => "Orphan",
        other => {
            return Err(Fault::Message(format!(
                "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
            )));
        }
    };
    let dry_run = DryRun::of(shell, &given)?;
    let wanted = find::wanted(shell, &given, &given.args, Need::Names)?;
    let grace = grace(&given)?;
    let force = given.on("force");
    if force {
        shell.warn(IMMEDIATE);
    }
    let ignore = given.on("ignore-not-found") || given.on("all");
    let (mut faults, mut deleted) = (Vec::new(), Vec::new());
    let mut any = false;
    for it in &wanted {
        let (found, missing) = find::find(shell, &given, std::slice::from_ref(it));
        any |= !found.is_empty() || !missing.is_empty();
        let of_file = it.manifest.as_ref().map(|(_, file)| file.clone());
        for fault in missing {
            if !(fault.is_not_found() && ignore) {
                faults.push(doing(fault, of_file.as_deref()));
            }
        }
        for object in found {
            match delete(shell, &object, propagation, grace, dry_run) {
                Err(fault) if fault.is_not_found() && ignore => {}
                Err(fault) => faults.push(doing(fault, of_file.as_deref())),
                Ok(()) => {
                    tell(shell, &given, &object, force, dry_run);
                    deleted.push(object);
                }
            }
        }
    }
    let by_name = wanted.iter().any(|it| !it.name.is_empty());
    if !any && !by_name {
        shell.line("No resources found");
    }
    let waits = given.or("wait", !force) && dry_run == DryRun::No;
    if waits {
        let seconds = given
            .span("timeout")
            .filter(|span| *span > 0.0)
            .unwrap_or(WEEK);
        wait(shell, &deleted, seconds, &mut faults)?;
    }
    Fault::of_all(faults)
}

fn doing(fault: Fault, file: Option<&str>) -> Fault {
    match (fault, file) {
        (Fault::Server(status, _), Some(file)) => {
            Fault::Server(status, format!("error when deleting {file:?}"))
        }
        (fault, _) => fault,
    }
}

/// The grace period that the flags ask for.
fn grace(given: &Given) -> Result<Option<i64>, Fault> {
    let period = given.number("grace-period").unwrap_or(-1);
    if given.on("now") && period != -1 {
        return Err(Fault::message(
            "--now and --grace-period cannot be specified together",
        ));
    }
    let period = if given.on("now") { 1 } else { period };
    match period {
        1.. if given.on("force") => Err(Fault::message(
            "--force and --grace-period greater than 0 cannot be specified together",
        )),
        0 if !given.on("force") => Ok(Some(1)),
        _ if given.on("force") => Ok(Some(0)),
        ..0 => Ok(None),
        period => Ok(Some(period)),
    }
}

fn delete(
    shell: &mut Shell<'_>,
    object: &Found,
    propagation: &str,
    grace: Option<i64>,
    dry_run: DryRun,
) -> Result<(), Fault> {
    if dry_run == DryRun::Client {
        return Ok(());
    }
    let mut options = json!({"propagationPolicy": propagation});
    if let Some(seconds) = grace {
        options["gracePeriodSeconds"] = seconds.into();
    }
    if dry_run == DryRun::Server {
        options["dryRun"] = json!(["All"]);
    }
    let (path, body) = (object.path(), options.to_string());
    let content = "application/json";
    shell
        .send("DELETE", &path, "application/json", content, &body)
        .map(|_| ())
}

fn tell(shell: &mut Shell<'_>, given: &Given, object: &Found, force: bool, dry_run: DryRun) {
    if given.text("output") == "name" {
        return shell.line(object.line());
    }
    let kind = object.resource.line_kind();
    let verb = if force { "force deleted" } else { "deleted" };
    let from = match object.namespace() {
        "" => String::new(),
        namespace => format!(" from {namespace} namespace"),
    };
    let suffix = dry_run.suffix();
    shell.line(format!("{kind} {:?} {verb}{from}{suffix}", object.name()));
}

/// Waits until all are gone.
pub(super) fn wait(
    shell: &mut Shell<'_>,
    deleted: &[Found],
    seconds: f64,
    faults: &mut Vec<Fault>,
) -> Result<(), Fault> {
    for object in deleted {
        let (path, uid) = (object.path(), text(&object.object, "/metadata/uid"));
        let gone = shell.until(seconds, |shell| match shell.get(&path) {
            Ok(live) => Ok(text(&live, "/metadata/uid") != uid),
            Err(fault) if fault.is_not_found() => Ok(true),
            Err(fault) => Err(fault),
        })?;
        if !gone {
            faults.push(Fault::Message(format!(
                "timed out waiting for the condition on {}/{}",
                object.resource.plural,
                object.name()
            )));
        }
    }
    Ok(())
}
