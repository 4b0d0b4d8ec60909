//! Probes and lifecycle hooks.

use super::field::{Errors, Path, list, text};
use super::names;
use crate::api::core;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

const PORT: std::ops::RangeInclusive<i32> = 1..=65_535;
pub(super) const PORT_RANGE: &str = "must be between 1 and 65535, inclusive";

/// A number of a port.
pub(super) fn port_number(number: i32, path: &Path<'_>, errors: &mut Errors) {
    if !PORT.contains(&number) {
        errors.invalid(path, number, PORT_RANGE);
    }
}

/// A number or a name of a port.
pub(super) fn port(port: &IntOrString, path: &Path<'_>, errors: &mut Errors) {
    match port {
        IntOrString::Int(number) => port_number(*number, path, errors),
        IntOrString::String(name) => errors.rule(path, name, names::port_name),
    }
}

/// Which probe: they differ in what may be set.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Which {
    Liveness,
    Readiness,
    Startup,
}

pub(super) fn probe(
    probe: Option<&core::Probe>,
    which: Which,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let Some(probe) = probe else { return };
    let handler = Handler {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_socket: probe.tcp_socket.as_ref(),
        grpc: probe.grpc.as_ref(),
        sleep: None,
    };
    handler.check(None, path, errors);
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    for (field, number) in numbers {
        errors.not_negative(&path.child(field), i64::from(number.unwrap_or_default()));
    }
    let grace_path = path.child("terminationGracePeriodSeconds");
    if let Some(seconds) = probe.termination_grace_period_seconds {
        if seconds <= 0 {
            errors.invalid(&grace_path, seconds, "must be greater than 0");
        }
        if which == Which::Readiness {
            errors.invalid(&grace_path, seconds, "must not be set for readinessProbes");
        }
    }
    let successes = probe.success_threshold.unwrap_or_default();
    if which != Which::Readiness && successes != 1 {
        errors.invalid(&path.child("successThreshold"), successes, "must be 1");
    }
}

pub(super) fn lifecycle(
    lifecycle: &core::Lifecycle,
    grace: Option<i64>,
    path: &Path<'_>,
    errors: &mut Errors,
) {
    let hooks = [
        ("postStart", &lifecycle.post_start),
        ("preStop", &lifecycle.pre_stop),
    ];
    for (field, hook) in hooks {
        if let Some(hook) = hook {
            let handler = Handler {
                exec: hook.exec.as_ref(),
                http_get: hook.http_get.as_ref(),
                tcp_socket: hook.tcp_socket.as_ref(),
                grpc: None,
                sleep: hook.sleep.as_ref(),
            };
            handler.check(grace, &path.child(field), errors);
        }
    }
}

/// What a probe or a hook does; exactly one of these.
struct Handler<'a> {
    exec: Option<&'a core::ExecAction>,
    http_get: Option<&'a core::HTTPGetAction>,
    tcp_socket: Option<&'a core::TCPSocketAction>,
    grpc: Option<&'a core::GRPCAction>,
    sleep: Option<&'a core::SleepAction>,
}

impl Handler<'_> {
    fn check(&self, grace: Option<i64>, path: &Path<'_>, errors: &mut Errors) {
        let mut given = 0;
        let mut first = |name: &str, present: bool, errors: &mut Errors| {
            given += usize::from(present);
            if present && given > 1 {
                errors.forbidden(
                    &path.child(name),
                    "may not specify more than 1 handler type",
                );
            }
            present && given == 1
        };
        if first("exec", self.exec.is_some(), errors)
            && self.exec.is_some_and(|exec| list(&exec.command).is_empty())
        {
            errors.required(&path.child("exec").child("command"), "");
        }
        if first("httpGet", self.http_get.is_some(), errors)
            && let Some(action) = self.http_get
        {
            http_get(action, &path.child("httpGet"), errors);
        }
        if first("tcpSocket", self.tcp_socket.is_some(), errors)
            && let Some(action) = self.tcp_socket
        {
            port(&action.port, &path.child("tcpSocket").child("port"), errors);
        }
        if first("grpc", self.grpc.is_some(), errors)
            && let Some(action) = self.grpc
        {
            port_number(action.port, &path.child("grpc").child("port"), errors);
        }
        if first("sleep", self.sleep.is_some(), errors)
            && let (Some(action), Some(grace)) = (self.sleep, grace)
            && (action.seconds < 0 || action.seconds > grace)
        {
            let detail = format!(
                "must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            );
            errors.invalid(&path.child("sleep"), action.seconds, detail);
        }
        if given == 0 {
            errors.required(path, "must specify a handler type");
        }
    }
}

fn http_get(action: &core::HTTPGetAction, path: &Path<'_>, errors: &mut Errors) {
    if text(&action.path).is_empty() {
        errors.required(&path.child("path"), "");
    }
    port(&action.port, &path.child("port"), errors);
    let scheme = text(&action.scheme);
    if !["HTTP", "HTTPS"].contains(&scheme) {
        errors.unsupported(&path.child("scheme"), scheme, &["HTTP", "HTTPS"]);
    }
    for header in list(&action.http_headers) {
        errors.rule(&path.child("httpHeaders"), &header.name, names::header_name);
    }
}
