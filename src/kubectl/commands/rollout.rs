//! `kubectl rollout`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Found, Need};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::print::tabs::{DESCRIPTION, align};
use super::super::shell::{Patch, Shell};
use super::super::value::{items, number, text};
use super::{DryRun, tell};
use serde_json::{Value, json};

const FLAGS: &str =
    " revision:i to-revision:i watch/w timeout:d dry-run:?unchanged field-manager:s";
const REVISION: &str = "deployment.kubernetes.io/revision";
const CAUSE: &str = "kubernetes.io/change-cause";
/// A wait without a timeout goes on for a week.
const WEEK: f64 = 168.0 * 3600.0;
const HELP: &str = "Manage the rollout of one or many resources.";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let Some((command, rest)) = args.split_first() else {
        shell.line(HELP);
        return Ok(());
    };
    let act: fn(&mut Shell<'_>, &Given, &Found) -> Result<(), Fault> = match command.as_str() {
        "status" => status,
        "history" => history,
        "undo" => undo,
        "restart" => restart,
        "pause" => pause,
        "resume" => resume,
        other => {
            return Err(Fault::Message(format!(
                "unknown command {other:?}\nSee 'kubectl rollout -h' for help and examples"
            )));
        }
    };
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read(&format!("kubectl rollout {command}"), &spec, rest)?;
    shell.enter(&given);
    if given.args.is_empty() && given.all("filename").is_empty() {
        return Err(Fault::message("required resource not specified"));
    }
    let wanted = find::wanted(shell, &given, &given.args, Need::Any)?;
    let (found, mut faults) = find::find(shell, &given, &wanted);
    for object in found {
        faults.extend(act(shell, &given, &object).err());
    }
    Fault::of_all(faults)
}

fn status(shell: &mut Shell<'_>, given: &Given, object: &Found) -> Result<(), Fault> {
    let path = object.path();
    let seconds = given
        .span("timeout")
        .filter(|span| *span > 0.0)
        .unwrap_or(WEEK);
    let mut told = String::new();
    let mut failure = None;
    let kind = object.resource.kind.clone();
    let over = shell.until(seconds, |shell| {
        let live = shell.get(&path)?;
        let (line, over) = match progress(&kind, &live) {
            Ok(progress) => progress,
            Err(fault) => {
                failure = Some(fault);
                return Ok(true);
            }
        };
        if line != told {
            shell.line(&line);
            told = line;
        }
        Ok(over || !given.or("watch", true))
    })?;
    match failure {
        Some(fault) => Err(fault),
        None if over => Ok(()),
        None => Err(Fault::message("timed out waiting for the condition")),
    }
}

/// What is told of a rollout, and whether it is over.
fn progress(kind: &str, live: &Value) -> Result<(String, bool), Fault> {
    let name = text(live, "/metadata/name");
    let status = |field: &str| number(live, &format!("/status/{field}"));
    let observed = number(live, "/metadata/generation") <= status("observedGeneration");
    let waiting = |of: &str| {
        (
            format!("Waiting for {of} spec update to be observed..."),
            false,
        )
    };
    match kind {
        "Deployment" => {
            if !observed {
                return Ok(waiting("deployment"));
            }
            let late = items(live, "/status/conditions").iter().any(|it| {
                it["type"] == "Progressing" && it["reason"] == "ProgressDeadlineExceeded"
            });
            if late {
                return Err(Fault::Message(format!(
                    "deployment {name:?} exceeded its progress deadline"
                )));
            }
            let wanted = number(live, "/spec/replicas");
            let (updated, all) = (status("updatedReplicas"), status("replicas"));
            let available = status("availableReplicas");
            let waits = format!("Waiting for deployment {name:?} rollout to finish: ");
            Ok(if updated < wanted {
                (
                    format!("{waits}{updated} out of {wanted} new replicas have been updated..."),
                    false,
                )
            } else if all > updated {
                let old = all - updated;
                (
                    format!("{waits}{old} old replicas are pending termination..."),
                    false,
                )
            } else if available < updated {
                (
                    format!("{waits}{available} of {updated} updated replicas are available..."),
                    false,
                )
            } else {
                (format!("deployment {name:?} successfully rolled out"), true)
            })
        }
        "DaemonSet" => {
            if !observed {
                return Ok(waiting("daemon set"));
            }
            let wanted = status("desiredNumberScheduled");
            let (updated, available) =
                (status("updatedNumberScheduled"), status("numberAvailable"));
            let waits = format!("Waiting for daemon set {name:?} rollout to finish: ");
            Ok(if updated < wanted {
                (
                    format!("{waits}{updated} out of {wanted} new pods have been updated..."),
                    false,
                )
            } else if available < wanted {
                (
                    format!("{waits}{available} of {wanted} updated pods are available..."),
                    false,
                )
            } else {
                (format!("daemon set {name:?} successfully rolled out"), true)
            })
        }
        "StatefulSet" => {
            if status("observedGeneration") == 0 || !observed {
                return Ok((
                    "Waiting for statefulset spec update to be observed...".to_owned(),
                    false,
                ));
            }
            let (wanted, ready) = (number(live, "/spec/replicas"), status("readyReplicas"));
            let (updated, revision) = (
                status("updatedReplicas"),
                text(live, "/status/updateRevision"),
            );
            if ready < wanted {
                let missing = wanted - ready;
                return Ok((format!("Waiting for {missing} pods to be ready..."), false));
            }
            if revision != text(live, "/status/currentRevision") {
                return Ok((
                    format!(
                        "waiting for statefulset rolling update to complete {updated} pods at revision {revision}..."
                    ),
                    false,
                ));
            }
            let current = status("currentReplicas");
            Ok((
                format!(
                    "statefulset rolling update complete {current} pods at revision {}...",
                    text(live, "/status/currentRevision")
                ),
                true,
            ))
        }
        other => Err(Fault::Message(format!(
            "no status viewer has been implemented for {other}"
        ))),
    }
}

/// The revisions of a deployment: number and replica set, in order.
fn revisions(shell: &mut Shell<'_>, object: &Found) -> Result<Vec<(i64, Value)>, Fault> {
    if object.resource.kind != "Deployment" {
        return Err(Fault::Message(format!(
            "no history viewer has been implemented for {:?}",
            object.resource.kind
        )));
    }
    let uid = text(&object.object, "/metadata/uid");
    let list = shell.get(&format!(
        "/apis/apps/v1/namespaces/{}/replicasets",
        object.namespace()
    ))?;
    let mut found: Vec<(i64, Value)> = items(&list, "/items")
        .iter()
        .filter(|set| {
            items(set, "/metadata/ownerReferences")
                .iter()
                .any(|owner| text(owner, "/uid") == uid)
        })
        .map(|set| {
            let revision = set["metadata"]["annotations"][REVISION].as_str();
            let revision = revision.and_then(|text| text.parse().ok());
            (revision.unwrap_or(0), set.clone())
        })
        .collect();
    found.sort_by_key(|(revision, _)| *revision);
    Ok(found)
}

fn history(shell: &mut Shell<'_>, given: &Given, object: &Found) -> Result<(), Fault> {
    let revisions = revisions(shell, object)?;
    let name = object.line();
    if let Some(wanted) = given.number("revision").filter(|revision| *revision > 0) {
        let Some((_, set)) = revisions.iter().find(|(revision, _)| *revision == wanted) else {
            return Err(Fault::message("unable to find the specified revision"));
        };
        shell.line(format!("{name} with revision #{wanted}"));
        let described = template(&set["spec"]["template"]);
        shell.line(align(&described, DESCRIPTION));
        return Ok(());
    }
    let mut lines = vec!["REVISION\tCHANGE-CAUSE".to_owned()];
    for (revision, set) in &revisions {
        let cause = set["metadata"]["annotations"][CAUSE].as_str();
        lines.push(format!("{revision}\t{}", cause.unwrap_or("<none>")));
    }
    shell.line(format!(
        "{name} \n{}\n",
        align(&lines.join("\n"), DESCRIPTION)
    ));
    Ok(())
}

/// A pod template, shortly.
fn template(template: &Value) -> String {
    let mut lines = vec!["Pod Template:".to_owned()];
    let labels = super::get::format_labels(template);
    for (index, label) in labels.split(',').enumerate() {
        let head = if index == 0 { "  Labels:" } else { "" };
        lines.push(format!("{head}\t{label}"));
    }
    lines.push("  Containers:".to_owned());
    for container in items(template, "/spec/containers") {
        lines.push(format!("   {}:", text(container, "/name")));
        lines.push(format!("    Image:\t{}", text(container, "/image")));
        let ports: Vec<String> = items(container, "/ports")
            .iter()
            .map(|port| {
                let protocol = text(port, "/protocol");
                format!("{}/{protocol}", number(port, "/containerPort"))
            })
            .collect();
        let ports = if ports.is_empty() {
            "<none>".to_owned()
        } else {
            ports.join(", ")
        };
        lines.push(format!("    Port:\t{ports}"));
    }
    lines.join("\n")
}

fn undo(shell: &mut Shell<'_>, given: &Given, object: &Found) -> Result<(), Fault> {
    let revisions = revisions(shell, object)?;
    let dry_run = DryRun::of(shell, given)?;
    if object.object.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        return Err(Fault::message(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        ));
    }
    let wanted = given.number("to-revision").unwrap_or(0);
    let target = match wanted {
        0 => revisions.iter().rev().nth(1),
        wanted => revisions.iter().find(|(revision, _)| *revision == wanted),
    };
    let Some((_, set)) = target else {
        return Err(Fault::Message(match wanted {
            0 => format!(
                "no rollout history found for deployment {:?}",
                object.name()
            ),
            wanted => format!("unable to find specified revision {wanted} in history"),
        }));
    };
    let mut template = set["spec"]["template"].clone();
    if let Some(labels) = template
        .pointer_mut("/metadata/labels")
        .and_then(Value::as_object_mut)
    {
        labels.remove("pod-template-hash");
    }
    let name = object.line();
    if template == object.object["spec"]["template"] {
        shell.line(format!(
            "{name} skipped rollback (current template already matches revision {})",
            wanted
        ));
        return Ok(());
    }
    let body = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    if dry_run != DryRun::Client {
        let path = format!("{}?{}", object.path(), dry_run.query());
        shell.patch(path.trim_end_matches(['?', '&']), Patch::Json, &body)?;
    }
    shell.line(format!("{name} rolled back{}", dry_run.suffix()));
    Ok(())
}

fn restart(shell: &mut Shell<'_>, given: &Given, object: &Found) -> Result<(), Fault> {
    let kind = object.resource.kind.as_str();
    if !matches!(kind, "Deployment" | "DaemonSet" | "StatefulSet") {
        return Err(Fault::Message(format!(
            "{} {:?} restarting is not supported",
            object.resource.plural,
            object.name()
        )));
    }
    if object.object.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        return Err(Fault::Message(format!(
            "{} {:?} can't restart paused deployment (run rollout resume first)",
            object.resource.group_resource(),
            object.name()
        )));
    }
    let at = shell.now().timestamp().to_string();
    let annotations = json!({"kubectl.kubernetes.io/restartedAt": at});
    let body = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
    change(shell, given, object, &body, "restarted")
}

fn pause(shell: &mut Shell<'_>, given: &Given, object: &Found) -> Result<(), Fault> {
    pausing(shell, given, object, true)
}

fn resume(shell: &mut Shell<'_>, given: &Given, object: &Found) -> Result<(), Fault> {
    pausing(shell, given, object, false)
}

fn pausing(
    shell: &mut Shell<'_>,
    given: &Given,
    object: &Found,
    paused: bool,
) -> Result<(), Fault> {
    let (doing, done, already) = match paused {
        true => ("pausing", "paused", "is already paused"),
        false => ("resuming", "resumed", "is not paused"),
    };
    let what = format!("{} {:?}", object.resource.group_resource(), object.name());
    if object.resource.kind != "Deployment" {
        return Err(Fault::Message(format!("{what} {doing} is not supported")));
    }
    let is = object.object.pointer("/spec/paused") == Some(&Value::Bool(true));
    if is == paused {
        return Err(Fault::Message(format!("{what} {already}")));
    }
    let value = if paused {
        Value::Bool(true)
    } else {
        Value::Null
    };
    change(
        shell,
        given,
        object,
        &json!({"spec": {"paused": value}}),
        done,
    )
}

fn change(
    shell: &mut Shell<'_>,
    given: &Given,
    object: &Found,
    body: &Value,
    done: &str,
) -> Result<(), Fault> {
    let made = shell.patch(&object.path(), Patch::Strategic, body)?;
    tell(shell, given, &made, &format!("{} {done}", object.line()))
}
