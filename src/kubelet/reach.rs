//! The network as a process of a pod reaches it: names by asking the nameserver of
//! its resolv.conf, hosts by packets through the very tables that journeys show.

use super::Timer;
use super::runtime::{NoAddress, Protocol, Reach, Reached, Serves, Socket};
use super::worker::PodWorker;
use crate::api::{Key, Name};
use crate::client::Ctx;
use crate::network::{self, Destination, Endpoint, Network, Send, Transport, Unresolved};
use crate::sim::Instant;
use std::net::Ipv4Addr;

/// One process's way out.
pub(super) struct PodReach<'a, 'b> {
    net: &'a mut Network,
    ctx: &'a mut Ctx<'b, Timer>,
    local: Vec<Socket>,
    pod: Key,
    ip: Option<Ipv4Addr>,
    nameserver: Ipv4Addr,
}

impl<'a, 'b> PodReach<'a, 'b> {
    pub(super) fn new(
        net: &'a mut Network,
        ctx: &'a mut Ctx<'b, Timer>,
        worker: &PodWorker,
    ) -> Self {
        let running = worker
            .containers
            .iter()
            .filter(|container| container.is_running());
        let local = running.flat_map(|container| container.sockets.iter().cloned());
        let config = net.config();
        let nameserver = match worker.host_network() {
            true => config.router,
            false => config.dns,
        };
        PodReach {
            local: local.collect(),
            pod: worker.key.clone(),
            ip: worker.ip(),
            nameserver,
            net,
            ctx,
        }
    }

    /// The pod's own names and addresses (`/etc/hosts`).
    fn is_self(&self, host: &str) -> bool {
        let address = host.parse::<Ipv4Addr>().ok();
        host == "localhost"
            || *host == *self.pod.name
            || address.is_some_and(|address| address.is_loopback() || Some(address) == self.ip)
    }

    fn local(&self, now: Instant, port: u16, path: &str) -> Reached {
        let open = |socket: &&Socket| {
            socket.port == port && socket.protocol == Protocol::Tcp && socket.opens_at <= now
        };
        let Some(socket) = self.local.iter().find(open) else {
            return Reached::Refused("Connection refused");
        };
        match &socket.serves {
            Serves::Http(site) | Serves::Https(site) => {
                let age = now.since(socket.opens_at).as_secs();
                let (status, body) = site.answer(path, age, &self.pod.name);
                Reached::Http(status, body)
            }
            _ => Reached::Open,
        }
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Pod {
            pod: self.pod.clone(),
            container: Name::from(""),
        }
    }
}

impl Reach for PodReach<'_, '_> {
    fn connect(&mut self, now: Instant, host: &str, port: u16, path: &str) -> Reached {
        if self.is_self(host) {
            return self.local(now, port, path);
        }
        let request = Send {
            from: self.endpoint(),
            to: Destination::Name(host.to_owned()),
            port,
            protocol: Transport::Tcp,
            path: path.to_owned(),
        };
        match self.net.reach(&mut self.ctx.sim.chance, now, &request) {
            network::Reached::Http(status, body) => Reached::Http(status, body.to_string()),
            network::Reached::Open => Reached::Open,
            network::Reached::Refused(why) => Reached::Refused(why),
            network::Reached::Silence => Reached::Silence,
            network::Reached::Unresolved(why) => Reached::NoAddress(no_address(&why)),
        }
    }

    fn resolve(&mut self, now: Instant, host: &str) -> Result<Vec<String>, NoAddress> {
        if self.is_self(host) {
            return Ok(self.ip.map(|ip| ip.to_string()).into_iter().collect());
        }
        let from = self.endpoint();
        let found = self.net.look_up(&mut self.ctx.sim.chance, now, &from, host);
        match found {
            Ok(addresses) => Ok(addresses.iter().map(Ipv4Addr::to_string).collect()),
            Err(why) => Err(no_address(&why)),
        }
    }

    fn nameserver(&self) -> String {
        self.nameserver.to_string()
    }
}

fn no_address(why: &Unresolved) -> NoAddress {
    match why {
        Unresolved::NoSuchName(_) => NoAddress::NoSuchName,
        Unresolved::NoServer { refused: true, .. } => NoAddress::Refused,
        Unresolved::NoServer { refused: false, .. } => NoAddress::Silence,
    }
}
