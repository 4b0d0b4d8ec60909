//! Endpoints and EndpointSlices.

use super::cluster::endpoint_address;
use super::container::PROTOCOLS;
use super::field::{Errors, Path, list, text};
use super::pod::SCOPE;
use super::probe::port_number;
use super::{ip, meta, names};
use crate::api::{EndpointSlice, Endpoints, core};
use std::collections::BTreeSet;

const ADDRESSES_MAX: usize = 100;
const PORTS_MAX: usize = 20_000;
const ENDPOINTS_MAX: usize = 1000;
const ADDRESS_TYPES: [&str; 3] = ["FQDN", "IPv4", "IPv6"];

pub(super) fn create_endpoints(endpoints: &Endpoints, errors: &mut Errors) {
    meta::create(&endpoints.metadata, &SCOPE, errors);
    let subsets_path = Path::root("subsets");
    for (index, subset) in list(&endpoints.subsets).iter().enumerate() {
        let path = subsets_path.index(index);
        let lists = [
            ("addresses", list(&subset.addresses)),
            ("notReadyAddresses", list(&subset.not_ready_addresses)),
        ];
        if lists.iter().all(|(_, addresses)| addresses.is_empty()) {
            errors.required(&path, "must specify `addresses` or `notReadyAddresses`");
        }
        for (field, addresses) in lists {
            let path = path.child(field);
            for (index, address) in addresses.iter().enumerate() {
                endpoint_address(address, &path.index(index), errors);
            }
        }
        let ports = list(&subset.ports);
        let ports_path = path.child("ports");
        for (index, port) in ports.iter().enumerate() {
            endpoint_port(port, ports.len() > 1, &ports_path.index(index), errors);
        }
    }
}

fn endpoint_port(
    port: &core::EndpointPort,
    name_required: bool,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let name = text(&port.name);
    if !name.is_empty() {
        errors.rule(&path.child("name"), name, names::label);
    } else if name_required {
        errors.required(&path.child("name"), "");
    }
    port_number(port.port, &path.child("port"), errors);
    errors.one_of(&path.child("protocol"), text(&port.protocol), &PROTOCOLS);
    if let Some(protocol) = &port.app_protocol {
        errors.rule(&path.child("appProtocol"), protocol, names::qualified);
    }
}

pub(super) fn update_endpoints(new: &Endpoints, old: &Endpoints, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    create_endpoints(new, errors);
}

pub(super) fn create_slice(slice: &EndpointSlice, errors: &mut Errors) {
    meta::create(&slice.metadata, &SCOPE, errors);
    errors.one_of(
        &Path::root("addressType"),
        &slice.address_type,
        &ADDRESS_TYPES,
    );
    slice_ports(slice, errors);
    slice_endpoints(slice, errors);
}

fn slice_ports(slice: &EndpointSlice, errors: &mut Errors) {
    let ports_path = Path::root("ports");
    let ports = list(&slice.ports);
    if ports.len() > PORTS_MAX {
        errors.too_many(&ports_path, ports.len(), PORTS_MAX);
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = ports_path.index(index);
        let name = text(&port.name);
        let name_path = path.child("name");
        if !name.is_empty() {
            errors.rule(&name_path, name, names::label);
        }
        if !seen.insert(name) {
            errors.duplicate(&name_path, name);
        }
        let protocol_path = path.child("protocol");
        match port.protocol.as_deref() {
            None => errors.required(&protocol_path, ""),
            Some(protocol) if !PROTOCOLS.contains(&protocol) => {
                errors.unsupported(&protocol_path, protocol, &PROTOCOLS);
            }
            Some(_) => {}
        }
        if let Some(protocol) = &port.app_protocol {
            errors.rule(&path.child("appProtocol"), protocol, names::qualified);
        }
    }
}

fn slice_endpoints(slice: &EndpointSlice, errors: &mut Errors) {
    let endpoints_path = Path::root("endpoints");
    let endpoints = list(&slice.endpoints);
    if endpoints.len() > ENDPOINTS_MAX {
        errors.too_many(&endpoints_path, endpoints.len(), ENDPOINTS_MAX);
        return;
    }
    for (index, endpoint) in endpoints.iter().enumerate() {
        let path = endpoints_path.index(index);
        let addresses_path = path.child("addresses");
        match endpoint.addresses.len() {
            0 => errors.required(&addresses_path, "must contain at least 1 address"),
            many if many > ADDRESSES_MAX => {
                errors.too_many(&addresses_path, many, ADDRESSES_MAX);
            }
            _ => {}
        }
        for (index, address) in endpoint.addresses.iter().enumerate() {
            let path = addresses_path.index(index);
            let is_six = address.contains(':');
            match slice.address_type.as_str() {
                family @ ("IPv4" | "IPv6") => {
                    let parsed = ip::parse_sloppy(address);
                    if parsed.is_none_or(|it| it.is_ipv6() != (family == "IPv6")) {
                        let detail = format!("must be an {family} address");
                        errors.invalid(&addresses_path, address, detail);
                    }
                    ip::not_special(address, &path, errors);
                }
                "FQDN" if address.is_empty() || is_six => errors.required(&path, ""),
                "FQDN" => {
                    let name = address.strip_suffix('.').unwrap_or(address);
                    errors.rule(&path, name, names::subdomain);
                    if !name.contains('.') {
                        let detail =
                            "should be a domain with at least two segments separated by dots";
                        errors.invalid(&path, address, detail);
                    }
                }
                _ => {}
            }
        }
        if let Some(topology) = &endpoint.deprecated_topology {
            meta::labels(topology, &path.child("topology"), errors);
        }
        if let Some(hostname) = &endpoint.hostname {
            errors.rule(&path.child("hostname"), hostname, names::label);
        }
    }
}

pub(super) fn update_slice(new: &EndpointSlice, old: &EndpointSlice, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    slice_ports(new, errors);
    let same = new.address_type == old.address_type;
    // Addresses of another family are not told besides.
    if same {
        slice_endpoints(new, errors);
    }
    errors.immutable(&Path::root("addressType"), same, &new.address_type);
}
