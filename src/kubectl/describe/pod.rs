//! Pods.

use super::containers::containers;
use super::volumes::volumes;
use super::{Lines, or, time};
use crate::kubectl::value::{entries, items, number, text};
use serde_json::Value;

pub(super) fn pod(lines: &mut Lines, pod: &Value) -> bool {
    lines.put(0, format!("Name:\t{}", text(pod, "/metadata/name")));
    lines.put(
        0,
        format!("Namespace:\t{}", text(pod, "/metadata/namespace")),
    );
    lines.put(0, format!("Priority:\t{}", number(pod, "/spec/priority")));
    for (key, pointer) in [
        ("Priority Class Name", "/spec/priorityClassName"),
        ("Runtime Class Name", "/spec/runtimeClassName"),
        ("Service Account", "/spec/serviceAccountName"),
    ] {
        if !text(pod, pointer).is_empty() {
            lines.put(0, format!("{key}:\t{}", text(pod, pointer)));
        }
    }
    match text(pod, "/spec/nodeName") {
        "" => lines.put(0, "Node:\t<none>"),
        node => lines.put(0, format!("Node:\t{node}/{}", text(pod, "/status/hostIP"))),
    }
    let started = text(pod, "/status/startTime");
    if !started.is_empty() {
        lines.put(0, format!("Start Time:\t{}", time(started)));
    }
    lines.map(0, "Labels", pod, "/metadata/labels", "=");
    lines.annotations(pod);
    match text(pod, "/metadata/deletionTimestamp") {
        "" => lines.put(0, format!("Status:\t{}", text(pod, "/status/phase"))),
        deleted => {
            lines.put(0, format!("Status:\tTerminating (lasts {})", time(deleted)));
            let grace = number(pod, "/metadata/deletionGracePeriodSeconds");
            lines.put(0, format!("Termination Grace Period:\t{grace}s"));
        }
    }
    for (key, pointer) in [("Reason", "/status/reason"), ("Message", "/status/message")] {
        if !text(pod, pointer).is_empty() {
            lines.put(0, format!("{key}:\t{}", text(pod, pointer)));
        }
    }
    let seccomp = text(pod, "/spec/securityContext/seccompProfile/type");
    if !seccomp.is_empty() {
        lines.put(0, format!("SeccompProfile:\t{seccomp}"));
    }
    lines.put(0, format!("IP:\t{}", text(pod, "/status/podIP")));
    match items(pod, "/status/podIPs") {
        [] => lines.put(0, "IPs:\t<none>"),
        addresses => {
            lines.put(0, "IPs:");
            for address in addresses {
                lines.put(1, format!("IP:\t{}", text(address, "/ip")));
            }
        }
    }
    if let Some(owner) = items(pod, "/metadata/ownerReferences")
        .iter()
        .find(|owner| owner["controller"] == true)
    {
        let (kind, name) = (text(owner, "/kind"), text(owner, "/name"));
        lines.put(0, format!("Controlled By:\t{kind}/{name}"));
    }
    let nominated = text(pod, "/status/nominatedNodeName");
    if !nominated.is_empty() {
        lines.put(0, format!("NominatedNodeName:\t{nominated}"));
    }
    let (specs, statuses) = (&pod["spec"], &pod["status"]);
    if !items(specs, "/initContainers").is_empty() {
        let all = items(specs, "/initContainers");
        containers(
            lines,
            "Init Containers",
            all,
            items(statuses, "/initContainerStatuses"),
            0,
            pod,
        );
    }
    let all = items(specs, "/containers");
    containers(
        lines,
        "Containers",
        all,
        items(statuses, "/containerStatuses"),
        0,
        pod,
    );
    conditions(lines, pod);
    volumes(lines, items(specs, "/volumes"), 0);
    lines.put(
        0,
        format!(
            "QoS Class:\t{}",
            or(text(pod, "/status/qosClass"), "BestEffort")
        ),
    );
    lines.map(0, "Node-Selectors", pod, "/spec/nodeSelector", "=");
    lines.multi(0, "Tolerations", &tolerations(specs));
    let spread: Vec<String> = items(specs, "/topologySpreadConstraints")
        .iter()
        .map(|it| {
            let labels: Vec<String> = entries(it, "/labelSelector/matchLabels")
                .into_iter()
                .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                .collect();
            format!(
                "{}:{} when max skew {} is exceeded for selector {}",
                text(it, "/topologyKey"),
                text(it, "/whenUnsatisfiable"),
                number(it, "/maxSkew"),
                labels.join(",")
            )
        })
        .collect();
    if !spread.is_empty() {
        lines.multi(0, "Topology Spread Constraints", &spread);
    }
    true
}

fn conditions(lines: &mut Lines, pod: &Value) {
    let conditions = items(pod, "/status/conditions");
    if conditions.is_empty() {
        return;
    }
    lines.put(0, "Conditions:\n  Type\tStatus");
    for it in conditions {
        lines.put(
            1,
            format!("{} \t{} ", text(it, "/type"), text(it, "/status")),
        );
    }
}

/// `key=value:Effect op=Exists for 300s`, sorted by key.
pub(super) fn tolerations(spec: &Value) -> Vec<String> {
    let mut all: Vec<&Value> = items(spec, "/tolerations").iter().collect();
    all.sort_by_key(|it| text(it, "/key"));
    all.into_iter()
        .map(|it| {
            let mut line = text(it, "/key").to_owned();
            let (value, effect) = (text(it, "/value"), text(it, "/effect"));
            if !value.is_empty() {
                line.push_str(&format!("={value}"));
            }
            if !effect.is_empty() {
                line.push_str(&format!(":{effect}"));
            }
            if text(it, "/operator") == "Exists" && value.is_empty() {
                let space = if line.is_empty() { "" } else { " " };
                line.push_str(&format!("{space}op=Exists"));
            }
            if let Some(seconds) = it.get("tolerationSeconds").and_then(Value::as_i64) {
                line.push_str(&format!(" for {}", crate::api::age::human_seconds(seconds)));
            }
            line
        })
        .collect()
}
