//! `proxy` of pods, services and nodes: which address is meant (`ResourceLocation`
//! of their strategies).

use super::{Connect, kubelet_address, pod};
use crate::api::status::{self, ApiError};
use crate::api::{Endpoints, Key, Kind, Name, Pod, Service, Status};
use crate::apiserver::ApiServer;
use crate::etcd::StoreKey;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::net::Ipv4Addr;

/// The kubelet's own port.
const KUBELET_PORT: u16 = 10250;

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyTo {
    /// One of these addresses; any will do.
    Addresses(Vec<(Ipv4Addr, u16)>),
    /// The kubelet of a node.
    Kubelet {
        /// The node.
        node: Name,
        /// Where it is called.
        address: String,
    },
}

/// What a path names: the kind, the object as `[scheme:]name[:port]`, and the rest.
pub(super) struct Target {
    kind: Kind,
    namespace: String,
    id: String,
    rest: Option<usize>,
}

impl Target {
    /// Reads the steps of a path below `/api/v1/`.
    pub(super) fn read(steps: &[&str]) -> Option<Target> {
        let (kind, namespace, id, used) = match steps {
            ["namespaces", namespace, "pods", id, "proxy", ..] => (Kind::Pod, *namespace, *id, 5),
            ["namespaces", namespace, "services", id, "proxy", ..] => {
                (Kind::Service, *namespace, *id, 5)
            }
            ["nodes", id, "proxy", ..] => (Kind::Node, "", *id, 3),
            _ => return None,
        };
        Some(Target {
            kind,
            namespace: namespace.to_owned(),
            id: id.to_owned(),
            rest: (steps.len() > used).then_some(used),
        })
    }
}

pub(super) fn find(
    api: &ApiServer,
    target: Target,
    path: &str,
    query: &str,
) -> Result<Connect, ApiError> {
    let to = match target.kind {
        Kind::Pod => to_pod(api, &target)?,
        Kind::Service => to_service(api, &target)?,
        _ => to_node(api, &target)?,
    };
    let with_query = |path: String| match query {
        "" => path,
        query => format!("{path}?{query}"),
    };
    let Some(used) = target.rest else {
        return Ok(Connect::MovedTo(with_query(format!("{path}/"))));
    };
    // `/api/v1/` makes three more pieces.
    let rest: Vec<&str> = path.split('/').skip(used + 3).collect();
    Ok(Connect::Proxy {
        to,
        path: with_query(format!("/{}", rest.join("/"))),
    })
}

/// `[scheme:]name[:port]`: name and port.
fn split<'a>(id: &'a str, what: &str) -> Result<(&'a str, &'a str), ApiError> {
    let parts: Vec<&str> = id.split(':').collect();
    let found = match parts.as_slice() {
        [name] => Some((*name, "")),
        [name, port] => Some((*name, *port)),
        ["" | "http" | "https", name, port] => Some((*name, *port)),
        _ => None,
    };
    found
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| status::bad_request(format!("invalid {what} request {id:?}")))
}

fn to_pod(api: &ApiServer, target: &Target) -> Result<ProxyTo, ApiError> {
    let (name, port) = split(&target.id, "pod")?;
    let pod = pod(api, &Key::new(target.namespace.as_str(), name))?;
    let address = pod
        .status
        .as_ref()
        .and_then(|status| status.pod_ip.as_deref()?.parse::<Ipv4Addr>().ok())
        .ok_or_else(|| status::bad_request("address not allowed"))?;
    let port = match port {
        "" => first_port(&pod).unwrap_or(80),
        port => port
            .parse()
            .map_err(|_| status::bad_request(format!("invalid pod request {:?}", target.id)))?,
    };
    Ok(ProxyTo::Addresses(vec![(address, port)]))
}

fn first_port(pod: &Pod) -> Option<u16> {
    let containers = &pod.spec.as_ref()?.containers;
    let mut ports = containers
        .iter()
        .flat_map(|container| container.ports.iter().flatten());
    u16::try_from(ports.next()?.container_port).ok()
}

fn to_service(api: &ApiServer, target: &Target) -> Result<ProxyTo, ApiError> {
    let (name, port) = split(&target.id, "service")?;
    let key = Key::new(target.namespace.as_str(), name);
    let at = |kind| StoreKey {
        kind,
        key: key.clone(),
    };
    let service = api.etcd().get(&at(Kind::Service));
    let service = service
        .and_then(|entry| entry.object.as_kind::<Service>())
        .ok_or_else(|| status::not_found(Kind::Service, name))?;
    let port_name = port_name(service, name, port)?;
    let endpoints = api.etcd().get(&at(Kind::Endpoints));
    let endpoints = endpoints.and_then(|entry| entry.object.as_kind::<Endpoints>());
    let mut addresses = Vec::new();
    for subset in endpoints.iter().flat_map(|it| it.subsets.iter().flatten()) {
        let mut ports = subset.ports.iter().flatten();
        let port = ports.find(|port| port.name.as_deref().unwrap_or_default() == port_name);
        let Some(number) = port.and_then(|port| u16::try_from(port.port).ok()) else {
            continue;
        };
        let ready = subset.addresses.iter().flatten();
        addresses.extend(ready.filter_map(|address| Some((address.ip.parse().ok()?, number))));
    }
    match addresses.is_empty() {
        false => Ok(ProxyTo::Addresses(addresses)),
        true => Err(unavailable(format!(
            "no endpoints available for service {name:?}"
        ))),
    }
}

/// A port can be named by its number, too; the only one needs no name.
fn port_name(service: &Service, name: &str, asked: &str) -> Result<String, ApiError> {
    let ports = service
        .spec
        .iter()
        .flat_map(|spec| spec.ports.iter().flatten());
    let Ok(number) = asked.parse::<i32>() else {
        return Ok(asked.to_owned());
    };
    let mut ports = ports
        .filter(|port| port.port == number || port.target_port == Some(IntOrString::Int(number)));
    match ports.next() {
        Some(port) => Ok(port.name.clone().unwrap_or_default()),
        None => Err(unavailable(format!(
            "no service port {number} found for service {name:?}"
        ))),
    }
}

fn to_node(api: &ApiServer, target: &Target) -> Result<ProxyTo, ApiError> {
    let (name, port) = split(&target.id, "node")?;
    let node: Name = name.into();
    let address = kubelet_address(api, &node)?;
    match port.parse::<u16>() {
        Ok(port) if port != KUBELET_PORT => {
            let ip = internal_ip(api, &node);
            let ip = ip.ok_or_else(|| status::bad_request("address not allowed"))?;
            Ok(ProxyTo::Addresses(vec![(ip, port)]))
        }
        _ if port.is_empty() || port == "10250" => Ok(ProxyTo::Kubelet { node, address }),
        _ => Err(status::bad_request(format!(
            "invalid node request {:?}",
            target.id
        ))),
    }
}

fn internal_ip(api: &ApiServer, node: &Name) -> Option<Ipv4Addr> {
    let at = StoreKey {
        kind: Kind::Node,
        key: Key::new("", node.clone()),
    };
    let node = api.etcd().get(&at)?;
    let status = node.object.as_kind::<crate::api::Node>()?.status.as_ref()?;
    let mut addresses = status.addresses.iter().flatten();
    let internal = addresses.find(|address| address.type_ == "InternalIP")?;
    internal.address.parse().ok()
}

/// 503.
fn unavailable(message: String) -> ApiError {
    Box::new(Status {
        code: Some(503),
        reason: Some("ServiceUnavailable".to_owned()),
        message: Some(message),
        status: Some("Failure".to_owned()),
        ..Status::default()
    })
}
