//! Lifecycle hooks (`pkg/kubelet/lifecycle`): what is done in a container right
//! after its start, and before it is told to stop.
//!
//! While a postStart hook runs, the pod's worker is busy with it: the container is
//! not yet shown as running, no probe asks it, and the next container has to wait.

use super::host::Host;
use super::termination::Stop;
use super::worker::{Busy, PodWorker};
use super::{Timer, Wake, phase};
use crate::api::core::{Lifecycle, LifecycleHandler};
use crate::client::{Ctx, EventType};
use crate::network::Network;
use std::time::Duration;

/// How long a hook waits for an HTTP answer: its client has no limit of its own,
/// and the grace of a container ends at an hour.
const HTTP_PATIENCE: Duration = Duration::from_secs(3600);

/// How a hook went.
struct Hooked {
    took: Duration,
    /// Why it failed.
    failure: Option<String>,
}

impl Host {
    /// Begins the postStart hook; false where there is none.
    pub(super) fn begin_post_start(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> bool {
        let Some(hook) = hook(worker, index, |lifecycle| &lifecycle.post_start) else {
            return false;
        };
        if !worker.containers[index].is_running() {
            worker.busy = Some(Busy::PostStart(index, None));
            self.lose_post_start(worker, index, ctx);
            self.show_hook_failure(worker, index);
            return true;
        }
        let hooked = self.run_hook(worker, index, &hook, ctx, net);
        let at = (worker.uid.clone(), index, worker.containers[index].instance);
        self.after(ctx, hooked.took, Wake::PostStarted(at));
        worker.busy = Some(Busy::PostStart(index, hooked.failure));
        true
    }

    /// The postStart hook has ended.
    pub(super) fn post_started(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let failure = match worker.busy.take() {
            Some(Busy::PostStart(of, failure)) if of == index => failure,
            other => return worker.busy = other,
        };
        match failure {
            None => self.begin_probes(worker, index, ctx),
            Some(why) => {
                self.post_start_failed(worker, index, why, ctx);
                let spec = worker.pod.spec.as_ref();
                let grace = spec.and_then(|spec| spec.termination_grace_period_seconds);
                let stop = Stop {
                    grace: grace.unwrap_or(30),
                    message: "FailedPostStartHook".to_owned(),
                    to_restart: false,
                };
                self.stop_container(worker, index, stop, ctx, net);
            }
        }
        self.request_sync(worker, ctx.now(), ctx);
    }

    /// The container's process ended while its postStart hook ran, and took the
    /// hook along.
    pub(super) fn lose_post_start(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        match &worker.busy {
            Some(Busy::PostStart(of, _)) if *of == index => worker.busy = None,
            _ => return,
        }
        let hook = hook(worker, index, |lifecycle| &lifecycle.post_start).unwrap_or_default();
        let why = match (&hook.sleep, &hook.exec) {
            (Some(_), _) => "container terminated before sleep hook finished".to_owned(),
            (_, Some(exec)) => {
                let command = exec.command.clone().unwrap_or_default();
                exec_failure(worker, index, &command, 137, "")
            }
            _ => "container terminated before its hook finished".to_owned(),
        };
        self.post_start_failed(worker, index, why, ctx);
        let (normal, reason) = (EventType::Normal, "FailedPostStartHook");
        self.container_event(worker, index, normal, "Killing", reason, ctx);
    }

    /// The event does not say why: what the hook wrote may hold secrets.
    fn post_start_failed(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        why: String,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let (warning, reason) = (EventType::Warning, "FailedPostStartHook");
        self.container_event(worker, index, warning, reason, "PostStartHook failed", ctx);
        worker.containers[index].hook_failure = Some(why);
    }

    /// Once the container of a failed hook has ended, it waits because of that.
    pub(super) fn show_hook_failure(&self, worker: &mut PodWorker, index: usize) {
        let Some(why) = worker.containers[index].hook_failure.take() else {
            return;
        };
        let container = &worker.containers[index];
        let ended = container.ended.as_ref();
        if ended.is_some_and(|ended| phase::restarts(worker, container, ended)) {
            worker.containers[index].waits("PostStartHookError", &why);
        }
    }

    /// Runs the preStop hook; how long it takes. None: there is none.
    pub(super) fn pre_stop(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Option<Duration> {
        let hook = hook(worker, index, |lifecycle| &lifecycle.pre_stop)?;
        let hooked = self.run_hook(worker, index, &hook, ctx, net);
        if hooked.failure.is_some() {
            let (warning, reason) = (EventType::Warning, "FailedPreStopHook");
            self.container_event(worker, index, warning, reason, "PreStopHook failed", ctx);
        }
        Some(hooked.took)
    }

    fn run_hook(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        hook: &LifecycleHandler,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Hooked {
        let ended = |took, failure| Hooked { took, failure };
        if let Some(exec) = &hook.exec {
            let command = exec.command.clone().unwrap_or_default();
            let (code, output, took) = self.exec(worker, index, &command, ctx, net);
            let why = (code != 0).then(|| exec_failure(worker, index, &command, code, &output));
            return ended(took, why);
        }
        if let Some(http) = &hook.http_get {
            // Any answer will do, whatever its status.
            let answer = self.get(worker, index, http, HTTP_PATIENCE, ctx, net);
            let Err(unanswered) = answer else {
                return ended(Duration::ZERO, None);
            };
            let path = http.path.as_deref().unwrap_or_default();
            let why = format!(
                "HTTP lifecycle hook ({path}) for Container \"{}\" in Pod \"{}\" failed - error: {}",
                worker.containers[index].name,
                worker.full_name(),
                unanswered.message
            );
            return ended(unanswered.took, Some(why));
        }
        if let Some(sleep) = &hook.sleep {
            let seconds = u64::try_from(sleep.seconds).unwrap_or(0);
            return ended(Duration::from_secs(seconds), None);
        }
        let why = "Cannot run handler: invalid handler".to_owned();
        ended(Duration::ZERO, Some(why))
    }
}

fn hook(
    worker: &PodWorker,
    index: usize,
    of: impl Fn(&Lifecycle) -> &Option<LifecycleHandler>,
) -> Option<LifecycleHandler> {
    let spec = worker.containers.get(index)?.spec(&worker.pod)?;
    of(spec.lifecycle.as_ref()?).clone()
}

fn exec_failure(
    worker: &PodWorker,
    index: usize,
    command: &[String],
    code: i32,
    output: &str,
) -> String {
    let line = command.join(" ");
    format!(
        "Exec lifecycle hook ([{line}]) for Container \"{}\" in Pod \"{}\" failed - error: command \
         '{line}' exited with {code}: , message: {output:?}",
        worker.containers[index].name,
        worker.full_name()
    )
}
