//! Tells the API server how a pod is (the status manager).

use super::host::Host;
use super::worker::{PodWorker, Stage};
use super::{Timer, Wake, status};
use crate::api::core::PodStatus;
use crate::api::{Pod, Resource};
use crate::client::Ctx;
use std::sync::Arc;
use std::time::Duration;

/// From the last status of a stopped pod to its deletion: volumes and cgroups
/// are taken down meanwhile.
const RECLAIM_TIME: Duration = Duration::from_millis(300);

/// A status that somebody else's write kept out is written again after this.
const RETRY: Duration = Duration::from_millis(10);
/// Without an API server it is tried so often (`syncPeriod` of the status manager).
const UNREACHABLE_RETRY: Duration = Duration::from_secs(10);

impl Host {
    /// Writes the pod's status, if it is another than the one last written.
    pub(super) fn write_status(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        if worker.is_static {
            self.keep_mirror(worker, ctx);
        }
        let Some(api) = worker.api.clone().filter(|_| !worker.gone) else {
            return;
        };
        let status = status::generate(worker, self.config.ip, ctx.now());
        if worker.written.as_deref() == Some(&status) || api.status.as_ref() == Some(&status) {
            return;
        }
        let cause = ctx.cause;
        match self.put_status(worker, &api, status, ctx) {
            Some(stored) => {
                worker.written = stored.status.clone().map(Arc::new);
                if !worker.is_static {
                    worker.pod = stored.clone();
                }
                worker.api = Some(stored);
            }
            None => {
                let retry = match ctx.api.is_serving() {
                    true => RETRY,
                    false => UNREACHABLE_RETRY,
                };
                self.request_sync(worker, ctx.now() + retry, ctx);
            }
        }
        ctx.cause = cause;
    }

    fn put_status(
        &self,
        worker: &PodWorker,
        api: &Arc<Pod>,
        status: PodStatus,
        ctx: &mut Ctx<'_, Timer>,
    ) -> Option<Arc<Pod>> {
        let with = |pod: &Pod, status: PodStatus| Pod {
            status: Some(status),
            ..pod.clone()
        };
        match ctx.update_status(with(api, status)) {
            Ok(stored) => return Some(stored),
            Err(error) if error.code == Some(409) => {}
            Err(_) => return None,
        }
        // Somebody wrote in between: once more on what is there now.
        let latest = ctx.get::<Pod>(&worker.key).ok()?;
        if latest.uid() != api.uid() {
            return None;
        }
        let mut fresh = worker.clone();
        fresh.api = Some(latest.clone());
        let status = status::generate(&fresh, self.config.ip, ctx.now());
        ctx.update_status(with(&latest, status)).ok()
    }

    /// Sees to it that a stopped pod that is being deleted goes for good.
    pub(super) fn delete_when_reclaimed(&self, worker: &PodWorker, ctx: &mut Ctx<'_, Timer>) {
        if worker.deleting() && !worker.is_static {
            self.after(ctx, RECLAIM_TIME, Wake::Reclaim(worker.uid.clone()));
        }
    }

    /// Deletes a pod that is stopped.
    pub(super) fn reclaim(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        let stopped = matches!(worker.stage, Stage::Terminated | Stage::Rejected);
        if !stopped || !worker.deleting() || worker.gone {
            return;
        }
        if ctx.api.is_serving() {
            return self.delete_now(&worker.key, &worker.uid, ctx);
        }
        self.after(ctx, UNREACHABLE_RETRY, Wake::Reclaim(worker.uid.clone()));
    }
}
