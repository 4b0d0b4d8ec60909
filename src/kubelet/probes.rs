//! Probes: startup, readiness, liveness (`pkg/kubelet/prober`).

use super::ask::Answer;
use super::host::Host;
use super::termination::Stop;
use super::worker::{PodWorker, Role, Stage, State};
use super::{Timer, Wake};
use crate::api::core::{Container, Probe};
use crate::client::{Ctx, EventType};
use crate::network::Network;
use crate::sim::Instant;
use crate::sim::trace::Transition;
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
    /// The next tick of its ticker.
    tick: Option<Instant>,
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

fn seconds(value: Option<i32>, default: u64) -> u64 {
    value
        .and_then(|value| u64::try_from(value).ok())
        .unwrap_or(default)
}

impl Prober {
    /// The ticker's tick of now has come, perhaps late; the next one follows after
    /// now.
    fn ticked(&mut self, period: Duration, now: Instant) {
        let tick = self.tick.unwrap_or(now);
        let late = now.since(tick).as_nanos() / period.as_nanos().max(1);
        let steps = u32::try_from(late).unwrap_or(u32::MAX).saturating_add(1);
        self.tick = Some(tick + period.saturating_mul(steps));
    }
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

    /// A probe's tick: asks. The answer comes when it comes, after the probe's
    /// timeout at the latest, and until then the probe is not asked again.
    pub(super) fn probe_due(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        kind: ProbeKind,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let pod = worker.pod.clone();
        let container = &mut worker.containers[index];
        let spec = container.spec(&pod).and_then(|spec| kind.of(spec));
        let Some(probe) = spec else {
            return;
        };
        container.probers.of(kind).ticked(period(probe), ctx.now());
        if !is_asked(worker, index, kind) {
            return;
        }
        let answer = self.ask(worker, index, probe, ctx, net);
        if answer.took.is_zero() {
            return self.probe_answered(worker, index, (kind, answer), ctx, net);
        }
        let at = (worker.uid.clone(), index, worker.containers[index].instance);
        self.after(ctx, answer.took, Wake::ProbeAnswered(at, kind, answer));
    }

    /// The answer to a probe is there. The next tick may have passed meanwhile:
    /// then it is asked again at once.
    pub(super) fn probe_answered(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        (kind, answer): (ProbeKind, Answer),
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        if !is_asked(worker, index, kind) {
            return;
        }
        let container = &worker.containers[index];
        let at = (worker.uid.clone(), index, container.instance);
        if let Some(tick) = container.probers.of_ref(kind).tick {
            self.timer_at(ctx, tick, Wake::Probe(at, kind));
        }
        self.take_answer(worker, index, kind, answer, ctx, net);
    }

    fn take_answer(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        kind: ProbeKind,
        answer: Answer,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let pod = worker.pod.clone();
        let spec = worker.containers[index].spec(&pod);
        let Some(probe) = spec.and_then(|spec| kind.of(spec)) else {
            return;
        };
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
        let own_grace = probe.termination_grace_period_seconds;
        match (kind, answer.passed) {
            (ProbeKind::Readiness | ProbeKind::Startup, true) | (ProbeKind::Readiness, _) => {
                self.show_verdict(worker, index, kind, answer.passed, ctx);
            }
            (ProbeKind::Liveness, true) => {}
            (_, false) => self.stop_failed(worker, index, (kind, own_grace), ctx, net),
        }
    }

    /// A readiness or startup probe changed its mind: the pod's status shows it.
    fn show_verdict(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        kind: ProbeKind,
        passed: bool,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let container = &mut worker.containers[index];
        container.ready = passed;
        if kind == ProbeKind::Startup {
            container.started = true;
            let spec = container.spec(&worker.pod);
            let gated = spec.is_some_and(|spec| spec.readiness_probe.is_some());
            worker.containers[index].ready = !gated;
            self.first_probe(worker, index, ProbeKind::Readiness, ctx);
            self.first_probe(worker, index, ProbeKind::Liveness, ctx);
        }
        self.show_now(worker, ctx);
    }

    /// A startup or liveness probe failed for good: the container is stopped, to
    /// be started again. The probe may have a grace of its own.
    fn stop_failed(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        (kind, own_grace): (ProbeKind, Option<i64>),
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let container = &mut worker.containers[index];
        container.probers.hold();
        let message = format!(
            "Container {} failed {} probe, will be restarted",
            container.name,
            kind.name()
        );
        let spec = worker.pod.spec.as_ref();
        let grace = own_grace.or(spec.and_then(|spec| spec.termination_grace_period_seconds));
        let stop = Stop {
            grace: grace.unwrap_or(30),
            message,
            to_restart: true,
        };
        self.stop_container(worker, index, stop, ctx, net);
    }

    fn show_now(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        worker.noticed(ctx.now());
        self.request_sync(worker, ctx.now(), ctx);
    }
}

impl Probers {
    fn of_ref(&self, kind: ProbeKind) -> Prober {
        let mut copy = *self;
        *copy.of(kind)
    }
}

/// Whether there is anything to ask, or anybody who wants to know.
fn is_asked(worker: &PodWorker, index: usize, kind: ProbeKind) -> bool {
    let container = &worker.containers[index];
    let held = container.probers.of_ref(kind).on_hold;
    let leaving = worker.stage != Stage::Active && kind != ProbeKind::Readiness;
    let over = kind == ProbeKind::Startup && container.started;
    container.is_running() && !held && !leaving && !over
}
