//! Journeys against packets that were caught on every device of real Linux
//! namespaces wired as this network is: the same devices in the same order, with
//! the same hardware addresses, addresses, ports and times to live.

use super::fixture::{World, devices, pod};
use super::*;
use crate::network::netfilter::OutboundMasquerade;
use crate::network::{Config, Listener, Owner, Protocol, Serves};
use serde_json::{Value, json};
use smoltcp::wire::{EthernetFrame, IpProtocol, Ipv4Packet, TcpPacket, UdpPacket};
use std::path::{Path, PathBuf};

/// What the cases are about that this network does not do yet, and cases of more
/// than one exchange.
const ABSENT: [&str; 9] = [
    "ttl1", "ttl3", "mtu", "policy", "stale", "nft", "twice", "no-rules", "brnf1",
];
/// Seeds that are tried until chance picks the endpoint of the recording.
const SEEDS: u64 = 40;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/linux")
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// A world with the recording's addresses.
fn world(case: &Value, seed: u64) -> World {
    let masquerade = match text(case, "masquerade_rules") {
        "kubenet" => OutboundMasquerade::Kubenet("10.0.0.0/8".parse().expect("a network")),
        _ => OutboundMasquerade::Off,
    };
    let id = text(case, "id");
    let mut world = World::new(Config {
        node_net: "10.0.0.0/24".parse().expect("a network"),
        router: Ipv4Addr::new(10, 0, 0, 1),
        load_balancers: "203.0.113.200/32".parse().expect("a network"),
        masquerade,
        hairpin: !id.contains("hairpin-off"),
        bridge_nf: !id.contains("brnf0"),
        ..Config::default()
    });
    world.chance = Chance::new(seed);
    let local = Listener {
        container: "local".into(),
        protocol: Protocol::Tcp,
        port: 9000,
        ip: Some(Ipv4Addr::LOCALHOST),
        serves: Serves::http("", "hello"),
    };
    let echo = Listener {
        protocol: Protocol::Udp,
        port: 5300,
        ip: None,
        serves: Serves::Echo,
        ..local.clone()
    };
    for (pod, listener) in [("p11", local), ("p21", echo)] {
        let owner = Owner::Pod(pod.into());
        world.net.listen(&owner, listener).expect("free");
    }
    for service in case["services"].as_array().into_iter().flatten() {
        add_service(&mut world, service);
    }
    if id.contains("node-down") {
        world.net.node_down("node-3");
    }
    world
}

fn add_service(world: &mut World, service: &Value) {
    let protocol = text(service, "protocol").to_uppercase();
    let mut port = json!({"name": "http", "port": service["port"], "protocol": protocol});
    if !service["nodePort"].is_null() {
        port["nodePort"] = service["nodePort"].clone();
    }
    let balanced = service["loadBalancerIPs"]
        .as_array()
        .is_some_and(|ips| !ips.is_empty());
    let mut spec = json!({"clusterIP": service["clusterIP"], "ports": [port],
        "type": if balanced { "LoadBalancer" } else { "ClusterIP" }});
    if service["externalTrafficPolicy"] == "Local" {
        spec["externalTrafficPolicy"] = json!("Local");
    }
    if !service["sessionAffinitySeconds"].is_null() {
        spec["sessionAffinity"] = json!("ClientIP");
    }
    let endpoints: Vec<(String, String)> = service["endpoints"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            (
                text(one, "ip").to_owned(),
                text(one, "node").replace("tb-n", "node-"),
            )
        })
        .collect();
    let endpoints: Vec<(&str, &str)> = endpoints
        .iter()
        .map(|(ip, node)| (ip.as_str(), node.as_str()))
        .collect();
    world.service("svc", spec, &endpoints);
}

/// The first command of a case as a request.
fn request(case: &Value) -> Option<Send> {
    let command = &case["commands"][0];
    let from = match text(command, "in").strip_prefix("tb-")? {
        "cl" => Endpoint::Outside,
        node if node.starts_with('n') => Endpoint::Node(node.replace('n', "node-").into()),
        pod => self::pod(pod),
    };
    let words: Vec<&str> = text(command, "command").split(' ').collect();
    let (protocol, ip, port) = match words.as_slice() {
        ["cli", "tcp", ip, port, ..] => (Transport::Tcp, ip, port.parse().ok()?),
        ["cli", "udp", ip, port, ..] => (Transport::Udp, ip, port.parse().ok()?),
        ["ping", .., ip] => (Transport::Icmp, ip, 0),
        _ => return None,
    };
    Some(Send {
        from,
        to: Destination::Ip(ip.parse().ok()?),
        port,
        protocol,
        path: "/".into(),
    })
}

/// Ports that are not drawn by chance.
fn fixed(port: u64) -> String {
    match port {
        53 | 80 | 8080 | 9000 | 9999 | 10_250 | 30_000..=30_099 => port.to_string(),
        _ => "*".into(),
    }
}

/// What the recording caught in pods and nodes of a packet with this role.
fn recorded(case: &Value, role: &str) -> Vec<String> {
    let packets = case["runs"]["cold"]["packets"].as_array();
    let packet = packets
        .into_iter()
        .flatten()
        .find(|packet| packet["role"] == role);
    let hops = packet.and_then(|packet| packet["hops"].as_array());
    let hops = hops.into_iter().flatten().filter_map(|hop| {
        let namespace = text(hop, "namespace").strip_prefix("tb-")?;
        if !namespace.starts_with(['p', 'n']) {
            return None;
        }
        let device = match text(hop, "device") {
            device if device.starts_with("veth") => "veth",
            device => device,
        };
        let ip = &hop["ip"];
        let l4 = |key: &str| ip["l4"][key].as_u64().map_or("-".into(), fixed);
        Some(format!(
            "{}/{device}/{} {} > {} {}:{} > {}:{} ttl {}",
            namespace.replace('n', "node-"),
            text(hop, "direction"),
            text(hop, "eth_src"),
            text(hop, "eth_dst"),
            text(ip, "src"),
            l4("sport"),
            text(ip, "dst"),
            l4("dport"),
            ip["ttl"]
        ))
    });
    hops.collect()
}

/// The same of a journey, read back from the bytes of its frames.
fn ours(journey: &Journey, kind: LegKind) -> Vec<String> {
    let Some(leg) = journey.legs.iter().find(|leg| leg.kind == kind) else {
        return Vec::new();
    };
    let devices = self::devices(leg);
    let frames = leg.hops.iter().filter_map(|hop| {
        let inside = hop.place.pod.is_some() || hop.place.node.is_some();
        hop.capture.as_ref().filter(|_| inside)
    });
    devices
        .iter()
        .zip(frames)
        .map(|(device, capture)| format!("{device} {}", dissect(&capture.frame)))
        .collect()
}

fn dissect(bytes: &[u8]) -> String {
    let frame = EthernetFrame::new_checked(bytes).expect("a frame");
    let ip = Ipv4Packet::new_checked(frame.payload()).expect("IPv4");
    assert!(ip.verify_checksum());
    let (sport, dport) = match ip.next_header() {
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(ip.payload()).expect("TCP");
            (fixed(tcp.src_port().into()), fixed(tcp.dst_port().into()))
        }
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(ip.payload()).expect("UDP");
            (fixed(udp.src_port().into()), fixed(udp.dst_port().into()))
        }
        _ => ("-".into(), "-".into()),
    };
    let mac = |mac: smoltcp::wire::EthernetAddress| {
        mac.to_string()
            .replace('-', ":")
            .replace("02:42:", "02:00:")
    };
    format!(
        "{} > {} {}:{sport} > {}:{dport} ttl {}",
        mac(frame.src_addr()),
        mac(frame.dst_addr()),
        ip.src_addr(),
        ip.dst_addr(),
        ip.hop_limit()
    )
}

fn cases() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder()) else {
        return Vec::new();
    };
    let wanted = |path: &PathBuf| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        name.starts_with("A-") && !ABSENT.iter().any(|absent| name.contains(absent))
    };
    let mut cases: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(wanted)
        .collect();
    cases.sort();
    cases
}

#[test]
fn journeys_equal_what_real_linux_did() {
    let cases = cases();
    if cases.is_empty() {
        println!("skipped: no recordings of real Linux beside the project");
    }
    let mut wrong = Vec::new();
    let mut checked = 0;
    for folder in &cases {
        let case = read(&folder.join("case.json"));
        let Some(request) = request(&case) else {
            continue;
        };
        checked += 1;
        let hops = read(&folder.join("hops.json"));
        let golden = (
            recorded(&hops, "first_request"),
            recorded(&hops, "first_reply"),
        );
        let travel = |seed| {
            let mut world = world(&case, seed);
            world.net.travel(&mut world.chance, Instant::ZERO, &request)
        };
        let journeys: Vec<Journey> = (0..SEEDS).map(travel).collect();
        let equal = |journey: &&Journey| {
            let answer = ours(journey, LegKind::Reply);
            // A DNS server does not answer to a datagram that is not DNS; where a
            // pod is routed to itself the recording names no reply.
            let silent = request.port == 53 || text(&case, "id").contains("hairpin-off-brnf0");
            ours(journey, LegKind::Request) == golden.0 && (answer == golden.1 || silent)
        };
        if !journeys.iter().any(|journey| equal(&journey)) {
            let first = &journeys[0];
            wrong.push(format!(
                "{}: {}\nrecorded {:#?}\nours {:#?}\nrecorded {:#?}\nours {:#?}",
                text(&case, "id"),
                first.summary,
                golden.0,
                ours(first, LegKind::Request),
                golden.1,
                ours(first, LegKind::Reply)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {checked} differ\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}
