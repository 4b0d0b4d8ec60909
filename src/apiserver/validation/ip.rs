//! Addresses and networks inside objects.

use super::field::{Errors, Path};
use std::net::IpAddr;

/// `010.1.2.3`: some read that as octal.
fn has_leading_zeros(text: &str) -> bool {
    text.contains('.')
        && text
            .split(['.', '/'])
            .any(|part| part.len() > 1 && part.starts_with('0'))
}

/// What upstream still parses although it complains: leading zeros are dropped.
pub(super) fn parse_sloppy(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if !has_leading_zeros(text) || text.contains(':') {
        return None;
    }
    let plain: Vec<&str> = text
        .split('.')
        .map(|part| match part.trim_start_matches('0') {
            "" => "0",
            rest => rest,
        })
        .collect();
    plain.join(".").parse().ok()
}

/// A canonical address.
pub(super) fn address(text: &str, path: &Path<'_>, errors: &mut Errors) {
    match parse_sloppy(text) {
        None => errors.invalid(
            path,
            text,
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        Some(address) => {
            if has_leading_zeros(text) {
                errors.invalid(path, text, "must not have leading 0s");
            }
            if is_mapped(&address) {
                errors.invalid(path, text, "must not be an IPv4-mapped IPv6 address");
            }
        }
    }
}

fn is_mapped(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V6(six) if six.to_ipv4_mapped().is_some())
}

/// `10.0.0.0/8`.
pub(super) fn network(text: &str, path: &Path<'_>, errors: &mut Errors) {
    let parsed = text.split_once('/').and_then(|(address, length)| {
        let address = parse_sloppy(address)?;
        let length: u8 = length.parse().ok()?;
        let max = if address.is_ipv4() { 32 } else { 128 };
        (length <= max).then_some(address)
    });
    match parsed {
        None => errors.invalid(
            path,
            text,
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        ),
        Some(_) if has_leading_zeros(text) => {
            errors.invalid(
                path,
                text,
                "must not have leading 0s in IP or prefix length",
            );
        }
        Some(_) => {}
    }
}

/// Addresses that no traffic may be sent to by way of a Service.
pub(super) fn not_special(text: &str, path: &Path<'_>, errors: &mut Errors) {
    let Some(address) = parse_sloppy(text) else {
        errors.invalid(path, text, "must be a valid IP address");
        return;
    };
    if address.is_unspecified() {
        errors.invalid(path, text, format!("may not be unspecified ({text})"));
    }
    if address.is_loopback() {
        let detail = "may not be in the loopback range (127.0.0.0/8, ::1/128)";
        errors.invalid(path, text, detail);
    }
    let (link_local, link_local_multicast) = match address {
        IpAddr::V4(four) => (four.is_link_local(), four.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(six) => (
            six.is_unicast_link_local(),
            six.segments()[0] & 0xff0f == 0xff02,
        ),
    };
    if link_local {
        let detail = "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
        errors.invalid(path, text, detail);
    }
    if link_local_multicast {
        let detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
        errors.invalid(path, text, detail);
    }
}
