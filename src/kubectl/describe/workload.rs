//! Deployments, replica sets and their kin.

use super::containers::containers;
use super::pod::tolerations;
use super::volumes::volumes;
use super::{Lines, or, time};
use crate::api::selector::Selector;
use crate::kubectl::fault::Fault;
use crate::kubectl::find::encode;
use crate::kubectl::shell::Shell;
use crate::kubectl::value::{items, number, plain, text};
use serde_json::Value;

const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

fn head(lines: &mut Lines, object: &Value) {
    lines.put(0, format!("Name:\t{}", text(object, "/metadata/name")));
    lines.put(
        0,
        format!("Namespace:\t{}", text(object, "/metadata/namespace")),
    );
}

fn selector(object: &Value) -> String {
    let value = object
        .pointer("/spec/selector")
        .cloned()
        .unwrap_or_default();
    if value.get("matchLabels").is_none() && value.get("matchExpressions").is_none() {
        let labels = serde_json::from_value(value).unwrap_or_default();
        return Selector::from_map(&labels).to_string();
    }
    let selector = serde_json::from_value(value).unwrap_or_default();
    or(
        &Selector::from_label_selector(&selector).to_string(),
        "<none>",
    )
}

pub(super) fn deployment(
    shell: &mut Shell<'_>,
    lines: &mut Lines,
    object: &Value,
) -> Result<bool, Fault> {
    head(lines, object);
    let created = time(text(object, "/metadata/creationTimestamp"));
    lines.put(0, format!("CreationTimestamp:\t{created}"));
    lines.map(0, "Labels", object, "/metadata/labels", "=");
    lines.annotations(object);
    lines.put(0, format!("Selector:\t{}", selector(object)));
    let status = |field: &str| number(object, &format!("/status/{field}"));
    lines.put(
        0,
        format!(
            "Replicas:\t{} desired | {} updated | {} total | {} available | {} unavailable",
            number(object, "/spec/replicas"),
            status("updatedReplicas"),
            status("replicas"),
            status("availableReplicas"),
            status("unavailableReplicas")
        ),
    );
    let strategy = text(object, "/spec/strategy/type");
    lines.put(0, format!("StrategyType:\t{strategy}"));
    lines.put(
        0,
        format!(
            "MinReadySeconds:\t{}",
            number(object, "/spec/minReadySeconds")
        ),
    );
    if let Some(rolling) = object.pointer("/spec/strategy/rollingUpdate") {
        let of = |field: &str| rolling.get(field).map(plain).unwrap_or_default();
        let (down, up) = (of("maxUnavailable"), of("maxSurge"));
        lines.put(
            0,
            format!("RollingUpdateStrategy:\t{down} max unavailable, {up} max surge"),
        );
    }
    template(lines, &object["spec"]["template"]);
    let conditions = items(object, "/status/conditions");
    if !conditions.is_empty() {
        lines.put(0, "Conditions:\n  Type\tStatus\tReason");
        lines.put(1, "----\t------\t------");
        for it in conditions {
            let (kind, status) = (text(it, "/type"), text(it, "/status"));
            lines.put(1, format!("{kind} \t{status}\t{}", text(it, "/reason")));
        }
    }
    replica_sets(shell, lines, object)?;
    Ok(true)
}

fn replica_sets(shell: &mut Shell<'_>, lines: &mut Lines, object: &Value) -> Result<(), Fault> {
    let namespace = text(object, "/metadata/namespace");
    let list = shell.get(&format!("/apis/apps/v1/namespaces/{namespace}/replicasets"))?;
    let uid = text(object, "/metadata/uid");
    let revision = text(object, REVISION);
    let (mut old, mut new) = (Vec::new(), None);
    for set in items(&list, "/items") {
        let mut owners = items(set, "/metadata/ownerReferences").iter();
        if !owners.any(|owner| text(owner, "/uid") == uid) {
            continue;
        }
        let told = format!(
            "{} ({}/{} replicas created)",
            text(set, "/metadata/name"),
            number(set, "/status/replicas"),
            number(set, "/spec/replicas")
        );
        match text(set, REVISION) == revision {
            true => new = Some(told),
            false => old.push(told),
        }
    }
    lines.put(
        0,
        format!("OldReplicaSets:\t{}", or(&old.join(", "), "<none>")),
    );
    lines.put(
        0,
        format!("NewReplicaSet:\t{}", new.unwrap_or("<none>".to_owned())),
    );
    Ok(())
}

pub(super) fn replica_set(
    shell: &mut Shell<'_>,
    lines: &mut Lines,
    object: &Value,
) -> Result<bool, Fault> {
    head(lines, object);
    lines.put(0, format!("Selector:\t{}", selector(object)));
    lines.map(0, "Labels", object, "/metadata/labels", "=");
    lines.annotations(object);
    controlled(lines, object);
    let (current, desired) = (
        number(object, "/status/replicas"),
        number(object, "/spec/replicas"),
    );
    lines.put(
        0,
        format!("Replicas:\t{current} current / {desired} desired"),
    );
    pods_status(shell, lines, object)?;
    template(lines, &object["spec"]["template"]);
    Ok(true)
}

pub(super) fn daemon_set(
    shell: &mut Shell<'_>,
    lines: &mut Lines,
    object: &Value,
) -> Result<bool, Fault> {
    lines.put(0, format!("Name:\t{}", text(object, "/metadata/name")));
    lines.put(
        0,
        format!("Namespace:\t{}", text(object, "/metadata/namespace")),
    );
    lines.put(0, format!("Selector:\t{}", selector(object)));
    lines.map(
        0,
        "Node-Selector",
        object,
        "/spec/template/spec/nodeSelector",
        "=",
    );
    lines.map(0, "Labels", object, "/metadata/labels", "=");
    lines.annotations(object);
    for (key, field) in [
        (
            "Desired Number of Nodes Scheduled",
            "desiredNumberScheduled",
        ),
        (
            "Current Number of Nodes Scheduled",
            "currentNumberScheduled",
        ),
        (
            "Number of Nodes Scheduled with Up-to-date Pods",
            "updatedNumberScheduled",
        ),
        (
            "Number of Nodes Scheduled with Available Pods",
            "numberAvailable",
        ),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ] {
        lines.put(
            0,
            format!("{key}: {}", number(object, &format!("/status/{field}"))),
        );
    }
    pods_status(shell, lines, object)?;
    template(lines, &object["spec"]["template"]);
    Ok(true)
}

pub(super) fn stateful_set(
    shell: &mut Shell<'_>,
    lines: &mut Lines,
    object: &Value,
) -> Result<bool, Fault> {
    head(lines, object);
    let created = time(text(object, "/metadata/creationTimestamp"));
    lines.put(0, format!("CreationTimestamp:\t{created}"));
    lines.put(0, format!("Selector:\t{}", selector(object)));
    lines.map(0, "Labels", object, "/metadata/labels", "=");
    lines.annotations(object);
    let (desired, total) = (
        number(object, "/spec/replicas"),
        number(object, "/status/replicas"),
    );
    lines.put(0, format!("Replicas:\t{desired} desired | {total} total"));
    lines.put(
        0,
        format!(
            "Update Strategy:\t{}",
            text(object, "/spec/updateStrategy/type")
        ),
    );
    if let Some(partition) = object.pointer("/spec/updateStrategy/rollingUpdate/partition") {
        lines.put(1, format!("Partition:\t{}", plain(partition)));
    }
    pods_status(shell, lines, object)?;
    template(lines, &object["spec"]["template"]);
    lines.put(0, "Volume Claims:\t<none>");
    Ok(true)
}

fn controlled(lines: &mut Lines, object: &Value) {
    let mut owners = items(object, "/metadata/ownerReferences").iter();
    if let Some(owner) = owners.find(|owner| owner["controller"] == true) {
        let (kind, name) = (text(owner, "/kind"), text(owner, "/name"));
        lines.put(0, format!("Controlled By:\t{kind}/{name}"));
    }
}

fn pods_status(shell: &mut Shell<'_>, lines: &mut Lines, object: &Value) -> Result<(), Fault> {
    let namespace = text(object, "/metadata/namespace");
    let path = format!(
        "/api/v1/namespaces/{namespace}/pods?labelSelector={}",
        encode(&selector(object))
    );
    let list = shell.get(&path)?;
    let uid = text(object, "/metadata/uid");
    let count = |phase: &str| {
        let pods = items(&list, "/items").iter();
        pods.filter(|pod| text(pod, "/status/phase") == phase)
            .filter(|pod| {
                let mut owners = items(pod, "/metadata/ownerReferences").iter();
                owners.any(|owner| text(owner, "/uid") == uid)
            })
            .count()
    };
    lines.put(
        0,
        format!(
            "Pods Status:\t{} Running / {} Waiting / {} Succeeded / {} Failed",
            count("Running"),
            count("Pending"),
            count("Succeeded"),
            count("Failed")
        ),
    );
    Ok(())
}

fn template(lines: &mut Lines, template: &Value) {
    lines.put(0, "Pod Template:");
    lines.map(1, "Labels", template, "/metadata/labels", "=");
    if !super::super::value::entries(template, "/metadata/annotations").is_empty() {
        lines.map(1, "Annotations", template, "/metadata/annotations", ": ");
    }
    let account = text(template, "/spec/serviceAccountName");
    if !account.is_empty() {
        lines.put(1, format!("Service Account:\t{account}"));
    }
    let spec = &template["spec"];
    if !items(spec, "/initContainers").is_empty() {
        containers(
            lines,
            "Init Containers",
            items(spec, "/initContainers"),
            &[],
            1,
            template,
        );
    }
    containers(
        lines,
        "Containers",
        items(spec, "/containers"),
        &[],
        1,
        template,
    );
    volumes(lines, items(spec, "/volumes"), 1);
    let priority = text(spec, "/priorityClassName");
    if !priority.is_empty() {
        lines.put(1, format!("Priority Class Name:\t{priority}"));
    }
    lines.map(1, "Node-Selectors", template, "/spec/nodeSelector", "=");
    lines.multi(1, "Tolerations", &tolerations(spec));
}
