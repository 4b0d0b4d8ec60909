//! A network built by hand: three nodes, five pods, Services.

use super::{Destination, Endpoint, Send, Transport};
use crate::api::{Key, Kind, Name, Object};
use crate::apiserver::WatchEvent;
use crate::network::proxy::KubeProxy;
use crate::network::{Config, Listener, Network, NodeWire, Owner, Protocol, Serves};
use crate::sim::trace::{Change, Journey, Leg};
use crate::sim::{Chance, Instant};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

pub(in crate::network) struct World {
    pub net: Network,
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
        self.net.dns_mut().take(event);
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
        self.net.travel(&mut self.chance, Instant::ZERO, &request)
    }
}

pub(in crate::network) fn listener(
    container: &str,
    protocol: Protocol,
    port: u16,
    serves: Serves,
) -> Listener {
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
