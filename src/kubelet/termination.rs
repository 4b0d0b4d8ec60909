//! Stopping containers and pods: preStop, TERM, grace, KILL.

use super::host::Host;
use super::worker::{PodWorker, Role, Sandbox, Stage, Stopping};
use super::{Timer, Wake, wire};
use crate::client::{Ctx, EventType};
use crate::network::Network;
use crate::sim::SECOND;
use crate::sim::trace::Transition;
use std::time::Duration;

/// A container gets at least this long between TERM and KILL
/// (`minimumGracePeriodInSeconds`).
const GRACE_SECONDS_MIN: i64 = 2;
/// Exit code of a killed process: 128 + 9.
const KILLED: i32 = 137;

/// How and why a container is stopped.
pub(super) struct Stop {
    /// Seconds between TERM and KILL.
    pub grace: i64,
    /// What the event says.
    pub message: String,
    /// Whether the kubelet means to start it anew.
    pub to_restart: bool,
}

impl Host {
    /// The pod is deleted: stops what runs of it.
    pub(super) fn terminate(
        &mut self,
        worker: &mut PodWorker,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        worker.busy = None;
        self.write_status(worker, ctx);
        let grace = worker.grace_seconds().max(GRACE_SECONDS_MIN);
        worker.stage = Stage::Terminating;
        worker.termination = Some((ctx.now(), grace));
        self.stop_next(worker, ctx, net);
    }

    /// Nothing of the pod will run again: stops sidecars, if there are any.
    pub(super) fn terminate_completed(
        &mut self,
        worker: &mut PodWorker,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let grace = worker.grace_seconds().max(GRACE_SECONDS_MIN);
        worker.stage = Stage::Terminating;
        worker.termination = Some((ctx.now(), grace));
        self.stop_next(worker, ctx, net);
        self.go_on_terminating(worker, ctx, net);
    }

    /// Regular containers go together; then sidecars, the last one first.
    fn stop_next(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        let (since, grace) = worker.termination.unwrap_or((ctx.now(), GRACE_SECONDS_MIN));
        let spent = ctx.now().since(since).as_secs() as i64;
        let left = (grace - spent).max(GRACE_SECONDS_MIN);
        let first: Vec<usize> = (0..worker.containers.len())
            .filter(|index| {
                let container = &worker.containers[*index];
                container.is_running() && container.role != Role::Sidecar
            })
            .collect();
        let next = match first.is_empty() {
            false => first,
            true => (0..worker.containers.len())
                .rev()
                .find(|index| worker.containers[*index].is_running())
                .into_iter()
                .collect(),
        };
        for index in next {
            if worker.containers[index].stopping.is_none() {
                let stop = Stop {
                    grace: left,
                    message: format!("Stopping container {}", worker.containers[index].name),
                    to_restart: false,
                };
                self.stop_container(worker, index, stop, ctx, net);
            }
        }
    }

    /// A stopping pod moved on.
    pub(super) fn go_on_terminating(
        &mut self,
        worker: &mut PodWorker,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        self.shorten_grace(worker, ctx);
        if worker.any_running() {
            return self.stop_next(worker, ctx, net);
        }
        if let Sandbox::Ready(ip) = worker.sandbox {
            wire::detach(net, self, &worker.uid, worker);
            worker.sandbox = Sandbox::Removed(ip);
            self.record(worker, "", Transition::SandboxRemoved, ctx);
        }
        worker.stage = Stage::Terminated;
        self.release(worker);
        self.write_status(worker, ctx);
        self.delete_when_reclaimed(worker, ctx);
    }

    /// A second deletion may leave less time than the first.
    fn shorten_grace(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        let Some((since, grace)) = worker.termination else {
            return;
        };
        let asked = match worker.gone {
            true => GRACE_SECONDS_MIN,
            false => worker.grace_seconds().max(GRACE_SECONDS_MIN),
        };
        if asked >= grace || !worker.deleting() {
            return;
        }
        worker.termination = Some((since, asked));
        let deadline = ctx.now() + Duration::from_secs(asked as u64);
        for index in 0..worker.containers.len() {
            let uid = worker.uid.clone();
            let container = &mut worker.containers[index];
            let Some(stopping) = &mut container.stopping else {
                continue;
            };
            if deadline < stopping.deadline {
                stopping.deadline = deadline;
                let at = (uid, index, container.instance);
                self.timer_at(ctx, deadline, Wake::Kill(at));
            }
        }
    }

    /// Stops one container (`killContainer`).
    pub(super) fn stop_container(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        stop: Stop,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let grace_seconds = u32::try_from(stop.grace).unwrap_or(0);
        let name = worker.containers[index].name.clone();
        self.record(worker, &name, Transition::Stopping { grace_seconds }, ctx);
        self.container_event(
            worker,
            index,
            EventType::Normal,
            "Killing",
            &stop.message,
            ctx,
        );
        let deadline = ctx.now() + SECOND * grace_seconds;
        let container = &mut worker.containers[index];
        container.stopping = Some(Stopping {
            deadline,
            signalled: false,
            to_restart: stop.to_restart,
        });
        let at = (worker.uid.clone(), index, worker.containers[index].instance);
        self.timer_at(ctx, deadline, Wake::Kill(at.clone()));
        match self.pre_stop(worker, index, ctx, net) {
            Some(takes) => {
                // The hook may eat the grace up, but TERM is always sent.
                let done = (ctx.now() + takes).min(deadline);
                self.timer_at(ctx, done, Wake::PreStopped(at));
            }
            None => self.signal(worker, index, ctx, net),
        }
    }

    /// Sends TERM.
    pub(super) fn signal(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let now = ctx.now();
        let uid = worker.uid.clone();
        let container = &mut worker.containers[index];
        let Some(stopping) = container
            .stopping
            .as_mut()
            .filter(|stopping| !stopping.signalled)
        else {
            return;
        };
        stopping.signalled = true;
        // After a long hook there are still two seconds.
        let least = now + SECOND * GRACE_SECONDS_MIN as u32;
        let at = (uid, index, container.instance);
        if stopping.deadline < least {
            stopping.deadline = least;
            self.timer_at(ctx, least, Wake::Kill(at.clone()));
        }
        let ends = container
            .process
            .as_mut()
            .and_then(|process| process.terminate(now));
        match ends {
            Some(when) if when <= now => self.step(worker, index, ctx, net),
            Some(when) => self.timer_at(ctx, when, Wake::Process(at)),
            None => {}
        }
    }

    /// The grace is over.
    pub(super) fn kill(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let stopping = worker.containers[index].stopping;
        if stopping.is_some_and(|stopping| stopping.signalled && stopping.deadline <= ctx.now()) {
            self.exited(worker, index, KILLED, ctx, net);
        }
    }
}
