//! `kubectl create role`, `clusterrole` and `ingress`.

use super::super::fault::Fault;
use super::super::flags::Given;
use super::super::shell::Shell;
use serde_json::{Map, Value, json};

const VERBS: [&str; 13] = [
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];
const FORMAT: &str = "is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]";

pub(super) fn role(shell: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    Ok(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": named},
        "rules": rules(shell, given)?,
    }))
}

pub(super) fn cluster_role(
    shell: &mut Shell<'_>,
    given: &Given,
    named: &str,
) -> Result<Value, Fault> {
    let mut made = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": named},
    });
    let paths = given.all("non-resource-url");
    made["rules"] = match paths.is_empty() {
        true => rules(shell, given)?.into(),
        false => json!([{"nonResourceURLs": paths, "verbs": given.all("verb")}]),
    };
    Ok(made)
}

/// A rule for each API group, in the order of naming.
fn rules(shell: &mut Shell<'_>, given: &Given) -> Result<Vec<Value>, Fault> {
    let mut verbs: Vec<&String> = Vec::new();
    for verb in given.all("verb") {
        if !verbs.contains(&verb) {
            verbs.push(verb);
        }
    }
    if verbs.is_empty() {
        return Err(Fault::message("at least one verb must be specified"));
    }
    if given.all("resource").is_empty() {
        return Err(Fault::message("at least one resource must be specified"));
    }
    for verb in &verbs {
        if !VERBS.contains(&verb.as_str()) && verb.as_str() != "*" {
            shell.warn(format!("Warning: '{verb}' is not a standard resource verb"));
        }
    }
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for named in given.all("resource") {
        let (of, subresource) = match named.split_once('/') {
            Some((of, subresource)) => (of, format!("/{subresource}")),
            None => (named.as_str(), String::new()),
        };
        let resource = shell
            .resource(of)
            .map_err(|fault| Fault::Plain(fault.bare()))?;
        let name = format!("{}{subresource}", resource.plural);
        match groups
            .iter_mut()
            .find(|(group, _)| *group == resource.group)
        {
            Some((_, names)) => names.push(name),
            None => groups.push((resource.group, vec![name])),
        }
    }
    let rule = |(group, resources): &(String, Vec<String>)| {
        let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
        if !given.all("resource-name").is_empty() {
            rule["resourceNames"] = json!(given.all("resource-name"));
        }
        rule
    };
    Ok(groups.iter().map(rule).collect())
}

/// `svc:port` as a backend.
fn backend(text: &str) -> Option<Value> {
    let (name, port) = text.split_once(':')?;
    if name.is_empty() || port.is_empty() {
        return None;
    }
    let port = match port.parse::<i64>() {
        Ok(number) => json!({"number": number}),
        Err(_) => json!({"name": port}),
    };
    Some(json!({"service": {"name": name, "port": port}}))
}

pub(super) fn ingress(_: &mut Shell<'_>, given: &Given, named: &str) -> Result<Value, Fault> {
    let rules = given.all("rule");
    let default = given.get("default-backend");
    if rules.is_empty() && default.is_none() {
        return Err(Fault::message(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
        ));
    }
    let mut spec = json!({});
    if let Some(class) = given.get("class") {
        spec["ingressClassName"] = class.into();
    }
    if let Some(default) = default {
        spec["defaultBackend"] = backend(default).ok_or_else(|| {
            Fault::message("default-backend should be in format servicename:serviceport")
        })?;
    }
    let mut hosts: Vec<(String, Vec<Value>)> = Vec::new();
    let mut tls = Vec::new();
    for rule in rules {
        let (host, path, secret) =
            read_rule(rule).ok_or_else(|| Fault::Message(format!("rule {rule} {FORMAT}")))?;
        if let Some(secret) = secret {
            let mut entry = json!({});
            if !host.is_empty() {
                entry["hosts"] = json!([host]);
            }
            if !secret.is_empty() {
                entry["secretName"] = secret.into();
            }
            tls.push(entry);
        }
        match hosts.iter_mut().find(|(known, _)| *known == host) {
            Some((_, paths)) => paths.push(path),
            None => hosts.push((host, vec![path])),
        }
    }
    let rule = |(host, paths): &(String, Vec<Value>)| match host.as_str() {
        "" => json!({"http": {"paths": paths}}),
        host => json!({"host": host, "http": {"paths": paths}}),
    };
    if !hosts.is_empty() {
        spec["rules"] = hosts.iter().map(rule).collect();
    }
    if !tls.is_empty() {
        spec["tls"] = tls.into();
    }
    let mut annotations = Map::new();
    for annotation in given.all("annotation") {
        let (key, value) = annotation.split_once('=').unwrap_or((annotation, ""));
        annotations.insert(key.to_owned(), value.into());
    }
    Ok(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": named, "annotations": annotations},
        "spec": spec,
        "status": {"loadBalancer": {}},
    }))
}

/// Host, path, and the secret of `tls` where there is one.
fn read_rule(rule: &str) -> Option<(String, Value, Option<String>)> {
    let mut parts = rule.splitn(2, ',');
    let (place, to) = parts.next()?.split_once('=')?;
    let secret = match parts.next() {
        None => None,
        Some("tls") => Some(String::new()),
        Some(tls) => Some(tls.strip_prefix("tls=")?.to_owned()),
    };
    let (host, path) = place.split_once('/')?;
    let (path, kind) = match path.strip_suffix('*') {
        Some(path) => (path, "Prefix"),
        None => (path, "Exact"),
    };
    let path = json!({"path": format!("/{path}"), "pathType": kind, "backend": backend(to)?});
    Some((host.to_owned(), path, secret))
}
