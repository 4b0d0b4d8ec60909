//! `kubectl taint`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Found, Need};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::{Patch, Shell};
use super::super::value::{items, text};
use super::{DryRun, tell};
use serde_json::{Value, json};

const FLAGS: &str = " overwrite validate:?strict dry-run:?unchanged field-manager:s";
const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

struct Taint {
    key: String,
    value: String,
    effect: String,
    removed: bool,
}

impl Taint {
    fn read(spec: &str) -> Result<Taint, Fault> {
        let (spec, removed) = match spec.strip_suffix('-') {
            Some(spec) => (spec, true),
            None => (spec, false),
        };
        let invalid = || Fault::Message(format!("invalid taint spec: {spec}"));
        let mut parts = spec.split(':');
        let (pair, effect) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if parts.next().is_some() || key.is_empty() || value.contains('=') {
            return Err(invalid());
        }
        if !removed && effect.is_empty() {
            return Err(invalid());
        }
        if !effect.is_empty() && !EFFECTS.contains(&effect) {
            return Err(Fault::Message(format!(
                "invalid taint effect: {effect}, unsupported taint effect"
            )));
        }
        Ok(Taint {
            key: key.to_owned(),
            value: value.to_owned(),
            effect: effect.to_owned(),
            removed,
        })
    }

    fn is_of(&self, taint: &Value) -> bool {
        text(taint, "/key") == self.key
            && (self.effect.is_empty() || text(taint, "/effect") == self.effect)
    }
}

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read("kubectl taint", &spec, args)?;
    let is_taint = |argument: &String| {
        argument.contains('=') || argument.contains(':') || argument.ends_with('-')
    };
    let split = given
        .args
        .iter()
        .position(is_taint)
        .unwrap_or(given.args.len());
    let (names, specs) = given.args.split_at(split);
    let Some(kind) = names.first() else {
        return Err(Fault::message(
            "one or more resources must be specified as <resource> <name>",
        ));
    };
    if specs.is_empty() {
        return Err(Fault::message("at least one taint update is required"));
    }
    let taints: Vec<Taint> = specs
        .iter()
        .map(|spec| Taint::read(spec))
        .collect::<Result<_, _>>()?;
    if !["node", "nodes", "no"].contains(&kind.to_lowercase().as_str()) {
        return Err(Fault::Message(format!(
            "invalid resource type {kind}, only node types are supported"
        )));
    }
    if names.len() == 1 && !given.on("all") && given.get("selector").is_none() {
        return Err(Fault::message(
            "at least one resource name must be specified since 'all' parameter is not set",
        ));
    }
    let dry_run = DryRun::of(shell, &given)?;
    let wanted = find::wanted(shell, &given, names, Need::Names)?;
    let (found, mut faults) = find::find(shell, &given, &wanted);
    for node in found {
        let outcome = taint(shell, &given, &node, &taints, dry_run);
        faults.extend(outcome.err());
    }
    Fault::of_all(faults)
}

fn taint(
    shell: &mut Shell<'_>,
    given: &Given,
    node: &Found,
    changes: &[Taint],
    dry_run: DryRun,
) -> Result<(), Fault> {
    let mut taints: Vec<Value> = items(&node.object, "/spec/taints").to_vec();
    let (mut exists, mut missing) = (Vec::new(), Vec::new());
    let (mut added, mut removed) = (false, false);
    for change in changes {
        let before = taints.len();
        let there = taints.iter().any(|taint| change.is_of(taint));
        if change.removed {
            taints.retain(|taint| !change.is_of(taint));
            removed |= taints.len() < before;
            if !there {
                missing.push(match change.effect.as_str() {
                    "" => format!("taint {:?} not found", change.key),
                    effect => format!("taint {:?} not found", format!("{}:{effect}", change.key)),
                });
            }
            continue;
        }
        if there && !given.on("overwrite") {
            exists.push(change.key.clone());
            continue;
        }
        taints.retain(|taint| !change.is_of(taint));
        let mut taint = json!({"key": change.key, "effect": change.effect});
        if !change.value.is_empty() {
            taint["value"] = change.value.clone().into();
        }
        taints.insert(0, taint);
        added |= !there;
    }
    if !exists.is_empty() {
        return Err(Fault::Message(format!(
            "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
            node.name(),
            exists.join(",")
        )));
    }
    match missing.as_slice() {
        [] => {}
        [one] => return Err(Fault::Message(one.clone())),
        many => return Err(Fault::Message(format!("[{}]", many.join(", ")))),
    }
    let done = match (added, removed) {
        (true, false) => "tainted",
        (false, true) => "untainted",
        _ => "modified",
    };
    let line = format!("{} {done}", node.line());
    let mut shown = node.object.clone();
    if dry_run != DryRun::Client {
        let path = format!("{}?{}", node.path(), dry_run.query());
        let taints = if taints.is_empty() {
            Value::Null
        } else {
            json!(taints)
        };
        let body = json!({"spec": {"taints": taints}});
        shown = shell.patch(path.trim_end_matches(['?', '&']), Patch::Merge, &body)?;
    }
    tell(shell, given, &shown, &line)
}
