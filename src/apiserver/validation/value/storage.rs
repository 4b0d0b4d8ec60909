//! PersistentVolumes, claims and StorageClasses (`pkg/apis/core/validation`,
//! `pkg/apis/storage/validation`).

use super::super::field::{Errors, Path};
use super::super::pod::SPEC;
use super::super::{diff, meta, names};
use super::reader::{Fields, shown};
use serde_json::Value;

const MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];

/// Where a volume can be.
const SOURCES: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "portworxVolume",
    "photonPersistentDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

fn access_modes(spec: Fields<'_>, errors: &mut Errors) {
    let path = SPEC.child("accessModes");
    let modes = spec.texts("accessModes");
    for mode in &modes {
        if !MODES.contains(mode) {
            errors.unsupported(&path, mode, &MODES);
        }
    }
    if modes.len() > 1 && modes.contains(&"ReadWriteOncePod") {
        let detail = "may not use ReadWriteOncePod with other access modes";
        errors.forbidden(&path, detail);
    }
}

fn common(spec: Fields<'_>, errors: &mut Errors) {
    let class = spec.text("storageClassName");
    if !class.is_empty() {
        errors.rule(&SPEC.child("storageClassName"), class, names::subdomain);
    }
    errors.choice(spec, &SPEC, "volumeMode", &["Block", "Filesystem"]);
}

pub(super) fn claim(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    if spec.list("accessModes").is_empty() {
        let path = SPEC.child("accessModes");
        errors.required(&path, "at least 1 access mode is required");
    }
    if let Some(selector) = spec.selector("selector") {
        meta::selector(&selector, &SPEC.child("selector"), errors);
    }
    access_modes(spec, errors);
    let resources_path = SPEC.child("resources");
    let requests = spec.at("resources").amounts("requests");
    let size_path = resources_path.key("storage");
    match requests.get("storage") {
        None => errors.required(&size_path, ""),
        Some(size) if size.is_negative() => {
            let path = resources_path.child("requests");
            errors.invalid(
                &path.key("storage"),
                *size,
                "must be greater than or equal to 0",
            );
        }
        Some(size) if size.is_zero() => {
            errors.invalid(&size_path, *size, "must be greater than zero");
        }
        Some(_) => {}
    }
    common(spec, errors);
    for field in ["dataSource", "dataSourceRef"] {
        if !spec.has(field) {
            continue;
        }
        let (source, path) = (spec.at(field), SPEC.child(field));
        for name in ["name", "kind"] {
            if source.text(name).is_empty() {
                errors.required(&path.child(name), "");
            }
        }
        let group = source.text("apiGroup");
        if group.is_empty() && source.text("kind") != "PersistentVolumeClaim" {
            let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.invalid(&path, source.text("kind"), detail);
        }
    }
}

/// The fields of a claim's spec as upstream's internal type declares them.
fn claim_spec(spec: Fields<'_>) -> String {
    let value = |name: &str| spec.get(name).clone();
    let resources = spec.at("resources");
    let order: [(&str, Value); 9] = [
        ("AccessModes", value("accessModes")),
        ("Selector", value("selector")),
        (
            "Resources",
            Value::Array(vec![
                resources.get("limits").clone(),
                resources.get("requests").clone(),
            ]),
        ),
        ("VolumeName", spec.text("volumeName").into()),
        ("StorageClassName", value("storageClassName")),
        ("VolumeMode", value("volumeMode")),
        ("DataSource", value("dataSource")),
        ("DataSourceRef", value("dataSourceRef")),
        (
            "VolumeAttributesClassName",
            value("volumeAttributesClassName"),
        ),
    ];
    let mut text = String::from("{\n");
    let last = order.len() - 1;
    for (index, (name, value)) in order.iter().enumerate() {
        let shown = match (*name, value) {
            ("Resources", Value::Array(lists)) => {
                let list = |at: usize| {
                    lists
                        .get(at)
                        .map_or("null".to_owned(), |it| indented(it, 2))
                };
                format!(
                    "{{\n  \"Limits\": {},\n  \"Requests\": {}\n }}",
                    list(0),
                    list(1)
                )
            }
            (_, value) => indented(value, 1),
        };
        let comma = if index == last { "" } else { "," };
        text.push_str(&format!(" \"{name}\": {shown}{comma}\n"));
    }
    text.push('}');
    text
}

/// JSON indented by one space a level, beginning at a depth.
fn indented(value: &Value, depth: usize) -> String {
    let pad = " ".repeat(depth + 1);
    let end = " ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let members: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{pad}\"{key}\": {}", indented(value, depth + 1)))
                .collect();
            format!("{{\n{}\n{end}}}", members.join(",\n"))
        }
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("{pad}{}", indented(item, depth + 1)))
                .collect();
            format!("[\n{}\n{end}]", items.join(",\n"))
        }
        other => other.to_string(),
    }
}

pub(super) fn update_claim(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    claim(new, errors);
    let (now, before) = (new.at("spec"), old.at("spec"));
    let bound = old.at("status").text("phase") == "Bound";
    let fixed = |spec: Fields<'_>, fields: Fields<'_>| {
        let mut value = fields.get("spec").clone();
        if let Value::Object(map) = &mut value {
            if bound {
                if let Some(Value::Object(resources)) = map.get_mut("resources") {
                    resources.remove("requests");
                }
                map.remove("volumeAttributesClassName");
            }
            // Whoever binds a claim writes its volume and perhaps its class.
            if before.text("volumeName").is_empty() {
                map.remove("volumeName");
            }
            if !before.has("storageClassName") {
                map.remove("storageClassName");
            }
        }
        let _ = spec;
        value
    };
    if fixed(now, new) != fixed(before, old) {
        let difference = diff::unified(&claim_spec(before), &claim_spec(now));
        let detail = format!(
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{difference}"
        );
        errors.forbidden(&SPEC, detail);
    }
    let (size, was) = (size_of(now), size_of(before));
    if bound && size < was {
        let path = SPEC.child("resources");
        let path = path.child("requests");
        let detail = "field can not be less than status.capacity";
        errors.forbidden(&path.child("storage"), detail);
    }
}

fn size_of(spec: Fields<'_>) -> Option<crate::api::quantity::Amount> {
    spec.at("resources")
        .amounts("requests")
        .get("storage")
        .copied()
}

pub(super) fn volume(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    if spec.list("accessModes").is_empty() {
        errors.required(&SPEC.child("accessModes"), "");
    }
    access_modes(spec, errors);
    capacity(spec, errors);
    let policies = ["Delete", "Recycle", "Retain"];
    errors.choice(spec, &SPEC, "persistentVolumeReclaimPolicy", &policies);
    let mut sources = SOURCES.iter().filter(|source| spec.has(source));
    match sources.next() {
        None => errors.required(&SPEC, "must specify a volume type"),
        Some(source) => of_source(source, spec, errors),
    }
    for other in sources {
        let detail = "may not specify more than 1 volume type";
        errors.forbidden(&SPEC.child(other), detail);
    }
    let recycles = spec.text("persistentVolumeReclaimPolicy") == "Recycle";
    if recycles && spec.at("hostPath").text("path") == "/" {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        errors.forbidden(&SPEC.child("persistentVolumeReclaimPolicy"), detail);
    }
    common(spec, errors);
}

fn capacity(spec: Fields<'_>, errors: &mut Errors) {
    let path = SPEC.child("capacity");
    let capacity = spec.amounts("capacity");
    if capacity.is_empty() {
        errors.required(&path, "");
    }
    let only_storage = capacity.len() == 1 && capacity.contains_key("storage");
    if !only_storage {
        errors.unsupported(&path, shown(spec.get("capacity")), &["storage"]);
    }
    for (name, amount) in &capacity {
        if amount.is_negative() || amount.is_zero() {
            errors.invalid(&path.key(name), *amount, "must be greater than zero");
        }
    }
}

fn of_source(source: &str, spec: Fields<'_>, errors: &mut Errors) {
    let (fields, path) = (spec.at(source), SPEC.child(source));
    let needed: &[&str] = match source {
        "hostPath" | "local" => &["path"],
        "nfs" => &["server", "path"],
        "csi" => &["driver", "volumeHandle"],
        _ => &[],
    };
    for field in needed {
        if fields.text(field).is_empty() {
            errors.required(&path.child(field), "");
        }
    }
    if source == "hostPath" && fields.text("path").split('/').any(|step| step == "..") {
        errors.invalid(
            &path.child("path"),
            fields.text("path"),
            "must not contain '..'",
        );
    }
    if source == "nfs" && !fields.text("path").is_empty() && !fields.text("path").starts_with('/') {
        let detail = "must be an absolute path";
        errors.invalid(&path.child("path"), fields.text("path"), detail);
    }
    if source == "local" && !spec.has("nodeAffinity") {
        let detail = "Local volume requires node affinity";
        errors.required(&Path::root("metadata").child("annotations"), detail);
    }
}

pub(super) fn update_volume(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    volume(new, errors);
    let (now, before) = (new.at("spec"), old.at("spec"));
    let same = SOURCES
        .iter()
        .all(|source| now.get(source) == before.get(source));
    if !same {
        let path = SPEC.child("persistentvolumesource");
        errors.forbidden(
            &path,
            "spec.persistentvolumesource is immutable after creation",
        );
    }
    errors.unchanged(now, before, &SPEC, "volumeMode");
    if before.has("nodeAffinity") {
        errors.unchanged(now, before, &SPEC, "nodeAffinity");
    }
}

pub(super) fn class(fields: Fields<'_>, errors: &mut Errors) {
    let provisioner = fields.text("provisioner");
    let path = Path::root("provisioner");
    if provisioner.is_empty() {
        errors.required(&path, "");
    } else {
        let mut messages = Vec::new();
        names::qualified(&provisioner.to_lowercase(), &mut messages);
        for message in messages {
            errors.invalid(&path, provisioner, message);
        }
    }
    let choices: [(&str, &[&str]); 2] = [
        ("reclaimPolicy", &["Delete", "Retain"]),
        ("volumeBindingMode", &["Immediate", "WaitForFirstConsumer"]),
    ];
    for (field, supported) in choices {
        let text = fields.text(field);
        if fields.has(field) && !supported.contains(&text) {
            errors.unsupported(&Path::root(field), text, supported);
        }
    }
}

pub(super) fn update_class(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    for field in ["parameters", "provisioner", "reclaimPolicy"] {
        if new.get(field) != old.get(field) {
            let detail = format!("updates to {field} are forbidden.");
            errors.forbidden(&Path::root(field), detail);
        }
    }
    let field = "volumeBindingMode";
    let same = new.get(field) == old.get(field);
    errors.immutable(&Path::root(field), same, shown(new.get(field)));
}
