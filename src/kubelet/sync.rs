//! One look at one pod: what is missing, and the next thing to do about it
//! (`SyncPod` and `computePodActions` of the kubelet).

use super::duration::go_duration;
use super::host::Host;
use super::images::Ensured;
use super::worker::{Busy, PodWorker, Role, Sandbox, Stage, State};
use super::{Timer, Wake, phase, wire};
use crate::client::{Ctx, EventType};
use crate::network::Network;
use crate::sim::Instant;
use crate::sim::trace::Transition;
use std::time::Duration;

/// What the runtime takes to make a network namespace, run CNI and start pause.
const SANDBOX_TIME: Duration = Duration::from_millis(250);
/// A sandbox that could not be made is tried again after this.
const SANDBOX_RETRY: Duration = Duration::from_secs(12);
/// The network not being ready is looked at again after this
/// (`backOffOnTransientErrorPeriod`).
const NETWORK_RETRY: Duration = Duration::from_secs(1);

/// What became of the wish to run a container.
enum Attempt {
    /// The worker is busy with it.
    Began,
    /// Not now; again then, where time helps.
    Blocked(Option<Instant>),
}

impl Host {
    /// A sync that was asked for.
    pub(super) fn sync_due(
        &mut self,
        worker: &mut PodWorker,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        if worker.sync_at.is_none_or(|due| due > ctx.now()) {
            // A sooner one was asked for after this one, and has been.
            return;
        }
        worker.sync_at = None;
        self.sync(worker, ctx, net);
    }

    fn sync(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        if worker.stage == Stage::New {
            self.begin_pod(worker, ctx);
        }
        if worker.stage == Stage::Active && worker.deleting() && !worker.is_static {
            self.terminate(worker, ctx, net);
        }
        match worker.stage {
            Stage::Active => self.keep(worker, ctx, net),
            Stage::Terminating => self.go_on_terminating(worker, ctx, net),
            Stage::Rejected if worker.gone => worker.stage = Stage::Terminated,
            _ => {
                self.write_status(worker, ctx);
                self.delete_when_reclaimed(worker, ctx);
            }
        }
    }

    fn begin_pod(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        if worker.final_phase.is_some() || worker.deleting() {
            worker.stage = Stage::Terminated;
            return;
        }
        self.admit(worker, ctx);
        if worker.stage == Stage::Active
            && worker.containers.iter().any(|container| container.created)
        {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            self.pod_event(worker, EventType::Normal, "SandboxChanged", message, ctx);
        }
    }

    /// Keeps the pod as it is wanted.
    fn keep(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        if worker.busy.is_some() {
            return;
        }
        self.notice(worker, ctx);
        if phase::completed(worker) {
            worker.final_phase = Some(phase::phase(worker));
            if worker.any_running() {
                worker.final_phase = None;
            }
            return self.terminate_completed(worker, ctx, net);
        }
        if !self.mount(worker, ctx) || !self.ensure_sandbox(worker, ctx) {
            return;
        }
        self.run_containers(worker, ctx, net);
    }

    /// Writes the status, once what the runtime did can be known.
    fn notice(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        match worker.notice_at {
            Some(at) if at > ctx.now() => self.request_sync(worker, at, ctx),
            _ => {
                worker.notice_at = None;
                self.write_status(worker, ctx);
            }
        }
    }

    /// True where the pod's sandbox is there.
    fn ensure_sandbox(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) -> bool {
        if matches!(worker.sandbox, Sandbox::Ready(_)) {
            return true;
        }
        if !self.network_ready && !worker.host_network() {
            let message = "network is not ready: container runtime network not ready: \
                NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns \
                error: cni plugin not initialized";
            self.pod_event(worker, EventType::Warning, "NetworkNotReady", message, ctx);
            self.request_sync(worker, ctx.now() + NETWORK_RETRY, ctx);
            return false;
        }
        worker.busy = Some(Busy::Sandbox);
        self.after(ctx, SANDBOX_TIME, Wake::SandboxMade(worker.uid.clone()));
        false
    }

    /// The runtime is done with the sandbox.
    pub(super) fn sandbox_made(
        &mut self,
        worker: &mut PodWorker,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        if worker.busy != Some(Busy::Sandbox) {
            return;
        }
        worker.busy = None;
        match wire::attach(net, self, worker) {
            Ok(ip) => {
                worker.sandbox = Sandbox::Ready(ip);
                let ip = ip.to_string().into();
                self.record(worker, "", Transition::SandboxCreated { ip }, ctx);
                let relist = self.next_relist(ctx.now());
                worker.noticed(relist);
                self.request_sync(worker, ctx.now(), ctx);
            }
            Err(why) => {
                let message = format!(
                    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup \
                     network for sandbox \"{}\": {why}",
                    super::runtime::fingerprint(&worker.uid)
                );
                self.pod_event(
                    worker,
                    EventType::Warning,
                    "FailedCreatePodSandBox",
                    &message,
                    ctx,
                );
                self.request_sync(worker, ctx.now() + SANDBOX_RETRY, ctx);
            }
        }
    }

    /// Init containers one after the other, sidecars on their way, then the
    /// others together.
    fn run_containers(
        &mut self,
        worker: &mut PodWorker,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let mut again: Option<Instant> = None;
        for index in 0..worker.containers.len() {
            let role = worker.containers[index].role;
            if role == Role::Regular {
                worker.initialized = true;
            }
            if !self.is_wanted(worker, index) {
                let holds_up = match role {
                    Role::Init => worker.containers[index].is_running(),
                    Role::Sidecar => !worker.containers[index].started,
                    Role::Regular => false,
                };
                if holds_up && !worker.initialized {
                    break;
                }
                continue;
            }
            match self.attempt(worker, index, ctx, net) {
                Attempt::Began => return,
                Attempt::Blocked(until) => {
                    again = [again, until].into_iter().flatten().min();
                    if role != Role::Regular && !worker.initialized {
                        break;
                    }
                }
            }
        }
        if let Some(at) = again {
            self.request_sync(worker, at, ctx);
        }
    }

    /// Whether the container should run and does not.
    fn is_wanted(&self, worker: &PodWorker, index: usize) -> bool {
        let container = &worker.containers[index];
        if container.is_running() || (container.role == Role::Init && worker.initialized) {
            return false;
        }
        match (&container.state, &container.ended) {
            (State::Ended, Some(ended)) => phase::restarts(worker, container, ended),
            _ => true,
        }
    }

    fn attempt(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Attempt {
        let retry = worker.containers[index]
            .retry_at
            .filter(|at| *at > ctx.now());
        if retry.is_some() {
            return Attempt::Blocked(retry);
        }
        if let Some(until) = self.crash_back_off(worker, index, ctx) {
            return Attempt::Blocked(Some(until));
        }
        match self.ensure_image(worker, index, ctx) {
            Ensured::Pulling => Attempt::Began,
            Ensured::Blocked(until) => {
                self.show_soon(worker, ctx);
                Attempt::Blocked(Some(until))
            }
            Ensured::Present => match self.create_container(worker, index, ctx, net) {
                true => Attempt::Began,
                false => {
                    self.show_soon(worker, ctx);
                    Attempt::Blocked(worker.containers[index].retry_at)
                }
            },
        }
    }

    /// Why a container waits is written by the next sync.
    fn show_soon(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        let relist = self.next_relist(ctx.now());
        self.request_sync(worker, relist, ctx);
    }

    /// Until when a container that ended has to wait (`doBackOff`). None: it may
    /// start, and the attempt is counted.
    fn crash_back_off(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
    ) -> Option<Instant> {
        let now = ctx.now();
        let container = &mut worker.containers[index];
        let ended = match container.probe_killed {
            true => container.previous.as_ref(),
            false => container.ended.as_ref(),
        };
        container.probe_killed = false;
        let failed = ended?.at;
        let Some((until, delay)) = container.crash.waiting(failed, now) else {
            container.crash.next(failed, now);
            return None;
        };
        if container.noted_at.is_some_and(|at| at > now) {
            return container.noted_at.map(|at| at.min(until));
        }
        let first = container.waiting_reason() != "CrashLoopBackOff";
        let name = container.name.clone();
        let restarts = container.restarts;
        let seconds = delay.as_secs() as u32;
        let pod = worker.full_name();
        let message = format!(
            "back-off {} restarting failed container={name} pod={pod}",
            go_duration(delay)
        );
        worker.containers[index].waits("CrashLoopBackOff", &message);
        let resync = self.next_resync(ctx);
        worker.containers[index].noted_at = Some(resync);
        if first {
            self.record(
                worker,
                &name,
                Transition::BackOff {
                    until,
                    seconds,
                    restarts,
                },
                ctx,
            );
            self.show_soon(worker, ctx);
        }
        let message = format!("Back-off restarting failed container {name} in pod {pod}");
        self.container_event(worker, index, EventType::Warning, "BackOff", &message, ctx);
        Some(until.min(resync))
    }
}
