//! `/sim/journeys`: a packet, and all its hops.

use super::key;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Service};
use crate::cluster::{CONTROL_PLANE, Cluster};
use crate::etcd::StoreKey;
use crate::network::{Destination, Endpoint, Reached, Send, Transport};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// A packet to be sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Ask {
    from: From,
    to: To,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    protocol: Protocol,
    #[serde(default)]
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum From {
    Pod(String),
    Node(String),
    Outside,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum To {
    Pod(String),
    Service(String),
    Node(String),
    Ip(Ipv4Addr),
    Name(String),
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Protocol {
    #[default]
    Tcp,
    Udp,
    Icmp,
}

/// Sends it; answers with its whole way.
pub(super) fn journey(cluster: &mut Cluster, ask: Ask) -> Result<Value, ApiError> {
    let mut port = ask.port.unwrap_or(80);
    let to = match &ask.to {
        To::Pod(pod) => Destination::Pod(key(pod)),
        To::Node(node) => Destination::Node(node.as_str().into()),
        To::Ip(ip) => Destination::Ip(*ip),
        To::Name(name) => Destination::Name(name.clone()),
        To::Service(service) => {
            let door = Door::of(cluster, &key(service))?;
            port = ask.port.unwrap_or(door.port);
            door.from(&ask.from, &mut port)?
        }
    };
    let send = Send {
        from: match ask.from {
            From::Pod(pod) => Endpoint::Pod {
                pod: key(&pod),
                container: "".into(),
            },
            From::Node(node) => Endpoint::Node(node.as_str().into()),
            From::Outside => Endpoint::Outside,
        },
        to,
        port,
        protocol: match ask.protocol {
            Protocol::Tcp => Transport::Tcp,
            Protocol::Udp => Transport::Udp,
            Protocol::Icmp => Transport::Icmp,
        },
        path: ask.path,
    };
    let (journey, heard) = cluster.fetch(send);
    let heard = heard.map(|heard| match heard {
        Reached::Http(status, body) => json!({ "status": status, "body": &*body }),
        Reached::Refused(why) => json!({ "error": why }),
        _ => json!({}),
    });
    let legs = serde_json::to_value(&journey.legs).unwrap_or_default();
    Ok(json!({
        "title": journey.title,
        "answered": journey.answered,
        "summary": journey.summary,
        "heard": heard,
        "legs": legs,
    }))
}

/// By which doors a service can be called.
struct Door {
    key: Key,
    port: u16,
    node_port: Option<u16>,
    cluster_ip: Option<Ipv4Addr>,
    balanced: bool,
}

impl Door {
    fn of(cluster: &Cluster, key: &Key) -> Result<Door, ApiError> {
        let at = StoreKey {
            kind: Kind::Service,
            key: key.clone(),
        };
        let entry = cluster.api().etcd().get(&at);
        let service = entry
            .and_then(|entry| entry.object.as_kind::<Service>())
            .ok_or_else(|| status::not_found(Kind::Service, &key.name))?;
        let spec = service.spec.as_ref();
        let first = spec.and_then(|spec| spec.ports.as_ref()?.first());
        let number = |port: i32| u16::try_from(port).ok().filter(|port| *port != 0);
        let balancer = service
            .status
            .as_ref()
            .and_then(|status| status.load_balancer.as_ref()?.ingress.as_ref()?.first());
        Ok(Door {
            key: key.clone(),
            port: first.and_then(|port| number(port.port)).unwrap_or(80),
            node_port: first.and_then(|port| number(port.node_port?)),
            cluster_ip: spec.and_then(|spec| spec.cluster_ip.as_deref()?.parse().ok()),
            balanced: balancer.is_some(),
        })
    }

    /// From inside by name, from a node by its address, from outside by its load
    /// balancer or else by a node's port.
    fn from(&self, from: &From, port: &mut u16) -> Result<Destination, ApiError> {
        let name = format!("{}.{}.svc.cluster.local", self.key.name, self.key.namespace);
        match (from, self.cluster_ip, self.node_port) {
            (From::Pod(_), ..) => Ok(Destination::Name(name)),
            (From::Node(_), Some(ip), _) => Ok(Destination::Ip(ip)),
            (From::Node(_), None, _) => Ok(Destination::Name(name)),
            (From::Outside, ..) if self.balanced => Ok(Destination::LoadBalancer(self.key.clone())),
            (From::Outside, _, Some(node_port)) => {
                *port = node_port;
                Ok(Destination::Node(CONTROL_PLANE.into()))
            }
            (From::Outside, _, None) => Err(status::bad_request(format!(
                "service {:?} has no door to the outside: its type is ClusterIP",
                self.key.to_string()
            ))),
        }
    }
}
