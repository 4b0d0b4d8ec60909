//! `kubectl patch`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Need};
use super::super::flags::Given;
use super::super::print::{OUTPUT_FLAGS, kind_of};
use super::super::shell::{Patch, Shell};
use super::super::value::{name, text};
use super::{DryRun, tell};
use serde_json::Value;

const FLAGS: &str =
    " patch/p:s patch-file:s type:s subresource:s local dry-run:?unchanged field-manager:s";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read("kubectl patch", &spec, args)?;
    shell.enter(&given);
    let (patch, file) = (given.text("patch"), given.text("patch-file"));
    if !patch.is_empty() && !file.is_empty() {
        return Err(Fault::message(
            "cannot specify --patch and --patch-file together",
        ));
    }
    if patch.is_empty() && file.is_empty() {
        return Err(Fault::message(
            "must specify --patch or --patch-file containing the contents of the patch",
        ));
    }
    let kind = match given.text("type") {
        "" | "strategic" => Patch::Strategic,
        "merge" => Patch::Merge,
        "json" => Patch::Json,
        other => {
            return Err(Fault::Message(format!(
                "--type must be one of [json merge strategic], not {other:?}"
            )));
        }
    };
    let dry_run = DryRun::of(shell, &given)?;
    let contents = match file {
        "" => patch.to_owned(),
        file => shell.door.read(file).ok_or_else(|| {
            Fault::Message(format!(
                "unable to read patch file: open {file}: no such file or directory"
            ))
        })?,
    };
    let body: Value = serde_yaml::from_str(&contents)
        .map_err(|why| Fault::Message(format!("unable to parse {contents:?}: {why}")))?;
    let wanted = find::wanted(shell, &given, &given.args, Need::Names)?;
    let (found, mut faults) = find::find(shell, &given, &wanted);
    for object in found {
        let subresource = match given.text("subresource") {
            "" => String::new(),
            named => format!("/{named}"),
        };
        let query = match dry_run {
            DryRun::No => "",
            _ => "?dryRun=All",
        };
        let path = format!("{}{subresource}{query}", object.path());
        match shell.patch(&path, kind, &body) {
            Err(fault) => faults.push(fault),
            Ok(patched) => {
                let version = "/metadata/resourceVersion";
                let same = text(&patched, version) == text(&object.object, version)
                    && subresource.is_empty();
                let same = match dry_run {
                    DryRun::No => same,
                    _ => patched == object.object,
                };
                let suffix = if same { " (no change)" } else { "" };
                let line = format!("{}/{} patched{suffix}", kind_of(&patched), name(&patched));
                tell(shell, &given, &patched, &line)?;
            }
        }
    }
    Fault::of_all(faults)
}
