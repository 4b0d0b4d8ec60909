//! Rules computed once for all nodes. Every kube-proxy sees the same objects
//! (shared allocations), so what the first of them computed serves the others;
//! only rules that depend on the node are computed by each.

use super::endpoints::{Endpoint, Here, depends_on_node, endpoints_of, usable};
use super::port::PortInfo;
use super::rules::Writer;
use crate::api::{EndpointSlice, Key, Service};
use crate::network::netfilter::ServiceRules;
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug)]
struct Shared {
    service: Arc<Service>,
    slices: Vec<Arc<EndpointSlice>>,
    ports: Vec<SharedPort>,
}

#[derive(Clone, Debug)]
struct SharedPort {
    info: Arc<PortInfo>,
    endpoints: Arc<Vec<Endpoint>>,
    /// None where each node has its own.
    rules: Option<Arc<ServiceRules>>,
}

/// Versions of a Service that are kept: nodes see changes at different times.
const VERSIONS_MAX: usize = 4;

/// The latest rules of every Service, the newest version first.
#[derive(Clone, Debug, Default)]
pub struct SharedRules {
    latest: BTreeMap<Key, Vec<Arc<Shared>>>,
}

impl SharedRules {
    /// The rules of a Service, with these slices, on the node `here`.
    pub fn rules(
        &mut self,
        key: &Key,
        service: &Arc<Service>,
        slices: Vec<Arc<EndpointSlice>>,
        here: &Here,
        cluster_cidr: Ipv4Net,
    ) -> Vec<Arc<ServiceRules>> {
        let versions = self.latest.entry(key.clone()).or_default();
        let known = versions.iter().find(|one| one.is_of(service, &slices));
        let shared = match known {
            Some(shared) => shared.clone(),
            None => {
                let shared = Arc::new(Shared::new(service, slices, here, cluster_cidr));
                versions.insert(0, shared.clone());
                versions.truncate(VERSIONS_MAX);
                shared
            }
        };
        let of_port = |port: &SharedPort| match &port.rules {
            Some(rules) => rules.clone(),
            None => port.write(here, cluster_cidr),
        };
        shared.ports.iter().map(of_port).collect()
    }

    /// A Service is gone.
    pub fn forget(&mut self, key: &Key) {
        self.latest.remove(key);
    }
}

impl Shared {
    fn new(
        service: &Arc<Service>,
        slices: Vec<Arc<EndpointSlice>>,
        here: &Here,
        cluster_cidr: Ipv4Net,
    ) -> Self {
        let ports = PortInfo::all(service).into_iter().map(|info| {
            let endpoints = endpoints_of(&info, &slices);
            let own = depends_on_node(&info, &endpoints);
            let mut port = SharedPort {
                info: Arc::new(info),
                endpoints: Arc::new(endpoints),
                rules: None,
            };
            if !own {
                port.rules = Some(port.write(here, cluster_cidr));
            }
            port
        });
        Shared {
            service: service.clone(),
            ports: ports.collect(),
            slices,
        }
    }

    fn is_of(&self, service: &Arc<Service>, slices: &[Arc<EndpointSlice>]) -> bool {
        let same =
            |(one, other): (&Arc<EndpointSlice>, &Arc<EndpointSlice>)| Arc::ptr_eq(one, other);
        Arc::ptr_eq(&self.service, service)
            && self.slices.len() == slices.len()
            && self.slices.iter().zip(slices).all(same)
    }
}

impl SharedPort {
    fn write(&self, here: &Here, cluster_cidr: Ipv4Net) -> Arc<ServiceRules> {
        let usable = usable(&self.info, &self.endpoints, here);
        Arc::new(Writer::write(&self.info, &usable, here, cluster_cidr))
    }
}
