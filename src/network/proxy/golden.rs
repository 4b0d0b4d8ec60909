//! The rules against dumps of a real kube-proxy 1.36.2.

use super::KubeProxy;
use crate::api::{Kind, Object};
use crate::apiserver::WatchEvent;
use crate::network::netfilter::OutboundMasquerade;
use crate::network::{Config, Network, NodeWire};
use crate::sim::Instant;
use crate::sim::trace::Change;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

const PODS: [(&str, &str); 3] = [
    ("10.244.5.97", "node-1"),
    ("10.244.6.89", "node-2"),
    ("10.244.7.113", "node-3"),
];

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/proxy");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let iptables = |path: &PathBuf| path.to_string_lossy().contains("/iptables-");
    let mut cases: Vec<PathBuf> = paths.filter(iptables).collect();
    cases.sort();
    cases
}

fn added(object: Object) -> WatchEvent {
    WatchEvent {
        change: Change::Added,
        object,
        revision: 1,
        cause: None,
    }
}

fn kubernetes() -> [WatchEvent; 2] {
    let service = json!({"metadata": {"name": "kubernetes", "namespace": "default"},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}});
    let slice = json!({"metadata": {"name": "kubernetes", "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.10"]}],
        "ports": [{"name": "https", "port": 16443, "protocol": "TCP"}]});
    [
        added(Object::from_json(Kind::Service, service).expect("a Service")),
        added(Object::from_json(Kind::EndpointSlice, slice).expect("a slice")),
    ]
}

/// The Service of a case as the API server would have stored it, and the slice
/// that its controller would have made.
fn of_case(input: &str) -> Option<[WatchEvent; 2]> {
    let mut value: Value = serde_yaml::from_str(input).expect("YAML");
    if value["kind"] != "Service" {
        return None;
    }
    value["metadata"]["namespace"] = json!("prox");
    if let Some(ports) = value["spec"]["ports"].as_array_mut() {
        for port in ports {
            port["protocol"] = port.get("protocol").cloned().unwrap_or(json!("TCP"));
        }
    }
    if value["spec"]["type"] == "LoadBalancer" {
        value["status"] = json!({"loadBalancer": {"ingress": [{"ip": "198.51.100.2"}]}});
    }
    let empty = value["spec"]["selector"]["app"] != "web";
    let ports: Vec<Value> = value["spec"]["ports"].as_array()?.iter().map(|port| {
        let target = port.get("targetPort").unwrap_or(&port["port"]);
        json!({"name": port.get("name").cloned().unwrap_or(json!("")), "port": target, "protocol": port["protocol"]})
    }).collect();
    let endpoints: Vec<Value> = PODS.iter().filter(|_| !empty).map(|(ip, node)| {
        json!({"addresses": [ip], "nodeName": node, "conditions": {"ready": true, "serving": true, "terminating": false}})
    }).collect();
    let slice = json!({"metadata": {"name": "svc-x", "namespace": "prox",
            "labels": {"kubernetes.io/service-name": value["metadata"]["name"]}},
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports});
    Some([
        added(Object::from_json(Kind::Service, value).expect("a Service")),
        added(Object::from_json(Kind::EndpointSlice, slice).expect("a slice")),
    ])
}

/// kube-proxy goes through its Services in the order of a Go map, so in these
/// chains the order of rules is chance.
fn in_known_order(dump: &str) -> Vec<String> {
    let any_order = |line: &str| {
        line.starts_with("-A KUBE-SERVICES -d") || line.starts_with("-A KUBE-NODEPORTS")
    };
    let mut lines: Vec<String> = dump
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect();
    for block in lines.chunk_by_mut(|one, two| any_order(one) && any_order(two)) {
        block.sort();
    }
    lines
}

fn dump_of(events: &[WatchEvent]) -> String {
    let mut net = Network::with_config(Config {
        masquerade: OutboundMasquerade::Off,
        ..Config::default()
    });
    net.add_node(&NodeWire {
        name: "node-1".into(),
        ip: Ipv4Addr::new(192, 168, 77, 11),
        pod_cidr: "10.244.5.0/24".parse().ok(),
    });
    let mut proxy = KubeProxy::new("node-1");
    net.ruleset_mut("node-1")
        .expect("a node")
        .start_kube_proxy();
    for event in events {
        proxy.take_for_test(event, &mut net);
    }
    net.iptables_save("node-1", Instant::ZERO).expect("a node")
}

#[test]
fn dumps_equal_those_of_a_real_kube_proxy() {
    let cases = cases();
    if cases.is_empty() {
        println!("skipped: no golden dumps beside the project");
    }
    for case in cases {
        let input = std::fs::read_to_string(case.join("input.yaml")).expect("input.yaml");
        let golden = std::fs::read_to_string(case.join("rules.txt")).expect("rules.txt");
        let mut events = kubernetes().to_vec();
        let first = input.split("\n---").next().unwrap_or_default();
        events.extend(of_case(first).into_iter().flatten());
        let ours = dump_of(&events);
        pretty(&case, &in_known_order(&golden), &in_known_order(&ours));
    }
}

fn pretty(case: &Path, golden: &[String], ours: &[String]) {
    let name = case
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let missing: Vec<&String> = golden.iter().filter(|line| !ours.contains(line)).collect();
    let extra: Vec<&String> = ours.iter().filter(|line| !golden.contains(line)).collect();
    assert!(
        missing.is_empty() && extra.is_empty() && golden == ours,
        "{name:?}\nmissing: {missing:#?}\nextra: {extra:#?}\n{golden:#?}"
    );
}

#[test]
fn a_service_without_endpoints_is_refused_in_filter() {
    let input = "kind: Service\nmetadata: {name: svc}\nspec:\n  clusterIP: 10.96.50.6\n  type: NodePort\n  selector: {app: none}\n  ports: [{name: http, port: 80, nodePort: 30086}]\n";
    let dump = dump_of(&of_case(input).expect("a Service"));
    let expected = [
        "-A KUBE-SERVICES -d 10.96.50.6/32 -p tcp -m comment --comment \"prox/svc:http has no endpoints\" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable",
        "-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment \"prox/svc:http has no endpoints\" -m addrtype --dst-type LOCAL -m tcp --dport 30086 -j REJECT --reject-with icmp-port-unreachable",
    ];
    for line in expected {
        assert!(dump.contains(line), "{line} not in\n{dump}");
    }
    assert!(!dump.contains("KUBE-SVC-"));
}

#[test]
fn affinity_is_remembered_before_chance_decides() {
    let input = "kind: Service\nmetadata: {name: svc}\nspec:\n  clusterIP: 10.96.50.5\n  sessionAffinity: ClientIP\n  selector: {app: web}\n  ports: [{name: http, port: 80, targetPort: 8080}]\n";
    let dump = dump_of(&of_case(input).expect("a Service"));
    let expected = [
        "-A KUBE-SVC-EBIBB4ZRM2I5VTAG -m comment --comment \"prox/svc:http -> 10.244.5.97:8080\" -m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-3OMR6KO6LYR3VE46 --mask 255.255.255.255 --rsource -j KUBE-SEP-3OMR6KO6LYR3VE46",
        "-A KUBE-SEP-3OMR6KO6LYR3VE46 -p tcp -m comment --comment \"prox/svc:http\" -m recent --set --name KUBE-SEP-3OMR6KO6LYR3VE46 --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.5.97:8080",
    ];
    for line in expected {
        assert!(dump.contains(line), "{line} not in\n{dump}");
    }
}
