//! `kubectl apply`.

use super::super::apply;
use super::super::fault::Fault;
use super::super::find::{self, documents, encode};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::Shell;
use super::super::value::{name, text};
use super::{DryRun, tell};
use crate::sim::trace::Verb;
use serde_json::Value;

const FLAGS: &str = " filename/f:l recursive/R kustomize/k:s selector/l:s all prune force wait \
    server-side force-conflicts field-manager:s validate:?strict overwrite openapi-patch \
    dry-run:?unchanged timeout:d grace-period:i cascade:?background prune-allowlist:l subresource:s";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl apply", &format!("{OUTPUT_FLAGS}{FLAGS}"), args)?;
    shell.enter(&given);
    if !given.args.is_empty() {
        return Err(Fault::Usage(format!(
            "Unexpected args: [{}]",
            given.args.join(" ")
        )));
    }
    let files = given.all("filename").to_vec();
    if files.is_empty() {
        return Err(Fault::message("must specify one of -f and -k"));
    }
    let dry_run = DryRun::of(shell, &given)?;
    let (mut faults, mut first) = (Vec::new(), None);
    for (manifest, file) in documents(shell, &files)? {
        let outcome = match given.on("server-side") {
            true => server_side(shell, &given, &manifest, &file, dry_run),
            false => client_side(shell, &given, &manifest, &file, dry_run),
        };
        match outcome {
            // What kubectl finds itself is told after what the server says.
            Err(fault @ Fault::Message(_)) => {
                first.get_or_insert(fault);
            }
            outcome => faults.extend(outcome.err()),
        }
    }
    faults.extend(first);
    Fault::of_all(faults)
}

fn client_side(
    shell: &mut Shell<'_>,
    given: &Given,
    manifest: &Value,
    file: &str,
    dry_run: DryRun,
) -> Result<(), Fault> {
    if dry_run == DryRun::Client {
        let resource = find::of_manifest(shell, manifest, file)?;
        let path = format!(
            "{}/{}",
            resource.path(&shell.namespace_of(&resource)),
            name(manifest)
        );
        let word = match shell.get(&path) {
            Ok(_) => "configured",
            Err(_) => "created",
        };
        let line = format!(
            "{}/{} {word} (dry run)",
            resource.line_kind(),
            name(manifest)
        );
        return tell(shell, given, manifest, &line);
    }
    let namespace = shell.namespace.clone();
    let door = &mut *shell.door;
    let mut creating = false;
    let applied = apply(
        &mut |mut request| {
            creating = request.verb == Verb::Create;
            request.options.dry_run = dry_run == DryRun::Server;
            door.request(request)
        },
        manifest,
        &namespace,
    );
    let applied = applied.map_err(|status| match status.code {
        None => {
            let message = status.message.unwrap_or_default().replace("STDIN", file);
            match message.starts_with("error validating data") {
                true => Fault::Message(format!("error validating {file:?}: {message}")),
                false => Fault::Message(message),
            }
        }
        Some(_) if creating => Fault::Server(status, format!("error when creating {file:?}")),
        Some(_) => Fault::Server(status, format!("error when applying {file:?}")),
    })?;
    for warning in &applied.warnings {
        shell.warn(format!("Warning: {warning}"));
    }
    let info = applied.kind.info();
    let kind = match info.group {
        "" => info.kind.to_lowercase(),
        group => format!("{}.{group}", info.kind.to_lowercase()),
    };
    let word = applied.outcome.word();
    let line = format!("{kind}/{} {word}{}", applied.key.name, dry_run.suffix());
    tell(shell, given, manifest, &line)
}

/// The server merges.
fn server_side(
    shell: &mut Shell<'_>,
    given: &Given,
    manifest: &Value,
    file: &str,
    dry_run: DryRun,
) -> Result<(), Fault> {
    let resource = find::of_manifest(shell, manifest, file)?;
    let namespace = match text(manifest, "/metadata/namespace") {
        "" => shell.namespace_of(&resource),
        namespace => namespace.to_owned(),
    };
    let manager = given.get("field-manager").unwrap_or("kubectl");
    let path = format!(
        "{}/{}?{}fieldManager={}&fieldValidation=Strict&force={}",
        resource.path(&namespace),
        encode(name(manifest)),
        dry_run.query(),
        encode(manager),
        given.on("force-conflicts")
    );
    let (json, body) = ("application/json", manifest.to_string());
    let applied = shell.send("PATCH", &path, json, "application/apply-patch+yaml", &body)?;
    let line = format!(
        "{}/{} serverside-applied{}",
        resource.line_kind(),
        name(&applied),
        dry_run.suffix()
    );
    tell(shell, given, &applied, &line)
}
