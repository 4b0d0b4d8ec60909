//! What always holds, whatever is attached, detached, switched off and sent.

use super::journey::fixture::{World, pod};
use super::{Config, Destination, Endpoint, Transport};
use crate::api::Key;
use crate::sim::trace::{LegKind, Verdict};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

#[derive(Clone, Debug)]
enum Step {
    Attach(u8, u8),
    Detach(u8),
    Power(u8, bool),
    Send(u8, u8, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..4u8, 0..12u8).prop_map(|(node, pod)| Step::Attach(node, pod)),
        (0..12u8).prop_map(Step::Detach),
        (1..4u8, any::<bool>()).prop_map(|(node, on)| Step::Power(node, on)),
        (0..6u8, 0..6u8, 0..3u8).prop_map(|(from, to, how)| Step::Send(from, to, how)),
    ];
    prop::collection::vec(step, 1..40)
}

fn check_addresses(world: &World) {
    let mut seen = BTreeSet::new();
    for node in world.net.nodes() {
        let mut own = 0;
        for pod in node.namespaces() {
            assert!(seen.insert(pod.ip), "{} twice", pod.ip);
            own += 1;
        }
        assert_eq!(
            node.ipam.as_ref().map(super::ipam::HostLocal::used),
            Some(own)
        );
    }
}

fn send(world: &mut World, from: u8, to: u8, how: u8) {
    let names = ["p11", "p12", "p21", "p22", "p31"];
    let from = names
        .get(usize::from(from))
        .map_or(Endpoint::Outside, |name| pod(name));
    let to = match to {
        5 => Destination::Ip(Ipv4Addr::new(10, 96, 0, 17)),
        to => Destination::Ip(Ipv4Addr::new(10, 244, 1 + to / 2, 2 + to % 2)),
    };
    let (protocol, port) = match how {
        0 => (
            Transport::Tcp,
            if to == Destination::Ip(Ipv4Addr::new(10, 96, 0, 17)) {
                80
            } else {
                8080
            },
        ),
        1 => (Transport::Udp, 8080),
        _ => (Transport::Icmp, 0),
    };
    let asked = to.clone();
    let journey = world.go(from, to, port, protocol);
    for leg in &journey.legs {
        let last = leg.hops.last().expect("hops");
        let ended = last.verdict != Verdict::Forwarded
            || journey.legs.len() > 1
            || !journey.summary.is_empty();
        assert!(ended, "{}: {}", leg.title, journey.summary);
    }
    if journey.answered && protocol != Transport::Udp {
        // Translated and returned packets invert each other: the answer comes from
        // whom was asked.
        let back = journey
            .legs
            .iter()
            .rfind(|leg| leg.kind == LegKind::Reply)
            .expect("a reply");
        let last = back.hops.last().expect("hops");
        let ip = last
            .before
            .iter()
            .find(|layer| &*layer.protocol == "IPv4")
            .expect("IPv4");
        assert_eq!(
            Destination::Ip(ip.fields[0].value.parse().expect("an address")),
            asked
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn addresses_stay_unique_and_answers_come_back(steps in steps()) {
        let mut world = World::new(Config::default());
        world.service(
            "web",
            json!({"clusterIP": "10.96.0.17", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}),
            &[("10.244.1.2", "node-1"), ("10.244.2.2", "node-2"), ("10.244.3.2", "node-3")],
        );
        for step in steps {
            match step {
                Step::Attach(node, pod) => {
                    let key = Key::new("default", format!("x{pod}"));
                    // A node without power attaches nothing.
                    let _ = world.net.attach(&format!("node-{node}"), &key, format!("x{pod}"));
                }
                Step::Detach(pod) => world.net.detach(&format!("x{pod}")),
                Step::Power(node, true) => world.net.node_up(&format!("node-{node}")),
                Step::Power(node, false) => world.net.node_down(&format!("node-{node}")),
                Step::Send(from, to, how) => send(&mut world, from, to, how),
            }
            check_addresses(&world);
        }
    }
}
