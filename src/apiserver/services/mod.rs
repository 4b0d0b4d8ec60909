//! Addresses and ports of Services: taken when a Service is written, given back
//! when it goes (`pkg/registry/core/service/storage/alloc.go`).

mod pool;
mod shape;

use crate::api::core::{ServicePort, ServiceSpec};
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Service};
use crate::sim::Chance;
use pool::{Pool, Taken};
use shape::{needs_cluster_ip, needs_health_check_port, needs_node_ports};
use std::net::Ipv4Addr;

/// First address of the service network 10.96.0.0/16.
const NETWORK: u32 = 0x0a60_0000;
/// How many addresses the service network has.
const ADDRESSES: u32 = 1 << 16;
/// `--service-node-port-range`.
const NODE_PORTS: std::ops::RangeInclusive<u32> = 30_000..=32_767;
/// What a dry run shows where a real run would allocate.
const DRY_RUN_ADDRESS: &str = "10.96.0.0";
const DRY_RUN_PORT: i32 = 32_769;

/// The addresses and node ports in use.
#[derive(Clone, Debug)]
pub(super) struct Allocators {
    addresses: Pool,
    ports: Pool,
}

impl Default for Allocators {
    fn default() -> Self {
        Allocators {
            // Neither the network's own address nor the broadcast address.
            addresses: Pool::new(NETWORK + 1, NETWORK + ADDRESSES - 2, ADDRESSES, 16, 256, 16),
            ports: Pool::new(
                *NODE_PORTS.start(),
                *NODE_PORTS.end(),
                NODE_PORTS.end() - NODE_PORTS.start() + 1,
                16,
                128,
                32,
            ),
        }
    }
}

/// What one write took so far, to give it back should a later step fail.
#[derive(Default)]
struct Receipt {
    addresses: Vec<u32>,
    ports: Vec<u32>,
}

impl Allocators {
    /// Takes what `service` needs and does not have `before`, and gives back what
    /// it no longer needs.
    pub(super) fn allocate(
        &mut self,
        service: &mut Service,
        before: Option<&Service>,
        chance: &mut Chance,
        dry_run: bool,
    ) -> Result<(), ApiError> {
        let name = service.metadata.name.clone().unwrap_or_default();
        let spec = service.spec.get_or_insert_default();
        let old = before.and_then(|before| before.spec.as_ref());
        shape::default_families(spec);
        let mut receipt = Receipt::default();
        let outcome = self
            .take_address(&name, spec, old, chance, dry_run, &mut receipt)
            .and_then(|()| self.take_ports(&name, spec, old, chance, dry_run, &mut receipt))
            .and_then(|()| self.take_health_port(spec, old, chance, dry_run, &mut receipt));
        if outcome.is_err() || dry_run {
            receipt
                .addresses
                .iter()
                .for_each(|a| self.addresses.release(*a));
            receipt
                .ports
                .iter()
                .for_each(|port| self.ports.release(*port));
            return outcome;
        }
        if let Some(old) = old {
            let (had, has) = (Holdings::of(old), Holdings::of(spec));
            for address in had.addresses.iter().filter(|a| !has.addresses.contains(a)) {
                self.addresses.release(*address);
            }
            for port in had.ports.iter().filter(|port| !has.ports.contains(port)) {
                self.ports.release(*port);
            }
        }
        Ok(())
    }

    /// Gives back everything that a Service holds.
    pub(super) fn release(&mut self, service: &Service) {
        let held = service.spec.as_ref().map(Holdings::of).unwrap_or_default();
        held.addresses
            .iter()
            .for_each(|a| self.addresses.release(*a));
        held.ports.iter().for_each(|port| self.ports.release(*port));
    }

    fn take_address(
        &mut self,
        name: &str,
        spec: &mut ServiceSpec,
        old: Option<&ServiceSpec>,
        chance: &mut Chance,
        dry_run: bool,
        receipt: &mut Receipt,
    ) -> Result<(), ApiError> {
        if !needs_cluster_ip(spec) || spec.cluster_ip.as_deref() == Some("None") {
            return Ok(());
        }
        let wanted = spec.cluster_ips.iter().flatten().next().cloned();
        let wanted = wanted.filter(|wanted| !wanted.is_empty());
        if wanted.is_some() && old.is_some_and(|old| holds(old, wanted.as_deref())) {
            return Ok(());
        }
        let text = match wanted {
            Some(text) => {
                let address = self
                    .take_given_address(&text)
                    .map_err(|why| address_refused(name, spec, &text, why))?;
                receipt.addresses.push(address);
                text
            }
            None if dry_run => DRY_RUN_ADDRESS.to_owned(),
            None => {
                let address = self.addresses.take_next(chance).ok_or_else(|| {
                    status::internal("failed to allocate a serviceIP: range is full")
                })?;
                receipt.addresses.push(address);
                Ipv4Addr::from_bits(address).to_string()
            }
        };
        spec.cluster_ip = Some(text.clone());
        spec.cluster_ips = Some(vec![text]);
        Ok(())
    }

    fn take_given_address(&mut self, text: &str) -> Result<u32, &'static str> {
        let outside = "the provided network does not match the current range";
        let address = text.parse::<Ipv4Addr>().map_err(|_| outside)?.to_bits();
        match self.addresses.take(address) {
            Taken::Now => Ok(address),
            Taken::Before => Err("provided IP is already allocated"),
            Taken::Outside => Err(outside),
        }
    }

    fn take_ports(
        &mut self,
        name: &str,
        spec: &mut ServiceSpec,
        old: Option<&ServiceSpec>,
        chance: &mut Chance,
        dry_run: bool,
        receipt: &mut Receipt,
    ) -> Result<(), ApiError> {
        if !needs_node_ports(spec) {
            return Ok(());
        }
        let allocate = spec.allocate_load_balancer_node_ports != Some(false)
            || spec.type_.as_deref() == Some("NodePort");
        let had = old.map(Holdings::of).unwrap_or_default().ports;
        let mut ports = spec.ports.take().unwrap_or_default();
        let mut failure = None;
        // The number that a port of this Service has; TCP and UDP share it.
        let mut numbers: Vec<(i32, i32)> = Vec::new();
        for index in 0..ports.len() {
            let Some(port) = ports.get(index) else { break };
            let (number, own) = (port.port, port.node_port.unwrap_or(0));
            if own == 0 && !allocate {
                continue;
            }
            let shared = numbers.iter().find(|(port, _)| *port == number);
            let shared = shared.map(|(_, node_port)| *node_port);
            let wanted = match shared {
                Some(shared) if own == 0 || own == shared => shared,
                Some(_) => own,
                None => requested(number, &ports[index..]),
            };
            let node_port = match wanted {
                wanted if shared == Some(wanted) => wanted,
                0 if dry_run => DRY_RUN_PORT,
                0 => match self.ports.take_next(chance) {
                    Some(taken) => {
                        receipt.ports.push(taken);
                        i32::try_from(taken).unwrap_or_default()
                    }
                    None => {
                        failure = Some(status::internal(
                            "failed to allocate a nodePort: range is full",
                        ));
                        break;
                    }
                },
                wanted if had.contains(&wanted.unsigned_abs()) => wanted,
                wanted => {
                    if let Err(error) = self.take_given_port(name, index, wanted, receipt) {
                        failure = Some(error);
                        break;
                    }
                    wanted
                }
            };
            numbers.push((number, node_port));
            if let Some(port) = ports.get_mut(index) {
                port.node_port = Some(node_port);
            }
        }
        spec.ports = Some(ports);
        failure.map_or(Ok(()), Err)
    }

    fn take_given_port(
        &mut self,
        name: &str,
        index: usize,
        wanted: i32,
        receipt: &mut Receipt,
    ) -> Result<(), ApiError> {
        let why = match self.ports.take(u32::try_from(wanted).unwrap_or(0)) {
            Taken::Now => {
                receipt.ports.push(wanted.unsigned_abs());
                return Ok(());
            }
            Taken::Before => "provided port is already allocated".to_owned(),
            Taken::Outside => format!(
                "provided port is not in the valid range. The range of valid ports is {}-{}",
                NODE_PORTS.start(),
                NODE_PORTS.end()
            ),
        };
        let message = format!("Invalid value: {wanted}: {why}");
        let field = format!("spec.ports[{index}].nodePort");
        let cause = status::cause("FieldValueInvalid", &field, message);
        Err(status::invalid(Kind::Service, name, vec![cause]))
    }

    fn take_health_port(
        &mut self,
        spec: &mut ServiceSpec,
        old: Option<&ServiceSpec>,
        chance: &mut Chance,
        dry_run: bool,
        receipt: &mut Receipt,
    ) -> Result<(), ApiError> {
        if !needs_health_check_port(spec) {
            return Ok(());
        }
        let wanted = spec.health_check_node_port.unwrap_or(0);
        let had = old.and_then(|old| old.health_check_node_port);
        if wanted != 0 && had == Some(wanted) {
            return Ok(());
        }
        if wanted == 0 && dry_run {
            spec.health_check_node_port = Some(DRY_RUN_PORT);
            return Ok(());
        }
        let taken = match u32::try_from(wanted).unwrap_or(0) {
            0 => self.ports.take_next(chance),
            wanted => matches!(self.ports.take(wanted), Taken::Now).then_some(wanted),
        };
        let Some(taken) = taken else {
            return Err(status::internal(format!(
                "failed to allocate requested HealthCheck NodePort {wanted}: provided port is already allocated"
            )));
        };
        receipt.ports.push(taken);
        spec.health_check_node_port = i32::try_from(taken).ok();
        Ok(())
    }
}

/// The node port that the ports of this number ask for, or 0.
fn requested(number: i32, ports: &[ServicePort]) -> i32 {
    ports
        .iter()
        .filter(|port| port.port == number)
        .find_map(|port| port.node_port.filter(|node_port| *node_port != 0))
        .unwrap_or(0)
}

fn holds(spec: &ServiceSpec, address: Option<&str>) -> bool {
    needs_cluster_ip(spec) && spec.cluster_ip.as_deref() == address
}

/// What a Service has from the pools.
#[derive(Default)]
struct Holdings {
    addresses: Vec<u32>,
    ports: Vec<u32>,
}

impl Holdings {
    fn of(spec: &ServiceSpec) -> Holdings {
        let mut held = Holdings::default();
        if needs_cluster_ip(spec) {
            let addresses = spec.cluster_ips.iter().flatten();
            held.addresses = addresses
                .filter_map(|text| text.parse::<Ipv4Addr>().ok())
                .map(Ipv4Addr::to_bits)
                .collect();
        }
        let node_ports = spec
            .ports
            .iter()
            .flatten()
            .filter_map(|port| port.node_port);
        held.ports = node_ports
            .chain(spec.health_check_node_port)
            .filter_map(|port| u32::try_from(port).ok())
            .filter(|port| *port != 0)
            .collect();
        held
    }
}

fn address_refused(name: &str, spec: &ServiceSpec, address: &str, why: &str) -> ApiError {
    let list = serde_json::to_string(&spec.cluster_ips).unwrap_or_default();
    let message = format!("Invalid value: {list}: failed to allocate IP {address}: {why}");
    let cause = status::cause("FieldValueInvalid", "spec.clusterIPs", message);
    status::invalid(Kind::Service, name, vec![cause])
}
