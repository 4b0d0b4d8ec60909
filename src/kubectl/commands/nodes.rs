//! `kubectl cordon`, `uncordon` and `drain`.

use super::super::fault::Fault;
use super::super::find::{Found, encode};
use super::super::flags::Given;
use super::super::shell::{Patch, Shell};
use super::super::value::{items, text};
use super::{DryRun, delete};
use serde_json::{Value, json};

const FLAGS: &str = "selector/l:s dry-run:?unchanged";
const DRAIN_FLAGS: &str = "selector/l:s dry-run:?unchanged force grace-period:i ignore-daemonsets \
    timeout:d delete-emptydir-data pod-selector:s disable-eviction skip-wait-for-delete-timeout:i \
    chunk-size:i";
/// Between two tries to evict a pod that a budget protects.
const RETRY_SECONDS: f64 = 5.0;
/// A wait without a timeout goes on for a week.
const WEEK: f64 = 168.0 * 3600.0;

pub(super) fn cordon(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    set(shell, args, "cordon", true)
}

pub(super) fn uncordon(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    set(shell, args, "uncordon", false)
}

fn set(
    shell: &mut Shell<'_>,
    args: &[String],
    command: &str,
    unschedulable: bool,
) -> Result<(), Fault> {
    let given = Given::read(&format!("kubectl {command}"), FLAGS, args)?;
    let nodes = nodes(shell, &given, command)?;
    let dry_run = DryRun::of(shell, &given)?;
    for node in nodes {
        mark(shell, &node, unschedulable, dry_run)?;
    }
    Ok(())
}

/// The nodes that are named or selected; none at all where one is missing.
fn nodes(shell: &mut Shell<'_>, given: &Given, command: &str) -> Result<Vec<Found>, Fault> {
    let selector = given.text("selector");
    if given.args.is_empty() && selector.is_empty() {
        return Err(Fault::Usage(format!("USAGE: {command} NODE [flags]")));
    }
    if !given.args.is_empty() && !selector.is_empty() {
        return Err(Fault::Usage(
            "cannot specify both a node name and a --selector option".to_owned(),
        ));
    }
    let resource = shell.resource("nodes")?;
    let mut found = Vec::new();
    for name in &given.args {
        let name = name.rsplit('/').next().unwrap_or(name);
        let object = shell.get(&format!("{}/{}", resource.path(""), encode(name)))?;
        found.push(Found {
            resource: resource.clone(),
            object,
        });
    }
    if !selector.is_empty() {
        let path = format!("{}?labelSelector={}", resource.path(""), encode(selector));
        let list = shell.get(&path)?;
        found.extend(items(&list, "/items").iter().map(|node| Found {
            resource: resource.clone(),
            object: node.clone(),
        }));
    }
    Ok(found)
}

fn mark(
    shell: &mut Shell<'_>,
    node: &Found,
    unschedulable: bool,
    dry_run: DryRun,
) -> Result<(), Fault> {
    let present = node.object.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    let done = if unschedulable {
        "cordoned"
    } else {
        "uncordoned"
    };
    let suffix = dry_run.suffix();
    let line = format!("node/{}", node.name());
    if present == unschedulable {
        shell.line(format!("{line} already {done}{suffix}"));
        return Ok(());
    }
    if dry_run != DryRun::Client {
        let path = format!("{}?{}", node.path(), dry_run.query());
        let value = if unschedulable {
            Value::Bool(true)
        } else {
            Value::Null
        };
        let body = json!({"spec": {"unschedulable": value}});
        shell.patch(path.trim_end_matches(['?', '&']), Patch::Strategic, &body)?;
    }
    shell.line(format!("{line} {done}{suffix}"));
    Ok(())
}

pub(super) fn drain(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let given = Given::read("kubectl drain", DRAIN_FLAGS, args)?;
    let nodes = nodes(shell, &given, "drain")?;
    let dry_run = DryRun::of(shell, &given)?;
    for node in &nodes {
        mark(shell, node, true, dry_run)?;
    }
    let mut pending: Vec<(String, Vec<String>)> = Vec::new();
    for node in &nodes {
        match empty(shell, &given, node, dry_run) {
            Ok(()) => shell.line(format!("node/{} drained{}", node.name(), dry_run.suffix())),
            Err(why) => pending.push((node.name().to_owned(), why)),
        }
    }
    if pending.is_empty() {
        return Ok(());
    }
    let mut told = Vec::new();
    for (node, why) in &pending {
        let whole = match why.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        shell.warn(format!(
            "error: unable to drain node {node:?} due to error: {whole}, continuing command..."
        ));
        told.extend(why.iter().cloned());
    }
    let names: Vec<String> = pending.iter().map(|(node, _)| format!(" {node}")).collect();
    shell.warn(format!(
        "There are pending nodes to be drained:\n{}",
        names.join("\n")
    ));
    Err(Fault::Plain(told.join("\n")))
}

/// Why a pod may not just be evicted.
const DAEMON_SET: &str = "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)";
const NO_CONTROLLER: &str =
    "cannot delete Pods that declare no controller (use --force to override)";
const LOCAL_STORAGE: &str =
    "cannot delete Pods with local storage (use --delete-emptydir-data to override)";

fn empty(
    shell: &mut Shell<'_>,
    given: &Given,
    node: &Found,
    dry_run: DryRun,
) -> Result<(), Vec<String>> {
    let bare = |fault: Fault| vec![fault.bare()];
    let resource = shell.resource("pods").map_err(bare)?;
    let mut query = format!("fieldSelector=spec.nodeName%3D{}", encode(node.name()));
    if let Some(selector) = given.get("pod-selector") {
        query.push_str(&format!("&labelSelector={}", encode(selector)));
    }
    let list = shell.get(&format!("/api/v1/pods?{query}")).map_err(bare)?;
    let (mut errors, mut warnings) = (Reasons::default(), Reasons::default());
    let mut pods = Vec::new();
    for pod in items(&list, "/items") {
        let found = Found {
            resource: resource.clone(),
            object: pod.clone(),
        };
        if admit(given, pod, &mut errors, &mut warnings) {
            pods.push(found);
        }
    }
    if !errors.0.is_empty() {
        return Err(errors.told());
    }
    if !warnings.0.is_empty() {
        shell.warn(format!("Warning: {}", warnings.told().join("; ")));
    }
    evict(shell, given, pods, dry_run)
}

/// Pods by why they are told of, in the order of the words.
#[derive(Default)]
struct Reasons(std::collections::BTreeMap<&'static str, Vec<String>>);

impl Reasons {
    fn add(&mut self, why: &'static str, pod: &Value) {
        let (namespace, name) = (
            text(pod, "/metadata/namespace"),
            text(pod, "/metadata/name"),
        );
        self.0
            .entry(why)
            .or_default()
            .push(format!("{namespace}/{name}"));
    }

    fn told(&self) -> Vec<String> {
        let told = self.0.iter();
        told.map(|(why, pods)| format!("{why}: {}", pods.join(", ")))
            .collect()
    }
}

/// Whether a pod is evicted; what stands against it.
fn admit(given: &Given, pod: &Value, errors: &mut Reasons, warnings: &mut Reasons) -> bool {
    let finished = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    let owner = items(pod, "/metadata/ownerReferences")
        .iter()
        .find(|owner| owner["controller"] == true);
    if owner.is_some_and(|owner| owner["kind"] == "DaemonSet") && !finished {
        match given.on("ignore-daemonsets") {
            true => warnings.add("ignoring DaemonSet-managed Pods", pod),
            false => errors.add(DAEMON_SET, pod),
        }
        return false;
    }
    let annotations = &pod["metadata"]["annotations"];
    if annotations.get("kubernetes.io/config.mirror").is_some() {
        return false;
    }
    if finished {
        return true;
    }
    let local = items(pod, "/spec/volumes")
        .iter()
        .any(|volume| volume.get("emptyDir").is_some());
    if local && !given.on("delete-emptydir-data") {
        errors.add(LOCAL_STORAGE, pod);
        return false;
    }
    if owner.is_none() {
        match given.on("force") {
            true => warnings.add("deleting Pods that declare no controller", pod),
            false => {
                errors.add(NO_CONTROLLER, pod);
                return false;
            }
        }
    }
    true
}

fn evict(
    shell: &mut Shell<'_>,
    given: &Given,
    pods: Vec<Found>,
    dry_run: DryRun,
) -> Result<(), Vec<String>> {
    let seconds = given
        .span("timeout")
        .filter(|span| *span > 0.0)
        .unwrap_or(WEEK);
    let end = shell.now() + std::time::Duration::from_secs_f64(seconds);
    let mut waiting = pods;
    let mut gone = Vec::new();
    while !waiting.is_empty() {
        let mut again = Vec::new();
        for pod in waiting {
            let (namespace, name) = (pod.namespace().to_owned(), pod.name().to_owned());
            shell.line(format!(
                "evicting pod {namespace}/{name}{}",
                dry_run.suffix()
            ));
            if dry_run != DryRun::No {
                continue;
            }
            let mut eviction = json!({
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": name, "namespace": namespace},
            });
            if let Some(grace) = given.number("grace-period").filter(|grace| *grace >= 0) {
                eviction["deleteOptions"] = json!({"gracePeriodSeconds": grace});
            }
            match shell.post(&format!("{}/eviction", pod.path()), &eviction) {
                Ok(_) => gone.push(pod),
                Err(fault) if fault.is_not_found() => {}
                Err(Fault::Server(status, _)) if status.code == Some(429) => {
                    let why = status.message.clone().unwrap_or_default();
                    shell.warn(format!("error when evicting pods/{name:?} -n {namespace:?} (will retry after 5s): {why}"));
                    again.push(pod);
                }
                Err(fault) => {
                    return Err(vec![format!(
                        "error when evicting pods/{name:?} -n {namespace:?}: {}",
                        fault.bare()
                    )]);
                }
            }
        }
        if !again.is_empty() {
            let left = end.since(shell.now()).as_secs_f64();
            let span = std::time::Duration::from_secs_f64(left.min(RETRY_SECONDS));
            shell.door.wait(span);
            if shell.now() >= end {
                return Err(over(shell, &again, seconds));
            }
        }
        waiting = again;
    }
    for pod in &gone {
        let mut faults = Vec::new();
        let left = end.since(shell.now()).as_secs_f64();
        let outcome = delete::wait(shell, std::slice::from_ref(pod), left, &mut faults);
        if outcome.is_err() || !faults.is_empty() {
            return Err(over(shell, &gone, seconds));
        }
        shell.line(format!("pod/{} evicted", pod.name()));
    }
    Ok(())
}

fn over(shell: &mut Shell<'_>, pods: &[Found], seconds: f64) -> Vec<String> {
    let why: Vec<String> = pods
        .iter()
        .map(|pod| {
            format!(
                "error when evicting pods/{:?} -n {:?}: global timeout reached: {seconds}s",
                pod.name(),
                pod.namespace()
            )
        })
        .collect();
    let node = pods
        .first()
        .map_or("", |pod| text(&pod.object, "/spec/nodeName"));
    let whole = match why.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    let mut told =
        format!("There are pending pods in node {node:?} when an error occurred: {whole}");
    for pod in pods {
        told.push_str(&format!("\npod/{}", pod.name()));
    }
    shell.warn(told);
    why
}
