//! Volumes of pods and templates.

use super::{Lines, or};
use crate::kubectl::value::{items, number, text};
use serde_json::Value;

pub(super) fn volumes(lines: &mut Lines, volumes: &[Value], level: usize) {
    if volumes.is_empty() {
        return lines.put(level, "Volumes:\t<none>");
    }
    lines.put(level, "Volumes:");
    let indent = if level == 0 { "  " } else { " " };
    for volume in volumes {
        lines.put(level, format!("{indent}{}:", text(volume, "/name")));
        let at = level + if level == 0 { 2 } else { 1 };
        for line in of(volume) {
            lines.put(at, line);
        }
    }
}

fn of(volume: &Value) -> Vec<String> {
    let optional = |it: &Value| format!("Optional:\t{}", it["optional"] == true);
    if let Some(it) = volume.get("emptyDir") {
        return vec![
            "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)".to_owned(),
            format!("Medium:\t{}", text(it, "/medium")),
            format!("SizeLimit:\t{}", or(text(it, "/sizeLimit"), "<unset>")),
        ];
    }
    if let Some(it) = volume.get("configMap") {
        return vec![
            "Type:\tConfigMap (a volume populated by a ConfigMap)".to_owned(),
            format!("Name:\t{}", text(it, "/name")),
            optional(it),
        ];
    }
    if let Some(it) = volume.get("secret") {
        return vec![
            "Type:\tSecret (a volume populated by a Secret)".to_owned(),
            format!("SecretName:\t{}", text(it, "/secretName")),
            optional(it),
        ];
    }
    if let Some(it) = volume.get("hostPath") {
        return vec![
            "Type:\tHostPath (bare host directory volume)".to_owned(),
            format!("Path:\t{}", text(it, "/path")),
            format!("HostPathType:\t{}", text(it, "/type")),
        ];
    }
    if let Some(it) = volume.get("persistentVolumeClaim") {
        return vec![
            "Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)".to_owned(),
            format!("ClaimName:\t{}", text(it, "/claimName")),
            format!("ReadOnly:\t{}", it["readOnly"] == true),
        ];
    }
    if let Some(it) = volume.get("nfs") {
        return vec![
            "Type:\tNFS (an NFS mount that lasts the lifetime of a pod)".to_owned(),
            format!("Server:\t{}", text(it, "/server")),
            format!("Path:\t{}", text(it, "/path")),
            format!("ReadOnly:\t{}", it["readOnly"] == true),
        ];
    }
    if let Some(it) = volume.get("projected") {
        return projected(it);
    }
    if let Some(it) = volume.get("downwardAPI") {
        let mut lines = vec![
            "Type:\tDownwardAPI (a volume populated by information about the pod)".to_owned(),
            "Items:".to_owned(),
        ];
        lines.extend(items(it, "/items").iter().map(|item| {
            let from = or(
                text(item, "/fieldRef/fieldPath"),
                text(item, "/resourceFieldRef/resource"),
            );
            format!("  {from} -> {}", text(item, "/path"))
        }));
        return lines;
    }
    let types = volume.as_object().into_iter().flatten();
    let named = types
        .map(|(key, _)| key.as_str())
        .find(|key| *key != "name");
    vec![format!("Type:\t{}", named.unwrap_or("<unknown>"))]
}

fn projected(volume: &Value) -> Vec<String> {
    let mut lines = vec![
        "Type:\tProjected (a volume that contains injected data from multiple sources)".to_owned(),
    ];
    for source in items(volume, "/sources") {
        if let Some(it) = source.get("serviceAccountToken") {
            let seconds = number(it, "/expirationSeconds");
            lines.push(format!("TokenExpirationSeconds:\t{seconds}"));
        } else if let Some(it) = source.get("configMap") {
            lines.push(format!("ConfigMapName:\t{}", text(it, "/name")));
            lines.push(format!("ConfigMapOptional:\t{}", optional(it)));
        } else if let Some(it) = source.get("secret") {
            lines.push(format!("SecretName:\t{}", text(it, "/name")));
            lines.push(format!("SecretOptionalName:\t{}", optional(it)));
        } else if source.get("downwardAPI").is_some() {
            lines.push("DownwardAPI:\ttrue".to_owned());
        }
    }
    lines
}

fn optional(it: &Value) -> String {
    let found = it.get("optional").and_then(Value::as_bool);
    found.map_or("<nil>".to_owned(), |optional| optional.to_string())
}
