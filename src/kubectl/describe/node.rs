//! Nodes.

use super::{Lines, age, or, time};
use crate::api::quantity::{self, Amount};
use crate::kubectl::fault::Fault;
use crate::kubectl::shell::Shell;
use crate::kubectl::value::{entries, items, plain, text};
use serde_json::Value;

pub(super) fn node(shell: &mut Shell<'_>, lines: &mut Lines, node: &Value) -> Result<bool, Fault> {
    let name = text(node, "/metadata/name");
    lines.put(0, format!("Name:\t{name}"));
    let mut roles: Vec<&str> = entries(node, "/metadata/labels")
        .into_iter()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    roles.sort_unstable();
    lines.put(0, format!("Roles:\t{}", or(&roles.join(","), "<none>")));
    lines.map(0, "Labels", node, "/metadata/labels", "=");
    lines.annotations(node);
    let created = text(node, "/metadata/creationTimestamp");
    lines.put(0, format!("CreationTimestamp:\t{}", time(created)));
    let mut taints: Vec<String> = items(node, "/spec/taints")
        .iter()
        .map(|taint| {
            let value = match text(taint, "/value") {
                "" => String::new(),
                value => format!("={value}"),
            };
            format!("{}{value}:{}", text(taint, "/key"), text(taint, "/effect"))
        })
        .collect();
    taints.sort();
    lines.multi(0, "Taints", &taints);
    lines.put(
        0,
        format!("Unschedulable:\t{}", node["spec"]["unschedulable"] == true),
    );
    lease(shell, lines, name)?;
    let conditions = items(node, "/status/conditions");
    if !conditions.is_empty() {
        lines.put(
            0,
            "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage",
        );
        lines.put(
            1,
            "----\t------\t-----------------\t------------------\t------\t-------",
        );
        for it in conditions {
            lines.put(
                1,
                format!(
                    "{} \t{} \t{} \t{} \t{} \t{}",
                    text(it, "/type"),
                    text(it, "/status"),
                    time(text(it, "/lastHeartbeatTime")),
                    time(text(it, "/lastTransitionTime")),
                    text(it, "/reason"),
                    text(it, "/message")
                ),
            );
        }
    }
    lines.put(0, "Addresses:");
    for it in items(node, "/status/addresses") {
        lines.put(
            1,
            format!("{}:\t{}", text(it, "/type"), text(it, "/address")),
        );
    }
    for (key, field) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
        let amounts = entries(node, &format!("/status/{field}"));
        if !amounts.is_empty() {
            lines.put(0, format!("{key}:"));
            for (resource, amount) in amounts {
                lines.put(1, format!("{resource}:\t{}", plain(amount)));
            }
        }
    }
    lines.put(0, "System Info:");
    for (key, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        let value = text(node, &format!("/status/nodeInfo/{field}"));
        lines.put(1, format!("{key}:\t{value}"));
    }
    for (key, pointer) in [
        ("PodCIDR", "/spec/podCIDR"),
        ("ProviderID", "/spec/providerID"),
    ] {
        if !text(node, pointer).is_empty() {
            lines.put(0, format!("{key}:\t{}", text(node, pointer)));
        }
    }
    let cidrs: Vec<String> = items(node, "/spec/podCIDRs").iter().map(plain).collect();
    if !cidrs.is_empty() {
        lines.put(0, format!("PodCIDRs:\t{}", cidrs.join(",")));
    }
    pods(shell, lines, node)?;
    Ok(true)
}

fn lease(shell: &mut Shell<'_>, lines: &mut Lines, name: &str) -> Result<(), Fault> {
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}");
    let lease = match shell.get(&path) {
        Ok(lease) => lease,
        Err(fault) if fault.is_not_found() => {
            lines.put(0, format!("Lease:\tFailed to get lease: {}", fault.bare()));
            return Ok(());
        }
        Err(fault) => return Err(fault),
    };
    lines.put(0, "Lease:");
    let holder = or(text(&lease, "/spec/holderIdentity"), "<unset>");
    lines.put(1, format!("HolderIdentity:\t{holder}"));
    lines.put(
        1,
        format!("AcquireTime:\t{}", time(text(&lease, "/spec/acquireTime"))),
    );
    lines.put(
        1,
        format!("RenewTime:\t{}", time(text(&lease, "/spec/renewTime"))),
    );
    Ok(())
}

/// What a pod's containers ask for of a resource.
fn asked(pod: &Value, kind: &str, resource: &str) -> Amount {
    let of = |container: &Value| {
        let pointer = format!("/resources/{kind}/{}", resource.replace('/', "~1"));
        quantity::parse(text(container, &pointer)).unwrap_or(Amount::ZERO)
    };
    let all = items(pod, "/spec/containers").iter().map(of);
    let sum = all.fold(Amount::ZERO, |sum, amount| sum + amount);
    let most = items(pod, "/spec/initContainers").iter().map(of);
    most.fold(sum, |sum, amount| {
        if amount.millis() > sum.millis() {
            amount
        } else {
            sum
        }
    })
}

/// `100m (2%)`.
fn share(amount: Amount, node: &Value, resource: &str) -> String {
    let pointer = format!("/status/allocatable/{resource}");
    let whole = quantity::parse(text(node, &pointer)).unwrap_or(Amount::ZERO);
    let percent = match whole.millis() {
        0 => 0,
        whole => (amount.millis() as f64 / whole as f64 * 100.0) as i64,
    };
    format!("{} ({percent}%)", amount.to_quantity().0)
}

fn pods(shell: &mut Shell<'_>, lines: &mut Lines, node: &Value) -> Result<(), Fault> {
    let name = text(node, "/metadata/name");
    let selector =
        format!("spec.nodeName%3D{name}%2Cstatus.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed");
    let list = shell.get(&format!("/api/v1/pods?fieldSelector={selector}&limit=500"))?;
    let pods = items(&list, "/items");
    lines.put(
        0,
        format!("Non-terminated Pods:\t({} in total)", pods.len()),
    );
    lines.put(
        1,
        "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge",
    );
    lines.put(
        1,
        "---------\t----\t\t------------\t----------\t---------------\t-------------\t---",
    );
    const AMOUNTS: [(&str, &str); 4] = [
        ("requests", "cpu"),
        ("limits", "cpu"),
        ("requests", "memory"),
        ("limits", "memory"),
    ];
    for pod in pods {
        let shares: Vec<String> = AMOUNTS
            .iter()
            .map(|(kind, resource)| share(asked(pod, kind, resource), node, resource))
            .collect();
        lines.put(
            1,
            format!(
                "{}\t{}\t\t{}\t{}",
                text(pod, "/metadata/namespace"),
                text(pod, "/metadata/name"),
                shares.join("\t"),
                age(shell, text(pod, "/metadata/creationTimestamp"))
            ),
        );
    }
    lines.put(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  Resource\tRequests\tLimits");
    lines.put(1, "--------\t--------\t------");
    for resource in ["cpu", "memory", "ephemeral-storage"] {
        let total = |kind: &str| {
            let all = pods.iter().map(|pod| asked(pod, kind, resource));
            share(
                all.fold(Amount::ZERO, |sum, amount| sum + amount),
                node,
                resource,
            )
        };
        lines.put(
            1,
            format!("{resource}\t{}\t{}", total("requests"), total("limits")),
        );
    }
    Ok(())
}
