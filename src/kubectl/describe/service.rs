//! Services.

use super::{Lines, or};
use crate::kubectl::fault::Fault;
use crate::kubectl::find::encode;
use crate::kubectl::shell::Shell;
use crate::kubectl::value::{items, number, plain, text};
use serde_json::Value;

pub(super) fn service(
    shell: &mut Shell<'_>,
    lines: &mut Lines,
    service: &Value,
) -> Result<bool, Fault> {
    let name = text(service, "/metadata/name");
    let namespace = text(service, "/metadata/namespace");
    lines.put(0, format!("Name:\t{name}"));
    lines.put(0, format!("Namespace:\t{namespace}"));
    lines.map(0, "Labels", service, "/metadata/labels", "=");
    lines.annotations(service);
    let selector = super::super::value::entries(service, "/spec/selector");
    let pairs: Vec<String> = selector
        .into_iter()
        .map(|(key, value)| format!("{key}={}", plain(value)))
        .collect();
    lines.put(0, format!("Selector:\t{}", or(&pairs.join(","), "<none>")));
    lines.put(0, format!("Type:\t{}", text(service, "/spec/type")));
    let policy = text(service, "/spec/ipFamilyPolicy");
    if !policy.is_empty() {
        lines.put(0, format!("IP Family Policy:\t{policy}"));
    }
    let joined = |pointer: &str| {
        let texts: Vec<String> = items(service, pointer).iter().map(plain).collect();
        or(&texts.join(","), "<none>")
    };
    lines.put(0, format!("IP Families:\t{}", joined("/spec/ipFamilies")));
    lines.put(0, format!("IP:\t{}", text(service, "/spec/clusterIP")));
    lines.put(0, format!("IPs:\t{}", joined("/spec/clusterIPs")));
    if !items(service, "/spec/externalIPs").is_empty() {
        lines.put(0, format!("External IPs:\t{}", joined("/spec/externalIPs")));
    }
    let external = text(service, "/spec/externalName");
    if !external.is_empty() {
        lines.put(0, format!("External Name:\t{external}"));
    }
    let balancers: Vec<String> = items(service, "/status/loadBalancer/ingress")
        .iter()
        .map(|it| or(text(it, "/ip"), text(it, "/hostname")))
        .collect();
    if !balancers.is_empty() {
        lines.put(
            0,
            format!("LoadBalancer Ingress:\t{}", balancers.join(", ")),
        );
    }
    let selector = encode(&format!("kubernetes.io/service-name={name}"));
    let path = format!(
        "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector={selector}"
    );
    let slices = shell.get(&path)?;
    for port in items(service, "/spec/ports") {
        let named = or(text(port, "/name"), "<unset>");
        let protocol = text(port, "/protocol");
        lines.put(
            0,
            format!("Port:\t{named}\t{}/{protocol}", number(port, "/port")),
        );
        let target = port.get("targetPort").map(plain).unwrap_or_default();
        lines.put(0, format!("TargetPort:\t{target}/{protocol}"));
        let node_port = number(port, "/nodePort");
        if node_port != 0 {
            lines.put(0, format!("NodePort:\t{named}\t{node_port}/{protocol}"));
        }
        lines.put(
            0,
            format!("Endpoints:\t{}", endpoints(&slices, text(port, "/name"))),
        );
    }
    lines.put(
        0,
        format!(
            "Session Affinity:\t{}",
            text(service, "/spec/sessionAffinity")
        ),
    );
    for (key, field) in [
        ("External Traffic Policy", "externalTrafficPolicy"),
        ("Internal Traffic Policy", "internalTrafficPolicy"),
    ] {
        let policy = text(service, &format!("/spec/{field}"));
        if !policy.is_empty() {
            lines.put(0, format!("{key}:\t{policy}"));
        }
    }
    let check = number(service, "/spec/healthCheckNodePort");
    if check != 0 {
        lines.put(0, format!("HealthCheck NodePort:\t{check}"));
    }
    let ranges: Vec<String> = items(service, "/spec/loadBalancerSourceRanges")
        .iter()
        .map(plain)
        .collect();
    if !ranges.is_empty() {
        lines.put(
            0,
            format!("LoadBalancer Source Ranges:\t{}", ranges.join(",")),
        );
    }
    Ok(true)
}

/// The first three ready endpoints of a port, and how many more there are.
fn endpoints(slices: &Value, named: &str) -> String {
    const SHOWN: usize = 3;
    let mut all = Vec::new();
    for slice in items(slices, "/items") {
        let ports = items(slice, "/ports").iter();
        for port in ports.filter(|port| text(port, "/name") == named) {
            for endpoint in items(slice, "/endpoints") {
                if endpoint["conditions"]["ready"] == false {
                    continue;
                }
                let addresses = items(endpoint, "/addresses").iter();
                all.extend(addresses.map(|address| {
                    let address = plain(address);
                    let number = number(port, "/port");
                    match address.contains(':') {
                        true => format!("[{address}]:{number}"),
                        false => format!("{address}:{number}"),
                    }
                }));
            }
        }
    }
    let shown = all.get(..SHOWN).unwrap_or(&all).join(",");
    match all.len() {
        count if count > SHOWN => format!("{shown} + {} more...", count - SHOWN),
        _ => shown,
    }
}
