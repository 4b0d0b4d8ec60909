//! `kubectl autoscale`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Need};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::shell::Shell;
use super::super::value::text;
use super::{DryRun, check_output, tell};
use crate::api::quantity;
use serde_json::{Value, json};

const FLAGS: &str = " min:i max:i cpu:s memory:s cpu-percent:i name:s dry-run:?unchanged field-manager:s save-config";
const DEPRECATED: &str = "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).";

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read("kubectl autoscale", &spec, args)?;
    shell.enter(&given);
    if given.get("cpu-percent").is_some() {
        shell.warn(DEPRECATED);
    }
    given.require(&["max"])?;
    check_output(shell, &given)?;
    let dry_run = DryRun::of(shell, &given)?;
    let (min, max) = (given.number("min"), given.number("max").unwrap_or(-1));
    if max < 1 {
        return Err(Fault::Message(format!(
            "--max=MAXPODS is required and must be at least 1, max: {max}"
        )));
    }
    if let Some(min) = min.filter(|min| *min > max) {
        return Err(Fault::Message(format!(
            "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}"
        )));
    }
    let metrics = metrics(&given)?;
    let wanted = find::wanted(shell, &given, &given.args, Need::Names)?;
    let (found, mut faults) = find::find(shell, &given, &wanted);
    for object in found {
        let resource = &object.resource;
        if !resource.subresources.iter().any(|it| it == "scale") {
            faults.push(Fault::Message(format!(
                "cannot autoscale a {}: could not find scale subresource for {} in discovery information",
                resource.kind,
                resource.shown()
            )));
            continue;
        }
        let name = match given.text("name") {
            "" => object.name(),
            name => name,
        };
        let mut spec = json!({
            "maxReplicas": max,
            "scaleTargetRef": {
                "apiVersion": resource.api_version(), "kind": resource.kind, "name": object.name(),
            },
        });
        if let Some(min) = min.filter(|min| *min > 0) {
            spec["minReplicas"] = min.into();
        }
        if !metrics.is_empty() {
            spec["metrics"] = json!(metrics);
        }
        let mut made = json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name},
            "spec": spec,
            "status": {"currentMetrics": null, "desiredReplicas": 0},
        });
        if dry_run != DryRun::Client {
            let namespace = text(&object.object, "/metadata/namespace");
            let path = format!(
                "/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers?{}",
                dry_run.query()
            );
            let posted = shell.post(path.trim_end_matches(['?', '&']), &made);
            made = match posted {
                Ok(made) => made,
                Err(_) if metrics.is_empty() => {
                    faults.push(Fault::message("failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: empty input"));
                    continue;
                }
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
        }
        let line = format!(
            "horizontalpodautoscaler.autoscaling/{name} autoscaled{}",
            dry_run.suffix()
        );
        tell(shell, &given, &made, &line)?;
    }
    Fault::of_all(faults)
}

fn metrics(given: &Given) -> Result<Vec<Value>, Fault> {
    let mut metrics = Vec::new();
    if let Some(percent) = given.number("cpu-percent").filter(|percent| *percent > 0) {
        metrics.push(metric(
            "cpu",
            json!({"type": "Utilization", "averageUtilization": percent}),
        ));
    }
    for resource in ["cpu", "memory"] {
        let Some(amount) = given.get(resource).filter(|amount| !amount.is_empty()) else {
            continue;
        };
        let percent = amount.strip_suffix('%').map(str::parse::<i64>);
        metrics.push(match percent {
            Some(Ok(percent)) => metric(
                resource,
                json!({"type": "Utilization", "averageUtilization": percent}),
            ),
            None if quantity::parse(amount).is_ok() => metric(
                resource,
                json!({"type": "AverageValue", "averageValue": amount}),
            ),
            _ => {
                return Err(Fault::Message(format!(
                    "invalid resource {resource} value: {amount}"
                )));
            }
        });
    }
    Ok(metrics)
}

fn metric(name: &str, target: Value) -> Value {
    json!({"type": "Resource", "resource": {"name": name, "target": target}})
}
