//! `kubectl expose`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Found, Need};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::Shell;
use super::super::value::{entries, items, number, text};
use super::generate::{clean, pairs};
use super::{DryRun, check_output, tell};
use serde_json::{Map, Value, json};

const FLAGS: &str = " port:s target-port:s protocol:s name:s type:s cluster-ip:s external-ip:s \
    load-balancer-ip:s session-affinity:s selector:s labels:s overrides:s override-type:s \
    save-config dry-run:?unchanged field-manager:s";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let find_flags = FIND_FLAGS.replace("selector/l:s", "").replace("field-", "");
    let spec = format!("{find_flags}{OUTPUT_FLAGS}{FLAGS} labels/l:s");
    let given = Given::read("kubectl expose", &spec.replace(" labels:s", ""), args)?;
    shell.enter(&given);
    check_output(shell, &given)?;
    let dry_run = DryRun::of(shell, &given)?;
    let mut unselected = given.clone();
    unselected.forget("selector");
    let wanted = find::wanted(shell, &unselected, &given.args, Need::Names)?;
    let mut faults = Vec::new();
    for it in &wanted {
        let (found, missing) = find::find(shell, &unselected, std::slice::from_ref(it));
        faults.extend(missing);
        for object in found {
            let outcome = expose(shell, &given, &object, dry_run);
            faults.extend(outcome.err());
        }
    }
    if faults.len() > 1 {
        faults = faults
            .into_iter()
            .map(|fault| match fault {
                Fault::Message(text) => Fault::Plain(text),
                other => other,
            })
            .collect();
    }
    Fault::of_all(faults)
}

fn expose(
    shell: &mut Shell<'_>,
    given: &Given,
    object: &Found,
    dry_run: DryRun,
) -> Result<(), Fault> {
    let service = service(given, object)?;
    let name = text(&service, "/metadata/name").to_owned();
    let line = format!("service/{name} exposed{}", dry_run.suffix());
    if dry_run == DryRun::Client {
        return tell(shell, given, &service, &line);
    }
    let path = format!(
        "/api/v1/namespaces/{}/services?{}",
        shell.namespace,
        dry_run.query()
    );
    let made = shell.post(path.trim_end_matches(['?', '&']), &service)?;
    tell(shell, given, &made, &line)
}

fn service(given: &Given, object: &Found) -> Result<Value, Fault> {
    let kind = object.resource.kind.as_str();
    let selector: Map<String, Value> = match (given.text("selector"), kind) {
        ("", "Deployment" | "ReplicaSet") => {
            if !items(&object.object, "/spec/selector/matchExpressions").is_empty() {
                return Err(Fault::message(
                    "couldn't convert expressions - \"[]\" to map-based selector format",
                ));
            }
            map_of(&object.object, "/spec/selector/matchLabels")
        }
        ("", "ReplicationController" | "Service") => map_of(&object.object, "/spec/selector"),
        ("", "Pod") => map_of(&object.object, "/metadata/labels"),
        (_, "Deployment" | "ReplicaSet" | "ReplicationController" | "Service" | "Pod") => {
            pairs(given.text("selector"))?
        }
        _ => return Err(Fault::Message(format!("cannot expose a {kind}"))),
    };
    if selector.is_empty() && kind == "Pod" {
        return Err(Fault::message(
            "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed",
        ));
    }
    let ports = ports(given, object)?;
    let labels = match given.get("labels") {
        Some(labels) => pairs(labels)?,
        None => map_of(&object.object, "/metadata/labels"),
    };
    let name = match given.text("name") {
        "" => object.name(),
        name => name,
    };
    let mut spec = json!({"ports": ports, "selector": selector});
    for (flag, field) in [
        ("type", "type"),
        ("session-affinity", "sessionAffinity"),
        ("cluster-ip", "clusterIP"),
        ("load-balancer-ip", "loadBalancerIP"),
    ] {
        if let Some(value) = given.get(flag).filter(|value| !value.is_empty()) {
            spec[field] = value.into();
        }
    }
    if let Some(address) = given.get("external-ip") {
        spec["externalIPs"] = json!([address]);
    }
    Ok(clean(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"loadBalancer": {}},
    })))
}

fn map_of(object: &Value, pointer: &str) -> Map<String, Value> {
    let entries = entries(object, pointer).into_iter();
    entries
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
}

/// What `--port` names, or what the object's containers listen on.
fn ports(given: &Given, object: &Found) -> Result<Vec<Value>, Fault> {
    let known: Vec<(i64, String)> = match object.resource.kind.as_str() {
        "Service" => items(&object.object, "/spec/ports")
            .iter()
            .map(|it| (number(it, "/port"), protocol(it)))
            .collect(),
        kind => {
            let pointer = match kind {
                "Pod" => "/spec/containers",
                _ => "/spec/template/spec/containers",
            };
            let containers = items(&object.object, pointer).iter();
            containers
                .flat_map(|container| items(container, "/ports"))
                .map(|it| (number(it, "/containerPort"), protocol(it)))
                .collect()
        }
    };
    let named = given.text("port");
    let wanted: Vec<i64> = match named {
        "" if known.is_empty() => {
            return Err(Fault::message(
                "couldn't find port via --port flag or introspection",
            ));
        }
        "" => known.iter().map(|(port, _)| *port).collect(),
        named => named
            .split(',')
            .map(|text| {
                text.parse().map_err(|_| {
                    Fault::Message(format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
                })
            })
            .collect::<Result<_, _>>()?,
    };
    let several = wanted.len() > 1;
    let port = |(index, port): (usize, &i64)| {
        let known = known.iter().find(|(known, _)| known == port);
        let protocol = match given.text("protocol") {
            "" => known.map_or("TCP", |(_, protocol)| protocol.as_str()),
            named => named,
        };
        let target: Value = match given.text("target-port") {
            "" => (*port).into(),
            text => text.parse::<i64>().map_or(text.into(), Value::from),
        };
        let mut made = json!({"port": port, "protocol": protocol, "targetPort": target});
        if several {
            made["name"] = format!("port-{}", index + 1).into();
        }
        made
    };
    Ok(wanted.iter().enumerate().map(port).collect())
}

fn protocol(port: &Value) -> String {
    match text(port, "/protocol") {
        "" => "TCP".to_owned(),
        protocol => protocol.to_owned(),
    }
}
