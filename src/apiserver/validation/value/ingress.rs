//! Ingresses and IngressClasses (`pkg/apis/networking/validation`).

use super::super::field::{Errors, Path};
use super::super::ip;
use super::super::meta::METADATA;
use super::super::names;
use super::super::pod::SPEC;
use super::reader::{Fields, shown};
use crate::api::ObjectMeta;

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const CONTROLLER_MAX: usize = 250;

pub(super) fn ingress(meta: &ObjectMeta, fields: Fields<'_>, errors: &mut Errors) {
    let annotations = meta.annotations.as_ref();
    let annotated = annotations.and_then(|annotations| annotations.get(CLASS_ANNOTATION));
    update_ingress(fields, errors);
    if let Some(class) = annotated.filter(|_| fields.at("spec").has("ingressClassName")) {
        let path = METADATA.child("annotations");
        let detail = "can not be set when the class field is also set";
        errors.invalid(&path.child(CLASS_ANNOTATION), class, detail);
    }
}

pub(super) fn update_ingress(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    if spec.list("rules").is_empty() && !spec.has("defaultBackend") {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.invalid(&SPEC, shown(spec.get("rules")), detail);
    }
    if spec.has("defaultBackend") {
        backend(
            spec.at("defaultBackend"),
            &SPEC.child("defaultBackend"),
            errors,
        );
    }
    let rules_path = SPEC.child("rules");
    for (index, rule) in spec.items("rules") {
        self::rule(rule, &rules_path.index(index), errors);
    }
    let tls_path = SPEC.child("tls");
    for (index, tls) in spec.items("tls") {
        let path = tls_path.index(index);
        let hosts_path = path.child("hosts");
        for (index, host) in tls.texts("hosts").into_iter().enumerate() {
            self::host(host, &hosts_path.index(index), errors);
        }
        let secret = tls.text("secretName");
        if !secret.is_empty() {
            errors.rule(&path.child("secretName"), secret, names::subdomain);
        }
    }
    if spec.has("ingressClassName") {
        let path = SPEC.child("ingressClassName");
        errors.rule(&path, spec.text("ingressClassName"), names::subdomain);
    }
}

fn host(host: &str, path: &Path<'_>, errors: &mut Errors) {
    match host.strip_prefix("*.") {
        Some(rest) => {
            let mut messages = Vec::new();
            names::subdomain(rest, &mut messages);
            if !messages.is_empty() {
                let detail = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
                errors.invalid(path, host, detail);
            }
        }
        None if host.contains('*') => {
            let detail = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
            errors.invalid(path, host, detail);
        }
        None => errors.rule(path, host, names::subdomain),
    }
}

fn rule(rule: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    let host = rule.text("host");
    if !host.is_empty() {
        let host_path = path.child("host");
        if ip::parse_sloppy(host).is_some() {
            errors.invalid(&host_path, host, "must be a DNS name, not an IP address");
        }
        self::host(host, &host_path, errors);
    }
    if !rule.has("http") {
        return;
    }
    let http_path = path.child("http");
    let paths_path = http_path.child("paths");
    let http = rule.at("http");
    if http.list("paths").is_empty() {
        errors.required(&paths_path, "");
    }
    for (index, item) in http.items("paths") {
        http_rule(item, &paths_path.index(index), errors);
    }
}

fn http_rule(item: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    let text = item.text("path");
    let text_path = path.child("path");
    match item.text("pathType") {
        "" => errors.required(&path.child("pathType"), "pathType must be specified"),
        "Exact" | "Prefix" => {
            if !text.starts_with('/') {
                errors.invalid(&text_path, text, "must be an absolute path");
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"] {
                if text.contains(part) {
                    errors.invalid(&text_path, text, format!("must not contain '{part}'"));
                }
            }
            for part in ["/..", "/."] {
                if text.ends_with(part) {
                    errors.invalid(&text_path, text, format!("cannot end with '{part}'"));
                }
            }
        }
        "ImplementationSpecific" => {
            if !text.is_empty() && !text.starts_with('/') {
                errors.invalid(&text_path, text, "must be an absolute path");
            }
        }
        other => {
            let types = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.unsupported(&path.child("pathType"), other, &types);
        }
    }
    backend(item.at("backend"), &path.child("backend"), errors);
}

fn backend(backend: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    match (backend.has("service"), backend.has("resource")) {
        (true, true) => {
            errors.invalid(path, "", "cannot set both resource and service backends");
        }
        (false, true) => {
            let path = path.child("resource");
            for field in ["kind", "name"] {
                let text = backend.at("resource").text(field);
                errors.required_rule(&path.child(field), text, names::path_segment);
            }
        }
        (true, false) => service(backend.at("service"), &path.child("service"), errors),
        (false, false) => {
            errors.required(&path.child("service"), "");
        }
    }
}

fn service(service: Fields<'_>, path: &Path<'_>, errors: &mut Errors) {
    errors.required_rule(
        &path.child("name"),
        service.text("name"),
        names::label_of_1035,
    );
    let port = service.at("port");
    let port_path = path.child("port");
    let (name, number) = (port.text("name"), port.int("number").unwrap_or(0));
    match (name.is_empty(), number) {
        (false, number) if number != 0 => {
            errors.invalid(path, "", "cannot set both port name & port number");
        }
        (false, _) => errors.rule(&port_path.child("name"), name, names::port_name),
        (true, 0) => errors.required(path, "port name or number is required"),
        (true, number) => {
            if !(1..=65535).contains(&number) {
                let detail = "must be between 1 and 65535, inclusive";
                errors.invalid(&port_path.child("number"), number, detail);
            }
        }
    }
}

pub(super) fn class(fields: Fields<'_>, errors: &mut Errors) {
    let spec = fields.at("spec");
    let controller = spec.text("controller");
    let path = SPEC.child("controller");
    if controller.is_empty() {
        errors.required(&path, "");
    } else {
        if controller.len() > CONTROLLER_MAX {
            errors.too_long(&path, CONTROLLER_MAX);
        }
        domain_prefixed(controller, &path, errors);
    }
    if !spec.has("parameters") {
        return;
    }
    let (parameters, path) = (spec.at("parameters"), SPEC.child("parameters"));
    for field in ["kind", "name"] {
        errors.required_rule(
            &path.child(field),
            parameters.text(field),
            names::path_segment,
        );
    }
    errors.choice(parameters, &path, "scope", &["Cluster", "Namespace"]);
    let namespaced = !parameters.text("namespace").is_empty();
    match parameters.text("scope") {
        "Namespace" if !namespaced => {
            let detail = "`parameters.scope` is set to 'Namespace'";
            errors.required(&path.child("namespace"), detail);
        }
        "Cluster" if namespaced => {
            let detail = "`parameters.scope` is set to 'Cluster'";
            errors.forbidden(&path.child("namespace"), detail);
        }
        _ => {}
    }
}

fn domain_prefixed(value: &str, path: &Path<'_>, errors: &mut Errors) {
    let Some((prefix, rest)) = value.split_once('/') else {
        let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        errors.invalid(path, value, detail);
        return;
    };
    errors.rule(path, prefix, names::subdomain);
    if rest.is_empty() {
        let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        errors.invalid(path, value, detail);
    }
}

pub(super) fn update_class(new: Fields<'_>, old: Fields<'_>, errors: &mut Errors) {
    errors.unchanged(new.at("spec"), old.at("spec"), &SPEC, "controller");
    class(new, errors);
}
