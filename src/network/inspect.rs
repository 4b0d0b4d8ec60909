//! A node's and a pod's devices and tables, in the words of the tools that show
//! them (`ip`, `bridge`, `conntrack`, `ss`, `iptables-save`).

use super::ipam::HostLocal;
use super::socket::Socket;
use super::walk::{AGEING, Neighbours};
use super::{Mac, Network, NodeNet, PodNs};
use crate::api::{Key, Name};
use crate::sim::Instant;
use std::net::Ipv4Addr;

/// A device, as `ip addr` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Name.
    pub name: Name,
    /// Hardware address.
    pub mac: Mac,
    /// Address and prefix length; none for bridge ports.
    pub address: Option<(Ipv4Addr, u8)>,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// The bridge that it is a port of.
    pub master: Option<Name>,
    /// The pod (`namespace/name`) at the other end of the cable.
    pub peer: Option<Name>,
}

const LOOPBACK_MTU: u32 = 65_536;
const ETHERNET_MTU: u32 = 1500;

impl Device {
    fn new(name: &str, mac: Mac, address: Option<(Ipv4Addr, u8)>) -> Self {
        Device {
            name: name.into(),
            mac,
            address,
            mtu: ETHERNET_MTU,
            master: None,
            peer: None,
        }
    }

    fn loopback() -> Self {
        Device {
            mtu: LOOPBACK_MTU,
            ..Device::new("lo", Mac::default(), Some((Ipv4Addr::LOCALHOST, 8)))
        }
    }

    /// One line of text.
    pub fn line(&self) -> String {
        let mut line = format!("{}: mtu {} link/ether {}", self.name, self.mtu, self.mac);
        if let Some((ip, length)) = self.address {
            line += &format!(" inet {ip}/{length}");
        }
        if let Some(master) = &self.master {
            line += &format!(" master {master}");
        }
        if let Some(peer) = &self.peer {
            line += &format!(" peer {peer}");
        }
        line
    }
}

impl Network {
    /// `iptables-save` of a node; none for an unknown node.
    pub fn iptables_save(&self, node: &str, now: Instant) -> Option<String> {
        let date = now.timestamp().strftime("%a %b %e %H:%M:%S %Y").to_string();
        Some(self.ruleset(node)?.save(&date))
    }

    /// The rules of one Service on a node, as lines of `iptables-save`.
    pub fn service_rules(&self, node: &str, service: &Key) -> Vec<String> {
        let rules = self.ruleset(node);
        rules.map_or_else(Vec::new, |rules| rules.save_service(service))
    }

    /// The devices of a node's root namespace.
    pub fn node_devices(&self, name: &str) -> Vec<Device> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let length = self.config.node_net.prefix_len();
        let card = Device::new("eth0", node.mac(), Some((node.wire.ip, length)));
        let bridge = node.ipam.as_ref().map(|ipam| {
            let gateway = ipam.gateway();
            let address = Some((gateway, ipam.range().prefix_len()));
            Device::new("cni0", Mac::of_pod(gateway), address)
        });
        let ports = node.pods.values().map(|pod| Device {
            master: Some("cni0".into()),
            peer: Some(pod.pod.to_string().into()),
            ..Device::new(&pod.veth, Mac::of_veth(&pod.uid), None)
        });
        let fixed = [Device::loopback(), card].into_iter();
        fixed.chain(bridge).chain(ports).collect()
    }

    /// The devices of a pod's namespace.
    pub fn pod_devices(&self, uid: &str) -> Vec<Device> {
        let Some(pod) = self.namespace(uid) else {
            return Vec::new();
        };
        let home = self.homes.get(uid).and_then(|home| self.node(home));
        let ipam = home.and_then(|node| node.ipam.as_ref());
        let length = ipam.map_or(32, |ipam| ipam.range().prefix_len());
        let card = Device {
            peer: Some(pod.veth.clone()),
            ..Device::new("eth0", Mac::of_pod(pod.ip), Some((pod.ip, length)))
        };
        vec![Device::loopback(), card]
    }

    /// `bridge fdb` of a node's cni0.
    pub fn forwarding_table(&self, name: &str, now: Instant) -> Vec<String> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let fixed = node.pods.values().map(|pod| {
            let mac = Mac::of_veth(&pod.uid);
            format!("{mac} dev {} master cni0 permanent", pod.veth)
        });
        let fresh = node
            .fdb
            .iter()
            .filter(|(_, seen)| now.since(seen.at) <= AGEING);
        let learnt = fresh.map(|(mac, seen)| {
            let age = now.since(seen.at).as_secs();
            format!("{mac} dev {} master cni0 used {age}", seen.port)
        });
        fixed.chain(learnt).collect()
    }

    /// `ip neigh` of a node.
    pub fn node_neighbours(&self, name: &str, now: Instant) -> Vec<String> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let range = node.ipam.as_ref().map(HostLocal::range);
        neighbour_lines(&node.neighbours, now, |ip| {
            match range.is_some_and(|range| range.contains(&ip)) {
                true => "cni0",
                false => "eth0",
            }
        })
    }

    /// `ip neigh` of a pod.
    pub fn pod_neighbours(&self, uid: &str, now: Instant) -> Vec<String> {
        let pod = self.namespace(uid);
        pod.map_or_else(Vec::new, |pod| {
            neighbour_lines(&pod.neighbours, now, |_| "eth0")
        })
    }

    /// `conntrack -L` of a node.
    pub fn conntrack(&self, name: &str, now: Instant) -> Vec<String> {
        let node = self.node(name);
        let table = node.into_iter().flat_map(|node| node.conntrack.alive(now));
        table.map(|connection| connection.line(now)).collect()
    }

    /// Every table of a node as title and text, for the inspector.
    pub fn node_tables(&self, name: &str, now: Instant) -> Vec<(String, String)> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let routes = self.node_routes(name);
        let table = |title: &str, lines: Vec<String>| (title.to_owned(), lines.join("\n"));
        vec![
            table("ip addr", lines(&self.node_devices(name))),
            table(
                "ip route",
                routes.into_iter().map(|route| route.text).collect(),
            ),
            table("ip neigh", self.node_neighbours(name, now)),
            table("bridge fdb", self.forwarding_table(name, now)),
            table("ss -lntu", socket_lines(&node.sockets)),
            table("conntrack -L", self.conntrack(name, now)),
            (
                "iptables-save".to_owned(),
                self.iptables_save(name, now).unwrap_or_default(),
            ),
        ]
    }

    /// Every table of a pod's namespace as title and text, for the inspector.
    pub fn pod_tables(&self, uid: &str, now: Instant) -> Vec<(String, String)> {
        let Some(pod) = self.namespace(uid) else {
            return Vec::new();
        };
        let routes = self.pod_routes(uid);
        let table = |title: &str, lines: Vec<String>| (title.to_owned(), lines.join("\n"));
        vec![
            table("ip addr", lines(&self.pod_devices(uid))),
            table(
                "ip route",
                routes.into_iter().map(|route| route.text).collect(),
            ),
            table("ip neigh", self.pod_neighbours(uid, now)),
            table("ss -lntu", socket_lines(&pod.sockets)),
            table("/etc/resolv.conf", self.resolv_conf(pod)),
        ]
    }

    fn resolv_conf(&self, pod: &PodNs) -> Vec<String> {
        let conf = super::dns::ResolvConf::cluster_first(&self.config, &pod.pod.namespace);
        vec![
            format!("search {}", conf.search.join(" ")),
            format!("nameserver {}", conf.nameserver),
            format!("options ndots:{}", conf.ndots),
        ]
    }
}

impl NodeNet {
    /// The pods that have a namespace here, by uid.
    pub fn namespaces(&self) -> impl Iterator<Item = &PodNs> {
        self.pods.values().map(|pod| &**pod)
    }
}

fn lines(devices: &[Device]) -> Vec<String> {
    devices.iter().map(Device::line).collect()
}

fn neighbour_lines(
    table: &Neighbours,
    now: Instant,
    device: impl Fn(Ipv4Addr) -> &'static str,
) -> Vec<String> {
    let line = |(ip, known): (&Ipv4Addr, &super::walk::Neighbour)| {
        let (dev, state) = (device(*ip), known.state(now));
        format!("{ip} dev {dev} lladdr {} {state}", known.mac)
    };
    table.iter().map(line).collect()
}

fn socket_lines(sockets: &[Socket]) -> Vec<String> {
    let line = |socket: &Socket| {
        let listener = &socket.listener;
        let ip = listener.ip.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let (protocol, port) = (listener.protocol.lower(), listener.port);
        format!(
            "{protocol} LISTEN {ip}:{port} users:((\"{}\"))",
            listener.container
        )
    };
    sockets.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::journey::fixture::{World, pod};
    use super::super::{Config, Destination, Transport};
    use super::*;

    #[test]
    fn tables_show_what_a_packet_left_behind() {
        let mut world = World::new(Config::default());
        let to = Destination::Pod(crate::api::Key::new("default", "p21"));
        let journey = world.go(pod("p11"), to, 8080, Transport::Tcp);
        assert!(journey.answered);
        let text: Vec<String> = world
            .net
            .node_tables("node-1", Instant::ZERO)
            .into_iter()
            .map(|(title, text)| format!("{title}\n{text}"))
            .collect();
        let expected = [
            "cni0: mtu 1500 link/ether 0a:58:0a:f4:01:01 inet 10.244.1.1/24",
            "10.244.2.0/24 via 172.18.0.12 dev eth0",
            "10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1",
            "172.18.0.12 dev eth0 lladdr 02:42:ac:12:00:0c REACHABLE",
            "10.244.1.2 dev cni0 lladdr 0a:58:0a:f4:01:02 DELAY",
            "0a:58:0a:f4:01:02 dev veth",
            "TIME_WAIT src=10.244.1.2 dst=10.244.2.2",
            "KUBE-MARK-MASQ",
            "tcp LISTEN 0.0.0.0:10250 users:((\"kubelet\"))",
        ];
        for part in expected {
            assert!(
                text.iter().any(|table| table.contains(part)),
                "{part}\n{text:#?}"
            );
        }
        let inside = world.net.pod_tables("p11", Instant::ZERO);
        let routes = inside.iter().find(|(title, _)| title == "ip route");
        let routes = routes.map(|(_, text)| text.as_str());
        assert_eq!(
            routes,
            Some(
                "default via 10.244.1.1 dev eth0\n10.244.1.0/24 dev eth0 proto kernel scope link src 10.244.1.2"
            )
        );
    }
}
