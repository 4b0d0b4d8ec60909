//! Journeys through a network built by hand.

use super::fixture::{World, devices, pod};
use super::*;
use crate::network::Config;
use crate::sim::trace::Verdict;
use serde_json::json;

fn to_pod(name: &str) -> Destination {
    Destination::Pod(Key::new("default", name))
}

fn name(text: &str) -> Destination {
    Destination::Name(text.into())
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

#[test]
fn programs_reach_what_journeys_reach_without_being_watched() {
    let refused = |why| Reached::Refused(why);
    let cases = [
        (name("web"), 80, Reached::Http(200, "hello".into())),
        (name("empty"), 80, refused("Connection refused")),
        (
            name("nobody"),
            80,
            Reached::Unresolved(Unresolved::NoSuchName(
                [
                    "default.svc.cluster.local",
                    "svc.cluster.local",
                    "cluster.local",
                    "",
                ]
                .map(|domain| format!("nobody.{domain}").trim_end_matches('.').to_owned())
                .into(),
            )),
        ),
        (
            Destination::Ip(Ipv4Addr::new(10, 244, 2, 99)),
            80,
            refused("No route to host"),
        ),
        (
            Destination::Ip(Ipv4Addr::new(10, 96, 99, 99)),
            80,
            Reached::Silence,
        ),
    ];
    for (to, port, expected) in cases {
        let mut world = world();
        let request = Send {
            from: pod("p11"),
            to,
            port,
            protocol: Transport::Tcp,
            path: "/".into(),
        };
        let World { net, chance, .. } = &mut world;
        assert_eq!(
            net.reach(chance, Instant::ZERO, &request),
            expected,
            "{}",
            request.title()
        );
    }
}

/// As a pod's resolver hears it: every address of a name, that there is none, or
/// that nobody answers.
#[test]
fn a_lookup_fails_as_its_packets_fail() {
    let unanswered = |refused| move |found: &Result<Vec<Ipv4Addr>, Unresolved>| matches!(found, Err(Unresolved::NoServer { refused: told, .. }) if *told == refused);
    type Holds = Box<dyn Fn(&Result<Vec<Ipv4Addr>, Unresolved>) -> bool>;
    type Breaks = fn(&mut World);
    let intact: Breaks = |_| {};
    let no_endpoints: Breaks = |world| {
        let ports = json!([{"name": "dns", "port": 53, "protocol": "UDP"}]);
        let spec = json!({"clusterIP": "10.96.0.10", "ports": ports});
        world.service("kube-dns", spec, &[]);
    };
    let down: Breaks = |world| {
        for pod in ["p11", "p12", "p21", "p22", "p31"] {
            if pod != "p11" {
                world.net.detach(pod);
            }
        }
        world.net.unlisten("p11", "coredns");
    };
    let cases: [(&str, Breaks, Holds); 6] = [
        (
            "web",
            intact,
            Box::new(|found| *found == Ok(vec![Ipv4Addr::new(10, 96, 0, 17)])),
        ),
        (
            "nosuch.example",
            intact,
            Box::new(
                |found| matches!(found, Err(Unresolved::NoSuchName(tried)) if tried.len() == 4),
            ),
        ),
        ("example.com", intact, Box::new(|found| found.is_ok())),
        ("web", no_endpoints, Box::new(unanswered(true))),
        ("example.com", no_endpoints, Box::new(unanswered(true))),
        (
            "web",
            down,
            Box::new(|found| matches!(found, Err(Unresolved::NoServer { .. }))),
        ),
    ];
    for (name, breaks, holds) in cases {
        let mut world = world();
        breaks(&mut world);
        let World { net, chance, .. } = &mut world;
        let found = net.look_up(chance, Instant::ZERO, &pod("p11"), name);
        assert!(holds(&found), "{name}: {found:?}");
    }
}
