//! The network as a process of a pod reaches it.
//!
//! Names are looked up in what the API server has, as CoreDNS would answer them;
//! packets go through the very tables that journeys show.

use super::Timer;
use super::runtime::{Protocol, Reach, Reached, Serves, Socket};
use super::worker::PodWorker;
use crate::api::{EndpointSlice, Key, Name, Service};
use crate::client::Ctx;
use crate::network::dns::CoreDns;
use crate::network::{Destination, Endpoint, Network, Send, Transport};
use crate::sim::trace::Journey;
use std::net::Ipv4Addr;

/// The cluster's domain.
const DOMAIN: &str = ".svc.cluster.local";
/// Ends of names that the internet knows.
const TOP_LEVEL: [&str; 14] = [
    ".com", ".org", ".net", ".io", ".dev", ".ch", ".de", ".uk", ".edu", ".gov", ".cloud", ".app",
    ".co", ".me",
];
/// What some server of the internet says.
const INTERNET_PAGE: &str = "<html><body>It works!</body></html>\n";

/// One process's way out.
pub(super) struct PodReach<'a, 'b> {
    net: &'a mut Network,
    ctx: &'a mut Ctx<'b, Timer>,
    local: Vec<Socket>,
    pod: Key,
    ip: Option<Ipv4Addr>,
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
        PodReach {
            net,
            ctx,
            local: local.collect(),
            pod: worker.key.clone(),
            ip: worker.ip(),
        }
    }

    fn is_self(&self, host: &str) -> bool {
        let address = host.parse::<Ipv4Addr>().ok();
        host == "localhost"
            || *host == *self.pod.name
            || address.is_some_and(|address| address.is_loopback() || Some(address) == self.ip)
    }

    fn local(&self, port: u16, path: &str) -> Reached {
        let now = self.ctx.now();
        let open = |socket: &&Socket| {
            socket.port == port && socket.protocol == Protocol::Tcp && socket.opens_at <= now
        };
        let Some(socket) = self.local.iter().find(open) else {
            return Reached::Refused;
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

    /// The addresses of a name: services and pods of headless ones, by the search
    /// list of a pod; then the internet.
    fn lookup(&mut self, host: &str) -> Vec<Ipv4Addr> {
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        let host = host.trim_end_matches('.');
        let bare = host
            .strip_suffix(DOMAIN)
            .or_else(|| host.strip_suffix(".svc"));
        let parts: Vec<&str> = bare.unwrap_or(host).split('.').collect();
        let own = self.pod.namespace.clone();
        let found = match (bare.is_some(), parts.as_slice()) {
            (false, [service]) => self.service(&own, service, None),
            (false, [first, second]) => {
                let found = self.service(second, first, None);
                match found.is_empty() {
                    true => self.service(&own, second, Some(first)),
                    false => found,
                }
            }
            (true, [service, namespace]) => self.service(namespace, service, None),
            (_, [name, service, namespace]) => self.service(namespace, service, Some(name)),
            _ => Vec::new(),
        };
        let is_outside = TOP_LEVEL.iter().any(|end| host.ends_with(end));
        match found.is_empty() && bare.is_none() && is_outside {
            true => vec![Ipv4Addr::new(93, 184, 216, 34)],
            false => found,
        }
    }

    fn service(&mut self, namespace: &str, name: &str, of: Option<&str>) -> Vec<Ipv4Addr> {
        let key = Key::new(namespace, name);
        let Ok(service) = self.ctx.get::<Service>(&key) else {
            return Vec::new();
        };
        let spec = service.spec.as_ref();
        let address = spec
            .and_then(|spec| spec.cluster_ip.as_deref())
            .unwrap_or_default();
        match (address.parse(), of) {
            (Ok(address), None) => vec![address],
            (Ok(_), Some(_)) => Vec::new(),
            (Err(_), of) => self.endpoints(namespace, name, of),
        }
    }

    /// The ready endpoints of a headless service.
    fn endpoints(&mut self, namespace: &str, service: &str, of: Option<&str>) -> Vec<Ipv4Addr> {
        let slices = self
            .ctx
            .list::<EndpointSlice>(namespace)
            .unwrap_or_default();
        let label = "kubernetes.io/service-name";
        let of_service = slices.iter().filter(|slice| {
            let labels = slice.metadata.labels.as_ref();
            labels
                .and_then(|labels| labels.get(label))
                .is_some_and(|name| name == service)
        });
        let endpoints = of_service.flat_map(|slice| slice.endpoints.iter().flatten());
        endpoints
            .filter(|endpoint| {
                let conditions = endpoint.conditions.as_ref();
                conditions.and_then(|conditions| conditions.ready) != Some(false)
            })
            .filter(|endpoint| of.is_none() || endpoint.hostname.as_deref() == of)
            .flat_map(|endpoint| {
                endpoint
                    .addresses
                    .iter()
                    .filter_map(|address| address.parse().ok())
            })
            .collect()
    }

    fn send(&mut self, to: Ipv4Addr, port: u16, path: &str) -> Journey {
        let request = Send {
            from: Endpoint::Pod {
                pod: self.pod.clone(),
                container: Name::from(""),
            },
            to: Destination::Ip(to),
            port,
            protocol: Transport::Tcp,
            path: path.to_owned(),
        };
        let now = self.ctx.now();
        self.net
            .travel(&mut self.ctx.sim.chance, now, &request, &CoreDns::new())
    }
}

impl Reach for PodReach<'_, '_> {
    fn connect(&mut self, host: &str, port: u16, path: &str) -> Reached {
        if self.is_self(host) {
            return self.local(port, path);
        }
        let Some(address) = self.lookup(host).first().copied() else {
            return Reached::UnknownHost;
        };
        if TOP_LEVEL.iter().any(|end| host.ends_with(end))
            && address == Ipv4Addr::new(93, 184, 216, 34)
        {
            return Reached::Http(200, INTERNET_PAGE.to_owned());
        }
        understood(&self.send(address, port, path))
    }

    fn resolve(&mut self, host: &str) -> Vec<String> {
        if self.is_self(host) {
            return self.ip.map(|ip| ip.to_string()).into_iter().collect();
        }
        self.lookup(host).iter().map(Ipv4Addr::to_string).collect()
    }
}

/// What the process hears at the end of the journey.
fn understood(journey: &Journey) -> Reached {
    let summary = journey.summary.as_str();
    if !journey.answered {
        return match summary.contains("Connection refused") {
            true => Reached::Refused,
            false => Reached::Silence,
        };
    }
    let status = summary
        .strip_prefix("HTTP ")
        .and_then(|rest| rest.split(' ').next()?.parse().ok());
    match status {
        Some(status) => Reached::Http(status, body(journey).unwrap_or_default()),
        None => Reached::Open,
    }
}

/// The body of the HTTP answer, from the last packet that came back.
fn body(journey: &Journey) -> Option<String> {
    let hop = journey.legs.last()?.hops.last()?;
    let layers = match hop.after.is_empty() {
        true => &hop.before,
        false => &hop.after,
    };
    let mut fields = layers.iter().flat_map(|layer| layer.fields.iter());
    let text = fields.find(|field| &*field.name == "text")?;
    let (_, body) = text.value.split_once("\r\n\r\n")?;
    Some(body.to_owned())
}
