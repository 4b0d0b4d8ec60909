//! Probes: startup, readiness, liveness; and hooks, which ask in the same ways.

use super::host::Host;
use super::runtime::{Protocol, Serves, Socket};
use super::worker::{PodWorker, Role, Stage, State};
use super::{Timer, Wake};
use crate::api::core::{Container, LifecycleHandler, Probe};
use crate::client::{Ctx, EventType};
use crate::network::Network;
use crate::sim::trace::Transition;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::time::Duration;

/// Which probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ProbeKind {
    Startup,
    Readiness,
    Liveness,
}

impl ProbeKind {
    fn name(self) -> &'static str {
        match self {
            ProbeKind::Startup => "startup",
            ProbeKind::Readiness => "readiness",
            ProbeKind::Liveness => "liveness",
        }
    }

    /// As events begin.
    fn title(self) -> &'static str {
        match self {
            ProbeKind::Startup => "Startup",
            ProbeKind::Readiness => "Readiness",
            ProbeKind::Liveness => "Liveness",
        }
    }

    fn of(self, container: &Container) -> Option<&Probe> {
        match self {
            ProbeKind::Startup => container.startup_probe.as_ref(),
            ProbeKind::Readiness => container.readiness_probe.as_ref(),
            ProbeKind::Liveness => container.liveness_probe.as_ref(),
        }
    }
}

/// One probe's record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prober {
    /// The last result, and how often in a row.
    last: Option<bool>,
    run: i32,
    /// Whether the result is settled, and which.
    settled: Option<bool>,
    /// No more until there is a new instance.
    on_hold: bool,
}

/// The probes of one container.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probers {
    startup: Prober,
    readiness: Prober,
    liveness: Prober,
}

impl Probers {
    fn of(&mut self, kind: ProbeKind) -> &mut Prober {
        match kind {
            ProbeKind::Startup => &mut self.startup,
            ProbeKind::Readiness => &mut self.readiness,
            ProbeKind::Liveness => &mut self.liveness,
        }
    }

    /// The container ended.
    pub(super) fn hold(&mut self) {
        for kind in [
            ProbeKind::Startup,
            ProbeKind::Readiness,
            ProbeKind::Liveness,
        ] {
            self.of(kind).on_hold = true;
        }
    }
}

/// What came of asking once.
pub(super) struct Answer {
    pub passed: bool,
    pub message: String,
    /// How long it took.
    pub took: Duration,
}

fn passes(message: impl Into<String>) -> Answer {
    Answer {
        passed: true,
        message: message.into(),
        took: Duration::ZERO,
    }
}

fn fails(message: impl Into<String>) -> Answer {
    Answer {
        passed: false,
        ..passes(message)
    }
}

fn seconds(value: Option<i32>, default: u64) -> u64 {
    value
        .and_then(|value| u64::try_from(value).ok())
        .unwrap_or(default)
}

fn period(probe: &Probe) -> Duration {
    Duration::from_secs(seconds(probe.period_seconds, 10).max(1))
}

impl Host {
    /// The container has just started.
    pub(super) fn begin_probes(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let container = &mut worker.containers[index];
        container.probers = Probers::default();
        let spec = container.spec(&worker.pod);
        let has = |kind: ProbeKind| spec.is_some_and(|spec| kind.of(spec).is_some());
        let (startup, readiness) = (has(ProbeKind::Startup), has(ProbeKind::Readiness));
        let is_init = worker.containers[index].role == Role::Init;
        let container = &mut worker.containers[index];
        container.started = !startup || is_init;
        container.ready = container.started && !readiness && !is_init;
        if is_init {
            return;
        }
        if startup {
            self.first_probe(worker, index, ProbeKind::Startup, ctx);
        } else {
            self.first_probe(worker, index, ProbeKind::Readiness, ctx);
            self.first_probe(worker, index, ProbeKind::Liveness, ctx);
        }
    }

    /// Sets the first timer of a probe. Its ticker began at a chance part of its
    /// period; startup and readiness are asked at once when the container is
    /// seen to run, unless they have an initial delay.
    fn first_probe(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        kind: ProbeKind,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let container = &worker.containers[index];
        let State::Running(since) = container.state else {
            return;
        };
        let Some(probe) = container.spec(&worker.pod).and_then(|spec| kind.of(spec)) else {
            return;
        };
        let delay = Duration::from_secs(seconds(probe.initial_delay_seconds, 0));
        let jitter = period(probe).mul_f64(ctx.sim.chance.unit());
        let seen = self.next_relist(ctx.now());
        let first = match (kind, delay.is_zero()) {
            (ProbeKind::Liveness, _) | (_, false) => (since + delay + jitter).max(seen),
            _ => seen,
        };
        let at = (worker.uid.clone(), index, container.instance);
        self.timer_at(ctx, first, Wake::Probe(at, kind));
    }

    /// A probe's tick.
    pub(super) fn probe_due(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        kind: ProbeKind,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let container = &worker.containers[index];
        let held = worker.containers[index].probers.of_ref(kind).on_hold;
        let leaving = worker.stage != Stage::Active && kind != ProbeKind::Readiness;
        let over = kind == ProbeKind::Startup && container.started;
        if held || leaving || over || !container.is_running() {
            return;
        }
        let Some(probe) = container
            .spec(&worker.pod)
            .and_then(|spec| kind.of(spec))
            .cloned()
        else {
            return;
        };
        let at = (worker.uid.clone(), index, container.instance);
        self.after(ctx, period(&probe), Wake::Probe(at, kind));
        let answer = self.ask(worker, index, &probe, ctx, net);
        self.take_answer(worker, index, kind, &probe, answer, ctx, net);
    }

    #[allow(clippy::too_many_arguments)]
    fn take_answer(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        kind: ProbeKind,
        probe: &Probe,
        answer: Answer,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        if !answer.passed {
            let message = format!("{} probe failed: {}", kind.title(), answer.message);
            self.container_event(
                worker,
                index,
                EventType::Warning,
                "Unhealthy",
                &message,
                ctx,
            );
        }
        let threshold = match answer.passed {
            true => probe.success_threshold.unwrap_or(1),
            false => probe.failure_threshold.unwrap_or(3),
        };
        let prober = worker.containers[index].probers.of(kind);
        prober.run = match prober.last == Some(answer.passed) {
            true => prober.run.saturating_add(1),
            false => 1,
        };
        prober.last = Some(answer.passed);
        if prober.run < threshold || prober.settled == Some(answer.passed) {
            return;
        }
        prober.settled = Some(answer.passed);
        let name = worker.containers[index].name.clone();
        let transition = Transition::Probe {
            probe: kind.name().into(),
            passed: answer.passed,
            message: answer.message.as_str().into(),
        };
        self.record(worker, &name, transition, ctx);
        self.settle(worker, index, kind, answer.passed, probe, ctx, net);
    }

    /// A probe changed its mind.
    #[allow(clippy::too_many_arguments)]
    fn settle(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        kind: ProbeKind,
        passed: bool,
        probe: &Probe,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        match (kind, passed) {
            (ProbeKind::Readiness, _) => {
                worker.containers[index].ready = passed;
                self.show_now(worker, ctx);
            }
            (ProbeKind::Startup, true) => {
                let container = &mut worker.containers[index];
                container.started = true;
                let spec = container.spec(&worker.pod);
                let gated = spec.is_some_and(|spec| spec.readiness_probe.is_some());
                worker.containers[index].ready = !gated;
                self.first_probe(worker, index, ProbeKind::Readiness, ctx);
                self.first_probe(worker, index, ProbeKind::Liveness, ctx);
                self.show_now(worker, ctx);
            }
            (ProbeKind::Liveness, true) => {}
            (_, false) => {
                worker.containers[index].probers.hold();
                let name = &worker.containers[index].name;
                let message = format!(
                    "Container {name} failed {} probe, will be restarted",
                    kind.name()
                );
                let own = probe.termination_grace_period_seconds;
                let spec = worker.pod.spec.as_ref();
                let grace = own.or(spec.and_then(|spec| spec.termination_grace_period_seconds));
                self.stop_container(worker, index, grace.unwrap_or(30), &message, true, ctx, net);
            }
        }
    }

    fn show_now(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        worker.noticed(ctx.now());
        self.request_sync(worker, ctx.now(), ctx);
    }

    /// Asks once.
    fn ask(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        probe: &Probe,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Answer {
        let timeout = Duration::from_secs(seconds(probe.timeout_seconds, 1).max(1));
        if let Some(exec) = &probe.exec {
            let command = exec.command.clone().unwrap_or_default();
            return self.ask_exec(worker, index, &command, timeout, ctx, net);
        }
        if let Some(http) = &probe.http_get {
            let port = self.port(worker, index, &http.port);
            let secure = http.scheme.as_deref() == Some("HTTPS");
            let path = http.path.as_deref().unwrap_or("/");
            return ask_http(worker, http.host.as_deref(), port, path, secure, ctx);
        }
        if let Some(tcp) = &probe.tcp_socket {
            let port = self.port(worker, index, &tcp.port);
            let target = address(worker, tcp.host.as_deref(), port);
            return match find(worker, port, ctx) {
                Some(_) => passes(""),
                None => fails(format!("dial tcp {target}: connect: connection refused")),
            };
        }
        match &probe.grpc {
            Some(grpc) => ask_grpc(worker, u16::try_from(grpc.port).unwrap_or(0), timeout, ctx),
            None => passes(""),
        }
    }

    fn port(&self, worker: &PodWorker, index: usize, port: &IntOrString) -> u16 {
        match port {
            IntOrString::Int(port) => u16::try_from(*port).unwrap_or(0),
            IntOrString::String(name) => {
                let spec = worker.containers[index].spec(&worker.pod);
                let ports = spec.and_then(|spec| spec.ports.as_ref());
                let mut ports = ports.into_iter().flatten();
                let declared = ports.find(|port| port.name.as_deref() == Some(name));
                let number = declared.and_then(|port| u16::try_from(port.container_port).ok());
                number.or_else(|| name.parse().ok()).unwrap_or(0)
            }
        }
    }

    fn ask_exec(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        command: &[String],
        timeout: Duration,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Answer {
        let (code, output, took) = self.exec(worker, index, command, ctx, net);
        if took > timeout {
            let seconds = timeout.as_secs();
            return Answer {
                took: timeout,
                ..fails(format!(
                    "command timed out: \"{}\" timed out after {seconds}s",
                    command.join(" ")
                ))
            };
        }
        Answer {
            took,
            passed: code == 0,
            message: output,
        }
    }

    /// Runs a lifecycle hook: how long it takes, and why it failed.
    pub(super) fn run_hook(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        hook: &LifecycleHandler,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> (Duration, Option<String>) {
        if let Some(exec) = &hook.exec {
            let command = exec.command.clone().unwrap_or_default();
            let (code, output, took) = self.exec(worker, index, &command, ctx, net);
            return (took, (code != 0).then_some(output));
        }
        if let Some(http) = &hook.http_get {
            let port = self.port(worker, index, &http.port);
            let secure = http.scheme.as_deref() == Some("HTTPS");
            let path = http.path.as_deref().unwrap_or("/");
            let answer = ask_http(worker, http.host.as_deref(), port, path, secure, ctx);
            return (answer.took, (!answer.passed).then_some(answer.message));
        }
        (Duration::ZERO, None)
    }
}

impl Probers {
    fn of_ref(&self, kind: ProbeKind) -> Prober {
        let mut copy = *self;
        *copy.of(kind)
    }
}

/// The socket of the pod that listens on a TCP port now.
fn find<'a>(worker: &'a PodWorker, port: u16, ctx: &Ctx<'_, Timer>) -> Option<&'a Socket> {
    let running = worker
        .containers
        .iter()
        .filter(|container| container.is_running());
    running
        .flat_map(|container| container.sockets.iter())
        .find(|socket| {
            socket.port == port
                && socket.protocol == Protocol::Tcp
                && !socket.loopback
                && socket.opens_at <= ctx.now()
        })
}

fn address(worker: &PodWorker, host: Option<&str>, port: u16) -> String {
    let own = worker.ip().map(|ip| ip.to_string()).unwrap_or_default();
    let host = host.filter(|host| !host.is_empty()).unwrap_or(&own);
    format!("{host}:{port}")
}

/// GET from the kubelet; 200 to 399 passes.
fn ask_http(
    worker: &PodWorker,
    host: Option<&str>,
    port: u16,
    path: &str,
    secure: bool,
    ctx: &Ctx<'_, Timer>,
) -> Answer {
    let target = address(worker, host, port);
    let slash = if path.starts_with('/') { "" } else { "/" };
    let scheme = if secure { "https" } else { "http" };
    let url = format!("{scheme}://{target}{slash}{path}");
    let Some(socket) = find(worker, port, ctx) else {
        return fails(format!(
            "Get \"{url}\": dial tcp {target}: connect: connection refused"
        ));
    };
    let age = ctx.now().since(socket.opens_at).as_secs();
    let site = match (&socket.serves, secure) {
        (Serves::Http(site), false) | (Serves::Https(site), true) => site,
        (Serves::Https(_), false) => return fails("HTTP probe failed with statuscode: 400"),
        (_, true) => {
            return fails(format!(
                "Get \"{url}\": http: server gave HTTP response to HTTPS client"
            ));
        }
        (_, false) => return fails(format!("Get \"{url}\": EOF")),
    };
    let (status, body) = site.answer(path, age, &worker.key.name);
    match status {
        200..400 => passes(body),
        status => fails(format!("HTTP probe failed with statuscode: {status}")),
    }
}

/// Asks the gRPC health service.
fn ask_grpc(worker: &PodWorker, port: u16, timeout: Duration, ctx: &Ctx<'_, Timer>) -> Answer {
    let target = address(worker, None, port);
    match find(worker, port, ctx).map(|socket| &socket.serves) {
        Some(Serves::Grpc) => passes(""),
        Some(_) | None => Answer {
            took: timeout,
            ..fails(format!(
                "timeout: failed to connect service \"{target}\" within {}s: context deadline exceeded",
                timeout.as_secs()
            ))
        },
    }
}
