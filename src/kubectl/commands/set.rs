//! `kubectl set image`, `set env`, `set resources`, `set selector`,
//! `set serviceaccount`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Found, Need};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::{Patch, Shell};
use super::super::value::{items, text};
use super::generate::pairs;
use super::{DryRun, tell};
use crate::api::quantity;
use serde_json::{Value, json};

const FLAGS: &str = " containers/c:s local dry-run:?unchanged field-manager:s list env/e:a \
    overwrite prefix:s from:s keys:l resolve limits:s requests:s resource-version:s \
    user:a group:a serviceaccount:a";
const HELP: &str = "Configure application resources.\n\n These commands help you make changes to existing application resources.\n\nAvailable Commands:\n  env              Update environment variables on a pod template\n  image            Update the image of a pod template\n  resources        Update resource requests/limits on objects with pod templates\n  selector         Set the selector on a resource\n  serviceaccount   Update the service account of a resource\n  subject          Update the user, group, or service account in a role binding or cluster role binding\n\nUsage:\n  kubectl set SUBCOMMAND [options]\n\nUse \"kubectl set <command> --help\" for more information about a given command.\nUse \"kubectl options\" for a list of global command-line options (applies to all commands).";

type Act = fn(&mut Shell<'_>, &Given) -> Result<(), Fault>;

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let Some((command, rest)) = args.split_first() else {
        return Err(Fault::Plain(HELP.to_owned()));
    };
    let act: Act = match command.as_str() {
        "image" => image,
        "env" => env,
        "resources" => resources,
        "selector" => selector,
        "serviceaccount" | "sa" => account,
        other => {
            return Err(Fault::Message(format!(
                "unknown command {other:?}\nSee 'kubectl set -h' for help and examples"
            )));
        }
    };
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read(&format!("kubectl set {command}"), &spec, rest)?;
    shell.enter(&given);
    act(shell, &given)
}

/// Arguments before the first change, and the changes.
fn split(args: &[String], is_change: fn(&str) -> bool) -> (&[String], &[String]) {
    let at = args.iter().position(|argument| is_change(argument));
    args.split_at(at.unwrap_or(args.len()))
}

/// Where a pod's spec lies in an object of a kind.
fn spec_of(object: &Found) -> Result<&'static str, Fault> {
    Ok(match object.resource.kind.as_str() {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        "Deployment"
        | "ReplicaSet"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicationController"
        | "Job" => "/spec/template/spec",
        kind => {
            return Err(Fault::Message(format!(
                "{}/{} the object is not a pod or does not have a pod template: *v1.{kind}",
                object.resource.plural,
                object.name()
            )));
        }
    })
}

/// A patch of containers, as a strategic merge patch.
fn patch_of(pointer: &str, spec: Value) -> Value {
    let steps = pointer.split('/').filter(|step| !step.is_empty()).rev();
    steps.fold(spec, |inner, step| json!({ step: inner }))
}

/// Finds what is named, changes it, and tells of it.
fn each(
    shell: &mut Shell<'_>,
    given: &Given,
    names: &[String],
    words: (&str, &str),
    change: &dyn Fn(&Found) -> Result<Option<Value>, Fault>,
) -> Result<(), Fault> {
    let (done, failed) = words;
    let dry_run = DryRun::of(shell, given)?;
    let wanted = find::wanted(shell, given, names, Need::Names)?;
    let (found, mut faults) = match given.on("local") {
        true => (local(&wanted), Vec::new()),
        false => find::find(shell, given, &wanted),
    };
    for object in found {
        let outcome = change(&object).and_then(|patch| {
            let Some(body) = patch else { return Ok(()) };
            let mut shown = object.object.clone();
            if given.on("local") || dry_run == DryRun::Client {
                json_patch_merge(&mut shown, &body);
            } else {
                let path = format!("{}?{}", object.path(), dry_run.query());
                let patched =
                    shell.patch(path.trim_end_matches(['?', '&']), Patch::Strategic, &body);
                shown = patched
                    .map_err(|fault| Fault::Message(format!("{failed} {}", fault.bare())))?;
            }
            tell(
                shell,
                given,
                &shown,
                &format!("{} {done}{}", object.line(), dry_run.suffix()),
            )
        });
        faults.extend(outcome.err());
    }
    Fault::of_all(faults)
}

/// The manifests themselves.
fn local(wanted: &[find::Wanted]) -> Vec<Found> {
    let manifests = wanted.iter().filter_map(|it| {
        let (object, _) = it.manifest.clone()?;
        Some(Found {
            resource: it.resource.clone(),
            object,
        })
    });
    manifests.collect()
}

/// A strategic merge for lists of containers, enough for what `set` changes.
fn json_patch_merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                let entry = target.entry(key.clone()).or_insert(Value::Null);
                json_patch_merge(entry, value);
            }
        }
        (Value::Array(target), Value::Array(patch)) => {
            for value in patch {
                let same = target.iter_mut().find(|it| it["name"] == value["name"]);
                match same {
                    Some(found) => json_patch_merge(found, value),
                    None => target.push(value.clone()),
                }
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

fn image(shell: &mut Shell<'_>, given: &Given) -> Result<(), Fault> {
    let (names, changes) = split(&given.args, |argument| argument.contains('='));
    if names.is_empty() && given.all("filename").is_empty() {
        return find::wanted(shell, given, names, Need::Names).map(|_| ());
    }
    let changes: Vec<(&str, &str)> = changes.iter().filter_map(|it| it.split_once('=')).collect();
    if changes.is_empty() {
        let wanted = find::wanted(shell, given, names, Need::Names)?;
        Fault::of_all(find::find(shell, given, &wanted).1)?;
        return Err(Fault::message("at least one image update is required"));
    }
    let words = (
        "image updated",
        "failed to patch image update to pod template:",
    );
    each(shell, given, names, words, &|object| {
        let pointer = spec_of(object)?;
        let mut spec = json!({});
        let mut changed = false;
        for (container, image) in &changes {
            let mut known = false;
            for list in ["initContainers", "containers"] {
                for it in items(&object.object, &format!("{pointer}/{list}")) {
                    let name = text(it, "/name");
                    if *container != "*" && *container != name {
                        continue;
                    }
                    known = true;
                    if text(it, "/image") != *image {
                        changed = true;
                        push(&mut spec, list, json!({"name": name, "image": image}));
                    }
                }
            }
            if !known {
                return Err(Fault::Message(format!(
                    "unable to find container named {container:?}"
                )));
            }
        }
        Ok(changed.then(|| patch_of(pointer, spec)))
    })
}

fn push(spec: &mut Value, list: &str, value: Value) {
    match spec.get_mut(list).and_then(Value::as_array_mut) {
        Some(found) => found.push(value),
        None => spec[list] = json!([value]),
    }
}

/// The containers of an object that `-c` selects (`*` stands for anything).
fn selected<'o>(given: &Given, object: &'o Found, pointer: &str) -> Vec<&'o Value> {
    let wanted = given.text("containers");
    let fits = |name: &str| match wanted.split_once('*') {
        _ if wanted.is_empty() => true,
        None => name == wanted,
        Some((before, after)) => name.starts_with(before) && name.ends_with(after),
    };
    items(&object.object, &format!("{pointer}/containers"))
        .iter()
        .filter(|container| fits(text(container, "/name")))
        .collect()
}

fn env(shell: &mut Shell<'_>, given: &Given) -> Result<(), Fault> {
    let is_change = |argument: &str| argument.contains('=') || argument.ends_with('-');
    let (names, changes) = split(&given.args, is_change);
    if names.is_empty() && given.all("filename").is_empty() {
        return Err(Fault::message(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    let removed: Vec<&str> = changes
        .iter()
        .filter_map(|it| it.strip_suffix('-'))
        .collect();
    let set: Vec<(&str, &str)> = changes
        .iter()
        .chain(given.all("env"))
        .filter_map(|it| it.split_once('='))
        .collect();
    if set.iter().any(|(key, _)| removed.contains(key)) {
        return Err(Fault::message(
            "can not both modify and remove the same environment variable in the same command",
        ));
    }
    if let Some((key, _)) = set
        .iter()
        .find(|(key, _)| key.starts_with(|c: char| c.is_ascii_digit()))
    {
        return Err(Fault::Message(format!(
            "{key:?} is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
        )));
    }
    if given.on("list") {
        return list(shell, given, names);
    }
    if set.is_empty() && removed.is_empty() {
        return find::wanted(shell, given, names, Need::Names).map(|_| ());
    }
    let words = ("env updated", "failed to patch env update to pod template:");
    each(shell, given, names, words, &|object| {
        let pointer = spec_of(object)?;
        let mut containers = Vec::new();
        for container in selected(given, object, pointer) {
            let mut env = Vec::new();
            for (key, value) in &set {
                let present = items(container, "/env")
                    .iter()
                    .find(|it| it["name"] == **key);
                let present = present.map(|it| text(it, "/value"));
                if let Some(present) = present.filter(|_| !given.or("overwrite", true)) {
                    return Err(Fault::Message(format!(
                        "{}/{} '{key}' already has a value ({present}), and --overwrite is false",
                        object.resource.plural,
                        object.name()
                    )));
                }
                env.push(json!({"name": key, "value": value}));
            }
            env.extend(
                removed
                    .iter()
                    .map(|key| json!({"name": key, "$patch": "delete"})),
            );
            containers.push(json!({"name": text(container, "/name"), "env": env}));
        }
        let patch = (!containers.is_empty()).then(|| json!({"containers": containers}));
        Ok(patch.map(|spec| patch_of(pointer, spec)))
    })
}

fn list(shell: &mut Shell<'_>, given: &Given, names: &[String]) -> Result<(), Fault> {
    let wanted = find::wanted(shell, given, names, Need::Names)?;
    let (found, faults) = find::find(shell, given, &wanted);
    for object in found {
        let pointer = spec_of(&object)?;
        for container in selected(given, &object, pointer) {
            let kind = &object.resource.kind;
            let name = text(container, "/name");
            shell.line(format!("# {kind} {}, container {name}", object.name()));
            for it in items(container, "/env") {
                let key = text(it, "/name");
                let from = &it["valueFrom"];
                let of = |field: &str, what: &str| {
                    from.get(field).map(|it| {
                        let (name, entry) = (text(it, "/name"), text(it, "/key"));
                        format!("# {key} from {what} {name}, key {entry}")
                    })
                };
                let line = of("configMapKeyRef", "configmap")
                    .or_else(|| of("secretKeyRef", "secret"))
                    .unwrap_or_else(|| format!("{key}={}", text(it, "/value")));
                shell.line(line);
            }
        }
    }
    Fault::of_all(faults)
}

fn amounts(text: &str) -> Result<Value, Fault> {
    let mut amounts = json!({});
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let Some((resource, amount)) = part.split_once('=') else {
            return Err(Fault::Message(format!(
                "Invalid argument syntax {part}, expected <resource>=<value>"
            )));
        };
        quantity::parse(amount).map_err(|why| Fault::Message(why.to_string()))?;
        amounts[resource] = amount.into();
    }
    Ok(amounts)
}

fn resources(shell: &mut Shell<'_>, given: &Given) -> Result<(), Fault> {
    if given.args.is_empty() && given.all("filename").is_empty() {
        return find::wanted(shell, given, &given.args, Need::Names).map(|_| ());
    }
    if given.get("limits").is_none() && given.get("requests").is_none() {
        return Err(Fault::message(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    let (limits, requests) = (
        amounts(given.text("limits"))?,
        amounts(given.text("requests"))?,
    );
    let words = (
        "resource requirements updated",
        "failed to patch resources update to pod template",
    );
    each(shell, given, &given.args, words, &|object| {
        let pointer = spec_of(object)?;
        let containers = selected(given, object, pointer);
        if containers.is_empty() {
            return Err(Fault::Message(format!(
                "unable to find container named {}",
                given.text("containers")
            )));
        }
        let change = |container: &&Value| {
            let mut resources = json!({});
            for (field, amounts) in [("limits", &limits), ("requests", &requests)] {
                if amounts.as_object().is_some_and(|map| !map.is_empty()) {
                    resources[field] = amounts.clone();
                }
            }
            json!({"name": text(container, "/name"), "resources": resources})
        };
        let containers: Vec<Value> = containers.iter().map(change).collect();
        Ok(Some(patch_of(pointer, json!({"containers": containers}))))
    })
}

fn selector(shell: &mut Shell<'_>, given: &Given) -> Result<(), Fault> {
    let (names, changes) = split(&given.args, |argument| argument.contains('='));
    if given.args.is_empty() {
        return Err(Fault::message("one selector is required"));
    }
    let Some(selector) = changes.first() else {
        find::wanted(
            shell,
            given,
            names
                .get(..names.len().saturating_sub(1))
                .unwrap_or_default(),
            Need::Names,
        )?;
        return Err(Fault::message("one selector is required"));
    };
    let selector = pairs(selector)?;
    each(
        shell,
        given,
        names,
        ("selector updated", "failed to patch:"),
        &|object| {
            if object.resource.kind != "Service" {
                return Err(Fault::message(
                    "setting a selector is only supported for Services",
                ));
            }
            let mut wanted = json!({"$patch": "replace"});
            for (key, value) in &selector {
                wanted[key] = value.clone();
            }
            Ok(Some(json!({"spec": {"selector": wanted}})))
        },
    )
}

fn account(shell: &mut Shell<'_>, given: &Given) -> Result<(), Fault> {
    let Some((account, names)) = given.args.split_last() else {
        return Err(Fault::message("serviceaccount is required"));
    };
    each(
        shell,
        given,
        names,
        (
            "serviceaccount updated",
            "failed to patch ServiceAccountName",
        ),
        &|object| {
            let pointer = spec_of(object)?;
            Ok(Some(patch_of(
                pointer,
                json!({"serviceAccountName": account}),
            )))
        },
    )
}
