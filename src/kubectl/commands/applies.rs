//! `kubectl apply`.

use super::super::apply;
use super::super::fault::Fault;
use super::super::find::{self, documents};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::Shell;
use super::super::value::name;
use super::{DryRun, tell};

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
        let resource = match find::of_manifest(shell, &manifest, &file) {
            Ok(resource) => resource,
            Err(fault) => {
                first.get_or_insert(fault);
                continue;
            }
        };
        if dry_run == DryRun::Client {
            let line = format!(
                "{}/{} configured (dry run)",
                resource.line_kind(),
                name(&manifest)
            );
            tell(shell, &given, &manifest, &line)?;
            continue;
        }
        let namespace = shell.namespace.clone();
        let door = &mut *shell.door;
        let applied = apply(&mut |request| door.request(request), &manifest, &namespace);
        match applied {
            Err(status) => faults.push(Fault::Server(
                status,
                format!("error when applying {file:?}"),
            )),
            Ok(applied) => {
                for warning in &applied.warnings {
                    shell.warn(format!("Warning: {warning}"));
                }
                let word = applied.outcome.word();
                let line = format!("{}/{} {word}", resource.line_kind(), applied.key.name);
                tell(shell, &given, &manifest, &line)?;
            }
        }
    }
    faults.extend(first);
    Fault::of_all(faults)
}
