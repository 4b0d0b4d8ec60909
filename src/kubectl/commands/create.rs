//! `kubectl create`: from files, or of a kind from flags.

use super::super::fault::Fault;
use super::super::find::{self, documents};
use super::super::flags::Given;
use super::super::print::{OUTPUT_FLAGS, kind_of};
use super::super::shell::Shell;
use super::super::value::{name, text};
use super::create_access;
use super::generate::{clean, container_name, pairs};
use super::{DryRun, check_output, tell};
use crate::api::quantity;
use serde_json::{Map, Value, json};

const COMMON: &str =
    " dry-run:?unchanged field-manager:s validate:?strict save-config append-hash overrides:s";

type Make = fn(&mut Shell<'_>, &Given, &str) -> Result<Value, Fault>;

/// A kind that can be made from flags.
struct Maker {
    /// Its name after `create`, and shorter ones.
    names: &'static [&'static str],
    flags: &'static str,
    required: &'static [&'static str],
    /// What stands before the server's complaint; none where it stands alone.
    failed: Option<&'static str>,
    make: Make,
}

const fn maker(
    names: &'static [&'static str],
    flags: &'static str,
    required: &'static [&'static str],
    failed: Option<&'static str>,
    make: Make,
) -> Maker {
    Maker {
        names,
        flags,
        required,
        failed,
        make,
    }
}

const MAKERS: &[Maker] = &[
    maker(
        &["deployment", "deploy"],
        "image:l port:i replicas/r:i",
        &["image"],
        Some("failed to create deployment:"),
        deployment,
    ),
    maker(
        &["configmap", "cm"],
        "from-literal:a from-file:a from-env-file:a",
        &[],
        Some("failed to create configmap:"),
        config_map,
    ),
    maker(
        &["secret generic"],
        "from-literal:a from-file:a from-env-file:a type:s",
        &[],
        Some("failed to create secret"),
        secret,
    ),
    maker(&["namespace", "ns"], "", &[], None, namespace),
    maker(
        &["serviceaccount", "sa"],
        "",
        &[],
        Some("failed to create serviceaccount:"),
        service_account,
    ),
    maker(
        &["service clusterip", "svc clusterip"],
        "tcp:l clusterip:s",
        &[],
        Some("failed to create ClusterIP service:"),
        cluster_ip,
    ),
    maker(
        &["service nodeport", "svc nodeport"],
        "tcp:l node-port:i",
        &[],
        Some("failed to create NodePort service:"),
        node_port,
    ),
    maker(
        &["service loadbalancer", "svc loadbalancer"],
        "tcp:l",
        &[],
        Some("failed to create LoadBalancer service:"),
        load_balancer,
    ),
    maker(
        &["service externalname", "svc externalname"],
        "external-name:s tcp:l",
        &["external-name"],
        Some("failed to create ExternalName service:"),
        external_name,
    ),
    maker(
        &["job"],
        "image:s from:s",
        &[],
        Some("failed to create job:"),
        job,
    ),
    maker(
        &["cronjob", "cj"],
        "image:s schedule:s restart:s",
        &["image", "schedule"],
        Some("failed to create cronjob:"),
        cron_job,
    ),
    maker(
        &["poddisruptionbudget", "pdb"],
        "selector:s min-available:s max-unavailable:s",
        &[],
        Some("failed to create poddisruptionbudgets:"),
        budget,
    ),
    maker(
        &["quota", "resourcequota"],
        "hard:s scopes:s",
        &[],
        Some("failed to create quota:"),
        quota,
    ),
    maker(
        &["priorityclass", "pc"],
        "value:i global-default description:s preemption-policy:s",
        &[],
        Some("failed to create priorityclass:"),
        priority_class,
    ),
    maker(
        &["rolebinding"],
        "role:s clusterrole:s user:a group:a serviceaccount:a",
        &[],
        Some("failed to create rolebinding:"),
        role_binding,
    ),
    maker(
        &["clusterrolebinding"],
        "clusterrole:s user:a group:a serviceaccount:a",
        &["clusterrole"],
        Some("failed to create clusterrolebinding:"),
        cluster_role_binding,
    ),
    maker(
        &["role"],
        "verb:l resource:l resource-name:l",
        &[],
        Some("failed to create role:"),
        create_access::role,
    ),
    maker(
        &["clusterrole"],
        "verb:l resource:l resource-name:l non-resource-url:l aggregation-rule:s",
        &[],
        Some("failed to create clusterrole:"),
        create_access::cluster_role,
    ),
    maker(
        &["ingress", "ing"],
        "class:s rule:a annotation:a default-backend:s",
        &[],
        Some("failed to create ingress:"),
        create_access::ingress,
    ),
];

/// The whole name of what a short one means.
pub(super) fn full_name(named: &str) -> String {
    let maker = MAKERS.iter().find(|maker| maker.names.contains(&named));
    match (maker.and_then(|maker| maker.names.first()), named) {
        (Some(full), _) => (*full).to_owned(),
        (None, "svc") => "service".to_owned(),
        (None, named) => named.to_owned(),
    }
}

/// Whether there is such a thing to create.
pub(super) fn is_known(named: &str) -> bool {
    let known = |maker: &Maker| {
        let mut names = maker.names.iter();
        names.any(|name| *name == named || name.split(' ').next() == Some(named))
    };
    MAKERS.iter().any(known)
}

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let words: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let one = words.first().copied().unwrap_or_default();
    let two = words
        .get(..2)
        .map(|words| words.join(" "))
        .unwrap_or_default();
    let maker = MAKERS
        .iter()
        .find(|maker| maker.names.contains(&one) || maker.names.contains(&two.as_str()));
    if let Some(maker) = maker {
        let full = maker.names.first().copied().unwrap_or_default();
        let mut rest = args.to_vec();
        for word in full.split(' ').enumerate().map(|(at, _)| words.get(at)) {
            if let Some(at) = word.and_then(|word| rest.iter().position(|it| it == word)) {
                rest.remove(at);
            }
        }
        let command = format!("kubectl create {full}");
        return make(shell, maker, &command, &rest).map_err(|fault| match fault {
            // The path that help is asked for is the whole one.
            Fault::Usage(why) => {
                Fault::Message(format!("{why}\nSee '{command} -h' for help and examples"))
            }
            fault => fault,
        });
    }
    if matches!(one, "service" | "svc" | "secret") {
        let full = full_name(one);
        Given::read(&format!("kubectl create {full}"), "", args)?;
        let rest = words.get(1..).unwrap_or_default().join(" ");
        return Err(Fault::Message(format!(
            "unknown command {rest:?}\nSee 'kubectl create {full} -h' for help and examples"
        )));
    }
    from_files(shell, args)
}

fn from_files(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let spec = format!("filename/f:l recursive/R edit raw:s{OUTPUT_FLAGS}{COMMON}");
    let given = Given::read("kubectl create", &spec, args)?;
    shell.enter(&given);
    if !given.args.is_empty() {
        return Err(Fault::Message(format!(
            "Unexpected args: [{}]\nSee 'kubectl create -h' for help and examples",
            given.args.join(" ")
        )));
    }
    let files = given.all("filename").to_vec();
    if files.is_empty() {
        return Err(Fault::message("must specify one of -f and -k"));
    }
    if let Some(raw) = given.get("raw") {
        let body = match files.first().map(String::as_str) {
            Some("-") | None => shell.stdin.to_owned(),
            Some(file) => shell.door.read(file).unwrap_or_default(),
        };
        let answer = shell.send("POST", raw, "application/json", "application/json", &body)?;
        shell.line(answer.to_string());
        return Ok(());
    }
    check_output(shell, &given)?;
    let dry_run = DryRun::of(shell, &given)?;
    let mut faults = Vec::new();
    for (object, file) in documents(shell, &files)? {
        let outcome = find::of_manifest(shell, &object, &file).and_then(|resource| {
            let namespace = match text(&object, "/metadata/namespace") {
                "" => shell.namespace_of(&resource),
                namespace => namespace.to_owned(),
            };
            let mut made = object.clone();
            if dry_run != DryRun::Client {
                let path = format!(
                    "{}?{}fieldManager=kubectl-create&fieldValidation=Strict",
                    resource.path(&namespace),
                    dry_run.query()
                );
                made = shell.post(&path, &object)?;
            }
            let line = format!(
                "{}/{} created{}",
                resource.line_kind(),
                name(&made),
                dry_run.suffix()
            );
            tell(shell, &given, &made, &line)
        });
        faults.extend(outcome.err().map(|fault| match fault {
            Fault::Server(status, _) => {
                Fault::Server(status, format!("error when creating {file:?}"))
            }
            fault => fault,
        }));
    }
    Fault::of_all(faults)
}

fn make(shell: &mut Shell<'_>, maker: &Maker, command: &str, args: &[String]) -> Result<(), Fault> {
    let given = Given::read(
        command,
        &format!("{}{OUTPUT_FLAGS}{COMMON}", maker.flags),
        args,
    )?;
    shell.enter(&given);
    given.require(maker.required)?;
    let takes_more = !given.after.is_empty() || maker.names.contains(&"job");
    let named = match given.args.as_slice() {
        [named] => named.clone(),
        [named, ..] if takes_more => named.clone(),
        names => {
            return Err(Fault::Usage(format!(
                "exactly one NAME is required, got {}",
                names.len()
            )));
        }
    };
    check_output(shell, &given)?;
    let dry_run = DryRun::of(shell, &given)?;
    let object = clean((maker.make)(shell, &given, &named)?);
    let mut made = object.clone();
    let resource = find::of_manifest(shell, &object, "STDIN")?;
    if dry_run != DryRun::Client {
        let namespace = shell.namespace_of(&resource);
        let query = dry_run.query();
        let path = format!(
            "{}?{query}fieldManager=kubectl-create&fieldValidation=Strict",
            resource.path(&namespace)
        );
        made = shell
            .post(&path, &object)
            .map_err(|fault| match maker.failed {
                Some(failed) => Fault::Message(format!("{failed} {}", fault.bare())),
                None => fault,
            })?;
    }
    let line = format!("{}/{named} created{}", kind_of(&made), dry_run.suffix());
    tell(shell, &given, &made, &line)
}

fn deployment(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let labels = json!({"app": named});
    let images: Vec<&String> = given
        .all("image")
        .iter()
        .filter(|image| !image.is_empty())
        .collect();
    let container = |image: &&String| {
        let mut container = json!({"name": container_name(image), "image": image, "resources": {}});
        if let Some(port) = given.number("port").filter(|_| images.len() == 1) {
            container["ports"] = json!([{"containerPort": port}]);
        }
        if !given.after.is_empty() {
            container["command"] = json!(given.after);
        }
        container
    };
    let containers: Vec<Value> = images.iter().map(container).collect();
    Ok(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": named, "labels": labels},
        "spec": {
            "replicas": given.number("replicas").unwrap_or(1),
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {},
    }))
}

/// The data that `--from-literal`, `--from-file` and `--from-env-file` give.
fn data(
    shell: &Shell<'_>,
    given: &Given,
    kind: &str,
    named: &str,
) -> Result<Map<String, Value>, Fault> {
    let mut data = Map::new();
    let mut add = |key: &str, value: String| {
        let valid = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if key.is_empty() || !key.chars().all(valid) {
            return Err(Fault::Message(format!(
                "{key:?} is not a valid key name for a {kind}: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
            )));
        }
        match data.insert(key.to_owned(), value.into()) {
            None => Ok(()),
            Some(_) => Err(Fault::Message(format!(
                "cannot add key {key:?}, another key by that name already exists in Data for {kind} {named:?}"
            ))),
        }
    };
    let (literals, files) = (given.all("from-literal"), given.all("from-file"));
    let envs = given.all("from-env-file");
    let others = !literals.is_empty() || !files.is_empty();
    if !envs.is_empty() && others {
        return Err(Fault::message(
            "from-env-file cannot be combined with from-file or from-literal",
        ));
    }
    let read = |path: &str| {
        let text = shell.door.read(path);
        text.ok_or_else(|| {
            Fault::Message(format!("error reading {path}: no such file or directory"))
        })
    };
    for literal in literals {
        match literal.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                let value = value.trim_matches(['"', '\'']);
                add(key, value.to_owned())?;
            }
            _ => {
                return Err(Fault::Message(format!(
                    "invalid literal source {literal}, expected key=value"
                )));
            }
        }
    }
    for file in files {
        let (key, path) = match file.split_once('=') {
            Some((key, path)) => (key, path),
            None => (file.rsplit('/').next().unwrap_or(file), file.as_str()),
        };
        add(key, read(path)?)?;
    }
    for file in envs {
        for line in read(file)?.lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            add(key, value.to_owned())?;
        }
    }
    Ok(data)
}

fn config_map(shell: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let data = data(shell, given, "ConfigMap", named)?;
    Ok(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": named}, "data": data,
    }))
}

fn secret(shell: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let data: Map<String, Value> = data(shell, given, "Secret", named)?
        .into_iter()
        .map(|(key, value)| (key, base64(value.as_str().unwrap_or_default()).into()))
        .collect();
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": named}, "data": data,
    });
    if let Some(of_type) = given.get("type") {
        secret["type"] = of_type.into();
    }
    Ok(secret)
}

/// Base 64 with padding, as JSON carries bytes.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place) & 63) as usize;
            match place <= chunk.len() {
                true => out.extend(LETTERS.get(index).map(|letter| char::from(*letter))),
                false => out.push('='),
            }
        }
    }
    out
}

fn namespace(_: &mut Shell<'_>, _: &Given, named: &str) -> Result<Value, Fault> {
    Ok(json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": named}, "spec": {}, "status": {},
    }))
}

fn service_account(_: &mut Shell<'_>, _: &Given, named: &str) -> Result<Value, Fault> {
    Ok(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": named}}))
}

fn service(given: &Given, named: &str, mut spec: Value) -> Result<Value, Fault> {
    let mut ports = Vec::new();
    for tcp in given.all("tcp") {
        let (port, target) = tcp.split_once(':').unwrap_or((tcp, tcp));
        let number = port
            .parse::<i64>()
            .map_err(|_| Fault::Message(format!("invalid port format: {tcp}")))?;
        let target = target.parse::<i64>().map_or(target.into(), Value::from);
        let mut made = json!({
            "name": tcp.replace(':', "-"), "port": number, "protocol": "TCP", "targetPort": target,
        });
        if let Some(node_port) = given.number("node-port") {
            made["nodePort"] = node_port.into();
        }
        ports.push(made);
    }
    let headless = given.text("clusterip") == "None";
    let external = spec["type"] == "ExternalName";
    if ports.is_empty() && !headless && !external {
        return Err(Fault::message(
            "at least one tcp port specifier must be provided",
        ));
    }
    let labels = json!({"app": named});
    spec["ports"] = ports.into();
    spec["selector"] = labels.clone();
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": named, "labels": labels},
        "spec": spec,
        "status": {"loadBalancer": {}},
    }))
}

fn cluster_ip(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let mut spec = json!({"type": "ClusterIP"});
    if let Some(address) = given.get("clusterip") {
        spec["clusterIP"] = address.into();
    }
    service(given, named, spec)
}

fn node_port(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    service(given, named, json!({"type": "NodePort"}))
}

fn load_balancer(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    service(given, named, json!({"type": "LoadBalancer"}))
}

fn external_name(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let spec = json!({"type": "ExternalName", "externalName": given.text("external-name")});
    service(given, named, spec)
}

fn job(shell: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let (image, from) = (given.get("image"), given.get("from"));
    let image = match (image, from) {
        (Some(image), None) => image,
        (None, Some(from)) => return job_from(shell, from, named),
        _ => return Err(Fault::message("either --image or --from must be specified")),
    };
    let mut container = json!({"name": named, "image": image, "resources": {}});
    let mut words: Vec<String> = given.args.get(1..).unwrap_or_default().to_vec();
    words.extend(given.after.iter().cloned());
    if !words.is_empty() {
        container["command"] = json!(words);
    }
    Ok(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": named},
        "spec": {"template": {
            "metadata": {},
            "spec": {"containers": [container], "restartPolicy": "Never"},
        }},
        "status": {},
    }))
}

/// A job as a cron job would make it.
fn job_from(shell: &mut Shell<'_>, from: &str, named: &str) -> Result<Value, Fault> {
    let (of_type, name) = from.split_once('/').unwrap_or((from, ""));
    let resource = shell.resource(of_type)?;
    let namespace = shell.namespace_of(&resource);
    let live = shell.get(&format!("{}/{name}", resource.path(&namespace)))?;
    if resource.kind != "CronJob" {
        return Err(Fault::Message(format!(
            "unknown object type *v1.{}",
            resource.kind
        )));
    }
    let template = &live["spec"]["jobTemplate"];
    let mut annotations = template["metadata"]["annotations"].clone();
    if !annotations.is_object() {
        annotations = json!({});
    }
    annotations["cronjob.kubernetes.io/instantiate"] = "manual".into();
    Ok(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": named,
            "annotations": annotations,
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "name": live["metadata"]["name"],
                "uid": live["metadata"]["uid"],
                "controller": true,
            }],
        },
        "spec": template["spec"],
        "status": {},
    }))
}

fn cron_job(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let mut container = json!({"name": named, "image": given.text("image"), "resources": {}});
    if !given.after.is_empty() {
        container["command"] = json!(given.after);
    }
    let restart = given.get("restart").unwrap_or("OnFailure");
    Ok(json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": named},
        "spec": {
            "schedule": given.text("schedule"),
            "jobTemplate": {
                "metadata": {"name": named},
                "spec": {"template": {
                    "metadata": {},
                    "spec": {"containers": [container], "restartPolicy": restart},
                }},
            },
        },
        "status": {},
    }))
}

fn budget(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let selector = given.text("selector");
    if selector.is_empty() {
        return Err(Fault::message("a selector must be specified"));
    }
    let (min, max) = (given.get("min-available"), given.get("max-unavailable"));
    let (flag, field, value) = match (min, max) {
        (Some(_), Some(_)) => {
            return Err(Fault::message(
                "min-available and max-unavailable cannot be both specified",
            ));
        }
        (Some(min), None) => ("min-available", "minAvailable", min),
        (None, Some(max)) => ("max-unavailable", "maxUnavailable", max),
        (None, None) => {
            return Err(Fault::message(
                "one of min-available or max-unavailable must be specified",
            ));
        }
    };
    let number = value.trim_end_matches('%').parse::<i64>();
    let amount: Value = match number {
        Ok(_) if value.ends_with('%') => value.into(),
        Ok(number) => number.into(),
        Err(_) => {
            return Err(Fault::Message(format!(
                "invalid format specified for {flag}"
            )));
        }
    };
    Ok(json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": named},
        "spec": {field: amount, "selector": {"matchLabels": pairs(selector)?}},
        "status": {
            "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0,
        },
    }))
}

fn quota(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let mut spec = json!({});
    for part in given
        .text("hard")
        .split(',')
        .filter(|part| !part.is_empty())
    {
        let Some((resource, amount)) = part.split_once('=') else {
            return Err(Fault::Message(format!(
                "Invalid argument syntax {part}, expected <resource>=<value>"
            )));
        };
        quantity::parse(amount).map_err(|why| Fault::Message(why.to_string()))?;
        spec["hard"][resource] = amount.into();
    }
    let scopes: Vec<&str> = given
        .text("scopes")
        .split(',')
        .filter(|it| !it.is_empty())
        .collect();
    if !scopes.is_empty() {
        spec["scopes"] = json!(scopes);
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": named},
        "spec": spec,
        "status": {},
    }))
}

fn priority_class(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let mut class = json!({
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": named},
        "value": given.number("value").unwrap_or(0),
        "preemptionPolicy": given.get("preemption-policy").unwrap_or("PreemptLowerPriority"),
    });
    if let Some(description) = given.get("description") {
        class["description"] = description.into();
    }
    if given.on("global-default") {
        class["globalDefault"] = true.into();
    }
    Ok(class)
}

fn binding(given: &Given, kind: &str, named: &str) -> Result<Value, Fault> {
    let group = "rbac.authorization.k8s.io";
    let mut subjects = Vec::new();
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        let names = given.all(flag).iter();
        subjects.extend(names.map(|name| json!({"apiGroup": group, "kind": kind, "name": name})));
    }
    for account in given.all("serviceaccount") {
        let Some((namespace, name)) = account.split_once(':') else {
            return Err(Fault::message("serviceaccount must be <namespace>:<name>"));
        };
        subjects.push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}));
    }
    let (role_kind, role) = match (given.get("role"), given.get("clusterrole")) {
        (Some(role), None) => ("Role", role),
        (None, Some(role)) => ("ClusterRole", role),
        _ => {
            return Err(Fault::message(
                "exactly one of clusterrole or role must be specified",
            ));
        }
    };
    Ok(json!({
        "apiVersion": format!("{group}/v1"),
        "kind": kind,
        "metadata": {"name": named},
        "roleRef": {"apiGroup": group, "kind": role_kind, "name": role},
        "subjects": subjects,
    }))
}

fn role_binding(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    binding(given, "RoleBinding", named)
}

fn cluster_role_binding(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    binding(given, "ClusterRoleBinding", named)
}
