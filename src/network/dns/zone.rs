//! The zone `cluster.local`, after the DNS specification for Kubernetes 1.1 and
//! CoreDNS' kubernetes plugin.

use super::{Answer, CoreDns, Data, RecordType, Response, outside};
use crate::api::discovery::Endpoint;
use crate::api::{EndpointSlice, Key, Name, Service};
use crate::network::Protocol;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Seconds that answers may be kept (kubeadm's Corefile: `ttl 30`).
const TTL: u32 = 30;
/// How many names an ExternalName may lead through.
const CNAMES_MAX: usize = 8;

impl CoreDns {
    /// Whether a name is of the cluster's own zones; other names are forwarded.
    pub fn is_mine(&self, name: &str, domain: &str) -> bool {
        let within = |zone: &str| {
            let rest = name.strip_suffix(zone);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        within(domain) || (within("in-addr.arpa") && self.reverse(name).is_some())
    }

    /// What CoreDNS answers. Names outside of the cluster's domain are asked from
    /// the DNS outside.
    pub fn answer(&self, name: &str, wants: RecordType, domain: &str) -> Response {
        if let Some(service) = self.reverse(name) {
            let target = format!("{}.{}.svc.{domain}", service.name, service.namespace);
            return found(name, [Data::Ptr(target.into())]);
        }
        let Some(inner) = name.strip_suffix(domain) else {
            return outside::answer(name, wants);
        };
        let labels: Vec<&str> = inner.split('.').filter(|label| !label.is_empty()).collect();
        let records = match labels.as_slice() {
            [] | ["svc" | "pod"] => Some(Vec::new()),
            [ip, _, "pod"] => dashed(ip).map(|ip| vec![Data::A(ip)]),
            [service, namespace, "svc"] => {
                return self.service_answer(name, &Key::new(*namespace, *service), wants, domain);
            }
            [port, protocol, service, namespace, "svc"] => {
                let key = Key::new(*namespace, *service);
                self.port(&key, port, protocol, domain)
            }
            [host, service, namespace, "svc"] => {
                let key = Key::new(*namespace, *service);
                self.host(&key, host).map(|ip| vec![Data::A(ip)])
            }
            _ => None,
        };
        match records {
            None => Response::none(true),
            Some(records) => {
                let asked = records.into_iter().filter(|data| fits(data, wants));
                found(name, asked)
            }
        }
    }

    fn service_answer(&self, name: &str, key: &Key, wants: RecordType, domain: &str) -> Response {
        let Some(service) = self.services.get(key) else {
            return Response::none(true);
        };
        let spec = service.spec.as_ref();
        let external = spec.and_then(|spec| spec.external_name.as_deref());
        if let Some(target) = external.filter(|target| !target.is_empty()) {
            return self.external(name, target, wants, domain, CNAMES_MAX);
        }
        let addresses = self.addresses(key, service);
        if addresses.is_empty() {
            return Response::none(true);
        }
        match wants {
            RecordType::A => found(name, addresses.into_iter().map(Data::A)),
            _ => found(name, []),
        }
    }

    fn external(
        &self,
        name: &str,
        target: &str,
        wants: RecordType,
        domain: &str,
        left: usize,
    ) -> Response {
        let target = target.trim_end_matches('.');
        let mut response = found(name, [Data::Cname(target.into())]);
        if left > 0 && target != name {
            // A chain that leads back here ends at the limit.
            let further = self.answer_limited(target, wants, domain, left - 1);
            response.answers.extend(further.answers);
        }
        response
    }

    fn answer_limited(&self, name: &str, wants: RecordType, domain: &str, left: usize) -> Response {
        let external = name.strip_suffix(domain).and_then(|inner| {
            let labels: Vec<&str> = inner.split('.').filter(|label| !label.is_empty()).collect();
            let [service, namespace, "svc"] = labels.as_slice() else {
                return None;
            };
            let service = self.services.get(&Key::new(*namespace, *service))?;
            service.spec.as_ref()?.external_name.clone()
        });
        match external {
            Some(target) => self.external(name, &target, wants, domain, left),
            None => self.answer(name, wants, domain),
        }
    }

    /// The virtual address; for a headless Service its ready endpoints.
    fn addresses(&self, key: &Key, service: &Service) -> Vec<Ipv4Addr> {
        match super::cluster_ip(service) {
            Some(ip) => vec![ip],
            None => self
                .ready(key)
                .filter_map(|(_, one)| address(one))
                .collect(),
        }
    }

    fn slices(&self, key: &Key) -> impl Iterator<Item = &Arc<EndpointSlice>> {
        let keys = self.slices_of.get(key).into_iter().flatten();
        keys.filter_map(|key| self.slices.get(key))
            .filter(|slice| slice.address_type == "IPv4")
    }

    fn ready(&self, key: &Key) -> impl Iterator<Item = (&EndpointSlice, &Endpoint)> {
        self.slices(key).flat_map(|slice| {
            let is_ready = |one: &&Endpoint| {
                let conditions = one.conditions.as_ref();
                conditions
                    .and_then(|conditions| conditions.ready)
                    .unwrap_or(true)
            };
            let endpoints = slice.endpoints.iter().flatten().filter(is_ready);
            endpoints.map(|one| (&**slice, one))
        })
    }

    /// `hostname.service` or `10-244-1-2.service`.
    fn host(&self, key: &Key, host: &str) -> Option<Ipv4Addr> {
        let mut ready = self.ready(key);
        let (_, one) = ready.find(|(_, one)| &*host_name(one) == host)?;
        address(one)
    }

    /// `_http._tcp.service`.
    fn port(&self, key: &Key, port: &str, protocol: &str, domain: &str) -> Option<Vec<Data>> {
        let port = port.strip_prefix('_')?;
        let protocol = protocol.strip_prefix('_')?;
        let service = self.services.get(key)?;
        let ports = service.spec.as_ref()?.ports.as_ref()?;
        let found = ports.iter().find(|one| {
            one.name.as_deref() == Some(port)
                && Protocol::parse(one.protocol.as_deref()).lower() == protocol
        })?;
        let base = format!("{}.{}.svc.{domain}", key.name, key.namespace);
        let record = |port: i32, target: String, weight: u16| Data::Srv {
            port: u16::try_from(port).unwrap_or_default(),
            target: target.into(),
            weight,
        };
        if super::cluster_ip(service).is_some() {
            return Some(vec![record(found.port, base, 100)]);
        }
        let count = u16::try_from(self.ready(key).count().max(1)).unwrap_or(u16::MAX);
        let records = self.ready(key).filter_map(|(slice, one)| {
            let number = slice_port(slice, port)?;
            let target = format!("{}.{base}", host_name(one));
            Some(record(number, target, 100 / count.min(100)))
        });
        Some(records.collect())
    }

    fn reverse(&self, name: &str) -> Option<&Key> {
        let inner = name.strip_suffix(".in-addr.arpa")?;
        let mut octets: Vec<&str> = inner.split('.').collect();
        octets.reverse();
        let ip: Ipv4Addr = octets.join(".").parse().ok()?;
        self.by_ip.get(&ip)
    }
}

fn found(name: &str, data: impl IntoIterator<Item = Data>) -> Response {
    let answer = |data| Answer {
        name: name.into(),
        ttl: TTL,
        data,
    };
    Response::records(true, data.into_iter().map(answer).collect())
}

fn fits(data: &Data, wants: RecordType) -> bool {
    matches!(
        (data, wants),
        (Data::A(_), RecordType::A) | (Data::Srv { .. }, RecordType::Srv)
    )
}

fn slice_port(slice: &EndpointSlice, name: &str) -> Option<i32> {
    let ports = slice.ports.as_ref()?;
    ports
        .iter()
        .find(|port| port.name.as_deref() == Some(name))?
        .port
}

fn address(endpoint: &Endpoint) -> Option<Ipv4Addr> {
    endpoint.addresses.first()?.parse().ok()
}

fn host_name(endpoint: &Endpoint) -> Name {
    match &endpoint.hostname {
        Some(name) => name.as_str().into(),
        None => endpoint
            .addresses
            .first()
            .map(|ip| ip.replace('.', "-"))
            .unwrap_or_default()
            .into(),
    }
}

fn dashed(text: &str) -> Option<Ipv4Addr> {
    text.replace('-', ".").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Kind, Object};
    use crate::apiserver::WatchEvent;
    use crate::sim::trace::Change;
    use serde_json::{Value, json};

    fn dns() -> CoreDns {
        let mut dns = CoreDns::new();
        let mut add = |kind, value: Value| {
            dns.take(&WatchEvent {
                change: Change::Added,
                object: Object::from_json(kind, value).expect("an object"),
                revision: 1,
                cause: None,
            });
        };
        add(
            Kind::Service,
            json!({"metadata": {"name": "web", "namespace": "shop"},
            "spec": {"clusterIP": "10.96.0.17", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}}),
        );
        add(
            Kind::Service,
            json!({"metadata": {"name": "db", "namespace": "shop"},
            "spec": {"clusterIP": "None", "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}]}}),
        );
        add(
            Kind::EndpointSlice,
            json!({"metadata": {"name": "db-1", "namespace": "shop",
                "labels": {"kubernetes.io/service-name": "db"}}, "addressType": "IPv4",
            "endpoints": [
                {"addresses": ["10.244.1.5"], "hostname": "db-0", "conditions": {"ready": true}},
                {"addresses": ["10.244.2.6"], "conditions": {"ready": true}},
                {"addresses": ["10.244.2.7"], "conditions": {"ready": false}}],
            "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}]}),
        );
        add(
            Kind::Service,
            json!({"metadata": {"name": "api", "namespace": "shop"},
            "spec": {"type": "ExternalName", "externalName": "example.com", "ports": []}}),
        );
        add(
            Kind::Service,
            json!({"metadata": {"name": "loop", "namespace": "shop"},
            "spec": {"type": "ExternalName", "externalName": "loop.shop.svc.cluster.local", "ports": []}}),
        );
        dns
    }

    #[test]
    fn names_of_the_cluster_are_answered() {
        use RecordType::{A, Ptr, Srv};
        let cases: [(&str, RecordType, Option<&[&str]>); 12] = [
            ("web.shop.svc.cluster.local", A, Some(&["A 10.96.0.17"])),
            ("web.shop.svc.cluster.local", Srv, Some(&[])),
            (
                "_http._tcp.web.shop.svc.cluster.local",
                Srv,
                Some(&["SRV 0 100 80 web.shop.svc.cluster.local."]),
            ),
            (
                "db.shop.svc.cluster.local",
                A,
                Some(&["A 10.244.1.5", "A 10.244.2.6"]),
            ),
            ("db-0.db.shop.svc.cluster.local", A, Some(&["A 10.244.1.5"])),
            (
                "10-244-2-6.db.shop.svc.cluster.local",
                A,
                Some(&["A 10.244.2.6"]),
            ),
            ("db-9.db.shop.svc.cluster.local", A, None),
            (
                "10-244-1-9.shop.pod.cluster.local",
                A,
                Some(&["A 10.244.1.9"]),
            ),
            ("nobody.shop.svc.cluster.local", A, None),
            (
                "17.0.96.10.in-addr.arpa",
                Ptr,
                Some(&["PTR web.shop.svc.cluster.local."]),
            ),
            (
                "loop.shop.svc.cluster.local",
                A,
                Some(&["CNAME loop.shop.svc.cluster.local."]),
            ),
            ("example.com.shop.svc.cluster.local", A, None),
        ];
        let dns = dns();
        for (name, wants, expected) in cases {
            let response = dns.answer(name, wants, "cluster.local");
            let records: Vec<String> = response.answers.iter().map(Answer::to_string).collect();
            let Some(expected) = expected else {
                assert_eq!(response.rcode, super::super::Rcode::NxDomain, "{name}");
                continue;
            };
            let ends = records.iter().zip(expected);
            assert!(
                records.len() == expected.len()
                    && ends.clone().all(|(one, end)| one.ends_with(end)),
                "{name} {wants}: {records:?}"
            );
        }
    }

    #[test]
    fn an_external_name_leads_outside() {
        let response = dns().answer("api.shop.svc.cluster.local", RecordType::A, "cluster.local");
        assert_eq!(response.answers.len(), 2);
        assert!(response.addresses().all(outside::is_host));
    }
}
