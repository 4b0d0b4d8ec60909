//! Journeys through a network built by hand: three nodes, five pods, Services.

use super::*;
use crate::api::{Kind, Object};
use crate::apiserver::WatchEvent;
use crate::network::proxy::KubeProxy;
use crate::network::{Config, Listener, NodeWire, Owner, Protocol, Serves};
use crate::sim::trace::{Change, Verdict};
use serde_json::{Value, json};

pub(in crate::network) struct World {
    pub net: Network,
    pub dns: CoreDns,
    pub chance: Chance,
    pub proxies: Vec<KubeProxy>,
}

pub(in crate::network) fn event(kind: Kind, value: Value) -> WatchEvent {
    WatchEvent {
        change: Change::Added,
        object: Object::from_json(kind, value).expect("an object"),
        revision: 1,
        cause: None,
    }
}

impl World {
    pub fn new(config: Config) -> World {
        let [a, b, c, _] = config.router.octets();
        let mut net = Network::with_config(config);
        let mut proxies = Vec::new();
        for number in 1..=3u8 {
            let name: Name = format!("node-{number}").into();
            net.add_node(&NodeWire {
                name: name.clone(),
                ip: Ipv4Addr::new(a, b, c, 10 + number),
                pod_cidr: format!("10.244.{number}.0/24").parse().ok(),
            });
            net.ruleset_mut(&name).expect("a node").start_kube_proxy();
            let kubelet = listener("kubelet", Protocol::Tcp, 10250, Serves::http("", "ok"));
            net.listen(&Owner::Node(name.clone()), kubelet)
                .expect("free");
            proxies.push(KubeProxy::new(name));
        }
        let mut world = World {
            net,
            dns: CoreDns::new(),
            chance: Chance::new(1),
            proxies,
        };
        for (node, pod) in [(1, "p11"), (1, "p12"), (2, "p21"), (2, "p22"), (3, "p31")] {
            world.pod(node, pod);
        }
        world
    }

    fn pod(&mut self, node: u8, name: &str) {
        let node = format!("node-{node}");
        let key = Key::new("default", name);
        self.net.attach(&node, &key, name).expect("an address");
        let owner = Owner::Pod(name.into());
        let http = listener("web", Protocol::Tcp, 8080, Serves::http("nginx", "hello"));
        let echo = listener("web", Protocol::Udp, 8080, Serves::Echo);
        let dns = listener("coredns", Protocol::Udp, 53, Serves::Dns);
        for listener in [http, echo, dns] {
            self.net.listen(&owner, listener).expect("free");
        }
    }

    pub fn tell(&mut self, event: &WatchEvent) {
        self.dns.take(event);
        for proxy in &mut self.proxies {
            proxy.take_for_test(event, &mut self.net);
        }
    }

    /// A Service `svc` in namespace `default` with these endpoints.
    pub fn service(&mut self, name: &str, mut spec: Value, endpoints: &[(&str, &str)]) {
        if spec.get("ports").is_none() {
            spec["ports"] =
                json!([{"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080}]);
        }
        let target = if spec["ports"][0]["port"] == 53 {
            53
        } else {
            8080
        };
        let status = match spec["type"] == "LoadBalancer" {
            true => json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.200"}]}}),
            false => json!({}),
        };
        let namespace = if name == "kube-dns" {
            "kube-system"
        } else {
            "default"
        };
        let slice = json!({"metadata": {"name": format!("{name}-1"), "namespace": namespace,
                "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": [{"name": spec["ports"][0]["name"], "port": target, "protocol": spec["ports"][0]["protocol"]}],
            "endpoints": endpoints.iter().map(|(ip, node)| json!({"addresses": [ip], "nodeName": node,
                "conditions": {"ready": true, "serving": true, "terminating": false}})).collect::<Vec<_>>()});
        let metadata = json!({"name": name, "namespace": namespace});
        self.tell(&event(Kind::EndpointSlice, slice));
        self.tell(&event(
            Kind::Service,
            json!({"metadata": metadata, "spec": spec, "status": status}),
        ));
    }

    pub fn go(
        &mut self,
        from: Endpoint,
        to: Destination,
        port: u16,
        protocol: Transport,
    ) -> Journey {
        let request = Send {
            from,
            to,
            port,
            protocol,
            path: "/".into(),
        };
        self.net
            .travel(&mut self.chance, Instant::ZERO, &request, &self.dns)
    }
}

fn listener(container: &str, protocol: Protocol, port: u16, serves: Serves) -> Listener {
    Listener {
        container: container.into(),
        protocol,
        port,
        ip: None,
        serves,
    }
}

pub(in crate::network) fn pod(name: &str) -> Endpoint {
    Endpoint::Pod {
        pod: Key::new("default", name),
        container: "web".into(),
    }
}

fn to_pod(name: &str) -> Destination {
    Destination::Pod(Key::new("default", name))
}

fn name(text: &str) -> Destination {
    Destination::Name(text.into())
}

/// The devices of one leg, in order: `place/device/direction`.
pub(in crate::network) fn devices(leg: &Leg) -> Vec<String> {
    leg.hops
        .iter()
        .filter_map(|hop| {
            let inbound = hop.capture.as_ref()?.inbound;
            let place = hop.place.pod.as_ref().or(hop.place.node.as_ref())?;
            let place = place.rsplit('/').next().unwrap_or_default();
            let device = match hop.place.device.starts_with("veth") {
                true => "veth",
                false => &hop.place.device,
            };
            Some(format!(
                "{place}/{device}/{}",
                if inbound { "in" } else { "out" }
            ))
        })
        .collect()
}

fn requests(journey: &Journey) -> Vec<&Leg> {
    let legs = journey.legs.iter();
    legs.filter(|leg| leg.kind == LegKind::Request).collect()
}

fn world() -> World {
    let mut world = World::new(Config::default());
    world.service("kube-dns", json!({"clusterIP": "10.96.0.10", "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}), &[("10.244.2.3", "node-2")]);
    world.service(
        "web",
        json!({"clusterIP": "10.96.0.17", "type": "NodePort"}),
        &[("10.244.2.2", "node-2"), ("10.244.3.2", "node-3")],
    );
    world.service("empty", json!({"clusterIP": "10.96.0.18", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}), &[]);
    world.service("self", json!({"clusterIP": "10.96.0.19", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}), &[("10.244.1.2", "node-1")]);
    world
}

#[test]
fn pods_of_two_nodes_see_each_other_without_translation() {
    let journey = world().go(pod("p11"), to_pod("p21"), 8080, Transport::Tcp);
    assert!(journey.answered, "{}", journey.summary);
    let there = [
        "p11/eth0/out",
        "node-1/veth/in",
        "node-1/cni0/in",
        "node-1/eth0/out",
        "node-2/eth0/in",
        "node-2/cni0/out",
        "node-2/veth/out",
        "p21/eth0/in",
    ];
    assert_eq!(devices(&journey.legs[0]), there);
    assert_eq!(devices(&journey.legs[1]).len(), there.len());
    assert_eq!(
        journey.summary,
        "HTTP 200 OK from default/p21 (10.244.2.2:8080), which sees the client as 10.244.1.2."
    );
}

#[test]
fn summaries_tell_how_it_ended() {
    let lb = || Destination::LoadBalancer(Key::new("default", "web"));
    let cases = [
        (
            pod("p11"),
            to_pod("p12"),
            8080,
            Transport::Tcp,
            true,
            "sees the client as 10.244.1.2",
        ),
        (
            pod("p11"),
            name("localhost"),
            8080,
            Transport::Tcp,
            true,
            "sees the client as 127.0.0.1",
        ),
        (
            pod("p11"),
            to_pod("p11"),
            8080,
            Transport::Tcp,
            true,
            "sees the client as 10.244.1.2",
        ),
        (
            pod("p11"),
            name("web"),
            80,
            Transport::Tcp,
            true,
            "HTTP 200 OK from default/p",
        ),
        (
            pod("p11"),
            name("self"),
            80,
            Transport::Tcp,
            true,
            "sees the client as 10.244.1.1",
        ),
        (
            pod("p11"),
            name("empty"),
            80,
            Transport::Tcp,
            false,
            "Connection refused",
        ),
        (
            pod("p11"),
            name("nobody"),
            80,
            Transport::Tcp,
            false,
            "Could not resolve host nobody: tried nobody.default.svc.cluster.local",
        ),
        (
            pod("p11"),
            name("example.com"),
            80,
            Transport::Tcp,
            true,
            "sees the client as 172.18.0.11",
        ),
        (
            pod("p11"),
            to_pod("p21"),
            9999,
            Transport::Tcp,
            false,
            "Connection refused",
        ),
        (
            pod("p11"),
            to_pod("p21"),
            9999,
            Transport::Udp,
            false,
            "Connection refused",
        ),
        (
            pod("p11"),
            to_pod("p21"),
            8080,
            Transport::Udp,
            true,
            "An answer from default/p21",
        ),
        (
            pod("p11"),
            to_pod("p21"),
            0,
            Transport::Icmp,
            true,
            "64 bytes from 10.244.2.2 (default/p21): ttl=62",
        ),
        (
            pod("p11"),
            Destination::Ip(Ipv4Addr::new(10, 96, 99, 99)),
            80,
            Transport::Tcp,
            false,
            "Connection timed out",
        ),
        (
            pod("p11"),
            Destination::Node("node-2".into()),
            10250,
            Transport::Tcp,
            true,
            "sees the client as 172.18.0.11",
        ),
        (
            Endpoint::Node("node-1".into()),
            name("10.96.0.17"),
            80,
            Transport::Tcp,
            true,
            "sees the client as 172.18.0.11",
        ),
        (
            Endpoint::Outside,
            Destination::Node("node-1".into()),
            30080,
            Transport::Tcp,
            true,
            "sees the client as 172.18.0.11",
        ),
        (
            Endpoint::Outside,
            to_pod("p11"),
            8080,
            Transport::Tcp,
            false,
            "timed out",
        ),
        (
            Endpoint::Outside,
            lb(),
            80,
            Transport::Tcp,
            false,
            "no load balancer address",
        ),
        (
            pod("nobody"),
            name("web"),
            80,
            Transport::Tcp,
            false,
            "it is not running",
        ),
    ];
    for (from, to, port, protocol, answered, summary) in cases {
        let journey = world().go(from, to, port, protocol);
        assert!(
            journey.answered == answered && journey.summary.contains(summary),
            "{}: {}",
            journey.title,
            journey.summary
        );
        let last = journey.legs.iter().flat_map(|leg| &leg.hops).next_back();
        if let Some(last) = last {
            assert_ne!(last.verdict, Verdict::Forwarded, "{}", journey.title);
        }
    }
}

#[test]
fn a_name_is_looked_up_with_packets_first() {
    let journey = world().go(pod("p11"), name("web.default"), 80, Transport::Tcp);
    let kinds: Vec<LegKind> = journey.legs.iter().map(|leg| leg.kind).collect();
    use LegKind::{DnsQuery, DnsReply, Reply, Request};
    assert_eq!(
        kinds,
        [
            DnsQuery, DnsReply, DnsQuery, DnsReply, Request, Reply, Request, Reply
        ]
    );
    assert!(
        journey.legs[0]
            .title
            .starts_with("DNS A? web.default.default.svc.cluster.local 10.244.1.2:")
    );
    assert!(journey.legs[1].title.starts_with("DNS NXDOMAIN"));
    assert!(
        journey.legs[3]
            .title
            .contains("web.default.svc.cluster.local. 30 IN A 10.96.0.17")
    );
}

#[test]
fn the_virtual_address_is_translated_there_and_back() {
    let journey = world().go(pod("p11"), name("10.96.0.17"), 80, Transport::Tcp);
    let rules: Vec<&str> = requests(&journey)[0]
        .hops
        .iter()
        .map(|hop| hop.rule.as_str())
        .collect();
    let expected = [
        "-A KUBE-SERVICES -d 10.96.0.17/32",
        "-A KUBE-SVC-",
        "-A KUBE-SEP-",
    ];
    for start in expected {
        assert!(
            rules.iter().any(|rule| rule.starts_with(start)),
            "{start}: {rules:#?}"
        );
    }
    let back = journey
        .legs
        .iter()
        .find(|leg| leg.kind == LegKind::Reply)
        .expect("a reply");
    let last = back.hops.last().expect("hops");
    let ip = last
        .before
        .iter()
        .find(|layer| &*layer.protocol == "IPv4")
        .expect("IPv4");
    assert_eq!(ip.fields[0].value, "10.96.0.17");
}

#[test]
fn a_node_without_power_is_named() {
    let mut world = world();
    world.net.node_down("node-2");
    let journey = world.go(
        pod("p11"),
        Destination::Ip(Ipv4Addr::new(10, 244, 2, 2)),
        8080,
        Transport::Tcp,
    );
    assert!(
        journey.summary.contains("No route to host"),
        "{}",
        journey.summary
    );
    assert!(journey.summary.contains("host unreachable"));
}

#[test]
fn a_load_balancer_keeps_to_nodes_with_endpoints_when_the_policy_is_local() {
    let mut world = world();
    let spec = json!({"clusterIP": "10.96.0.20", "type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 32000,
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30090}]});
    world.service("lb", spec, &[("10.244.2.2", "node-2")]);
    let to = || Destination::LoadBalancer(Key::new("default", "lb"));
    for _ in 0..5 {
        let journey = world.go(Endpoint::Outside, to(), 80, Transport::Tcp);
        assert!(
            journey.summary.contains("sees the client as 198.51.100.20"),
            "{}",
            journey.summary
        );
    }
    world.service(
        "lb",
        json!({"clusterIP": "10.96.0.20", "type": "LoadBalancer",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30090}]}),
        &[("10.244.2.2", "node-2")],
    );
    let journey = world.go(Endpoint::Outside, to(), 80, Transport::Tcp);
    assert!(
        journey.summary.contains("sees the client as 172.18.0.1"),
        "{}",
        journey.summary
    );
}

#[test]
fn chance_spreads_connections_over_all_endpoints() {
    let mut world = world();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..200 {
        let journey = world.go(pod("p11"), name("10.96.0.17"), 80, Transport::Tcp);
        let end = if journey.summary.contains("p21") {
            "p21"
        } else {
            "p31"
        };
        *seen.entry(end).or_insert(0) += 1;
    }
    assert!(
        seen.values().all(|count| (60..140).contains(count)),
        "{seen:?}"
    );
}

#[test]
fn the_same_seed_makes_the_same_journey() {
    let one = world().go(pod("p11"), name("web"), 80, Transport::Tcp);
    let two = world().go(pod("p11"), name("web"), 80, Transport::Tcp);
    assert_eq!(one, two);
}
