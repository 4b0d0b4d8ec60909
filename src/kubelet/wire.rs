//! Between the kubelet and the network: CNI and sockets.

use super::host::Host;
use super::runtime::{Protocol, Reach, Reached, Serves, Site, Socket};
use super::worker::PodWorker;
use crate::api::Name;
use crate::network::{self, HttpPath, Listener, Network, NodeWire, Owner};
use crate::sim::Instant;
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
        Serves::Grpc | Serves::Plain => network::Serves::Greeting("".into()),
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

/// The network as a process of a pod reaches it.
pub(super) struct PodReach<'a> {
    net: &'a mut Network,
    local: Vec<Socket>,
    uid: Name,
    hostname: Name,
    ip: Option<Ipv4Addr>,
    now: Instant,
}

impl<'a> PodReach<'a> {
    pub(super) fn new(net: &'a mut Network, worker: &PodWorker, now: Instant) -> Self {
        let running = worker
            .containers
            .iter()
            .filter(|container| container.is_running());
        let local = running.flat_map(|container| container.sockets.iter().cloned());
        PodReach {
            net,
            local: local.collect(),
            uid: worker.uid.clone(),
            hostname: worker.key.name.clone(),
            ip: worker.ip(),
            now,
        }
    }

    fn is_self(&self, host: &str) -> bool {
        let address = host.parse::<Ipv4Addr>().ok();
        host == "localhost"
            || *host == *self.hostname
            || address.is_some_and(|address| address.is_loopback() || Some(address) == self.ip)
    }

    fn local(&self, port: u16, path: &str) -> Reached {
        let now = self.now;
        let open = |socket: &&Socket| {
            socket.port == port && socket.protocol == Protocol::Tcp && socket.opens_at <= now
        };
        let Some(socket) = self.local.iter().find(open) else {
            return Reached::Refused;
        };
        match &socket.serves {
            Serves::Http(site) | Serves::Https(site) => {
                let age = now.since(socket.opens_at).as_secs();
                let (status, body) = site.answer(path, age, &self.hostname);
                Reached::Http(status, body)
            }
            _ => Reached::Open,
        }
    }
}

impl Reach for PodReach<'_> {
    fn connect(&mut self, host: &str, port: u16, path: &str) -> Reached {
        match self.is_self(host) {
            true => self.local(port, path),
            false => elsewhere(self.net, &self.uid, host, port, path),
        }
    }

    fn resolve(&mut self, host: &str) -> Vec<String> {
        match host.parse::<Ipv4Addr>() {
            Ok(address) => vec![address.to_string()],
            Err(_) if self.is_self(host) => self.ip.map(|ip| ip.to_string()).into_iter().collect(),
            Err(_) => lookup(self.net, &self.uid, host),
        }
    }
}

fn elsewhere(_net: &mut Network, _uid: &Name, host: &str, _port: u16, _path: &str) -> Reached {
    match host.parse::<Ipv4Addr>() {
        Ok(_) => Reached::Silence,
        Err(_) => Reached::UnknownHost,
    }
}

fn lookup(_net: &mut Network, _uid: &Name, _host: &str) -> Vec<String> {
    Vec::new()
}
