//! Between the kubelet and the network: CNI and sockets.

use super::host::Host;
use super::runtime::{Protocol, Serves, Site, Socket};
use super::worker::PodWorker;
use crate::api::Name;
use crate::network::{self, HttpPath, Listener, Network, NodeWire, Owner};
use std::net::Ipv4Addr;

/// Connects the node, or tells the network its pod range.
pub(super) fn connect(net: &mut Network, host: &Host) {
    net.add_node(&NodeWire {
        name: host.config.name.clone(),
        ip: host.config.ip,
        pod_cidr: host
            .pod_cidr
            .as_deref()
            .and_then(|range| range.parse().ok()),
    });
}

/// CNI ADD; pods of the host's namespace share the node's address.
pub(super) fn attach(
    net: &mut Network,
    host: &Host,
    worker: &PodWorker,
) -> Result<Ipv4Addr, String> {
    let node = &host.config.name;
    match worker.host_network() {
        true => Ok(net
            .attach_host(node, &worker.key, worker.uid.clone())
            .unwrap_or(host.config.ip)),
        false => net.attach(node, &worker.key, worker.uid.clone()),
    }
}

/// CNI DEL.
pub(super) fn detach(net: &mut Network, _host: &Host, uid: &Name, _worker: &PodWorker) {
    net.detach(uid);
}

/// Opens a container's sockets. The error is that of `bind`.
pub(super) fn listen(
    net: &mut Network,
    worker: &PodWorker,
    container: &Name,
    sockets: &[Socket],
) -> Result<(), String> {
    let owner = Owner::Pod(worker.uid.clone());
    for socket in sockets {
        let listener = Listener {
            container: container.clone(),
            protocol: match socket.protocol {
                Protocol::Tcp => network::Protocol::Tcp,
                Protocol::Udp => network::Protocol::Udp,
            },
            port: socket.port,
            ip: socket.loopback.then_some(Ipv4Addr::LOCALHOST),
            serves: serves(&socket.serves, &worker.key.name),
        };
        net.listen(&owner, listener)?;
    }
    Ok(())
}

/// Closes a container's sockets.
pub(super) fn unlisten(net: &mut Network, worker: &PodWorker, container: &str) {
    net.unlisten(&worker.uid, container);
}

/// Opens the sockets of all running containers again, on a network that was not
/// there before.
pub(super) fn listen_all(net: &mut Network, host: &Host, worker: &PodWorker) {
    if attach(net, host, worker).is_err() {
        return;
    }
    for container in worker
        .containers
        .iter()
        .filter(|container| container.is_running())
    {
        unlisten(net, worker, &container.name);
        // They listened already: nothing new can clash.
        let _taken = listen(net, worker, &container.name, &container.sockets);
    }
}

/// What a socket does, in the network's terms.
fn serves(serves: &Serves, hostname: &str) -> network::Serves {
    match serves {
        Serves::Http(site) | Serves::Https(site) => network::Serves::Http {
            server: "".into(),
            paths: paths(site, hostname),
        },
        Serves::Dns => network::Serves::Dns,
        Serves::Grpc | Serves::Plain | Serves::Silent => network::Serves::Greeting("".into()),
    }
}

/// The pages of a site that somebody may ask for.
fn paths(site: &Site, hostname: &str) -> Vec<HttpPath> {
    let page = |path: &str| {
        let (status, body) = site.answer(path, 0, hostname);
        HttpPath {
            path: path.into(),
            status,
            body: body.into(),
        }
    };
    let known: &[&str] = match site {
        Site::Health(paths) => paths,
        Site::Liveness => &["/healthz"],
        Site::Netexec => &["/", "/hostname", "/hostName", "/healthz", "/echo"],
        _ => &["/"],
    };
    known.iter().map(|path| page(path)).collect()
}
