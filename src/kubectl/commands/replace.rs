//! `kubectl replace`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Need, Wanted};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::Shell;
use super::super::value::text;
use super::{DryRun, delete, tell};

const FLAGS: &str = " force cascade:?background grace-period:i timeout:d wait save-config \
    subresource:s validate:?strict dry-run:?unchanged field-manager:s raw:s";
/// How long `--force` waits for what it deletes.
const FORCED_SECONDS: f64 = 300.0;

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read("kubectl replace", &spec, args)?;
    shell.enter(&given);
    if !given.args.is_empty() {
        return Err(Fault::Usage(format!(
            "Unexpected args: [{}]",
            given.args.join(" ")
        )));
    }
    if given.all("filename").is_empty() {
        return Err(Fault::message("must specify one of -f and -k"));
    }
    let dry_run = DryRun::of(shell, &given)?;
    let wanted = find::wanted(shell, &given, &given.args, Need::Any)?;
    let mut faults = Vec::new();
    for it in &wanted {
        let outcome = replace(shell, &given, it, dry_run);
        faults.extend(outcome.err());
    }
    Fault::of_all(faults)
}

fn replace(
    shell: &mut Shell<'_>,
    given: &Given,
    wanted: &Wanted,
    dry_run: DryRun,
) -> Result<(), Fault> {
    let Some((manifest, file)) = &wanted.manifest else {
        return Ok(());
    };
    let doing = |fault| match fault {
        Fault::Server(status, _) => Fault::Server(status, format!("error when replacing {file:?}")),
        fault => fault,
    };
    let suffix = dry_run.suffix();
    let line = format!(
        "{}/{} replaced{suffix}",
        wanted.resource.line_kind(),
        wanted.name
    );
    if dry_run == DryRun::Client {
        return tell(shell, given, manifest, &line);
    }
    if given.on("force") {
        remove(shell, given, wanted)?;
        let path = wanted.resource.path(&wanted.namespace);
        let made = shell.post(&path, manifest).map_err(doing)?;
        return tell(shell, given, &made, &line);
    }
    let path = format!(
        "{}?{}fieldManager=kubectl-replace",
        wanted.path(),
        dry_run.query()
    );
    let (json, body) = ("application/json", manifest.to_string());
    let made = shell.send("PUT", &path, json, json, &body).map_err(doing)?;
    tell(shell, given, &made, &line)
}

/// Deletes what is there, and waits until it is gone.
fn remove(shell: &mut Shell<'_>, given: &Given, wanted: &Wanted) -> Result<(), Fault> {
    let (found, _) = find::find(shell, given, std::slice::from_ref(wanted));
    for object in &found {
        let body = "{\"propagationPolicy\":\"Background\"}";
        let json = "application/json";
        shell.send("DELETE", &object.path(), json, json, body)?;
        let from = match text(&object.object, "/metadata/namespace") {
            "" => String::new(),
            namespace => format!(" from {namespace} namespace"),
        };
        shell.line(format!(
            "{} {:?} deleted{from}",
            object.resource.line_kind(),
            object.name()
        ));
    }
    let mut faults = Vec::new();
    delete::wait(shell, &found, FORCED_SECONDS, &mut faults)?;
    Fault::of_all(faults)
}
