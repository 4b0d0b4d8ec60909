//! The forms of names: labels, subdomains, qualified names, ports, keys. Wording
//! is that of `k8s.io/apimachinery/pkg/util/validation`.

use std::borrow::Cow;

type Messages = Vec<Cow<'static, str>>;

const LABEL_LENGTH_MAX: usize = 63;
const SUBDOMAIN_LENGTH_MAX: usize = 253;
const PORT_NAME_LENGTH_MAX: usize = 15;

fn longer(value: &str, max: usize, out: &mut Messages) {
    if value.len() > max {
        out.push(format!("must be no more than {max} characters").into());
    }
}

fn lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Begins and ends with `edge`, and holds only `edge` and `inner` between.
fn framed(value: &str, edge: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => {
            edge(*first) && edge(*last) && bytes.iter().all(|byte| edge(*byte) || inner(*byte))
        }
        _ => false,
    }
}

fn is_label(value: &str) -> bool {
    framed(value, lower_alphanumeric, |byte| byte == b'-')
}

fn is_subdomain(value: &str) -> bool {
    value.split('.').all(is_label)
}

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63.
pub(super) fn label(value: &str, out: &mut Messages) {
    longer(value, LABEL_LENGTH_MAX, out);
    if is_label(value) {
        return;
    }
    if is_subdomain(value) {
        out.push("must not contain dots".into());
    } else {
        out.push(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
             and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
             regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .into(),
        );
    }
}

/// The name of a service: it begins with a letter.
pub(super) fn label_of_1035(value: &str, out: &mut Messages) {
    if value.len() > 63 {
        out.push("must be no more than 63 bytes".into());
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fine = value.bytes().all(|byte| plain(byte) || byte == b'-')
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && value.bytes().last().is_some_and(plain);
    if !fine {
        out.push("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')".into());
    }
}

/// Labels joined by dots, at most 253.
pub(super) fn subdomain(value: &str, out: &mut Messages) {
    longer(value, SUBDOMAIN_LENGTH_MAX, out);
    if !is_subdomain(value) {
        out.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', \
             regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .into(),
        );
    }
}

/// A search domain: a subdomain whose labels may hold underscores.
pub(super) fn search_domain(value: &str, out: &mut Messages) {
    fn fits(label: &str) -> bool {
        let label = label.strip_prefix('_').unwrap_or(label);
        framed(label, lower_alphanumeric, |byte| {
            matches!(byte, b'-' | b'_')
        })
    }
    longer(value, SUBDOMAIN_LENGTH_MAX, out);
    if !value.split('.').all(fits) {
        out.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '_', '-' or '.', and must start and end with an alphanumeric character (e.g. \
             'example.com', regex used for validation is \
             '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
                .into(),
        );
    }
}

/// A segment of a path; kinds whose names are otherwise free (RBAC).
pub(super) fn path_segment(value: &str, out: &mut Messages) {
    match value {
        "." | ".." => out.push(format!("may not be '{value}'").into()),
        _ => {
            for illegal in ["/", "%"] {
                if value.contains(illegal) {
                    out.push(format!("may not contain '{illegal}'").into());
                }
            }
        }
    }
}

/// The part of a qualified name after its prefix.
fn is_name_part(value: &str) -> bool {
    framed(
        value,
        |byte| byte.is_ascii_alphanumeric(),
        |byte| matches!(byte, b'-' | b'_' | b'.'),
    )
}

const NAME_PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and \
    end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
    validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// `name` or `example.com/name`: keys of labels, taints, resources, finalizers.
pub(super) fn qualified(value: &str, out: &mut Messages) {
    let (prefix, name) = match value.split_once('/') {
        None => (None, value),
        Some((_, rest)) if rest.contains('/') => {
            out.push(
                format!(
                    "a qualified name {NAME_PART} with an optional DNS subdomain prefix and '/' \
                     (e.g. 'example.com/MyName')"
                )
                .into(),
            );
            return;
        }
        Some((prefix, name)) => (Some(prefix), name),
    };
    match prefix {
        Some("") => out.push("prefix part must be non-empty".into()),
        Some(prefix) => {
            let mut messages = Vec::new();
            subdomain(prefix, &mut messages);
            out.extend(
                messages
                    .into_iter()
                    .map(|it| format!("prefix part {it}").into()),
            );
        }
        None => {}
    }
    if name.is_empty() {
        out.push("name part must be non-empty".into());
    } else if name.len() > LABEL_LENGTH_MAX {
        out.push(format!("name part must be no more than {LABEL_LENGTH_MAX} bytes").into());
    }
    if !is_name_part(name) {
        out.push(format!("name part {NAME_PART}").into());
    }
}

/// Whether a text can be the key of a label.
pub(super) fn is_qualified(value: &str) -> bool {
    let mut messages = Vec::new();
    qualified(value, &mut messages);
    messages.is_empty()
}

/// Empty, or as a qualified name without a prefix.
pub(super) fn label_value(value: &str, out: &mut Messages) {
    if value.len() > LABEL_LENGTH_MAX {
        out.push(format!("must be no more than {LABEL_LENGTH_MAX} bytes").into());
    }
    if !value.is_empty() && !is_name_part(value) {
        out.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' \
             or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
             'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .into(),
        );
    }
}

/// Keys of ConfigMaps and Secrets, which become file names.
pub(super) fn config_key(value: &str, out: &mut Messages) {
    longer(value, SUBDOMAIN_LENGTH_MAX, out);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if value.is_empty() || !value.bytes().all(fits) {
        out.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
             'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
             '[-._a-zA-Z0-9]+')"
                .into(),
        );
    }
    match value {
        "." => out.push("must not be '.'".into()),
        ".." => out.push("must not be '..'".into()),
        _ if value.starts_with("..") => out.push("must not start with '..'".into()),
        _ => {}
    }
}

/// Names of environment variables: printable ASCII without `=` since 1.34.
pub(super) fn env_name(value: &str, out: &mut Messages) {
    if value.is_empty() {
        out.push("environment variable name must be non-empty".into());
    }
    if value
        .bytes()
        .any(|byte| !(0x20..0x7f).contains(&byte) || byte == b'=')
    {
        out.push(
            "a valid environment variable name must consist only of printable ASCII characters \
             other than '='"
                .into(),
        );
    }
}

/// Names of ports, as IANA allows service names.
pub(super) fn port_name(value: &str, out: &mut Messages) {
    longer(value, PORT_NAME_LENGTH_MAX, out);
    if value.is_empty()
        || !value
            .bytes()
            .all(|byte| lower_alphanumeric(byte) || byte == b'-')
    {
        out.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !value.bytes().any(|byte| byte.is_ascii_lowercase()) {
        out.push("must contain at least one letter (a-z)".into());
    }
    if value.contains("--") {
        out.push("must not contain consecutive hyphens".into());
    }
    if value.starts_with('-') || value.ends_with('-') {
        out.push("must not begin or end with a hyphen".into());
    }
}

/// Names of HTTP headers.
pub(super) fn header_name(value: &str, out: &mut Messages) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if value.is_empty() || !value.bytes().all(fits) {
        out.push(
            "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. \
             'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
                .into(),
        );
    }
}

/// `25%`.
pub(super) fn is_percent(value: &str) -> bool {
    value
        .strip_suffix('%')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_knows_its_own() {
        type Case = (
            fn(&str, &mut Messages),
            &'static str,
            &'static [&'static str],
        );
        let table: &[Case] = &[
            (label, "web-1", &[]),
            (label, "a.b", &["must not contain dots"]),
            (subdomain, "a.b-c.d0", &[]),
            (qualified, "example.com/My.name_1", &[]),
            (qualified, "/x", &["prefix part must be non-empty"]),
            (label_value, "", &[]),
            (port_name, "http", &[]),
            (port_name, "80", &["must contain at least one letter (a-z)"]),
            (port_name, "a--b", &["must not contain consecutive hyphens"]),
            (config_key, "nginx.conf", &[]),
            (config_key, "..", &["must not be '..'"]),
            (env_name, "my var", &[]),
            (path_segment, "system:node", &[]),
            (path_segment, "a/b", &["may not contain '/'"]),
        ];
        for (rule, value, wanted) in table {
            let mut messages = Vec::new();
            rule(value, &mut messages);
            assert_eq!(&messages, wanted, "{value}");
        }
    }
}
