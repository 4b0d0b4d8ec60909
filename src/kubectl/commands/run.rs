//! `kubectl run`.

use super::super::fault::Fault;
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::Shell;
use super::generate::{clean, pairs};
use super::{DryRun, check_output, tell};
use crate::api::{Kind, patch, schema};
use serde_json::{Map, Value, json};

const FLAGS: &str = " image:s port:s expose env:a labels/l:s annotations:a restart:s command rm \
    stdin/i tty/t attach quiet/q leave-stdin-open privileged image-pull-policy:s overrides:s \
    override-type:s pod-running-timeout:d save-config field-manager:s dry-run:?unchanged force \
    grace-period:i timeout:d wait cascade:?background filename/f:l kustomize/k:s recursive/R";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl run", &format!("{OUTPUT_FLAGS}{FLAGS}"), args)?;
    shell.enter(&given);
    given.require(&["image"])?;
    let Some(name) = given.args.first() else {
        return Err(Fault::Usage("NAME is required for run".to_owned()));
    };
    let image = given.text("image");
    if image.is_empty() {
        return Err(Fault::message("--image is required"));
    }
    if image.chars().any(|c| c.is_ascii_uppercase()) && !image.contains('/') {
        return Err(Fault::Message(format!(
            "Invalid image name {image:?}: invalid reference format"
        )));
    }
    if given.on("rm") && !given.on("attach") && !given.on("stdin") {
        return Err(Fault::Usage(
            "--rm should only be used for attached containers".to_owned(),
        ));
    }
    if given.on("expose") && given.get("port").is_none() {
        return Err(Fault::Usage(
            "--port must be set when exposing a service".to_owned(),
        ));
    }
    let restart = match given.text("restart") {
        "" => "Always",
        known @ ("Always" | "OnFailure" | "Never") => known,
        other => return Err(Fault::Usage(format!("invalid restart policy: {other}"))),
    };
    if !matches!(
        given.text("image-pull-policy"),
        "" | "Always" | "IfNotPresent" | "Never"
    ) {
        let policy = given.text("image-pull-policy");
        return Err(Fault::Usage(format!("invalid image pull policy: {policy}")));
    }
    check_output(shell, &given)?;
    let dry_run = DryRun::of(shell, &given)?;
    let pod = pod(&given, name, restart)?;
    let mut made = Vec::new();
    if given.on("expose") {
        let port: i64 = given.text("port").parse().unwrap_or(0);
        made.push((
            "services",
            "service",
            clean(json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name},
                "spec": {
                    "ports": [{"port": port, "protocol": "TCP", "targetPort": port}],
                    "selector": pod["metadata"]["labels"],
                },
                "status": {"loadBalancer": {}},
            })),
        ));
    }
    made.push(("pods", "pod", pod));
    let several = made.len() > 1 && !given.text("output").is_empty();
    for (index, (plural, kind, object)) in made.into_iter().enumerate() {
        if index > 0 && several {
            shell.line("---\n---");
        }
        let line = format!("{kind}/{name} created{}", dry_run.suffix());
        let mut shown = object;
        if dry_run != DryRun::Client {
            let path = format!(
                "/api/v1/namespaces/{}/{plural}?{}",
                shell.namespace,
                dry_run.query()
            );
            shown = shell.post(path.trim_end_matches(['?', '&']), &shown)?;
        }
        tell(shell, &given, &shown, &line)?;
    }
    Ok(())
}

fn pod(given: &Given, name: &str, restart: &str) -> Result<Value, Fault> {
    let labels = match given.get("labels") {
        Some(labels) => pairs(labels)?,
        None => Map::from_iter([("run".to_owned(), name.into())]),
    };
    let mut annotations = Map::new();
    for annotation in given.all("annotations") {
        if let Some((key, value)) = annotation.split_once('=') {
            annotations.insert(key.to_owned(), value.into());
        }
    }
    let mut env = Vec::new();
    for variable in given.all("env") {
        match variable.split_once('=') {
            Some((key, value)) if !key.is_empty() => env.push(json!({"name": key, "value": value})),
            _ => return Err(Fault::Message(format!("invalid env: {variable}"))),
        }
    }
    let mut container = json!({"name": name, "image": given.text("image"), "resources": {}});
    if let Some(policy) = given.get("image-pull-policy") {
        container["imagePullPolicy"] = policy.into();
    }
    if !env.is_empty() {
        container["env"] = env.into();
    }
    if let Some(port) = given.get("port") {
        let port: i64 = port.parse().map_err(|_| {
            Fault::Message(format!("strconv.Atoi: parsing {port:?}: invalid syntax"))
        })?;
        container["ports"] = json!([{"containerPort": port}]);
    }
    let mut words: Vec<String> = given.args.get(1..).unwrap_or_default().to_vec();
    words.extend(given.after.iter().cloned());
    if !given.after.is_empty() {
        let field = if given.on("command") {
            "command"
        } else {
            "args"
        };
        container[field] = json!(words);
    }
    if given.on("privileged") {
        container["securityContext"] = json!({"privileged": true});
    }
    for (flag, field) in [("stdin", "stdin"), ("tty", "tty")] {
        if given.on(flag) {
            container[field] = true.into();
        }
    }
    let pod = clean(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": {
            "containers": [container],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": restart,
        },
        "status": {},
    }));
    overridden(given, pod)
}

fn overridden(given: &Given, pod: Value) -> Result<Value, Fault> {
    let Some(overrides) = given.get("overrides") else {
        return Ok(pod);
    };
    let overrides: Value =
        serde_json::from_str(overrides).map_err(|_| Fault::message("Invalid JSON Patch"))?;
    let merged = match given.text("override-type") {
        "strategic" => patch::strategic::apply(schema::of_kind(Kind::Pod), &pod, &overrides),
        _ => patch::merge(&pod, &overrides),
    };
    merged.map_err(|_| Fault::message("Invalid JSON Patch"))
}
