//! Subresources behind which somebody else answers: `log`, `exec`, `attach` and
//! `portforward` of pods, `proxy` of pods, services and nodes. The API server
//! finds out whom to ask (`pkg/registry/core/{pod,service,node}`); whoever holds
//! the cluster asks.

mod log;
mod proxy;
#[cfg(test)]
mod tests;

pub use log::LogOptions;
pub use proxy::ProxyTo;

use super::query::{self, Query};
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Name, Node, Pod};
use crate::apiserver::ApiServer;
use crate::etcd::StoreKey;
use std::sync::Arc;

/// Whom to ask, and for what.
#[derive(Clone, Debug, PartialEq)]
pub enum Connect {
    /// The kubelet, for what a container wrote.
    Log {
        /// Where.
        container: ContainerAt,
        /// Which part of it.
        options: LogOptions,
    },
    /// The kubelet, to run a command.
    Exec {
        /// Where.
        container: ContainerAt,
        /// The command line.
        command: Vec<String>,
        /// The streams that the client wants.
        streams: Streams,
    },
    /// The kubelet, for the streams of a container's own process.
    Attach {
        /// Where.
        container: ContainerAt,
        /// The streams that the client wants.
        streams: Streams,
    },
    /// The kubelet, for connections into a pod.
    PortForward {
        /// Where; the container is of no meaning.
        container: ContainerAt,
        /// Ports, where the request names them.
        ports: Vec<u16>,
    },
    /// A web server in a pod, or a kubelet's.
    Proxy {
        /// Whom.
        to: ProxyTo,
        /// Path and query.
        path: String,
    },
    /// Nobody: there is nothing to tell yet.
    Nothing,
    /// The same path with a slash at its end.
    MovedTo(String),
}

/// A container of a pod on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerAt {
    /// The node.
    pub node: Name,
    /// The address by which its kubelet is called.
    pub address: String,
    /// The pod.
    pub pod: Key,
    /// The container.
    pub container: Name,
}

/// Streams of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streams {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// A terminal.
    pub tty: bool,
}

/// Finds out whom a request is for. None where the path is no such subresource.
pub(super) fn find(
    api: &ApiServer,
    method: &str,
    path_and_query: &str,
) -> Option<Result<Connect, ApiError>> {
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    let rest = path.strip_prefix("/api/v1/")?;
    let steps: Vec<String> = rest.split('/').map(query::decode_path).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let parsed = Query::parse(query);
    match steps.as_slice() {
        [
            "namespaces",
            namespace,
            "pods",
            name,
            sub @ ("log" | "exec" | "attach" | "portforward"),
        ] => {
            let pod = Key::new(*namespace, *name);
            Some(kubelet(api, method, sub, pod, &parsed))
        }
        [.., "proxy"]
        | [.., "proxy", _]
        | ["nodes", _, "proxy", ..]
        | ["namespaces", _, _, _, "proxy", ..] => {
            let target = proxy::Target::read(&steps)?;
            Some(proxy::find(api, target, path, query))
        }
        _ => None,
    }
}

fn kubelet(
    api: &ApiServer,
    method: &str,
    sub: &str,
    pod: Key,
    query: &Query,
) -> Result<Connect, ApiError> {
    match (sub, method) {
        ("log", "GET") => log::find(api, pod, query),
        ("exec" | "attach" | "portforward", "GET" | "POST") => stream(api, sub, pod, query),
        _ => Err(status::method_not_allowed()),
    }
}

fn stream(api: &ApiServer, sub: &str, key: Key, query: &Query) -> Result<Connect, ApiError> {
    let pod = self::pod(api, &key)?;
    let container = match sub {
        "portforward" => String::new(),
        _ => container(&pod, query.get("container").unwrap_or_default())?,
    };
    let node = node_of(&pod).ok_or_else(|| {
        let why = format!("pod {} does not have a host assigned", key.name);
        status::bad_request(why)
    })?;
    let at = ContainerAt {
        address: kubelet_address(api, &node)?,
        node,
        pod: key,
        container: container.as_str().into(),
    };
    let streams = Streams {
        stdin: query.flag("stdin"),
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
        tty: query.flag("tty"),
    };
    Ok(match sub {
        "exec" => Connect::Exec {
            container: at,
            command: query.all("command"),
            streams,
        },
        "attach" => Connect::Attach {
            container: at,
            streams,
        },
        _ => {
            let ports = query.all("ports");
            let mut ports = ports.iter().flat_map(|text| text.split(','));
            Connect::PortForward {
                container: at,
                ports: ports
                    .by_ref()
                    .filter_map(|port| port.parse().ok())
                    .collect(),
            }
        }
    })
}

fn pod(api: &ApiServer, key: &Key) -> Result<Arc<Pod>, ApiError> {
    let at = StoreKey {
        kind: Kind::Pod,
        key: key.clone(),
    };
    let pod = api.etcd().get(&at);
    let pod = pod.and_then(|entry| entry.object.as_kind::<Pod>().cloned());
    pod.ok_or_else(|| status::not_found(Kind::Pod, &key.name))
}

fn node_of(pod: &Pod) -> Option<Name> {
    let node = pod.spec.as_ref()?.node_name.as_deref()?;
    Some(node).filter(|node| !node.is_empty()).map(Name::from)
}

/// Names of a pod's containers, in the order in which messages list them.
fn containers(pod: &Pod) -> Vec<&str> {
    let Some(spec) = &pod.spec else {
        return Vec::new();
    };
    let init = spec.init_containers.iter().flatten();
    let ephemeral = spec.ephemeral_containers.iter().flatten();
    init.map(|container| container.name.as_str())
        .chain(
            spec.containers
                .iter()
                .map(|container| container.name.as_str()),
        )
        .chain(ephemeral.map(|container| container.name.as_str()))
        .collect()
}

/// The container that is meant (`validateContainer`).
fn container(pod: &Pod, asked: &str) -> Result<String, ApiError> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let regular = pod.spec.iter().flat_map(|spec| &spec.containers);
    let regular: Vec<&str> = regular.map(|container| container.name.as_str()).collect();
    match (asked, regular.as_slice()) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", []) => Err(status::bad_request(format!(
            "a container name must be specified for pod {name}"
        ))),
        ("", _) => Err(status::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            containers(pod).join(" ")
        ))),
        (asked, _) if containers(pod).contains(&asked) => Ok(asked.to_owned()),
        (asked, _) => Err(status::bad_request(format!(
            "container {asked} is not valid for pod {name}"
        ))),
    }
}

/// `--kubelet-preferred-address-types`.
const PREFERRED: [&str; 5] = [
    "Hostname",
    "InternalDNS",
    "InternalIP",
    "ExternalDNS",
    "ExternalIP",
];

/// Where the kubelet of a node is called.
fn kubelet_address(api: &ApiServer, node: &Name) -> Result<String, ApiError> {
    let at = StoreKey {
        kind: Kind::Node,
        key: Key::new("", node.clone()),
    };
    let found = api.etcd().get(&at);
    let found = found.and_then(|entry| entry.object.as_kind::<Node>());
    let found = found.ok_or_else(|| status::not_found(Kind::Node, node))?;
    let addresses = found
        .status
        .as_ref()
        .and_then(|status| status.addresses.as_deref())
        .unwrap_or_default();
    let preferred = PREFERRED.iter().find_map(|kind| {
        let mut addresses = addresses.iter();
        addresses.find(|address| address.type_ == *kind)
    });
    match preferred {
        Some(address) => Ok(address.address.clone()),
        None => Err(status::internal(
            "no preferred addresses found; known addresses: []",
        )),
    }
}
